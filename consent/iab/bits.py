"""Bits of a base64url segment, read in order, with every bound checked.

May not: expand anything. Source: IAB TCF v2 "Encoding"; GPP "Consent String Specification", both 6 bits a letter.

Why windows of bytes: a shift of a whole 8 KB number costs as much as the number is long, for each of 3,000 ranges.
"""

from __future__ import annotations

from binascii import Error, a2b_base64

from consent.words import Unreadable

#: Letters to those of plain base64; what is in neither alphabet becomes '!', which strict decoding refuses.
_LETTERS = bytes(
    ord("+") if c == ord("-") else ord("/") if c == ord("_") else ord("!") if c in b"+/=" else c for c in range(256)
)


class Bits:
    """A position in a row of bits. Every read past the end raises `Unreadable`."""

    __slots__ = ("at", "length", "octets")

    def __init__(self, segment: str) -> None:
        letters = len(segment)
        if not letters or not segment.isascii():
            raise Unreadable("an empty segment, or letters that are not base64url")
        try:
            padded = segment.encode() + b"A" * (-letters % 4)
            self.octets = a2b_base64(padded.translate(_LETTERS), strict_mode=True)
        except Error:
            raise Unreadable("letters that are not base64url") from None
        self.length = letters * 6
        self.at = 0

    def read(self, width: int) -> int:
        """The next `width` bits as a number."""
        end = self.at + width
        if end > self.length:
            raise Unreadable("ends too early")
        window = int.from_bytes(self.octets[self.at >> 3 : (end + 7) >> 3], "big")
        self.at = end
        return window >> (-end & 7) & ((1 << width) - 1)

    def flag(self) -> bool:
        return self.read(1) == 1

    def skip(self, width: int) -> int:
        """Pass over bits without looking; the position where they began."""
        start, self.at = self.at, self.at + width
        if self.at > self.length:
            raise Unreadable("ends too early")
        return start

    def fibonacci(self) -> int:
        """The next number in Fibonacci code: a sum of 1, 2, 3, 5, 8 … ended by two ones. At most 32 bits long."""
        total, this, following, before = 0, 1, 2, 0
        for _ in range(32):
            bit = self.read(1)
            if bit and before:
                return total
            total += this if bit else 0
            this, following, before = following, this + following, bit
        raise Unreadable("a number is too large")

    def close(self, padding: int) -> None:
        """Nothing may follow but padding of fewer bits than `padding`."""
        if self.length - self.at >= padding:
            raise Unreadable("holds more than it should")


def ones(field: int, width: int) -> list[int]:
    """Positions, from 1 at the left, of the bits that are set."""
    return [number for number in range(1, width + 1) if field >> (width - number) & 1]
