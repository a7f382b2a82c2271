"""umami-analytics. Its state is the module's own, so one visit follows the other."""

from __future__ import annotations

import umami

from tests.clients.python.driver import CURRENCY, LAMP, ORDER, PAGE, PERSON, TOTAL, Visit, run


def visit(to: Visit) -> None:
    umami.set_url_base(to.gateway)
    umami.set_website_id(to.key)
    umami.set_hostname("www.shop.example")
    answers = {
        "page view": umami.new_page_view(PAGE["title"], PAGE["url"], distinct_id=PERSON),
        "Product Viewed": umami.new_event("Product Viewed", url=PAGE["url"], custom_data=LAMP),
        "Product Added": umami.new_event("Product Added", url=PAGE["url"], custom_data=LAMP),
        "Order Completed": umami.new_revenue_event(TOTAL, CURRENCY, "Order Completed", custom_data={"order_id": ORDER}),
    }
    for name, answer in answers.items():
        assert answer["cache"], answer
        to.delivered(name)


if __name__ == "__main__":
    run(visit)
