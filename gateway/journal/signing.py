"""The key that receipts are signed with: Ed25519, in the keyring's folder, made when it is first needed.

May not: sign what it does not see whole, or show the key. Not destroyed by time: receipts are evidence for years.
Whoever holds the public key, which every receipt names, can check one without this gateway.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.journal.keyfolder import KeyFolder


class SigningFile:
    """Its name in the folder; the form of its bytes is that of all keys."""

    name = "receipts.ed25519"


class Signer:
    """Signs and names its public key. Raises OSError with a sentence where the key cannot be read or made."""

    def __init__(self, folder: Path) -> None:
        keys = KeyFolder(folder)
        keys.make(SigningFile())
        material = keys.read(SigningFile())
        if material is None:
            raise OSError(keys.troubles[0])
        self._key = Ed25519PrivateKey.from_private_bytes(material)

    @property
    def public(self) -> str:
        """The public key, 64 hexadecimal digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, text: bytes) -> str:
        """The signature, 128 hexadecimal digits."""
        return self._key.sign(text).hex()


def is_signed(text: bytes, signature: str, public: str) -> bool:
    """Whether that key signed exactly this text. False for anything that is no key or signature at all."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True
