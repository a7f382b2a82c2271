"""TLS in process: a certificate and its key as an `ssl.SSLContext`, read again when their files are renewed.

May not: show a key or its path's content; ask for a passphrase, which nobody is there to type.
Why 1.2 at least: RFC 8996 forbids what came before; nothing else is chosen here, Python's defaults are kept up.
"""

from __future__ import annotations

import logging
import ssl
from pathlib import Path
from typing import NamedTuple

from gateway.settings import Settings

_log = logging.getLogger("gateway.tls")


class TlsError(Exception):
    """The certificate cannot be used; `str()` is one sentence that names the setting and what to do."""


class Files(NamedTuple):
    """The two files, and the setting that names the first."""

    chain: Path
    key: Path
    setting: str


class Certificate:
    """A certificate in force. Raises TlsError where there is none to begin with."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._stamp = _stamp(files)
        self.context = _context(files)

    def look(self) -> None:
        """Takes renewed files for new connections; those that cannot be used leave the last good ones in force."""
        if (stamp := _stamp(self._files)) == self._stamp:
            return
        self._stamp = stamp
        try:
            _context(self._files)  # Why twice: a context that fails half-way would be left with a foreign key
            self.context.load_cert_chain(self._files.chain, self._files.key, password=str)
        except (TlsError, OSError) as error:
            _log.error("the last good certificate stays in force: %s", error)
            return
        _log.info("%s was renewed", self._files.setting)


def read_certificate(settings: Settings, setting: str) -> Certificate | None:
    """Of `certificate` or `admin_certificate`; None where neither it nor its key is set. Raises TlsError."""
    chain, key = getattr(settings, setting), getattr(settings, f"{setting}_key")
    if not chain and not key:
        return None
    if not chain or not key:
        said, missing = (setting, f"{setting}_key") if chain else (f"{setting}_key", setting)
        raise TlsError(f"{said} is set without {missing}: set both, or neither.")
    return Certificate(Files(Path(chain), Path(key), setting))


def _context(files: Files) -> ssl.SSLContext:
    for file in (files.chain, files.key):
        try:
            file.read_bytes()
        except OSError as error:
            raise TlsError(
                f"{files.setting}: {file} cannot be read ({error.strerror}): correct the path or its permissions."
            ) from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.chain, files.key, password=str)
    except ssl.SSLError as error:
        raise TlsError(f"{files.setting}: {_why(error, files)}") from None
    return context


def _why(error: ssl.SSLError, files: Files) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{files.key} is not the key of the certificate in {files.chain}: name the two that belong together."
    why = error.reason or "unreadable"
    return f"{files.chain} and {files.key} are not a PEM certificate and its unencrypted key ({why})."


def _stamp(files: Files) -> tuple[tuple[int, int], ...]:
    """Why `stat` of what a link leads to: Kubernetes renews a Secret by turning a link."""
    stamps = []
    for file in files[:2]:
        try:
            status = file.stat()
        except OSError:
            stamps.append((0, 0))
        else:
            stamps.append((status.st_mtime_ns, status.st_ino))
    return tuple(stamps)
