"""Tools that sign nothing (Zigpoll, Hotjar): who knows the secret part of the path may speak.

May not: be chosen where the tool can sign. Whoever reads the path in a log can forge; the gateway logs no path.

    https://t.shop.example/hooks/<source>/<secret>
"""

from __future__ import annotations

from gateway.intake.deliveries import Telling, body_id, read_telling
from gateway.intake.hit import Hit, Reading
from gateway.intake.hooks.hook import DAY_S, Kind, Stamp, Terms
from gateway.intake.proofs import is_same


def is_genuine(hit: Hit, terms: Terms) -> bool:
    """`/hooks/<source>/<secret>`: the rest of the path, whole."""
    return is_same(terms.secrets, hit.path.split("/", 3)[3] if hit.path.count("/") >= 3 else "")


def stamp(hit: Hit, _terms: Terms) -> Stamp:
    return Stamp(body_id(hit))


def read(hit: Hit, terms: Terms) -> Reading:
    """Whatever the tool says: see `gateway.intake.deliveries`."""
    return read_telling(hit, Telling(terms.event, terms.choices), body_id(hit))


KIND = Kind("secret_path", is_genuine, stamp, read, window_s=7 * DAY_S, options=("event", "choices"))
