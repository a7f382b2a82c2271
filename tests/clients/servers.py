"""The server SDKs of `node/` and `python/`, and what must become of the one visit that each of them makes twice.

May not: run one. The two policies are those of `visits`: each program visits both, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tests.clients.visits import JOURNEY, NOTHING, PERSON, denied, one


class Server(NamedTuple):
    """One SDK. `asks` and `counts` are facts and refusals of a visit under that policy."""

    client: str
    runtime: str
    package: str
    asks: tuple[Mapping[str, int], Mapping[str, int]]
    counts: tuple[Mapping[str, int], Mapping[str, int]]

    @property
    def name(self) -> str:
        return f"{self.client}-{self.runtime}"


PEOPLE = PERSON + PERSON
FLAG = one("feature_flag_called")

#: Page, product, cart, order with a yes; one share with a no; one identify.
SPOKEN = (JOURNEY, denied(1) + PERSON)

#: Page, product, cart, order in silence; a choice told as an event, once yes and once no.
CHOSEN = ((one("consent_update"), denied(5)), (JOURNEY + one("consent_update"), denied(1)))

#: Page, product, cart, order in silence; and what each SDK sends besides.
SILENT = ((NOTHING, denied(4)), (JOURNEY, NOTHING))
KNOWN = ((NOTHING, denied(4) + PERSON), (JOURNEY, PERSON))
CLICKED = ((NOTHING, denied(5) + PEOPLE), (JOURNEY + one("product_select"), PEOPLE))
CLICKED_TWICE = ((NOTHING, denied(6) + PEOPLE), (JOURNEY + one("product_select", "product_select"), PEOPLE))
FLAGGED = ((NOTHING, denied(5) + PEOPLE), (JOURNEY + FLAG, PEOPLE))

#: Pages and orders, the last page with `consent=1`.
BULK = one("page_view", "page_view", "product_view", "product_view", "product_share", "purchase")
SEARCHED = one("page_view", "page_view", "product_view", "product_share", "purchase", "search")

SERVERS = (
    Server("segment", "node", "@segment/analytics-node", SPOKEN, SPOKEN),
    Server("segment", "python", "segment-analytics-python", SPOKEN, SPOKEN),
    Server("snowplow", "node", "@snowplow/node-tracker", *CHOSEN),
    Server("snowplow", "python", "snowplow-tracker", *CHOSEN),
    Server("rudderstack", "node", "@rudderstack/rudder-sdk-node", SPOKEN, SPOKEN),
    Server("rudderstack", "python", "rudder-sdk-python", SPOKEN, SPOKEN),
    Server("mixpanel", "node", "mixpanel", *CLICKED_TWICE),
    Server("mixpanel", "python", "mixpanel", *CLICKED),
    Server("posthog", "node", "posthog-node", *FLAGGED),
    Server("posthog", "python", "posthog", *FLAGGED),
    Server("amplitude", "node", "@amplitude/analytics-node", *KNOWN),
    Server("amplitude", "python", "amplitude-analytics", *KNOWN),
    Server("umami", "node", "@umami/node", *KNOWN),
    Server("umami", "python", "umami-analytics", *SILENT),
    Server("matomo", "node", "matomo-tracker", (one("product_view"), denied(5)), (BULK, NOTHING)),
    Server("matomo", "python", "matomo", (one("page_view"), denied(5)), (SEARCHED, NOTHING)),
)
