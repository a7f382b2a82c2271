"""What the protocols share: a browser's header lines, times, and how happenings gather into batches.

May not: know any protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from gateway.demo.walk import SHOP
from gateway.demo.words import Happening, Person, Visit

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain;charset=UTF-8"

#: Mail programs fetch pictures through a proxy; this is how the best known one names itself.
MAIL_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@lru_cache(maxsize=4096)
def browser_head(person: Person, content_type: str = "", extra: str = "") -> bytes:
    """Header lines of a visitor's browser behind the shop's own CDN, cookies and address included.

    Why: they are what a real hit carries, and what a gateway must not keep. `extra` are more lines, each with CR LF.
    """
    lines = (
        f"User-Agent: {person.agent.user_agent}\r\n"
        f"Accept: */*\r\nAccept-Language: {person.language},{person.language[:2]};q=0.9\r\n"
        f"Origin: {SHOP}\r\nReferer: {SHOP}/\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n"
        f"Cookie: _ga=GA1.1.{person.client_id}; basket={person.index:08x}\r\n"
        f"X-Forwarded-For: {person.address}\r\nCF-IPCountry: {person.country[:2]}\r\n{extra}"
    )
    if person.objects:
        lines += "Sec-GPC: 1\r\n"
    if content_type:
        lines += f"Content-Type: {content_type}\r\n"
    return lines.encode("ascii")


def server_head(user_agent: str, content_type: str = "") -> bytes:
    """Header lines of a program."""
    lines = f"User-Agent: {user_agent}\r\nAccept: */*\r\n"
    return (f"{lines}Content-Type: {content_type}\r\n" if content_type else lines).encode("ascii")


def iso(at: float) -> str:
    """Unix seconds as ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def batches(visit: Visit, most: int) -> Iterator[tuple[Happening, ...]]:
    """The happenings of a visit as a tag sends them: those of one page together, at most so many at once.

    What happened away from the shop (no page) is left out: it comes by other ways.
    """
    batch: list[Happening] = []
    for happening in visit.happenings:
        if not happening.page.url:
            continue
        if batch and (len(batch) == most or happening.page.url != batch[0].page.url):
            yield tuple(batch)
            batch = []
        batch.append(happening)
    if batch:
        yield tuple(batch)


def elsewhere(visit: Visit) -> Iterator[Happening]:
    """The happenings of a visit away from the shop: letters opened."""
    return (happening for happening in visit.happenings if not happening.page.url)
