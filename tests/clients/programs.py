"""Runs the programs of `node/` and `python/`, which must end well.

May not: know what an SDK sends.
"""

from __future__ import annotations

import subprocess
import sys

import orjson

from tests.clients.installed import HERE, need_node
from tests.clients.servers import Server
from tests.clients.shop import POLICIES, key_of
from tests.serving import ROOT

#: By policy, what an SDK reported as sent: names and ids.
Sent = dict[str, list[dict[str, str]]]


def run(server: Server, gateway: str, policies: tuple[str, ...] = POLICIES, *, is_silent: bool = True) -> Sent:
    """The program's visit under each policy; what its SDK reported as sent. `is_silent`: nothing on stderr."""
    told = orjson.dumps({"gateway": gateway, "keys": {policy: key_of(server.client, policy) for policy in policies}})
    if server.runtime == "node":
        need_node()
        command = ["node", str(HERE / "node" / f"{server.client}.js")]
    else:
        command = [sys.executable, "-m", f"tests.clients.python.{server.client}"]
    done = subprocess.run([*command, told.decode()], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" or not is_silent
    sent: Sent = orjson.loads(done.stdout.splitlines()[-1])
    return sent
