"""gateway.yml -> Configuration: settings and sites, read once, compiled, frozen.

May not: be imported by `consent` or `gateway.intake`. Reads files; everything else gets what it read as arguments.

    settings: {port: 8080, path_prefix: /t}
    sites:
      shop:
        policy: policy.yml                     # paths are relative to this file
        contracts: contracts/                  # a folder of .yml; without it, the retail starter contracts
        write_keys: [G-ABC1234567, wk_shop]    # what its trackers name themselves by
        origins: [https://www.shop.example]    # pages that may send
        markets: [DE, AT]                      # where its visitors are, if nothing else tells; the strictest counts
        sources: {web: ga4, servers: segment}  # /s/web/…, /s/servers/…
        keep_query: [q]                        # query parameters that page paths keep
        sensitive_paths: [/health/]            # paths that are dropped
        hooks: {survey: {kind: typeform, secret: {env: TYPEFORM_SECRET}}}   # see gateway.configuration_doors
        mail: yes                              # signs opens and links of mails: gateway mail sign-link
        scripts: {ids: [GTM-ABC1234], host: www.shop.example/t}   # see gateway.configuration_outward
        forward: {google: {kind: ga4, measurement_id: G-ABC1234567, secret: {env: GA4_API_SECRET}}}
        redirect_hosts: [www.shop.example]     # where /r/<campaign>?u=… and Snowplow's /r/tp2?u=… may lead
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import time
from typing import Any

from consent.clauses.destinations import read_truth
from consent.clauses.marked import Node, PolicyError, read_marked
from consent.places import is_place
from consent.policy import read_policy
from consent.starters import starter
from consent.tools.findings import check_activation
from gateway.configuration_doors import Secrets, read_hooks, read_hosts
from gateway.configuration_outward import read_relays, read_scripts
from gateway.intake.adapters import ADAPTERS
from gateway.intake.contracts import ContractError, Contracts, read_contracts, starter_contracts
from gateway.intake.copier import Copier
from gateway.intake.minimise import Minimiser
from gateway.intake.site import Site, Sites
from gateway.intake.urls import UrlRules
from gateway.outward import ScriptTerms
from gateway.settings import Settings

#: What a site may say; `policy` it must.
_SITE_KEYS = (
    *("contracts", "write_keys", "origins", "markets", "sources", "keep_query", "sensitive_paths"),
    *("hooks", "mail", "redirect_hosts", "scripts", "forward"),
)

STARTER_SITE = "demo"

#: Settings that list networks.
_NETWORKS = frozenset(
    name for name, field in Settings.__dataclass_fields__.items() if field.metadata["unit"] == "CIDR list"
)


class ConfigurationError(Exception):
    """The configuration cannot be used. `str()` is one sentence that names the file, the line and what to do."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that was read. `files` are what a reload watches; `is_starter` is true without a gateway.yml."""

    settings: Settings
    sites: Sites
    files: tuple[Path, ...]
    is_starter: bool
    scripts: tuple[ScriptTerms, ...] = ()


def read_configuration(
    file: Path | None, overrides: Mapping[str, Any] | None = None, *, secrets_of: Collection[str] = ()
) -> Configuration:
    """`overrides` are settings from the command line; None values say nothing. Raises ConfigurationError.

    `secrets_of` are the parts whose secrets are read: `hooks` by who takes webhooks, `forward` by who sends copies.
    Everywhere else they are empty, and prove and open nothing.
    """
    said = {name: value for name, value in (overrides or {}).items() if value is not None}
    try:
        return _read(file, said, secrets_of) if file else _starter(replace(Settings(), **said))
    except OSError as error:
        raise ConfigurationError(f"{error.filename or file} cannot be read ({error.strerror}).") from error
    except (PolicyError, ContractError) as error:
        raise ConfigurationError(f"{error}.") from error


def check_starter_stays_home(configuration: Configuration) -> None:
    """The starter site takes any key from any origin, so it may not be reached from outside."""
    host = configuration.settings.host
    if not configuration.is_starter or is_loopback(host):
        return
    raise ConfigurationError(
        f"The starter site accepts any key and origin, so it listens on loopback only, not on {host}: "
        "write a configuration with `gateway init DIR` and pass it with --config."
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it; false for a name, whatever it leads to."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _starter(settings: Settings) -> Configuration:
    policy = read_policy(starter("strictest"), "strictest.yml")
    contracts = read_contracts(starter_contracts())
    site = Site(STARTER_SITE, policy, Minimiser(STARTER_SITE, policy, contracts, UrlRules()))
    return Configuration(settings, Sites((site,)), (), is_starter=True)


def _read(file: Path, said: Mapping[str, Any], secrets_of: Collection[str]) -> Configuration:
    root = read_marked(file.read_bytes(), str(file)).keyed("gateway.yml", (), ("settings", "sites"))
    settings = replace(_settings(root.get("settings")), **said)
    if "sites" not in root:
        return replace(_starter(settings), files=(file,))
    reader = _SiteReader(file.parent, secrets_of)
    sites = tuple(reader.site(name, node) for name, node in root["sites"].pairs("sites"))
    if not sites:
        raise root["sites"].error("sites is empty; name at least one")
    try:
        return Configuration(settings, Sites(sites), (file, *reader.files), False, tuple(reader.scripts))
    except ValueError as error:
        raise root["sites"].error(str(error)) from error


def _settings(node: Node | None) -> Settings:
    if node is None:
        return Settings()
    known = Settings.__dataclass_fields__
    node.keyed("settings", (), tuple(known))
    return Settings(
        **{name: _value(value, name, known[name].default) for name, value in node.table("settings").items()}
    )


def _value(node: Node, name: str, default: object) -> Any:
    """The setting's text as the type of its default; an error with its line where it is none."""
    if isinstance(default, tuple):
        return tuple(_network(item, name) if name in _NETWORKS else item.text(name) for item in node.listed(name))
    if isinstance(default, str):
        return node.scalar or ""
    number = float if isinstance(default, float) else int
    try:
        return number(node.text(name))
    except ValueError:
        raise node.error(f"{name} should be a number, such as {default}") from None


def _network(node: Node, name: str) -> str:
    text = node.text(name)
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise node.error(f"{name}: '{text}' is no address or network, such as 10.0.0.0/8") from None


class _SiteReader:
    """Reads the sites of one gateway.yml and remembers which files they are made of."""

    def __init__(self, folder: Path, secrets_of: Collection[str]) -> None:
        self.folder = folder
        self.files: list[Path] = []
        self.secrets = {part: Secrets(folder, self._bytes, part in secrets_of) for part in ("hooks", "forward")}
        self.scripts: list[ScriptTerms] = []

    def site(self, key: Node, node: Node) -> Site:
        name = key.text("a site's name")
        told = node.keyed(f"site {name}", ("policy",), _SITE_KEYS)
        file = self.folder / told["policy"].text("policy")
        policy = read_policy(self._bytes(file), str(file))
        check_activation(policy, time())
        if (scripts := read_scripts(name, told.get("scripts"))) is not None:
            taken = {script for others in self.scripts for script in others.ids}
            if shared := sorted(taken.intersection(scripts.ids)):
                raise told["scripts"].error(f"{shared[0]} belongs to two sites")
            self.scripts.append(scripts)
        rules = UrlRules(tuple(_texts(told, "sensitive_paths")), tuple(_texts(told, "keep_query")))
        contracts = self._contracts(told.get("contracts"))
        minimiser = Minimiser(name, policy, contracts, rules)
        return Site(
            name,
            policy,
            minimiser,
            frozenset({name, *_texts(told, "write_keys")}),
            frozenset(_origin(item) for item in _items(told, "origins")),
            tuple(_market(item) for item in _items(told, "markets")),
            {source.text("a source"): protocol.one_of(ADAPTERS, "protocol") for source, protocol in _sources(told)},
            hooks=read_hooks(told.get("hooks"), self.secrets["hooks"]),
            copiers=tuple(
                Copier(terms, policy, Minimiser(name, policy, contracts, rules, terms.destination))
                for terms in read_relays(name, told.get("forward"), policy, self.secrets["forward"])
            ),
            has_mail="mail" in told and read_truth(told["mail"], "mail"),
            redirect_hosts=read_hosts(told.get("redirect_hosts")),
        )

    def _contracts(self, node: Node | None) -> Contracts:
        if node is None:
            return read_contracts(starter_contracts())
        folder = self.folder / node.text("contracts")
        found = sorted(folder.glob("*.yml"))
        if not found:
            raise node.error(f"contracts names {folder}, which holds no .yml file")
        return read_contracts({str(file): self._bytes(file) for file in found})

    def _bytes(self, file: Path) -> bytes:
        self.files.append(file)
        return file.read_bytes()


def _items(told: Mapping[str, Node], name: str) -> tuple[Node, ...]:
    return told[name].listed(name) if name in told else ()


def _texts(told: Mapping[str, Node], name: str) -> list[str]:
    return [item.text(name) for item in _items(told, name)]


def _sources(told: Mapping[str, Node]) -> tuple[tuple[Node, Node], ...]:
    return told["sources"].pairs("sources") if "sources" in told else ()


def _origin(node: Node) -> str:
    origin = node.text("an origin")
    if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
        raise node.error(
            f"'{origin}' is not an origin; write scheme and host without a path, such as https://www.shop.example"
        )
    return origin


def _market(node: Node) -> str:
    code = node.text("a market")
    if not is_place(code):
        raise node.error(f"'{code}' is not an ISO 3166 code, such as DE or US-CA")
    return code
