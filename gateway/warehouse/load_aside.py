"""Segments that give way: a half of one, what is left of a damaged one, a row that the warehouse would not take.

May not: talk to the warehouse. It changes the journal's folder only by a ReplaceIntent, so that a kill at any moment
leaves either the old segment or all that takes its place.

In the quarantine lie `*.sealed` (rows that no table took; move one back into the folder to load it again) and
`*.damaged` (bytes that are no whole frame, or a whole file that is no segment). Nobody deletes them but a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from gateway.journal import segment
from gateway.journal.disk import Disk, write_file
from gateway.journal.group import tally_rows
from gateway.journal.reader import DAMAGED, QUARANTINE
from gateway.journal.segment import Damage, Section
from gateway.journal.segment_files import SEALED
from gateway.warehouse.intents import PART, Intents, ReplaceIntent
from gateway.words import Refusal, Tally


@dataclass(frozen=True, slots=True)
class Odd:
    """A segment that cannot be loaded as it is. `raw` is None where the whole file has to go."""

    name: str
    raw: bytes | None
    usual: tuple[Section, ...] = ()
    strange: tuple[Section, ...] = ()  #: of streams that have no table here
    damages: tuple[Damage, ...] = ()
    erased: int = 0  #: rows left out, of persons who asked to be forgotten


class Aside:
    """Methods raise OSError; nothing has changed then, or the intent that is left behind ends it later."""

    def __init__(self, disk: Disk, folder: Path, intents: Intents, now: Callable[[], float]) -> None:
        self._disk, self._folder, self._intents, self._now = disk, folder, intents, now

    def sift(self, odd: Odd) -> None:
        """Leaves what can be loaded; puts damaged bytes and streams without a table into the quarantine."""
        stem = odd.name.removesuffix(SEALED)
        if odd.raw is None:
            self._end(ReplaceIntent(odd.name, ((odd.name, f"{QUARANTINE}/{stem}{DAMAGED}"),)))
            return
        parts = {f"{QUARANTINE}/{stem}-{d.start}{DAMAGED}": odd.raw[d.start : d.end] for d in odd.damages if not d.torn}
        if odd.strange:
            parts[f"{QUARANTINE}/{odd.name}"] = _segment(odd.strange)
        if odd.usual:
            parts[f"{stem}-s{SEALED}"] = _segment(odd.usual)
        self._replace(odd.name, parts)

    def split(self, name: str, sections: Iterable[Section]) -> tuple[str, str]:
        """Two segments with half of the rows each instead of one; returns their names. Needs two rows or more."""
        stem = name.removesuffix(SEALED)
        names = f"{stem}-a{SEALED}", f"{stem}-b{SEALED}"
        rows = [(stream, line) for stream, _, payload in sections for line in _lines(payload)]
        middle = len(rows) // 2
        self._replace(name, {names[0]: _of_rows(rows[:middle]), names[1]: _of_rows(rows[middle:])})
        return names

    def refuse(self, name: str, section: Section) -> None:
        """A segment of one row that the warehouse will not take: into the quarantine, and counted as refused."""
        parts = {f"{QUARANTINE}/{name}": segment.whole([section])}
        if section.stream == segment.EVENTS:
            tallied = tally_rows([_tally_of(bytes(section.payload))], self._now())
            stem = name.removesuffix(SEALED)
            parts[f"{stem}-t{SEALED}"] = segment.whole([segment.section_of(segment.TALLIES, tallied)])
        self._replace(name, parts)

    def _replace(self, name: str, parts: dict[str, bytes]) -> None:
        steps = []
        for then, raw in parts.items():
            now = Path(then).name + PART
            write_file(self._disk, self._folder / now, raw)
            steps.append((now, then))
        self._disk.sync_folder(self._folder)
        self._end(ReplaceIntent(name, tuple(steps)))

    def _end(self, intent: ReplaceIntent) -> None:
        self._intents.write(intent)
        self._intents.end_replace(intent)


def _segment(sections: Sequence[Section]) -> bytes:
    return segment.header() + b"".join(segment.frame([section]) for section in sections)


def _of_rows(rows: Iterable[tuple[str, bytes]]) -> bytes:
    lines: dict[str, list[bytes]] = {}
    for stream, line in rows:
        lines.setdefault(stream, []).append(line)
    return _segment([segment.section_of(stream, found) for stream, found in lines.items()])


def _lines(payload: bytes | memoryview) -> list[bytes]:
    return bytes(payload).removesuffix(b"\n").split(b"\n")


def _tally_of(row: bytes) -> Tally:
    """Site and adapter of a row, as far as it can be read at all."""
    try:
        found = orjson.loads(row)
    except orjson.JSONDecodeError:
        found = None
    named = found if isinstance(found, dict) else {}
    return Tally(_text(named.get("site")), _text(named.get("adapter")), Refusal.QUARANTINED)


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""
