"""The table of values in the chart's README, made of the comments in values.yaml.

python -m tests.helm.values_table      writes it into README.md; a test fails while it is not there as made
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from tests.helm.charts import CHART

README = CHART / "README.md"
BEGIN, END = "<!-- values: made of values.yaml -->\n", "<!-- /values -->"


class Value(NamedTuple):
    """One row: the path with dots, its default as JSON, what its comment says."""

    path: str
    default: str
    say: str


def read_values(text: str) -> Iterator[Value]:
    """A row for each value with a `# --` comment above it. Raises ValueError for a value that has none."""
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    yield from _rows(root, text.splitlines(), "")


def _rows(node: yaml.MappingNode, lines: list[str], prefix: str) -> Iterator[Value]:
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        said = re.fullmatch(r"\s*# -- (.+)", lines[key.start_mark.line - 1])
        if said:
            yield Value(path, json.dumps(_plain(value)), said[1])
        elif isinstance(value, yaml.MappingNode) and value.value:
            yield from _rows(value, lines, f"{path}.")
        else:
            raise ValueError(f"values.yaml:{key.start_mark.line + 1}: {path} has no comment that begins with '# --'")


def _plain(node: yaml.Node) -> object:
    return yaml.safe_load(yaml.serialize(node))


def table(text: str) -> str:
    """The Markdown table."""
    rows = [f"| `{v.path}` | `{v.default}` | {v.say.replace('|', chr(92) + '|')} |" for v in read_values(text)]
    return "\n".join(["| value | default | what it does |", "|---|---|---|", *rows, ""])


def filled(readme: str, text: str) -> str:
    """The README with the table in its place."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table(text)}{END}{after}"


if __name__ == "__main__":
    README.write_text(filled(README.read_text(), (CHART / "values.yaml").read_text()))
