"""`gateway init` and `gateway doctor`: what a site owner runs before the first hit."""

from __future__ import annotations

from pathlib import Path

import confluent_kafka
import pytest
import yaml
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.configuration import read_configuration
from gateway.settings import Settings


def test_what_init_writes_is_a_configuration_that_serves(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["init", str(tmp_path / "shop")])
    assert done.exit_code == 0, done.output
    configuration = read_configuration(tmp_path / "shop" / "gateway.yml")
    (site,) = configuration.sites.all
    assert (site.name, site.policy.name, configuration.settings) == ("shop", "strictest", Settings())
    assert site.markets == ("DE",)


def test_every_setting_stands_in_the_starter_with_its_default(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path)])
    text = (tmp_path / "gateway.yml").read_text()
    uncommented = text.split("settings: {}\n")[1].replace("\n  # ", "\n  ").replace("  # ", "  ", 1)
    assert yaml.safe_load("settings:\n" + uncommented)["settings"].keys() == Settings.__dataclass_fields__.keys()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text("mine")
    done = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert (done.exit_code, (tmp_path / "policy.yml").read_text()) == (2, "mine")


def test_doctor_finds_a_well_gateway_well(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["init", str(tmp_path / "shop")])
    done = CliRunner().invoke(
        main, ["doctor", "--config", str(tmp_path / "shop" / "gateway.yml"), "--data", str(tmp_path / "data")]
    )
    assert done.exit_code == 0, done.output
    assert "MEND" not in done.output


def test_doctor_says_what_to_mend(tmp_path: Path) -> None:
    (tmp_path / "gateway.yml").write_text("settings: {geo_file: /nowhere.mmdb}\n")
    done = _doctor(tmp_path)
    assert done.exit_code == 1
    assert "MEND  geo_file /nowhere.mmdb cannot be read" in done.output


@pytest.mark.parametrize(
    ("users", "says"),
    [
        (None, "MEND  The users of the admin port cannot be read from"),
        ("anna boss password scrypt$1$1$1$a$b\n", "MEND  {file}:1: this is no `name role kind hash`"),
        ("bob admin proxy -\n", "ok    admin_users"),
    ],
    ids=["away", "no role", "well"],
)
def test_doctor_reads_who_may_use_the_private_port(tmp_path: Path, users: str | None, says: str) -> None:
    if users is not None:
        (tmp_path / "users").write_text(users)
    (tmp_path / "gateway.yml").write_text(f"settings: {{admin_users: {tmp_path / 'users'}}}\n")
    done = _doctor(tmp_path)
    assert done.exit_code == ("MEND" in says)
    (line,) = [line for line in done.output.splitlines() if str(tmp_path / "users") in line]
    assert line.startswith(says.format(file=tmp_path / "users"))
    assert "scrypt" not in done.output


def test_doctor_says_who_has_no_door_to_the_private_port_that_is_open(tmp_path: Path) -> None:
    (tmp_path / "gateway.yml").write_text("settings: {admin_host: 0.0.0.0}\n")
    assert "MEND  The admin port would answer everybody who reaches 0.0.0.0: make a user" in _doctor(tmp_path).output


def test_doctor_asks_kafka(tmp_path: Path) -> None:
    cluster = confluent_kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "", "log_level": 0})
    (broker,) = cluster.list_topics(timeout=10).brokers.values()
    well = _doctor(tmp_path, "--kafka", f"{broker.host}:{broker.port}")
    assert well.exit_code == 0, well.output
    assert "ok    kafka: answers\nnote  kafka: has no gateway.decisions, gateway.events, " in well.output
    away = _doctor(tmp_path, "--kafka", "127.0.0.1:9")
    assert away.exit_code == 1
    assert "MEND  kafka: no broker answers within 5 s: _TRANSPORT (look at kafka, kafka_properties," in away.output


def _doctor(folder: Path, *options: str) -> Result:
    config = folder / "gateway.yml"
    common = ["--config", str(config)] if config.exists() else []
    return CliRunner().invoke(main, ["doctor", *common, "--data", str(folder / "data"), *options])


def test_every_command_has_help_with_an_example() -> None:
    for name in main.list_commands(None):  # type: ignore[arg-type]  # click hands it a context, ours needs none
        done = CliRunner().invoke(main, [name, "--help"])
        assert done.exit_code == 0, name
        assert "Example" in done.output or "Commands:" in done.output, name
