"""The calls that Segment invented and RudderStack took over: track, page, screen, identify, group, alias; and batches.

May not: know which of the two is read; the adapters say what differs in a `Dialect`.

Only `track`, `page` and `screen` tell of something that happened; the others tell of a person and are refused as
`not_an_event`. Traits (`context.traits`) are never taken. Times are corrected by the sender's own clock (`sentAt`).
Source: segment.com/docs/connections/spec; facts on the protocols, 2 and 3.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from consent.words import Statement
from gateway.intake.hit import Event, Hit, Reading
from gateway.intake.jsonbody import admit_all, mapping, read_json, text
from gateway.intake.moments import corrected, read_time
from gateway.intake.vocabulary import event_name, lift_single, put_bare_id, read_items, read_properties
from gateway.words import Refusal

#: The last part of a path -> the type of its call.
CALL_OF = {
    "t": "track",
    "p": "page",
    "s": "screen",
    "i": "identify",
    "g": "group",
    "a": "alias",
    "track": "track",
    "page": "page",
    "screen": "screen",
    "identify": "identify",
    "group": "group",
    "alias": "alias",
    "merge": "alias",
}
_OF_A_PERSON = frozenset(("identify", "group", "alias", "merge", "delete"))

#: Properties of a page call that are the page itself.
_PAGE_FIELDS = frozenset(
    (
        "url",
        "title",
        "referrer",
        "path",
        "search",
        "name",
        "category",
        "tab_url",
        "referring_domain",
        "initial_referrer",
        "initial_referring_domain",
    )
)
_NONE: frozenset[str] = frozenset()


class Dialect(NamedTuple):
    """What differs between the two: which library runs in a browser, and where consent is said."""

    browser_library: str
    statements: Callable[[Mapping[str, Any]], tuple[Statement, ...] | None]


def basic_user(hit: Hit) -> str:
    """The write key in `Authorization: Basic base64(writeKey:)`, '' if there is none to read."""
    scheme, _, encoded = hit.header(b"authorization").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


class _Sent(NamedTuple):
    """What the calls of one request share."""

    call: str
    sent_at: object
    received_at: float


def read_calls(hit: Hit, dialect: Dialect, reading: Reading) -> None:
    """Puts the events of a body of one call or of a batch into `reading`, and its write key if it names one."""
    body = read_json(hit.body)
    if isinstance(body, Refusal):
        reading.refusals.append(body)
        return
    envelope = mapping(body)
    reading.key = text(envelope.get("writeKey")) or reading.key
    found = _calls(body)
    if not found:
        reading.refusals.append(Refusal.NO_EVENTS)
    call = CALL_OF.get(hit.path.rstrip("/").rpartition("/")[2], "")
    sent = _Sent(call, envelope.get("sentAt"), hit.received_at)
    for raw in admit_all(found, hit.body, reading.refusals):
        event = _read_call(raw, sent, dialect)
        if isinstance(event, Refusal):
            reading.refusals.append(event)
        else:
            reading.events.append(event)


def read_call(raw: Mapping[str, Any], call: str, received_at: float, dialect: Dialect) -> Event | Refusal:
    """One call that came without a batch around it, such as a pixel's."""
    return _read_call(raw, _Sent(call, None, received_at), dialect)


def _calls(body: Any) -> list[Any]:
    """The calls of a batch (`{"batch": […]}` or a bare list), or the one call."""
    if isinstance(body, list):
        return body
    if not body:
        return []
    batch = body.get("batch", body) if body.__class__ is dict else body
    return batch if isinstance(batch, list) else [batch]


def _read_call(raw: Mapping[str, Any], sent: _Sent, dialect: Dialect) -> Event | Refusal:
    get = raw.get
    call = text(get("type")) or sent.call or "track"
    name = _name(call, raw)
    if not name:
        return Refusal.NOT_AN_EVENT if call in _OF_A_PERSON else Refusal.EVENT_UNREADABLE
    context = mapping(get("context"))
    properties = mapping(get("properties"))
    page = context.get("page")
    if page.__class__ is not dict:
        page = properties if call == "page" else {}
    event = Event(
        name=name,
        at=_at(raw, sent),
        event_id=text(get("messageId")),
        client_id=text(get("anonymousId")),
        user_id=text(get("userId")),
        session_id=_session(raw, context),
        page_url=text(page.get("url")),
        page_title=text(page.get("title")),
        referrer=text(page.get("referrer")),
        language=text(context.get("locale")),
        screen=_screen(context.get("screen")),
        properties=read_properties(properties, _NONE if call == "track" else _PAGE_FIELDS),
        statements=dialect.statements(context),
    )
    _put_items(event, properties)
    _put_page_name(event, call, raw)
    _put_campaign(event.properties, mapping(context.get("campaign")))
    _put_sender(event, context, dialect)
    return event


def _name(call: str, raw: Mapping[str, Any]) -> str:
    if call == "track":
        return event_name(raw.get("event"))
    return {"page": "page_view", "screen": "screen_view"}.get(call, "")


def _at(raw: Mapping[str, Any], sent: _Sent) -> float:
    stamped = raw.get("originalTimestamp") or raw.get("timestamp")
    return corrected(sent.received_at, read_time(stamped), read_time(raw.get("sentAt") or sent.sent_at))


def _session(raw: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """RudderStack's `sessionId` is the millisecond in which it began: only with the visitor is it one session."""
    session = text(context.get("sessionId"))
    return f"{text(raw.get('anonymousId'))}.{session}" if session else ""


def _screen(raw: object) -> str:
    screen = mapping(raw)
    width, height = text(screen.get("width")), text(screen.get("height"))
    return f"{width}x{height}" if width and height else ""


def _put_items(event: Event, properties: Mapping[str, Any]) -> None:
    """`products` become items, and a bare `id` what the event is about."""
    put_bare_id(event.name, event.properties)
    products = properties.get("products") or properties.get("items")
    if products:
        event.items = read_items(products)
        lift_single(event.properties, event.items)
    _put_filters(event.properties, properties)


def _put_filters(found: dict[str, Any], properties: Mapping[str, Any]) -> None:
    """Segment's `filters: [{type, value}]` and `sorts: [{type, value}]`: the first of each is what was touched last."""
    for listed, names in (("filters", ("filter_name", "filter_value")), ("sorts", ("sort_by",))):
        entries = properties.get(listed)
        if isinstance(entries, list) and entries:
            first = mapping(entries[0])
            for name, part in zip(names, ("type", "value"), strict=False):
                if value := text(first.get(part)):
                    found.setdefault(name, value)


def _put_page_name(event: Event, call: str, raw: Mapping[str, Any]) -> None:
    if call != "track":
        for name, part in ((f"{call}_name", "name"), (f"{call}_category", "category")):
            if value := text(raw.get(part)):
                event.properties[name] = value


def _put_campaign(found: dict[str, Any], campaign: Mapping[str, Any]) -> None:
    """`context.campaign`, which a server sends without the URL that held it."""
    for name, part in (("utm_source", "source"), ("utm_medium", "medium"), ("utm_campaign", "name")):
        if value := text(campaign.get(part)):
            found.setdefault(name, value)


def _put_sender(event: Event, context: Mapping[str, Any], dialect: Dialect) -> None:
    """A server speaks for a visitor: its own address and user agent are not the visitor's."""
    if agent := text(context.get("userAgent")):
        event.user_agent = agent
    if text(mapping(context.get("library")).get("name")) != dialect.browser_library:
        event.user_agent = agent
        event.address = text(context.get("ip"))
