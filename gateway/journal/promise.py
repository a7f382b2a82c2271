"""The future that all hits of one commit share.

May not: be cancelled by one of those who wait for it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.journal.trouble import JournalUnavailable, Trouble


class Promise(asyncio.Future[None]):
    """Done when the group is durable. A waiter's cancellation is that waiter's own, delivered after the commit."""

    def cancel(self, msg: Any | None = None) -> bool:
        return False

    def fail(self, trouble: Trouble) -> None:
        """Tells everyone who waits; that nobody waits is no error."""
        self.set_exception(JournalUnavailable(trouble))
        self.exception()
