"""What tests of consent share: the complete example policy, the strictest one, and a writer of TC strings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consent.policy import Policy, read_policy
from consent.starters import starter

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture(scope="session")
def shop_text() -> str:
    return (Path(__file__).parent / "policies" / "shop-web.yml").read_text()


@pytest.fixture(scope="session")
def shop(shop_text: str) -> Policy:
    return read_policy(shop_text.encode(), "shop-web.yml")


@pytest.fixture(scope="session")
def strictest() -> Policy:
    return read_policy(starter("strictest"), "strictest.yml")


def _field(numbers: Iterable[int], width: int) -> str:
    chosen = {*numbers}
    return "".join("1" if number in chosen else "0" for number in range(1, width + 1))


def _letters(bits: str) -> str:
    bits += "0" * (-len(bits) % 6)
    return "".join(LETTERS[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def _segment(kind: int, body: str) -> str:
    return "." + _letters(f"{kind:03b}" + body)


def write_tc(
    consents: Iterable[int] = (),
    *,
    created: str = "2026-11-20",
    interests: Iterable[int] = (),
    publisher: Iterable[int] | None = None,
    vendors: Iterable[int] = (),
    **odd: int,
) -> str:
    """A TC string bit by bit. `odd`: encoding, policy, specific, disclosed (0 leaves the segment out), cmp, one."""
    ds = int(datetime.fromisoformat(created).replace(tzinfo=UTC).timestamp() * 10)
    core = f"{odd.get('encoding', 2):06b}{ds:036b}{ds:036b}{odd.get('cmp', 31):012b}{1:012b}{1:06b}"
    core += f"{3:06b}{4:06b}{120:012b}{odd.get('policy', 5):06b}{odd.get('specific', 1):01b}0" + _field((), 12)
    core += _field(consents, 24) + _field(interests, 24) + f"{odd.get('one', 0):01b}{3:06b}{4:06b}"
    bitfield = f"{50:016b}0" + _field(vendors, 50)
    text = _letters(core + bitfield + f"{0:016b}0" + f"{0:012b}")
    if odd.get("disclosed", 1):
        text += _segment(1, bitfield)
    return text if publisher is None else text + _segment(3, _field(publisher, 24) + _field((), 24) + f"{0:06b}")


@pytest.fixture(scope="session")
def tc() -> Callable[..., str]:
    return write_tc
