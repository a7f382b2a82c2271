"""The walk of one recorded hit in sentences: adapter, signals, decision, contract, what was stripped, outcome.

May not: be on the hot path, or write a value of the hit that its fact does not hold; what was stripped is told by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import orjson

from consent.decide import Case
from consent.explain import explain
from consent.signals import read_signals
from consent.words import Signal
from gateway.intake.adapters import claim
from gateway.intake.hit import Event, Hit
from gateway.intake.pipeline import Pipeline, Walk, last_step
from gateway.intake.place import candidates
from gateway.words import Fact, Refusal

#: Fields of an event that say what they are called, and the columns that keep something of them.
_KEPT_AS: dict[str, tuple[str, ...]] = {
    "client_id": ("visitor",),
    "session_id": ("session",),
    "user_id": ("account",),
    "page_url": ("page_host", "page_path"),
    "referrer": ("referrer_host",),
    "language": ("language",),
    "page_title": (),
    "screen": (),
    "email": (),
}


def explain_hit(pipeline: Pipeline, hit: Hit, source: str = "") -> Iterator[str]:
    """Lines for a person. The hit is walked as any other, but nothing is stored."""
    adapter = claim(hit.method, hit.path, hit.body, pipeline.sites.protocol(source))
    if adapter is None:
        yield f"No protocol is spoken at {hit.method} on this path: refused as {Refusal.UNKNOWN_PATH}, answered 404."
        return
    reading = adapter.read(hit)
    yield f"Adapter: {adapter.name} read {len(reading.events)} events and refused {len(reading.refusals)}."
    yield from (f"  refused before any decision: {refusal}" for refusal in reading.refusals)
    site = pipeline.sites.find(reading.key, source)
    if site is None:
        yield f"Site: none has the write key that it names: refused as {Refusal.UNKNOWN_KEY}."
        return
    yield f"Site: {site.name}, policy {site.policy.name} {site.policy.version} ({site.policy.hash})."
    if not site.admits(hit.header(b"origin")):
        yield f"Origin: not listed by the site: refused as {Refusal.ORIGIN_NOT_LISTED}."
        return
    walk = pipeline.start(hit, adapter, reading, site)
    for number, event in enumerate(reading.events, 1):
        yield ""
        yield f"Event {number}: {event.name}"
        yield from (f"  {line}" for line in _explain_event(walk, event))


def _explain_event(walk: Walk, event: Event) -> Iterator[str]:
    end = last_step(walk, event)
    signals = read_signals(walk.site.policy.statements + walk.statements)
    yield f"Signals: {'; '.join(map(_told, signals)) or 'none'}."
    places = candidates(walk.trace.country, walk.site.markets)
    yield "Decision:"
    case = Case(signals, walk.site.policy, places, walk.trace.received_at)
    yield from (f"  {sentence}" for sentence in explain(case).sentences())
    if end is Refusal.CONTRACT_BROKEN:
        yield "Outcome: refused, contract_broken. In the quarantine, until its contract is mended or 30 days are over:"
        yield from _lines(orjson.loads(walk.broken[-1]))
    elif isinstance(end, Refusal):
        yield f"Outcome: refused, {end}. Nothing of it is stored but this count."
    else:
        yield from _explain_fact(event, end)


def _lines(row: dict[str, object]) -> list[str]:
    return orjson.dumps(row, option=orjson.OPT_INDENT_2).decode().splitlines()


def _explain_fact(event: Event, fact: Fact) -> Iterator[str]:
    row = orjson.loads(fact)
    yield f"Contract: {row.get('contract', 'none')}, {row['verdict']}."
    yield f"Stripped: {', '.join(_stripped(event, row))}."
    yield "Outcome: a fact."
    yield from _lines(row)


def _stripped(event: Event, row: dict[str, object]) -> Iterator[str]:
    """Names of what the event had and the fact has not, in whole or in part."""
    yield from ("address", "user agent as sent")
    for field in fields(event):
        kept = _KEPT_AS.get(field.name)
        if kept is None or not getattr(event, field.name):
            continue
        if not any(column in row for column in kept):
            yield field.name
        elif field.name in ("client_id", "session_id", "user_id"):
            yield f"{field.name} (pseudonymised)"
        elif field.name == "page_url":
            yield "query and fragment of page_url"
    properties = row.get("properties", {})
    listed = {*row, *(properties if isinstance(properties, dict) else {})}
    yield from (f"property {name}" for name in sorted(event.properties) if name not in listed)


def _told(signal: Signal) -> str:
    says = "yes" if signal.says else "no"
    return f"{signal.language} says {says} to {signal.flag}" + ("" if signal.explicit else " (by default)")
