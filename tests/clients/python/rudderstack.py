"""rudder-sdk-python. Its `gzip` is on by default."""

from __future__ import annotations

from typing import Any

from rudderstack.analytics.client import Client

from tests.clients.python.driver import BROWSER, EMAIL, LAMP, PAGE, PERSON, PURCHASE, Visit, fail, run


def consent(yes: bool) -> dict[str, Any]:
    allowed, denied = (["C0002"], []) if yes else ([], ["C0002"])
    told = {"provider": "custom", "allowedConsentIds": allowed, "deniedConsentIds": denied}
    return {"consentManagement": told}


def visit(to: Visit) -> None:
    client = Client(to.key, host=to.gateway, on_error=fail, upload_interval=0.05)
    accepted = [
        ("page", client.page(anonymous_id=BROWSER, properties=PAGE, context=consent(True))),
        ("identify", client.identify(PERSON, {"email": EMAIL})),
    ]
    for name, properties, yes in (
        ("Product Viewed", LAMP, True),
        ("Product Added", LAMP, True),
        ("Order Completed", PURCHASE, True),
        ("Product Shared", LAMP, False),
    ):
        call = client.track(anonymous_id=BROWSER, event=name, properties=properties, context=consent(yes))
        accepted.append((name, call))
    client.flush()
    client.join()
    for name, (is_sent, message) in accepted:
        if is_sent:
            to.delivered(name, message["messageId"])


if __name__ == "__main__":
    run(visit)
