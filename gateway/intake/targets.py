"""Where a redirect may lead: an http(s) URL whose host every browser reads alike.

May not: mend a URL. What two parsers could read differently (backslash, userinfo, blanks, control characters) is no
target at all: an open redirect begins with a host that the guard and the browser understand differently.

Source: WHATWG URL, host parsing; OWASP, unvalidated redirects; CWE-601.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

#: Longest URL that a mail or a browser carries.
LIMIT_CHARS = 4096

#: Scheme, host of letters, digits, dots and hyphens (IDNs as xn--), port, and the rest without what ends a header line.
_TARGET = re.compile(
    r"(?i:https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)"
    r"\.?(?::[0-9]{1,5})?(?=[/?#]|\Z)[^\s\\\x00-\x1f\x7f]*\Z"
)


class Target(NamedTuple):
    """`host` in lower case; `location` as a header says it: ASCII."""

    host: str
    location: bytes


def read_target(url: str) -> Target | None:
    """The URL as a target, None if it is none."""
    found = _TARGET.match(url) if len(url) <= LIMIT_CHARS else None
    if found is None:
        return None
    location = quote(url, safe="!#$%&'()*+,/:;=?@[]~-._", errors="replace")
    return Target(found["host"].lower(), location.encode("ascii"))
