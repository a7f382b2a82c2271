"""What webhooks have in common once they are proven: answers of surveys, consent blocks, tools of no fixed shape.

May not: know a source or its signature; take free text; guess that an answer is a choice.

A tool of no fixed shape tells one event, `{"event" or "type": …, "data" or "response": {…}}`:
    name        what the site calls it, else `event`, `type`, `event_type`; survey tools' names are `survey_answer`
    properties  scalars of the body and of its one inner object
    ids         `client_id`, `user_id`; consent: `consent`, an object of ours; in the body or in its inner object
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from gateway.intake.hit import Answer, Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, statement, text
from gateway.intake.moments import read_time
from gateway.intake.vocabulary import event_name, put_bare_id, read_properties, snake
from gateway.words import Refusal

#: Where a consent object of ours may ride in a source's own fields: a hidden field, an attribute, a note.
CONSENT_FIELD = "gateway_consent"

_CODE_LIMIT_CHARS = 60

#: Where tools put what the event is about.
_INNER = ("data", "response", "payload", "properties")

#: What survey tools call an answer. Keys are normalised names.
_ANSWERS = frozenset(
    ("survey_answer", "survey.completed", "survey_completed", "survey_response", "survey.response",
     "response.created", "response_created", "response.completed", "response_received", "poll_answered")
)  # fmt: skip

#: What survey tools call the parts of one.
_PARTS = {"score": "rating", "nps": "rating", "survey_id": "quiz_id", "poll_id": "quiz_id", "poll": "quiz_id"}

#: Parts of the envelope, which are no properties.
_ENVELOPE = frozenset(
    ("event", "type", "event_type", "id", "_id", "event_id", "message_id", "timestamp", "created_at", "consent",
     "client_id", "user_id", CONSENT_FIELD)
)  # fmt: skip

#: Ids that are a delivery's own. Why not `id`: it is often that of a thing, of which several events tell.
_DELIVERY_IDS = ("event_id", "message_id", "messageId", "delivery_id")


def taken() -> Answer:
    """What every source takes for success."""
    return Answer(200, b"ok", b"text/plain")


def read_object(hit: Hit) -> dict[str, Any]:
    """The body's JSON object, an empty one where it is none."""
    return mapping(read_json(hit.body))


def unreadable(hit: Hit) -> Reading:
    """A genuine delivery that cannot be read: taken, because sending it again mends nothing."""
    found = read_json(hit.body)
    return Reading(refusals=[found if isinstance(found, Refusal) else Refusal.BODY_UNREADABLE], answer=taken())


def body_id(hit: Hit) -> str:
    """The id that a body gives its delivery, else the body's own digest: both are under the signature."""
    body = read_object(hit)
    own = next((said for name in _DELIVERY_IDS if (said := text(body.get(name)))), "")
    return own or sha256(hit.body).hexdigest()


def put_sender(event: Event, consent: object) -> Event:
    """The event as a server's: nothing of the server is the visitor's, and its consent is what the block says."""
    event.address = event.user_agent = ""
    event.statements = () if consent is None else (statement("own", consent),)
    return event


def answer_event(form: str, question: str, value: object) -> Event | None:
    """One answer to a survey; None where it is no number, truth or code: free text is never taken."""
    found: dict[str, Any] = {"quiz_id": form, "question_id": question}
    if isinstance(value, bool):
        found["answer"] = "yes" if value else "no"
    elif isinstance(value, (int, float)):
        found["rating"] = value
    elif isinstance(value, str) and value:
        found["answer"] = value
    else:
        return None
    return Event("survey_answer", 0.0, properties={name: said for name, said in found.items() if said != ""})


def code(*labels: object) -> str:
    """The first label that makes one, written by the survey's editor, as a code: `Sehr schön!` -> `sehr_schon`."""
    for label in labels:
        plain = unicodedata.normalize("NFKD", text(label).replace("ß", "ss")).encode("ascii", "ignore").decode()
        if made := snake(plain)[:_CODE_LIMIT_CHARS]:
            return made
    return ""


def named(entries: object, name: str) -> object:
    """The value of one entry of `[{"name": …, "value": …}]`, None if there is none."""
    listed = entries if isinstance(entries, list) else []
    return next((mapping(entry).get("value") for entry in listed if mapping(entry).get("name") == name), None)


class Telling(NamedTuple):
    """What a site says of a tool: what its deliveries are called ('' as it calls them), whether answers are choices."""

    event: str
    choices: bool


def read_telling(hit: Hit, told: Telling, delivery: str) -> Reading:
    """The one event of a body."""
    body, reading = read_object(hit), Reading(answer=taken())
    if not body:
        return unreadable(hit)
    for admitted in admit_all([body], hit.body, reading.refusals):
        event = _event(admitted, told)
        if event is None:
            reading.refusals.append(Refusal.EVENT_UNREADABLE)
            continue
        at = read_time(body.get("timestamp") or body.get("created_at"))
        event.at, event.event_id = hit.received_at if at is None else at, delivery
        reading.events.append(event)
    return reading


def _event(body: dict[str, Any], told: Telling) -> Event | None:
    inner = next((found for name in _INNER if (found := mapping(body.get(name)))), {})
    name = told.event or next((n for part in ("event", "type", "event_type") if (n := event_name(body.get(part)))), "")
    if not name:
        return None
    properties = read_properties({**body, **inner}, _ENVELOPE)
    if name in _ANSWERS:
        name = "survey_answer"
        _put_answer(properties, told.choices)
    put_bare_id(name, properties)
    event = Event(name, 0.0, properties=properties)
    event.client_id = text(inner.get("client_id")) or text(body.get("client_id"))
    event.user_id = text(inner.get("user_id")) or text(body.get("user_id"))
    return put_sender(event, next((said for holder in (inner, body) for said in _consents(holder)), None))


def _put_answer(properties: dict[str, Any], is_choice: bool) -> None:
    """Our names for a survey's parts. An answer that may be somebody's own words stays as it is: only what already
    looks like a code passes the contract."""
    for theirs, ours in _PARTS.items():
        if theirs in properties:
            properties.setdefault(ours, properties.pop(theirs))
    if is_choice and "answer" in properties:
        properties["answer"] = code(properties["answer"])


def _consents(holder: Mapping[str, Any]) -> Iterator[object]:
    return (holder[name] for name in ("consent", CONSENT_FIELD) if holder.get(name) is not None)
