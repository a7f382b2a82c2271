"""Consent objects of other trackers: Segment, RudderStack, Snowplow, Matomo, walkerOS, Shopify.

May not: say what a category means; their names are the site's own, so only the policy maps them.
Flags are `segment analytics`, `rudderstack c0002`, … in lower case. Source: facts A7; recorded hits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from consent.signals.carrier import read_flags, read_names, read_object
from consent.words import Language, Signal, Unreadable

#: Shopify's customerPrivacy -> our word. Source: Shopify, Customer Privacy API, web pixels.
SHOPIFY_WORDS: Mapping[str, str] = {
    "analyticsProcessingAllowed": "analytics",
    "preferencesProcessingAllowed": "preferences",
    "marketingAllowed": "marketing",
    "saleOfDataAllowed": "sale",
}

#: What a Snowplow consent event says of its scopes; None says nothing. Source: Snowplow docs, enhanced consent.
SNOWPLOW_EVENTS: Mapping[str, bool | None] = {
    "allow_all": True,
    "allow_selected": True,
    "pending": None,
    "implicit_consent": None,
    "deny_all": False,
    "withdrawn": False,
    "expired": False,
}


def _signals(flags: Mapping[str, bool]) -> Sequence[Signal]:
    return [Signal(Language.VENDOR, flag.lower(), says) for flag, says in flags.items()]


def read_segment(text: str) -> Sequence[Signal]:
    """`context.consent`: `{"categoryPreferences": {"Analytics": true}}`. Raises `Unreadable`."""
    return _signals(read_flags(read_object(text).get("categoryPreferences") or {}, "segment "))


def read_rudderstack(text: str) -> Sequence[Signal]:
    """`context.consentManagement`: lists of allowed and denied ids; an id in both is denied. Raises `Unreadable`."""
    held = read_object(text)
    flags = dict.fromkeys((f"rudderstack {name}" for name in read_names(held.get("allowedConsentIds"))), True)
    flags |= dict.fromkeys((f"rudderstack {name}" for name in read_names(held.get("deniedConsentIds"))), False)
    return _signals(flags)


def read_snowplow(text: str) -> Sequence[Signal]:
    """A `consent_preferences` event. A no without scopes is one for all of them. Raises `Unreadable`."""
    held = read_object(text)
    event = str(held.get("eventType"))
    if event not in SNOWPLOW_EVENTS:
        raise Unreadable("not an event of consent")
    says = SNOWPLOW_EVENTS[event]
    scopes = read_names(held.get("consentScopes"))
    if says is None:
        return []
    if not scopes and not says:
        return _signals({"snowplow *": False})
    return _signals(dict.fromkeys((f"snowplow {scope}" for scope in scopes), says))


def read_snowplow_anonymous(text: str) -> Sequence[Signal]:
    """Header `SP-Anonymous`: present with any value, the page asks not to recognise the visitor."""
    return _signals({"snowplow anonymous": False})


def read_matomo(text: str) -> Sequence[Signal]:
    """`consent=1` is sent only after `setConsentGiven`; anything else is no yes."""
    return _signals({"matomo consent": text == "1"})


def read_walkeros(text: str) -> Sequence[Signal]:
    """`consent`: `{"marketing": true}` in every event. Raises `Unreadable`.

    Why an empty one is a no to all: walker.js lists what was agreed to, so that a refusal leaves nothing in it; whether
    the person was asked at all, it does not say.
    """
    return _signals(read_flags(read_object(text), "walkeros ") or {"walkeros *": False})


def read_shopify(text: str) -> Sequence[Signal]:
    """`customerPrivacy`: true includes regions where nobody is asked, so it is no choice. Raises `Unreadable`."""
    flags = read_flags(read_object(text))
    named = ((f"shopify {SHOPIFY_WORDS.get(key, key)}".lower(), says) for key, says in flags.items())
    return [Signal(Language.VENDOR, flag, says, None, not says) for flag, says in named]
