"""The rules of TCF that a readable string may still break, each of which makes it no yes.

May not: know the time; age is the policy's business. Source: IAB TCF Policies v5 and specification v2.3 (facts A1).
"""

from __future__ import annotations

from consent.iab.tcf import TcString

#: 4 since TCF 2.2 (2023-11-20); 5 is what writers of 2026 put there.
POLICY_VERSIONS = (4, 5)

#: Strings created from 2026-03-01 need disclosed vendors (TCF 2.3). Unix milliseconds.
DISCLOSED_SINCE_MS = 1_772_323_200_000

#: CMP ids 0 and 1 belong to nobody.
FIRST_CMP_ID = 2


def doubts(tc: TcString) -> list[str]:
    """Why the string is not a yes; none if it is valid."""
    rules = (
        (tc.policy_version not in POLICY_VERSIONS, f"policy version {tc.policy_version} is not 4 or 5"),
        (not tc.is_service_specific, "it is not service specific, which ended on 2021-09-01"),
        (_needs_vendors(tc), "it was created after 2026-02-28 and discloses no vendors"),
        (tc.updated_ms < tc.created_ms, "it was updated before it was created"),
        (tc.cmp_id < FIRST_CMP_ID, f"CMP {tc.cmp_id} is not a registered one"),
    )
    return [sentence for is_broken, sentence in rules if is_broken]


def _needs_vendors(tc: TcString) -> bool:
    return tc.created_ms >= DISCLOSED_SINCE_MS and tc.disclosed is None
