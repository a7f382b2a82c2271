"""Contracts: what each event means and what it may carry, as YAML files in git, compiled before the first hit.

May not: be loosened by a hit. Only what a contract lists survives; for the rest only its count does.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from gateway.intake.contracts.contract import Contract, Contracts
from gateway.intake.contracts.read import read_contracts
from gateway.intake.contracts.words import Checked, ContractError, Verdict

__all__ = [
    "Checked",
    "Contract",
    "ContractError",
    "Contracts",
    "Verdict",
    "read_contracts",
    "starter_contracts",
]


def starter_contracts() -> Mapping[str, bytes]:
    """The retail starter set, file name -> text; part of the program, like its code."""
    folder = files("gateway.intake.contracts") / "starter"
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir(), key=lambda file: file.name)}
