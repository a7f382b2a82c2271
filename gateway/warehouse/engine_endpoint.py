"""Where the running engine is: its tokens, its lock, and the file that tells clients of this data folder its address.

May touch these three files, and nothing else. All are mode 0600: whoever reads them may read the warehouse.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from pathlib import Path
from typing import NamedTuple

ENDPOINT, TOKENS, LOCK = "run/warehouse.json", "warehouse.tokens", "run/warehouse.lock"
DATABASE = "gateway"
WRITER, READER = "gateway", "analyst"


class Endpoint(NamedTuple):
    """A running engine: the URL of the writer and the URL of the read-only user. Both hold a token; never log them."""

    url: str
    reader: str


class FolderHeld(Exception):
    """Another engine holds this data folder."""


def hold(data: Path, wait_s: float) -> int:
    """Locks the data folder for this process, waiting for one that is just leaving. Returns the open lock."""
    path = data / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(lock)
                raise FolderHeld(str(data)) from None
            time.sleep(0.05)


def is_held(data: Path) -> bool:
    """Whether an engine lives on this folder. A file left behind by a killed one says nothing."""
    try:
        lock = os.open(data / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def tokens(data: Path) -> dict[str, str]:
    """user -> token, made once and kept, so that an analyst's tool need not be set up again after a restart."""
    path = data / TOKENS
    if not path.exists():
        _write(path, json.dumps({user: secrets.token_urlsafe(24) for user in (WRITER, READER)}))
    return dict(json.loads(path.read_bytes()))


def announce(data: Path, port: int) -> Endpoint:
    """Writes the endpoint file, whole or not at all."""
    keys = tokens(data)
    urls = {user: f"clickhouse://{user}:{keys[user]}@127.0.0.1:{port}/{DATABASE}" for user in (WRITER, READER)}
    endpoint = Endpoint(urls[WRITER], urls[READER])
    _write(data / ENDPOINT, json.dumps(endpoint._asdict()))
    return endpoint


def withdraw(data: Path) -> None:
    """Takes the endpoint file away; fine if it is gone."""
    (data / ENDPOINT).unlink(missing_ok=True)


def read_endpoint(data: Path) -> Endpoint | None:
    """The running engine of this folder, or None."""
    if not is_held(data):
        return None
    try:
        found = json.loads((data / ENDPOINT).read_bytes())
    except FileNotFoundError:
        return None
    return Endpoint(found["url"], found["reader"])


def _write(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
