"""matomo (PyPI). Single hits are GETs, a bulk is a form with repeated `requests`."""

from __future__ import annotations

from typing import Any, ClassVar

from matomo import Matomo

from tests.clients.python.driver import AGENT, LAMP, ORDER, PAGE, PERSON, TOTAL, Visit, run


class Request(dict[str, str]):
    """What the web server tells of the visitor's request, as the client wants to have it."""

    cookie: ClassVar[dict[str, str]] = {}


REQUEST = Request(
    HTTP_HOST="www.shop.example",
    HTTP_USER_AGENT=AGENT,
    HTTP_ACCEPT_LANGUAGE="de-DE",
    REQUEST_URI="/lamps",
    QUERY_STRING="utm_source=news",
    REMOTE_ADDR="203.0.113.7",
)


def visit(to: Visit) -> None:
    tracker = Matomo(REQUEST, to.key, to.gateway)
    tracker.set_url(PAGE["url"])
    tracker.set_user_id(PERSON)

    def accept(name: str, answer: Any) -> None:
        assert answer.status_code in (200, 204), answer.text
        to.delivered(name)

    accept("page view", tracker.do_track_page_view(PAGE["title"]))
    tracker.set_ecommerce_view(LAMP["product_id"], LAMP["name"], LAMP["category"], LAMP["price"])
    accept("product view", tracker.do_track_page_view("Lamp"))
    accept("event", tracker.do_track_event("product", "share", "mail"))
    accept("order", tracker.do_track_ecommerce_order(ORDER, TOTAL))
    bulk = Matomo(Request(HTTP_HOST="www.shop.example"), to.key, to.gateway)  # its bulk fails where an agent is told
    bulk.set_url(PAGE["url"])
    bulk.enable_bulk_tracking()
    bulk.do_track_site_search("lamp", "all", 3)
    bulk.set_custom_tracking_parameter("consent", "1")
    bulk.do_track_page_view("agreed")
    accept("bulk: search", bulk.do_bulk_track())
    to.delivered("bulk: page view")


if __name__ == "__main__":
    run(visit)
