"""`gateway explain`: a recorded HTTP request on standard input or in a file, and its whole walk in sentences."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson

from gateway.commands.options import config_option, fail
from gateway.configuration import ConfigurationError, read_configuration
from gateway.intake.explaining import explain_hit
from gateway.intake.headers import Headers, joined
from gateway.intake.hit import Hit
from gateway.intake.inflate import inflate
from gateway.intake.pipeline import Pipeline
from gateway.words import Refusal, SiteKeys

#: Keys for pseudonyms that nobody can compare with stored ones: this command writes nothing and has no keyring.
_NO_ONES = SiteKeys(b"\0" * 32, b"\0" * 32, 0)

_INFLATED_LIMIT_BYTES = 2 * 1024 * 1024


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@config_option
@click.option("--country", default="", help="ISO code of the place to assume, such as DE or US-CA.")
def explain(file: BinaryIO, config: Path | None, country: str) -> None:
    """Show the whole walk of a recorded request: adapter, signals, decision, contract, what was stripped, outcome.

    FILE (or standard input) is a raw HTTP/1.1 request, or lines of recorded hits (JSON, as in tests/hits).

    \b
    Examples:
      head -1 tests/hits/ga4-gtag.jsonl | gateway explain --country DE
      printf 'POST /collect HTTP/1.1\\n\\n{"site":"demo","events":[{"event":"share"}]}' | gateway explain
    """
    try:
        configuration = read_configuration(config)
    except ConfigurationError as error:
        fail(str(error))
    pipeline = Pipeline(configuration.sites, lambda _site, _at: _NO_ONES, lambda _address: country)
    for number, hit in enumerate(_read_hits(file.read())):
        if number:
            click.echo("\n" + "-" * 80 + "\n")
        for line in explain_hit(pipeline, hit):
            click.echo(line)


def _read_hits(text: bytes) -> list[Hit]:
    if not text.strip():
        fail("there is nothing to explain: pass a recorded request, see --help.")
    try:
        if text.lstrip().startswith(b"{"):
            return [_from_recording(orjson.loads(line)) for line in text.splitlines() if line.strip()]
        return [_from_http(text)]
    except (ValueError, KeyError, IndexError):
        fail("that is neither a raw HTTP/1.1 request nor a line of recorded hits; see --help.")


def _from_recording(row: dict[str, Any]) -> Hit:
    headers = joined((name.lower().encode(), text.encode()) for name, text in row["headers"])
    return _hit(row["method"], row["path"], row["query"].encode(), headers, base64.b64decode(row["body_b64"] or ""))


def _from_http(text: bytes) -> Hit:
    head, _, body = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    line, *rest = head.split(b"\n")
    method, target = line.split(b" ")[:2]
    path, _, query = target.partition(b"?")
    pairs = [header.partition(b":") for header in rest]
    headers = joined((name.strip().lower(), value.strip()) for name, _, value in pairs)
    return _hit(method.decode(), path.decode(), query, headers, body)


def _hit(method: str, path: str, query: bytes, headers: Headers, body: bytes) -> Hit:
    encoding = headers.get(b"content-encoding", b"").lower()
    inflated = inflate(body, encoding, _INFLATED_LIMIT_BYTES)
    if isinstance(inflated, Refusal):
        fail(f"its body cannot be inflated: {inflated}.", code=1)
    return Hit(method, path, query, headers, inflated, "192.0.2.1", time.time())
