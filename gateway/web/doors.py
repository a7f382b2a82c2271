"""Paths of the public port that are no protocol's, and what answers them.

May not: know what is behind a door. A door that does not know a path answers None, and the protocols are asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.journal.keyring import Keyring
from gateway.journal.seen import Seen
from gateway.web.collect import DOOR_CHARS, Collect, Door
from gateway.web.hooks import PREFIX as HOOKS
from gateway.web.hooks import HookDoor
from gateway.web.links import LinkDoor
from gateway.web.scripts import Scripts


def doors(collect: Collect, keyring: Keyring, scripts: Scripts, run: Path) -> Mapping[str, Door]:
    """The table of one collect process. `run` is the folder of what processes share while they run."""
    hooks = HookDoor(collect, Seen(run / "hooks.seen"))
    links = LinkDoor(collect, keyring.links)
    return {
        HOOKS[:DOOR_CHARS]: hooks.answer,
        "/o/": links.open,
        "/l": links.link,
        "/l/": links.link,
        "/r/": links.redirect,
        "/gt": scripts.answer,
    }
