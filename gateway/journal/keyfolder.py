"""The files that keys are made of: named by site, kind and day; created once, read, destroyed.

May not: derive a key, keep one in memory, or read a clock; the time is passed in.

Folder: flat, so that a Kubernetes Secret mounted as files is one; 32 random bytes per file, mode 0600:
    <site>.day.<YYYY-MM-DD>.salt      the salt of that UTC day
    <site>.durable.<YYYY-MM-DD>.key   the durable key whose life begins on that UTC day; its epoch is that day's number
    <site>.link.<YYYY-MM-DD>.key      the key that links in mails are signed with from that UTC day on
    receipts.ed25519                  what receipts are signed with (`gateway.journal.signing`); not ours to destroy
Why: the name carries the day, so processes agree by `link(2)`, which fails where the name exists; no lock is needed.
Not: trusting overwriting alone; on copy-on-write file systems and flash only encryption at rest makes it certain.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

KEY_BYTES = 32

#: Days that a salt lies on disk, counted from the day it serves: its own day and the next.
SALT_LIFE_DAYS = 2

#: Days that a durable key serves. Source: CNIL deliberation 2020-091, 13 months without renewal; 390 days stay below.
DURABLE_LIFE_DAYS = 390

#: Days that links in mails are signed with a key, and that they lead somewhere. Why: people open last year's mails.
LINK_SIGNS_DAYS = 390
LINK_LIFE_DAYS = 2 * LINK_SIGNS_DAYS

#: A draft older than this was left by a process that died between writing and linking.
_STALE_AFTER_S = 3600

#: What a site may be called, so that its name is a file name everywhere and a key of a Kubernetes Secret.
SITE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")

_FILE_NAME = re.compile(r"([a-z0-9][a-z0-9_-]{0,62})\.(day|durable|link)\.(\d{4}-\d\d-\d\d)\.(salt|key)\Z")
_SUFFIX = {"day": "salt", "durable": "key", "link": "key"}
_LIFE_DAYS = {"day": SALT_LIFE_DAYS, "durable": DURABLE_LIFE_DAYS, "link": LINK_LIFE_DAYS}
_EPOCH = date(1970, 1, 1)


class Named(Protocol):
    """Whatever has its place in the folder."""

    @property
    def name(self) -> str: ...


class KeyFile(NamedTuple):
    """What a file of the folder is for. `day` is the number of UTC days since 1970-01-01."""

    site: str
    kind: str
    day: int

    @property
    def name(self) -> str:
        """The file's name in the folder."""
        return f"{self.site}.{self.kind}.{_EPOCH + timedelta(self.day)}.{_SUFFIX[self.kind]}"

    @property
    def last_day(self) -> int:
        """The last day that it may lie on disk."""
        return self.day + _LIFE_DAYS[self.kind] - 1


def read_name(name: str) -> KeyFile | None:
    """A file name as a KeyFile, None if it is none of ours."""
    match = _FILE_NAME.match(name)
    if match is None or _SUFFIX[match[2]] != match[4]:
        return None
    try:
        day = (date.fromisoformat(match[3]) - _EPOCH).days
    except ValueError:
        return None
    return KeyFile(match[1], match[2], day)


class KeyFolder:
    """One look at the folder. What goes wrong becomes a sentence in `troubles`, and that key stays absent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.troubles: list[str] = []
        self._attempt(f"{path.name}/ cannot be created", lambda: path.mkdir(mode=0o700, parents=True, exist_ok=True))

    def files(self) -> list[KeyFile]:
        """All key files of the folder, the oldest first."""
        names: list[str] = []
        self._attempt(f"{self.path.name}/ cannot be read", lambda: names.extend(os.listdir(self.path)))
        return sorted(filter(None, map(read_name, names)), key=lambda file: file.day)

    def read(self, file: Named) -> bytes | None:
        """The 32 bytes; None, with a trouble, where there are not exactly so many or nothing but zeros."""
        try:
            material = (self.path / file.name).read_bytes()
        except OSError as error:
            self.troubles.append(f"{file.name} cannot be read: {error.strerror}")
            return None
        if len(material) != KEY_BYTES or not any(material):
            self.troubles.append(f"{file.name} is not a key of {KEY_BYTES} random bytes; remove it to have one made")
            return None
        return material

    def make(self, file: Named) -> None:
        """Create the file with fresh random bytes; where another process was first, its bytes stay."""
        if not (self.path / file.name).exists():
            self._attempt(f"{file.name} cannot be created", lambda: self._create(self.path / file.name))

    def destroy(self, file: KeyFile) -> None:
        """Overwrite, sync, unlink, sync the folder."""
        self._attempt(f"{file.name} cannot be destroyed", lambda: self._overwrite(self.path / file.name))

    def sweep(self, at: float) -> None:
        """Remove the drafts of processes that died while they made a key."""
        for draft in self.path.glob(".*.new"):
            self._attempt("a stale draft cannot be removed", partial(self._sweep, draft, at))

    def _sweep(self, draft: Path, at: float) -> None:
        status = draft.stat()
        if at - status.st_mtime < _STALE_AFTER_S:
            return
        if status.st_nlink == 1:
            self._overwrite(draft)
        else:  # it is the key itself under its first name: the bytes are in use
            draft.unlink()

    def _create(self, target: Path) -> None:
        draft = self.path / f".{os.getpid()}-{os.urandom(8).hex()}.new"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(os.urandom(KEY_BYTES))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(draft, target)
        except FileExistsError:
            self._overwrite(draft)
        else:
            draft.unlink()
            self._sync_folder()

    def _overwrite(self, target: Path) -> None:
        with open(target, "r+b") as out:
            out.write(os.urandom(KEY_BYTES))
            out.flush()
            os.fsync(out.fileno())
        target.unlink()
        self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _attempt(self, sentence: str, act: Callable[[], None]) -> None:
        try:
            act()
        except FileNotFoundError:
            pass  # another process was faster, and the next look tells
        except OSError as error:
            self.troubles.append(f"{sentence}: {error.strerror}")
