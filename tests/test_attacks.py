"""The table of attacks, made on one served gateway: `pytest -s tests/test_attacks.py` prints the answer to each.

Afterwards the gateway is well, no answer was a 5xx but 503, no line of its log holds what was sent or is anything but
ours, and its memory is what it was.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator

import httpx
import orjson
import psutil
import pytest

from consent.starters import starter
from tests.attacks import beyond, events, private, wire
from tests.attacks.attack import CANARY, HOOK_KEY, PASSWORD, YML, Arena, Attack, write_users
from tests.serving import serving

ATTACKS: tuple[Attack, ...] = (*wire.ATTACKS, *events.ATTACKS, *private.ATTACKS, *beyond.ATTACKS)

#: What a process may have grown by. Why so much: a body of 2 MB inflated and one hash of 32 MB may lie in free lists.
_GROWTH_BYTES = 48 * 1024 * 1024

SEEN: list[tuple[str, str, str]] = []


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("attacks")
    tokens = write_users(folder / "users")
    (folder / "policy.yml").write_bytes(starter("strictest"))
    (folder / "gateway.yml").write_text(YML.replace("admin_users: users", f"admin_users: {folder / 'users'}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTACK_HOOK", "whsec_" + b64encode(HOOK_KEY).decode())
        with serving(folder / "data", "--config", str(folder / "gateway.yml")) as served:
            arena = Arena(served, tokens)
            assert arena.event().status_code == 204
            with arena.as_analyst() as client:
                assert client.get(served.admin + "/reports/overview").status_code == 200
            arena.before = {name: _looks(process) for name, process in served.processes().items()}
            yield arena


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{attack.name}: {attack.sent[:40]}" for attack in ATTACKS])
def test_an_attack_gets_the_answer_that_is_right(arena: Arena, attack: Attack) -> None:
    seen = attack.make(arena)
    SEEN.append((attack.name, attack.sent, seen))
    assert seen in attack.right


def test_afterwards_the_gateway_is_well(arena: Arena) -> None:
    assert arena.event().headers["x-gateway-outcome"] == "facts=1 refused=0"
    assert httpx.get(arena.served.url + "/readyz").status_code == 200


def test_no_process_was_started_again_and_none_has_grown(arena: Arena) -> None:
    after = {name: _looks(process) for name, process in arena.served.processes().items()}
    print()
    for name, (pid, bytes_) in after.items():
        print(f"{name:10} resident {arena.before[name][1] / 1e6:6.1f} MB before, {bytes_ / 1e6:6.1f} MB after")
        assert pid == arena.before[name][0], name
    grown = {name: after[name][1] - arena.before[name][1] for name in ("collect-0", "admin")}
    assert {name: size for name, size in grown.items() if size > _GROWTH_BYTES} == {}


def test_no_answer_was_a_server_error_and_no_metric_holds_what_was_sent(arena: Arena) -> None:
    with arena.as_analyst() as client:
        metrics = client.get(arena.served.admin + "/metrics").text
    failed = re.findall(r'gateway_requests_total\{status="(5\d\d)"\}', metrics)
    assert set(failed) <= {"503"}
    assert CANARY not in metrics


def test_no_line_of_the_log_holds_what_was_sent_or_a_secret(arena: Arena) -> None:
    lines = [line for line in arena.served.lines if line.startswith("{")]
    assert all(orjson.loads(line)["level"] in ("info", "warning") for line in lines), lines
    said = "".join(arena.served.lines)
    secrets = (CANARY, PASSWORD, HOOK_KEY.decode(), *arena.tokens.values(), "Traceback")
    assert [secret for secret in secrets if secret in said] == []
    assert [p for p in arena.served.processes().values() for secret in secrets if secret in " ".join(p.cmdline())] == []


def test_the_table_has_forty_rows_and_more_and_is_shown() -> None:
    print()
    for name, sent, seen in SEEN:
        print(f"{name:46.46} {sent:60.60} {seen}")
    assert len(ATTACKS) >= 40


def _looks(process: psutil.Process) -> tuple[int, int]:
    """Its id and its resident bytes."""
    return process.pid, int(process.memory_info().rss)
