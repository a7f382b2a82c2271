"""A site: one property with its own keys, origins, policy and contracts; and the table that finds it for a hit.

May not: read a file. `gateway.configuration` compiles sites and passes them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consent.policy import Policy
from gateway.intake.copier import Copier
from gateway.intake.hooks import Hook
from gateway.intake.minimise import Minimiser


@dataclass(frozen=True, slots=True)
class Site:
    """One shop or app.

    `write_keys` are what its trackers name themselves by: write keys, measurement ids, its own name. `origins` are
    what browsers may send from (`https://shop.example`). None accepts anything, which only the starter site does.
    `markets` are the ISO codes that the site is declared for, candidates of every hit's place.
    `sources` names its prefixes: `/s/<source>/…` -> the one protocol spoken there, '' for any.
    `copiers` make the copies of its events for destinations.
    `hooks` are its sources of webhooks: `/hooks/<source>`. `has_mail` says that it signs opens and links of mails;
    `redirect_hosts` are those that unsigned links may lead to, `*.shop.example` being any below it.
    """

    name: str
    policy: Policy
    minimiser: Minimiser
    write_keys: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    markets: tuple[str, ...] = ()
    sources: Mapping[str, str] | None = None
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    copiers: tuple[Copier, ...] = ()
    has_mail: bool = False
    redirect_hosts: frozenset[str] = frozenset()

    def admits(self, origin: str) -> bool:
        """Whether a browser page of that origin may send to this site; '' is a server or a same-origin page."""
        return not origin or self.origins is None or origin in self.origins


class Sites:
    """All sites of a gateway, found by write key or by source prefix. Keys that two sites share are refused."""

    def __init__(self, sites: tuple[Site, ...]) -> None:
        self.all = sites
        self._open = next((site for site in sites if site.write_keys is None), None)
        self._by_key: dict[str, Site] = {}
        self._by_source: dict[str, Site] = {}
        self._by_hook: dict[str, Site] = {}
        self._by_host: dict[str, Site] = {}
        self._by_name = {site.name: site for site in sites}
        for site in sites:
            for table, names in (
                (self._by_key, {site.name, *(site.write_keys or ())}),
                (self._by_source, site.sources or {}),
                (self._by_hook, site.hooks),
                (self._by_host, site.redirect_hosts),
            ):
                for name in names:
                    if table.setdefault(name, site) is not site:
                        raise ValueError(f"{name!r} belongs to two sites: {table[name].name} and {site.name}")

    def find(self, write_key: str, source: str) -> Site | None:
        """The site of a source prefix, else of a write key, else the starter site if there is one."""
        if source:
            return self._by_source.get(source)
        return self._by_key.get(write_key, self._open)

    def hook(self, source: str) -> tuple[Site, Hook] | None:
        """The site of a webhooks' source, and what it configured for it."""
        site = self._by_hook.get(source)
        return (site, site.hooks[source]) if site else None

    def mailing(self, name: str) -> Site | None:
        """The site of that name, if it sends mail."""
        site = self._by_name.get(name)
        return site if site is not None and site.has_mail else None

    def listing(self, host: str) -> Site | None:
        """The site that lets unsigned links lead to that host; a name given whole beats one with a `*`."""
        parts = host.split(".")
        names = [host, *("*." + ".".join(parts[start:]) for start in range(1, len(parts)))]
        return next((self._by_host[name] for name in names if name in self._by_host), None)

    def protocol(self, source: str) -> str:
        """The adapter that a source is pinned to, '' for any."""
        site = self._by_source.get(source)
        return (site.sources or {})[source] if site else ""

    def admits(self, origin: str) -> bool:
        """Whether any site lists that origin: what a preflight, which names no site, is answered by."""
        return any(site.admits(origin) for site in self.all)
