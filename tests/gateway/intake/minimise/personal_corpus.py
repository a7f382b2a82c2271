"""A labelled corpus of personal and harmless values, made from a seed: 22 kinds, the formats of 10 EU countries.

Check digits are computed here in their own way, from each authority's description, not by the code under test.
Countries: DE FR IT ES NL PL SE BE PT GR. Nobody's number: digits are random, card and IBAN bodies too.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Sample(NamedTuple):
    """A text as a field would hold it. `value` is the personal part, '' for a harmless one; `is_code`: which rules."""

    kind: str
    before: str
    value: str
    after: str
    is_code: bool = False

    @property
    def text(self) -> str:
        return self.before + self.value + self.after


FIRST = "jane john maria luca sofia pierre anna jan katarzyna erik elena nikos marta joao lotte björn".split()  # noqa: SIM905
LAST = "doe smith rossi garcia müller dupont jansen nowak svensson peeters silva papadopoulos".split()  # noqa: SIM905
TLDS = "de fr it es nl pl se be pt gr com eu org shop".split()  # noqa: SIM905

FRAMES = (
    ("", ""),
    ("", ""),
    ("sofa ", ""),
    ("", " bitte"),
    ("contact me: ", ""),
    ("ref ", " thanks"),
    ("(", ")"),
    ("«", "»"),
)


class Maker:
    """Makes values from one seeded source of randomness."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def digits(self, count: int, first: str = "0123456789") -> str:
        return self.rng.choice(first) + "".join(self.rng.choices("0123456789", k=count - 1))

    def pick(self, *choices: str) -> str:
        return self.rng.choice(choices)

    def fill(self, shape: str) -> str:
        """`#` becomes a digit, `@` a capital letter; everything else stays."""
        drawn = {"#": "0123456789", "@": "ABCDEFGHJKLMNPQRSTUVWXYZ"}
        return "".join(self.pick(*drawn[sign]) if sign in drawn else sign for sign in shape)

    # contact -------------------------------------------------------------------------------------------------------

    def email(self) -> str:
        name = self.pick("{f}.{l}", "{f}{n}", "{f}_{l}+shop", "{f}-{l}").format(
            f=self.rng.choice(FIRST), l=self.rng.choice(LAST), n=self.digits(2)
        )
        host = f"{self.rng.choice(LAST[:4])}.{self.rng.choice(TLDS)}"
        return name + self.pick("@", "@", "@", "%40", " (at) ", "[at]") + host

    def phone(self) -> str:
        return self.fill(self.pick(*PHONES))

    # money ---------------------------------------------------------------------------------------------------------

    def card(self) -> str:
        prefix, length = self.rng.choice((("4", 16), ("52", 16), ("2221", 16), ("37", 15), ("6011", 16), ("6759", 16)))
        body = prefix + self.digits(length - len(prefix) - 1)
        number = body + luhn(body)
        if self.rng.random() < 0.5 or length != 16:
            return number
        return self.pick(" ", "-").join(number[at : at + 4] for at in range(0, 16, 4))

    def iban(self) -> str:
        shape = self.pick(*IBANS)
        country, body = shape[:2], self.fill(shape[2:])
        number = "".join(str(ord(c) - 55) if c.isalpha() else c for c in body + country) + "00"
        whole = f"{country}{98 - int(number) % 97:02d}{body}"
        if self.rng.random() < 0.5:
            return whole
        return " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))

    # devices and secrets -------------------------------------------------------------------------------------------

    def ipv4(self) -> str:
        return ".".join(str(self.rng.randint(1, 254)) for _ in range(4))

    def ipv6(self) -> str:
        groups = [f"{self.rng.randint(0x100, 0xFFFF):x}" for _ in range(8)]
        short = ":".join(groups[:4]) + "::" + ":".join(groups[4:6])
        return self.pick(":".join(groups), short, f"fe80::{groups[0]}:{groups[1]}%eth0")

    def mac(self) -> str:
        return self.pick(":", "-").join(f"{self.rng.randint(0, 255):02x}" for _ in range(6))

    def jwt(self) -> str:
        parts = (b'{"alg":"HS256"}', b'{"sub":"%d"}' % self.rng.randint(1, 10**9), self.rng.randbytes(24))
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    def secret(self) -> str:
        tail = base64.b32encode(self.rng.randbytes(20)).decode().rstrip("=")
        return self.pick("sk_live_", "ghp_", "AIza", "glpat-", "xoxb-", "Bearer ") + tail + tail[:8]

    def digest(self) -> str:
        return hashlib.new(self.pick("md5", "sha1", "sha256"), self.rng.randbytes(8), usedforsecurity=False).hexdigest()

    def uuid(self) -> str:
        text = self.rng.randbytes(16).hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def wrapped(self) -> str:
        inner = self.pick(self.plain_email(), self.fill("+4917########"), self.iban(), self.plain_email())
        once = base64.b64encode(inner.encode())
        return (once if self.rng.random() < 0.7 else base64.urlsafe_b64encode(once)).decode()

    def plain_email(self) -> str:
        return f"{self.rng.choice(FIRST)}.{self.rng.choice(LAST)}@mail.{self.rng.choice(TLDS)}"

    # national ids --------------------------------------------------------------------------------------------------

    def born(self, shape: str) -> str:
        year, month, day = self.rng.randint(0, 99), self.rng.randint(1, 12), self.rng.randint(1, 28)
        return shape.format(y=f"{year:02d}", m=f"{month:02d}", d=f"{day:02d}")

    def german(self) -> str:
        """Nine different digits and one of them twice, none leading 0, then ISO 7064 mod 11,10."""
        while True:
            nine = self.rng.sample("0123456789", 9)
            nine.insert(self.rng.randint(1, 9), self.rng.choice(nine))
            body = "".join(nine)
            if body[0] != "0" and sum(body.count(digit) == 2 for digit in set(body)) == 1:
                break
        rest = 10
        for digit in body:
            rest = (rest + int(digit)) % 10
            rest = (rest if rest else 10) * 2 % 11
        whole = body + str((11 - rest) % 10)
        return self.pick(whole, f"{whole[:2]} {whole[2:5]} {whole[5:8]} {whole[8:]}")

    def french(self) -> str:
        body = self.pick("1", "2") + self.born("{y}{m}") + self.pick("75", "13", "2A", "69") + self.digits(6)
        key = f"{97 - int(body.replace('2A', '19')) % 97:02d}"
        spaced = f"{body[0]} {body[1:3]} {body[3:5]} {body[5:7]} {body[7:10]} {body[10:]} {key}"
        return self.pick(body + key, spaced)

    def italian(self) -> str:
        day, month = f"{self.rng.randint(1, 28):02d}", self.pick(*"ABCDEHLMPRST")
        body = self.fill("@@@@@@##") + month + day + self.fill("@###")
        odd = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True))
        letters = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
        odd |= dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", letters, strict=True))
        total = 0
        for place, sign in enumerate(body, 1):
            even = int(sign) if sign.isdigit() else ord(sign) - ord("A")
            total += odd[sign] if place % 2 else even
        return body + chr(ord("A") + total % 26)

    def spanish(self) -> str:
        number = self.digits(8)
        if self.rng.random() < 0.3:
            head = self.pick("X", "Y", "Z")
            return head + number[1:] + dni_letter(int(str("XYZ".index(head)) + number[1:]))
        whole = number + dni_letter(int(number))
        return self.pick(whole, f"{number[:2]}.{number[2:5]}.{number[5:]}-{whole[-1]}")

    def dutch(self) -> str:
        while True:
            body = self.digits(8)
            rest = sum(int(digit) * weight for digit, weight in zip(body, range(9, 1, -1), strict=True)) % 11
            if rest < 10 and body != "00000000":
                whole = body + str(rest)
                return self.pick(whole, f"{whole[:4]}.{whole[4:6]}.{whole[6:]}")

    def polish(self) -> str:
        body = self.born("{y}{m}{d}") + self.digits(4)
        total = sum(int(digit) * weight for digit, weight in zip(body, (1, 3, 7, 9) * 3, strict=False))
        return body + str(-total % 10)

    def swedish(self) -> str:
        body = self.born("{y}{m}{d}") + self.digits(3)
        whole = body + luhn(body)
        return self.pick(f"{whole[:6]}-{whole[6:]}", f"19{whole[:6]}-{whole[6:]}", whole)

    def belgian(self) -> str:
        body = self.born("{y}{m}{d}") + self.digits(3)
        key = f"{97 - int(self.pick('', '2') + body) % 97:02d}"
        return self.pick(body + key, f"{body[:2]}.{body[2:4]}.{body[4:6]}-{body[6:]}.{key}")

    def portuguese(self) -> str:
        body = self.digits(8, "123")
        rest = sum(int(digit) * weight for digit, weight in zip(body, range(9, 1, -1), strict=True)) % 11
        whole = body + str(0 if rest < 2 else 11 - rest)
        return self.pick(whole, f"{whole[:3]} {whole[3:6]} {whole[6:]}")

    def greek(self) -> str:
        if self.rng.random() < 0.5:
            body = self.born("{d}{m}{y}") + self.digits(4)
            return body + luhn(body)
        body = self.digits(8)
        total = sum(int(digit) * 2**power for digit, power in zip(body, range(8, 0, -1), strict=True))
        return body + str(total % 11 % 10)

    # harmless ------------------------------------------------------------------------------------------------------

    def gtin(self) -> str:
        body = self.digits(12, "45678")
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
        return body + str(-total % 10)

    def order(self) -> str:
        return self.fill(self.pick(*ORDERS)).replace("YEAR", "2026")

    def sku(self) -> str:
        return self.fill(self.pick(*SKUS))

    def harmless_text(self) -> str:
        return self.fill(self.pick(*HARMLESS)).replace("YEAR", str(self.rng.randint(2019, 2027)))


def _shapes(table: str) -> tuple[str, ...]:
    return tuple(shape.strip() for shape in table.replace("\n", "|").split("|") if shape.strip())


PHONES = _shapes("""
    +49 30 1###### | +49 (0)170 ####### | 0049 17# ####### | 017# ####### | 0171/####### | 030-1####### | (030) 1#######
    01712###### | +33 6 ## ## ## ## | 06 ## ## ## ## | 07.##.##.##.## | 06######## | 00336######## | +39 347 ### ####
    347 ####### | 347####### | 06 69## #### | +34 612 ### ### | 612 ## ## ## | 62####### | 91 ### ## ##
    +31 6 ######## | 06-######## | 020 ### #### | +48 60# ### ### | 601 ### ### | 601-###-### | 22 ### ## ##
    +46 70 ### ## ## | 070-### ## ## | 08-### ### ## | 0701###### | +32 470 ## ## ## | 0470 ## ## ## | 0470/##.##.##
    02 ### ## ## | +351 91# ### ### | 912 ### ### | 912###### | 212 ### ### | +30 694 ### #### | 694 ### ####
    694####### | 210 ### ####
""")
IBANS = _shapes("""
    DE################## | FR####################### | IT@###################### | ES####################
    SE#################### | NL@@@@########## | PL######################## | BE############ | PT#####################
    GR#######################
""")
ORDERS = _shapes("ORD-YEAR-###### | ######### | 1######## | @@-####### | R######## | ##########")
SKUS = _shapes("SKU-##### | @@@-###-@@ | @###### | ##.###.## | ######## | @@####@ | B0@@##@@#@")
HARMLESS = _shapes("""
    sofa 3 seats ##0x##0 cm | #.###,## € | EUR ###.90 | $ 1,###.## | ## % off | summer YEAR | YEAR-0#-1# | 1#.0#.YEAR
    1#/0#/YEAR 1#:3# | YEAR-0#-1#T1#:3#:0#Z | 1#:4#:2# | UE##TU7### | WH-1000XM# | RTX 4##0 | iPhone 1# Pro Max ###GB
    H##xW##xD## mm | #-seater, #0 kg | lamp E## ###0K ###lm | oak table ### x ## x ## | velvet-sofa-#-seater-green
    size ##/## | RAL #### | 100% cotton, ### g/m² | colour # | order ####### | artikel ### ### ## | EN ###-#:20##
    v1.##.# | #0 bis ##0 Euro | ##### Berlin | 75### Paris | page # of ### | ISO 9001:2015 | 4K 1##Hz ##"
    Wohnzimmertisch Eiche massiv | canapé d'angle convertible | divano letto matrimoniale | σαλόνι γωνιακός
    lit 140x190 & matelas | black/white (set of #) | GTX-##0-@@@ | 2 x ## cm + # m² | rug 2,## m × 1,## m
""")


def luhn(body: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def dni_letter(number: int) -> str:
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23]


#: Kind -> its maker. 22 kinds.
PERSONAL: dict[str, Callable[[Maker], str]] = {
    "email": Maker.email,
    "phone": Maker.phone,
    "card": Maker.card,
    "iban": Maker.iban,
    "ipv4": Maker.ipv4,
    "ipv6": Maker.ipv6,
    "mac": Maker.mac,
    "jwt": Maker.jwt,
    "secret": Maker.secret,
    "digest": Maker.digest,
    "uuid": Maker.uuid,
    "base64": Maker.wrapped,
    "id_DE": Maker.german,
    "id_FR": Maker.french,
    "id_IT": Maker.italian,
    "id_ES": Maker.spanish,
    "id_NL": Maker.dutch,
    "id_PL": Maker.polish,
    "id_SE": Maker.swedish,
    "id_BE": Maker.belgian,
    "id_PT": Maker.portuguese,
    "id_GR": Maker.greek,
}

#: Kinds that are looked for in codes (order numbers, product ids, campaign words) as well.
IN_CODES = ("email", "card", "iban", "ipv4", "ipv6", "mac", "jwt", "secret", "base64", "id_IT", "id_FR")


def personal(seed: int = 1, each: int = 90) -> Iterator[Sample]:
    """`each` values of every kind as free text, and 20 of those that codes are searched for."""
    maker = Maker(seed)
    for kind, make in PERSONAL.items():
        for _ in range(each * 4 if kind == "phone" else each):
            before, after = maker.rng.choice(FRAMES)
            yield Sample(kind, before, make(maker), after)
        for _ in range(20 if kind in IN_CODES else 0):
            yield Sample(kind, "", make(maker), "", is_code=True)


def harmless(seed: int = 2, count: int = 1200) -> Iterator[Sample]:
    """Look-alikes where they live: article and order numbers in codes, EANs and everything else in free text."""
    maker = Maker(seed)
    for number in range(count):
        kind = ("gtin", "order", "sku", "text", "text")[number % 5]
        make = {"gtin": maker.gtin, "order": maker.order, "sku": maker.sku, "text": maker.harmless_text}[kind]
        yield Sample(kind, make(), "", "", is_code=kind in ("order", "sku"))
