"""mixpanel-python. It raises on any answer but the one that it parses; `alias` always calls home, so it stays out."""

from __future__ import annotations

from mixpanel import BufferedConsumer, Consumer, Mixpanel

from tests.clients.python.driver import BROWSER, EMAIL, LAMP, PAGE, PERSON, PURCHASE, Visit, run


def visit(to: Visit) -> None:
    urls = (f"{to.gateway}/track", f"{to.gateway}/engage", f"{to.gateway}/import", None, f"{to.gateway}/groups")
    direct = Mixpanel(to.key, consumer=Consumer(*urls))
    for name, properties in (("Page View", {}), ("Product Viewed", LAMP), ("Product Added", LAMP)):
        direct.track(BROWSER, name, {"$current_url": PAGE["url"], **properties})
        to.delivered(name)
    direct.people_set(PERSON, {"$email": EMAIL})
    to.delivered("$set")
    direct.group_set("company", "lamps", {"size": 3})
    to.delivered("$group_set")
    buffered = BufferedConsumer(10, *urls)
    server = Mixpanel(to.key, consumer=buffered)
    server.track(BROWSER, "Order Completed", PURCHASE)
    server.track(BROWSER, "Product Clicked", LAMP)
    buffered.flush()
    for name in ("Order Completed", "Product Clicked"):
        to.delivered(name)


if __name__ == "__main__":
    run(visit)
