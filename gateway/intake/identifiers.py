"""Check digits and structures of cards, accounts and the national ids of EU states: is this number one of those?

May not: search in text; `scan` finds candidates, this says yes or no. Pure arithmetic, no allocation worth naming.

Each check takes the bare characters (no blanks, no dashes), upper case, already of the right shape.
Source: ISO/IEC 7812 (cards), ISO 13616 and SWIFT IBAN registry 2026 (lengths), ISO 7064 (mod 11,10), and per state
the OECD TIN portal, "TIN structure", read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable

#: Length of an IBAN by country. Source: SWIFT IBAN registry; SEPA countries and neighbours.
_IBANS = (
    "NO15 BE16 DK18 FI18 NL18 MK19 SI19 AT20 BA20 EE20 LT20 LU20 XK20 CH21 HR21 LI21 LV21 BG22 DE22 GB22 IE22 ME22 "
    "RS22 GI23 AD24 CZ24 ES24 MD24 RO24 SE24 SK24 PT25 IS26 TR26 FR27 GR27 IT27 MC27 SM27 AL28 CY28 HU28 PL28 UA29 MT31"
)
IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBANS.split()}

#: First digits and lengths of cards in use. Source: ISO/IEC 7812-1 issuer ranges as published by the schemes.
_CARDS = (
    (("4",), (16, 19)),
    (("51", "52", "53", "54", "55"), (16,)),
    (tuple(str(prefix) for prefix in range(2221, 2721)), (16,)),
    (("34", "37"), (15,)),
    (("6011", "65", "644", "645", "646", "647", "648", "649"), (16, 19)),
    (("36", "38", "300", "301", "302", "303", "304", "305"), (14,)),
    (tuple(str(prefix) for prefix in range(3528, 3590)), (16,)),
    (("5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763"), (16, 18, 19)),
    (("62",), (16, 19)),
)


def is_luhn(digits: str) -> bool:
    """Source: ISO/IEC 7812-1 annex B."""
    total = sum(map(int, digits[-1::-2]))
    return (total + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card(digits: str) -> bool:
    """A payment card: an issuer's range, its length, the check digit, and not one digit only."""
    fits = any(len(digits) in lengths and digits.startswith(prefixes) for prefixes, lengths in _CARDS)
    return fits and len(set(digits)) > 1 and is_luhn(digits)


def is_iban(text: str) -> bool:
    """Country's length and ISO 7064 mod 97-10."""
    if IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def _weighed(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_day(day: str, month: str) -> bool:
    return "01" <= month <= "12" and "01" <= day <= "31"


def is_austrian(d: str) -> bool:
    """SVNR, 10 digits: serial, check digit, day of birth."""
    return (
        d[0] != "0"
        and _is_day(d[4:6], d[6:8])
        and _weighed(d[:3] + d[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11 == int(d[3])
    )


def is_belgian(d: str) -> bool:
    """Rijksregisternummer, 11 digits: YYMMDD, serial, 97 - mod 97; born from 2000 on with a 2 in front."""
    if not (d[2:4] <= "12" and d[4:6] <= "31"):
        return False
    return int(d[9:]) in (97 - int(d[:9]) % 97, 97 - int("2" + d[:9]) % 97)


def is_bulgarian(d: str) -> bool:
    """EGN, 10 digits: YYMMDD with 20 or 40 added to the month for other centuries."""
    month = int(d[2:4]) % 20 if int(d[2:4]) <= 52 else 0
    return _is_day(d[4:6], f"{month:02d}") and _weighed(d, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(d[9])


def is_czech(d: str) -> bool:
    """Rodné číslo (also Slovak), 10 digits: YYMMDD with 50, 20 or 70 added to the month, divisible by 11."""
    month = int(d[2:4]) % 50
    month = month - 20 if month > 20 else month
    return _is_day(d[4:6], f"{month:02d}") and int(d) % 11 == 0


def is_danish(d: str) -> bool:
    """CPR, 10 digits: DDMMYY, serial. The check digit was given up in 2007."""
    return _is_day(d[:2], d[2:4])


def is_german(d: str) -> bool:
    """Steuer-ID, 11 digits: no leading 0, one digit two or three times among the first ten, ISO 7064 mod 11,10."""
    counts = sorted((d[:10].count(digit) for digit in set(d[:10])), reverse=True)
    return d[0] != "0" and counts[0] in (2, 3) and counts[1] == 1 and _is_mod_11_10(d)


def is_croatian(d: str) -> bool:
    """OIB, 11 digits: ISO 7064 mod 11,10."""
    return _is_mod_11_10(d)


def _is_mod_11_10(d: str) -> bool:
    product = 10
    for digit in d[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(d[10])


def is_greek_tax(d: str) -> bool:
    """AFM, 9 digits: weights 256 … 2, mod 11, mod 10."""
    return d != "000000000" and _weighed(d, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10 == int(d[8])


def is_greek_social(d: str) -> bool:
    """AMKA, 11 digits: DDMMYY, serial, Luhn."""
    return _is_day(d[:2], d[2:4]) and is_luhn(d)


def is_spanish(text: str) -> bool:
    """DNI, 8 digits and a letter; NIE, X, Y or Z, 7 digits and a letter."""
    number = text[:-1].translate(_NIE)
    return _DNI_LETTERS[int(number) % 23] == text[-1]


_NIE = str.maketrans("XYZ", "012")
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def is_finnish(text: str) -> bool:
    """HETU: DDMMYY, a sign for the century, serial, check character of 31."""
    return _is_day(text[:2], text[2:4]) and _HETU_LETTERS[int(text[:6] + text[7:10]) % 31] == text[10]


_HETU_LETTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def is_french(text: str) -> bool:
    """NIR, 15 characters: sex, YYMM, department (2A and 2B in Corsica), commune, serial, 97 - mod 97."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and "01" <= text[3:5] <= "42" and int(text[13:]) == 97 - int(number) % 97


def is_italian(text: str) -> bool:
    """Codice fiscale, 16 characters: the last is a check letter over odd and even places."""
    odd = sum(_ODD[character] for character in text[0:15:2])
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in text[1:15:2])
    return chr(65 + (odd + even) % 26) == text[15]


_ODD_VALUES = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_ODD = {chr(65 + place): value for place, value in enumerate(_ODD_VALUES)} | {
    str(place): value for place, value in enumerate(_ODD_VALUES[:10])
}


def is_irish(text: str) -> bool:
    """PPSN: 7 digits, a check letter, since 2013 a second letter that is weighed too."""
    second = ord(text[8]) - 64 if len(text) > 8 and text[8] not in "W" else 0
    return chr(64 + (_weighed(text, (8, 7, 6, 5, 4, 3, 2)) + second * 9) % 23).replace("@", "W") == text[7]


def is_baltic(d: str) -> bool:
    """Isikukood (EE) and asmens kodas (LT), 11 digits: century, YYMMDD, two rounds of weights."""
    if not ("1" <= d[0] <= "6" and _is_day(d[5:7], d[3:5])):
        return False
    check = _weighed(d, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = _weighed(d, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return check == int(d[10])


def is_dutch(d: str) -> bool:
    """BSN, 9 digits: the eleven test."""
    return d != "000000000" and (_weighed(d, (9, 8, 7, 6, 5, 4, 3, 2)) - int(d[8])) % 11 == 0


def is_polish(d: str) -> bool:
    """PESEL, 11 digits: YYMMDD with 20, 40, 60 or 80 added to the month for other centuries."""
    is_born = _is_day(d[4:6], f"{int(d[2:4]) % 20:02d}")
    return is_born and (10 - _weighed(d, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 == int(d[10])


def is_portuguese(d: str) -> bool:
    """NIF of a person, 9 digits beginning with 1, 2, 3 or 45: mod 11."""
    if d[0] not in "123" and d[:2] != "45":
        return False
    check = 11 - _weighed(d, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return (check if check < 10 else 0) == int(d[8])


def is_romanian(d: str) -> bool:
    """CNP, 13 digits: sex and century, YYMMDD, county, serial, mod 11."""
    if not (d[0] != "0" and _is_day(d[5:7], d[3:5]) and "01" <= d[7:9] <= "52"):
        return False
    check = _weighed(d, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if check == 10 else check) == int(d[12])


def is_swedish(d: str) -> bool:
    """Personnummer, 10 or 12 digits: YYMMDD (60 added to the day for coordination numbers), serial, Luhn."""
    short = d[-10:]
    day = int(short[4:6]) % 60
    return _is_day(f"{day:02d}", short[2:4]) and is_luhn(short)


Check = Callable[[str], bool]
