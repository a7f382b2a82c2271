"""Forgetting: with everything left on disk and every known input, nobody finds who a day's visitor was.

The attacker knows the visitor's network and browser, the site, the code and the day, and has the whole folder. Before
the salt's destruction that is enough; afterwards it is not, and neither is what stands in the process's own memory
that Python can reach. What is left: HKDF and OpenSSL make copies of their own for a moment; none was found in a dump
(test_keyring_dump). Swap is the operating system's.
"""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent.policy import read_policy
from consent.starters import starter
from consent.words import Decision
from gateway.intake.contracts import read_contracts, starter_contracts
from gateway.intake.hit import Event
from gateway.intake.minimise import Minimiser, Trace
from gateway.intake.urls import UrlRules
from gateway.intake.visitors import Pseudonym
from gateway.journal.keyring import DAY_S, Keyring

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
AGENT, ADDRESS = "Mozilla/5.0 (X11; Linux x86_64)", "203.0.113.9"
POLICY = read_policy(starter("strictest"))
COUNTING = Decision(POLICY.mask(["operations", "counting"]), ("operations", "counting"), "anywhere", POLICY.hash)


def minimiser(site: str = "demo") -> Minimiser:
    return Minimiser(site, POLICY, read_contracts(starter_contracts()), UrlRules())


def visitor(by: Minimiser, keyring: Keyring, at: float, site: str = "demo") -> str:
    made = by.minimise(Event("page_view", at), Trace("collect", at, ADDRESS, AGENT), COUNTING, keyring.keys(site, at))
    assert isinstance(made, bytes)
    return str(orjson.loads(made)["visitor"])


def brute_force(folder: Path, day: str) -> set[str]:
    """Every pseudonym of that person that the bytes on disk lead to, as salt or key of any name, raw or derived."""
    materials = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    names = {file.name for file in folder.rglob("*")} | {f"demo.day.{day}.salt", f"demo.durable.{day}.key"}
    found = set()
    for material in materials:
        derived = [_derive(material, name) for name in names]
        for key in (material, *derived):
            for kind in ("day", "visitor"):
                made = Pseudonym(key, "demo", kind)
                networks = (f"203.0.{third}" for third in range(256))
                found |= {made.of(f"{network}\0{AGENT}") for network in networks}
    return found


def _derive(material: bytes, name: str) -> bytes:
    info = f"edge-tracking-gateway/1 pseudonyms {name}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(material)


def test_a_day_can_be_recomputed_before_its_salt_is_destroyed_and_by_nobody_afterwards(tmp_path: Path) -> None:
    keyring, by = Keyring(tmp_path, ["demo"]), minimiser()
    keyring.refresh(NOON)
    known = visitor(by, keyring, NOON)
    assert known in brute_force(tmp_path, "2026-11-22")
    keyring.refresh(NOON + DAY_S)
    assert known in brute_force(tmp_path, "2026-11-22")
    keyring.refresh(NOON + 2 * DAY_S)
    assert len(brute_force(tmp_path, "2026-11-22")) > 1000
    assert known not in brute_force(tmp_path, "2026-11-22")


def test_the_process_itself_lets_go_of_the_days_key(tmp_path: Path) -> None:
    keyring, by = Keyring(tmp_path, ["demo"]), minimiser()
    keyring.refresh(NOON)
    key = bytes(bytearray(keyring.keys("demo", NOON).day or b""))
    visitor(by, keyring, NOON)
    assert reachable(key, keyring, by)
    keyring.refresh(NOON + 2 * DAY_S)
    visitor(by, keyring, NOON + 2 * DAY_S)
    assert not reachable(key, keyring, by)


def test_a_minimiser_forgets_when_told_without_waiting_for_the_next_hit(tmp_path: Path) -> None:
    keyring, by = Keyring(tmp_path, ["demo"]), minimiser()
    keyring.refresh(NOON)
    key = keyring.keys("demo", NOON).day
    assert key is not None
    before = visitor(by, keyring, NOON)
    by.forget()
    assert not reachable(key, by)
    assert visitor(by, keyring, NOON) == before


def reachable(key: bytes, *roots: object) -> bool:
    """Whether the bytes stand in anything that these objects hold, at any depth, modules and classes left out."""
    seen: set[int] = set()
    waiting: list[object] = list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, (type, type(gc))) or callable(thing):
            continue
        seen.add(id(thing))
        if isinstance(thing, bytes) and thing == key:
            return True
        waiting.extend(gc.get_referents(thing))
    return False


def test_one_person_on_two_sites_two_days_and_of_two_kinds_is_four_strangers_and_a_restart_changes_nothing(
    tmp_path: Path,
) -> None:
    keyring = Keyring(tmp_path, ["demo", "shop"])
    keyring.refresh(NOON)
    ids = {visitor(minimiser(site), keyring, at, site) for site in ("demo", "shop") for at in (NOON, NOON + DAY_S)}
    assert len(ids) == 4
    restarted = Keyring(tmp_path, ["demo", "shop"])
    restarted.refresh(NOON)
    assert {visitor(minimiser(site), restarted, NOON, site) for site in ("demo", "shop")} < ids
