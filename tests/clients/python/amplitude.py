"""amplitude-analytics."""

from __future__ import annotations

from typing import Any

from amplitude import Amplitude, BaseEvent, Config, EventOptions, Identify

from tests.clients.python.driver import BROWSER, EMAIL, LAMP, PERSON, PURCHASE, Visit, fail, run


def visit(to: Visit) -> None:
    def report(event: Any, code: int, message: str | None = None) -> None:
        if code == 200:
            to.delivered(event.event_type, event.insert_id)
        else:
            fail(code, message)

    client = Amplitude(to.key, Config(server_url=f"{to.gateway}/2/httpapi", callback=report, flush_interval_millis=50))
    for name, properties in (
        ("Page View", {}),
        ("Product Viewed", LAMP),
        ("Product Added", LAMP),
        ("Order Completed", PURCHASE),
    ):
        client.track(BaseEvent(name, device_id=BROWSER, event_properties=properties))
    person = Identify()
    person.set("email", EMAIL)
    client.identify(person, EventOptions(user_id=PERSON))
    for sending in client.flush():
        sending.result()
    client.shutdown()


if __name__ == "__main__":
    run(visit)
