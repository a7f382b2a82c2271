"""Where a gateway keeps what: the one table of its data folder.

May not: read or write a file of it, but for making the folders and holding the lock.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path


class FolderError(Exception):
    """The data folder cannot be used; `str()` is one sentence that says why and what to do."""


#: What has to be free at the start. Why: without it no key can be made, and half of a table is worse than none.
_ROOM_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Folders:
    """`journal`: segments not loaded yet; `keys`: salts and keys; `warehouse`: the embedded engine's own;
    `ledger`: how far each chain of proofs of choice went; `run`: endpoint, metrics and lock of the processes running
    now."""

    data: Path

    @property
    def journal(self) -> Path:
        return self.data / "journal"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def forward(self) -> Path:
        """One folder per site and destination: `<site>.<destination>`."""
        return self.data / "forward"

    def outboxes(self, site: str = "") -> list[Path]:
        """Those that there are, of one site or all, also of destinations that are configured no more."""
        found = sorted(path for path in self.forward.glob("*.*") if path.is_dir())
        return [path for path in found if not site or path.name.partition(".")[0] == site]

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse"

    @property
    def ledger(self) -> Path:
        return self.data / "ledger"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def metrics(self) -> Path:
        return self.run / "metrics"

    def make(self) -> None:
        """Makes what is missing, readable by its owner only. Raises FolderError."""
        try:
            for folder in (self.data, self.journal, self.keys, self.run, self.metrics):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _probe(self.run / f".probe.{os.getpid()}")
        except OSError as error:
            raise FolderError(
                f"The data folder {self.data} cannot be used ({error.strerror}): "
                "choose another with --data, or mend its permissions or its free space."
            ) from error

    def lock(self, part: str = "lock") -> int:
        """Takes the folder, or only its part `collect`, for this process and those it starts; the file descriptor holds
        it. Raises FolderError."""
        held = os.open(self.run / part, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(held)
            raise FolderError(
                f"Another gateway runs on the data folder {self.data}: stop it first, or choose another with --data."
            ) from error
        return held


def _probe(file: Path) -> None:
    """Whether something can be written; reserved, not filled, so that it costs nothing."""
    opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(opened, 0, _ROOM_BYTES)
    finally:
        os.close(opened)
        file.unlink()
