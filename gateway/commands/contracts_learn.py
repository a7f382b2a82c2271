"""`gateway contracts learn`: drafts of contracts for events that have none, from recorded hits or from the warehouse.

May not: show a value of a hit; what it gets is names, types and counts.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.commands.contracts_texts import folder_of, load, texts_of
from gateway.commands.contracts_warehouse import asked, read_span
from gateway.commands.options import config_option, data_option, fail, setting_option
from gateway.intake.contracts.tools.drafts import draft
from gateway.intake.contracts.tools.recordings import UnreadableRecording, read_recordings
from gateway.intake.contracts.tools.sightings import Sightings
from gateway.intake.contracts.words import Type

_ORPHANS = """
SELECT event, count() FROM gateway.events
WHERE verdict = 'no_contract' AND event_time >= %(since)s AND event_time < %(until)s
  AND (%(site)s = '' OR site = %(site)s)
GROUP BY event ORDER BY event
"""
_UNLISTED = """
SELECT event, property, arrayJoin(groupUniqArray(type)) FROM gateway.sightings
WHERE day >= toDate(%(since)s) AND day <= toDate(%(until)s) AND (%(site)s = '' OR site = %(site)s)
GROUP BY event, property ORDER BY event, property
"""


@click.command()
@click.argument("recordings", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", help="Ask the warehouse instead, back to 36h, 2d or 1w ago.")
@click.option("--site", default="", help="With --since: one site only.")
@click.option("--contracts", "folder", help="What is known already: a folder, or starter.  [default: as `check`]")
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="A new file, instead of the screen.")
@config_option
@data_option
@setting_option("warehouse")
def learn(recordings: tuple[Path, ...], since: str | None, write: Path | None, **where: Any) -> None:
    """Draft contracts for events that have none, from RECORDINGS (JSON lines, as in tests/hits) or --since.

    A draft holds names, types and counts; no value of any hit. The warehouse knows names of properties that ten
    visitors sent on one day (gateway.sightings). Drafts let nothing through until they are made active.

    \b
    Examples:
      gateway contracts learn hits.jsonl --write contracts/drafts.yml
      gateway contracts learn --since 2d --contracts contracts/
    """
    if bool(recordings) == bool(since):
        fail("name recorded hits, or say --since, such as --since 2d.")
    if write is not None and write.exists():
        fail(f"{write} is there already; drafts never replace a file.")
    known = load(texts_of(folder_of(where["folder"], where["config"])))
    sightings = Sightings()
    if since is None:
        _read(recordings, sightings)
    else:
        _ask(since, sightings, **where)
    _show(draft(sightings, known, datetime.now(UTC).date()), write)


def _ask(since: str, sightings: Sightings, site: str, **where: Any) -> None:
    with asked(where["config"], where["data"], where["warehouse"], read_span(since, site)) as warehoused:
        for name, times in warehoused.rows(_ORPHANS):
            sightings.see(str(name), {}, times=int(times))
        for name, prop, kind in warehoused.rows(_UNLISTED):
            sightings.see_type(str(name), str(prop), Type(kind))


def _read(recordings: tuple[Path, ...], sightings: Sightings) -> None:
    for file in recordings:
        try:
            with file.open("rb") as lines:
                read_recordings(lines, sightings)
        except OSError as error:
            fail(f"{file} cannot be read ({error.strerror}).")
        except UnreadableRecording as error:
            fail(f"{file}:{error.line}: is no recorded hit; see --help.", 1)


def _show(text: str, write: Path | None) -> None:
    if not text:
        click.echo("Nothing to draft: every event has a contract, or its name can be none.", err=True)
    elif write is None:
        click.echo(text, nl=False)
    else:
        write.write_text(text, encoding="utf-8")
        click.echo(f"{write}: {text.count('status: draft')} drafts; check them: gateway contracts check {write}")
