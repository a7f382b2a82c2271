"""What every client sent and what became of it, printed as a table when pytest ends.

May not: judge; the tests do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Account:
    """One client's sums over all its visits."""

    version: str
    sent: int = 0
    facts: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


class Ledger:
    """Accounts by client, in the order in which they were first heard of."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}

    def enter(self, client: str, version: str, sent: int, facts: int, refusals: Mapping[str, int]) -> None:
        account = self.accounts.setdefault(client, Account(version))
        account.sent += sent
        account.facts += facts
        account.refusals.update(refusals)

    def table(self) -> Iterator[str]:
        """Lines; none where nothing was entered."""
        if self.accounts:
            yield f"{'client':45} {'version':10} {'sent':>5} {'facts':>5} {'refused':>7}  reasons"
        for client, account in self.accounts.items():
            reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(account.refusals.items()))
            refused = account.refusals.total()
            yield f"{client:45} {account.version:10} {account.sent:5} {account.facts:5} {refused:7}  {reasons}"
