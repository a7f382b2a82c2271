"""Receipts of erasures: what was asked, when, what was removed where and what is left, signed. Text in, text out.

May not: name the person; a receipt holds a keyed hash of what was given, and numbers. Touches no disk.

    {"receipt": {...}, "key": 64 hex, "signature": 128 hex}      the signature is over the canonical JSON of `receipt`
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from gateway.journal.signing import Signer, is_signed


class Verdict(NamedTuple):
    """Whether a receipt is what was signed, and by the expected key; a sentence that says so."""

    well: bool
    sentence: str


def write_receipt(body: Mapping[str, Any], signer: Signer) -> str:
    """One line of JSON."""
    signed = {"receipt": body, "key": signer.public, "signature": signer.sign(_canonical(body))}
    return orjson.dumps(signed, option=orjson.OPT_SORT_KEYS).decode()


def check_receipt(text: str | bytes, expected_key: str) -> Verdict:
    """Checks the signature, and that it was made with the key that is expected here."""
    try:
        said = orjson.loads(text)
        body, key, signature = said["receipt"], said["key"], said["signature"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return Verdict(False, "This is no receipt: it has not the form of one.")
    if not isinstance(body, dict) or not all(isinstance(part, str) for part in (key, signature)):
        return Verdict(False, "This is no receipt: it has not the form of one.")
    if not is_signed(_canonical(body), signature, key):
        return Verdict(False, "The receipt was changed after it was signed, or its signature is not whole.")
    if key != expected_key:
        return Verdict(False, f"It is signed, but with another key than this gateway's ({key[:16]}…).")
    return Verdict(True, f"Signed by this gateway and unchanged: {_told(body)}.")


def _canonical(body: Mapping[str, Any]) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def _told(body: Mapping[str, Any]) -> str:
    removed = sum(store.get("removed", 0) for store in body.get("stores", {}).values())
    left = sum(store.get("left", 0) for store in body.get("stores", {}).values())
    return f"request {body.get('request')} of {body.get('asked_at')}, {removed} rows removed, {left} left"
