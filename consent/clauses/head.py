"""Head of a policy: name, version, status, who approved it, until when, and why it changed. Purposes follow it.

May not: know what day it is; `consent.check` compares dates.
"""

from __future__ import annotations

from consent.clauses.marked import Node
from consent.clauses.words import BASES, Approval, Head, Purpose
from consent.fideslang import DATA_USES
from consent.periods import read_date

STATUSES = ("draft", "in_review", "approved")
HEAD_KEYS = ("policy", "version", "status", "approved_by", "review_by", "changed_because")


def read_head(top: dict[str, Node]) -> Head:
    status = top["status"].one_of(STATUSES, "status")
    approvals = tuple(_read_approval(node) for node in top["approved_by"].listed("approved_by"))
    if status == "approved" and not approvals:
        raise top["status"].error("status is approved, but approved_by names nobody")
    return Head(
        name=top["policy"].text("policy"),
        version=top["version"].text("version"),
        status=status,
        approved_by=approvals,
        review_by=read_date(top["review_by"], "review_by"),
        changed_because=top["changed_because"].text("changed_because"),
        lines={key: top[key].line for key in HEAD_KEYS},
    )


def _read_approval(node: Node) -> Approval:
    parts = node.keyed("an approval", ("who", "on"))
    return Approval(parts["who"].text("who"), read_date(parts["on"], "on"))


def read_purposes(node: Node) -> tuple[Purpose, ...]:
    purposes = tuple(_read_purpose(key, value) for key, value in node.pairs("purposes"))
    if not purposes:
        raise node.error("purposes lists no purpose")
    if len(purposes) > 62:
        raise node.error("purposes lists more than 62 purposes, which nobody can choose between")
    return purposes


def _read_purpose(key: Node, node: Node) -> Purpose:
    name = key.text("a purpose")
    if not name.isidentifier():
        raise key.error(f"the purpose '{name}' should be one word of letters, digits and _")
    parts = node.keyed(f"the purpose '{name}'", ("say", "uses", "basis"))
    uses = tuple(use.one_of(DATA_USES, "fideslang data use") for use in parts["uses"].listed("uses"))
    if not uses:
        raise parts["uses"].error(f"the purpose '{name}' names no use")
    basis = parts["basis"].one_of([basis.name for basis in BASES], "lawful basis")
    return Purpose(name, parts["say"].text("say"), uses, basis, key.line)
