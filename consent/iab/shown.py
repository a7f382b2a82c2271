"""Decoded strings as JSON, in the shape that official decoders give them, for people and for comparison.

May not: leave out or interpret anything.
"""

from __future__ import annotations

from typing import Any

from consent.iab.bits import ones
from consent.iab.gpp import GppString, Section, UsSection, read_gpp
from consent.iab.tcf import PublisherTc, Ranges, Restriction, TcString, Vendors, merged, read_tc
from consent.iab.us_privacy import UsPrivacy, read_us_privacy
from consent.iab.validity import doubts
from consent.words import LENGTH_LIMIT, Unreadable


def read_any(text: str) -> tuple[str, dict[str, Any]]:
    """(kind, decoded) of a string whose kind its first letter tells. Raises `Unreadable`."""
    bare = text.strip(" ")
    if not bare or len(bare) > LENGTH_LIMIT:
        raise Unreadable("is longer than 8 KB" if bare else "is empty")
    if bare.startswith("D") or "~" in bare:
        return "gpp", show_gpp(read_gpp(bare))
    if bare[0].isdigit():
        return "us_privacy", show_us_privacy(read_us_privacy(bare))
    return "tcf", show_tc(read_tc(bare))


def remarks_on(text: str) -> list[str]:
    """Why a string that `read_any` reads holds no valid yes. Raises `Unreadable`."""
    bare = text.strip(" ")
    kind, _ = read_any(bare)
    if kind == "tcf":
        return doubts(read_tc(bare))
    sections = read_gpp(bare).sections.values() if kind == "gpp" else ()
    return [doubt for section in sections if isinstance(section, TcString) for doubt in doubts(section)]


def show_tc(read: TcString) -> dict[str, Any]:
    return {
        "version": 2,
        "created": read.created_ms,
        "lastUpdated": read.updated_ms,
        "cmpId": read.cmp_id,
        "cmpVersion": read.cmp_version,
        "consentScreen": read.screen,
        "consentLanguage": read.language,
        "vendorListVersion": read.vendor_list,
        "policyVersion": read.policy_version,
        "isServiceSpecific": read.is_service_specific,
        "useNonStandardTexts": read.non_standard_texts,
        "specialFeatureOptins": ones(read.special_features, 12),
        "purposeConsents": ones(read.consents, 24),
        "purposeLegitimateInterests": ones(read.interests, 24),
        "purposeOneTreatment": read.purpose_one_treatment,
        "publisherCountryCode": read.country,
        "vendorConsents": _ranges(read.vendor_consents),
        "vendorLegitimateInterests": _ranges(read.vendor_interests),
        "publisherRestrictions": _restrictions(read.restrictions),
        "vendorsDisclosed": _ranges(read.disclosed),
        "vendorsAllowed": _ranges(read.allowed),
        "publisherTC": _publisher(read.publisher),
    }


def show_gpp(read: GppString) -> dict[str, Any]:
    return dict(_section(section) for section in read.sections.values())


def show_us_privacy(read: UsPrivacy) -> dict[str, Any]:
    return {"Version": 1, "Notice": read.notice, "OptOutSale": read.opt_out_of_sale, "LspaCovered": read.lspa}


def _section(section: Section) -> tuple[str, dict[str, Any]]:
    if isinstance(section, UsSection):
        fields = {name: list(value) if isinstance(value, tuple) else value for name, value in section.fields.items()}
        gpc = {} if section.gpc is None else {"Gpc": section.gpc}
        return section.name, {"Version": section.version, **fields, **gpc}
    if isinstance(section, UsPrivacy):
        return "uspv1", show_us_privacy(section)
    return "tcfeuv2", show_tc(section)


def _publisher(read: PublisherTc | None) -> dict[str, Any] | None:
    if read is None:
        return None
    return {
        "purposeConsents": ones(read.consents, 24),
        "purposeLegitimateInterests": ones(read.interests, 24),
        "numCustomPurposes": read.custom,
        "customConsents": ones(read.custom_consents, read.custom),
        "customLegitimateInterests": ones(read.custom_interests, read.custom),
    }


def _restrictions(read: tuple[Restriction, ...]) -> list[dict[str, Any]]:
    """By purpose and kind, vendors merged: a string may say the same in pieces and in any order."""
    groups: dict[tuple[int, int], Ranges] = {}
    for one in read:
        groups.setdefault((one.purpose, one.kind), []).extend(one.vendors.ranges())
    return [
        {
            "purposeId": purpose,
            "restrictionType": kind,
            "vendors": [list(pair) for pair in merged(groups[purpose, kind])],
        }
        for purpose, kind in sorted(groups)
    ]


def _ranges(vendors: Vendors | None) -> list[list[int]] | None:
    return None if vendors is None else [[first, last] for first, last in vendors.ranges()]
