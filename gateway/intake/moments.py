"""Times as clients write them, as Unix seconds.

May not: read a clock; raise on any input.
"""

from __future__ import annotations

from datetime import datetime, timezone

_MILLISECONDS_FROM = 1e11  # as seconds that is the year 5138
_MICROSECONDS_FROM = 1e14
_LATEST = 1e17

#: A difference to the server's clock that is no wrong clock but the way of the request, and a retry's pause.
#: Why: an event that is sent again shall have the time that it had, to the millisecond (warehouse/load_copies.py).
_WAY_S = 60.0


def read_time(value: object) -> float | None:
    """Unix seconds of ISO 8601 text (without a zone: UTC) or of Unix seconds, milli- or microseconds; None if none."""
    if value.__class__ is str:
        return _read_text(value)
    if value.__class__ is int or value.__class__ is float:
        return _read_number(value)
    return None


def corrected(received_at: float, at: float | None, sent_at: float | None) -> float:
    """When it happened by the server's clock: as long before it was received as it was before it was sent.

    Without `sent_at`, or where the two clocks agree, the client's is believed; without `at` it happened when it was
    received. An event said to happen after it was sent, by a clock that is wrong, happened when it was received.
    """
    if at is None:
        return received_at
    if sent_at is None or abs(received_at - sent_at) <= _WAY_S:
        return at
    return received_at - max(0.0, sent_at - at)


def _read_text(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _read_digits(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)  # noqa: UP017 - datetime.UTC is a lookup more
    return moment.timestamp()


def _read_digits(text: str) -> float | None:
    try:
        return _read_number(float(text)) if len(text) <= 20 else None
    except ValueError:
        return None


def _read_number(number: float) -> float | None:
    if not 0 <= number < _LATEST:
        return None
    if number < _MILLISECONDS_FROM:
        return float(number)
    return number / (1e3 if number < _MICROSECONDS_FROM else 1e6)
