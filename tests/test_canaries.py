"""Nothing raw at rest: unique strings in every place of every recorded hit, searched for in every byte written.

Every client that was recorded, under six states of consent, on two sites: one with the strictest policy, one where
British law allows analytics until somebody objects. Denied: not one canary may be found. Allowed: only where the policy
keeps a field, and by its name below. The loader is halted while hits come in, so that the journal is searched with
everything in it; then all is loaded, and the warehouse is searched by SQL, table by table, and all files once more.
"""

from __future__ import annotations

import contextlib
import re
import signal
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import orjson

from consent.starters import starter
from tests.canaries import CANARY, Canaries
from tests.consent_said import default, say
from tests.recorded import Recorded, connect, recorded, send
from tests.serving import Served, serving

#: Recorded client -> the protocol that its source is pinned to.
CLIENTS = {
    "amplitude-analytics-browser": "amplitude",
    "ga4-gtag": "ga4",
    "ga4mp-python": "ga4_mp",
    "matomo-js": "matomo",
    "mixpanel-browser": "mixpanel",
    "plausible-tracker": "plausible",
    "posthog-js": "posthog",
    "rudderstack-analytics-js": "rudderstack",
    "segment-analytics-next": "segment",
    "segment-analytics-python": "segment",
    "snowplow-browser-tracker": "snowplow",
    "snowplow-tracker-python": "snowplow",
    "stape-data-tag": "stape",
    "umami-tracker": "umami",
    "walker-js": "walkeros",
    "own": "own",
}


class State(NamedTuple):
    """One state of consent: on which site, what requests are made to say, a header, whether anything may be kept."""

    site: str
    say: Callable[[Recorded], Recorded]
    header: tuple[str, str] | None = None
    keeps: bool = False


STATES = {
    "denied": State("strict", lambda request: say(request, False)),
    "silent": State("strict", lambda request: say(request, None)),
    "granted by default": State("strict", default),
    "granted and DNT": State("strict", lambda request: say(request, True), ("DNT", "1")),
    "granted": State("strict", lambda request: say(request, True), keeps=True),
    "not objected to": State("britain", lambda request: say(request, None), keeps=True),
}

#: By the names that protocols give them: properties and items that the starter contracts list,
_LISTED = (
    *("brand", "category", "coupon", "id", "product_id", "seller_id", "variant", "list_id", "order_id", "order", "sku"),
    *("transaction_id", "method", "file_name", "form_id", "payment_type", "item_id", "item_brand", "item_category"),
    *("item_name", "item_list_id", "item_list_name", "[Amplitude] File Name", "[Amplitude] Form ID", "_pkc", "_pkn"),
    *("_pks", "search", "search_cat", "c_n"),
)
#: the page's URL, of which host, path and campaign are kept; the referrer's, of which the host;
_PAGES = (
    "dl",
    "url",
    "u",
    "page_location",
    "$current_url",
    "source.id",
    "[Amplitude] Page URL",
    "[Amplitude] Page Location",
)
_REFERRERS = ("dr", "refr", "r", "urlref", "referrer", "page_referrer", "$referrer", "previous_id")
#: campaigns; names of events.
_CAMPAIGNS = ("campaign.source", "campaign.medium", "utm_source", "utm_campaign", "_rcn")
_EVENTS = ("event", "event_name", "event_type", "name", "n", "en", "e_a", "e_c")


def _one_of(*names: str) -> str:
    return "|".join(map(re.escape, names))


#: Places that both policies keep once analytics is allowed. Closed: what is found elsewhere is a leak.
KEPT_WITH_CONSENT = re.compile(
    rf"(query:|json\.)([^:]+\.)?((ep\.)?({_one_of(*_LISTED, *_CAMPAIGNS, *_EVENTS)})"
    rf"|({_one_of(*_PAGES)}):(host|path|campaign)|({_one_of(*_REFERRERS)}):host)"
)


def own_hit() -> Recorded:
    """Our own protocol, which no published client speaks yet, with every field it has."""
    event = {
        "event": "product_view", "id": "x", "client_id": "x", "user_id": "x", "session_id": "x", "language": "x",
        "screen": "x",
        "page": {"url": "https://x", "referrer": "https://x", "title": "x"},
        "properties": {"product_id": "x", "category": "x", "seller_id": "x", "free_text": "x"},
        "items": [{"product_id": "x", "category": "x", "seller_id": "x", "note": "x"}],
    }  # fmt: skip
    body = {"site": "-", "events": [event]}
    return Recorded("own", "product_view", "POST", "/collect", [], orjson.dumps(body))


def malformed(canaries: Canaries) -> list[Recorded]:
    """Bodies that cannot be read, and paths that nobody claims."""
    bodies = [
        f'{{"events":[{{"event":"{canaries.new("malformed")}"',
        canaries.new("malformed"),
        f"[{canaries.new('malformed')}",
    ]
    paths = [
        "/collect",
        "/v1/t",
        "/mp/collect",
        f"/{canaries.new('path')}/{canaries.new('path')}?{canaries.new('query')}=1",
    ]
    headers = [("User-Agent", canaries.new("header:user-agent"))]
    return [Recorded("malformed", "", "POST", path, headers, body.encode()) for path in paths for body in bodies]


def planted(canaries: Canaries) -> Iterator[tuple[str, Recorded]]:
    """Every request under every state, and once more under each that keeps, with canaries also where they refuse it."""
    everything = [*recorded("*.jsonl"), own_hit()]
    for name, state in STATES.items():
        for canaries.everywhere in (False, True) if state.keeps else (False,):
            canaries.under = f"{name}/"
            for request in everything:
                if request.method == "OPTIONS":
                    continue
                said = state.say(request)
                target = f"/s/{state.site}-{request.client}{said.target}"
                sent = canaries.plant(said._replace(target=target))
                yield name, sent._replace(headers=[*sent.headers, *([state.header] if state.header else ())])
    canaries.under = "malformed/"
    yield from (("malformed", request) for request in malformed(canaries))


def configuration(folder: Path) -> Path:
    """Two sites with a source for every client, and all origins that were recorded."""
    headers = [header for request in recorded("*.jsonl") for header in request.headers]
    origins = {text for name, text in headers if name.lower() == "origin" and text.startswith("http")}
    (folder / "strict.yml").write_bytes(starter("strictest"))
    (folder / "britain.yml").write_bytes(starter("europe"))
    lines = ["sites:"]
    for site, more in (("strict", ""), ("britain", "    markets: [GB]\n")):
        sources = ", ".join(f"{site}-{client}: {protocol}" for client, protocol in CLIENTS.items())
        lines.append(
            f"  {site}:\n    policy: {site}.yml\n{more}    write_keys: [{site}-key]\n    sources: {{{sources}}}"
        )
        lines.append(f"    origins: [{', '.join(sorted(origins))}]")
    (folder / "gateway.yml").write_text("\n".join(lines) + "\n")
    return folder / "gateway.yml"


def found_in_files(folder: Path) -> Counter[str]:
    """Canaries and planted addresses in any file of the folder, raw."""
    found: Counter[str] = Counter()
    for file in folder.rglob("*"):
        if file.is_file():
            for text in unpacked(file.read_bytes()):
                found.update(match.decode() for match in CANARY.findall(text))
                found.update(match.decode() for match in re.findall(rb"198\.1[89]\.\d{1,3}\.\d{1,3}", text))
    return found


def unpacked(raw: bytes) -> Iterator[bytes]:
    """The bytes of a file, and what gzip and zlib streams in it hold; what ClickHouse packed is asked for by SQL."""
    yield raw
    for mark, bits in ((b"\x1f\x8b\x08", 31), (b"\x78\x9c", 15), (b"\x78\xda", 15)):
        for at in re.finditer(re.escape(mark), raw):
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(raw[at.start() : at.start() + 1024 * 1024])


def found_in_warehouse(served: Served) -> Counter[str]:
    """Canaries in any column of any table, of ours and of the engine's own."""
    found: Counter[str] = Counter()
    tables = served.ask(
        "SELECT database, name FROM system.tables WHERE database = 'gateway' AND engine NOT LIKE '%View'"
    )
    assert ("gateway", "events") in tables
    for database, table in tables:
        for (row,) in served.ask(f"SELECT toJSONString(tuple(*)) FROM {database}.{table}"):
            found.update(match.decode() for match in CANARY.findall(row.encode()))
            found.update(re.findall(r"198\.1[89]\.\d{1,3}\.\d{1,3}", row))
    return found


def test_no_file_log_metric_or_row_holds_what_policy_did_not_allow(tmp_path: Path) -> None:
    canaries = Canaries(seed=6)
    facts: Counter[str] = Counter()
    said: list[bytes] = []
    with serving(tmp_path / "data", "--config", str(configuration(tmp_path))) as served:
        loader = served.processes()["load"]
        loader.send_signal(signal.SIGSTOP)
        with contextlib.closing(connect(served.url)) as connection:
            for state, request in planted(canaries):
                answer = send(connection, request)
                facts[f"{state}/{request.client}"] += answer.outcome[0]
                said.append(answer.body + str(answer.headers).encode())
        found = found_in_files(tmp_path / "data")
        loader.send_signal(signal.SIGCONT)
        served.wait_for("SELECT count() FROM gateway.events", facts.total())
        found += found_in_warehouse(served) + found_in_files(tmp_path / "data")
        said += [httpx.get(served.admin + page).content for page in ("/metrics", "/")]
        said += [line.encode() for line in served.lines]
    found += found_in_files(tmp_path / "data")
    assert CANARY.findall(b"".join(said)) == [], "said aloud: in a log, a metric, a page or an answer"
    places = {canaries.places.get(canary, canary) for canary in found}
    tell(canaries, facts, len(said), found, places)
    assert len(canaries.places) > 50_000
    assert sorted(place for place in places if not is_kept(place)) == []
    check_facts(facts)


def is_kept(place: str) -> bool:
    """Whether the decision under which that place was planted lets it through."""
    state, _, rest = place.partition("/")
    return state in STATES and STATES[state].keeps and KEPT_WITH_CONSENT.fullmatch(rest) is not None


def check_facts(facts: Counter[str]) -> None:
    """The search is worth something only where there are facts: of every client, where nobody objected to them."""
    for name, state in STATES.items():
        if not state.keeps:
            assert sum(count for key, count in facts.items() if key.startswith(name + "/")) == 0
    assert [client for client in CLIENTS if not facts[f"not objected to/{client}"]] == []
    assert sum(count for key, count in facts.items() if key.startswith("granted/")) > 100


def tell(canaries: Canaries, facts: Counter[str], answers: int, found: Counter[str], places: set[str]) -> None:
    print(f"\n{len(canaries.places):,} canaries planted in {answers:,} answered requests, {facts.total():,} facts")
    print(f"{len(found):,} canaries found, in these {len({p.partition('/')[2] for p in places})} places:")
    print(*sorted({place.partition("/")[2] for place in places}), sep="\n")
