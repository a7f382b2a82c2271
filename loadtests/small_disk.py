"""A small disk of its own for the journal: a tmpfs, filled to the last byte on demand. Needs root."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

_SIZE_MB = 96
_BLOCK = bytes(64 * 1024)

#: No reserve: the disk itself has to say that it is full.
_SETTINGS = "settings: {disk_reserve_bytes: 0}\n"


class SmallDisk:
    """Mounted at the journal's folder until it is let go. Raises PermissionError without root."""

    def __init__(self, data: Path) -> None:
        self._journal, self.config = data / "journal", data.parent / "gateway.yml"
        self._journal.mkdir(parents=True, mode=0o700)
        self.config.write_text(_SETTINGS, encoding="utf-8")
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_MB}m,mode=0700", "tmpfs", str(self._journal)]
        if subprocess.run(mount, check=False).returncode:
            raise PermissionError("a small disk can be mounted by root only")

    def fill(self, seconds: float) -> None:
        """Leaves no byte free for so long; what the loader frees meanwhile is taken too."""
        ballast, end = self._journal / "ballast", time.monotonic() + seconds
        ballast.mkdir()
        with (ballast / "file").open("ab", buffering=0) as file:
            while time.monotonic() < end:
                with contextlib.suppress(OSError):
                    file.write(_BLOCK[: max(4096, _free(self._journal))])
                    continue
                time.sleep(0.01)
        shutil.rmtree(ballast)

    def let_go(self) -> None:
        """Unmounts."""
        subprocess.run(["umount", str(self._journal)], check=False)


def _free(folder: Path) -> int:
    seen = os.statvfs(folder)
    return seen.f_bavail * seen.f_frsize
