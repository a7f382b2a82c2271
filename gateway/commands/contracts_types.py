"""`gateway contracts types`: contracts for those who write pages and tests, as TypeScript or JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import orjson

from gateway.commands.contracts_texts import folder_of, load, texts_of
from gateway.commands.options import config_option, data_option, fail
from gateway.intake.contracts import Contracts
from gateway.intake.contracts.tools.schema import json_schema
from gateway.intake.contracts.tools.typescript import typescript


def _schema(contracts: Contracts) -> str:
    return orjson.dumps(json_schema(contracts), option=orjson.OPT_INDENT_2).decode() + "\n"


_FORMS: dict[str, Callable[[Contracts], str]] = {"typescript": typescript, "schema": _schema}


@click.command()
@click.argument("folder", required=False)
@click.option("--format", "form", type=click.Choice([*_FORMS]), default="typescript", show_default=True)
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="A file, instead of the screen.")
@config_option
@data_option
def types(folder: str | None, form: str, write: Path | None, config: Path | None, data: Path) -> None:
    """Write TypeScript definitions with a typed `track`, or a JSON Schema of events for QA.

    \b
    Examples:
      gateway contracts types contracts/ --write src/events.ts
      gateway contracts types starter --format schema > events.schema.json
    """
    text = _FORMS[form](load(texts_of(folder_of(folder, config))))
    if write is None:
        click.echo(text, nl=False)
        return
    try:
        write.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{write} cannot be written ({error.strerror}).")
