"""One file per destination, one table. Adding one is one new file and one line here.

A forwarder translates rows that were minimised for its destination; it decides nothing about consent.
"""

from __future__ import annotations

from gateway.forwarders import ga4
from gateway.forwarders.forwarder import Forwarder, Request, Row

__all__ = ["FORWARDERS", "Forwarder", "Request", "Row"]

#: Every kind of destination, by the word that gateway.yml uses.
FORWARDERS: dict[str, Forwarder] = {forwarder.name: forwarder for forwarder in (ga4.FORWARDER,)}
