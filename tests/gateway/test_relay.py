"""The relay: what a destination may have, checked again when it is sent; nothing lost, nothing that was withdrawn."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import orjson
import pytest

from gateway.configuration import ConfigurationError, read_configuration
from gateway.folders import Folders
from gateway.intake.minimise_withdrawal import MARK
from gateway.journal import segment
from gateway.journal.disk import Disk
from gateway.journal.disk_faulty import FaultyDisk
from gateway.journal.outbox import Outbox, OutboxHeld
from gateway.outward import Stopped
from gateway.relay import Relay
from tests.behind_doors import AT, Heard, Visitor, behind
from tests.forwarding import ALL_GRANTED, ANALYTICS_ONLY, DENIED, SECRET, bodies, events, gateway_yml, hit, policy
from tests.upstream import Asked, Say, Upstream, serving_upstream

DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GA4_API_SECRET", SECRET)


@pytest.fixture
def upstream() -> Any:
    with serving_upstream() as one:
        one.answer = lambda _: Say(204)
        yield one


def collect(folder: Path, upstream: Upstream, *asks: str, at: float = AT, more: str = "") -> list[dict[str, Any]]:
    """Hits that come in at that moment; gives the warehouse's rows."""

    async def script(visitor: Visitor) -> None:
        visitor.at = at
        for target in asks:
            heard = await visitor.ask("POST", target, b"", {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0"})
            assert heard.status in (200, 204), heard

    return behind(folder, gateway_yml(upstream, more), script, policy())[1]


class Clock:
    def __init__(self, now: float = AT + 2) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def relay(folder: Path, clock: Clock, disk: Disk | None = None) -> Relay:
    configuration = read_configuration(folder / "gateway.yml", secrets_of=("forward",))
    (site,) = configuration.sites.all
    (copier,) = site.copiers
    outbox = Outbox(disk or Disk(), Folders(folder / "data").forward / copier.name, MARK)
    return Relay(copier.terms, site.policy, outbox, clock)


def send(folder: Path, clock: Clock | None = None) -> Relay:
    """One run over what is sealed."""
    one = relay(folder, clock or Clock())
    one.run_once()
    one.close()
    return one


def outbox_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in (folder / "data" / "forward").rglob("*") if file.is_file())


# What arrives


def test_a_consented_hit_arrives_as_google_knows_it(tmp_path: Path, upstream: Upstream) -> None:
    (row,) = collect(tmp_path, upstream, hit("111.222"))
    sent = send(tmp_path)
    (asked,), (body,) = upstream.asked, bodies(upstream)
    target = urlsplit(asked.target)
    assert (asked.method, target.path) == ("POST", "/mp/collect")
    assert dict(parse_qsl(target.query)) == {"measurement_id": "G-ABC1234567", "api_secret": SECRET}
    assert body["consent"] == {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"}
    assert body["timestamp_micros"] == int(AT * 1_000_000)
    assert re.fullmatch(r"\d+\.\d+", body["client_id"])
    (event,) = body["events"]
    params = event["params"]
    assert event["name"] == "view_item"
    assert params["page_location"] == "https://www.shop.example/lamps/1?utm_source=news&utm_campaign=autumn"
    assert params["page_referrer"] == "https://search.example/"
    assert params["items"] == [
        {"item_id": "SKU-1", "item_name": "Lamp", "item_brand": "Casa", "item_category": "lamps", "price": 129.9,
         "quantity": 1}
    ]  # fmt: skip
    assert (params["currency"], params["session_id"].isdigit()) == ("EUR", True)
    assert (sent.sent, dict(sent.stopped)) == (1, {})
    assert row["event"] == "product_view"


def test_nothing_that_policy_does_not_list_rests_or_leaves(tmp_path: Path, upstream: Upstream) -> None:
    rows = collect(tmp_path, upstream, hit("111.222"), hit("111.222", "purchase", transaction_id="O-1"))
    rested = outbox_bytes(tmp_path)
    send(tmp_path)
    left = b"".join(asked.body + asked.target.encode() + str(asked.headers).encode() for asked in upstream.asked)
    assert len(events(upstream)) == 2
    for where in (rested, left):
        for secret in (b"jane", b"111.222", b"customer-7", b"198.51.100", b"canary", b"Mozilla", b"Chrome/142", b"?q="):
            assert secret not in where, secret
    for row in rows:
        for joint in ("visitor", "session", "account"):
            assert row[joint].encode() not in rested + left, "the destination's pseudonyms are its own"


def test_one_person_is_one_client_there_and_another_is_another(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("111.222"), hit("333.444"), hit("111.222", "purchase"))
    send(tmp_path)
    assert sorted(Counter(body["client_id"] for body in bodies(upstream)).values()) == [1, 2]


@pytest.mark.parametrize(
    ("consent", "grants", "count"),
    [
        (ALL_GRANTED, {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"}, 1),
        (ANALYTICS_ONLY, {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}, 1),
        (DENIED, {}, 0),
        ("", {}, 0),
    ],
    ids=["all", "analytics", "denied", "silent"],
)
def test_consent_decides_what_is_sent_and_what_is_said_of_it(
    tmp_path: Path, upstream: Upstream, consent: str, grants: dict[str, str], count: int
) -> None:
    rows = collect(tmp_path, upstream, hit("111.222", consent=consent))
    send(tmp_path)
    assert [body["consent"] for body in bodies(upstream)] == [grants] * count
    assert len(rows) == 1, "the warehouse counts where the destination gets nothing"


def test_other_protocols_are_not_copied_unless_the_site_says_so(tmp_path: Path, upstream: Upstream) -> None:
    own = orjson.dumps({
        "site": "shop", "consent": {"choice": "explicit", "purposes": {"analytics": True}},
        "events": [{"event": "wishlist_add", "client_id": "c", "properties": {"product_id": "SKU-1"}}],
    })  # fmt: skip

    async def script(visitor: Visitor) -> Heard:
        return await visitor.ask("POST", "/collect", own)

    for number, more in enumerate(("", ", adapters: [own]")):
        folder = tmp_path / str(number)
        folder.mkdir()
        behind(folder, gateway_yml(upstream, more), script, policy())
        send(folder)
    assert [event["name"] for event in events(upstream)] == ["add_to_wishlist"]


def test_what_google_has_no_word_for_is_counted(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("1.2", "session_start"), hit("1.2", "größe"), hit("1.2", "ga_odd"), hit("1.2"))
    sent = send(tmp_path)
    assert [event["name"] for event in events(upstream)] == ["view_item"]
    assert sent.stopped == {Stopped.NOT_SENDABLE: 3}


# A no since


def test_a_no_that_came_after_the_event_stops_it(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("111.222"), hit("333.444"))
    collect(tmp_path, upstream, hit("111.222", consent=DENIED), at=AT + 60)
    assert b"111.222" not in outbox_bytes(tmp_path)
    sent = send(tmp_path, Clock(AT + 70))
    assert (len(events(upstream)), dict(sent.stopped)) == (1, {Stopped.WITHDRAWN: 1})


def test_a_no_to_one_purpose_stops_what_was_made_for_it(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("1.2", consent=ALL_GRANTED), hit("3.4", consent=ANALYTICS_ONLY))
    collect(tmp_path, upstream, *(hit(client, consent=ANALYTICS_ONLY) for client in ("1.2", "3.4")), at=AT + 60)
    sent = send(tmp_path, Clock(AT + 70))
    assert (len(events(upstream)), dict(sent.stopped)) == (3, {Stopped.WITHDRAWN: 1})


def test_a_yes_after_the_no_counts_again(tmp_path: Path, upstream: Upstream) -> None:
    for seconds, consent in enumerate((ALL_GRANTED, DENIED, ALL_GRANTED, DENIED, ALL_GRANTED)):
        collect(tmp_path, upstream, hit("1.2", consent=consent), at=AT + seconds)
    sent = send(tmp_path, Clock(AT + 10))
    assert (len(events(upstream)), dict(sent.stopped)) == (1, {Stopped.WITHDRAWN: 2})


def test_a_no_is_heard_from_a_segment_that_is_still_being_written(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("111.222"))
    one = relay(tmp_path, Clock(AT + 10))

    async def script(visitor: Visitor) -> None:
        visitor.at = AT + 5
        await visitor.ask("POST", hit("111.222", consent=DENIED))
        names = [file.suffix for file in (tmp_path / "data" / "forward" / "shop.google").iterdir()]
        assert ".open" in names
        await asyncio.to_thread(one.run_once)

    behind(tmp_path, gateway_yml(upstream), script, policy())
    one.close()
    assert (upstream.asked, one.stopped) == ([], {Stopped.WITHDRAWN: 1})


def test_a_no_outlives_its_segment_and_a_restart(tmp_path: Path, upstream: Upstream) -> None:
    upstream.answer = lambda _: Say(503)
    collect(tmp_path, upstream, hit("1.2", consent=DENIED), at=AT + 60)
    send(tmp_path, Clock(AT + 61))
    assert list((tmp_path / "data" / "forward").rglob("*.sealed")) == []
    upstream.answer = lambda _: Say(204)
    collect(tmp_path, upstream, hit("1.2"), at=AT + 30)  # of another worker, whose clock or disk was slower
    sent = send(tmp_path, Clock(AT + 62))
    assert (upstream.asked, sent.stopped) == ([], {Stopped.WITHDRAWN: 1})


def test_who_is_deleted_by_a_call_is_stopped_where_it_waits_and_nobody_else(tmp_path: Path, upstream: Upstream) -> None:
    call = {"$token": "G-ABC1234567", "$distinct_id": "1.2", "$delete": ""}
    collect(tmp_path, upstream, hit("1.2"), hit("3.4"), f"/engage?data={quote(orjson.dumps(call))}")
    sent = send(tmp_path)
    assert (len(upstream.asked), sent.stopped) == (1, {Stopped.WITHDRAWN: 1})


def test_a_withdrawal_names_nobody(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("1.2", consent=DENIED))
    (row,) = re.findall(rb'\{"no":[^\n]+', outbox_bytes(tmp_path))
    told = orjson.loads(row)
    assert set(told) == {"no", "at", "purposes"}
    assert re.fullmatch("[0-9a-f]{6}", told["no"])


# Policy and time


def test_under_another_policy_nothing_that_waits_is_sent(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("1.2"))
    text = policy().replace(b"version: 2026-11-22.1", b"version: 2026-11-22.2")
    assert text != policy()
    (tmp_path / "policy.yml").write_bytes(text)
    sent = send(tmp_path)
    assert (upstream.asked, sent.stopped) == ([], {Stopped.POLICY_CHANGED: 1})


@pytest.mark.parametrize(("hours", "count"), [(71, 1), (73, 0)])
def test_what_google_takes_no_more_is_not_sent(tmp_path: Path, upstream: Upstream, hours: float, count: int) -> None:
    collect(tmp_path, upstream, hit("1.2"))
    sent = send(tmp_path, Clock(AT + hours * 3600))
    assert (len(upstream.asked), sent.stopped[Stopped.EXPIRED]) == (count, 1 - count)
    assert list((tmp_path / "data" / "forward").rglob("*.sealed")) == []


# The destination is down


def test_copies_wait_while_it_is_down_and_tries_and_progress_survive_a_restart(
    tmp_path: Path, upstream: Upstream
) -> None:
    collect(tmp_path, upstream, *(hit(f"{n}.1") for n in range(6)))
    refused = {0, 3}

    def answer(asked: Asked) -> Say:
        return Say(503 if orjson.loads(asked.body)["client_id"] in first else 204)

    seen: Counter[str] = Counter()
    upstream.answer = lambda _: Say(500)
    send(tmp_path, Clock(AT + 2))
    first = {bodies(upstream)[n]["client_id"] for n in refused}
    upstream.asked.clear()
    upstream.answer = answer
    clock = Clock(AT + 3600)
    one = send(tmp_path, clock)
    assert (one.sent, one.failures) == (4, 1)
    upstream.asked.clear()
    assert send(tmp_path, clock).sent == 0, "the pause was persisted"
    assert upstream.asked == []
    upstream.answer = lambda _: Say(204)
    clock.now += 600
    assert send(tmp_path, clock).sent == 2
    seen.update(body["client_id"] for body in bodies(upstream))
    assert set(seen) == first, "what was taken is not sent again"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "sent"), (204, "sent"), (400, "refused"), (413, "refused"), (401, "later"), (403, "later"), (404, "later"),
     (408, "later"), (429, "later"), (500, "later"), (503, "later"), (302, "later")],
)  # fmt: skip
def test_what_an_answer_means(tmp_path: Path, upstream: Upstream, status: int, verdict: str) -> None:
    collect(tmp_path, upstream, hit("1.2"))
    upstream.answer = lambda _: Say(status, b"", {"location": "https://evil.example/"})
    sent = send(tmp_path)
    waits = bool(list((tmp_path / "data" / "forward").rglob("*.sealed")))
    assert (sent.sent, sent.stopped[Stopped.REFUSED], waits) == (
        int(verdict == "sent"), int(verdict == "refused"), verdict == "later"
    )  # fmt: skip


def test_pauses_grow_and_end(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("1.2"))
    upstream.answer = lambda _: Say(503)
    clock, pauses = Clock(AT + 2), []
    for _ in range(12):
        send(tmp_path, clock)
        state = orjson.loads((tmp_path / "data" / "forward" / "shop.google" / "relay.state").read_bytes())
        pauses.append(state[4] - clock.now)
        clock.now = state[4] + 0.01
    assert pauses[0] <= 1 < 60 < pauses[-1] <= 300
    assert len(upstream.asked) == 12


def test_a_disk_that_fails_sends_nothing_twice_that_it_remembers(tmp_path: Path, upstream: Upstream) -> None:
    """Killed between any two verbs of the disk: all arrives, at least once."""
    collect(tmp_path, upstream, *(hit(f"{n}.1") for n in range(3)))
    for after in range(40):
        disk = FaultyDisk()
        disk.interrupt(after, KeyboardInterrupt())
        one = relay(tmp_path, Clock(), disk)
        try:
            one.run_once()
        except KeyboardInterrupt:
            one.close()
            continue
        one.close()
        break
    assert Counter(body["client_id"] for body in bodies(upstream)).keys().__len__() == 3
    assert list((tmp_path / "data" / "forward").rglob("*.sealed")) == []


class KeepsSegments(Disk):
    """Cut off just before a segment goes."""

    def remove(self, path: Path) -> None:
        if path.suffix == ".sealed":
            raise KeyboardInterrupt
        super().remove(path)


def test_a_segment_that_is_done_is_not_sent_again_because_it_was_not_removed(
    tmp_path: Path, upstream: Upstream
) -> None:
    collect(tmp_path, upstream, *(hit(f"{n}.1") for n in range(3)))
    cut_off = relay(tmp_path, Clock(), KeepsSegments())
    with pytest.raises(KeyboardInterrupt):
        cut_off.run_once()
    cut_off.close()
    assert (cut_off.sent, send(tmp_path).sent, len(upstream.asked)) == (3, 0, 3)
    assert list((tmp_path / "data" / "forward").rglob("*.sealed")) == []


def test_a_segment_that_was_begun_is_ended_before_an_older_one(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, *(hit(f"{n}.1") for n in range(3)))
    upstream.answer = lambda asked: Say(503 if len(upstream.asked) == 2 else 204)
    assert send(tmp_path).sent == 2
    collect(tmp_path, upstream, hit("4.1"))
    outbox = tmp_path / "data" / "forward" / "shop.google"
    newest = max(outbox.glob("*.sealed"), key=lambda file: file.stat().st_mtime_ns)
    os.utime(newest, (AT, AT))
    upstream.answer = lambda _: Say(204)
    assert send(tmp_path, Clock(AT + 3600)).sent == 2


@pytest.mark.parametrize("ending", [".sealed", ".open"])
def test_nothing_is_sent_and_nothing_removed_while_a_newer_gateways_segment_waits(
    tmp_path: Path, upstream: Upstream, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever it says no for cannot be known."""
    collect(tmp_path, upstream, hit("1.2"))
    newer = (tmp_path / "data" / "forward" / "shop.google" / "collect-9-1").with_suffix(ending)
    newer.write_bytes(segment.header(segment.VERSION + 1) + b"whatever comes then")
    os.utime(newer, (AT, AT))
    waits = sorted(newer.parent.glob("*.sealed"))
    held = send(tmp_path)
    assert (held.newer, held.sent, upstream.asked, sorted(newer.parent.glob("*.sealed"))) == (1, 0, [], waits)
    assert newer.exists()
    assert "newer gateway; install that one. The copies wait." in caplog.text
    newer.unlink()
    assert (send(tmp_path).sent, len(upstream.asked)) == (1, 1)


def test_two_forwarders_do_not_share_an_outbox(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, hit("1.2"))
    first, second = relay(tmp_path, Clock()), relay(tmp_path, Clock())
    first.run_once()
    with pytest.raises(OutboxHeld):
        second.run_once()
    first.close()
    second.close()


def test_a_full_outbox_costs_the_copy_and_not_the_hit(tmp_path: Path, upstream: Upstream) -> None:
    async def script(visitor: Visitor) -> tuple[Heard, Any]:
        visitor.outbox_disk.fail("sync", 5)
        heard = await visitor.ask("POST", hit("1.2"))
        return heard, visitor.collect.copies.snapshot(visitor.collect.pipeline.sites)

    (heard, counted), rows = behind(tmp_path, gateway_yml(upstream), script, policy())
    assert (heard.status, heard.outcome, len(rows)) == (204, "facts=1 refused=0", 1)
    assert counted == {"forward_stopped": [["shop", "google", "not_queued", 1]]}
    send(tmp_path)
    assert upstream.asked == []


# Configuration


@pytest.mark.parametrize(
    ("destination", "says"),
    [
        ("google: {kind: ga4, secret: {env: GA4_API_SECRET}}", "lacks 'measurement_id'"),
        ("google: {kind: ga4, measurement_id: G-A, secret: hidden-here}", "written out here"),
        ("goggle: {kind: ga4, measurement_id: G-A, secret: {env: GA4_API_SECRET}}", "has no destination 'goggle'"),
        ("warehouse: {kind: ga4, measurement_id: G-A, secret: {env: GA4_API_SECRET}}", "no destination 'warehouse'"),
        ("google: {kind: ga5, measurement_id: G-A, secret: {env: GA4_API_SECRET}}", "did you mean 'ga4'"),
        ("google: {kind: ga4, measurement_id: G-A, secret: {env: GA4_API_SECRET}, adapters: [ga]}", "known protocol"),
        ("google: {kind: ga4, measurement_id: G-A, secret: {env: GA4_API_SECRET}, upstream: http://x}", "no upstream"),
    ],
)  # fmt: skip
def test_a_broken_destination_stops_the_start(tmp_path: Path, destination: str, says: str) -> None:
    (tmp_path / "policy.yml").write_bytes(policy())
    (tmp_path / "gateway.yml").write_text(f"sites: {{shop: {{policy: policy.yml, forward: {{{destination}}}}}}}\n")
    with pytest.raises(ConfigurationError, match=re.escape(says)) as raised:
        read_configuration(tmp_path / "gateway.yml", secrets_of=("forward",))
    assert "hidden-here" not in str(raised.value)


def test_a_relay_sends_hundreds_of_copies_a_second(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, *(hit(f"{n}.1") for n in range(600)))
    began = time.perf_counter()
    one = send(tmp_path)
    seconds = time.perf_counter() - began
    print(f"\n600 requests in {seconds:.2f} s: {600 / seconds:.0f}/s")
    assert one.sent == 600
    assert seconds < 20
