"""Keeps the Secret that holds the keys of pseudonyms: makes what today and tomorrow need, destroys what is spent.
The key that receipts are signed with lies there too; it is made once and stays.

    python rotate_keys.py NAMESPACE SECRET SITE...

May not: do anything but get and update that one Secret; print a key. The work is the keyring's own, done on a folder
in memory. Exit codes: 0 the Secret is as it should be, 1 it is not, and one sentence says why.
Why the whole Secret is replaced: `resourceVersion` makes it an exchange, so that two jobs never lose each other's keys.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from gateway.journal.keyring import Keyring
from gateway.journal.signing import Signer

#: Where Kubernetes puts the account of a pod. The variable is for tests.
ACCOUNT = Path(os.environ.get("KEYS_ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount"))
TRIES = 3
TIMEOUT_S = 20


class Refused(Exception):
    """The Kubernetes API said no, or nothing."""


class Conflict(Exception):
    """Somebody else was faster; look again."""


def ask(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request to the Kubernetes API, as the pod's account."""
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
    api = http.client.HTTPSConnection(host, port, context=context, timeout=TIMEOUT_S)
    headers = {
        "Authorization": f"Bearer {(ACCOUNT / 'token').read_text().strip()}",
        "Content-Type": "application/json",
    }
    try:
        api.request(method, path, json.dumps(body) if body else None, headers)
        answer = api.getresponse()
        text = answer.read()
    except OSError as error:
        raise Refused(f"The Kubernetes API at {host}:{port} does not answer ({type(error).__name__}).") from error
    finally:
        api.close()
    if answer.status == http.client.CONFLICT:
        raise Conflict
    if answer.status != http.client.OK:
        raise Refused(f"The Kubernetes API answers {method} {path} with {answer.status}: look at the Role of this job.")
    told: dict[str, Any] = json.loads(text)
    return told


def turned(held: dict[str, str], sites: list[str], at: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """What the Secret should hold at that time, and what is wrong with it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in held.items():
            (folder / file).write_bytes(base64.b64decode(text))
        troubles = Keyring(folder, sites).refresh(at)
        Signer(folder)
        return {file.name: base64.b64encode(file.read_bytes()).decode() for file in folder.iterdir()}, troubles


def rotate(namespace: str, secret: str, sites: list[str]) -> tuple[str, ...]:
    """Gets, turns, puts. The troubles that are left."""
    path = f"/api/v1/namespaces/{namespace}/secrets/{secret}"
    for _ in range(TRIES):
        found = ask("GET", path)
        held = found.get("data") or {}
        wanted, troubles = turned(held, sites, time.time())
        if wanted == held:
            return troubles
        try:
            ask("PUT", path, {**found, "data": wanted})
        except Conflict:
            continue
        made, gone = len(wanted.keys() - held.keys()), len(held.keys() - wanted.keys())
        sys.stdout.write(f"keys: {made} made, {gone} destroyed, {len(wanted)} held\n")
        return troubles
    raise Refused(f"Somebody else changed the Secret {secret} {TRIES} times in a row.")


def main() -> int:
    """Reads the arguments; everything that fails ends as one sentence."""
    namespace, secret, *sites = sys.argv[1:]
    try:
        troubles = rotate(namespace, secret, sites)
    except (Refused, OSError) as error:
        troubles = (str(error),)
    for sentence in troubles:
        sys.stderr.write(f"keys: {sentence}\n")
    return 1 if troubles else 0


if __name__ == "__main__":
    raise SystemExit(main())
