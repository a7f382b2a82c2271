"""Qualtrics event subscriptions: a form `Topic=…&HMAC=…&MSG=<JSON>`, signed when subscribed with a shared key.

May not: fetch the answers, which a delivery only names.

HMAC-SHA-512 in hexadecimal over `MSG` as decoded once from the form. The message says which response to which survey
was completed; it has no place for consent, so policy lets through what it allows always.
Source: Qualtrics API, create subscription; community.qualtrics.com, HMAC signatures, a captured form of 2020.
"""

from __future__ import annotations

from gateway.intake.deliveries import put_sender, taken
from gateway.intake.hit import Event, Hit, Reading
from gateway.intake.hooks.hook import DAY_S, Kind, Stamp, Terms
from gateway.intake.jsonbody import mapping, read_json, text
from gateway.intake.proofs import is_signed, read_digest
from gateway.intake.urlencoded import read_query
from gateway.words import Refusal


def is_genuine(hit: Hit, terms: Terms) -> bool:
    form = read_query(hit.body)
    message = form.get("MSG", "").encode("utf-8", "surrogatepass")
    return bool(message) and is_signed(terms.secrets, message, [read_digest(form.get("HMAC", ""))], "sha512")


def stamp(hit: Hit, _terms: Terms) -> Stamp:
    """`CompletedDate` has no zone, so it is no time to be late by."""
    message = _message(hit)
    return Stamp(f"{text(message.get('ResponseID'))}:{text(message.get('Status'))}")


def read(hit: Hit, _terms: Terms) -> Reading:
    """A survey that was completed."""
    message = _message(hit)
    survey = text(message.get("SurveyID"))
    if not survey:
        return Reading(refusals=[Refusal.BODY_UNREADABLE], answer=taken())
    event = Event("quiz_complete", hit.received_at, text(message.get("ResponseID")), properties={"quiz_id": survey})
    return Reading(events=[put_sender(event, None)], answer=taken())


def _message(hit: Hit) -> dict[str, object]:
    return mapping(read_json(read_query(hit.body).get("MSG", "").encode("utf-8", "replace")))


KIND = Kind("qualtrics", is_genuine, stamp, read, window_s=7 * DAY_S)
