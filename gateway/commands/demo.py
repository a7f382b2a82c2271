"""`gateway demo`: traffic of an invented marketplace, sent to a running gateway.

May not: touch the gateway's folder or warehouse; all it knows of the gateway is its URL.
"""

from __future__ import annotations

import asyncio
import json
from time import perf_counter, time
from typing import IO, Any

import click

from gateway.demo.address import Address, read_address
from gateway.demo.sender import GatewayAway, Pace, Received, Sender
from gateway.demo.summary import summarise
from gateway.demo.traffic import Plan, traffic
from gateway.demo.truth import Truth

#: The most days back. Why: a gateway refuses events older than 30 days, and sending takes a while.
MOST_DAYS = 29


def _address(_context: click.Context, _parameter: click.Parameter, url: str) -> Address:
    try:
        return read_address(url)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.option("--visitors", type=click.IntRange(min=1), default=1000, show_default=True, help="How many people come.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes up the same events.")
@click.option(
    "--url",
    "address",
    callback=_address,
    default="http://127.0.0.1:8080",
    show_default=True,
    help="The gateway's public port, with its path prefix if it has one.",
)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    default=14,
    show_default=True,
    help="Over how many days before now the visits lie.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Hits per second; 0 is as fast as the gateway answers.",
)
@click.option(
    "--truth",
    "truth_file",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Write what really happened to this file, as JSON, to check reports against.",
)
def demo(visitors: int, seed: int, address: Address, days: int, rate: float, truth_file: IO[str] | None) -> None:
    """Send the traffic of an invented home-decor marketplace to a running gateway.

    Real HTTP in three protocols, with consent choices as different as the countries that people come from, and one
    bad hit in fifty. Running it twice counts everything twice: the same seed sends the same
    events again, at times that end now.

    \b
    Example:
      gateway serve                                   in one terminal
      gateway demo --visitors 1000 --truth truth.json in another
    """  # fmt: skip
    plan = Plan(visitors, seed, days, time())
    truth = Truth()
    started = perf_counter()
    try:
        received = _send(plan, truth, address, rate)
    except GatewayAway as error:
        raise click.ClickException(str(error)) from None
    seconds = perf_counter() - started
    if truth_file is not None:
        _write(truth_file, plan, truth)
    for line in summarise(truth, received, seconds):
        click.echo(line)


def _send(plan: Plan, truth: Truth, address: Address, rate: float) -> Received:
    sender = Sender(address, Pace(per_second=rate), time)
    with click.progressbar(length=plan.visitors, label=f"Visitors to {address}", item_show_func=_so_far) as bar:
        asyncio.run(sender.send(traffic(plan, truth), lambda: bar.update(1, sender.received)))
    return sender.received


def _so_far(received: Received | None) -> str | None:
    return (
        None if received is None else f"{received.hits:,} hits, {received.facts:,} facts, {received.refused:,} refused"
    )


def _write(file: IO[str], plan: Plan, truth: Truth) -> None:
    plan_made: dict[str, Any] = plan._asdict()
    json.dump({"plan": plan_made, **truth.as_json()}, file, indent=1, ensure_ascii=False)
    file.write("\n")
    file.flush()
    click.echo(f"The truth is in {file.name}.")
