"""Memory of one worker after a million hits, each of another visitor, page and product, by thousands of browsers.

What is remembered is bounded, so the second half of the hits must cost nothing: the worker's resident set is told every
tenth. Sealed segments are removed as they come, which is what a loader does to them. Exit 0: budget met, 1: missed.

    python -m loadtests.memory_per_worker
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import psutil
import uvloop

from gateway.journal.segment_files import SEALED
from loadtests.cpu_per_hit import HEADERS, OWN, OWN_EVENT, collecting, drive, machine

#: Requests made at a time, so that the generator's memory stays small too.
CHUNK = 10_000

#: Different user agents; real sites see some thousands in a day.
BROWSERS = 5000


def stranger(number: int) -> bytes:
    """One event of somebody who was never here, on a page that nobody saw."""
    body = OWN % (OWN_EVENT % (os.urandom(16).hex().encode(), number, number, number, number))
    headers = HEADERS.replace(b"Chrome/142.0.0.0", b"Chrome/142.0.%d.0" % (number % BROWSERS))
    return b"POST /collect HTTP/1.1\r\n" + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


def rss_mb_by_hits(hits: int) -> Iterator[tuple[int, float]]:
    """(hits sent, resident MB of the worker) at every tenth of them."""
    with tempfile.TemporaryDirectory() as folder, collecting(Path(folder)) as (port, pid):
        for first in range(0, hits, CHUNK):
            sent = [stranger(number) for number in range(first, min(first + CHUNK, hits))]
            assert uvloop.run(drive(port, sent)) == len(sent), "a hit was not acknowledged"
            for segment in Path(folder).rglob(f"*{SEALED}"):
                segment.unlink()
            done = first + len(sent)
            if done * 10 // hits > first * 10 // hits:
                yield done, psutil.Process(pid).memory_info().rss / 1e6


@click.command()
@click.option("--hits", default=1_000_000, show_default=True)
@click.option("--budget", default=120.0, show_default=True, help="Most MB after the last hit that pass.")
def main(hits: int, budget: float) -> None:
    """Print the worker's memory at every tenth of the hits."""
    rss_mb = 0.0
    for done, rss_mb in rss_mb_by_hits(hits):
        click.echo(f"after {done:>9,} hits: {rss_mb:6.1f} MB")
    click.echo(f"{rss_mb:.1f} MB (budget {budget:.0f}); {machine()}")
    raise SystemExit(0 if rss_mb <= budget else 1)


if __name__ == "__main__":
    main()
