"""One file per protocol, one table. Adding a protocol is one new file, one line here, one folder of recorded hits.

An adapter reads; it decides nothing, strips nothing, and never raises: what it cannot read becomes a `Refusal`.
"""

from __future__ import annotations
