"""The image, as far as it can be shown without a container engine: it lints, it builds from locks, and every command
starts from a read-only tree as a user without rights, with only the data folder writable."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gateway.cli import COMMANDS
from gateway.journal.keyring import Keyring
from gateway.journal.signing import Signer
from tests.built_image import ROOT, STAGES, UID, Image, steps
from tests.compiled import hot, lacks_compiler
from tests.helm.charts import containers, objects, one

LOCKS = ROOT / "helm" / "image"
EXISTING = [name for name, (module, _) in COMMANDS.items() if importlib.util.find_spec(module)]

HIT = {
    "site": "shop",
    "consent": {"choice": "explicit", "purposes": {"analytics": True}},
    "events": [{"event": "wishlist_add", "client_id": "me", "properties": {"product_id": "SKU-1"}}],
}


# The Dockerfile, read


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_image_runs_as_a_number_that_is_not_root_and_asks_for_its_health_without_a_shell() -> None:
    assert steps("runtime", "USER") == ["10001:10001"]
    (health,) = steps("runtime", "HEALTHCHECK")
    shell_free = json.loads(health.partition("CMD ")[2]), *(json.loads(steps("runtime", w)[0]) for w in ("ENTRYPOINT",))
    assert [words[0] for words in shell_free] == ["python", "gateway"]


def test_what_is_written_aside_goes_to_the_volume() -> None:
    (volume,) = json.loads(steps("runtime", "VOLUME")[0])
    assert f"TMPDIR={volume}" in " ".join(steps("runtime", "ENV")).split()
    assert steps("runtime", "WORKDIR") == [volume]


def test_the_base_may_be_named_by_its_digest() -> None:
    froms = [(stage, *steps(stage, "FROM")) for stage in ("base", "build", "runtime")]
    assert froms == [
        ("base", "python:${PYTHON_VERSION}-slim${PYTHON_DIGEST:+@${PYTHON_DIGEST}} AS base"),
        ("build", "python:${PYTHON_VERSION}${BUILD_DIGEST:+@${BUILD_DIGEST}} AS build"),
        ("runtime", "base AS runtime"),
    ]


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    admitted = {line[1:].removesuffix("/**") for line in rules if line.startswith("!")}
    copied = {source for rest in steps("build", "COPY") for source in rest.split()[:-1]}
    assert {re.sub(r"/\w+\.lock$", "/*.lock", source) for source in copied} == admitted


# The locks


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ]+)", (LOCKS / f"{lock}.lock").read_text(), re.M))


def declared(extra: str = "") -> list[Requirement]:
    project = re.search(r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.M | re.S)
    more = re.search(rf"^{extra} = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.M | re.S) if extra else None
    lines = "".join(found[1] for found in (project, more) if found)
    return [Requirement(text) for text in re.findall(r'^ *"([^"]+)"', lines, re.M)]


@pytest.mark.parametrize(("lock", "extra"), [("runtime", ""), ("embedded", "embedded"), ("kafka", "kafka")])
def test_a_lock_holds_every_declared_dependency_within_its_range(lock: str, extra: str) -> None:
    locked = pins(lock)
    wrong = [
        f"{need} but {lock}.lock has {locked.get(canonicalize_name(need.name))}; see helm/image/README.md"
        for need in declared(extra)
        if not need.specifier.contains(locked.get(canonicalize_name(need.name), "0.dev0"), prereleases=True)
    ]
    assert wrong == []


def test_the_locks_agree_and_only_the_embedded_one_has_chdb() -> None:
    runtime, embedded, kafka = pins("runtime"), pins("embedded"), pins("kafka")
    assert {name: embedded.get(name) for name in runtime} == runtime
    assert {name: version for name, version in kafka.items() if name != "confluent-kafka"} == runtime
    assert {"chdb", "chdb-core"} <= embedded.keys() - runtime.keys()


@pytest.mark.parametrize("lock", ["runtime", "embedded", "kafka", "build"])
def test_a_lock_has_hashes_and_names_no_host(lock: str) -> None:
    text = (LOCKS / f"{lock}.lock").read_text()
    parts = re.split(r"\n(?=\S)", text.strip())
    assert [part.splitlines()[0] for part in parts if "--hash=sha256:" not in part] == []
    assert "://" not in text


# The image, built and run


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built once. Not in tmp_path, whose parents no other user may enter."""
    if os.getuid() == 0 and not gives_up_rights():
        pytest.skip("root, but without setpriv or the right to a mount namespace: no way to give up rights")
    folder = Path(tempfile.mkdtemp(prefix="gateway-image-"))
    folder.chmod(0o755)
    made = Image(folder)
    made.build()
    yield made
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    shutil.rmtree(folder)


def gives_up_rights() -> bool:
    if not all(map(shutil.which, ("unshare", "setpriv", "findmnt"))):
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def site(image: Image) -> str:
    """A configuration in the data folder, written by the image's own `init`."""
    made = image.run("gateway", "init", str(image.data / "site"))
    assert made.returncode == 0, made.stdout
    return str(image.data / "site" / "gateway.yml")


@pytest.fixture(scope="module")
def warehouse() -> Iterator[str]:
    """URL of a warehouse beside the image: the embedded engine of the tests, asked as a server would be."""
    data = Path(tempfile.mkdtemp(prefix="gateway-engine-"))
    engine = subprocess.Popen([sys.executable, "-m", "gateway", "engine", "--data", str(data)], cwd=ROOT)
    try:
        endpoint = data / "run" / "warehouse.json"
        wait_until(endpoint.exists, 30)
        yield json.loads(endpoint.read_bytes())["url"]
    finally:
        engine.terminate()
        engine.wait(20)
        shutil.rmtree(data)


def wait_until(well: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not well():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, timeout=1).status_code == 200
    return False


@contextlib.contextmanager
def running(image: Image, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command of the image for the block; it must end with 0 when it is told to."""
    process = image.start("gateway", *words)
    try:
        yield process
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
        print(words[0], "said:", said)
    assert process.returncode == 0
    assert '"level":"error"' not in said


def stamps(folder: Path) -> dict[str, int]:
    return {str(file): file.lstat().st_mtime_ns for file in sorted(folder.rglob("*"))}


def test_the_image_holds_no_build_tool_and_no_chdb(image: Image) -> None:
    present = {path.name.split("-")[0].lower() for path in image.tree.glob("lib/python*/site-packages/*.dist-info")}
    assert present & {"pip", "setuptools", "wheel", "mypy", "chdb", "cyclonedx_bom"} == set()
    assert {"edge_tracking_gateway", "starlette", "orjson"} <= present


@pytest.mark.skipif(bool(lacks_compiler()), reason=lacks_compiler() or "compiles")
def test_what_every_hit_passes_through_is_compiled_in_the_image(image: Image) -> None:
    say = "import gateway.collecting as it, gateway.web.wire as hot; print(it._IS_COMPILED, hot.__file__)"
    is_compiled, path = image.run("python", "-c", say).stdout.split()
    assert (is_compiled, Path(path).suffix) == ("yes", ".so")
    packages = Path(path).parents[2]
    assert [name for name in hot() if not list((packages / name).parent.glob(f"{Path(name).stem}.*.so"))] == []


def test_the_sbom_names_every_part_with_its_version(image: Image) -> None:
    sbom = json.loads((image.tree / "sbom.cdx.json").read_bytes())
    parts: dict[str, str] = {canonicalize_name(part["name"]): part["version"] for part in sbom["components"]}
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["name"] == "edge-tracking-gateway"
    assert {name: parts.get(name) for name in ("starlette", "orjson", "cryptography")} == {
        name: pins("runtime")[name] for name in ("starlette", "orjson", "cryptography")
    }
    assert len(parts) >= 25


def test_the_user_of_the_image_can_write_its_data_folder_and_nothing_else(image: Image) -> None:
    say = "import os, sys; print(sys.version_info[:3], os.getuid(), [os.access(p, os.W_OK) for p in sys.argv[1:]])"
    done = image.run("python", "-c", say, str(image.tree), tempfile.gettempdir(), sys.base_prefix, str(image.data))
    writable = [False, os.getuid() != 0, os.getuid() != 0, True]
    assert done.stdout.strip() == f"{tuple(sys.version_info[:3])} {os.getuid() or UID} {writable}"


@pytest.mark.parametrize("name", EXISTING)
def test_every_command_starts_on_a_read_only_tree(image: Image, name: str) -> None:
    done = image.run("gateway", name, "--help")
    assert (done.returncode, done.stdout.split()[:3]) == (0, ["Usage:", "gateway", name]), done.stdout


class Pod:
    """The pod of the chart that takes hits: the arguments of its containers, led to this machine's places and ports."""

    def __init__(self, image: Image, site: str, warehouse: str) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self.ip = "127.0.0.2"  # not the loopback address that everything admits
        self._places = {
            "/etc/gateway/gateway.yml": site,
            "/var/lib/gateway": str(image.data / "pod"),
            "$(GATEWAY_WAREHOUSE)": warehouse,
            "$(POD_IP)": self.ip,
            "--port=8080": f"--port={self.port}",
            "--admin-port=9464": f"--admin-port={self.metrics_port}",
        }
        spec = one(objects("minimal"), "StatefulSet", "shop")["spec"]["template"]["spec"]
        self._containers = {container["name"]: container for container in containers(spec)}

    def words(self, container: str) -> list[str]:
        """What `gateway` is started with."""
        found: list[str] = self._containers[container]["args"]
        return [self._placed(word) for word in found]

    def drain(self, container: str) -> list[str]:
        """Its preStop, with no more notice than a moment."""
        command = self._containers[container]["lifecycle"]["preStop"]["exec"]["command"]
        return [self._placed(re.sub(r"sleep\(7\)", "sleep(0.1)", word)) for word in command]

    def _placed(self, word: str) -> str:
        return re.sub("|".join(map(re.escape, self._places)), lambda found: self._places[found[0]], word)


def test_a_pod_of_the_chart_takes_a_hit_shows_its_metrics_and_loads_its_journal_before_it_goes(
    image: Image, site: str, warehouse: str
) -> None:
    before, pod = stamps(image.tree), Pod(image, site, warehouse)
    mount_keys(image.data / "pod")
    migrated = image.run("gateway", "warehouse", "migrate", "--warehouse", warehouse, "--variant", "embedded")
    assert migrated.returncode == 0, migrated.stdout
    with running(image, *pod.words("metrics")), running(image, *pod.words("load")):
        with running(image, *pod.words("collect")):
            wait_until(lambda: answers(f"http://127.0.0.1:{pod.port}/readyz"))
            assert is_healthy(image, f"http://127.0.0.1:{pod.port}/healthz")
            assert not is_healthy(image, f"http://127.0.0.1:{free_port()}/healthz")
            send(pod)
            wait_until(lambda: asked(image, warehouse) == ["wishlist_add durable"])
            wait_until(lambda: answers(f"http://{pod.ip}:{pod.metrics_port}/healthz"))
            wait_until(lambda: "gateway_facts_total{" in shown(pod))
            send(pod)
        assert image.run(*pod.drain("load")).returncode == 0
    assert asked(image, warehouse) == ["wishlist_add durable"] * 2
    assert stamps(image.tree) == before


def mount_keys(data: Path) -> None:
    """A data folder whose keys lie as those of a mounted Secret do: there, and not to be changed."""
    keys = data / "keys"
    keys.mkdir(parents=True)
    Keyring(keys, ["shop"]).refresh(time.time())
    Signer(keys)
    for file in keys.iterdir():
        file.chmod(0o444)
    keys.chmod(0o555)
    if os.getuid() == 0:
        os.chown(data, UID, UID)


def send(pod: Pod) -> None:
    sent = httpx.post(f"http://127.0.0.1:{pod.port}/collect", json=HIT)
    assert sent.headers["x-gateway-outcome"] == "facts=1 refused=0"


def shown(pod: Pod) -> str:
    return httpx.get(f"http://{pod.ip}:{pod.metrics_port}/metrics").text


def test_the_other_commands_of_an_operator_run_in_the_image(image: Image, site: str, warehouse: str) -> None:
    admin = free_port()
    common = ("--config", site, "--data", str(image.data / "desk"), "--warehouse", warehouse)
    with running(image, "admin", *common, "--admin-port", str(admin)):
        wait_until(lambda: answers(f"http://127.0.0.1:{admin}/healthz"))
        assert httpx.get(f"http://127.0.0.1:{admin}/").status_code == 200
    checked = image.run("gateway", "doctor", *common)
    assert checked.returncode == 0, checked.stdout
    status = image.run("gateway", "warehouse", "status", "--warehouse", warehouse)
    assert status.returncode == 0, status.stdout


def asked(image: Image, warehouse: str) -> list[str]:
    statement = "SELECT event || ' ' || visitor_kind FROM gateway.events WHERE site = 'shop'"
    return image.run("gateway", "sql", statement, "--warehouse", warehouse, "--format", "TSV").stdout.splitlines()


def is_healthy(image: Image, url: str) -> bool:
    """What HEALTHCHECK says when it is told to look there."""
    health = steps("runtime", "HEALTHCHECK")[0].partition("CMD ")[2]
    return image.run(*json.loads(health), GATEWAY_HEALTH_URL=url).returncode == 0


def test_serve_runs_in_the_image_against_a_server_and_drains(image: Image, site: str, warehouse: str) -> None:
    port, admin = str(free_port()), str(free_port())
    options = ("--config", site, "--data", str(image.data / "served"), "--warehouse", warehouse)
    with running(image, "serve", *options, "--port", port, "--admin-port", admin):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz") and answers(f"http://127.0.0.1:{admin}/healthz"))


def test_the_embedded_engine_says_in_a_sentence_that_the_image_has_none(image: Image) -> None:
    done = image.run("gateway", "engine", "--data", str(image.data / "engine"))
    assert (done.returncode, done.stdout.count("\n")) == (2, 1), done.stdout
    assert re.match(r"gateway: .*embedded", done.stdout), done.stdout


@pytest.mark.skipif(os.getuid() != 0, reason="only root can hand the image a folder of another user")
def test_a_data_folder_that_is_not_the_images_own_gets_one_sentence(image: Image, site: str) -> None:
    image.data.joinpath("foreign").mkdir(mode=0o755)
    done = image.run("gateway", "collect", "--config", site, "--data", str(image.data / "foreign"), "--port", "0")
    assert (done.returncode, done.stdout.count("\n")) == (2, 1), done.stdout
    assert "cannot be used" in done.stdout


def test_the_version_of_the_image_is_the_projects() -> None:
    said = re.search(r"VERSION=(\S+)", " ".join(rest for rest in steps("runtime", "ARG")))
    assert said
    assert said[1] == version("edge-tracking-gateway")


def test_every_stage_is_known() -> None:
    assert list(STAGES) == ["", "base", "build", "sbom", "runtime"]
