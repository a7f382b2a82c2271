"""Who, as far as policy allows: visitor, session, account; when, as finely as that allows; and the event's own id.

May not: write an identifier or an address as it came; only keyed pseudonyms and the client's random event ids.
"""

from __future__ import annotations

from secrets import token_hex

from gateway.intake.minimise_draft import Draft
from gateway.intake.times import BY_KIND
from gateway.intake.visitors import Pseudonym, truncate

_UUID_CHARS = 36
_UUID_HEX_CHARS = 32
_NIL = "0" * _UUID_HEX_CHARS
#: Why: 64 bits tell visits apart, one collision is to be expected in 6,000 million; and random bits are most of a row.
_SESSION_HEX_CHARS = 16


def put_visitor(draft: Draft) -> None:
    """`durable` where an identifier may be recognised, else `day` where address and browser may, else `none`."""
    event, plan, made = draft.event, draft.plan, draft.pseudonyms
    if plan.durable_days and event.client_id and made.visitor is not None and made.session is not None:
        draft.kind = "durable"
        draft.row["visitor"] = _pseudonym(draft, made.visitor, event.client_id)
        if plan.has_session and event.session_id:  # Why: GA4's session id is a second, which visitors share
            session = _pseudonym(draft, made.session, f"{event.client_id}\0{event.session_id}")
            draft.row["session"] = session[:_SESSION_HEX_CHARS] + _NIL[_SESSION_HEX_CHARS:]
    elif plan.day_days and made.day is not None and (network := truncate(draft.address)):
        draft.kind = "day"
        seen = f"{network}\0{draft.agent}" if plan.uses_agent_for_day else network
        draft.row["visitor"] = _pseudonym(draft, made.day, seen)


def _pseudonym(draft: Draft, kind: Pseudonym, text: str) -> str:
    """Made once a hit: the events of one hit are mostly one visitor's."""
    made = draft.trace.made
    if made is None:
        return kind.of(text)
    found = made.get((kind, text))
    if found is None:
        found = made[kind, text] = kind.of(text)
    return found


def put_account(draft: Draft) -> None:
    """The pseudonym of the site's own user id, where policy lists it."""
    if draft.event.user_id and draft.plan.account_days and draft.pseudonyms.account is not None:
        draft.row["account"] = draft.pseudonyms.account.of(draft.event.user_id)
        draft.has_account = True


def put_times(draft: Draft) -> None:
    """Times of event and receipt."""
    at, received_at, row = draft.event.at, draft.trace.received_at, draft.row
    stamp = BY_KIND[draft.kind]
    row["event_time"] = moment = stamp(at)
    row["received_at"] = moment if at == received_at else stamp(received_at)


def put_event_id(draft: Draft) -> None:
    """The client's own id where it is a UUID; else a keyed hash of it, the same for every retry; else a random one."""
    raw = draft.event.event_id
    own = _read_uuid(raw) if raw else ""
    if own:
        draft.row["event_id"] = own
    elif raw and draft.pseudonyms.event is not None:
        draft.row["event_id"] = draft.pseudonyms.event.of(f"{draft.trace.adapter}\0{raw}")
    else:
        draft.row["event_id"] = token_hex(16)


def _read_uuid(raw: str) -> str:
    """Canonical text or 32 hexadecimal digits as 32 lower-case digits; '' for anything else, and for the nil UUID."""
    if len(raw) == _UUID_CHARS and raw[8] == raw[13] == raw[18] == raw[23] == "-":
        raw = raw.replace("-", "")
    if len(raw) != _UUID_HEX_CHARS or not raw.isascii() or not raw.isalnum():
        return ""
    try:
        int(raw, 16)
    except ValueError:
        return ""
    return "" if raw == _NIL else raw.lower()
