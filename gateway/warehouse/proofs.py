"""Proofs of choice as they lie in the warehouse and on the way to it: chains in order, and one entry by itself.

May talk to the warehouse and read the journal's folder. Changes nothing; judges nothing (`gateway.proof` does).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from gateway.journal import segment
from gateway.journal.segment_files import OPEN, SEALED
from gateway.proof import COLUMNS, Entry, digest_of, read_row
from gateway.warehouse.connect import translated
from gateway.warehouse.engine_statements import quote

_HEX = "replaceAll(toString({}), '-', '')"
_STAMP = "concat(replaceOne(toString({}), ' ', 'T'), 'Z')"

#: Columns that the warehouse shows in another form than the proof has.
_FORMS = {
    **dict.fromkeys(("entry_id", "subject"), _HEX),
    **dict.fromkeys(("decided_at", "received_at", "expires_at"), _STAMP),
    "chain": "toString({})",
}
_NAMES = (*COLUMNS, *Entry._fields[1:])
#: The forms have names of their own, so that ORDER BY and WHERE mean the columns.
_SELECT = ", ".join(f"{_FORMS.get(name, '{}').format('l.' + name)} AS shown_{name}" for name in _NAMES)
_FROM = f"SELECT {_SELECT} FROM gateway.consent_ledger AS l"
_RECEIPTS_SHOWN = 1000


class Receipt(NamedTuple):
    """One entry, and what leads from it to the next signature: the digests of the proofs between, and that entry."""

    entry: Entry
    digests: tuple[str, ...]
    signed: Entry


def read_chains(client: Client, waiting: Iterable[Entry]) -> Iterator[tuple[str, Iterator[Entry]]]:
    """Every chain by name, its entries in order: those of the warehouse, and those that wait to be loaded.

    An entry that is in both places counts once; two that differ are both told.
    """
    where = str(getattr(client, "url", ""))
    with translated(where), client.query_rows_stream(f"{_FROM} ORDER BY l.chain, l.seq") as rows:
        stored = (_entry(row) for row in rows)
        together = merge(stored, sorted(waiting, key=_place), key=_place)
        for chain, entries in groupby(together, key=lambda entry: entry.chain):
            yield chain, _once(entries)


def read_waiting(folder: Path) -> list[Entry]:
    """The entries of segments that are not loaded yet, damaged parts left out. Raises OSError."""
    found: list[Entry] = []
    for file in sorted(folder.iterdir()):
        if file.suffix not in (OPEN, SEALED):
            continue
        with suppress(FileNotFoundError, segment.NotASegment, segment.NewerSegment):
            for section in segment.read_segment(file.read_bytes()).sections:
                if section.stream == segment.LEDGER:
                    found += [read_row(line) for line in bytes(section.payload).splitlines()]
    return found


def find_receipt(client: Client, entry_id: str) -> Receipt | None:
    """The receipt with that identity, in either form of a UUID; None if there is none."""
    bare = entry_id.replace("-", "").lower()
    found = _read(client, f"l.entry_id = toUUIDOrZero({quote(_dashed(bare))})") if len(bare) == 32 else []
    if not found:
        return None
    entry, rest = found[0], []
    if not entry.signature:
        after = f"l.chain = {quote(entry.chain)} AND l.seq > {entry.seq}"
        for follower in _read(client, f"{after} ORDER BY l.seq LIMIT 10000"):
            rest.append(follower)
            if follower.signature:
                break
    return Receipt(entry, tuple(digest_of(each.proof) for each in rest), rest[-1] if rest else entry)


def of_subjects(client: Client, site: str, subjects: Iterable[str]) -> list[Entry]:
    """All entries of a person, the newest last."""
    listed = ", ".join(f"toUUID({quote(_dashed(subject))})" for subject in sorted(subjects))
    if not listed:
        return []
    where = f"l.site = {quote(site)} AND l.subject IN ({listed})"
    return _read(client, f"{where} ORDER BY l.received_at, l.chain, l.seq LIMIT {_RECEIPTS_SHOWN}")


def _read(client: Client, where: str) -> list[Entry]:
    with translated(str(getattr(client, "url", ""))):
        return [_entry(row) for row in client.query(f"{_FROM} WHERE {where}").result_rows]


def _entry(row: Iterable[object]) -> Entry:
    return read_row(dict(zip(_NAMES, row, strict=True)))


def _place(entry: Entry) -> tuple[str, int]:
    return entry.chain, entry.seq


def _once(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Equal neighbours are one entry, seen in two places."""
    before = None
    for entry in entries:
        if entry != before:
            yield entry
        before = entry


def _dashed(bare: str) -> str:
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"
