"""The commands: one table, name -> module, loaded when asked for. Why: `gateway sql` must not pay for uvicorn.

Exit codes: 0 fine, 1 the checked thing failed, 2 wrong use.
"""

from __future__ import annotations

from importlib import import_module

import click

from gateway.dumps import forbid_dumps

#: Command -> module that holds it under the same name, and the line that `gateway --help` shows.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("gateway.commands.init", "Write a commented starter: gateway.yml, policy.yml, contracts/"),
    "serve": ("gateway.commands.serve", "Run everything on one machine"),
    "collect": ("gateway.commands.collect", "Run only the public port"),
    "load": ("gateway.commands.load", "Run only the loader: journal to warehouse"),
    "forward": ("gateway.commands.forward", "Run only the forwarder: consented facts to destinations"),
    "admin": ("gateway.commands.admin", "Run only the private port: health, metrics, pages"),
    "engine": ("gateway.commands.engine", "Run only the embedded warehouse"),
    "demo": ("gateway.commands.demo", "Send the traffic of an invented marketplace"),
    "sql": ("gateway.commands.sql", "Ask the warehouse"),
    "report": ("gateway.commands.report", "Answer a question of analysts: overview, funnel, attribution, consent …"),
    "explain": ("gateway.commands.explain", "Show the whole walk of a recorded hit"),
    "policy": ("gateway.commands.policy", "Tools of privacy and legal"),
    "contracts": ("gateway.commands.contracts", "Tools of event owners"),
    "privacy": ("gateway.commands.privacy", "Requests of data subjects, receipts, proof of retention"),
    "keys": ("gateway.commands.keys", "Show the keys of pseudonyms, make and destroy what is due"),
    "mail": ("gateway.commands.mail", "Sign opens and links of mails"),
    "warehouse": ("gateway.commands.warehouse", "Migrate the warehouse, show its state"),
    "doctor": ("gateway.commands.doctor", "Check this gateway and say what to mend"),
}

#: Commands that other commands start.
HIDDEN = frozenset({"engine"})


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if name not in HIDDEN]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="edge-tracking-gateway", prog_name="gateway")
def main() -> None:
    """A privacy-first edge tracking gateway.

    \b
    Try it:
      gateway serve            everything on one machine, no configuration needed
      gateway demo             traffic of an invented marketplace
      gateway sql "SELECT event, count() FROM events GROUP BY event ORDER BY 2 DESC"
    """
    forbid_dumps()
