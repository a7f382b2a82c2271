"""Watches the files that a configuration was made of, and reads them again when one changes.

May not: swap anything in; whoever asks does that, between two hits. A configuration that cannot be used leaves the
last good one in force, and says so until it is mended.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gateway.configuration import Configuration, ConfigurationError

_Stamp = tuple[tuple[str, int, int], ...]


class Watch:
    """Looks at modification times and sizes. `read` reads the configuration anew and may raise ConfigurationError."""

    def __init__(self, configuration: Configuration, read: Callable[[], Configuration]) -> None:
        self._read = read
        self._files = configuration.files
        self._stamp = _stamp(self._files)
        self.trouble = ""

    def look(self) -> Configuration | None:
        """The new configuration if there is one that can be used; `trouble` says why a changed one cannot."""
        stamp = _stamp(self._files)
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            configuration = self._read()
        except ConfigurationError as error:
            self.trouble = f"the last good configuration stays in force: {error}"
            return None
        self.trouble = ""
        self._files = configuration.files
        self._stamp = _stamp(self._files)
        return configuration


def _stamp(files: tuple[Path, ...]) -> _Stamp:
    """Of each file, and of the folder that contracts are added to; a missing file has a stamp of its own."""
    stamps = []
    for path in sorted({*files, *(file.parent for file in files)}):
        try:
            status = path.stat()
        except OSError:
            stamps.append((str(path), -1, -1))
        else:
            stamps.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(stamps)
