"""Attacks past the ports: analysts' SQL, and addresses that the gateway itself would be made to call."""

from __future__ import annotations

import contextlib
import socket
import threading

import httpx
import orjson

from gateway.outbound import Caller, OutboundError, is_public
from gateway.outward import Upstream
from tests.attacks.attack import Arena, Attack, on_wire

_PRIVATE = (
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "::1",
    "fe80::1",
    "fc00::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "198.18.0.1",
    "255.255.255.255",
)


def _sql(statement: str) -> Attack:
    def make(arena: Arena) -> str:
        reader = orjson.loads((arena.served.data / "run" / "warehouse.json").read_bytes())["reader"]
        answer = httpx.post(reader.replace("clickhouse://", "http://"), content=statement, timeout=40)
        return "refused" if answer.status_code != 200 or "Exception" in answer.text else answer.text[:40]

    return Attack("analyst: SQL", statement[:60], ("refused",), make)


def _private_addresses(_arena: Arena) -> str:
    return "denied" if not any(map(is_public, _PRIVATE)) else "called"


def _call_home(_arena: Arena) -> str:
    """Upstreams that are this machine, written in every way; a listener counts who comes."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        port = listener.getsockname()[1]

        def count() -> None:
            with contextlib.suppress(TimeoutError):
                came.append(listener.accept())

        waiting = threading.Thread(target=count)
        waiting.start()
        said = [
            _called(f"https://{host}:{port}")
            for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0")
        ]
        waiting.join()
    return "nobody came" if not came and all(said) else "somebody came"


def _called(url: str) -> bool:
    """Whether it was refused."""
    caller = Caller(Upstream(url))
    try:
        caller.call("GET", "/")
    except OutboundError:
        return True
    finally:
        caller.close()
    return False


def _get(target: str) -> bytes:
    return b"GET " + target.encode() + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


ATTACKS = (
    *map(
        _sql,
        (
            "INSERT INTO gateway.events (site) VALUES ('x')",
            "DROP TABLE gateway.events",
            "ALTER TABLE gateway.events DELETE WHERE 1",
            "CREATE TABLE gateway.x (a Int8) ENGINE = Memory",
            "SELECT * FROM file('/etc/passwd', 'LineAsString')",
            "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
            "SELECT * FROM remote('127.0.0.1', system.one)",
            "SELECT * FROM executable('id', TSV, 'a String')",
            "SELECT 1 INTO OUTFILE '/tmp/attack'",
            "SYSTEM SHUTDOWN",
            "SELECT * FROM s3('http://169.254.169.254/x', 'LineAsString')",
            "SET readonly = 0",
            "SELECT 1 SETTINGS readonly = 0",
            "SELECT sum(a.number * b.number) FROM numbers(1e9) a, numbers(1e9) b SETTINGS max_execution_time = 0",
        ),
    ),
    on_wire("SSRF: script of another host", _get("/gtm.js?id=http://169.254.169.254/"), "404"),
    on_wire("SSRF: script that no site lists", _get("/gtag/js?id=G-EVIL000000&l=../../x"), "404"),
    Attack("SSRF: private addresses", f"{len(_PRIVATE)}, IPv4 in IPv6 too", ("denied",), _private_addresses),
    Attack("SSRF: this machine as upstream", "six ways to write it", ("nobody came",), _call_home),
)
