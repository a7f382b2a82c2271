"""What the private port can do beyond answering: verbs that it is handed, since it may touch neither disk nor database.

All of them block; the pages call them on threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from gateway.reports.report import Answer


class Wrong(Exception):
    """What was asked cannot be answered as it stands; `str()` is one sentence, without a value of a person."""


class Unable(Exception):
    """It cannot be answered now, and nothing is lost; `str()` is one sentence that says why."""


class Named(NamedTuple):
    """A person, by one identifier. Personal: it lives as long as the request."""

    site: str
    kind: str
    value: str
    agent: str = ""

    def __repr__(self) -> str:
        return f"<Named by {self.kind}>"


class Powers(Protocol):
    """Each may raise Wrong and Unable."""

    @property
    def sites(self) -> list[str]:
        """Names of the configured sites."""

    def status(self) -> dict[str, Any]:
        """Counts over all processes, and whether the warehouse answers."""

    def metrics(self) -> bytes:
        """Prometheus text, totals over all processes."""

    def report(self, name: str, asked: Mapping[str, str]) -> Answer:
        """A report; `asked` has `site`, `since`, `until` where they were said, and the report's own options."""

    def policies(self) -> list[dict[str, Any]]:
        """The policy of each site: name, version, hash, when it is to be reviewed, for what data is kept how long."""

    def explain(self, site: str, places: list[str], signals: list[str]) -> dict[str, Any]:
        """What a site's policy makes of one hit."""

    def access(self, named: Named) -> dict[str, Any]:
        """All that is held of a person."""

    def erase(self, named: Named) -> dict[str, Any]:
        """`body` and signed `receipt` of an erasure."""

    def receipt(self, request: str) -> str:
        """The signed receipt of an erasure; '' if there is none."""
