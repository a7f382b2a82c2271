"""Typeform: `Typeform-Signature: sha256=<base64 of HMAC-SHA-256 over the body>`; one event per answer.

May not: take an answer that somebody wrote (text, e-mail, phone, file), or an editor's texts beyond the choices.

Consent and identity come with hidden fields, which the page fills from its address: `gateway_consent` (our consent
object as JSON text), `client_id`, `user_id`, `utm_source`, `utm_medium`, `utm_campaign`.
Source: typeform.com developers, secure your webhooks; facts on the protocols, 9. Redeliveries keep `event_id`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.intake.deliveries import (
    CONSENT_FIELD,
    answer_event,
    code,
    put_sender,
    read_object,
    taken,
    unreadable,
)
from gateway.intake.hit import Event, Hit, Reading
from gateway.intake.hooks.hook import DAY_S, Kind, Stamp, Terms
from gateway.intake.jsonbody import admit_all, mapping, text
from gateway.intake.moments import read_time
from gateway.intake.proofs import is_signed, read_digest
from gateway.words import Refusal

_CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign")


def is_genuine(hit: Hit, terms: Terms) -> bool:
    told = hit.header(b"typeform-signature")
    return told.startswith("sha256=") and is_signed(terms.secrets, hit.body, [read_digest(told[7:], "base64")])


def stamp(hit: Hit, _terms: Terms) -> Stamp:
    body = read_object(hit)
    response = mapping(body.get("form_response"))
    return Stamp(text(body.get("event_id")) or text(response.get("token")), read_time(response.get("submitted_at")))


def read(hit: Hit, _terms: Terms) -> Reading:
    """The answers of a response."""
    body = read_object(hit)
    response = mapping(body.get("form_response"))
    if not response:
        return unreadable(hit)
    fields = mapping(response.get("hidden"))
    at = read_time(response.get("submitted_at"))
    reading = Reading(answer=taken())
    listed = response.get("answers")
    for answer in admit_all(listed if isinstance(listed, list) else [], hit.body, reading.refusals):
        for number, event in enumerate(_answers(text(response.get("form_id")), answer)):
            event.at = hit.received_at if at is None else at
            event.event_id = f"{text(body.get('event_id'))}:{text(mapping(answer.get('field')).get('id'))}:{number}"
            event.client_id, event.user_id = text(fields.get("client_id")), text(fields.get("user_id"))
            event.properties |= {name: said for name in _CAMPAIGN if (said := text(fields.get(name)))}
            reading.events.append(put_sender(event, fields.get(CONSENT_FIELD)))
    if not reading.events and not reading.refusals:
        reading.refusals.append(Refusal.NO_EVENTS)
    return reading


def _answers(form: str, answer: dict[str, Any]) -> Iterator[Event]:
    field = mapping(answer.get("field"))
    question = text(field.get("ref")) or text(field.get("id"))
    for value in _values(answer):
        if (event := answer_event(form, question, value)) is not None:
            yield event


def _values(answer: dict[str, Any]) -> list[object]:
    """Numbers, truths and the labels of choices; a choice of one's own words (`other`) is nobody's code."""
    kind = text(answer.get("type"))
    if kind in ("number", "boolean"):
        return [answer.get(kind)]
    choice = mapping(answer.get("choice"))
    if choice:
        return [code(choice.get("label"), choice.get("ref"), choice.get("id"))]
    labels = mapping(answer.get("choices")).get("labels") if kind == "choices" else None
    return [code(label) for label in labels] if isinstance(labels, list) else []


KIND = Kind("typeform", is_genuine, stamp, read, window_s=3 * DAY_S)
