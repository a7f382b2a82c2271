"""From a hit that breaks its contract to a fact, after the contract was mended: over a served gateway."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import httpx

from tests.serving import GATEWAY, ROOT, Served, serving

CONTRACT = """\
contracts:
  sample_ask: {{version: {version}, status: active, owner: web, stage: evaluation, kind: micro,
    purpose: [counting, analytics], enforcement: quarantine, say: Somebody asked for a sample, properties: {{
      colour: {{type: enum, is: user.behavior, enum: [{colours}], example: red}},
      product_id: {{type: string, is: user.behavior, example: SKU-1}}}}}}
"""
SECRET = "canary-unlisted-8c1f"


def shop(folder: Path) -> Path:
    subprocess.run([*GATEWAY, "init", str(folder)], cwd=ROOT, check=True, capture_output=True)
    configuration = folder / "gateway.yml"
    configuration.write_text(re.sub("contracts: contracts/ ", "contracts: own/", configuration.read_text()))
    (folder / "own").mkdir()
    write(folder, 1, "red, blue")
    return configuration


def write(folder: Path, version: int, colours: str) -> None:
    (folder / "own" / "samples.yml").write_text(CONTRACT.format(version=version, colours=colours))


def send(served: Served, number: int, colour: Any) -> str:
    body = {
        "site": "wk_shop",
        "consent": {"choice": "explicit", "purposes": {"analytics": True}},
        "events": [{"event": "sample_ask", "id": f"e{number}", "client_id": "me",
                    "properties": {"colour": colour, "product_id": "SKU-1", "note": SECRET}}],
    }  # fmt: skip
    answer = httpx.post(f"{served.url}/collect", json=body, headers={"origin": "https://www.shop.example"})
    return answer.headers["x-gateway-outcome"]


def replay(served: Served, configuration: Path, *more: str) -> tuple[int, str]:
    command = [*GATEWAY, "contracts", "replay", "--config", str(configuration), "--data", str(served.data), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_what_broke_its_contract_waits_and_is_loaded_once_when_the_contract_is_mended(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    configuration = shop(folder)
    with serving(tmp_path / "data", "--config", str(configuration)) as served:
        assert send(served, 1, "red") == "facts=1 refused=0"
        for number, colour in ((2, "teal"), (3, "teal"), (3, "teal"), (4, "puce")):
            assert send(served, number, colour) == "facts=0 refused=1"
        served.wait_for("SELECT count() FROM gateway.quarantine", 4)
        rules = (
            "SELECT contract, arrayJoin(broken), properties['colour'] FROM gateway.quarantine GROUP BY ALL ORDER BY 3"
        )
        assert served.ask(rules) == [("sample_ask@1", "colour:enum", "puce"), ("sample_ask@1", "colour:enum", "teal")]

        assert replay(served, configuration, "--dry-run") == (
            1, "shop: 0 would be loaded, 0 were there already, 4 stay\n         4 sample_ask@1"
            "                     colour:enum\n",
        )  # fmt: skip
        write(folder, 2, "red, blue, teal")
        code, said = replay(served, configuration)
        assert (code, said.splitlines()[0]) == (1, "shop: 2 loaded, 1 were there already, 1 stay")
        assert replay(served, configuration)[1].startswith("shop: 0 loaded, 0 were there already, 1 stay")

        facts = (
            "SELECT contract, properties['colour'], product_id, visitor_kind, count() FROM gateway.events GROUP BY ALL"
        )
        assert sorted(served.ask(facts)) == [
            ("sample_ask@1", "red", "SKU-1", "durable", 1),
            ("sample_ask@2", "teal", "SKU-1", "durable", 2),
        ]
        assert served.ask("SELECT uniqExact(visitor) FROM gateway.events") == [(1,)]
        refused = "SELECT sum(events) FROM gateway.tallies WHERE refusal = 'contract_broken'"
        assert served.ask(refused) == [(4,)]
        write(folder, 3, "red, blue, teal, puce")
        assert replay(served, configuration) == (0, "shop: 1 loaded, 0 were there already, 0 stay\n")
        assert replay(served, configuration, "--site", "nowhere")[0] == 2
    for file in (tmp_path / "data").rglob("*"):
        assert file.is_dir() or SECRET.encode() not in file.read_bytes()
