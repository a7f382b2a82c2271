"""What the pods of the chart are: without rights, with a configuration that the gateway reads, drained in order."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest

from gateway.cli import COMMANDS
from gateway.configuration import Configuration, read_configuration
from tests.helm.charts import SETS, Object, containers, objects, one, pods, render, selects, values

OURS = [(name, where, spec) for name in SETS for where, _, spec in pods(objects(name))]
EACH_POD = pytest.mark.parametrize(("name", "where", "spec"), OURS, ids=[f"{n}-{w}" for n, w, _ in OURS])


@EACH_POD
def test_every_pod_keeps_to_the_restricted_standard(name: str, where: str, spec: Object) -> None:
    """Source: Kubernetes, Pod Security Standards, restricted."""
    pod = spec["securityContext"]
    assert (pod["runAsNonRoot"], pod["seccompProfile"]["type"]) == (True, "RuntimeDefault")
    assert pod["runAsUser"] > 0
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    kinds = {kind for volume in spec.get("volumes", ()) for kind in volume if kind != "name"}
    assert kinds <= {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
    for container in containers(spec):
        rights = container["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert rights["readOnlyRootFilesystem"] is True
        assert {"requests", "limits"} <= container["resources"].keys()


@EACH_POD
def test_every_mount_has_its_volume_and_every_volume_a_mount(name: str, where: str, spec: Object) -> None:
    mounted = {mount["name"] for c in containers(spec) for mount in c.get("volumeMounts", ())}
    declared = {volume["name"] for volume in spec.get("volumes", ())}
    claimed = {"data"} if where.startswith("StatefulSet") else set()
    assert mounted == declared | claimed


@EACH_POD
def test_only_the_keys_job_talks_to_kubernetes(name: str, where: str, spec: Object) -> None:
    assert spec["automountServiceAccountToken"] is ("-keys" in where)


@EACH_POD
def test_every_container_starts_a_command_that_there_is(name: str, where: str, spec: Object) -> None:
    for container in containers(spec):
        if "command" in container:
            assert container["command"][0] == "python"
            continue
        command, *arguments = container["args"]
        parsed(command, [argument.replace("$(POD_IP)", "10.1.2.3") for argument in arguments])


def parsed(name: str, arguments: list[str]) -> dict[str, Any]:
    """The options as the command itself reads them. Raises click.UsageError."""
    command = getattr(importlib.import_module(COMMANDS[name][0]), name)
    while isinstance(command, click.Group) and not (command.invoke_without_command and arguments[0][:1] == "-"):
        name, arguments = arguments[0], arguments[1:]
        command = command.commands[name]
    told: dict[str, Any] = command.make_context(name, arguments).params
    return told


def test_collect_listens_where_its_probes_and_the_service_look() -> None:
    found = objects("autoscaled")
    (collect,) = one(found, "StatefulSet", "shop")["spec"]["template"]["spec"]["containers"]
    told = parsed(collect["args"][0], collect["args"][1:])
    (port,) = collect["ports"]
    assert (told["port"], told["workers"], told["host"]) == (port["containerPort"], 2, "0.0.0.0")
    looks = {probe: collect[probe]["httpGet"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert set(looks.values()) == {port["name"]}
    assert one(found, "Service", "shop")["spec"]["ports"][0]["targetPort"] == port["name"]


@pytest.mark.parametrize("name", SETS)
def test_readiness_is_that_of_collect_alone(name: str) -> None:
    (spec,) = [s for w, m, s in pods(objects(name)) if m["labels"]["app.kubernetes.io/component"] == "collect"]
    ready = {c["name"]: c["readinessProbe"]["httpGet"]["path"] for c in containers(spec) if "readinessProbe" in c}
    assert ready == {"collect": "/readyz"}
    sidecars = {c["name"]: c.get("restartPolicy") for c in spec["initContainers"] if c["name"] != "keys"}
    assert sidecars == {"metrics": "Always", "load": "Always"}


def test_the_admin_pages_listen_on_loopback_and_no_service_leads_there() -> None:
    found = objects("minimal")
    template = one(found, "Deployment", "shop-admin")["spec"]["template"]
    (admin,) = template["spec"]["containers"]
    assert parsed("admin", admin["args"][1:])["admin_host"] is None  # the setting's default, 127.0.0.1
    services = [o for o in found if o["kind"] == "Service"]
    assert [s for s in services if selects(template["metadata"]["labels"], s["spec"]["selector"])] == []


def test_with_users_a_service_leads_to_the_admin_pages_by_tls_and_one_way_is_open() -> None:
    found = objects("guarded")
    template = one(found, "Deployment", "shop-admin")["spec"]["template"]
    (admin,) = template["spec"]["containers"]
    told = parsed("admin", admin["args"][1:])
    assert (told["admin_host"], told["admin_users"]) == ("0.0.0.0", "/etc/gateway-users/users")
    assert admin["livenessProbe"]["httpGet"]["scheme"] == admin["startupProbe"]["httpGet"]["scheme"] == "HTTPS"
    service = one(found, "Service", "shop-admin")["spec"]
    assert selects(template["metadata"]["labels"], service["selector"])
    (way,) = one(found, "NetworkPolicy", "shop-admin")["spec"]["ingress"]
    assert ([port["port"] for port in way["ports"]], len(way["from"])) == ([8081], 1)


def test_with_a_certificate_the_pods_are_asked_by_tls() -> None:
    found = objects("guarded")
    (collect,) = one(found, "StatefulSet", "shop")["spec"]["template"]["spec"]["containers"]
    probes = ("startupProbe", "readinessProbe", "livenessProbe")
    assert {collect[probe]["httpGet"]["scheme"] for probe in probes} == {"HTTPS"}
    assert one(found, "Service", "shop")["spec"]["ports"][0]["appProtocol"] == "https"
    assert "/etc/gateway-tls/tls.key" in one(found, "ConfigMap", "shop")["data"]["gateway.yml"]


def test_with_brokers_the_loader_hands_rows_to_kafka_and_may_reach_it() -> None:
    found = objects("guarded")
    load = one(found, "StatefulSet", "shop")["spec"]["template"]["spec"]["initContainers"][-1]
    told = parsed("load", [word for word in load["args"][1:] if "$(" not in word])
    assert told["kafka"] == "kafka-0.kafka:9093,kafka-1.kafka:9093"
    assert told["kafka_properties"] == "/etc/gateway-kafka/properties"
    assert "/etc/gateway-kafka" in [mount["mountPath"] for mount in load["volumeMounts"]]
    (way,) = one(found, "NetworkPolicy", "shop-kafka")["spec"]["egress"]
    assert [port["port"] for port in way["ports"]] == [9093]


# Configuration


def written(folder: Path, found: list[Object], others: dict[str, dict[str, str]]) -> Path:
    """/etc/gateway as the kubelet would lay it below a folder. `others`: ConfigMaps that the chart does not make."""
    maps = others | {o["metadata"]["name"]: o["data"] for o in found if o["kind"] == "ConfigMap"}
    (spec,) = [s for w, _, s in pods(found) if w in {"StatefulSet/shop", "Deployment/shop"}]
    mounts = {m["name"]: m["mountPath"] for m in spec["containers"][0]["volumeMounts"]}
    for volume in (volume for volume in spec["volumes"] if volume["name"] in mounts):
        place = folder / mounts[volume["name"]].lstrip("/")
        for source in volume.get("projected", {}).get("sources", ()):
            held = maps[source["configMap"]["name"]]
            for item in source["configMap"]["items"]:
                lay(place / item["path"], held[item["key"]])
        for name, text in maps.get(volume.get("configMap", {}).get("name"), {}).items():
            lay(place / name, text)
    yml = folder / "etc/gateway/gateway.yml"
    yml.write_text(yml.read_text().replace("/etc/", f"{folder}/etc/"))
    return yml


def lay(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize("name", [name for name in SETS if name != "volume-keys"])
def test_the_gateway_reads_the_configuration_of_every_value_set(name: str, tmp_path: Path) -> None:
    told = values(name)
    strictest = values("minimal")["sites"]["shop"]["policy"]
    contracts = values("sites")["sites"]["shop"]["contracts"]
    others = {"legal": {"app.yml": strictest, "blog.yml": strictest}, "events-app": contracts}
    read = read_configuration(written(tmp_path, render(told), others))
    assert {site.name for site in read.sites.all} == set(told["sites"])
    assert said(read, told) == told.get("settings", {})
    assert {site.name: list(site.markets) for site in read.sites.all if site.markets} == {
        site: told_of["markets"] for site, told_of in told["sites"].items() if "markets" in told_of
    }


def said(read: Configuration, told: dict[str, Any]) -> dict[str, Any]:
    """The settings that a value set names, as the gateway understood them."""
    found = {name: getattr(read.settings, name) for name in told.get("settings", {})}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def test_a_changed_policy_gives_other_pods() -> None:
    def stamps(policy: str) -> set[str]:
        told = values("minimal")
        told["sites"]["shop"]["policy"] += policy
        found = {w: m.get("annotations", {}).get("checksum/configuration") for w, m, _ in pods(render(told))}
        return {found["StatefulSet/shop"], found["Deployment/shop-admin"]}

    assert len(stamps("")) == 1
    assert stamps("") == stamps("")
    assert stamps("") & stamps("# reviewed\n") == set()


# Draining


def drained(journal: Path) -> subprocess.Popen[bytes]:
    """The loader's own preStop, started, with the folder and the notice of the test."""
    spec = one(objects("minimal"), "StatefulSet", "shop")["spec"]["template"]["spec"]
    load = spec["initContainers"][-1]
    *words, script = load["lifecycle"]["preStop"]["exec"]["command"]
    assert "time.sleep(7)" in script  # noticeSeconds and two more
    script = script.replace("time.sleep(7)", "pass").replace("/var/lib/gateway/journal", str(journal))
    return subprocess.Popen([sys.executable, *words[1:], script])


def test_a_pod_goes_only_when_its_journal_is_empty(tmp_path: Path) -> None:
    for name in ("loader.lock", "collect-0-1.open", "collect-0-0.sealed"):
        (tmp_path / name).touch()
    waiting = drained(tmp_path)
    time.sleep(1.0)
    assert waiting.poll() is None
    (tmp_path / "collect-0-0.sealed").unlink()
    time.sleep(1.0)
    assert waiting.poll() is None
    (tmp_path / "collect-0-1.open").unlink()
    assert waiting.wait(30) == 0


def test_the_loader_outlives_collect_and_the_grace_holds_both() -> None:
    spec = one(objects("minimal"), "StatefulSet", "shop")["spec"]["template"]["spec"]
    assert [c["name"] for c in spec["containers"]] == ["collect"]  # sidecars end after containers
    notice = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert notice + 15 < spec["terminationGracePeriodSeconds"]


def test_a_journal_that_could_not_be_loaded_waits_on_its_volume() -> None:
    spec = one(objects("minimal"), "StatefulSet", "shop")["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}


# Ways


def test_everything_is_denied_but_names() -> None:
    found = objects("closed")
    deny = one(found, "NetworkPolicy", "shop-deny")["spec"]
    assert set(deny["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in deny
    assert [port["port"] for rule in deny["egress"] for port in rule["ports"]] == [53, 53]
    labels = [meta["labels"] for _, meta, _ in pods(found)]
    assert all(selects(have, deny["podSelector"]["matchLabels"]) for have in labels)


def test_only_the_named_ways_are_open() -> None:
    policies = {o["metadata"]["name"]: o["spec"] for o in objects("closed") if o["kind"] == "NetworkPolicy"}
    hits, metrics = policies["shop-hits"]["ingress"]
    assert ([p["port"] for p in hits["ports"]], len(hits["from"])) == ([8080], 2)  # the ingress, and `helm test`
    assert metrics == {
        "ports": [{"port": 9464, "protocol": "TCP"}],
        "from": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
    }
    (warehouse,) = policies["shop-warehouse"]["egress"]
    assert ([p["port"] for p in warehouse["ports"]], len(warehouse["to"])) == ([8443], 2)
    (api,) = policies["shop-keys"]["egress"]
    assert api["to"] == [{"ipBlock": {"cidr": "10.96.0.1/32"}}]


def test_the_keys_job_may_read_and_write_one_secret() -> None:
    (rule,) = one(objects("existing-keys"), "Role", "shop-keys")["rules"]
    assert rule == {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["pseudonyms"],
        "verbs": ["get", "update"],
    }
    assert [o for o in objects("volume-keys") if o["kind"] in {"Role", "RoleBinding", "CronJob"}] == []
