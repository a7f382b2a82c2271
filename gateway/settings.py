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
    admin_host: str = _setting("127.0.0.1", "address", "where the admin port listens; keep it on loopback")
    admin_port: int = _setting(8081, "port", "private port: health, metrics, pages")
    workers: int = _setting(1, "processes", "collect processes that share the public port")
    warehouse: str = _setting(
        "embedded", "'embedded' or URL", "clickhouse://user:password@host:8123/database, or the embedded engine"
    )
    warehouse_port: int = _setting(0, "port", "loopback port of the embedded engine; 0 takes any free one")
    path_prefix: str = _setting("", "path", "prefix under which the site's own host passes hits on, such as /t")
    durability: str = _setting(
        "fsync", "'fsync' or 'os'", "fsync: acknowledged survives a power cut; os: survives kill -9, not a power cut"
    )
    load_after_ms: int = _setting(1000, "ms", "age at which a segment is sealed and loaded")
    segment_limit_bytes: int = _setting(32 * 1024 * 1024, "bytes", "size at which a segment is sealed")
    journal_limit_bytes: int = _setting(4 * 1024**3, "bytes", "backlog at which hits are answered 503")
    disk_reserve_bytes: int = _setting(256 * 1024 * 1024, "bytes", "free disk space below which hits are answered 503")
    body_limit_bytes: int = _setting(512 * 1024, "bytes", "largest request body as sent")
    inflated_limit_bytes: int = _setting(2 * 1024 * 1024, "bytes", "largest request body after decompression")
    body_timeout_s: float = _setting(10.0, "s", "longest time that a request may take to arrive")
    retry_after_s: int = _setting(5, "s", "Retry-After of a 503")
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
