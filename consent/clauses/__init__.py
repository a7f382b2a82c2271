"""The sections of a policy, one file each: YAML nodes to clauses, with every gap and contradiction refused.

May not: decide; compile; know a hit.
"""
