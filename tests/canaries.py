"""Plants unique strings wherever a recorded request can carry one, and remembers where each was planted.

A canary is `cnry` and ten hex digits; planted in an e-mail, a phone or an address it takes that shape. `place` names
the field: `header:cookie`, `query:dl:path`, `json.batch.properties.product_id`, `json:key` for names of fields.
What is packed is unpacked, planted and packed again: gzip bodies, base64 and JSON inside of values.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import gzip
import itertools
import random
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import orjson

from tests.recorded import Recorded

#: Parameters and fields that make a request what it is; changed, it would only be refused unread.
STRUCTURAL_QUERY = frozenset(
    {
        *("v", "tid", "en", "gcs", "gcd", "npa", "dma", "_et", "_s", "_p", "sid", "measurement_id", "api_secret", "cu"),
        *(
            "consent",
            "idsite",
            "rec",
            "e",
            "tv",
            "p",
            "aid",
            "dtm",
            "stm",
            "eid",
            "event",
            "compression",
            "ver",
            "ping",
        ),
    }
)
STRUCTURAL_JSON = frozenset(
    {
        *(
            "type",
            "event",
            "name",
            "timestamp",
            "sentAt",
            "originalTimestamp",
            "timestamp_micros",
            "writeKey",
            "currency",
        ),
        *(
            "choice",
            "at",
            "site",
            "consent",
            "consentManagement",
            "consent_state",
            "event_type",
            "event_name",
            "entity",
        ),
        *("action", "website", "n", "e", "tv", "p", "dtm", "stm", "schema", "time", "client_upload_time", "sent_at"),
    }
)
STRUCTURAL_HEADERS = {
    "host",
    "content-type",
    "content-encoding",
    "content-length",
    "authorization",
    "origin",
    "connection",
}

CANARY = re.compile(rb"cnry[0-9a-f]{10}")


class Canaries:
    """Makes canaries and remembers their places."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._addresses = itertools.count()
        self.places: dict[str, str] = {}
        self.under = ""  # whatever the test wants to know of each canary besides its place
        self.everywhere = False  # also in what makes a request what it is

    def new(self, place: str) -> str:
        canary = f"cnry{self._chance.getrandbits(40):010x}"
        self.places[canary] = self.under + place
        return canary

    def address(self) -> str:
        """A unique IPv4 address out of 198.18.0.0/15, reserved for benchmarks (RFC 2544)."""
        number = next(self._addresses)
        address = f"198.{18 + number // 65536 % 2}.{number // 256 % 256}.{number % 256}"
        self.places[address] = self.under + "header:address"
        return address

    def plant(self, request: Recorded) -> Recorded:
        """The request with a canary of its own in every place."""
        path, _, query = request.target.partition("?")
        target = path + ("?" + self._query(query) if query else "")
        return request._replace(target=target, headers=self._headers(request), body=self._body(request.body))

    def _headers(self, request: Recorded) -> list[tuple[str, str]]:
        kept = [(name, text) for name, text in request.headers if name.lower() in STRUCTURAL_HEADERS]
        agents = [self.new("header:user-agent") for _ in range(2)]
        browser = f"Mozilla/5.0 (Windows NT 10.0; {agents[0]}) Chrome/142.0.0.0 {agents[1]}"
        names = ("_ga", "_ga_TEST0000001", "FPID", "ajs_anonymous_id", "OptanonConsent", "session")
        cookies = "; ".join(f"{name}={self.new('header:cookie')}" for name in names)
        return [
            *kept,
            ("User-Agent", browser),
            ("Cookie", cookies),
            ("Referer", f"https://{self.new('header:referer')}.example/{self.new('header:referer')}"),
            ("Accept-Language", self.new("header:accept-language")),
            *(
                (name, self.address())
                for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP")
            ),
            *((f"X-{self.new('header:name')}", self.new("header:unknown")) for _ in range(2)),
        ]

    def _query(self, query: str) -> str:
        pairs = [
            (name, self._value(f"query:{name}", value, self._is_kept(name, STRUCTURAL_QUERY)))
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
        extra = [(self.new("query:name"), self.new("query:unknown")), *self._personal("query")]
        return urlencode([*pairs, *extra], quote_via=quote)

    def _personal(self, where: str) -> list[tuple[str, str]]:
        return [
            ("email", f"{self.new(where + ':email')}@mail.example"),
            ("ep.user_data.email", f"{self.new(where + ':email')}@mail.example"),
            ("phone", self.new(where + ":phone")),
            ("token", self.new(where + ":token")),
        ]

    def _value(self, place: str, value: str, structural: bool) -> str:
        if structural:
            return value
        if value.startswith(("http://", "https://")):
            return self._url(place)
        return self._unpacked(place, value) or self.new(place)

    def _is_kept(self, name: str, structural: frozenset[str]) -> bool:
        return name in structural and not self.everywhere

    def _unpacked(self, place: str, value: str) -> str:
        """JSON inside of a value, base64 or not, with canaries in it; '' where there is none."""
        with contextlib.suppress(orjson.JSONDecodeError):
            tree = orjson.loads(value)
            return orjson.dumps(self._tree(place, tree)).decode() if isinstance(tree, dict | list) else ""
        with contextlib.suppress(binascii.Error, ValueError):
            padded = value + "=" * (-len(value) % 4)
            inner = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
            tree = orjson.loads(inner)
            if isinstance(tree, dict | list):
                return base64.b64encode(orjson.dumps(self._tree(place, tree))).decode()
        return ""

    def _url(self, place: str) -> str:
        parts = {
            part: self.new(f"{place}:{part}")
            for part in ("userinfo", "host", "path", "value", "campaign", "email", "fragment", "gclid")
        }
        return (
            f"https://{parts['userinfo']}:x@{parts['host']}.example/{parts['path']}/{parts['email']}@mail.example"
            f"?q={parts['value']}&utm_campaign={parts['campaign']}&gclid={parts['gclid']}"
            f"&email={parts['email']}%40mail.example#{parts['fragment']}"
        )

    def _body(self, body: bytes) -> bytes:
        if not body:
            return body
        if body[:2] == b"\x1f\x8b":
            return gzip.compress(self._body(gzip.decompress(body)), mtime=0)
        try:
            tree = orjson.loads(body)
        except orjson.JSONDecodeError:
            return b"\n".join(self._line(line) for line in body.splitlines())
        return orjson.dumps(self._tree("json", tree))

    def _line(self, line: bytes) -> bytes:
        return self._query(line.decode("utf-8", "replace")).encode()

    def _tree(self, place: str, value: Any) -> Any:
        if isinstance(value, dict):
            planted = {
                key: item
                if self._is_kept(key, STRUCTURAL_JSON) and not isinstance(item, list)
                else self._tree(f"{place}.{key}", item)
                for key, item in value.items()
            }
            return planted | {
                self.new("json:key"): self.new(place + ".unknown"),
                "email": f"{self.new('json:email')}@mail.example",
            }
        if isinstance(value, list):
            return [self._tree(place, item) for item in value]
        return self._value(place, value, structural=False) if isinstance(value, str) else value
