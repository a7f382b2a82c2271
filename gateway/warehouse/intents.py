"""What the loader is about to do, written down before it does it: the one fact that a killed loader leaves behind.

May not: touch the warehouse. Of the disk it uses the verbs of `gateway.journal.disk`.

Rules:
    1. At most one intent. It is synced before the first INSERT, and removed after the last segment of it is.
    2. While there is one, nothing else is loaded: the next loader first finds out what became of it.
    3. An intent that cannot be read stops the loader. Why: without it nobody knows whether its segments are loaded, and
       guessing loses rows or doubles them. It is written by rename, so that only a broken disk can do that.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import orjson

from gateway.journal.disk import Disk, write_whole

#: Names of files that are not yet what they shall be.
PART = ".part"
HALF_MADE = (PART, ".new")

_INTENT, _LOCK = "load.intent", "loader.lock"
_IDENTITY = re.compile(rb"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class LoadIntent:
    """These segments are going into the warehouse as this batch. `rows` are per stream."""

    batch: int
    epoch: int
    segments: tuple[str, ...]
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReplaceIntent:
    """This segment gives way to others, which lie ready. `parts` are (name now, name then), relative to the folder."""

    segment: str
    parts: tuple[tuple[str, str], ...]


class IntentUnreadable(Exception):
    """The intent on disk is damaged; `str()` says what a person has to do."""

    def __init__(self) -> None:
        super().__init__(
            f"the journal's {_INTENT} is damaged, so it is not known whether the last batch was loaded: "
            "compare gateway.load_batches with the oldest segments, remove those that are loaded, then the file"
        )


class LoaderHeld(Exception):
    """Another loader works on this journal folder."""

    def __init__(self) -> None:
        super().__init__("another loader holds this journal: one folder has one loader; stop the other one")


class Intents:
    """The loader's own files in a journal folder: lock, identity, intent. Methods raise OSError."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._held: int | None = None

    def hold(self) -> str:
        """Takes the folder for this process, and tells the loader's identity, which stays the same for ever.

        Raises LoaderHeld.
        """
        self._disk.make_folder(self._folder)
        path = self._folder / _LOCK
        self._held = self._disk.hold(path) if self._held is None else self._held
        if self._held is None:
            raise LoaderHeld
        if not _IDENTITY.fullmatch(self._disk.read(path)):
            self._disk.truncate(self._held, 0)
            self._disk.write(self._held, secrets.token_hex(8).encode())
            self._disk.sync(self._held)
            self._disk.sync_folder(self._folder)
        return self._disk.read(path).decode()

    def release(self) -> None:
        """Lets go of the folder."""
        if self._held is not None:
            self._disk.close(self._held)
            self._held = None

    def read(self) -> LoadIntent | ReplaceIntent | None:
        """What was begun and not ended. Raises IntentUnreadable."""
        try:
            raw = self._disk.read(self._folder / _INTENT)
        except FileNotFoundError:
            return None
        return _read(raw)

    def write(self, intent: LoadIntent | ReplaceIntent) -> None:
        """From now on, until `end_*`, this is what has to be ended. Replaces the intent before it."""
        write_whole(self._disk, self._folder / _INTENT, _written(intent))

    def end_load(self, intent: LoadIntent) -> None:
        """The batch is in the warehouse: its segments go, then the intent."""
        for name in intent.segments:
            self._remove(name)
        self._disk.sync_folder(self._folder)
        self.forget()

    def end_replace(self, intent: ReplaceIntent) -> None:
        """The parts take their names, then the segment goes, then the intent. Doing so twice equals once."""
        for now, then in intent.parts:
            self._disk.make_folder((self._folder / then).parent)
            with suppress(FileNotFoundError):
                self._disk.rename(self._folder / now, self._folder / then)
            self._disk.sync_folder((self._folder / then).parent)
        self._remove(intent.segment)
        self._disk.sync_folder(self._folder)
        self.forget()

    def forget(self) -> None:
        """Nothing is begun any more."""
        self._remove(_INTENT)
        self._disk.sync_folder(self._folder)

    def sweep(self) -> None:
        """Removes what a kill left half made. Only while nothing is intended: then no part is anybody's any more."""
        for entry in self._disk.entries(self._folder):
            if entry.name.endswith(HALF_MADE):
                self._remove(entry.name)

    def _remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._disk.remove(self._folder / name)


def _written(intent: LoadIntent | ReplaceIntent) -> bytes:
    if isinstance(intent, LoadIntent):
        text = orjson.dumps(["load", intent.batch, intent.epoch, intent.segments, intent.rows])
    else:
        text = orjson.dumps(["replace", intent.segment, intent.parts])
    return b"%08x %s\n" % (crc32(text), text)


def _read(raw: bytes) -> LoadIntent | ReplaceIntent:
    crc, _, text = raw.rstrip(b"\n").partition(b" ")
    if crc != b"%08x" % crc32(text):
        raise IntentUnreadable
    match orjson.loads(text):
        case ["load", int(batch), int(epoch), list(segments), dict(rows)]:
            return LoadIntent(batch, epoch, tuple(segments), rows)
        case ["replace", str(segment), list(parts)]:
            return ReplaceIntent(segment, tuple((now, then) for now, then in parts))
    raise IntentUnreadable
