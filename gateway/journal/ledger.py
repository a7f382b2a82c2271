"""The chain of one journal's proofs: numbered, hashed and, at the end of each commit group, signed.

May not: look inside a proof; touch the disk but to leave the chain's head in `heads`. Called on the journal's thread.

Rules
    1. A chain is never continued by another life, and never after a group that failed: whether that group's frame is
       left behind, nobody knows, and two entries may not follow one. A new chain begins instead.
    2. The head is written after the group is durable, without a sync of its own. Why: it only says how far the chain
       went at least; a power cut may take that back by a group, and breaks nothing.
Why it is written in place: a rename over the old one costs a millisecond on ext4, which flushes it then.
Measured: 38 µs for the group's signature, 3 µs for each proof; groups without proofs pay nothing.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson

from gateway.journal.signing import Signer
from gateway.proof import GENESIS, Entry, Head, digest_of, hash_of, new_chain, row_of, signed_text
from gateway.words import Proof

_log = logging.getLogger("gateway")

#: Room for a head; a shorter one is filled up with spaces, so that one write replaces all of the one before.
_HEAD_BYTES = 512


class Ledger:
    """Chains proofs. Without a signer the entries are not signed; without `heads` nobody knows where it ended."""

    def __init__(
        self, signer: Signer | None = None, heads: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._signer, self._heads, self._clock = signer, heads, clock
        self._file: int | None = None
        self.begin()

    def begin(self) -> None:
        """Begins a new chain."""
        self._chain = new_chain(self._clock(), os.urandom(16).hex())
        self._seq, self._hash, self._signature = 0, GENESIS, ""
        self._settled = 0
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def chained(self, proofs: Sequence[Proof]) -> list[bytes]:
        """Rows of the stream, in order; the last one is signed."""
        entries = [self._entry(proof) for proof in proofs]
        if self._signer is not None:
            self._signature = self._signer.sign(signed_text(self._chain, self._seq, self._hash))
            entries[-1] = entries[-1]._replace(signature=self._signature)
        return [row_of(entry) for entry in entries]

    def settle(self) -> None:
        """What was chained is durable now: leaves the head outside the warehouse."""
        if self._settled == self._seq or self._heads is None:
            return
        self._settled = self._seq
        head = orjson.dumps(Head(self._chain, self._seq, self._hash, self._signature)._asdict())
        try:
            if self._file is None:
                self._heads.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = os.open(
                    self._heads / f"{self._chain}.json", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600
                )
            os.pwrite(self._file, head.ljust(_HEAD_BYTES), 0)
        except OSError as error:
            _log.warning("The head of the consent ledger could not be written (%s); its chain goes on.", error.strerror)

    def _entry(self, proof: Proof) -> Entry:
        before = self._hash
        self._seq += 1
        self._hash = hash_of(digest_of(proof), self._chain, self._seq, before)
        return Entry(proof, self._chain, self._seq, before, self._hash, "")


def read_heads(folder: Path) -> dict[str, Head]:
    """The heads of all chains of a gateway, those left out that a power cut made unreadable. Raises OSError."""
    heads = [_read_head(file.read_bytes()) for file in sorted(folder.glob("*.json"))]
    return {head.chain: head for head in heads if head is not None}


def _read_head(text: bytes) -> Head | None:
    try:
        said = orjson.loads(text)
        return Head(said["chain"], said["seq"], said["entry_hash"], said["signature"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
