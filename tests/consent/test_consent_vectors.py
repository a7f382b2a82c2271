"""Our decoders against the official ones, against broken strings, truncations and random damage.

The whole proof (every truncation, 100,000 mutations): CONSENT_FUZZ=full pytest tests/consent/test_consent_vectors.py
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from consent.decide import decide
from consent.iab.shown import read_any
from consent.places import PLACE_HINTS
from consent.policy import read_policy
from consent.signals import forget, read_signals
from consent.starters import starter
from consent.words import UNREADABLE, Signal, Statement, Unreadable

SHARED = Path(__file__).parents[2].parent / "shared" / "vectors"
SAMPLE = Path(__file__).parent / "vectors"
FOLDER = SHARED if SHARED.is_dir() else SAMPLE
IS_FULL = os.environ.get("CONSENT_FUZZ") == "full"
AT = 1_795_341_600.0
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CARRIER = {"tcf": "gdpr_consent", "gpp": "gpp", "us_privacy": "us_privacy"}


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]


def valid() -> Iterator[tuple[str, str]]:
    """(kind, string) of every valid vector."""
    yield from (("tcf", vector["tc"]) for vector in lines("tcf.jsonl"))
    yield from (("gpp", vector["gpp"]) for vector in lines("gpp.jsonl"))


def said(kind: str, text: str) -> tuple[Signal, ...]:
    return read_signals((Statement(CARRIER[kind], text),))


def grants(kind: str, text: str) -> set[str]:
    return {s.flag for s in said(kind, text) if s.says and (s.language, s.flag) not in PLACE_HINTS}


@pytest.mark.parametrize(("name", "key"), [("tcf.jsonl", "tc"), ("gpp.jsonl", "gpp")])
def test_every_string_decodes_as_the_official_decoders_do(name: str, key: str) -> None:
    vectors = lines(name)
    kind = name.partition(".")[0]
    equal = sum(read_any(vector[key]) == (kind, vector["decoded"]) for vector in vectors)
    print(f"\n{name}: {equal} of {len(vectors)} equal")
    assert equal == len(vectors)


@pytest.mark.parametrize("vector", lines("malformed.jsonl"), ids=lambda vector: f"{vector['kind']}: {vector['note']}")
def test_a_malformed_string_is_never_a_yes(vector: dict[str, Any]) -> None:
    kind, text = vector["kind"], vector["s"]
    if vector["expect"].startswith("reject"):
        assert grants(kind, text) == set()
        with pytest.raises(Unreadable):
            read_any(text)
        policy = read_policy(starter("strictest"))
        assert decide(said(kind, text), policy, ("DE",), AT).purposes == ("operations",)
    elif vector["expect"].startswith("accept") and vector["expect"] != "accept-or-reject":
        assert vector["expect"] == "accept-if-decoded" or UNREADABLE not in {s.flag for s in said(kind, text)}


def test_of_the_us_strings_only_those_of_version_1_are_read() -> None:
    readable = {"1" + "".join(rest) for rest in product("YN-", repeat=3)}
    refusing = {"".join(text) for text in product("012", "YNX-", "YNX-", "YNX-") if said("us_privacy", "".join(text))}
    for text in readable:
        flags = [signal.flag for signal in said("us_privacy", text)]
        expected = text[2] == "Y" or (text[2] == "-" and text != "1---")
        assert flags == (["opt_out_of_sale_or_sharing"] if expected else []), text
    assert {"1YYY", "0YNN", "1YXN", "1XNY"} <= refusing
    assert grants("us_privacy", "1NNN") == set()


def test_a_truncation_never_grants_more_than_the_whole() -> None:
    """One thing a cut can do that nobody can see: take a publisher's segment away whole, with core left as it was.

    What remains is a valid string of its own; it grants what the whole's core grants, and no more.
    """
    strings = list(valid())
    chosen = strings if IS_FULL else random.Random(3).sample(strings, min(40, len(strings)))
    count = beheaded = 0
    for kind, text in chosen:
        whole = grants(kind, text)
        core = {flag.removeprefix("core ") for flag in whole if flag.startswith("core ")}
        for cut in (text[:end] for end in range(len(text))):
            count += 1
            more = grants(kind, cut) - whole
            beheaded += bool(more)
            assert more <= core, cut
            assert not more or cut.count(".") < text.count("."), cut
    print(f"\n{count} truncations of {len(chosen)} strings; {beheaded} lost a publisher segment whole")
    assert count > 1000


def _mutant(chance: random.Random, text: str) -> str:
    """One to four letters dropped, replaced, inserted, doubled or swapped with the end."""
    letters = list(text)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(letters) + 1)
        letter = chance.choice(LETTERS + ".~%= \x00é")
        change = chance.randrange(5)
        letters[at : at + (change in (0, 1))] = {0: [], 1: [letter], 2: [letter], 3: letters[at : at + 9] * 2}.get(
            change, letters[:at][::-1]
        )
    return "".join(letters)


def _milliseconds(kind: str, text: str) -> float:
    """Time to read a string, the best of three: a sweep of this process's memory is not the reader's."""
    taken = []
    for _ in range(3):
        forget()
        started = time.thread_time()
        said(kind, text)
        taken.append((time.thread_time() - started) * 1000)
    return min(taken)


def test_random_damage_is_read_or_unreadable_and_nothing_else() -> None:
    chance, strings = random.Random(20261122), list(valid())
    total, readable, slowest = (100_000 if IS_FULL else 4_000), 0, 0.0
    for _ in range(total):
        kind, text = chance.choice(strings)
        mutant = _mutant(chance, text)
        readable += UNREADABLE not in {signal.flag for signal in said(kind, mutant)}
        slowest = max(slowest, _milliseconds(kind, mutant))
        with suppress(Unreadable):
            read_any(mutant)
    print(f"\n{total} mutations, {readable} still readable, slowest {slowest:.2f} ms")
    assert 0 < readable < total
    assert slowest < 5


def _ranges(count: int, width: int) -> str:
    """A core whose vendor section has that many ranges; the worst that fits into 8 KB."""
    head = read_bits("CQpc18AQpc18AVSfcqITRwE8AAAAAEKgAAwIIsQCYANgB3AKgA1IB_AKRAY4Bl4DfgOzAjMC")[:213]
    entry = "0" + f"{7:016b}" if width == 17 else "1" + f"{1:016b}" + f"{65535:016b}"
    bits = head + f"{65535:016b}" + "1" + f"{count:012b}" + entry * count + "0" * 17 + "0" * 12
    bits += "0" * (-len(bits) % 6)
    return "".join(LETTERS[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def read_bits(text: str) -> str:
    return "".join(f"{LETTERS.index(letter):06b}" for letter in text)


@pytest.mark.parametrize(("count", "width"), [(2850, 17), (1470, 33)])
def test_the_worst_string_of_8_kb_is_read_in_5_ms(count: int, width: int) -> None:
    text = _ranges(count, width)
    assert 8000 < len(text) <= 8192
    assert _milliseconds("tcf", text) < 5
    assert UNREADABLE not in {signal.flag for signal in said("tcf", text)}
