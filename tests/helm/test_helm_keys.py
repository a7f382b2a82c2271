"""The keys' job over TLS and real sockets, against a stand-in of the Kubernetes API: one Secret, with versions."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from time import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.journal.keyring import Keyring
from tests.helm.charts import CHART, one, render, values

SCRIPT = CHART / "files" / "rotate_keys.py"
PATH = "/api/v1/namespaces/web/secrets/shop-keys"


class Api(ThreadingHTTPServer):
    """GET and PUT of one Secret. A PUT with another version than the present one is a conflict, as in Kubernetes."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "ca.crt", folder / "ca.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.folder, self.version = folder, 7
        self.held: dict[str, str] = {}
        self.puts = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def secret(self) -> dict[str, Any]:
        meta = {"name": "shop-keys", "namespace": "web", "resourceVersion": str(self.version), "labels": {"a": "b"}}
        data = {"data": self.held} if self.held else {}
        return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": meta, **data}


class Answers(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self.answer(200 if self.is_ours() else 403, self.server.secret())
        self.server.meanwhile()

    def do_PUT(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.puts += 1
        if told["metadata"]["resourceVersion"] != str(self.server.version):
            self.answer(409, {})
            return
        assert told["metadata"]["labels"] == {"a": "b"}
        self.server.held, self.server.version = told["data"], self.server.version + 1
        self.answer(200, self.server.secret())

    def is_ours(self) -> bool:
        return (self.path, self.headers["Authorization"]) == (PATH, "Bearer token-of-the-pod")

    def answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Silent."""


def certificate(folder: Path) -> None:
    """A key and a certificate for 127.0.0.1, signed by itself, and the token beside them: the pod's account."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "api")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.crt").write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / "ca.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "token").write_text("token-of-the-pod\n")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    served = Api(tmp_path)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.server_close()


def rotate(api: Api, *sites: str, port: int = 0) -> subprocess.CompletedProcess[str]:
    """The script as the job runs it."""
    told = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(port or api.server_port)}
    return subprocess.run(
        [sys.executable, SCRIPT, "web", "shop-keys", *sites],
        env={**told, "KEYS_ACCOUNT": str(api.folder)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days)).strftime("%Y-%m-%d")


def test_an_empty_secret_gets_the_keys_of_today_and_tomorrow(api: Api, tmp_path: Path) -> None:
    done = rotate(api, "shop", "app_2")
    assert (done.returncode, done.stdout) == (0, "keys: 7 made, 0 destroyed, 7 held\n"), done.stderr
    wanted = {f"{site}.day.{day(n)}.salt" for site in ("shop", "app_2") for n in (0, 1)}
    wanted |= {f"{site}.durable.{day(0)}.key" for site in ("shop", "app_2")}
    assert set(api.held) == wanted | {"receipts.ed25519"}
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for name, text in api.held.items():
        (mounted / name).write_bytes(base64.b64decode(text))
    ring = Keyring(mounted, ["shop", "app_2"])
    assert ring.refresh(time()) == ()
    assert None not in ring.keys("shop", time())
    assert {file.name for file in mounted.iterdir()} == set(api.held)


def test_what_is_as_it_should_be_is_left_alone(api: Api) -> None:
    rotate(api, "shop")
    held, version = dict(api.held), api.version
    done = rotate(api, "shop")
    assert (done.returncode, done.stdout, api.held, api.version) == (0, "", held, version)


def test_a_spent_salt_is_destroyed_and_the_keys_of_durable_pseudonyms_and_receipts_stay(api: Api) -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    spent, living = f"shop.day.{day(-2)}.salt", f"shop.durable.{day(-100)}.key"
    api.held = {spent: key, living: key, "receipts.ed25519": key}
    assert rotate(api, "shop").returncode == 0
    assert spent not in api.held
    assert (api.held[living], api.held["receipts.ed25519"]) == (key, key)


def test_a_job_that_was_overtaken_looks_again_and_loses_nothing(api: Api) -> None:
    other = base64.b64encode(bytes(range(32))).decode()

    def overtake() -> None:
        api.meanwhile = lambda: None
        api.held, api.version = {f"app.durable.{day(0)}.key": other}, api.version + 1

    api.meanwhile = overtake
    assert rotate(api, "shop").returncode == 0
    assert api.puts == 2
    assert api.held[f"app.durable.{day(0)}.key"] == other
    assert f"shop.day.{day(1)}.salt" in api.held


def test_a_key_that_is_none_is_told_and_the_job_fails(api: Api) -> None:
    api.held = {f"shop.day.{day(0)}.salt": base64.b64encode(bytes(32)).decode()}
    done = rotate(api, "shop")
    assert done.returncode == 1
    assert "is not a key of 32 random bytes" in done.stderr


def test_an_api_that_says_no_or_nothing_gets_one_sentence(api: Api) -> None:
    (api.folder / "token").write_text("of another pod")
    refused = rotate(api, "shop")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "403" in refused.stderr
    silent = rotate(api, "shop", port=1)
    assert (silent.returncode, silent.stderr.count("\n")) == (1, 1)
    assert "does not answer" in silent.stderr


def test_a_key_is_never_printed(api: Api) -> None:
    done = rotate(api, "shop")
    assert api.held
    assert [text for text in api.held.values() if text in done.stdout + done.stderr] == []


def test_the_job_is_told_every_site_of_the_release() -> None:
    job = one(render(values("sites")), "Job", "shop-keys-1")["spec"]["template"]["spec"]["containers"][0]
    assert job["args"] == ["web", "shop-keys", "app_2", "blog", "shop"]
    assert job["command"] == ["python", "/opt/keys/rotate_keys.py"]


def test_a_pod_waits_for_the_keys_that_the_job_makes(api: Api, tmp_path: Path) -> None:
    pod = one(render(values("sites")), "StatefulSet", "shop")["spec"]["template"]["spec"]
    wait = pod["initContainers"][0]
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    *words, script = wait["command"]
    script = script.replace("/var/lib/gateway/keys", str(mounted))
    waiting = subprocess.Popen([sys.executable, *words[1:], script, *wait["args"]])
    rotate(api, *wait["args"])
    lacking = f"blog.day.{day(0)}.salt"
    for name in sorted(api.held.keys() - {lacking}):
        (mounted / name).write_bytes(base64.b64decode(api.held[name]))
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(2)
    (mounted / lacking).write_bytes(base64.b64decode(api.held[lacking]))
    assert waiting.wait(30) == 0


def test_where_the_pods_make_the_keys_nothing_waits_for_them() -> None:
    pod = one(render(values("volume-keys")), "StatefulSet", "tracking")["spec"]["template"]["spec"]
    assert [container["name"] for container in pod["initContainers"]] == ["metrics", "load"]
