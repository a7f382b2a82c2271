"""Any bytes at any adapter: events and refusals, never an exception, never more than was sent."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import orjson
import pytest

from gateway.intake.adapters import ADAPTERS, claim
from gateway.intake.adapters.adapter import Adapter
from gateway.intake.hit import Event, Hit, Reading
from gateway.words import Refusal
from tests.hits.golden import clients, read_hit, requests

#: Mutated requests over all adapters; a longer run is asked for by the environment.
FUZZ_ROUNDS = int(os.environ.get("GATEWAY_FUZZ_ROUNDS", "20000"))
SEED = 20261122

_SCALARS = (str, int, float, bool)


def recorded() -> list[tuple[Adapter, Hit]]:
    found = []
    for client in clients():
        for request in requests(client):
            hit = read_hit(request)
            adapter = claim(hit.method, hit.path, hit.body)
            if adapter is not None:
                found.append((adapter, hit))
    return found


RECORDED = recorded()


def changed(hit: Hit, *, query: bytes | None = None, body: bytes | None = None) -> Hit:
    return Hit(
        hit.method,
        hit.path,
        hit.query if query is None else query,
        hit.headers,
        hit.body if body is None else body,
        hit.address,
        hit.received_at,
    )


def check_reading(reading: Reading) -> None:
    """What the rest of the walk relies on, whatever came in."""
    assert isinstance(reading.key, str)
    assert 200 <= reading.answer.status < 500
    for refusal in reading.refusals:
        assert refusal.__class__ is Refusal
    for event in reading.events:
        check_event(event)
    for statement in reading.statements:
        assert isinstance(statement.carrier, str)
        assert isinstance(statement.text, str)


def check_event(event: Event) -> None:
    assert 0 < len(event.name) <= 100
    assert event.at == event.at
    assert abs(event.at) < 1e15
    texts = [event.event_id, event.client_id, event.user_id, event.session_id, event.page_url, event.page_title]
    texts += [event.referrer, event.language, event.screen, event.email, event.user_agent or "", event.address or ""]
    for text in texts:
        text.encode()  # no lone surrogate: a fact must be writable
    for listed in (event.properties, *event.items):
        orjson.dumps(listed)
        for name, value in listed.items():
            assert 0 < len(name) <= 105
            assert isinstance(value, _SCALARS)
            assert value == value, "NaN"
    assert len(event.items) <= 200
    assert len(event.properties) <= 450


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "junk appended": lambda raw: raw + b"\x00\xff\xfejunk&&&==%%%",
    "truncated": lambda raw: raw[: len(raw) * 2 // 3],
    "empty": lambda _raw: b"",
    "NUL bytes": lambda raw: raw.replace(b"e", b"\x00"),
    "NUL escapes": lambda raw: raw.replace(b'"type"', b'"ty\\u0000pe"').replace(b"en=", b"en=%00"),
    "right to left": lambda raw: raw.replace(b'":"', b'":"\xe2\x80\xae').replace(b"en=", b"en=%E2%80%AE"),
    "NaN": lambda raw: raw.replace(b'":"', b'":NaN,"x":"').replace(b"_et=", b"_et=NaN&_et="),
    "numbers beyond": lambda raw: raw.replace(b'":"', b'":1e999,"x":"').replace(b"epn.value=", b"epn.value=1e999"),
    "duplicate keys": lambda raw: raw.replace(b"{", b'{"a":1,"a":{"a":2},"type":[],').replace(b"&", b"&en=x&en=y&", 1),
    "90 KB": lambda raw: raw.replace(b'":"', b'":"' + b"x" * 90_000, 1) + b"&dt=" + b"x" * 90_000,
    "nested percent": lambda raw: raw.replace(b"%", b"%2525"),
    "bad percent": lambda raw: raw.replace(b"%", b"%zz%"),
    "lone surrogates": lambda raw: raw.replace(b'":"', b'":"\\ud800').replace(b"%", b"%ED%A0%80"),
    "bad UTF-8": lambda raw: raw.replace(b'":"', b'":"\xff\xc3').replace(b"&", b"&\xff\xc3"),
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "arrays for objects": lambda raw: raw.replace(b"{", b"[").replace(b"}", b"]").replace(b":", b","),
    "objects for text": lambda raw: raw.replace(b'":"', b'":{"":0},"x":"'),
    "deep nesting": lambda raw: raw.replace(b'":"', b'":' + nested(40) + b',"x":"', 1),
    "very deep nesting": lambda raw: raw.replace(b'":"', b'":' + b"[" * 100_000, 1),
    "null for everything": lambda raw: raw.replace(b'":"', b'":null,"x":"'),
    "repeated": lambda raw: raw * 3,
    "new lines": lambda raw: raw.replace(b"&", b"\n").replace(b",", b"\r\n,"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bytes_give_events_and_refusals(case: str) -> None:
    spoil = HOSTILE[case]
    for adapter, hit in RECORDED:
        check_reading(adapter.read(changed(hit, body=spoil(hit.body))))
        check_reading(adapter.read(changed(hit, query=spoil(hit.query))))


BODIES = (
    b"",
    b"null",
    b"0",
    b'""',
    b"[]",
    b"{}",
    b"[[]]",
    b"[null]",
    b'{"events":{}}',
    b'{"events":[null,1,"x",[],{}]}',
    b'{"batch":[null,1,"x",[],{}]}',
    b'{"batch":{"batch":{"batch":[]}}}',
    b'{"requests":[null,1,{},[],"?"]}',
    b'{"data":"x"}',
    b'{"data":[[],1,null,{}]}',
    b"[" * 5000,
    b'{"a":' * 5000,
    b"\n" * 5000,
    b"=&" * 5000,
    b"data=",
    b"data=%FF%FE",
    b"data=bm90IGpzb24",
    b"\x1f\x8b\x08\x00",
)


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_reads_any_small_body_at_any_path(name: str) -> None:
    """A source may be pinned to an adapter, which then sees paths that it never claimed."""
    adapter = ADAPTERS[name]
    for method in ("GET", "POST", "PUT", "HEAD"):
        for path in ("/", "", "/collect", "/v1/m", "/a/b/c", "/v1/projects/x/settings", "/%00", "/data", "/x/"):
            for body in BODIES:
                check_reading(adapter.read(Hit(method, path, body, {b"authorization": b"Basic \xff"}, body, "", 1e9)))


def mutations(source: random.Random, raw: bytes) -> bytes:
    """A few cuts, swaps and insertions; most mutants still look like the protocol."""
    spoiled = bytearray(raw)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(spoiled) + 1)
        kind = source.randrange(5)
        if kind == 0 and spoiled:
            spoiled[at % len(spoiled)] = source.randrange(256)
        elif kind == 1:
            spoiled[at:at] = source.choice(
                (b'"', b"{", b"}", b"[", b"]", b",", b"&", b"=", b"%", b"\\", b"\n", b"~", b"\0")
            )
        elif kind == 2:
            del spoiled[at : at + source.randint(1, 40)]
        elif kind == 3:
            other = source.randrange(len(spoiled) + 1)
            spoiled[at:at] = spoiled[other : other + source.randint(1, 60)]
        else:
            spoiled[at:at] = source.choice(
                (b"null", b"NaN", b"-1e400", b"\\ud800", b"%F0%9F", b"true", b'"":{}', b"1" * 400)
            )
    return bytes(spoiled)


def mutants(rounds: int) -> Iterator[tuple[Adapter, Hit]]:
    source = random.Random(SEED)
    for _ in range(rounds):
        adapter, hit = source.choice(RECORDED)
        body = mutations(source, hit.body) if hit.body and len(hit.body) < 16_000 else hit.body
        query = mutations(source, hit.query) if hit.query else hit.query
        yield adapter, changed(hit, query=query, body=body)


def test_mutated_requests_never_raise() -> None:
    """What they cost is measured by loadtests/parse_fuzz.py."""
    for adapter, hit in mutants(FUZZ_ROUNDS):
        check_reading(adapter.read(hit))
