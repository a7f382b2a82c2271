"""`gateway init` and `gateway doctor`: what a site owner runs before the first hit."""

from __future__ import annotations

from pathlib import Path

import yaml
from click.testing import CliRunner

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
    done = CliRunner().invoke(
        main, ["doctor", "--config", str(tmp_path / "gateway.yml"), "--data", str(tmp_path / "data")]
    )
    assert done.exit_code == 1
    assert "MEND  geo_file /nowhere.mmdb cannot be read" in done.output


def test_every_command_has_help_with_an_example() -> None:
    for name in main.list_commands(None):  # type: ignore[arg-type]  # click hands it a context, ours needs none
        done = CliRunner().invoke(main, [name, "--help"])
        assert done.exit_code == 0, name
        assert "Example" in done.output or "Commands:" in done.output, name
