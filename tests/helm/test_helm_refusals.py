"""A wrong value is refused before anything is made of it, and the refusal names the key."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest

from tests.helm.charts import Values, render, values

#: What is wrong -> what the refusal must name. Paths are written with dots; a number is a place in a list.
WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"colect.replicas": 2}, "colect"),
    ({"collect.replica": 2}, "replica"),
    ({"collect.replicas": "two"}, "replicas"),
    ({"collect.replicas": 0}, "replicas"),
    ({"collect.workers": 65}, "workers"),
    ({"collect.listen": "everywhere"}, "listen"),
    ({"collect.persistence.size": "twenty"}, "size"),
    ({"collect.persistence.accessModes": ["ReadWrite"]}, "accessModes"),
    ({"collect.autoscaling.cpuPercent": 0}, "cpuPercent"),
    ({"collect.autoscaling": {"enabled": True, "minReplicas": 9, "maxReplicas": 3}}, "collect.autoscaling.maxReplicas"),
    ({"collect.drain.noticeSeconds": 0}, "noticeSeconds"),
    ({"collect.drain": {"noticeSeconds": 60, "graceSeconds": 70}}, "collect.drain.graceSeconds"),
    ({"collect.disruption.maxUnavailable": "some"}, "maxUnavailable"),
    ({"collect.spread.zones": "Sometimes"}, "zones"),
    ({"collect.resources.limits.memory": "lots"}, "memory"),
    ({"collect.resources.limit": {"memory": "1Gi"}}, "limit"),
    ({"collect.tolerations": [{"key": "a", "efect": "NoSchedule"}]}, "efect"),
    ({"collect.extraVolumeMounts": [{"name": "geo"}]}, "mountPath"),
    ({"image.tag": "no tag"}, "tag"),
    ({"image.digest": "sha256:short"}, "digest"),
    ({"image.pullPolicy": "Sometimes"}, "pullPolicy"),
    ({"sites": {}}, "sites"),
    ({"sites": {"Shop": {"policy": "x"}}}, "sites"),
    ({"sites.shop.policy": ""}, "sites.shop.policy"),
    ({"sites.shop.policyFrom": {"configMap": "legal", "key": "p"}}, "sites.shop.policyFrom"),
    ({"sites.shop.policyFrom": {"configMap": "legal"}}, "key"),
    ({"sites.shop.origins": ["www.shop.example"]}, "origins"),
    ({"sites.shop.markets": ["Germany"]}, "markets"),
    ({"sites.shop.write_key": ["a"]}, "write_key"),
    ({"sites.shop.contracts": {"../up.yml": "x"}}, "contracts"),
    (
        {"sites.shop": {"policy": "x", "contracts": {"a.yml": "x"}, "contractsFrom": {"configMap": "c"}}},
        "sites.shop.contractsFrom",
    ),
    ({"settings.durability": "maybe"}, "durability"),
    ({"settings.workers": 2}, "workers"),
    ({"settings.path_prefix": "t/"}, "path_prefix"),
    ({"settings.journal_limit_bytes": "4Gi"}, "journal_limit_bytes"),
    ({"settings.trusted_proxies": ["everyone"]}, "trusted_proxies"),
    ({"warehouse.existingSecret": ""}, "warehouse.existingSecret"),
    ({"warehouse.url": "clickhouse://u:p@h:8123/gateway"}, "warehouse.url"),
    ({"warehouse": {"existingSecret": "", "url": "ftp://u:p@h/gateway"}}, "url"),
    ({"warehouse.variant": "embedded"}, "variant"),
    ({"warehouse.passwordSecret": "p"}, "passwordSecret"),
    ({"kafka.brokers": "kafka"}, "brokers"),
    ({"kafka.topic": "events"}, "topic"),
    ({"kafka": {"existingSecret": "kafka-client"}}, "kafka.brokers"),
    ({"kafka.secretKey": "a b"}, "secretKey"),
    ({"tls.existingSecret": "Not A Name"}, "existingSecret"),
    ({"tls.secret": "shop-tls"}, "secret"),
    ({"admin.access": {"tlsSecret": "admin-tls"}}, "admin.access.existingSecret"),
    ({"admin.access.user": "anna"}, "user"),
    ({"settings.certificate": "/etc/tls.crt"}, "certificate"),
    ({"settings.address_limit_per_s": "many"}, "address_limit_per_s"),
    ({"settings.limit_burst_s": 0}, "limit_burst_s"),
    ({"settings.admin_proxies": ["everyone"]}, "admin_proxies"),
    ({"networkPolicy.kafkaPorts": [0]}, "kafkaPorts"),
    ({"keys.store": "memory"}, "store"),
    ({"keys.schedule": "hourly"}, "schedule"),
    ({"service.type": "ExternalName"}, "type"),
    ({"service.port": 70000}, "port"),
    ({"ingress.enabled": True}, "ingress.hosts"),
    ({"ingress": {"enabled": True, "hosts": [{"host": "a.example", "path": "/t"}]}}, "settings.path_prefix"),
    ({"networkPolicy.hitsFrom": [{"ipBlok": {"cidr": "10.0.0.0/8"}}]}, "ipBlok"),
    ({"networkPolicy.warehousePorts": []}, "warehousePorts"),
    ({"monitoring.serviceMonitor.interval": "often"}, "interval"),
    ({"monitoring.alerts.enabled": True}, "alerts"),
)


def changed(change: dict[str, Any]) -> Values:
    """The smallest good values, with what is wrong put in."""
    told = values("minimal")
    for path, value in change.items():
        *folders, last = path.split(".")
        place = told
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return told


@pytest.mark.parametrize(("change", "names"), WRONG, ids=["-".join(map(str, change)) for change, _ in WRONG])
def test_a_wrong_value_is_refused_with_the_keys_name(change: dict[str, Any], names: str) -> None:
    with pytest.raises(helm_python.HelmError) as refused:
        render(changed(change))
    assert names in str(refused.value)


def test_what_is_not_wrong_is_not_refused() -> None:
    assert render(changed({"collect.replicas": 3}))
