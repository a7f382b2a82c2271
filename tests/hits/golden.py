"""Recorded hits and what adapters read out of them: `<client>.jsonl` and `<client>.golden.jsonl`, one request a line.

May not: be run by a test in its writing form. After a change, write with

    python -m tests.hits.golden [client …]

and read every line of the difference against the protocol before committing it: a golden is a claim about the truth,
not a print-out. All people, e-mails and ids in the hits are invented.

Shape of a line: seq, step, adapter (null: nobody claims it, such as a preflight), key, events (fields that are not
empty), refusals, statements (carrier, text), answer (status, content type, body). Long texts are shortened.
"""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.intake.adapters import claim
from gateway.intake.headers import joined
from gateway.intake.hit import Answer, Event, Hit

FOLDER = Path(__file__).parent
_SHOWN_CHARS = 160


def clients() -> list[str]:
    """Every client with recorded hits here."""
    return sorted(path.stem for path in FOLDER.glob("*.jsonl") if not path.stem.endswith(".golden"))


def requests(client: str) -> Iterator[dict[str, Any]]:
    """The recorded requests of a client, as `hits/README.md` describes them."""
    with (FOLDER / f"{client}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read_hit(request: dict[str, Any]) -> Hit:
    """A recorded request as the web layer would hand it in: inflated, header names in lower case."""
    body = base64.b64decode(request["body_b64"] or "")
    if body.startswith(b"\x1f\x8b"):
        body = gzip.decompress(body)
    return Hit(
        method=request["method"],
        path=request["path"],
        query=(request["query"] or "").encode("latin-1"),
        headers=joined(
            (name.lower().encode(), value.encode("latin-1", "replace")) for name, value in request["headers"]
        ),
        body=body,
        address="203.0.113.9",
        received_at=datetime.fromisoformat(request["received_at"]).timestamp(),
    )


def show(request: dict[str, Any]) -> dict[str, Any]:
    """One golden line: what the adapter of a request reads out of it."""
    hit = read_hit(request)
    adapter = claim(hit.method, hit.path, hit.body)
    line: dict[str, Any] = {"seq": request["seq"], "step": request["step"], "adapter": adapter and adapter.name}
    if adapter is None:
        return line
    reading = adapter.read(hit)
    return line | {
        "key": reading.key,
        "events": [_show_event(event, hit.received_at) for event in reading.events],
        "refusals": [refusal.value for refusal in reading.refusals],
        "statements": [list(statement) for statement in reading.statements],
        "answer": _show_answer(reading.answer),
    }


def _show_event(event: Event, received_at: float) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": event.name, "seconds_ago": round(received_at - event.at, 3)}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if field.name not in ("name", "at") and value not in ("", None, {}, [], 0):
            shown[field.name] = [list(said) for said in value] if field.name == "statements" else _shorten(value)
    for field_name in ("user_agent", "address"):
        if getattr(event, field_name) == "":
            shown[field_name] = ""
    return shown


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shorten(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_shorten(inner) for inner in value]
    if isinstance(value, str) and len(value) > _SHOWN_CHARS:
        return f"{value[:40]}… ({len(value)} characters)"
    return value


def _show_answer(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "type": answer.content_type.decode(),
        "body": _shorten(answer.body.decode("latin-1")),
    }


def golden(client: str) -> list[dict[str, Any]]:
    """The golden lines of a client as they are on disk."""
    text = (FOLDER / f"{client}.golden.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def write(client: str) -> None:
    """Writes a client's golden lines anew; the difference is for a person to read."""
    lines = [json.dumps(show(request), ensure_ascii=False) for request in requests(client)]
    (FOLDER / f"{client}.golden.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or clients():
        write(name)
