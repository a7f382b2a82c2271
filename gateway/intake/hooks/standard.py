"""Standard Webhooks and Svix: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64> v1,<base64>`.

May not: accept a signature of another version, or a time outside of the window.

Signed is `<id>.<timestamp>.<body>`; a secret is base64, usually after `whsec_`. Source: standardwebhooks.com, 1.0.0.
"""

from __future__ import annotations

from base64 import b64decode

from gateway.intake.deliveries import Telling, read_telling
from gateway.intake.hit import Hit, Reading
from gateway.intake.hooks.hook import Kind, Stamp, Terms
from gateway.intake.moments import read_time
from gateway.intake.proofs import is_signed, read_digest

#: Signatures that are looked at. Why: a rotation has two; a forger may send thousands.
_SIGNATURES = 8


def _header(hit: Hit, name: str) -> str:
    return hit.header(f"webhook-{name}".encode()) or hit.header(f"svix-{name}".encode())


def is_genuine(hit: Hit, terms: Terms) -> bool:
    signed = f"{_header(hit, 'id')}.{_header(hit, 'timestamp')}.".encode("latin-1") + hit.body
    told = [part[3:] for part in _header(hit, "signature").split()[:_SIGNATURES] if part.startswith("v1,")]
    return is_signed(terms.secrets, signed, [read_digest(one, "base64") for one in told])


def read_secret(secret: bytes) -> bytes:
    """The bytes that a secret is written for. Raises ValueError."""
    try:
        return b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except ValueError:
        raise ValueError("base64, usually after whsec_") from None


def stamp(hit: Hit, _terms: Terms) -> Stamp:
    """A delivery without a readable time is late by definition."""
    return Stamp(_header(hit, "id"), read_time(_header(hit, "timestamp")) or 0.0)


def read(hit: Hit, terms: Terms) -> Reading:
    """`{"type": …, "timestamp": …, "data": {…}}`"""
    return read_telling(hit, Telling(terms.event, terms.choices), _header(hit, "id"))


KIND = Kind("standard", is_genuine, stamp, read, window_s=300.0, options=("event", "choices"), read_secret=read_secret)
