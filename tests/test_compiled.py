"""The compiled hot path says what the interpreted one says: the same tests, run over what GATEWAY_COMPILED=1 builds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiled import ROOT, compile_into, hot, lacks_compiler

#: What goes through every compiled module: recorded requests of real clients, minimisation, the wire, a whole gateway.
TESTS = (
    "tests/test_recorded_hits.py",
    "tests/test_recorded_wire.py",
    "tests/test_bad_input.py",
    "tests/gateway/intake",
    "tests/gateway/web/test_web_wire.py",
)

pytestmark = pytest.mark.skipif(bool(lacks_compiler()), reason=lacks_compiler() or "compiles")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled sources, and the tests beside them."""
    folder = compile_into(tmp_path_factory.mktemp("compiled"))
    (folder / "tests").symlink_to(ROOT / "tests")
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_what_every_hit_passes_through_is_compiled_and_nothing_else(compiled: Path) -> None:
    made = {str(path.relative_to(compiled)).partition(".")[0] for path in compiled.rglob("*.so")}
    assert {f"{path}.py" for path in made if "__mypyc" not in path} == set(hot())
    told = run(
        compiled, "-c", "import gateway.web.wire as it, gateway.collecting as of; print(it.__file__, of._IS_COMPILED)"
    )
    path, is_compiled = told.stdout.split()
    assert (Path(path).suffix, is_compiled) == (".so", "yes")


def test_what_is_compiled_passes_the_tests_of_its_source(compiled: Path) -> None:
    done = run(compiled, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *TESTS)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
