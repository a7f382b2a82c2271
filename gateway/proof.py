"""Proof of choice: the text of one change of choice, the chain it is an entry of, and where a chain is broken. Pure.

May not: touch a disk, a clock or the warehouse; hold a key.

Rules
    1. A proof is canonical text: the same columns in the same order, so that the warehouse's row gives the same bytes.
    2. An entry's hash covers its proof, its chain, its place in it and the hash before it: nothing can be changed,
       moved, left out in the middle or put in between without breaking a link.
    3. A chain is the life of one journal: it begins with the process and ends with it, however it ends. So no kill, no
       second worker and no lost disk can make two entries follow one.
    4. The last entry of each commit group is signed, and with it all entries before it. What a life signed last also
       lies in the gateway's own folder, outside the warehouse: a chain cannot be cut short there unseen.
Why hash chain and signature: the chain shows which entry was touched; the signature, that it was not made anew.
Source: GDPR Art. 7(1); facts consent-signals R13, R14; fields after ISO/IEC TS 27560.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from gateway.words import Proof

#: What is proven, in the order of the text. Meanings: migrations/0006_ledger.sql.
COLUMNS = (
    *("site", "entry_id", "decided_at", "received_at", "subject", "action", "before", "yes", "no", "allowed"),
    *("source", "text_hash", "notice", "policy", "region", "expires_at"),
)

#: The hash before the first entry of a chain.
GENESIS = "0" * 64

#: Beginning of a chain's name: 12 hexadecimal digits of milliseconds since 1970.
_BORN_DIGITS = 12


class Entry(NamedTuple):
    """One entry as it stands in the warehouse or the journal. `signature` is '' but on the last one of a group."""

    proof: Proof
    chain: str
    seq: int
    prev_hash: str
    entry_hash: str
    signature: str

    @property
    def entry_id(self) -> str:
        """The identity of the receipt, as the proof tells it."""
        return str(orjson.loads(self.proof)["entry_id"])


class Head(NamedTuple):
    """What a chain ended with when it was last signed, as it lies outside the warehouse."""

    chain: str
    seq: int
    entry_hash: str
    signature: str


class Broken(NamedTuple):
    """The first broken link of a chain, and a sentence that says how. `entry_id` is '' where the entry is gone."""

    chain: str
    seq: int
    sentence: str
    entry_id: str = ""


class Sound(NamedTuple):
    """A chain without a broken link, and its entries; a signature covers all of them."""

    chain: str
    entries: int


#: Whether a signature is ours: (text, signature) -> bool.
IsSigned = Callable[[bytes, str], bool]


def write_proof(fields: Mapping[str, object]) -> Proof:
    """The canonical text. Needs every column; times are ISO 8601 with Z, UUIDs 32 hexadecimal digits."""
    return Proof(orjson.dumps({name: fields[name] for name in COLUMNS}))


def new_chain(at: float, random_hex: str) -> str:
    """A name for a chain, 32 hexadecimal digits: when it was born, and 80 random bits."""
    return f"{int(at * 1000):0{_BORN_DIGITS}x}{random_hex[:20]}"


def digest_of(proof: Proof) -> str:
    """What a proof has in the hash of its entry, 64 hexadecimal digits. Why: a receipt shows those of other people."""
    return hashlib.sha256(proof).hexdigest()


def hash_of(digest: str, chain: str, seq: int, prev_hash: str) -> str:
    """The hash of an entry, 64 hexadecimal digits; `digest` is that of its proof."""
    return hashlib.sha256(f"{chain} {seq} {prev_hash} {digest}".encode()).hexdigest()


def signed_text(chain: str, seq: int, entry_hash: str) -> bytes:
    """What a signature is over."""
    return f"edge-tracking-gateway/1 ledger {chain} {seq} {entry_hash}".encode()


def row_of(entry: Entry) -> bytes:
    """The entry as the journal holds it and ClickHouse reads it."""
    link = orjson.dumps({name: getattr(entry, name) for name in Entry._fields[1:]})
    return entry.proof[:-1] + b"," + link[1:]


def read_row(row: bytes | Mapping[str, Any]) -> Entry:
    """An entry from the journal's text or from columns of the same names and forms."""
    said = orjson.loads(row) if isinstance(row, bytes) else row
    return Entry(write_proof(said), *(said[name] for name in Entry._fields[1:]))


class Witness(NamedTuple):
    """What a chain is checked against: when, which signatures are ours, and what its life signed last, if known."""

    now: float
    is_signed: IsSigned
    head: Head | None = None


def check_chain(entries: Iterable[Entry], witness: Witness) -> Sound | Broken:
    """One chain, its entries in order of `seq`, at least one. The first broken link, or what was checked."""
    last, unsigned, count = None, 0, 0
    for entry in entries:
        sentence = _break_of(entry, last, witness)
        if sentence:
            seq = entry.seq if last is None else last.seq + 1
            return Broken(entry.chain, seq, sentence, entry.entry_id if entry.seq == seq else "")
        count += 1
        unsigned = 0 if entry.signature else unsigned + 1
        last = entry
    assert last is not None
    return _cut_short(last, unsigned, witness) or Sound(last.chain, count)


def _break_of(entry: Entry, before: Entry | None, witness: Witness) -> str:
    if before is None and entry.seq != 1 and not _may_have_expired(entry, witness.now):
        return "all entries before it are gone"
    if before is not None and entry.seq == before.seq:
        return "there is a second entry beside the one before it"
    if before is not None and entry.seq != before.seq + 1:
        return "it is gone"
    if entry.prev_hash != _expected(entry, before):
        return "it does not name the entry before it"
    if hash_of(digest_of(entry.proof), entry.chain, entry.seq, entry.prev_hash) != entry.entry_hash:
        return "it was changed after it was written: its text does not give its hash"
    if entry.signature and not witness.is_signed(_signed(entry), entry.signature):
        return "its signature is not this gateway's"
    return ""


def _expected(entry: Entry, before: Entry | None) -> str:
    if before is not None:
        return before.entry_hash
    return GENESIS if entry.seq == 1 else entry.prev_hash


def _cut_short(last: Entry, unsigned: int, witness: Witness) -> Broken | None:
    """A chain that ends before what its life signed last, or in entries that nobody signed."""
    head = witness.head
    if head is not None and head.seq > last.seq and witness.is_signed(_signed(head), head.signature):
        return Broken(last.chain, last.seq + 1, f"it is gone, and all up to entry {head.seq}")
    if unsigned:
        return Broken(last.chain, last.seq - unsigned + 1, "no signature covers it")
    return None


def _signed(link: Entry | Head) -> bytes:
    return signed_text(link.chain, link.seq, link.entry_hash)


def _may_have_expired(first: Entry, now: float) -> bool:
    """Whether entries before this one can have reached their end: the chain is as old as proofs are kept."""
    said = orjson.loads(first.proof)
    kept_s = _at(said["expires_at"]) - _at(said["received_at"])
    return born_at(first.chain) + kept_s <= now


def _at(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def born_at(chain: str) -> float:
    """When a chain began, in Unix seconds."""
    return int(chain[:_BORN_DIGITS], 16) / 1000
