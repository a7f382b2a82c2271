"""The steps of hits that a server sends for somebody, and the answer to what no door lets in.

May not: set a cookie; take the sender's address, user agent or headers for the visitor's where a server sends.

Why another rule of consent: a page that says nothing has a visitor in front of it, whose region's rule decides; a
server that hands on no consent block speaks of somebody who was not asked. Source: semantics of the policy, conflicts:
"server-to-server event without a consent block: denied, except always".
"""

from __future__ import annotations

from gateway.intake.hit import Answer, Event
from gateway.intake.pipeline import (
    Step,
    Walk,
    Walked,
    check_consent,
    minimise,
    put_decision,
    put_proof,
    put_statements,
    refused,
)
from gateway.intake.place import candidates
from gateway.words import Refusal


def put_server_decision(walk: Walk, event: Event) -> None:
    """The policy's decision over the event's consent block; without one, what is allowed always."""
    if event.statements:
        put_decision(walk, event)
        return
    policy = walk.site.policy
    rules = policy.rules(policy.candidates(candidates(walk.trace.country, walk.site.markets)))
    walk.decision = policy.decision(rules.always, rules.region, 0, 0)


def put_server_proof(walk: Walk, event: Event) -> None:
    """A choice that the block brings is proven like any other."""
    if event.statements:
        put_proof(walk, event)


#: What a server sends for somebody.
SERVER_STEPS: tuple[Step, ...] = (put_statements, put_server_decision, put_server_proof, check_consent, minimise)


def turned_away(site: str, adapter: str, refusal: Refusal, status: int = 400) -> Walked:
    """The outcome of what was not let in: one count, and the reason as the answer."""
    answer = Answer(status, f"{refusal}\n".encode(), b"text/plain")
    return Walked(refused(site, adapter, refusal), answer, False, site, adapter)
