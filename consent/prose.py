"""The words of documents, in English, and documents as Markdown. Another language is another table with the same keys.

May not: know a policy. A translation gives every key of ENGLISH; it may add `purpose.<name>` (what `say` says) and
`data.<category>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Words = Mapping[str, str]

ENGLISH: Words = {
    "ropa.title": "Record of processing activities (GDPR Art. 30)",
    "notice.title": "How we use data about your visit",
    "notice.choices": "You may change your choice at any time; we ask again after {months} months at the latest.",
    "notice.minors": "If you are under {age}, we use less: what is marked so is never done.",
    "notice.withdrawal.stop": "If you take your consent back, we stop at once; what we have ends with its period.",
    "notice.withdrawal.erase": "If you take your consent back, we stop at once and erase what we stored under it.",
    "ropa.withdrawal.stop": "A consent that is withdrawn stops the processing; data of before ends with its period.",
    "ropa.withdrawal.erase": "A consent that is withdrawn stops the processing and erases the data of before.",
    "missing.controller": "[name and contact of the controller and of its data protection officer]",
    "people.visitors": "visitors of the site, customers",
    "rule.always": "always",
    "rule.until_objection": "until you object",
    "rule.ask_first": "only after your yes",
    "rule.never": "never",
    "basis.consent": "your consent",
    "basis.contract": "a contract with you",
    "basis.legal_obligation": "a legal obligation",
    "basis.vital_interest": "a vital interest",
    "basis.public_task": "a task in the public interest",
    "basis.legitimate_interest": "our legitimate interest",
    "role.own": "ourselves",
    "role.processor": "a processor, on our instructions (Art. 28)",
    "role.third_party": "a third party, for its own purposes",
    "transfer.adequacy": "an adequacy decision (Art. 45)",
    "transfer.DPF": "the EU-US Data Privacy Framework (Art. 45)",
    "transfer.SCC": "standard contractual clauses (Art. 46)",
    "transfer.BCR": "binding corporate rules (Art. 47)",
    "security.minimised": "What the policy does not allow is removed in memory, before anything is written to a disk.",
    "security.address": "IP addresses are never stored; they are shortened to tell a country, and then gone.",
    "security.pseudonyms": "Identifiers are stored as keyed pseudonyms; those of a day cannot be recomputed later.",
    "security.keys": "Keys are stored apart from data and never enter the journal or the warehouse.",
    "security.deletion": "Data is deleted when the period of its purpose ends.",
    "right.access": "You may ask what we hold about you (Art. 15).",
    "right.erasure": "You may ask us to erase it (Art. 17) or to restrict its use (Art. 18).",
    "right.objection": "You may object to what we do until you object (Art. 21); your browser's signals count.",
    "right.withdrawal": "You may take back a consent as easily as you gave it (Art. 7(3)).",
    "right.portability": "You may ask for your data in a format that machines read (Art. 20).",
    "right.complaint": "You may complain to a supervisory authority (Art. 77).",
    "label.controller": "Controller",
    "label.policy": "Policy",
    "label.basis": "Basis",
    "label.uses": "Uses (fideslang)",
    "label.people": "People",
    "label.data": "Data",
    "label.recipients": "Recipients",
    "label.kept_for": "Kept for",
    "label.regions": "Where",
    "label.rights": "Your rights",
    "label.security": "Security (Art. 32)",
    "label.never_for_minors": "Never for minors.",
    "label.nobody": "nobody",
    "label.nothing": "nothing is sent on or stored",
    "data.user.behavior": "what you do on the site",
    "data.user.behavior.browsing_history": "the pages you visit and where you came from",
    "data.user.behavior.purchase_history": "what you order and for how much",
    "data.user.contact.email": "your e-mail address, as a hash",
    "data.user.device": "the kind of your browser and device",
    "data.user.device.cookie_id": "an identifier of your browser",
    "data.user.device.ip_address": "your IP address, shortened or used once",
    "data.user.location.imprecise": "the country you visit from",
    "data.user.unique_id.pseudonymous": "an identifier of your account or of the advertisement you clicked",
}


def missing_words(words: Words) -> list[str]:
    """Keys that a translation lacks."""
    return [key for key in ENGLISH if key not in words]


def ropa_markdown(record: Mapping[str, Any], words: Words) -> str:
    lines = [*_title(record, words)]
    for activity in record["activities"]:
        lines += ["", f"## {activity['purpose']}: {activity['description']}", ""]
        lines += [*_rows(activity, words, ("basis", "uses", "people", "recipients", "kept_for", "regions"))]
        lines += ["", f"{words['label.data']}:", "", *_data_table(activity["data"], words)]
    measures = [record["withdrawal"], *record["security"]]
    return "\n".join([*lines, "", f"## {words['label.security']}", "", *(f"- {line}" for line in measures), ""])


def notice_markdown(told: Mapping[str, Any], words: Words) -> str:
    lines = [*_title(told, words)]
    for purpose in told["purposes"]:
        lines += ["", f"## {purpose['say']}", ""]
        lines += [*_rows(purpose, words, ("basis", "data", "recipients", "kept_for", "regions"))]
        if purpose["never_for_minors"]:
            lines.append(f"- {words['label.never_for_minors']}")
    rights = [told["choices"], told["withdrawal"], told["minors"], *told["rights"]]
    return "\n".join([*lines, "", f"## {words['label.rights']}", "", *(f"- {right}" for right in rights), ""])


def _title(document: Mapping[str, Any], words: Words) -> Iterator[str]:
    policy = document["policy"]
    yield f"# {document['document']}"
    yield ""
    yield f"{words['label.controller']}: {document['controller']}  "
    yield f"{words['label.policy']}: {policy['name']} {policy['version']} ({policy['status']}, {policy['hash']})"


def _rows(part: Mapping[str, Any], words: Words, keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys:
        yield f"- **{words[f'label.{key}']}:** {_SHOWN.get(key, _plain)(part[key], words)}"


def _plain(value: Any, words: Words) -> str:
    return ", ".join(value) or words["label.nothing"] if isinstance(value, list) else str(value)


def _basis(value: Mapping[str, str], words: Words) -> str:
    return f"{value['name']} ({value['article']})"


def _recipients(value: list[Mapping[str, str]], words: Words) -> str:
    return "; ".join(_recipient(one) for one in value) or words["label.nobody"]


def _recipient(one: Mapping[str, str]) -> str:
    tool = f", {one['transfer']}" if one["transfer"] else ""
    return f"{one['name']} ({one['role']}; {one['location']}{tool})"


def _regions(value: list[Mapping[str, str]], words: Words) -> str:
    """Regions by rule: most purposes have one or two rules in all of them."""
    by_rule: dict[str, list[str]] = {}
    for one in value:
        by_rule.setdefault(one["rule"], []).append(one["region"])
    return "; ".join(f"{rule}: {', '.join(regions)}" for rule, regions in by_rule.items())


_SHOWN: Mapping[str, Callable[[Any, Words], str]] = {"basis": _basis, "recipients": _recipients, "regions": _regions}


def _data_table(rows: list[Mapping[str, str]], words: Words) -> Iterator[str]:
    if not rows:
        yield words["label.nothing"]
        return
    yield "| field | category | becomes | to |"
    yield "| --- | --- | --- | --- |"
    for row in rows:
        yield f"| {row['field']} | {row['category']} | {row['becomes'].replace('_', ' ')} | {row['to']} |"
