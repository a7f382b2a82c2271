"""Questions of `gateway contracts` to the warehouse: as the read-only user, over a stretch of time, for one site.

May not: put a word of a person into SQL; what varies is bound as a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click
from clickhouse_connect.driver.client import Client

from gateway.commands.options import fail
from gateway.commands.sql import reader_of, target_of
from gateway.warehouse.connect import WarehouseError, connect, translated

_SINCE = re.compile(r"(\d{1,4})([dhw])\Z")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Span(NamedTuple):
    """What is asked about: a time until now, and a site, '' for all of them."""

    since: datetime
    until: datetime
    site: str

    def words(self) -> Mapping[str, str]:
        """As the statements name them."""
        since, until = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (self.since, self.until))
        return {"since": since, "until": until, "site": self.site}


def read_span(since: str, site: str) -> Span:
    """`7d`, `36h` or `2w` before now, in whole seconds; a sentence and exit code 2 for anything else."""
    found = _SINCE.match(since)
    if found is None or not int(found[1]):
        raise click.BadParameter(f"'{since}' is no stretch of time; write 36h, 7d or 2w", param_hint="--since")
    until = datetime.now(UTC).replace(microsecond=0)
    return Span(until - int(found[1]) * _UNITS[found[2]], until, site)


class Asked:
    """A client that answers statements over one span."""

    def __init__(self, client: Client, url: str, span: Span) -> None:
        self._client, self._url, self._span = client, url, span

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """`%(since)s`, `%(until)s` and `%(site)s` in the statement are the span's."""
        with translated(self._url):
            return self._client.query(statement, parameters=dict(self._span.words())).result_rows


@contextmanager
def asked(config: Path | None, data: Path, warehouse: str | None, span: Span) -> Iterator[Asked]:
    """The warehouse of a gateway; what it refuses is one sentence and exit code 2: nothing was checked."""
    try:
        with reader_of(target_of(config, warehouse), data) as url, closing(connect(url)) as client:
            yield Asked(client, url, span)
    except WarehouseError as error:
        fail(str(error))
