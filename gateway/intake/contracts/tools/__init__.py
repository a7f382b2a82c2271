"""Tools of event owners: lint, changes, drafts, types of contracts, and what the warehouse shows of them.

May not: be imported by the walk of a hit.
"""
