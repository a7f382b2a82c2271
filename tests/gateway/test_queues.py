"""Erasure in outboxes: the bytes of one person go, everybody else's copies are sent once, wherever it is cut off."""

from __future__ import annotations

import base64
import hmac
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

import gateway.queues
from gateway.configuration import read_configuration
from gateway.folders import Folders
from gateway.intake.minimise_withdrawal import MARK
from gateway.intake.subject import FoundBy, Said, find_person
from gateway.journal import segment
from gateway.journal.disk import Disk
from gateway.journal.disk_faulty import FaultyDisk
from gateway.journal.keyring import Keyring
from gateway.journal.outbox import Outbox
from gateway.outward import Stopped
from gateway.queues import Leaving, empty_queues, erase_queued, queued
from gateway.relay import Relay
from gateway.warehouse.erase import Store
from tests.behind_doors import AT, Visitor, behind
from tests.forwarding import ALL_GRANTED, DENIED, SECRET, events, hit, two_destinations
from tests.upstream import Asked, Say, Upstream, serving_upstream

#: A search term that policy lets both destinations have.
CANARY = "canaryqueue"

LATER = AT + 3600


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GA4_API_SECRET", SECRET)
    monkeypatch.setattr(gateway.queues, "_WITHIN_S", 0.5)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving_upstream() as one:
        one.answer = lambda _: Say(204)
        yield one


def search(client: str, term: str, consent: str = ALL_GRANTED, uid: str = "") -> str:
    return hit(client, "search", consent, **{"ep.search_term": term, "uid": uid})


def collect(folder: Path, upstream: Upstream, *asks: str, at: float = AT, then: Callable[[], object] = int) -> None:
    """Hits of that moment; they leave a segment in each outbox, which is open still when `then` is called."""

    async def script(visitor: Visitor) -> None:
        visitor.at = at
        for target in asks:
            assert (await visitor.ask("POST", target)).status in (200, 204)
        then()

    configuration, policy = two_destinations(upstream)
    behind(folder, configuration, script, policy)


def outboxes(folder: Path) -> list[Path]:
    found = Folders(folder / "data").outboxes("shop")
    assert [outbox.name for outbox in found] == ["shop.google", "shop.partner"]
    return found


def relays(folder: Path, now: float = LATER, disk: Disk | None = None) -> list[Relay]:
    (site,) = read_configuration(folder / "gateway.yml", secrets_of=("forward",)).sites.all
    found = [
        (copier, Outbox(disk or Disk(), folder / "data" / "forward" / copier.name, MARK)) for copier in site.copiers
    ]
    return [Relay(copier.terms, site.policy, outbox, lambda: now) for copier, outbox in found]


def send(folder: Path, now: float = LATER) -> Counter[Stopped]:
    """One run of both destinations; what was stopped."""
    stopped = Counter[Stopped]()
    for one in relays(folder, now):
        one.run_once()
        one.close()
        stopped += one.stopped
    return stopped


def leaving(folder: Path, text: str, kind: FoundBy = FoundBy.CLIENT_ID, at: float = AT + 60) -> Leaving:
    return Leaving("shop", Said(kind, text), Keyring(folder / "data" / "keys").existing("shop"), at)


def resting(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in (folder / "data" / "forward").rglob("*") if file.is_file())


def pseudonyms(folder: Path, who: Leaving) -> list[bytes]:
    """Of that person, at each destination."""
    found = [
        find_person(f"shop\0{name.name.partition('.')[2]}", who.said, who.keys) for name in outboxes(folder)
    ]  # fmt: skip
    return [pseudonym.encode() for person in found for pseudonym in person.visitors | person.accounts]


def terms(upstream: Upstream) -> Counter[str]:
    return Counter(event["params"]["search_term"] for event in events(upstream))


def is_gone(folder: Path, who: Leaving) -> bool:
    rest = resting(folder)
    return not [trace for trace in (CANARY.encode(), *pseudonyms(folder, who)) if trace in rest]


def crowd(count: int) -> list[str]:
    """Searches of that many people, and between them those of `1.1`, in rows that share requests and in rows alone."""
    asks = []
    for number in range(count):
        asks += [search(f"9.{number}", f"term{number}"), *([search("1.1", f"{CANARY}{number}")] * (number % 3))]
    return asks


# Where no forwarder is at work


def test_the_bytes_go_from_both_queues_at_once_and_a_second_time_finds_nothing(
    tmp_path: Path, upstream: Upstream
) -> None:
    collect(tmp_path, upstream, *crowd(6))
    who = leaving(tmp_path, "1.1")
    assert all(trace in resting(tmp_path) for trace in pseudonyms(tmp_path, leaving(tmp_path, "9.1")))
    assert [len(queued(outbox, who).rows) for outbox in outboxes(tmp_path)] == [6, 6]
    said = "what was sent on has to be asked of each recipient"
    assert erase_queued(outboxes(tmp_path), who) == Store(12, 0, said)
    assert is_gone(tmp_path, who)
    assert erase_queued(outboxes(tmp_path), who) == Store(0, 0, said)
    send(tmp_path)
    assert terms(upstream) == Counter({f"term{number}": 2 for number in range(6)})


def test_a_destination_that_is_configured_no_more_is_emptied_too(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, search("1.1", CANARY))
    (tmp_path / "gateway.yml").write_text((tmp_path / "gateway.yml").read_text().partition("      partner:")[0])
    assert len(relays(tmp_path)) == 1
    assert erase_queued(outboxes(tmp_path), leaving(tmp_path, "1.1")).removed == 2
    assert is_gone(tmp_path, leaving(tmp_path, "1.1"))


def test_by_an_account_go_its_rows_and_not_the_visitors_others(tmp_path: Path, upstream: Upstream) -> None:
    collect(
        tmp_path,
        upstream,
        search("1.1", CANARY, uid="jane"),
        search("1.1", "before"),
        search("2.2", f"{CANARY}2", uid="jane"),
    )
    who = leaving(tmp_path, "jane", FoundBy.USER_ID)
    assert erase_queued(outboxes(tmp_path), who).removed == 4
    assert is_gone(tmp_path, who)
    send(tmp_path)
    assert terms(upstream) == Counter({"before": 2})


def test_what_came_after_the_request_is_kept_and_what_only_came_late_is_not(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, search("1.1", CANARY))
    erase_queued(outboxes(tmp_path), leaving(tmp_path, "1.1"))
    collect(tmp_path, upstream, search("1.1", "again"), at=AT + 120)
    collect(tmp_path, upstream, search("1.1", f"{CANARY}late"), at=AT + 30)
    stopped = send(tmp_path)
    assert (terms(upstream), stopped) == (Counter({"again": 2}), {Stopped.WITHDRAWN: 2})


def test_a_segment_of_many_commits_is_written_anew(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, *(search("9.1", "x") for _ in range(300)), search("1.1", CANARY))
    assert erase_queued(outboxes(tmp_path), leaving(tmp_path, "1.1")).removed == 2
    send(tmp_path)
    assert terms(upstream) == Counter({"x": 600})


def test_a_damaged_segment_is_left_and_said_and_nothing_of_it_is_sent(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, search("1.1", CANARY))
    google, partner = outboxes(tmp_path)
    (file,) = google.glob("*.sealed")
    raw = bytearray(file.read_bytes())
    raw[0] ^= 0xFF
    raw[segment.HEADER_BYTES] ^= 0xFF
    file.write_bytes(raw)
    done = erase_queued([google, partner], leaving(tmp_path, "1.1"))
    assert (done.removed, done.left) == (1, 1)
    assert done.remark.startswith("1 damaged segments cannot be read: not sent, gone when their turn comes; ")
    assert file.read_bytes() == raw
    send(tmp_path)
    assert upstream.asked == []
    assert is_gone(tmp_path, leaving(tmp_path, "1.1"))


def test_damaged_bytes_of_a_segment_that_is_written_anew_go_with_it(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, search("1.1", CANARY), search("9.1", "x"), search("1.1", f"{CANARY}2"))
    google, _ = outboxes(tmp_path)
    (file,) = google.glob("*.sealed")
    raw = bytearray(file.read_bytes())
    raw[segment.HEADER_BYTES] ^= 0xFF  # the first of its three commits
    file.write_bytes(raw)
    done = erase_queued([google], leaving(tmp_path, "1.1"))
    assert (done.removed, done.left) == (1, 0)
    assert CANARY.encode() not in b"".join(found.read_bytes() for found in google.iterdir())


def test_a_segment_that_is_written_still_is_its_writers_until_it_is_sealed(tmp_path: Path, upstream: Upstream) -> None:
    done: list[Store] = []

    def erase() -> None:
        assert list(outboxes(tmp_path)[0].glob("collect*.open"))
        done.append(erase_queued(outboxes(tmp_path), leaving(tmp_path, "1.1")))

    collect(tmp_path, upstream, search("1.1", CANARY), search("9.1", "x"), then=erase)
    assert (done[0].removed, done[0].left) == (0, 2)
    assert (
        "2 never to be sent: the forwarder erases them as soon as it comes to it, or they are sealed" in done[0].remark
    )
    upstream.answer = lambda _: Say(503)
    assert send(tmp_path) == {Stopped.WITHDRAWN: 2}
    assert is_gone(tmp_path, leaving(tmp_path, "1.1"))
    assert set(terms(upstream)) == {"x"}


# Where one is


def test_a_forwarder_erases_while_its_destination_is_down_and_the_rest_is_sent_once(
    tmp_path: Path, upstream: Upstream
) -> None:
    collect(tmp_path, upstream, *crowd(9))
    collect(tmp_path, upstream, *(search("8.8", "second"), search("1.1", CANARY)))
    taken: Counter[str] = Counter()

    def some(asked: Asked) -> Say:
        term = orjson.loads(asked.body)["events"][0]["params"]["search_term"]
        status = 204 if term in ("term1", "term4", "term6") else 503
        taken[term] += status == 204
        return Say(status)

    upstream.answer = some
    at_work = relays(tmp_path, AT + 90)
    for one in at_work:
        one.run_once()
    done = erase_queued(outboxes(tmp_path), leaving(tmp_path, "1.1"))
    assert (done.removed, done.left) == (0, 20), "whoever holds the folder does it"
    for one in at_work:
        one._tended_at = 0.0  # a second later
        one.run_once()
        one.close()
    assert is_gone(tmp_path, leaving(tmp_path, "1.1"))
    assert sum((one.stopped for one in at_work), Counter()) == {Stopped.WITHDRAWN: 20}
    upstream.asked.clear()
    upstream.answer = lambda _: Say(204)
    assert send(tmp_path) == {}
    assert terms(upstream) + taken == Counter({**{f"term{n}": 2 for n in range(9)}, "second": 2})


def test_wherever_the_erasing_is_cut_off_the_next_one_ends_it_and_all_others_are_sent_once(
    tmp_path: Path, upstream: Upstream
) -> None:
    """Killed between any two verbs of the disk, while some of the segment is sent and the destination is down."""
    begun = tmp_path / "begun"
    begun.mkdir()
    collect(begun, upstream, *crowd(6))
    collect(begun, upstream, search("1.1", CANARY), search("8.8", "second"))
    upstream.answer = lambda asked: Say(204 if b"term2" in asked.body or b"term4" in asked.body else 503)
    send(begun, AT + 10)
    who = leaving(begun, "1.1")
    for outbox in outboxes(begun):
        gateway.queues._lay(outbox, gateway.queues._person(outbox, who), who.asked_at)
    for after in range(1000):
        folder = tmp_path / str(after)
        shutil.copytree(begun, folder)
        upstream.answer = lambda _: Say(503)
        was_cut_off = cut_off(folder, after)
        upstream.asked.clear()
        upstream.answer = lambda _: Say(204)
        send(folder, LATER + 3600)
        assert is_gone(folder, who)
        sent = Counter({f"term{n}": 2 for n in (0, 1, 3, 5)})
        assert terms(upstream) == sent + Counter({"second": 2}), after
        if not was_cut_off:
            break
    print(f"\ncut off at {after} places")
    assert after > 10


def cut_off(folder: Path, after: int) -> bool:
    """A forwarder that ends after so many verbs of its disk; False if it came to its end before."""
    disk = FaultyDisk()
    disk.interrupt(after, KeyboardInterrupt())
    one, other = relays(folder, LATER, disk)
    try:
        one.run_once()
        one._tended_at = 0.0
        one.run_once()
    except KeyboardInterrupt:
        return True
    finally:
        one.close()
        other.close()
    return False


def test_what_a_cut_off_erasing_left_beside_a_segment_goes(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, search("9.1", "x"))
    (file,) = outboxes(tmp_path)[0].glob("*.sealed")
    file.with_name(file.name + ".new").write_bytes(file.read_bytes())
    send(tmp_path)
    assert not list((tmp_path / "data" / "forward").rglob("*.new"))


# Whom hits asked to forget


def test_whom_a_call_deletes_goes_from_the_queues_by_client_and_by_account(tmp_path: Path, upstream: Upstream) -> None:
    call = {"$token": "G-ABC1234567", "$distinct_id": "jane", "$delete": ""}
    collect(tmp_path, upstream, search("jane", CANARY), search("1.1", f"{CANARY}1", uid="jane"), search("9.1", "x"))
    collect(tmp_path, upstream, f"/engage?data={quote(orjson.dumps(call))}", at=AT + 60)
    assert CANARY.encode() in resting(tmp_path)
    upstream.answer = lambda _: Say(503)
    assert send(tmp_path) == {Stopped.WITHDRAWN: 4}
    assert is_gone(tmp_path, leaving(tmp_path, "jane"))
    assert is_gone(tmp_path, leaving(tmp_path, "jane", FoundBy.USER_ID))
    assert set(terms(upstream)) == {"x"}


def test_whom_a_shops_webhook_redacts_goes_from_the_queues(
    tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPIFY", "shpss_secret")
    configuration, policy = two_destinations(upstream)
    configuration += "    hooks: {shopify: {kind: shopify, secret: {env: SHOPIFY}}}\n"
    sent = orjson.dumps({"customer": {"id": "jane"}, "orders_to_redact": []})
    digest = base64.b64encode(hmac.digest(b"shpss_secret", sent, "sha256")).decode()
    headers = {"X-Shopify-Topic": "customers/redact", "X-Shopify-Hmac-Sha256": digest}

    async def script(visitor: Visitor) -> None:
        await visitor.ask("POST", search("1.1", CANARY, uid="jane"))
        await visitor.ask("POST", search("9.1", "x"))
        visitor.at = AT + 60
        assert (await visitor.ask("POST", "/hooks/shopify", sent, headers)).status == 200

    behind(tmp_path, configuration, script, policy)
    assert (send(tmp_path), terms(upstream)) == ({Stopped.WITHDRAWN: 2}, Counter({"x": 2}))


def test_who_takes_all_consent_back_goes_from_the_queues_where_policy_erases(
    tmp_path: Path, upstream: Upstream
) -> None:
    configuration, policy = two_destinations(upstream)
    assert b"on_withdrawal: stop" in policy

    async def script(visitor: Visitor) -> None:
        for client, consent in (("1.1", ALL_GRANTED), ("9.1", ALL_GRANTED), ("1.1", DENIED)):
            await visitor.ask("POST", search(client, CANARY if client == "1.1" else "x", consent))
            visitor.at += 60

    behind(tmp_path, configuration, script, policy.replace(b"on_withdrawal: stop", b"on_withdrawal: erase"))
    upstream.answer = lambda _: Say(503)
    assert send(tmp_path) == {Stopped.WITHDRAWN: 2}
    assert is_gone(tmp_path, leaving(tmp_path, "1.1"))
    assert set(terms(upstream)) == {"x"}


def test_the_receipt_of_orders_tells_what_their_noes_still_have_to_erase(tmp_path: Path, upstream: Upstream) -> None:
    call = {"$token": "G-ABC1234567", "$distinct_id": "1.1", "$delete": ""}
    collect(tmp_path, upstream, search("1.1", CANARY), search("9.1", "x"))
    collect(tmp_path, upstream, f"/engage?data={quote(orjson.dumps(call))}", at=AT + 60)
    (at_work, other) = relays(tmp_path, AT)
    at_work._outbox.hold()
    done = empty_queues(outboxes(tmp_path))
    assert (done.removed, done.left) == (1, 1)
    at_work.close()
    other.close()
    assert empty_queues(outboxes(tmp_path))[:2] == (1, 0)
    assert empty_queues(outboxes(tmp_path))[:2] == (0, 0)
    assert is_gone(tmp_path, leaving(tmp_path, "1.1"))


def test_a_no_that_asks_nobody_to_be_forgotten_stops_and_erases_nothing(tmp_path: Path, upstream: Upstream) -> None:
    collect(tmp_path, upstream, search("1.1", CANARY), search("9.1", "x"))
    collect(tmp_path, upstream, search("1.1", "no", consent=DENIED), at=AT + 60)
    before = resting(tmp_path)
    assert empty_queues(outboxes(tmp_path))[:2] == (0, 0)
    assert resting(tmp_path) == before
    assert (send(tmp_path), terms(upstream)) == ({Stopped.WITHDRAWN: 2}, Counter({"x": 2}))
