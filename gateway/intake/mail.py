"""Mails: who opened one (`/o/<token>.gif`), who followed a link (`/l/<token>`); tokens are signed and say all.

May not: lead anywhere that the site did not sign; take what a machine fetched for a person.

    token = payload "." mac            payload: base64url of JSON, mac: base64url of 16 bytes of HMAC-SHA-256
    {"s": site, "k": day of its key, "u": target, "c": campaign, "v": variant, "m": message, "r": recipient,
     "p": [purposes agreed to], "a": when}

Consent travels in the token, since a mail has no banner: whoever sends it knows what its recipient agreed to. Without
it the policy decides over silence. Opens are a device's storage and access: EDPB Guidelines 2/2023, on tracking pixels.
Machines: Apple prefetches every image with a bare `Mozilla/5.0`, Gmail and Yahoo through proxies, scanners follow
every link. They are stored as bots, and their address is nobody's.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from gateway.intake.adapters.adapter import PIXEL, Adapter
from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import mapping, read_json, statement, text
from gateway.intake.pipeline import Step, check_consent, minimise, put_decision, put_statements
from gateway.intake.targets import Target, read_target

_MAC_BYTES = 16
_TOKEN_LIMIT_CHARS = 8192
_SIGNED = b"edge-tracking-gateway/1 mail "

#: What is stored of a machine's user agent: `useragent.classify` knows it as a bot.
_MACHINE = "mail-prefetch bot/1"

#: Words of machines' user agents, lower case. Source: facts on the protocols, 9; the vendors' own documentation.
_MACHINES = (
    "googleimageproxy", "yahoomailproxy", "yahoocachesystem", "barracuda", "proofpoint", "mimecast", "symantec",
    "fireeye", "trendmicro", "safelinks", "msnbot", "linkcheck",
)  # fmt: skip

#: Whole user agents of machines: Apple's prefetch says no more than this.
_BARE = frozenset(("", "Mozilla/5.0"))

#: Headers by which a browser says that nobody looks at what it fetches. Source: Fetch standard, Sec-Purpose.
_PREFETCHES = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")

#: A mail's hits: no cookie is set, and consent was proven where it was given.
MAIL_STEPS: tuple[Step, ...] = (put_statements, put_decision, check_consent, minimise)


class Letter(NamedTuple):
    """What a token says. `consent` is our consent object, None where the sender knows of none."""

    site: str
    target: str = ""
    campaign: str = ""
    variant: str = ""
    message: str = ""
    recipient: str = ""
    purposes: tuple[str, ...] = ()
    consented_at: str = ""


#: Field of a letter -> its key in the payload.
_KEYS = {"site": "s", "target": "u", "campaign": "c", "variant": "v", "message": "m", "recipient": "r"}


def write_token(letter: Letter, day: int, key: bytes) -> str:
    """The letter, signed with the key of that day."""
    told: dict[str, Any] = {short: getattr(letter, name) for name, short in _KEYS.items() if getattr(letter, name)}
    if letter.purposes:
        told |= {"p": letter.purposes, "a": letter.consented_at}
    payload = _encode(orjson.dumps(told | {"k": day}))
    return f"{payload}.{_encode(_mac(payload, key))}"


def read_token(token: str, keys_of: Callable[[str], Mapping[int, bytes]]) -> Letter | None:
    """The letter, None if no key of its site signed it."""
    payload, _, mac = token.partition(".")
    told = mapping(read_json(_decode(payload))) if len(token) <= _TOKEN_LIMIT_CHARS else {}
    day = told.get("k")
    key = keys_of(text(told.get("s"))).get(day) if day.__class__ is int else None
    if key is None or not hmac.compare_digest(_mac(payload, key), _decode(mac)):
        return None
    purposes = told.get("p")
    return Letter(
        **{name: text(told.get(short)) for name, short in _KEYS.items()},
        purposes=tuple(text(purpose) for purpose in purposes) if isinstance(purposes, list) else (),
        consented_at=text(told.get("a")),
    )


def target_of(letter: Letter | None) -> Target | None:
    """Where a signed link leads."""
    return read_target(letter.target) if letter is not None else None


def _mac(payload: str, key: bytes) -> bytes:
    return hmac.digest(key, _SIGNED + payload.encode("utf-8", "surrogatepass"), "sha256")[:_MAC_BYTES]


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(written: str) -> bytes:
    try:
        return urlsafe_b64decode(written + "=" * (-len(written) % 4))
    except ValueError:
        return b""


def opened(letter: Letter) -> Adapter:
    """Reads the hit of an open."""
    return Adapter("mail", (), lambda hit: _read(hit, letter, "email_open", PIXEL))


def followed(letter: Letter) -> Adapter:
    """Reads the hit of a link."""
    return Adapter("mail", (), lambda hit: _read(hit, letter, "email_click", Answer(302)))


def _read(hit: Hit, letter: Letter, name: str, answer: Answer) -> Reading:
    event = Event(name, hit.received_at, user_id=letter.recipient, page_url=letter.target)
    event.properties = _properties(letter)
    if letter.purposes:
        event.statements = (statement("own", _consent(letter)),)
    if is_machine(hit):
        event.user_agent, event.address = _MACHINE, ""
    return Reading(events=[event], answer=answer)


def _properties(letter: Letter) -> dict[str, Any]:
    target = read_target(letter.target)
    found = {
        "campaign_id": letter.message or letter.campaign,
        "experiment_variant": letter.variant,
        "utm_campaign": letter.campaign,
        "utm_medium": "email",
        "link_domain": target.host if target else "",
    }
    return {property_name: said for property_name, said in found.items() if said}


def _consent(letter: Letter) -> dict[str, Any]:
    said = {"choice": "explicit", "purposes": dict.fromkeys(letter.purposes, True)}
    return said | ({"at": letter.consented_at} if letter.consented_at else {})


def is_machine(hit: Hit) -> bool:
    """Whether a proxy, a scanner or a prefetch asked, as far as it says so."""
    agent = hit.header(b"user-agent")
    return (
        agent.strip() in _BARE
        or any(word in agent.lower() for word in _MACHINES)
        or any("pre" in hit.header(name).lower() for name in _PREFETCHES)
    )


def campaign_click(campaign: str, target: Target) -> Adapter:
    """Reads the hit of an unsigned link, `/r/<campaign>?u=…`, whose host the site lists."""
    return followed(Letter("", target.location.decode(), campaign))
