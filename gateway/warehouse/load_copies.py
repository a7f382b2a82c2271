"""Copies of events that clients send again: left out of a batch before it is intended, so that each is one fact.

May not: change the warehouse or the journal; forget a row without counting it.

A copy is a row whose site, event and event_id a row before it has: in the batch, or in `gateway.events`. What was left
out becomes tallies of the same batch (`duplicate`), so that events read = facts + tallies holds in the warehouse; the
client was told of a fact, and there is one.

Why when loading and not when collecting: replicas share nothing but the warehouse, an id would have to be remembered
before its fact is durable or be missed after a kill, and a retry may reach another worker while the first one commits.
Why before the intent: the recipe of `load.py` counts rows, and goes on as if the copies had never come. Killed, the
batch is taken back whole and looked through again; what is looked for are rows that are there, not ids that once were.
No second table to fill, expire or erase: who is erased is forgotten here too.
Why the event's own time bounds the search: a retry keeps id and time (`intake/moments.py`), so that a copy is found
however late it comes, while only minutes of the table are read.
Measured (loadtests/loader_rate.py, 2 shared cores, 1.2 million rows in the span, 1 % copies): 0.85 of a bare INSERT's
rate, 1.47 without the search; 2 µs more of the loader's CPU a row, 5 of the warehouse's; an id held in the span costs
20 ns per batch.

Approximate:
    1. An event without a time of its client's gets that of each receipt: its copies are found for _AROUND_S.
    2. The same where consent changed in between and the time became coarser; then a copy may be a second fact.
    3. Two loaders that load two copies in the same fraction of a second, before either can be seen: two facts. On a
       cluster, as long as one replica is behind the other.
    4. An id that a client gives to two events of one name costs the second one, where it comes near the first.
    5. An id that is no UUID is hashed with the durable key: over a change of that key its copies are not recognised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

import orjson

from gateway.journal import segment
from gateway.journal.group import tally_rows
from gateway.journal.segment import Section
from gateway.warehouse.load_batch import Batch
from gateway.warehouse.load_statements import Span
from gateway.words import Refusal, Tally

#: (site, event, event_id)
Identity = tuple[str, str, str]

#: Asks which rows with one of the ids are there, event_time within one of the spans.
LookUp = Callable[[Iterable[bytes], Iterable[Span]], set[Identity]]

#: What an event's time may differ by between two of its copies.
_AROUND_S = 600

#: How minimise ends a row, by places counted from the end of its line; a section that has others is parsed.
#: `..."event_time":"2026-11-28T20:41:05.123Z","received_at":"2026-11-28T20:41:05.123Z","event_id":"<32>"}`
_ID, _BEFORE_ID = slice(-35, -3), slice(-49, -35)
_POINT = slice(
    -54, -53
)  # "." in a time that is told to the millisecond; others have four characters less, both of them
_MINUTE, _BEFORE_MINUTE = slice(-114, -98), slice(-128, -114)
_MINUTE_COARSE, _BEFORE_MINUTE_COARSE = slice(-106, -90), slice(-120, -106)
_TAIL_BYTES = 128
_NO_ID = b""


def leave_out(batch: Batch, look_up: LookUp, now: float) -> int:
    """Takes the copies out of the batch and adds their tallies. Returns how many there were."""
    events = [section for section in batch.sections if section.stream == segment.EVENTS]
    ids, minutes = read_places(events)
    distinct, spans = set(ids), _spans(minutes)
    seen = look_up(distinct - {_NO_ID}, spans) if spans and any(distinct) else set()
    doubtful = {event_id.encode() for _, _, event_id in seen}
    if len(distinct) < len(ids):
        doubtful.update(event_id for event_id, times in Counter(ids).items() if times > 1 and event_id)
    if not doubtful:
        return 0
    tallies: list[Tally] = []
    kept, rest = {}, iter(ids)
    for section in events:
        of_section = list(islice(rest, section.rows))
        if not doubtful.isdisjoint(of_section):
            firsts = [line for line, event_id in zip(_lines(section), of_section, strict=True)
                      if event_id not in doubtful or _is_first(_read(line), seen, tallies)]  # fmt: skip
            kept[id(section)] = segment.section_of(segment.EVENTS, firsts)
    _replace(batch, kept, tally_rows(tallies, now))
    return len(tallies)


def read_places(sections: Sequence[Section]) -> tuple[list[bytes], set[bytes]]:
    """The id of each row, b'' for none, and the minutes that they happened in, as far as these can be read."""
    tails = _tails(sections)
    ids = [tail[_ID] for tail in tails]
    if {tail[_BEFORE_ID] for tail in tails} == {b'","event_id":"'} and _are_hex(ids):
        fine = [tail for tail in tails if tail[_POINT] == b"."]
        coarse = [tail for tail in tails if tail[_POINT] != b"."] if len(fine) < len(tails) else []
        befores = {tail[_BEFORE_MINUTE] for tail in fine} | {tail[_BEFORE_MINUTE_COARSE] for tail in coarse}
        if befores == {b'"event_time":"'}:
            return ids, {tail[_MINUTE] for tail in fine} | {tail[_MINUTE_COARSE] for tail in coarse}
    read = [_read(line) for section in sections for line in _lines(section)]
    return [_id_of(row) for row in read], {str(row.get("event_time", ""))[:16].encode() for row in read}


def _tails(sections: Iterable[Section]) -> list[bytes]:
    tails: list[bytes] = []
    for section in sections:
        payload, end = bytes(section.payload), 0
        while end := payload.find(b"\n", end) + 1:
            tails.append(payload[end - _TAIL_BYTES : end])
    return tails


def _lines(section: Section) -> list[bytes]:
    return bytes(section.payload)[:-1].split(b"\n")


def _are_hex(ids: list[bytes]) -> bool:
    """Whether they are digits throughout, asked of all at once; their lengths are known."""
    return not b"".join(ids).translate(None, b"0123456789abcdef")


def _read(line: bytes) -> dict[str, object]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return row if isinstance(row, dict) else {}


def _id_of(row: dict[str, object]) -> bytes:
    written = str(row.get("event_id", "")).replace("-", "").lower().encode()
    return written if len(written) == 32 and _are_hex([written]) else _NO_ID


def _is_first(row: dict[str, object], seen: set[Identity], tallies: list[Tally]) -> bool:
    identity = str(row.get("site", "")), str(row.get("event", "")), _id_of(row).decode()
    if identity not in seen:
        seen.add(identity)
        return True
    tallies.append(Tally(identity[0], str(row.get("adapter", "")), Refusal.DUPLICATE))
    return False


def _replace(batch: Batch, kept: Mapping[int, Section], tallied: list[bytes]) -> None:
    sections = [kept.get(id(section), section) for section in batch.sections]
    if tallied:
        sections.append(segment.section_of(segment.TALLIES, tallied))
    batch.sections = [section for section in sections if section.rows]
    rows: Counter[str] = Counter()
    for section in batch.sections:
        rows[section.stream] += section.rows
    batch.rows = dict(rows)


def _spans(minutes: Iterable[bytes]) -> list[Span]:
    """Where copies of events of those minutes lie: around them and, made coarser, at the beginning of the hour."""
    found: list[Span] = []
    for first, end in sorted(_near(minutes)):
        if found and first <= found[-1].end:
            found[-1] = Span(found[-1].first, max(end, found[-1].end))
        else:
            found.append(Span(first, end))
    return found


def _near(minutes: Iterable[bytes]) -> Iterator[Span]:
    for minute in minutes:
        try:
            at = int(datetime.fromisoformat(minute.decode()).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
        yield Span(at - _AROUND_S, at + 60 + _AROUND_S)
        yield Span(at - at % 3600, at - at % 3600 + 1)
