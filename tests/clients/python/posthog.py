"""posthog-python. It takes nothing but status 200 for a success."""

from __future__ import annotations

from typing import Any

from posthog import Posthog

from tests.clients.python.driver import BROWSER, EMAIL, LAMP, PAGE, PERSON, PURCHASE, Visit, fail, run


def visit(to: Visit) -> None:
    def witness(message: dict[str, Any]) -> dict[str, Any]:
        to.delivered(message["event"], message["uuid"])
        return message

    posthog = Posthog(to.key, host=to.gateway, on_error=fail, flush_interval=0.05, gzip=True, before_send=witness)
    for name, properties in (
        ("$pageview", {"title": PAGE["title"]}),
        ("Product Viewed", LAMP),
        ("Product Added", LAMP),
        ("Order Completed", PURCHASE),
    ):
        posthog.capture(name, distinct_id=BROWSER, properties={"$current_url": PAGE["url"], **properties})
    posthog.set(distinct_id=PERSON, properties={"email": EMAIL})
    posthog.alias(BROWSER, PERSON)
    flags = posthog.evaluate_flags(PERSON)
    assert not flags.is_enabled("new-shop"), "a flag that nobody set"
    posthog.flush()
    posthog.shutdown()


if __name__ == "__main__":
    run(visit)
