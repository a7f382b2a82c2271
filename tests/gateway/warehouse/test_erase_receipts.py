"""Receipts: what was signed verifies, with the key that is public; anything else does not, and says why."""

from __future__ import annotations

import stat
from pathlib import Path

import orjson
import pytest

from gateway.journal.keyring import Keyring
from gateway.journal.signing import Signer
from gateway.warehouse.receipts import check_receipt, write_receipt

BODY = {"request": "r-1", "asked_at": "2026-11-22T16:00:00Z", "stores": {"gateway.events": {"removed": 7, "left": 0}}}


def test_a_receipt_verifies_after_a_restart_and_names_what_it_is(tmp_path: Path) -> None:
    text = write_receipt(BODY, Signer(tmp_path))
    verdict = check_receipt(text, Signer(tmp_path).public)
    assert verdict.well
    assert "request r-1 of 2026-11-22T16:00:00Z, 7 rows removed, 0 left" in verdict.sentence


@pytest.mark.parametrize("change", [b'"removed":7', b"r-1", b"2026-11-22"])
def test_a_changed_receipt_is_told(tmp_path: Path, change: bytes) -> None:
    text = write_receipt(BODY, Signer(tmp_path)).encode()
    forged = text.replace(change, change[:-1] + b"8")
    assert forged != text
    assert "was changed" in check_receipt(forged, Signer(tmp_path).public).sentence


def test_a_receipt_that_somebody_signed_anew_is_told(tmp_path: Path) -> None:
    forged = write_receipt(BODY, Signer(tmp_path / "theirs"))
    verdict = check_receipt(forged, Signer(tmp_path / "ours").public)
    assert (verdict.well, "another key" in verdict.sentence) == (False, True)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"receipt": 1, "key": "", "signature": ""}', "{}"])
def test_what_is_no_receipt_is_told(tmp_path: Path, text: str) -> None:
    assert "is no receipt" in check_receipt(text, Signer(tmp_path).public).sentence


@pytest.mark.parametrize("field", ["key", "signature"])
def test_a_key_or_signature_of_any_form_is_no_error(tmp_path: Path, field: str) -> None:
    said = orjson.loads(write_receipt(BODY, Signer(tmp_path)))
    for odd in ("", "zz", "00", "0" * 63, "0" * 64, "f" * 128):
        assert not check_receipt(orjson.dumps(said | {field: odd}), Signer(tmp_path).public).well


def test_the_key_is_the_owners_only_and_outlives_the_keyrings_housekeeping(tmp_path: Path) -> None:
    public = Signer(tmp_path).public
    assert stat.S_IMODE((tmp_path / "receipts.ed25519").stat().st_mode) == 0o600
    keyring = Keyring(tmp_path, ["demo"])
    for years in range(3):
        keyring.refresh(1_795_345_200.0 + years * 365 * 86_400)
    assert Signer(tmp_path).public == public
    assert keyring.troubles == ()
