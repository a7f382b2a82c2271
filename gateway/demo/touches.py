"""What brings people to the demo's marketplace: channels, campaigns, referrers.

May not: read a clock. Click ids are drawn, as ad networks' are; a gateway must not keep them unasked.
"""

from __future__ import annotations

from random import Random

from gateway.demo.people import pick
from gateway.demo.words import Person, Touch

DIRECT = Touch("direct")
EMAILS: tuple[tuple[float, Touch], ...] = (
    (5, Touch("email", "", "newsletter", "email", "olive-harvest-letter")),
    (4, Touch("email", "", "newsletter", "email", "advent-lights-letter")),
    (3, Touch("email", "", "cart-reminder", "email", "you-left-something")),
)

#: how common each is among first visits
FIRST: tuple[tuple[float, Touch], ...] = (
    (18, DIRECT),
    (20, Touch("organic_search", "https://www.google.com/")),
    (3, Touch("organic_search", "https://www.bing.com/")),
    (10, Touch("paid_search", "https://www.google.com/", "google", "cpc", "brand-search", "gclid")),
    (8, Touch("paid_search", "https://www.google.com/", "google", "cpc", "kilim-rugs-generic", "gclid")),
    (9, Touch("paid_social", "https://l.instagram.com/", "instagram", "paid_social", "autumn-terracotta", "fbclid")),
    (6, Touch("paid_social", "https://l.facebook.com/", "facebook", "paid_social", "autumn-terracotta", "fbclid")),
    (6, Touch("paid_social", "https://www.pinterest.com/", "pinterest", "paid_social", "riad-at-home", "epik")),
    (5, Touch("organic_social", "https://www.pinterest.com/")),
    (4, Touch("affiliate", "https://casa-e-mare.example/", "casa-e-mare", "affiliate", "partner-q4")),
    (4, Touch("influencer", "https://l.instagram.com/", "lina-at-home", "influencer", "lina-mood-boards")),
    (4, Touch("referral", "https://interiors-journal.example/mediterranean-kitchens")),
    (3, Touch("share", "", "whatsapp", "share", "shared-board")),
)

#: and among those who come back
AGAIN: tuple[tuple[float, Touch], ...] = (
    (38, DIRECT),
    *((weight * 7 / 3, touch) for weight, touch in EMAILS),
    (16, Touch("organic_search", "https://www.google.com/")),
    (9, Touch("paid_search", "https://www.google.com/", "google", "cpc", "brand-search", "gclid")),
    (9, Touch("display", "https://weather-today.example/", "adverso", "display", "retarget-basket", "dclid")),
)


def brings(lots: Random, person: Person, visit: int) -> Touch:
    """The touch of one visit; account holders come back from letters more often."""
    if visit == 0:
        return pick(lots, FIRST)
    if person.user_id and lots.random() < 0.25:
        return pick(lots, EMAILS)
    return pick(lots, AGAIN)


def landing_query(lots: Random, person: Person, touch: Touch) -> str:
    """The query of a landing URL, '' for none, with the click ids and recipient marks that networks put there."""
    if not touch.campaign:
        return ""
    query = f"?utm_source={touch.source}&utm_medium={touch.medium}&utm_campaign={touch.campaign}"
    if touch.click_id:
        query += f"&{touch.click_id}={lots.getrandbits(96):024x}"
    if touch.medium == "email":
        query += f"&recipient={person.email.replace('@', '%40')}"
    return query
