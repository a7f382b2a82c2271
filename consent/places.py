"""Places: ISO 3166 codes, the EEA, and the places that a signal hints at.

May not: guess. A code that is not listed here is an unknown place, and that is the strictest.
Source: ISO 3166-1 alpha-2; EEA Agreement Art. 126; IAB GPP section ids (facts A2), read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping

from consent.words import Language

COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - a list that people read
)

EEA = tuple(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()  # noqa: SIM905
)

#: Territories in which EU law applies though they have a code of their own. Source: TFEU Art. 355(1).
OUTERMOST = {"GF": "FR", "GP": "FR", "MQ": "FR", "RE": "FR", "YT": "FR", "MF": "FR", "AX": "FI"}

#: The section a GPP string was made for names a place. Source: IAB GPP, Sections/Section Information.
GPP_SECTION_PLACES: Mapping[int, str] = {
    2: "EEA", 5: "CA", 6: "US-CA", 7: "US", 8: "US-CA", 9: "US-VA", 10: "US-CO", 11: "US-UT", 12: "US-CT",
    13: "US-FL", 14: "US-MT", 15: "US-OR", 16: "US-TX", 17: "US-DE", 18: "US-IA", 19: "US-NE", 20: "US-NH",
    21: "US-NJ", 22: "US-TN", 23: "US-MN", 24: "US-MD", 25: "US-IN", 26: "US-KY", 27: "US-RI",
}  # fmt: skip

#: Flags that hint at a place; they add a candidate and never take one away (facts R7).
PLACE_HINTS: Mapping[tuple[Language, str], str] = {
    (Language.TCF, "gdpr applies"): "EEA",
    **{(Language.GPP, f"section {number} applies"): place for number, place in GPP_SECTION_PLACES.items()},
}


def is_place(code: str) -> bool:
    """A country (`DE`) or a subdivision of one (`US-CA`)."""
    country, dash, part = code.partition("-")
    if country not in COUNTRIES:
        return False
    return not dash or (1 <= len(part) <= 3 and part.isalnum() and part == part.upper())
