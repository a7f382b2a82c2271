"""`gateway policy`: the tools of privacy and legal. They read files and show what `consent` says of them.

May not: decide, or hold a rule of law; touch the warehouse, but for counts of decisions (`policy_past.py`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from consent.compiled import Policy
from consent.documents import notice as notice_of
from consent.documents import ropa as ropa_of
from consent.examples import failures
from consent.explain import explain as explain_case
from consent.iab.shown import read_any, remarks_on
from consent.prose import ENGLISH, notice_markdown, ropa_markdown
from consent.tools.coverage import coverage
from consent.tools.diff import differences
from consent.tools.findings import Weight, findings
from consent.tools.mutants import mutants, untested
from consent.tools.simulate import read_past
from consent.tools.simulate import simulate as simulate_past
from consent.words import Unreadable
from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.commands.policy_past import read_counts
from gateway.commands.policy_texts import check_active, clauses_of, compiled_policy, load, read_words
from gateway.commands.sql import target_of
from gateway.policy_questions import Question, case_of, shown

_F = TypeVar("_F", bound=Callable[..., Any])

file_argument = click.argument("file", required=False)
json_option = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


def finds_policy(command: _F) -> _F:
    """FILE, or the policy of the one site in --config. Why --data too: every command of `gateway` takes both."""
    return file_argument(config_option(data_option(command)))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def policy() -> None:
    """Tools of privacy and legal: check, test, explain, compare and document a consent policy.

    FILE is a policy, `starter:NAME` one of those that come with the gateway (strictest, europe, world), and may be left
    out where --config names a gateway.yml with one policy.

    \b
    Example:
      gateway policy check policy.yml && gateway policy test policy.yml
    """


@policy.command()
@finds_policy
def check(file: str | None, config: Path | None, data: Path) -> None:
    """Read a policy as strictly as the gateway does, and say in plain words what is doubtful. Exit code 1: refused.

    \b
    Example:
      gateway policy check policy.yml
    """
    loaded = load(file, config)
    at = time.time()
    check_active(loaded, at)
    found = findings(loaded, at)
    for finding in found:
        click.echo(f"{loaded.clauses.file}:{finding.line}: {finding.weight.value}: {finding.sentence}")
    warnings = sum(finding.weight is Weight.WARNING for finding in found)
    passed = f"{len(loaded.clauses.examples)} examples pass, {warnings} warnings"
    click.echo(f"{loaded.clauses.file}: {loaded.name} {loaded.version} ({loaded.hash}) is sound: {passed}")


@policy.command()
@finds_policy
@click.option("--strict", is_flag=True, help="Exit with 1 also where a clause is tested by no example.")
@click.option("--quiet", is_flag=True, help="Without the coverage table.")
def test(file: str | None, config: Path | None, data: Path, strict: bool, quiet: bool) -> None:
    """Run a policy's examples, show what they cover, and name every clause that no example would notice.

    \b
    Example:
      gateway policy test policy.yml --strict
    """
    compiled = compiled_policy(file, config)
    failed = _run_examples(compiled)
    if failed:
        raise SystemExit(1)
    if not quiet:
        _show_coverage(compiled)
    missed = untested(compiled)
    for mutant in missed:
        click.echo(f"{compiled.clauses.file}:{mutant.line}: nobody tests this: {mutant.change}")
    changes = sum(1 for _ in mutants(compiled.clauses))
    click.echo(f"mutation check: {changes} single changes, {len(missed)} that no example notices")
    raise SystemExit(1 if strict and missed else 0)


@policy.command()
@finds_policy
@click.option("--place", "places", multiple=True, help="ISO 3166 code; several are candidates, none is unknown.")
@click.option("--signal", "signals", multiple=True, metavar="CARRIER=TEXT", help="As a hit carries it: gcd=13r3r3r2r5.")
@click.option("--given", help='As in an example of a policy: "{place: DE, gateway_sdk: {analytics: yes}}".')
@click.option("--age", type=int, help="Age in years, where it is known.")
@click.option("--at", help="When, in ISO 8601; now, if not said.")
@json_option
def explain(file: str | None, config: Path | None, data: Path, form: str, **hit: Any) -> None:
    """Tell what the policy makes of one hit, sentence by sentence, with the line of each clause.

    \b
    Examples:
      gateway policy explain policy.yml --place DE --signal gcd=13r3p3r3r5 --signal sec-gpc=1
      gateway policy explain policy.yml --given "{place: US-CA, gpc: true}"
    """
    loaded = load(file, config)
    try:
        explanation = explain_case(case_of(loaded, Question(**hit)))
    except ValueError as error:
        fail(str(error))
    if form == "text":
        click.echo("\n".join(explanation.sentences()))
    else:
        click.echo(json.dumps(shown(explanation), indent=2))


@policy.command()
@click.argument("old")
@click.argument("new")
@click.option("--allow-widening", is_flag=True, help="Exit with 0 though it widens; two people should agree.")
@json_option
@config_option
@data_option
def diff(old: str, new: str, allow_widening: bool, form: str, config: Path | None, data: Path) -> None:
    """Say in words how policy NEW differs from OLD. Exit code 1: it widens what may be done.

    \b
    Example:
      gateway policy diff approved.yml draft.yml
    """
    was, now = clauses_of(old), clauses_of(new)
    changes = differences(was, now)
    if form == "json":
        click.echo(json.dumps([change._asdict() for change in changes], indent=2))
    else:
        click.echo(f"from {was.head.name} {was.head.version} to {now.head.name} {now.head.version}:")
        for change in changes:
            click.echo(f"{'WIDENS  ' if change.widens else '        '}line {change.line}: {change.sentence}")
        click.echo("" if changes else "        nothing differs", nl=not changes)
    raise SystemExit(1 if any(change.widens for change in changes) and not allow_widening else 0)


@policy.command()
@click.argument("draft")
@click.argument("counts", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--site", default="", help="Only the decisions of that site; all, if not said.")
@click.option("--days", default=30, show_default=True, help="How many days of the past.")
@json_option
@config_option
@data_option
@setting_option("warehouse")
def simulate(
    draft: str, counts: Iterable[str] | None, form: str, config: Path | None, data: Path, **asked: Any
) -> None:
    """Replay counts of past decisions under a DRAFT: which events would be allowed more, which less.

    The past is what the warehouse has counted (gateway.decisions; the embedded one also while `serve` runs), or COUNTS,
    a file of JSON lines, "-" for stdin: {"place": "DE", "said": "gateway_sdk analytics yes 0; gpc gpc no",
    "purposes": ["operations"], "n": 1200}. Places that were candidates together are joined by "+"; what was said is
    language, flag, yes or no, and how many months ago the choice was made.

    \b
    Examples:
      gateway policy simulate draft.yml --days 7
      gateway policy simulate draft.yml counts.jsonl
    """
    loaded, at = load(draft, None), time.time()
    lines = counts or read_counts(target_of(config, asked["warehouse"]), data, asked["site"], asked["days"])
    try:
        outcomes = simulate_past(loaded, read_past(lines, at), at)
    except ValueError as error:
        fail(f"{getattr(counts, 'name', 'gateway.decisions')}: {error}")
    if form == "json":
        click.echo(json.dumps([outcome._asdict() for outcome in outcomes], indent=2))
        return
    _table(
        ("place", "purpose", "before", "draft", "gained", "lost"), [[str(value) for value in row] for row in outcomes]
    )


def documents(command: _F) -> _F:
    """The options that both documents share."""
    for option in (
        click.option("--controller", default="", help="Name and contact of the controller."),
        click.option(
            "--words", "table", type=click.Path(path_type=Path), help="Another language: a table, see `words`."
        ),
        click.option("--write", type=click.Path(path_type=Path, file_okay=False), help="Folder for both forms."),
        click.option(
            "--format", "form", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True
        ),
    ):
        command = option(command)
    return finds_policy(command)


@policy.command()
@documents
def ropa(file: str | None, config: Path | None, data: Path, **options: Any) -> None:
    """Write the record of processing activities (GDPR Art. 30) that the policy stands for.

    \b
    Example:
      gateway policy ropa policy.yml --controller "Shop GmbH, dpo@example.org" --write documents/
    """
    _document(load(file, config), "ropa", **options)


@policy.command()
@documents
def notice(file: str | None, config: Path | None, data: Path, **options: Any) -> None:
    """Write the notice to visitors (GDPR Art. 13): per purpose the basis, data, recipients and retention.

    \b
    Example:
      gateway policy notice policy.yml --words deutsch.yml > datenschutz.md
    """
    _document(load(file, config), "notice", **options)


@policy.command()
def words() -> None:
    """Print the words of documents as a YAML table, to be translated and given back with --words.

    \b
    Example:
      gateway policy words > deutsch.yml
    """
    for key, text in ENGLISH.items():
        click.echo(f"{key}: {json.dumps(text, ensure_ascii=False)}")


@policy.command()
@click.option("--lines", is_flag=True, help="Answer every line, empty ones too.")
@click.option("--remarks", is_flag=True, help="Say also why a readable string is not a valid yes.")
def decode(lines: bool, remarks: bool) -> None:
    """Read consent strings (TCF, GPP, US Privacy) on stdin, one a line, and write one JSON object a line.

    \b
    Example:
      pbpaste | gateway policy decode --lines
    """
    for line in sys.stdin.buffer:
        raw = line.rstrip(b"\r\n")
        if raw or lines:
            click.echo(json.dumps(_decoded(raw, remarks), ensure_ascii=False))


def _decoded(raw: bytes, remarks: bool) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
        kind, decoded = read_any(text)
    except UnicodeDecodeError:
        return {"error": "is not UTF-8 text"}
    except Unreadable as error:
        return {"error": str(error)}
    told = {"remarks": remarks_on(text)} if remarks else {}
    return {"kind": kind, "decoded": decoded, **told}


def _run_examples(compiled: Policy) -> int:
    """How many fail; each failure is told with its line."""
    failed = 0
    for number, example in enumerate(compiled.clauses.examples, 1):
        sentence = next(failures(example, compiled), None)
        failed += sentence is not None
        if sentence:
            click.echo(f"{compiled.clauses.file}:{example.line}: example {number} fails: {sentence}", err=True)
    click.echo(f"examples: {len(compiled.clauses.examples) - failed} of {len(compiled.clauses.examples)} pass")
    return failed


def _show_coverage(compiled: Policy) -> None:
    """Region, purpose, rule, and how many visits of examples said what; 0 is a cell where nobody looked."""
    cells: dict[tuple[str, str, str], list[str]] = {}
    for cell in coverage(compiled):
        cells.setdefault((cell.region, cell.purpose, cell.rule), []).append(f"{cell.said} {cell.visits}")
    rows = [[*key, ", ".join(told)] for key, told in cells.items()]
    _table(("region", "purpose", "rule", "visits of examples"), rows)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (names, *rows)) for column in range(len(names))]
    for row in (names, *rows):
        click.echo("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip())


_DOCUMENTS = {"ropa": (ropa_of, ropa_markdown), "notice": (notice_of, notice_markdown)}


def _document(loaded: Policy, name: str, controller: str, table: Path | None, write: Path | None, form: str) -> None:
    make, render = _DOCUMENTS[name]
    spoken = read_words(table) if table else ENGLISH
    record = make(loaded, spoken, controller)
    told = {"markdown": render(record, spoken), "json": json.dumps(record, indent=2, ensure_ascii=False) + "\n"}
    if write is None:
        click.echo(told[form], nl=False)
        return
    write.mkdir(parents=True, exist_ok=True)
    for suffix, text in (("md", told["markdown"]), ("json", told["json"])):
        (write / f"{name}.{suffix}").write_text(text, encoding="utf-8")
        click.echo(str(write / f"{name}.{suffix}"))
