"""What visitors do on the pages of `browser/`, and what must become of it: tables, which the tests only carry out.

May not: drive a browser or a gateway.

Two policies. `asks` is the strictest starter: without a yes on the wire nothing is kept. `counts` counts until somebody
objects, so that clients without a word for consent show facts too; their visitors refuse by the client's own opt-out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

#: Verb of `browser/driver.js`, and its argument if it has one.
Step = tuple[str, ...] | tuple[str, bool]

_AGREED_AGAIN: tuple[Step, ...] = (("choose", True), ("cart",))

STEPS: Mapping[str, tuple[Step, ...]] = {
    "given": (("view",), ("product",), ("cart",), ("buy",), ("know",), ("prefer", True)),
    "refused": (("view",), ("product",), ("cart",), ("buy",), ("know",), ("prefer", False)),
    "changed": (("view",), ("know",), ("settle",), ("choose", False), ("product",), ("settle",), *_AGREED_AGAIN),
    "unload": (("view",), ("product",), ("buy",)),
}

#: Browser client -> the package that it is. Its page is `browser/<client>.js`, its protocol has the same name.
BROWSER_PACKAGES: Mapping[str, str] = {
    "segment": "@segment/analytics-next",
    "snowplow": "@snowplow/browser-tracker",
    "rudderstack": "@rudderstack/analytics-js",
    "mixpanel": "mixpanel-browser",
    "posthog": "posthog-js",
    "plausible": "@plausible-analytics/tracker",
    "amplitude": "@amplitude/analytics-browser",
    "walkeros": "@elbwalker/walker.js",
}

#: Clients that tell of an event when they take it; the others when it has arrived, which no page that was left hears.
TELL_AT_ONCE = frozenset(("posthog", "plausible", "amplitude"))

#: Clients whose event ids are UUIDs, and so stand in the rows as they were sent.
WITH_UUIDS = frozenset(("snowplow", "rudderstack", "posthog", "amplitude"))

#: Clients that send nothing before the gateway answered their first question.
BOOTING = frozenset(("segment", "rudderstack", "posthog", "amplitude"))

#: Events that a client sends when its page is left without telling the page.
UNANNOUNCED: Mapping[str, int] = {"plausible": 1}

#: What a client breaks off when it is not answered within a second, to ask again: how its path begins.
IMPATIENT: Mapping[str, str] = {"amplitude": "/config/"}

#: What a client says on the console by itself, whatever it talks to.
OWN_WORDS: Mapping[str, tuple[str, ...]] = {"plausible": ("Ignoring Event: localStorage flag",)}


class Visit(NamedTuple):
    """One visit and its end: facts by event, refusals by reason."""

    client: str
    kind: str
    policy: str
    facts: Mapping[str, int]
    refusals: Mapping[str, int]

    @property
    def name(self) -> str:
        return f"{self.client}-{self.policy}-{self.kind}"

    @property
    def is_told_whole(self) -> bool:
        return self.kind != "unload" or self.client in TELL_AT_ONCE


def one(*names: str) -> Counter[str]:
    """One of each."""
    return Counter(names)


JOURNEY = one("page_view", "product_view", "add_to_cart", "purchase")
LEFT = one("page_view", "product_view", "purchase")
BACK = one("page_view", "add_to_cart")
PERSON = one("not_an_event")
LEAVE = one("user_engagement")
NOTHING = one()


def denied(count: int) -> Counter[str]:
    return Counter({"consent_denied": count})


#: Clients that say on the wire what the visitor chose.
SPEAKING = (
    Visit("segment", "given", "asks", JOURNEY, PERSON),
    Visit("segment", "refused", "asks", NOTHING, denied(4) + PERSON),
    Visit("segment", "refused", "counts", NOTHING, denied(4) + PERSON),
    Visit("segment", "changed", "asks", BACK, denied(1) + PERSON),
    Visit("segment", "unload", "asks", LEFT, NOTHING),
    Visit("rudderstack", "given", "asks", JOURNEY, PERSON),
    Visit("rudderstack", "refused", "asks", NOTHING, denied(4) + PERSON),
    Visit("rudderstack", "refused", "counts", NOTHING, denied(4) + PERSON),
    Visit("rudderstack", "changed", "asks", BACK, denied(1) + PERSON),
    Visit("rudderstack", "unload", "asks", LEFT, NOTHING),
    Visit("walkeros", "given", "asks", JOURNEY, NOTHING),
    Visit("walkeros", "refused", "asks", NOTHING, denied(4)),
    Visit("walkeros", "refused", "counts", NOTHING, denied(4)),
    Visit("walkeros", "changed", "asks", BACK, denied(1)),
    Visit("walkeros", "unload", "asks", LEFT, NOTHING),
)

#: Clients that have no word for a yes, or only for one event.
SILENT = (
    Visit("snowplow", "given", "asks", one("consent_update"), denied(4)),
    Visit("snowplow", "given", "counts", JOURNEY + one("consent_update"), NOTHING),
    Visit("snowplow", "refused", "counts", NOTHING, denied(5)),
    Visit("snowplow", "changed", "counts", BACK, denied(1)),
    Visit("snowplow", "unload", "counts", LEFT, NOTHING),
    Visit("mixpanel", "given", "asks", NOTHING, denied(4) + Counter({"not_an_event": 3})),
    Visit("mixpanel", "given", "counts", JOURNEY, Counter({"not_an_event": 3})),
    Visit("mixpanel", "refused", "counts", NOTHING, NOTHING),
    Visit("mixpanel", "changed", "counts", BACK + one("consent_update"), Counter({"not_an_event": 5})),
    Visit("mixpanel", "unload", "counts", LEFT, NOTHING),
    Visit("posthog", "given", "asks", NOTHING, denied(5) + PERSON),
    Visit("posthog", "given", "counts", JOURNEY + LEAVE, PERSON),
    Visit("posthog", "refused", "counts", NOTHING, NOTHING),
    Visit("posthog", "changed", "counts", BACK + LEAVE, PERSON),
    Visit("posthog", "unload", "counts", LEFT + LEAVE, NOTHING),
    Visit("plausible", "given", "asks", NOTHING, denied(5)),
    Visit("plausible", "given", "counts", JOURNEY + LEAVE, NOTHING),
    Visit("plausible", "refused", "counts", NOTHING, NOTHING),
    Visit("plausible", "changed", "counts", BACK + LEAVE, NOTHING),
    Visit("plausible", "unload", "counts", LEFT + LEAVE, NOTHING),
    Visit("amplitude", "given", "asks", NOTHING, denied(5) + PERSON + PERSON),
    Visit("amplitude", "given", "counts", JOURNEY + one("session_start"), PERSON + PERSON),
    Visit("amplitude", "refused", "counts", NOTHING, NOTHING),
    Visit("amplitude", "changed", "counts", BACK + one("session_start"), PERSON + PERSON),
    Visit("amplitude", "unload", "counts", LEFT + one("session_start"), PERSON),
)

VISITS = (*SPEAKING, *SILENT)
