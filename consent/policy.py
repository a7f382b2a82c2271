"""A policy's text to a compiled policy: read, refuse gaps and contradictions, run its examples.

May not: open a file or read a clock. Format and semantics: see the starter policies, which explain themselves.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from consent.clauses.destinations import read_destinations
from consent.clauses.examples import read_examples
from consent.clauses.fields import read_fields, read_keep, read_people
from consent.clauses.head import HEAD_KEYS, read_head, read_purposes
from consent.clauses.marked import Node, PolicyError, read_marked
from consent.clauses.regions import read_regions
from consent.clauses.signals import read_signals_clause
from consent.clauses.words import Clauses
from consent.compile import compile_policy
from consent.compiled import Policy
from consent.examples import check_examples

__all__ = ["Policy", "PolicyError", "read_clauses", "read_policy"]

SECTIONS = ("purposes", "regions", "signals", "people", "fields", "keep_for", "destinations", "examples")


def read_policy(text: bytes, file: str = "policy.yml") -> Policy:
    """Raises `PolicyError` with file, line and one plain sentence, also when an example fails."""
    policy = compile_policy(read_clauses(text, file), hash_text(text))
    check_examples(policy)
    return policy


def hash_text(text: bytes) -> str:
    """What identifies a policy: the first 16 hex digits of the SHA-256 of its text."""
    return hashlib.sha256(text).hexdigest()[:16]


def read_clauses(text: bytes, file: str = "policy.yml") -> Clauses:
    """What the policy says, without running its examples. Raises `PolicyError`."""
    top = read_marked(text, file).keyed("the policy", (*HEAD_KEYS, *SECTIONS))
    clauses = _read_sections(top, file)
    return _with_examples(clauses, top["examples"])


def _read_sections(top: dict[str, Node], file: str) -> Clauses:
    purposes = read_purposes(top["purposes"])
    regions = read_regions(top["regions"], purposes)
    names, places = [p.name for p in purposes], [r.name for r in regions]
    return Clauses(
        file=file,
        head=read_head(top),
        purposes=purposes,
        regions=regions,
        signals=read_signals_clause(top["signals"], names, places),
        people=read_people(top["people"], purposes),
        fields=read_fields(top["fields"], purposes),
        keep=read_keep(top["keep_for"], purposes),
        destinations=read_destinations(top["destinations"], purposes),
        examples=(),
    )


def _with_examples(clauses: Clauses, node: Node) -> Clauses:
    return replace(clauses, examples=read_examples(node, clauses))
