"""The proof of choice for people: `gateway privacy receipt` shows one, `gateway privacy verify` checks the chains.

May not: show or log an identifier; say what a broken link means beyond what `gateway.proof` found.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import time
from typing import Any, NamedTuple

import orjson
from clickhouse_connect.driver.client import Client

from gateway.configuration import Configuration
from gateway.folders import Folders
from gateway.intake.choices import NOBODY
from gateway.journal.ledger import read_heads
from gateway.journal.signing import Signer, is_signed
from gateway.proof import Broken, Head, Witness, born_at, check_chain, digest_of, hash_of, signed_text
from gateway.warehouse.proofs import Receipt, read_chains, read_waiting

_DAY_S = 86_400


class Checked(NamedTuple):
    """What the check of all chains found."""

    entries: int
    chains: int
    broken: list[Broken]

    def sentences(self) -> Iterator[str]:
        """A line per broken chain, or one that says that all is well."""
        for link in self.broken:
            where = f" (receipt {link.entry_id})" if link.entry_id else ""
            yield f"BROKEN  entry {link.seq} of chain {link.chain}{where} of the consent ledger: {link.sentence}"
        if not self.broken:
            yield (
                f"ok    {self.entries:,} proofs of choice in {self.chains:,} chains, each linked to the one before "
                "and covered by a signature"
            )


def check_ledger(client: Client, folders: Folders, configuration: Configuration) -> Checked:
    """Every chain, in the warehouse and in the journal of these folders. Raises WarehouseError and OSError."""
    heads = read_heads(folders.ledger) if folders.ledger.is_dir() else {}
    waiting = read_waiting(folders.journal) if folders.journal.is_dir() else []
    key, now = Signer(folders.keys).public, time()
    found, entries, broken = 0, 0, []
    for chain, links in read_chains(client, waiting):
        witness = Witness(now, lambda text, signature: is_signed(text, signature, key), heads.pop(chain, None))
        verdict = check_chain(links, witness)
        found += 1
        if isinstance(verdict, Broken):
            broken.append(verdict)
        else:
            entries += verdict.entries
    broken += [_gone(head) for head in heads.values() if not _has_expired(head, configuration, now)]
    return Checked(entries, found, broken)


def _gone(head: Head) -> Broken:
    return Broken(head.chain, 1, f"it is gone, and all up to entry {head.seq}")


def _has_expired(head: Head, configuration: Configuration, now: float) -> bool:
    """Whether all entries of a chain may be past their retention."""
    days = min(site.policy.clauses.keep.proof_days for site in configuration.sites.all)
    return born_at(head.chain) + days * _DAY_S < now


def receipt_json(receipt: Receipt, key: str) -> dict[str, Any]:
    """The receipt as anybody can check it: sha256(proof) leads, entry by entry, to what the key signed."""
    entry, signed = receipt.entry, receipt.signed
    return {
        "receipt": orjson.loads(entry.proof),
        "proof": entry.proof.decode(),
        "chain": entry.chain,
        "seq": entry.seq,
        "prev_hash": entry.prev_hash,
        "entry_hash": entry.entry_hash,
        "digests_of_following_proofs": receipt.digests,
        "signed": {"seq": signed.seq, "entry_hash": signed.entry_hash, "signature": signed.signature},
        "key": key,
        "genuine": is_genuine(receipt, key),
    }


def is_genuine(receipt: Receipt, key: str) -> bool:
    """Whether the entry is what was signed."""
    entry, signed = receipt.entry, receipt.signed
    hashed = entry.prev_hash
    for seq, digest in enumerate((digest_of(entry.proof), *receipt.digests), entry.seq):
        hashed = hash_of(digest, entry.chain, seq, hashed)
    return hashed == signed.entry_hash and is_signed(
        signed_text(signed.chain, signed.seq, signed.entry_hash), signed.signature, key
    )


def receipt_sentences(receipt: Receipt, key: str) -> Iterator[str]:
    """The receipt for a person to read."""
    entry = receipt.entry
    said = orjson.loads(entry.proof)
    yield f"Receipt {said['entry_id']}, site {said['site']}: {_ACTIONS[said['action']]}"
    if said["subject"] == NOBODY:
        yield "  who       nobody's: a no without a yes before leads to nobody, nor to a time of day"
        yield f"  when      on {said['received_at'][:10]} (UTC)"
    else:
        yield f"  who       {said['subject']} (a keyed pseudonym that only the ledger has)"
        yield f"  when      decided {said['decided_at']}, received {said['received_at']}"
    for label, name in (("before", "before"), ("yes to", "yes"), ("no to", "no"), ("allowed", "allowed")):
        yield f"  {label:9} {', '.join(said[name]) or 'nothing'}"
    yield f"  said in   {said['source']}" + (
        f", its text has the keyed hash {said['text_hash']}" * bool(said["text_hash"])
    )
    yield f"  notice    {said['notice'] or 'no version was told'}"
    yield f"  policy    {said['policy']}, region {said['region']}"
    yield f"  kept      until {said['expires_at']}"
    yield f"  proof     entry {entry.seq} of chain {entry.chain}, hash {entry.entry_hash}"
    genuine = "genuine" if is_genuine(receipt, key) else "NOT GENUINE: it was changed, or signed with another key"
    yield f"  signed    by the Ed25519 key {key} at entry {receipt.signed.seq}: {genuine}"


_ACTIONS = {
    "given": "consent was given.",
    "changed": "consent was changed.",
    "withdrawn": "consent was withdrawn.",
    "refused": "consent was refused.",
}
