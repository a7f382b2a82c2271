"""People whose last choice is remembered: so many and no more, and those who were heard last."""

from __future__ import annotations

import pytest

from consent.decide import Case
from consent.policy import read_policy
from consent.signals import read_signals
from consent.starters import starter
from consent.words import Statement
from gateway.intake import choices
from gateway.intake.choices import SiteChoices, Teller, Weighed
from gateway.words import SiteKeys

NOW = 1_795_000_000.0
KEYS = SiteKeys(b"d" * 32, b"k" * 32, 1)
SAID = (Statement("own", '{"choice":"explicit","purposes":{"analytics":true}}'),)


def test_who_was_heard_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "_REMEMBERED", 16)
    monkeypatch.setattr(choices, "_MAKE_ROOM", 2)
    site = SiteChoices("shop", set())
    yes = Weighed(Case(read_signals(SAID), read_policy(starter("strictest")), ("DE",), NOW), SAID)
    for number in range(100):
        assert site.note(yes, Teller(f"client-{number}", NOW, KEYS)) is not None
        assert len(site.last) <= 16
    assert all(site.note(yes, Teller(f"client-{number}", NOW, KEYS)) is None for number in range(86, 100))
    assert site.note(yes, Teller("client-0", NOW, KEYS)) is not None
