"""The image without a container engine: the Dockerfile's own steps in a folder, its commands as it would run them.

May not: know a step that is not in the Dockerfile. The RUN of the runtime stage changes the base image itself, so it
is read and not carried out.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tests.compiled import lacks_compiler

ROOT = Path(__file__).parents[1]
UID = 10001

#: Folders of the image that are made below the test's folder instead.
_OURS = re.compile(r"(?<![\w.])/(src|opt|var/lib/gateway)(?![\w-])")

#: In a mount namespace of its own: leaves nothing writable but the data folder and becomes the image's user.
#: Where Python lives in a home that only root may enter, it is shown at its place without the rest of that home.
_READ_ONLY = f"""
data=$1; python=$2; closed=$3; aside=$4; shift 4
mount --bind "$data" "$data"
if [ -n "$closed" ]; then
  mount --bind "$python" "$aside"
  mount -t tmpfs -o mode=0755 none "$closed"
  mkdir -p "$python"
  mount --bind "$aside" "$python"
fi
findmnt --raw --noheadings --output TARGET --real | while read -r place; do
  [ "$place" = "$data" ] || mount -o remount,bind,ro "$place"
done
[ -z "$closed" ] || mount -o remount,ro "$closed"
cd "$data"
exec setpriv --reuid={UID} --regid={UID} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


class Step(NamedTuple):
    """One instruction: its word and all that follows, continuation lines joined."""

    word: str
    rest: str


def read_stages(text: str) -> dict[str, list[Step]]:
    """The steps of each stage by its name; those before the first FROM under ''."""
    stages: dict[str, list[Step]] = {"": []}
    steps = stages[""]
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            steps = stages[rest.split(" AS ")[1]] = []
        if word:
            steps.append(Step(word, rest.strip()))
    return stages


STAGES = read_stages((ROOT / "Dockerfile").read_text())


def steps(stage: str, word: str) -> list[str]:
    """What follows that word in a stage, in order."""
    return [step.rest for step in STAGES[stage] if step.word == word]


class Image:
    """An image as a folder: `build` makes it, `command` is how one of its commands is run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "var/lib/gateway"
        self.tree = folder / "opt/gateway"

    def build(self, lock: str = "runtime") -> None:
        """Carries out the build stage, then takes write permission from all but the data folder."""
        tools = self.folder / "base"
        (tools / "python-prefix").mkdir(parents=True)
        python = tools / "python"
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        python.chmod(0o755)
        compiled = "0" if lacks_compiler() else "1"
        self.environment = {
            **os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "LOCK": lock, "COMPILED": compiled,
        }  # fmt: skip
        self.work = self.folder
        for step in STAGES["build"]:
            getattr(self, f"_{step.word.lower()}", _ignore)(step.rest)
        self.data.mkdir(parents=True)
        subprocess.run(["chmod", "-R", "a-w", str(self.tree)], check=True)
        if os.getuid() == 0:
            os.chown(self.data, UID, UID)

    def _env(self, rest: str) -> None:
        self.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))

    def _workdir(self, rest: str) -> None:
        self.work = self.folder / rest.lstrip("/")
        self.work.mkdir(parents=True, exist_ok=True)

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        place = self.folder / target.lstrip("/")
        for source in sources:
            found = ROOT / source
            if found.is_dir():
                shutil.copytree(found, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, place)

    def _run(self, rest: str) -> None:
        script = self._mapped(rest)
        done = subprocess.run(
            ["sh", "-euc", script], cwd=self.work, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"RUN {script}\n{done.stdout}{done.stderr}"

    def _mapped(self, text: str) -> str:
        return _OURS.sub(lambda found: str(self.folder / found[1]), text)

    @cached_property
    def runtime_environment(self) -> dict[str, str]:
        """The environment of a container: what the runtime stage sets, and nothing else."""
        told = shlex.split(" ".join(steps("runtime", "ENV")))
        return {"HOME": "/", **{name: self._mapped(text) for name, text in (pair.split("=", 1) for pair in told)}}

    def command(self, *words: str) -> list[str]:
        """The words, run as uid 10001 without rights on a read-only file system where this machine lets us."""
        if os.getuid() != 0:
            return list(words)
        python, aside = Path(sys.base_prefix), self.folder / "base/python-prefix"
        closed = next((str(place) for place in reversed(python.parents) if not place.stat().st_mode & 0o001), "")
        told = (str(self.data), str(python), closed, str(aside))
        return ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _READ_ONLY, "sh", *told, *words]

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """A process of the image; `more` is added to its environment."""
        return subprocess.Popen(
            self.command(*words),
            env={**self.runtime_environment, **more},
            cwd=self.data,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The same, until it ends."""
        process = self.start(*words, **more)
        said, _ = process.communicate(timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, said, "")


def _ignore(_rest: str) -> None:
    """FROM is this machine's Python; ARG has its default from `build`."""
