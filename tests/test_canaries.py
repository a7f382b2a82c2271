"""Nothing raw at rest: unique strings in every place of every recorded hit, searched for in every byte written.

Consent denied: not one may be found. Consent given: only where the policy keeps a field, and by its name below.
The loader is halted while hits come in, so that the journal is searched with everything in it; then all is loaded,
and the warehouse is searched by SQL, table by table, and all files once more.
"""

from __future__ import annotations

import contextlib
import re
import signal
from collections import Counter
from pathlib import Path

import httpx
import orjson
import pytest

from tests.canaries import CANARY, Canaries
from tests.recorded import Recorded, connect, recorded, send
from tests.serving import Served, serving

FILES = ("ga4-*.jsonl", "ga4mp-*.jsonl", "segment-*.jsonl")

#: Properties and items that the starter contracts list, by the names that protocols give them.
LISTED = (
    "brand|category|coupon|id|product_id|seller_id|variant|list_id|order_id|transaction_id|method|file_name|form_id"
    "|payment_type|item_id|item_brand|item_category|item_name|item_list_id|item_list_name"
)

#: Places that the strictest policy keeps once analytics is agreed to. Closed: what is found elsewhere is a leak.
KEPT_WITH_CONSENT = re.compile(
    rf"query:(dl:(host|path|campaign)|dr:host|ep\.({LISTED}))"
    rf"|json\.(batch\.|events\.)?(properties|params|items)\.((products|items)\.)?({LISTED})"
    r"|json\.(batch\.|events\.)?((context\.)?page\.|properties\.|params\.)(url|page_location):(host|path|campaign)"
    r"|json\.(batch\.|events\.)?((context\.)?page\.|params\.)(referrer|page_referrer):host"
    r"|json\.context\.campaign\.(source|medium)"
)

YES = {"choice": "explicit", "purposes": {"analytics": True, "counting": True}}
NO = {"choice": "explicit", "purposes": {"analytics": False, "counting": False}}


def with_consent(request: Recorded, given: bool) -> Recorded:
    """The request with its own protocol's way of saying yes, or no."""
    if request.target.startswith("/g/collect"):
        target = re.sub(r"&(gcs|gcd)=[^&]*", "", request.target)
        return request._replace(
            target=target + ("&gcs=G111&gcd=13r3r3r3r5l1" if given else "&gcs=G100&gcd=13p3p3p3p5l1")
        )
    with contextlib.suppress(orjson.JSONDecodeError):
        body = orjson.loads(request.body)
        for event in body.get("batch", [body]) if isinstance(body, dict) else []:
            if isinstance(event, dict) and isinstance(event.get("context"), dict):
                event["context"]["consent"] = {"categoryPreferences": {"analytics": given}}
        if isinstance(body, dict) and "client_id" in body:
            body["consent"] = {"analytics_storage": "GRANTED" if given else "DENIED"}
        return request._replace(body=orjson.dumps(body))
    return request


def own_hit(given: bool) -> Recorded:
    """Our own protocol, which no published client speaks yet, with every field it has."""
    event = {
        "event": "product_view", "id": "x", "client_id": "x", "user_id": "x", "session_id": "x", "language": "x",
        "screen": "x",
        "page": {"url": "https://x", "referrer": "https://x", "title": "x"},
        "properties": {"product_id": "x", "category": "x", "seller_id": "x", "free_text": "x"},
        "items": [{"product_id": "x", "category": "x", "seller_id": "x", "note": "x"}],
    }  # fmt: skip
    body = {"site": "demo", "consent": YES if given else NO, "events": [event]}
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


def planted(canaries: Canaries, given: bool) -> list[Recorded]:
    requests = [request for pattern in FILES for request in recorded(pattern) if request.method != "OPTIONS"]
    return [canaries.plant(with_consent(request, given)) for request in [*requests, own_hit(given)]] + malformed(
        canaries
    )


def found_in_files(folder: Path) -> Counter[str]:
    """Canaries and planted addresses in any file of the folder, raw."""
    found: Counter[str] = Counter()
    for file in folder.rglob("*"):
        if file.is_file():
            text = file.read_bytes()
            found.update(match.decode() for match in CANARY.findall(text))
            found.update(match.decode() for match in re.findall(rb"198\.1[89]\.\d{1,3}\.\d{1,3}", text))
    return found


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


@pytest.mark.parametrize("given", [False, True], ids=["denied", "granted"])
def test_no_file_log_metric_or_row_holds_what_policy_did_not_allow(tmp_path: Path, given: bool) -> None:
    canaries = Canaries(seed=int(given))
    with serving(tmp_path / "data") as served:
        loader = served.processes()["load"]
        loader.send_signal(signal.SIGSTOP)
        with contextlib.closing(connect(served.url)) as connection:
            answers = [send(connection, request) for request in planted(canaries, given)]
        facts = sum(answer.outcome[0] for answer in answers)
        found = found_in_files(tmp_path)
        loader.send_signal(signal.SIGCONT)
        served.wait_for("SELECT count() FROM gateway.events", facts, seconds=5)
        found += found_in_warehouse(served) + found_in_files(tmp_path)
        said = "".join(served.lines) + httpx.get(served.admin + "/metrics").text + httpx.get(served.admin + "/").text
        said += b"".join(answer.body + str(answer.headers).encode() for answer in answers).decode("latin-1")
    found.update(CANARY.findall(said.encode()) and ["said aloud"])
    found += found_in_files(tmp_path)
    places = {canaries.places.get(canary, canary) for canary in found}
    print(
        f"\n{len(canaries.places)} canaries in {len(answers)} requests, {facts} facts, {len(found)} canaries found in"
    )
    print(*sorted(places), sep="\n")
    leaked = sorted(place for place in places if not KEPT_WITH_CONSENT.fullmatch(place))
    assert len(canaries.places) > 3000
    assert leaked == []
    assert bool(found) is given, "denied: none may be found; granted: the search must find what policy keeps"
    assert (facts > 50) is given
