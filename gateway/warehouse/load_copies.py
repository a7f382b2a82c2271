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
Measured (loadtests/loader_rate.py, 2 shared cores, 1.2 million rows in the span, 1 % copies): 0.6 to 0.95 of a bare
INSERT's rate, 1.0 without the search; 0.9 µs more of the loader's CPU a row, 4 of the warehouse's; an id held in the
span costs 20 ns per batch.

Approximate:
    1. An event without a time of its client's gets that of each receipt: its copies are found for _AROUND_S.
    2. The same where consent changed in between and the time became coarser; then a copy may be a second fact.
    3. Two loaders that load two copies in the same fraction of a second, before either can be seen: two facts. On a
       cluster, as long as one replica is behind the other.
    4. An id that a client gives to two events of one name costs the second one, where it comes near the first.
    5. An id that is no UUID is hashed with the durable key: over a change of that key its copies are not recognised.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from itertools import accumulate, compress, count, groupby
from operator import itemgetter

import orjson

from gateway.journal import segment
from gateway.journal.group import tally_rows
from gateway.journal.segment import Section
from gateway.warehouse.load_batch import Batch, blocks
from gateway.warehouse.load_statements import Span
from gateway.words import Refusal, Tally

#: (site, event, event_id)
Identity = tuple[str, str, str]

#: Asks which rows with one of the ids are there, event_time within one of the spans.
LookUp = Callable[[Iterable[bytes], Iterable[Span]], set[Identity]]

#: What an event's time may differ by between two of its copies.
_AROUND_S = 600

#: How minimise ends a row, by places in its last bytes; what ends otherwise is parsed, and its neighbours with it.
#: `"event_time":"2026-11-28T20:41:05.123Z","received_at":"2026-11-28T20:41:05.123Z","event_id":"<32>"}`
_TAIL_BYTES, _ID_AT = 128, 93
_TAIL, _ID = itemgetter(slice(-_TAIL_BYTES, None)), itemgetter(slice(_ID_AT, _ID_AT + 32))
_EVENT_ID, _EVENT_TIME = b'","event_id":"', b'"event_time":"'
_MINUTE, _MINUTE_COARSE = itemgetter(slice(0, 30)), itemgetter(slice(8, 38))  # coarse: both times without milliseconds
_LETTERS = [bytes((letter,)) for letter in _EVENT_ID]
_NO_ID = b""


def leave_out(batch: Batch, look_up: LookUp, now: float) -> int:
    """Takes the copies out of the batch and adds their tallies. Returns how many there were."""
    events = [section for section in batch.sections if section.stream == segment.EVENTS]
    ids, minutes = read_places(events)
    times, spans = Counter(ids), _spans(minutes)
    del times[_NO_ID]
    seen = look_up(times, spans) if times and spans else set()
    doubtful = {event_id.encode() for *_, event_id in seen}
    doubtful.update(event_id for event_id, often in times.items() if often > 1)
    if not doubtful:
        return 0
    tallies: list[Tally] = []
    kept = {}
    firsts = [0, *accumulate(section.rows for section in events)]
    rows = compress(count(), map(doubtful.__contains__, ids))
    for number, of_section in groupby(rows, lambda row: bisect_right(firsts, row) - 1):
        lines, first = list(BytesIO(events[number].payload)), firsts[number]
        copies = {row - first for row in of_section if not _is_first(ids[row], lines[row - first], seen, tallies)}
        if copies:
            rest = [line for row, line in enumerate(lines) if row not in copies]
            kept[id(events[number])] = Section(segment.EVENTS, len(rest), b"".join(rest))
    _replace(batch, kept, len(tallies), tally_rows(tallies, now))
    return len(tallies)


def read_places(sections: Sequence[Section]) -> tuple[list[bytes], set[bytes]]:
    """The id of each row, b'' for none, and the minutes that they happened in, as far as these can be read."""
    ids: list[bytes] = []
    minutes: set[bytes] = set()
    for payload in blocks(section.payload for section in sections):
        tails = list(map(_TAIL, BytesIO(payload)))
        of_block, its_minutes = list(map(_ID, tails)), _minutes(tails)
        if not its_minutes or not _are_ids(tails, of_block):
            rows = [_read(line) for line in BytesIO(payload)]
            of_block = [_id_of(row) for row in rows]
            its_minutes = {str(row.get("event_time", ""))[:16].encode() for row in rows}
        ids += of_block
        minutes |= its_minutes
    return ids, minutes


def _are_ids(tails: list[bytes], ids: list[bytes]) -> bool:
    """Whether they stand behind their key and are digits throughout; asked of all at once, column by column."""
    table, before = b"".join(tails), _ID_AT - len(_EVENT_ID)
    named = (table[before + n :: _TAIL_BYTES] == letter * len(ids) for n, letter in enumerate(_LETTERS))
    return len(table) == _TAIL_BYTES * len(ids) and all(named) and _are_hex(ids)


def _minutes(tails: list[bytes]) -> set[bytes]:
    """None where one of them stands elsewhere."""
    found = set(map(_MINUTE, tails))
    if not all(minute.startswith(_EVENT_TIME) for minute in found):
        found = {_MINUTE(tail) if tail.startswith(_EVENT_TIME) else _MINUTE_COARSE(tail) for tail in tails}
    minutes = {minute.removeprefix(_EVENT_TIME) for minute in found}
    return minutes if minutes.isdisjoint(found) else set()


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


def _is_first(event_id: bytes, line: bytes, seen: set[Identity], tallies: list[Tally]) -> bool:
    row = _read(line)
    identity = str(row.get("site", "")), str(row.get("event", "")), event_id.decode()
    if identity not in seen:
        seen.add(identity)
        return True
    tallies.append(Tally(identity[0], str(row.get("adapter", "")), Refusal.DUPLICATE))
    return False


def _replace(batch: Batch, kept: Mapping[int, Section], left_out: int, tallied: list[bytes]) -> None:
    sections = [kept.get(id(section), section) for section in batch.sections]
    if tallied:
        sections.append(segment.section_of(segment.TALLIES, tallied))
    batch.sections = [section for section in sections if section.rows]
    rows = Counter(batch.rows)
    rows[segment.EVENTS] -= left_out
    rows[segment.TALLIES] += len(tallied)
    batch.rows = dict(+rows)


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
