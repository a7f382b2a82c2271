"""Compiles the hot path where GATEWAY_COMPILED=1 asks for it; without it an install is plain Python.

Why: what every hit passes through takes a sixth less CPU, batches a quarter less; it needs a C compiler, Python's
headers and 50 s, which a first look does not. The source is the same, and tests/test_compiled.py holds that what comes
out is, too.
"""

from __future__ import annotations

import os

from setuptools import setup

#: What every hit passes through, by profile. Not: futures and other classes that derive from C types, which mypyc
#: cannot hold (gateway/journal/promise.py).
HOT = (
    "consent/signals/__init__.py",
    "consent/words.py",
    "gateway/histogram.py",
    "gateway/words.py",
    "gateway/intake/adapters/__init__.py",
    "gateway/intake/adapters/adapter.py",
    "gateway/intake/adapters/ga4.py",
    "gateway/intake/adapters/own.py",
    "gateway/intake/choices.py",
    "gateway/intake/contracts/checks.py",
    "gateway/intake/contracts/contract.py",
    "gateway/intake/cookie_walk.py",
    "gateway/intake/headers.py",
    "gateway/intake/hit.py",
    "gateway/intake/identifiers.py",
    "gateway/intake/jsonbody.py",
    "gateway/intake/minimise.py",
    "gateway/intake/minimise_draft.py",
    "gateway/intake/minimise_head.py",
    "gateway/intake/minimise_identity.py",
    "gateway/intake/minimise_page.py",
    "gateway/intake/minimise_plan.py",
    "gateway/intake/minimise_properties.py",
    "gateway/intake/pipeline.py",
    "gateway/intake/scan.py",
    "gateway/intake/site.py",
    "gateway/intake/times.py",
    "gateway/intake/unlisted.py",
    "gateway/intake/urlencoded.py",
    "gateway/intake/urls.py",
    "gateway/intake/useragent.py",
    "gateway/intake/visitors.py",
    "gateway/intake/vocabulary.py",
    "gateway/journal/group.py",
    "gateway/web/collect.py",
    "gateway/web/counts.py",
    "gateway/web/peers.py",
    "gateway/web/rates.py",
    "gateway/web/wire.py",
)

#: mypy's own checks run as a test, strictly; here it only has to know the types of our own modules.
_OPTIONS = ("--config-file=", "--ignore-missing-imports", "--follow-imports=silent")


def extensions() -> list[object]:
    """The compiled modules; none unless they are asked for."""
    if os.environ.get("GATEWAY_COMPILED") != "1":
        return []
    try:
        from mypyc.build import mypycify  # noqa: PLC0415 - only a compiled build needs it
    except ImportError as error:
        say = "GATEWAY_COMPILED=1 needs mypy: pip install '.[compiled]', then pip install --no-build-isolation ."
        raise SystemExit(say) from error
    return list(mypycify([*_OPTIONS, *HOT], opt_level="3"))


setup(ext_modules=extensions())
