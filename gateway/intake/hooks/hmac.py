"""Any tool that signs its body with HMAC: OpnForm, GitHub's `X-Hub-Signature-256`, one's own servers.

May not: fall back to another header or encoding than the configured one.

`{kind: hmac, secret: …, header: x-webhook-signature, encoding: hex, prefix: sha256=}`; with `timestamp_header` the
signed bytes are `<timestamp>.<body>`; set `window` then, five minutes are usual.
"""

from __future__ import annotations

from gateway.intake.deliveries import Telling, body_id, read_telling
from gateway.intake.hit import Hit, Reading
from gateway.intake.hooks.hook import DAY_S, Kind, Stamp, Terms
from gateway.intake.moments import read_time
from gateway.intake.proofs import is_signed, read_digest


def is_genuine(hit: Hit, terms: Terms) -> bool:
    told = hit.header(terms.header)
    if not told.startswith(terms.prefix):
        return False
    digest = read_digest(told[len(terms.prefix) :], terms.encoding)
    return is_signed(terms.secrets, _signed(hit, terms), [digest], terms.algorithm)


def _signed(hit: Hit, terms: Terms) -> bytes:
    if not terms.timestamp_header:
        return hit.body
    return hit.header(terms.timestamp_header).encode("latin-1") + b"." + hit.body


def stamp(hit: Hit, terms: Terms) -> Stamp:
    """A delivery without a readable time is late where one is asked for."""
    if not terms.timestamp_header:
        return Stamp(body_id(hit))
    return Stamp(body_id(hit), read_time(hit.header(terms.timestamp_header)) or 0.0)


def read(hit: Hit, terms: Terms) -> Reading:
    """Whatever the tool says: see `gateway.intake.deliveries`."""
    return read_telling(hit, Telling(terms.event, terms.choices), body_id(hit))


_OPTIONS = ("header", "encoding", "prefix", "algorithm", "timestamp_header", "event", "choices")

KIND = Kind("hmac", is_genuine, stamp, read, window_s=7 * DAY_S, options=_OPTIONS)
