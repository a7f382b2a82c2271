"""Layouts of GPP's US sections: section id -> name, and per version its two-bit fields in order. Data only.

May not: hold logic. Source: IAB Global-Privacy-Platform, Sections/US-*, head 2025-12-17, and the official code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Layout(NamedTuple):
    """Fields by version, each with how many two-bit values it has (0: one value, not a list)."""

    name: str
    versions: Mapping[int, tuple[tuple[str, int], ...]]
    has_gpc: bool


_MSPA = "MspaCoveredTransaction MspaOptOutOptionMode MspaServiceProviderMode"
_SENSITIVE = "SensitiveDataProcessing"
_CHILD = "KnownChildSensitiveDataConsents"
_NAT = (
    "SharingNotice SaleOptOutNotice SharingOptOutNotice TargetedAdvertisingOptOutNotice "
    "SensitiveDataProcessingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut TargetedAdvertisingOptOut"
)
_OPT_OUTS = "SaleOptOut TargetedAdvertisingOptOut"
_NOTICES = "SaleOptOutNotice TargetedAdvertisingOptOutNotice"
_MORE = "AdditionalDataProcessingConsent"


def _fields(text: str) -> tuple[tuple[str, int], ...]:
    """`Name Name*3` -> (Name, 0), (Name, 3)."""
    named = (word.partition("*") for word in text.split())
    return tuple((name, int(count or 0)) for name, _, count in named)


def _state(name: str, notice: str, sensitive: int, child: int, more: bool = True, gpc: bool = True) -> Layout:
    """The layout that most states share; a child field of one value is not a list."""
    children = f"{_CHILD}*{child}" if child > 1 else _CHILD
    extra = _MORE if more else ""
    text = f"{notice} {_NOTICES} {_OPT_OUTS} {_SENSITIVE}*{sensitive} {children} {extra} {_MSPA}"
    return Layout(name, {1: _fields(text)}, gpc)


def _with_sensitive_notice(name: str, notice: str, sensitive_notice: str, gpc: bool) -> Layout:
    text = f"{notice} {_NOTICES} {sensitive_notice} {_OPT_OUTS} {_SENSITIVE}*8 {_CHILD} {_MSPA}"
    return Layout(name, {1: _fields(text)}, gpc)


LAYOUTS: Mapping[int, Layout] = {
    7: Layout(
        "usnat",
        {
            1: _fields(f"{_NAT} {_SENSITIVE}*12 {_CHILD}*2 PersonalDataConsents {_MSPA}"),
            2: _fields(f"{_NAT} {_SENSITIVE}*16 {_CHILD}*3 PersonalDataConsents {_MSPA}"),
        },
        True,
    ),
    8: Layout(
        "usca",
        {
            1: _fields(
                "SaleOptOutNotice SharingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut "
                f"{_SENSITIVE}*9 {_CHILD}*2 PersonalDataConsents {_MSPA}"
            )
        },
        True,
    ),
    9: _state("usva", "SharingNotice", 8, 1, more=False, gpc=False),
    10: _state("usco", "SharingNotice", 7, 1, more=False),
    11: _with_sensitive_notice("usut", "SharingNotice", "SensitiveDataProcessingOptOutNotice", False),
    12: _state("usct", "SharingNotice", 8, 3, more=False),
    13: _state("usfl", "ProcessingNotice", 8, 3, gpc=False),
    14: _state("usmt", "SharingNotice", 8, 3),
    15: _state("usor", "ProcessingNotice", 11, 3),
    16: _state("ustx", "ProcessingNotice", 8, 1),
    17: _state("usde", "ProcessingNotice", 9, 5),
    18: _with_sensitive_notice("usia", "ProcessingNotice", "SensitiveDataOptOutNotice", True),
    19: _state("usne", "ProcessingNotice", 8, 1),
    20: _state("usnh", "ProcessingNotice", 8, 3),
    21: _state("usnj", "ProcessingNotice", 10, 5),
    22: _state("ustn", "ProcessingNotice", 8, 1),
    23: _state("usmn", "ProcessingNotice", 8, 1),
}
