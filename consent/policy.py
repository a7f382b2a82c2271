"""A policy's text to a compiled policy: read, refuse gaps and contradictions, run its examples.

May not: open a file or read a clock.

The format, whole. The starters show it filled in; a key that is not here is an error.

policy, version, status (draft, in_review, approved), approved_by [{who, on}], review_by, changed_because
purposes: NAME: {say, uses: [fideslang data uses], basis}
regions: NAME: {where: [ISO codes] or anywhere, law: text or {name, valid_from},
    always: [..], until_objection: [..], ask_first: [..], never: [..]}; every purpose once; first match wins
signals:
    believe_yes_from, believe_no_from: [gateway_sdk, google_consent_mode, tcf, vendor, cmp_cookie, gpp, us_privacy,
        gpc, dnt]; choice_valid_for: 6 months; unreadable_signal: refuse
    tcf: {PURPOSE: [TCF purposes, all needed], vendor_id: none or our GVL number,
        read: publisher_tc_then_core or core, legitimate_interest: ignored or supports_until_objection}
    google_consent_mode: {PURPOSE: [consent types, all needed], default_counts_as_yes: false}
    gpp, us_privacy: {opt_out_of_sale_or_sharing, opt_out_of_targeted_advertising,
        opt_out_of_sensitive_data_processing, opt_out_of_further_processing: [PURPOSE]}; us_privacy may follow gpp
    gpc, dnt: {in: {REGION or everywhere: [PURPOSE]}, except_explicit_yes_for: [PURPOSE]}
    cmp_cookie: {onetrust, cookiebot, cookieyes, complianz, didomi, iubenda, axeptio, klaro, tarteaucitron:
        {PURPOSE: [the banner's categories, all needed], ignored: [categories]}}
    vendor: {segment, rudderstack, snowplow, matomo, walkeros, shopify: as cmp_cookie}
people: {minors_under: AGE, for_minors_never: [PURPOSE], on_withdrawal: stop (what is meant without it) or erase}
fields: NAME: {is: fideslang data category, "*": floor, PURPOSE: keep, strip_query, host_only, generalise, truncate,
    pseudonymise, use_then_drop or drop}
keep_for: {PURPOSE: PERIOD for each, proof_of_choice: PERIOD}
destinations: NAME: {purposes, role: own, processor or third_party, location, transfer: adequacy, DPF, SCC or BCR,
    is_sale_or_share}
examples: [{given, when, then}]
    given: {place: CODE, unknown or [candidates]; or each_place: [visits]; age, choice_made: PERIOD ago,
        wire: {CARRIER: text}, and per language what was said:
        gateway_sdk: {PURPOSE: yes or no}; gpc, dnt: true; gpp, us_privacy: {FLAG: opted_out or did_not_opt_out};
        google_consent_mode: {TYPE: granted, denied, granted_by_default, denied_by_default};
        tcf: {purposes, publisher_purposes, legitimate_interests, vendors: [numbers]};
        cmp_cookie, vendor: {SOURCE: {CATEGORY: yes or no}}; any of them: unreadable or empty}
    then: {allowed, to, not_to, region, on_withdrawal,
        FIELD or DESTINATION.FIELD: action or drop_everywhere_but_PURPOSE}
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from consent.clauses.destinations import read_destinations
from consent.clauses.examples import read_examples
from consent.clauses.fields import read_fields, read_keep, read_people
from consent.clauses.head import HEAD_KEYS, read_head, read_purposes
from consent.clauses.marked import Node, PolicyError, read_marked
from consent.clauses.regions import read_regions
from consent.clauses.signals import read_signals_clause
from consent.clauses.words import Clauses
from consent.compile import compile_policy
from consent.compiled import Policy
from consent.examples import check_examples

__all__ = ["Policy", "PolicyError", "read_clauses", "read_policy"]

SECTIONS = ("purposes", "regions", "signals", "people", "fields", "keep_for", "destinations", "examples")


def read_policy(text: bytes, file: str = "policy.yml") -> Policy:
    """Raises `PolicyError` with file, line and one plain sentence, also when an example fails."""
    policy = compile_policy(read_clauses(text, file), hash_text(text))
    check_examples(policy)
    return policy


def hash_text(text: bytes) -> str:
    """What identifies a policy: the first 16 hex digits of the SHA-256 of its text."""
    return hashlib.sha256(text).hexdigest()[:16]


def read_clauses(text: bytes, file: str = "policy.yml") -> Clauses:
    """What the policy says, without running its examples. Raises `PolicyError`."""
    top = read_marked(text, file).keyed("the policy", (*HEAD_KEYS, *SECTIONS))
    clauses = _read_sections(top, file)
    return _with_examples(clauses, top["examples"])


def _read_sections(top: dict[str, Node], file: str) -> Clauses:
    purposes = read_purposes(top["purposes"])
    regions = read_regions(top["regions"], purposes)
    names, places = [p.name for p in purposes], [r.name for r in regions]
    return Clauses(
        file=file,
        head=read_head(top),
        purposes=purposes,
        regions=regions,
        signals=read_signals_clause(top["signals"], names, places),
        people=read_people(top["people"], purposes),
        fields=read_fields(top["fields"], purposes),
        keep=read_keep(top["keep_for"], purposes),
        destinations=read_destinations(top["destinations"], purposes),
        examples=(),
    )


def _with_examples(clauses: Clauses, node: Node) -> Clauses:
    return replace(clauses, examples=read_examples(node, clauses))
