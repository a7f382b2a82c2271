"""The chain of proofs: whatever is touched, the first broken link is named; a receipt leads to a signature."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from gateway.commands.privacy_proof import is_genuine, receipt_json
from gateway.journal.ledger import Ledger, read_heads
from gateway.journal.signing import Signer, is_signed
from gateway.journal.yes_sayers import YesSayers
from gateway.proof import COLUMNS, Broken, Entry, Sound, Witness, check_chain, digest_of, read_row, write_proof
from gateway.warehouse.proofs import Receipt

_NOW = 1_795_345_201.0


def proof(number: int) -> dict[str, object]:
    texts: dict[str, object] = dict.fromkeys(COLUMNS, "x")
    times = {"decided_at": "2026-11-22T10:00:00.000Z", "received_at": "2026-11-22T10:00:00.000Z"}
    return texts | times | {"expires_at": "2031-11-21T00:00:00Z", "entry_id": f"{number:032x}", "yes": ["analytics"]}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Signer(tmp_path / "keys"), tmp_path / "heads", lambda: _NOW)


@pytest.fixture
def entries(ledger: Ledger) -> list[Entry]:
    """Six entries in groups of one, three and two."""
    rows: list[bytes] = []
    for group in ((1,), (2, 3, 4), (5, 6)):
        rows += ledger.chained([write_proof(proof(number)) for number in group])
        ledger.settle()
    return [read_row(row) for row in rows]


@pytest.fixture
def witness(tmp_path: Path, entries: list[Entry]) -> Witness:
    key = Signer(tmp_path / "keys").public
    return Witness(
        _NOW, lambda text, signature: is_signed(text, signature, key), read_heads(tmp_path / "heads").popitem()[1]
    )


def test_a_chain_as_it_was_written_is_sound_and_the_last_of_each_group_is_signed(
    entries: list[Entry], witness: Witness
) -> None:
    assert check_chain(entries, witness) == Sound(entries[0].chain, 6)
    assert [bool(entry.signature) for entry in entries] == [True, False, False, True, False, True]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("at", range(6))
def test_any_change_of_any_column_of_any_entry_is_named(
    entries: list[Entry], witness: Witness, at: int, column: str
) -> None:
    said = orjson.loads(entries[at].proof)
    said[column] = ["ad_targeting"] if column == "yes" else "2026-11-22T10:00:01.000Z"
    entries[at] = entries[at]._replace(proof=write_proof(said))
    broken = check_chain(entries, witness)
    assert isinstance(broken, Broken)
    assert (broken.seq, "it was changed" in broken.sentence) == (at + 1, True)


@pytest.mark.parametrize("at", range(6))
def test_an_entry_that_is_gone_is_named_wherever_it_was(entries: list[Entry], witness: Witness, at: int) -> None:
    broken = check_chain(entries[:at] + entries[at + 1 :], witness)
    assert isinstance(broken, Broken)
    assert (broken.seq, "gone" in broken.sentence) == ((at + 1 if at else 2), True)


def test_two_entries_that_changed_places_are_named(entries: list[Entry], witness: Witness) -> None:
    entries[2], entries[3] = entries[3]._replace(seq=3), entries[2]._replace(seq=4)
    broken = check_chain(entries, witness)
    assert isinstance(broken, Broken)
    assert broken.seq == 3


def test_a_chain_made_anew_with_another_key_or_with_none_is_no_proof(
    entries: list[Entry], witness: Witness, tmp_path: Path
) -> None:
    for signer, sentence in ((Signer(tmp_path / "other"), "its signature is not"), (None, "no signature covers it")):
        forged = [read_row(row) for row in Ledger(signer).chained([entry.proof for entry in entries])]
        broken = check_chain(forged, witness._replace(head=None))
        assert isinstance(broken, Broken)
        assert sentence in broken.sentence


def test_entries_before_may_be_gone_only_when_their_time_is_over(entries: list[Entry], witness: Witness) -> None:
    five_years = 5 * 365 * 86_400
    assert isinstance(check_chain(entries[3:], witness), Broken)
    assert check_chain(entries[3:], witness._replace(now=_NOW + five_years)) == Sound(entries[0].chain, 3)


def test_a_group_that_failed_begins_another_chain(ledger: Ledger) -> None:
    first = read_row(ledger.chained([write_proof(proof(1))])[0])
    ledger.begin()
    second = read_row(ledger.chained([write_proof(proof(2))])[0])
    assert (first.chain != second.chain, first.seq, second.seq) == (True, 1, 1)


@pytest.mark.parametrize(("at", "signed"), [(0, 0), (1, 3), (2, 3), (3, 3), (4, 5)])
def test_a_receipt_leads_to_the_signature_without_the_proofs_of_others(
    entries: list[Entry], tmp_path: Path, at: int, signed: int
) -> None:
    key = Signer(tmp_path / "keys").public
    digests = tuple(digest_of(entry.proof) for entry in entries[at + 1 : signed + 1])
    receipt = Receipt(entries[at], digests, entries[signed])
    assert is_genuine(receipt, key)
    assert entries[signed].proof.decode() not in orjson.dumps(receipt_json(receipt, key)).decode() or at == signed
    touched = write_proof(proof(99))
    assert not is_genuine(receipt._replace(entry=entries[at]._replace(proof=touched)), key)
    assert not is_genuine(receipt, Signer(tmp_path / "other").public)


def test_who_said_yes_is_known_to_another_process_and_strangers_are_not(tmp_path: Path) -> None:
    one, other = YesSayers(tmp_path), YesSayers(tmp_path)
    people = [digest_of(write_proof(proof(number)))[:32] for number in range(4000)]
    for person in people[:2000]:
        one.add(person)
    assert all(person in other for person in people[:2000])
    assert not any(person in other for person in people[2000:])
