"""The one table of settings: name, default, unit, help. Read once into a frozen object and passed.

May not: be read by `consent` or `gateway.intake`; they get what they need as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def _setting(default: Any, unit: str, say: str) -> Any:
    return field(default=default, metadata={"unit": unit, "help": say})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set, in `gateway.yml` under `settings:` or on the command line."""

    host: str = _setting("127.0.0.1", "address", "where the public port listens")
    port: int = _setting(8080, "port", "public port: hits come in here")
    admin_host: str = _setting(
        "127.0.0.1", "address", "where the admin port listens; beyond loopback only with admin_users"
    )
    admin_port: int = _setting(8081, "port", "private port: health, metrics, pages, API")
    admin_users: str = _setting(
        "", "path", "who may use the admin port, made by gateway admin add-user; empty asks nobody"
    )
    admin_names: tuple[str, ...] = _setting(
        (), "host names", "what the admin port is called, besides localhost and admin_host"
    )
    admin_proxies: tuple[str, ...] = _setting(
        (), "CIDR list", "peers that have logged people in and say whom in admin_user_header"
    )
    admin_user_header: str = _setting(
        "", "header name", "name of who was logged in, such as x-forwarded-user; their role stands in admin_users"
    )
    admin_session_s: int = _setting(28_800, "s", "longest time between two logins")
    admin_certificate: str = _setting(
        "", "path", "certificate chain (PEM) of the admin port, which then speaks TLS only"
    )
    admin_certificate_key: str = _setting("", "path", "private key (PEM) of admin_certificate")
    certificate: str = _setting("", "path", "certificate chain (PEM) of the public port, which then speaks TLS only")
    certificate_key: str = _setting("", "path", "private key (PEM) of certificate")
    workers: int = _setting(1, "processes", "collect processes that share the public port")
    warehouse: str = _setting(
        "embedded", "'embedded' or URL", "clickhouse://user:password@host:8123/database, or the embedded engine"
    )
    kafka: str = _setting("", "host:port list", "brokers that the loader hands rows to instead of the warehouse")
    kafka_properties: str = _setting("", "path", "more for librdkafka, name=value a line: TLS, SASL, passwords")
    warehouse_port: int = _setting(0, "port", "loopback port of the embedded engine; 0 takes any free one")
    path_prefix: str = _setting("", "path", "prefix under which the site's own host passes hits on, such as /t")
    durability: str = _setting(
        "fsync", "'fsync' or 'os'", "fsync: acknowledged survives a power cut; os: survives kill -9, not a power cut"
    )
    load_after_ms: int = _setting(1000, "ms", "age at which a segment is sealed and loaded")
    erase_every_s: int = _setting(
        600, "s", "how often the loader erases whom hits asked to forget; 0 leaves it to gateway privacy orders"
    )
    segment_limit_bytes: int = _setting(32 * 1024 * 1024, "bytes", "size at which a segment is sealed")
    journal_limit_bytes: int = _setting(4 * 1024**3, "bytes", "backlog at which hits are answered 503")
    journal_limit_s: int = _setting(
        259_200, "s", "age of the oldest facts that wait to be loaded at which hits are answered 503; 0 is off"
    )
    disk_reserve_bytes: int = _setting(256 * 1024 * 1024, "bytes", "free disk space below which hits are answered 503")
    body_limit_bytes: int = _setting(512 * 1024, "bytes", "largest request body as sent")
    inflated_limit_bytes: int = _setting(2 * 1024 * 1024, "bytes", "largest request body after decompression")
    body_timeout_s: float = _setting(10.0, "s", "longest time that a request may take to arrive")
    retry_after_s: int = _setting(5, "s", "Retry-After of a 503")
    address_limit_per_s: float = _setting(
        0.0, "requests/s", "per network of senders (/24, /48) and worker, beyond it 429; 0 is off"
    )
    site_limit_per_s: float = _setting(0.0, "requests/s", "per site and worker, beyond it 429; 0 is off")
    limit_burst_s: float = _setting(10.0, "s", "how many seconds' worth of either limit may come at once")
    trusted_proxies: tuple[str, ...] = _setting(
        (), "CIDR list", "peers whose X-Forwarded-For and country header are believed; none by default"
    )
    country_header: str = _setting(
        "", "header name", "country header of a CDN, believed from trusted proxies only, such as cf-ipcountry"
    )
    geo_file: str = _setting("", "path", "a GeoLite2 or DB-IP country or city file (.mmdb); empty works without")
    analyst_max_seconds: int = _setting(30, "s", "longest run of an analyst's query")


def describe() -> list[tuple[str, str, str, str]]:
    """Rows (name, default, unit, help) for README and --help, in the order of the table."""
    return [(f.name, str(f.default), f.metadata["unit"], f.metadata["help"]) for f in fields(Settings)]
