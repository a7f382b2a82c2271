"""The workers that both `serve` and `collect` start, and the options that all processes of one gateway share.

May not: start one; the supervisor does that.
"""

from __future__ import annotations

from pathlib import Path

from gateway.supervisor import Child


def shared_options(config: Path | None, data: Path) -> tuple[str, ...]:
    """The data folder comes first: the engine takes nothing else."""
    return ("--data", str(data), *(("--config", str(config)) if config else ()))


def workers(count: int, options: tuple[str, ...], public: int, locks: tuple[int, ...]) -> list[Child]:
    """So many `collect` processes at the socket `public`; they hold the locks as long as one of them lives."""
    names = [f"collect-{i}" for i in range(count)]
    commands = [("collect", *options, "--fd", str(public), "--name", name) for name in names]
    return [Child(name, command, 0, (public, *locks)) for name, command in zip(names, commands, strict=True)]
