"""What an attack is, and the gateway that all of them are made on. Every one comes from a network of its own."""

from __future__ import annotations

import base64
import hmac
import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson

from gateway.web.access.users import Kind, Role, User, hash_secret, new_token
from tests.raw import SILENCE, everything, statuses_of
from tests.serving import Served

#: Stands in everything that is sent, and may stand in no log, no metric and no answer to somebody else.
CANARY = "cnry0123456789"

PASSWORD = "correct horse battery staple"
HOOK_KEY = b"attack-table-hook-key-of-32-byte"

LIMIT_PER_S, BURST_S = 100, 20

YML = """
settings:
  admin_users: users
  admin_names: [gateway.internal]
  address_limit_per_s: 100
  limit_burst_s: 20
sites:
  shop:
    policy: policy.yml
    write_keys: [wk_shop]
    origins: [https://www.shop.example]
    markets: [DE]
    mail: yes
    redirect_hosts: [www.shop.example]
    hooks:
      billing: {kind: standard, secret: {env: ATTACK_HOOK}, choices: yes}
      guessed: {kind: secret_path, secret: {env: ATTACK_HOOK}}
"""

CONSENT = {"choice": "explicit", "purposes": {"analytics": True}}


class Attack(NamedTuple):
    """A name, what is sent in a few words, the answers that are right, and the deed, which tells the answer seen."""

    name: str
    sent: str
    right: tuple[str, ...]
    make: Callable[[Arena], str]


@dataclass
class Arena:
    """A gateway under attack, with what attackers have: networks, and the credentials of an analyst."""

    served: Served
    tokens: dict[str, str]
    networks: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    before: dict[str, tuple[int, int]] = field(default_factory=dict)

    def source(self) -> str:
        """An address of ours in a network that nobody has used."""
        number = next(self.networks)
        return f"127.{1 + number // 250}.{1 + number % 250}.1"

    def statuses(self, sent: bytes, url: str = "") -> str:
        """The statuses of all answers to those bytes: '400', '200 404', 'closed'."""
        answer = everything(url or self.served.url, sent, self.source())
        found = _shortened([str(status) for status in statuses_of(answer)])
        return found or ("silence" if answer == SILENCE else "closed")

    def client(self, **headers: str) -> httpx.Client:
        """A client from a network of its own."""
        return httpx.Client(transport=httpx.HTTPTransport(local_address=self.source()), headers=headers, timeout=20)

    def hit(self, body: Any, **headers: str) -> httpx.Response:
        """Our own JSON, or bytes as they are."""
        with self.client(**headers) as client:
            content = body if isinstance(body, bytes) else orjson.dumps(body)
            return client.post(self.served.url + "/collect", content=content)

    def event(self, **event: Any) -> httpx.Response:
        """One consented event."""
        return self.hit({"site": "shop", "consent": CONSENT, "events": [{"event": "product_view", **event}]})

    def as_analyst(self) -> httpx.Client:
        return self.client(authorization=f"Bearer {self.tokens['analyst']}")

    def login(self, client: httpx.Client, password: str = PASSWORD, **more: str) -> httpx.Response:
        """Through the page, as a browser does it."""
        token = form_token(client.get(self.served.admin + "/login").text)
        fields = {"form": token, "name": "officer", "password": password, **more}
        return client.post(self.served.admin + "/login", data=fields)


def form_token(page: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="form" value="([0-9a-f]+)"', page)
    assert found, page
    return found[1]


def signed(body: bytes, delivery: str, at: float | None = None, key: bytes = HOOK_KEY) -> dict[str, str]:
    """Headers of a Standard Webhook."""
    stamp = str(int(at or time.time()))
    digest = hmac.digest(key, f"{delivery}.{stamp}.".encode() + body, "sha256")
    return {
        "webhook-id": delivery,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        "content-type": "application/json",
    }


def write_users(file: Path) -> dict[str, str]:
    """An officer and an admin with passwords, an analyst and an officer with tokens; the tokens by role."""
    hashed = hash_secret(PASSWORD)
    tokens = {role: new_token(f"{role}-token") for role in (Role.ANALYST, Role.OFFICER)}
    users = [User("officer", Role.OFFICER, Kind.PASSWORD, hashed), User("admin", Role.ADMIN, Kind.PASSWORD, hashed)]
    users += [User(f"{role}-token", role, Kind.TOKEN, hash_secret(token)) for role, token in tokens.items()]
    file.write_text("".join(user.line() for user in users))
    return {str(role): token for role, token in tokens.items()}


def on_wire(name: str, sent: bytes, *right: str, said: str = "", admin: bool = False) -> Attack:
    """An attack that is nothing but bytes."""
    told = said or repr(sent[:60])[2:-1]
    return Attack(name, told, right, lambda arena: arena.statuses(sent, arena.served.admin if admin else ""))


def _shortened(found: list[str]) -> str:
    """`200 x 3, 404` instead of every one of them."""
    groups = [(status, len(list(group))) for status, group in itertools.groupby(found)]
    return ", ".join(f"{status} x {count}" if count > 1 else status for status, count in groups)
