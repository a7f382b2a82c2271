"""GPP strings to signals: the opt-outs of the sections in force, GPC, and the TCF string that may ride in section 2.

May not: take "did not opt out" for a consent; US sections only ever refuse.
Source: IAB GPP, US sections: 1 opted out, 2 did not, 0 not applicable; 3 is undefined, and counts as opted out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from consent.flags import SALE_OR_SHARING, US_OPT_OUTS
from consent.iab.gpp import TCF_EU, GppString, Section, UsSection, read_gpp
from consent.iab.us_privacy import UsPrivacy
from consent.words import KNOWN_CHILD, REMARK, Language, Signal, Statement, Unreadable

_OUT = (1, 3)

#: Field -> the refusal that it stands for.
_FIELDS = {
    "SaleOptOut": SALE_OR_SHARING,
    "SharingOptOut": SALE_OR_SHARING,
    "TargetedAdvertisingOptOut": US_OPT_OUTS[1],
    "SensitiveDataProcessing": US_OPT_OUTS[2],
    "PersonalDataConsents": US_OPT_OUTS[3],
    "AdditionalDataProcessingConsent": US_OPT_OUTS[3],
}


def read(text: str) -> Sequence[Signal | Statement]:
    """`text` is the string, and after a line feed the ids of the sections in force. Raises `Unreadable`."""
    string, _, in_force = text.partition("\n")
    gpp = read_gpp(string.strip(" "))
    chosen = _in_force(gpp, in_force)
    flags = dict.fromkeys(flag for number in chosen for flag in refusals(gpp.sections[number]))
    signals: list[Signal | Statement] = [Signal(Language.GPP, flag, False) for flag in flags]
    if any(getattr(gpp.sections[number], "gpc", None) for number in chosen):
        signals.append(Signal(Language.GPC, Language.GPC.value, False))
    if TCF_EU in chosen:
        signals.append(Statement("gdpr_consent", gpp.texts[TCF_EU]))
    opaque = [number for number in gpp.texts if number not in gpp.sections]
    return signals + [
        Signal(Language.GPP, f"{REMARK}section {number} is unknown", False, None, False) for number in opaque
    ]


def read_sections(text: str) -> Sequence[Signal]:
    """`gpp_sid`: section ids, which hint at places; -1 and 0 say that none is known to apply. Raises `Unreadable`."""
    parts = [part.strip() for part in text.strip("[]").replace("_", ",").split(",")]
    if len(parts) > 32 or not all(part.removeprefix("-").isdecimal() and len(part) <= 4 for part in parts):
        raise Unreadable("is not a list of section ids")
    return [
        Signal(Language.GPP, f"section {int(part)} applies", True) for part in dict.fromkeys(parts) if int(part) > 0
    ]


def refusals(section: Section) -> Iterator[str]:
    """The refusals of one section."""
    if isinstance(section, UsPrivacy) and (section.opt_out_of_sale == "Y" or section.is_unclear):
        yield SALE_OR_SHARING
    if isinstance(section, UsSection):
        for field, flag in _FIELDS.items():
            if any(value in _OUT for value in _each(section.fields.get(field, 0))):
                yield flag
        if any(_each(section.fields["KnownChildSensitiveDataConsents"])):
            yield KNOWN_CHILD


def _each(value: int | tuple[int, ...]) -> Iterable[int]:
    return value if isinstance(value, tuple) else (value,)


def _in_force(gpp: GppString, listed: str) -> list[int]:
    """The sections that are in force and can be decoded; if none is, all that can be. Raises `Unreadable` for none."""
    wanted = {int(part) for part in listed.strip("[]").replace("_", ",").split(",") if part.strip().isdecimal()}
    chosen = [number for number in gpp.sections if number in wanted] or [*gpp.sections]
    if not chosen:
        raise Unreadable("holds no section that can be decoded")
    return chosen
