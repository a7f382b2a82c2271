"""The nouns of consent, each with its source in law or specification.

May not: read a clock, a disk or a network; import anything of `gateway`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Language(StrEnum):
    """A way to say yes or no on the wire. The value is the word that policies use (`believe_yes_from: [tcf]`)."""

    GATEWAY_SDK = "gateway_sdk"  # our own consent object, the only one that carries time and explicitness
    TCF = "tcf"  # IAB Transparency & Consent Framework v2.2 / v2.3
    GPP = "gpp"  # IAB Global Privacy Platform
    US_PRIVACY = "us_privacy"  # IAB US Privacy string, deprecated, still sent
    GOOGLE_CONSENT_MODE = "google_consent_mode"  # gcs, gcd, npa; Measurement Protocol `consent`
    GPC = "gpc"  # Sec-GPC: 1, W3C Global Privacy Control
    DNT = "dnt"  # DNT: 1, LG Berlin 16 O 420/19: an objection by automated means, GDPR 21(5)
    CMP_COOKIE = "cmp_cookie"  # a consent banner's cookie
    VENDOR = "vendor"  # consent objects of Segment, RudderStack, Snowplow, Matomo, walkerOS, Stape


class Statement(NamedTuple):
    """One consent value as a hit carried it, still unread. Hashable, so that reading is done once per distinct text.

    `carrier` is a key of `consent.signals.CARRIERS` (`gcs`, `gcd`, `gdpr_consent`, `own`, `sec-gpc` …): it names
    the reader. `text` is the raw value, decoded from its transport exactly once; objects are their JSON text.
    """

    carrier: str
    text: str


class Signal(NamedTuple):
    """What a hit says about consent: in which language, about which flag, yes or no, when, explicitly or not.

    Saying nothing is the absence of a signal. `flag` is the language's own word (`analytics_storage`, `purpose 8`,
    `opt_out_of_sale_or_sharing`); only the policy maps flags to purposes. `at` is Unix seconds, or None if untold.
    """

    language: Language
    flag: str
    says: bool
    at: float | None = None
    explicit: bool = True


#: The flag of a signal that could not be read: never a yes, and a no for every purpose that its language governs.
UNREADABLE = "unreadable"

#: The flag of a value that says nothing (empty, an unreplaced macro): neither yes nor no, but worth counting.
EMPTY = "empty"

#: The flag with which a language says that the person is a child. Source: IAB GPP, KnownChildSensitiveDataConsents.
KNOWN_CHILD = "known_child"


#: Longer texts are unreadable, and are not even hashed. Source: facts A0; a TC string of 1,000 vendors has 2.2 KB.
LENGTH_LIMIT = 8192

#: The beginning of a flag that only remarks on a string (why it is no yes); it refuses and grants nothing.
REMARK = "remark: "


class Unreadable(ValueError):
    """A text is not what its carrier holds: never a yes, and a no for every purpose that its language governs."""


class Rule(IntEnum):
    """What a region says of a purpose; a larger value is stricter, and the strictest candidate place wins."""

    ALWAYS = 0
    UNTIL_OBJECTION = 1
    ASK_FIRST = 2
    NEVER = 3


class Action(IntEnum):
    """What may become of a field; a larger value protects more."""

    KEEP = 0
    STRIP_QUERY = 1
    HOST_ONLY = 2
    GENERALISE = 3
    TRUNCATE = 4
    PSEUDONYMISE = 5
    USE_THEN_DROP = 6
    DROP = 7


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy makes of signals, place and time. Holds no personal data, so it may be stored and counted.

    `allowed` is a bit mask over `Policy.purposes` (bit i = purpose i); `purposes` are the same as names, in the
    policy's order. `region` names the strictest candidate region. `mask_yes` and `mask_no` are the purposes that
    a believed, fresh, explicit yes, and that any believed no, spoke of: enough for `explain` to give each reason.
    """

    allowed: int
    purposes: tuple[str, ...]
    region: str
    policy: str
    mask_yes: int = 0
    mask_no: int = 0
