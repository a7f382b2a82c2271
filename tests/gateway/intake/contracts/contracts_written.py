"""Contracts as tests write them: one event, a few properties, everything else as usual."""

from __future__ import annotations

from gateway.intake.contracts import Contracts, read_contracts

USUAL = {
    "version": "1",
    "status": "active",
    "owner": "web",
    "stage": "intent",
    "kind": "micro",
    "purpose": "counting",
    "enforcement": "flag",
    "say": "Something happened here",
}


def entry(name: str, properties: str = "", **clauses: str) -> str:
    """One contract as a line of YAML; a clause that is '' is left out."""
    told = ", ".join(f"{key}: {text}" for key, text in {**USUAL, **clauses}.items() if text)
    return f"  {name}: {{{told}, properties: {{{properties}}}}}"


def written(*entries: str, dictionary: str = "") -> bytes:
    """A file of contracts; the first of them stands on the line after `contracts:`."""
    head = f"properties:\n{dictionary}\n" if dictionary else ""
    return (head + "contracts:\n" + "\n".join(entries) + "\n").encode()


def read(*entries: str, dictionary: str = "") -> Contracts:
    return read_contracts({"tried.yml": written(*entries, dictionary=dictionary)})
