"""Opens and links of mails: `/o/<token>.gif`, `/l/<token>`; redirects: `/r/<campaign>?u=…`, `/r/tp2?u=…` (Snowplow).

May not: lead anywhere that is neither signed by a key of the site nor a host that the site lists.

Rules
    1. A person who follows a link gets there, also when the journal cannot be written: then without an outcome.
    2. An open is always answered with the pixel, signed or not: a broken image helps nobody, and tells forgers nothing.
    3. HEAD is answered like GET, and is no event: only machines ask that way.
    4. No referrer goes on: the token is nobody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.intake.adapters.adapter import GIF, GIF_TYPE, PIXEL, Adapter
from gateway.intake.adapters.snowplow import redirected
from gateway.intake.doors import turned_away
from gateway.intake.mail import MAIL_STEPS, Letter, campaign_click, followed, opened, read_token, target_of
from gateway.intake.pipeline import STEPS, Step
from gateway.intake.site import Site
from gateway.intake.targets import Target, read_target
from gateway.intake.urlencoded import read_query
from gateway.web.collect import Collect
from gateway.web.wire import Pending, Reply, Request
from gateway.words import Refusal

_METHODS = frozenset({"GET", "HEAD"})

#: What no cache, no search engine and no next page may learn.
_DISCREET = b"referrer-policy: no-referrer\r\nx-robots-tag: noindex\r\n"
_PIXEL_HEAD = b"content-type: %b\r\ncache-control: no-store, private\r\n" % GIF_TYPE

#: Snowplow's redirect: its parameters are those of any of its hits.
_SNOWPLOW = "tp2"


class LinkDoor:
    """Answers opens and links. `keys_of` gives the keys that links of a site are signed with."""

    def __init__(self, collect: Collect, keys_of: Callable[[str], Mapping[int, bytes]]) -> None:
        self._collect = collect
        self._keys_of = keys_of

    def open(self, request: Request, path: str) -> Reply | Pending | None:
        """The pixel, and an open if its token is genuine."""
        if request.method not in _METHODS:
            return None
        if request.method == "HEAD":
            return Reply(200, _PIXEL_HEAD, GIF)
        letter = read_token(path.removeprefix("/o/").removesuffix(".gif"), self._keys_of)
        site = self._site(letter)
        if letter is None or site is None:
            return self._collect.collected(
                request, turned_away("", "mail", Refusal.FORGED_SIGNATURE)._replace(answer=PIXEL)
            )
        return self._walk(request, opened(letter), site, MAIL_STEPS)

    def link(self, request: Request, path: str) -> Reply | Pending | None:
        """To where the token leads; without a genuine one nowhere, whatever else the request says."""
        if request.method not in _METHODS:
            return None
        letter = read_token(path[len("/l/") :], self._keys_of)
        site, target = self._site(letter), target_of(letter)
        if letter is None or site is None or target is None:
            return self._refused(request, Refusal.FORGED_SIGNATURE)
        return self._lead(request, target, lambda: self._walk(request, followed(letter), site, MAIL_STEPS))

    def redirect(self, request: Request, path: str) -> Reply | Pending | None:
        """To the host in `u`, if a site lists it."""
        if request.method not in _METHODS:
            return None
        target = read_target(read_query(request.query).get("u", ""))
        site = self._collect.pipeline.sites.listing(target.host) if target else None
        if target is None or site is None:
            return self._refused(request, Refusal.TARGET_NOT_LISTED)
        name = path[len("/r/") :]
        if name == _SNOWPLOW:
            return self._lead(request, target, lambda: self._walk(request, redirected(target.host), site, STEPS))
        return self._lead(request, target, lambda: self._walk(request, campaign_click(name, target), site, MAIL_STEPS))

    def _site(self, letter: Letter | None) -> Site | None:
        return self._collect.pipeline.sites.mailing(letter.site) if letter is not None else None

    def _walk(self, request: Request, adapter: Adapter, site: Site, steps: tuple[Step, ...]) -> Pending:
        hit = self._collect.hit(request, "/", b"")
        return self._collect.collected(request, self._collect.pipeline.enter(hit, adapter, site, steps))

    def _lead(self, request: Request, target: Target, walk: Callable[[], Pending]) -> Reply | Pending:
        lines = b"location: %b\r\n" % target.location + _DISCREET
        plain = Reply(302, lines + b"cache-control: no-store, private\r\n")
        if request.method == "HEAD":
            return plain
        pending = walk()
        return Pending(pending.future, Reply(302, pending.reply.lines + lines), plain)

    def _refused(self, request: Request, refusal: Refusal) -> Reply | Pending:
        if request.method == "HEAD":
            return Reply(400)
        return self._collect.collected(request, turned_away("", "mail", refusal))
