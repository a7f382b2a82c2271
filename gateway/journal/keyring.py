"""The keys that make pseudonyms: one salt per site and UTC day, one durable key per site and 13 months.

May not: use a key that is not derived from a file of the folder, show a key, or read a clock; the time is passed in.

Rules
    1. A salt is made a day before its day, so that every process switches to it at the same midnight.
    2. A salt is destroyed at 00:00 UTC two days after its day began: nobody can recompute that day's visitors any more.
    3. A durable key serves 390 days at most; its successor is made a day ahead, and destroys it by taking over.
    4. Keys are derived by HKDF from a file's bytes, by kind, site and day, and are held in memory only.
    5. A key of links signs for 390 days and is believed for 780; it makes no pseudonym. Only sites with mail have one.
    6. A key that is let go of is overwritten in memory at the refresh after, when no hit is under way with it.
       A key that is derived again is the same object, so that no copies of it lie about.
    7. What is missing or unreadable is None, loudly: its visitors are of kind `none`. There is no default key.
Not: HKDF from one master secret; who keeps the master can derive a day that was destroyed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.journal.keyfolder import KEY_BYTES, LINK_SIGNS_DAYS, SITE_NAME, KeyFile, KeyFolder
from gateway.journal.wipe import wipe
from gateway.words import SiteKeys

DAY_S = 86_400

_NO_KEYS = SiteKeys(None, None, 0)

log = logging.getLogger(__name__)


class Keyring:
    """The keys of all sites. `keys` reads memory only; `refresh` does the disk's work and may run in a thread.

    `sites` are those that keys are made for. A site that `keys` is asked for first gets its own at the next refresh.
    `mailing` are those that sign links in mails.
    """

    def __init__(self, folder: Path, sites: Iterable[str] = (), mailing: Iterable[str] = ()) -> None:
        self._folder = folder
        self._sites = set(sites)
        self.mailing = frozenset(mailing)
        self._links: dict[str, dict[int, bytes]] = {}
        self._ready: dict[tuple[str, int], SiteKeys] = {}
        self._spent: list[bytes] = []
        self._troubles: tuple[str, ...] = ()

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong with the keys, a sentence each, for readyz and doctor. Empty is well."""
        return self._troubles

    def keys(self, site: str, at: float) -> SiteKeys:
        """The keys for hits of `site` received at `at` (Unix seconds). From memory; None is a kind without a key."""
        ready = self._ready.get((site, int(at // DAY_S)))
        if ready is None:
            self._sites.add(site)
            return _NO_KEYS
        return ready

    def links(self, site: str) -> Mapping[int, bytes]:
        """The keys of links of a site by the day that they begin, from memory; the youngest is last, and signs."""
        return self._links.get(site, {})

    def refresh(self, at: float) -> tuple[str, ...]:
        """Destroy, make and read what `at` asks for; returns the troubles. At start, then every few minutes."""
        today = int(at // DAY_S)
        folder = KeyFolder(self._folder)
        folder.sweep(at)
        sites = [site for site in sorted(self._sites) if _is_nameable(site, folder)]
        for site in sites:
            _make_ahead(folder, site, today)
            if site in self.mailing:
                _make_link_key(folder, site, today)
        _destroy_spent(folder, today)
        self._replace(_derive_all(folder, sites, today), today)
        self._links = {site: _derive_links(folder, site, today) for site in sites if site in self.mailing}
        self._report(tuple(folder.troubles))
        return self._troubles

    def _replace(self, made: dict[tuple[str, int], SiteKeys], today: int) -> None:
        """Takes over the keys. What was let go of the last time is wiped, what is let go of now the next time, or now
        if its last hit was a day ago."""
        known = {key: key for keys in self._ready.values() for key in _secrets(keys)}
        before, self._ready = self._ready, {place: _same(keys, known) for place, keys in made.items()}
        now = {key for keys in self._ready.values() for key in _secrets(keys)}
        gone = [(day, key) for (_, day), keys in before.items() for key in _secrets(keys) if key not in now]
        recent = {key for day, key in gone if day >= today - 1}
        spent, self._spent = self._spent, list(recent)
        for key in (*spent, *(key for _, key in gone if key not in recent)):
            wipe(key)

    def rotate(self, site: str, at: float) -> int:
        """Make a durable key that takes over at the next UTC midnight, and destroys the present one. Its epoch."""
        successor = KeyFile(site, "durable", int(at // DAY_S) + 1)
        folder = KeyFolder(self._folder)
        folder.make(successor)
        if folder.read(successor) is None:
            raise OSError(folder.troubles[0])
        self.refresh(at)
        return successor.day

    def existing(self, site: str) -> tuple[SiteKeys, ...]:
        """Every key of the site that still exists, one kind each, from disk: what a person's rows can be found by.

        `epoch` is the day that the key begins, for salts too. Changes nothing on disk.
        """
        folder = KeyFolder(self._folder)
        files = [file for file in folder.files() if file.site == site and file.kind != "link"]
        found = [(file, _derive(folder, file)) for file in files]
        return tuple(
            SiteKeys(key, None, file.day) if file.kind == "day" else SiteKeys(None, key, file.day)
            for file, key in found
            if key is not None
        )

    def _report(self, troubles: tuple[str, ...]) -> None:
        for sentence in troubles:
            if sentence not in self._troubles:
                log.error("keys: %s", sentence)
        self._troubles = troubles


def _secrets(keys: SiteKeys) -> list[bytes]:
    return [key for key in (keys.day, keys.durable) if key is not None]


def _same(keys: SiteKeys, known: dict[bytes, bytes]) -> SiteKeys:
    """The keys by the objects that are known already; their copies, which nobody holds, are wiped."""
    return SiteKeys(_known(keys.day, known), _known(keys.durable, known), keys.epoch)


def _known(key: bytes | None, known: dict[bytes, bytes]) -> bytes | None:
    if key is None:
        return None
    one = known.setdefault(key, key)
    if one is not key:
        wipe(key)
    return one


def _is_nameable(site: str, folder: KeyFolder) -> bool:
    """Whether the site's name can name files; told without the name, which might be anything."""
    if SITE_NAME.match(site):
        return True
    folder.troubles.append("a site has no keys, because its name is not made of a-z, 0-9, '-' and '_' (63 at most)")
    return False


def _make_ahead(folder: KeyFolder, site: str, today: int) -> None:
    for day in (today, today + 1):
        folder.make(KeyFile(site, "day", day))
        if _durable(folder.files(), site, day) is None:
            folder.make(KeyFile(site, "durable", day))


def _make_link_key(folder: KeyFolder, site: str, today: int) -> None:
    """A key of today, once the youngest has signed its days; its name is the agreement between processes."""
    begun = [f.day for f in folder.files() if f.site == site and f.kind == "link"]
    if max(begun, default=0) + LINK_SIGNS_DAYS <= today:
        folder.make(KeyFile(site, "link", today))


def _derive_links(folder: KeyFolder, site: str, today: int) -> dict[int, bytes]:
    files = [f for f in folder.files() if f.site == site and f.kind == "link" and f.day <= today <= f.last_day]
    return {file.day: key for file in files if (key := _derive(folder, file)) is not None}


def _destroy_spent(folder: KeyFolder, today: int) -> None:
    """Salts and durable keys past their last day, and durable keys that a younger one has taken over from."""
    files = folder.files()
    for file in files:
        is_replaced = file.kind == "durable" and file.day <= today and file != _durable(files, file.site, today)
        if is_replaced or today > file.last_day:
            folder.destroy(file)


def _durable(files: list[KeyFile], site: str, day: int) -> KeyFile | None:
    """The durable key that serves the site on that day: the youngest whose life has begun and not ended."""
    begun = [f for f in files if f.site == site and f.kind == "durable" and f.day <= day <= f.last_day]
    return begun[-1] if begun else None


def _derive_all(folder: KeyFolder, sites: list[str], today: int) -> dict[tuple[str, int], SiteKeys]:
    """The keys of today and tomorrow."""
    files = folder.files()
    days = (today, today + 1)
    return {(site, day): _derive_site(folder, files, site, day) for site in sites for day in days}


def _derive_site(folder: KeyFolder, files: list[KeyFile], site: str, day: int) -> SiteKeys:
    salt = _derive(folder, KeyFile(site, "day", day))
    durable = _durable(files, site, day)
    if durable is None:
        folder.troubles.append(f"{site} has no durable key for {KeyFile(site, 'durable', day).name}")
        return SiteKeys(salt, None, 0)
    return SiteKeys(salt, _derive(folder, durable), durable.day)


def _derive(folder: KeyFolder, file: KeyFile) -> bytes | None:
    """HKDF-SHA-256 of the file's bytes, bound to kind, site and day: a file copied to another name is another key."""
    material = folder.read(file)
    if material is None:
        return None
    info = f"edge-tracking-gateway/1 pseudonyms {file.name}".encode()
    key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(material)
    wipe(material)
    return key
