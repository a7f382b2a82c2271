"""The parts of gateway.yml that let others in: `hooks:` and `redirect_hosts:` of a site, and where secrets come from.

May not: take a secret that is written in the file itself; show one in an error.

    hooks:
      typeform: {kind: typeform, secret: {env: TYPEFORM_SECRET}}
      survicate: {kind: survicate, secret: {file: secrets/survicate}, token: {env: SURVICATE_TOKEN}}
      forms: {kind: hmac, secret: {env: FORMS}, header: x-webhook-signature, encoding: hex, prefix: "sha256="}
      billing: {kind: standard, secret: [{env: NEW}, {env: OLD}], event: survey_answer, window: 300}
      zigpoll: {kind: secret_path, secret: {file: secrets/zigpoll}, choices: yes}
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from consent.clauses.destinations import read_truth
from consent.clauses.marked import Node
from gateway.intake.hooks import KINDS, Hook, Terms, compile_hook
from gateway.intake.proofs import ALGORITHMS, ENCODINGS
from gateway.intake.vocabulary import event_name

#: What a source or destination may be called: it is part of a path, or of a folder's name.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")

#: A host with at least one dot, after a star at least two labels. Why: `*.example` would be half of the world.
_HOST = re.compile(r"(?:\*\.(?=[^.]+\.))?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+\Z")

#: Shorter ones can be tried out. Why not longer: Typeform lets people choose theirs.
_SECRET_FROM_BYTES = 8

#: Reads a file beside gateway.yml, and remembers that the configuration is made of it.
ReadFile = Callable[[Path], bytes]


class Secrets:
    """Reads secrets from files and environment variables. Shut, it reads none, and all of them are empty: an empty
    secret proves nothing. Why: the loader reads the same gateway.yml, and has no business with them."""

    def __init__(self, folder: Path, read_file: ReadFile, is_open: bool) -> None:
        self._folder = folder
        self._read_file = read_file
        self._is_open = is_open

    def one(self, node: Node, what: str) -> bytes:
        """`{env: NAME}` or `{file: path}`; a file's last newline is not part of it."""
        if node.entries is None:
            raise node.error(f"{what} is written out here; name where it lies: {{env: NAME}} or {{file: path}}")
        told = node.keyed(what, (), ("env", "file"))
        if len(told) != 1:
            raise node.error(f"{what} should name one place: env or file")
        if not self._is_open:
            return b""
        found = self._from_file(told["file"], what) if "file" in told else _from_environment(told["env"], what)
        if len(found) < _SECRET_FROM_BYTES:
            raise node.error(f"{what} is shorter than {_SECRET_FROM_BYTES} bytes, so it can be guessed")
        return found

    def several(self, node: Node, what: str) -> tuple[bytes, ...]:
        """One, or a list: the present one first, then those that are being replaced."""
        nodes = (node,) if node.items is None else node.items
        if not nodes:
            raise node.error(f"{what} is an empty list")
        return tuple(self.one(item, what) for item in nodes)

    def _from_file(self, node: Node, what: str) -> bytes:
        return self._read_file(self._folder / node.text(f"the file of {what}")).rstrip(b"\r\n")


def _from_environment(node: Node, what: str) -> bytes:
    name = node.text(f"the variable of {what}")
    if not os.environ.get(name):
        raise node.error(f"{what} lies in the environment variable {name}, which is not set")
    return os.environ[name].encode()


def read_hooks(node: Node | None, secrets: Secrets) -> dict[str, Hook]:
    """The sources of webhooks of one site."""
    if node is None:
        return {}
    return {read_name(key, "a source of webhooks"): _read_hook(value, secrets) for key, value in node.pairs("hooks")}


def read_hosts(node: Node | None) -> frozenset[str]:
    """Hosts that unsigned links may lead to: `www.shop.example`, or `*.shop.example` for any below it."""
    return frozenset(_read_host(item) for item in (node.listed("redirect_hosts") if node else ()))


def _read_host(node: Node) -> str:
    host = node.text("a host").lower()
    if not _HOST.match(host):
        raise node.error(f"'{host}' is not a host; write www.shop.example or *.shop.example, without scheme or path")
    return host


def read_name(node: Node, what: str) -> str:
    """A name that can be part of a path and of a file's name."""
    name = node.text(what)
    if not _NAME.match(name):
        raise node.error(f"{what} is called '{name}'; use a-z, 0-9, '-' and '_', 63 at most")
    return name


def _read_hook(node: Node, secrets: Secrets) -> Hook:
    said = node.table("a hook").get("kind")
    kind = KINDS[(said or node).one_of(KINDS, "kind of hook")]
    told = node.keyed(f"a hook of kind {kind.name}", ("kind", "secret"), ("window", *kind.options))
    options: dict[str, Any] = {name: _OPTIONS[name](told[name], secrets) for name in told if name in _OPTIONS}
    if "window" in options:
        options["window_s"] = options.pop("window")
    if "header" in kind.options and "header" not in told:
        raise node.error("a hook of kind hmac lacks 'header': the header that the signature comes in")
    try:
        keys = tuple(map(kind.read_secret, secrets.several(told["secret"], "a hook's secret")))
    except ValueError as error:
        raise told["secret"].error(f"the secret of a hook of kind {kind.name} should be {error}") from None
    return compile_hook(kind, Terms(kind.name, keys, **options))


def _header(node: Node, _secrets: Secrets) -> bytes:
    return node.text("a header").lower().encode()


def _seconds(node: Node, _secrets: Secrets) -> float:
    try:
        seconds = float(node.text("window"))
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 30 * 86_400:
        raise node.error("window should be a number of seconds, from 1 to 30 days")
    return seconds


def _event(node: Node, _secrets: Secrets) -> str:
    name = event_name(node.text("event"))
    if not name:
        raise node.error("event should be the name of an event, such as survey_answer")
    return name


#: Option of a hook -> how its field of the terms is read. `window` is every kind's.
_OPTIONS: Mapping[str, Callable[[Node, Secrets], object]] = {
    "token": lambda node, secrets: secrets.one(node, "a hook's token"),
    "header": _header,
    "timestamp_header": _header,
    "encoding": lambda node, _: node.one_of(ENCODINGS, "encoding"),
    "prefix": lambda node, _: node.text("prefix"),
    "algorithm": lambda node, _: node.one_of(ALGORITHMS, "algorithm"),
    "event": _event,
    "choices": lambda node, _: read_truth(node, "choices"),
    "window": _seconds,
}
