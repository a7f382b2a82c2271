"""snowplow-tracker."""

from __future__ import annotations

from typing import Any

from snowplow_tracker.emitters import Emitter
from snowplow_tracker.events.page_view import PageView
from snowplow_tracker.events.self_describing import SelfDescribing
from snowplow_tracker.self_describing_json import SelfDescribingJson
from snowplow_tracker.subject import Subject
from snowplow_tracker.tracker import Tracker

from tests.clients.python.driver import CURRENCY, LAMP, ORDER, PAGE, PERSON, TOTAL, Visit, fail, run

COMMERCE = "iglu:com.snowplowanalytics.snowplow.ecommerce"
PRODUCT = SelfDescribingJson(
    f"{COMMERCE}/product/jsonschema/1-0-0",
    {("id" if name == "product_id" else name): value for name, value in LAMP.items()},
)
TRANSACTION = SelfDescribingJson(
    f"{COMMERCE}/transaction/jsonschema/1-0-0",
    {"transaction_id": ORDER, "revenue": TOTAL, "currency": CURRENCY, "payment_method": "card"},
)


def action(kind: str, *entities: SelfDescribingJson) -> SelfDescribing:
    event = SelfDescribingJson(f"{COMMERCE}/snowplow_ecommerce_action/jsonschema/1-0-2", {"type": kind})
    return SelfDescribing(event_json=event, context=list(entities))


def preference(yes: bool) -> SelfDescribing:
    told: dict[str, Any] = {"eventType": "allow_selected" if yes else "deny_all", "basisForProcessing": "consent"}
    told["consentScopes"] = ["analytics"] if yes else []
    schema = "iglu:com.snowplowanalytics.snowplow/consent_preferences/jsonschema/1-0-0"
    return SelfDescribing(event_json=SelfDescribingJson(schema, told))


def visit(to: Visit) -> None:
    def succeed(batch: Any) -> None:
        for event in batch:
            to.delivered(event["e"], event["eid"])

    host, _, port = to.gateway.removeprefix("http://").partition(":")
    emitter = Emitter(host, protocol="http", port=int(port), batch_size=4, on_success=succeed, on_failure=fail)
    tracker = Tracker("server", emitter, subject=Subject().set_user_id(PERSON), app_id=to.key)
    tracker.track(PageView(page_url=PAGE["url"], page_title=PAGE["title"]))
    tracker.track(action("product_view", PRODUCT))
    tracker.track(action("add_to_cart", PRODUCT))
    tracker.track(action("transaction", TRANSACTION, PRODUCT))
    tracker.track(preference(True))
    tracker.track(preference(False))
    tracker.flush()


if __name__ == "__main__":
    run(visit)
