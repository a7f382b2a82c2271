"""The gateway as `GATEWAY_COMPILED=1 pip install .` makes it, in a folder of its own beside nothing else.

Why a folder: compiled modules beside their sources would win over them, also after the sources have changed.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: What a build reads.
_PARTS = ("consent", "gateway", "pyproject.toml", "README.md", "LICENSE", "setup.py")


def hot() -> tuple[str, ...]:
    """What is compiled, as setup.py lists it."""
    tree = ast.parse((ROOT / "setup.py").read_text())
    return next(
        tuple(ast.literal_eval(node.value))
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "HOT"
    )


def lacks_compiler() -> str:
    """What a compiled build needs and this machine has not; '' if nothing."""
    if not shutil.which("cc"):
        return "no C compiler: apt-get install gcc libc6-dev"
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return "no headers of this Python: apt-get install python3-dev"
    return ""


def compile_into(folder: Path) -> Path:
    """The sources with their compiled modules beside them, importable from `folder`; takes about 50 s."""
    for part in _PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(source, folder / part)
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    environment = {**os.environ, "GATEWAY_COMPILED": "1", "CFLAGS": "-w"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(folder / "build")
    return folder
