"""Survicate: `Hmac: <HMAC-SHA-256 over the body>`, and `Token:` in plain beside it; one event per answer.

May not: take a comment, or an answer that is no choice and no number.

Consent comes with the respondent's attribute `gateway_consent`. The digest's writing is not documented: hexadecimal
and base64 are both read. Source: developers.survicate.com/webhooks/security; facts on the protocols, 9.
"""

from __future__ import annotations

from typing import Any

from gateway.intake.deliveries import (
    CONSENT_FIELD,
    answer_event,
    code,
    named,
    put_sender,
    read_object,
    taken,
    unreadable,
)
from gateway.intake.hit import Hit, Reading
from gateway.intake.hooks.hook import DAY_S, Kind, Stamp, Terms
from gateway.intake.jsonbody import mapping, text
from gateway.intake.moments import read_time
from gateway.intake.proofs import is_same, is_signed, read_digest
from gateway.words import Refusal


def is_genuine(hit: Hit, terms: Terms) -> bool:
    """Both proofs where both are configured; neither shows which one failed."""
    is_right = is_signed(terms.secrets, hit.body, [read_digest(hit.header(b"hmac"), "either")])
    return is_right & (not terms.token or is_same([terms.token], hit.header(b"token")))


def stamp(hit: Hit, _terms: Terms) -> Stamp:
    body = read_object(hit)
    return Stamp(text(body.get("messageId")), read_time(_told(body).get("timestamp")))


def read(hit: Hit, _terms: Terms) -> Reading:
    """The answer of a `questionAnswered`; what tells of no answer is counted as no event."""
    body = read_object(hit)
    told = _told(body)
    if not told:
        return unreadable(hit)
    reading = Reading(answer=taken())
    event = answer_event(text(mapping(told.get("survey")).get("id")), text(_question(told).get("id")), _value(told))
    if event is None:
        reading.refusals.append(Refusal.NOT_AN_EVENT)
        return reading
    at, respondent = read_time(told.get("timestamp")), mapping(told.get("respondent"))
    event.at = hit.received_at if at is None else at
    event.event_id = text(body.get("messageId"))
    event.client_id = text(respondent.get("uuid"))
    event.page_url = text(told.get("url"))
    reading.events.append(put_sender(event, named(respondent.get("attributes"), CONSENT_FIELD)))
    return reading


def _told(body: dict[str, Any]) -> dict[str, Any]:
    """What the one entry of `event` holds, whatever it is called."""
    event = mapping(body.get("event"))
    return mapping(next(iter(event.values()), None))


def _question(told: dict[str, Any]) -> dict[str, Any]:
    return mapping(told.get("question"))


def _value(told: dict[str, Any]) -> object:
    """The choice's label as a code, or the number that was chosen."""
    if choice := mapping(told.get("choice")):
        return code(choice.get("body"), choice.get("id"))
    value = told.get("answer", told.get("value"))
    return value if isinstance(value, (int, float)) else None


KIND = Kind("survicate", is_genuine, stamp, read, window_s=3 * DAY_S, options=("token",))
