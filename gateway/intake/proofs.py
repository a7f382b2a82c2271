"""Signatures: whether a keyed digest is the one that was told. Constant time, whatever was told.

May not: decode what is signed; say why a signature is wrong.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64decode
from binascii import unhexlify
from collections.abc import Callable, Iterable, Mapping

#: Algorithms that a source may sign with. Why not MD5: nobody signs with it any more.
ALGORITHMS = ("sha256", "sha512", "sha384", "sha1")

_NO_DIGEST = b""


def is_signed(secrets: Iterable[bytes], content: bytes, told: Iterable[bytes], algorithm: str = "sha256") -> bool:
    """Whether any of the told digests is that of the content under any of the secrets. All are always compared."""
    known = [hmac.digest(secret, content, algorithm) for secret in secrets if secret]
    return sum(hmac.compare_digest(digest, claimed) for claimed in told for digest in known) > 0


def is_same(secrets: Iterable[bytes], told: str) -> bool:
    """Whether a plain token is one of the secrets. Their digests are compared, so that no length shows."""
    claimed = hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()
    return sum(hmac.compare_digest(hashlib.sha256(secret).digest(), claimed) for secret in secrets if secret) > 0


def read_digest(written: str, encoding: str = "hex") -> bytes:
    """A digest as it was written; b'' where it is none, which no digest equals."""
    try:
        return ENCODINGS[encoding](written.strip())
    except ValueError:
        return _NO_DIGEST


def _either(written: str) -> bytes:
    """Hexadecimal if it can be: 64 hex digits are base64 too, of 48 bytes, which no digest of ours has."""
    try:
        return unhexlify(written)
    except ValueError:
        return b64decode(written, validate=True)


#: How digests are written. Each raises ValueError for what is not written so.
ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    "hex": unhexlify,
    "base64": lambda written: b64decode(written, validate=True),
    "base64url": lambda written: urlsafe_b64decode(written + "=" * (-len(written) % 4)),
    "either": _either,
}
