"""Codes that authorities give to companies: cleaning, recognising, checking. No text makes these functions raise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from operator import mul
from string import ascii_letters, digits

from hub.model.party import Identifier, IdentifierKind, Validity

USCC_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # pragma: allowlist secret
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_USCC_VALUES = {symbol: value for value, symbol in enumerate(USCC_SYMBOLS)}
_ORGANISATION_VALUES = {symbol: int(symbol, 36) for symbol in digits + ascii_letters}
_USCC_SHAPE = re.compile(rf"[{USCC_SYMBOLS}]{{2}}[0-9]{{6}}[{USCC_SYMBOLS}]{{8}}[0-9X][{USCC_SYMBOLS}]")
_MISTYPED = str.maketrans("OI", "01")
"""People type O for 0 and I for 1; GB 32100 leaves both letters out, so the way back is certain."""

_LEI_SHAPE = re.compile(r"(?=.*[A-Z])[A-Z0-9]{18}[0-9]{2}")
_VAT_SHAPE = re.compile(r"[A-Z]{2}(?=(?:[A-Z]*[0-9]){7})[A-Z0-9]{8,13}")
# fmt: off
_VAT_COUNTRIES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
})
# fmt: on
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u200b\ufeff]+")


def clean_code(text: str) -> str:
    """The code as the authority writes it: half-width, upper case, without spaces and hyphens."""
    # Upper-casing can leave a form that NFKC changes again (ŉ → ʼN): repeat until it stands still.
    while True:
        cleaned = _SEPARATORS.sub("", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper()))
        if cleaned == text:
            return cleaned
        text = cleaned


def is_valid_uscc(code: str) -> bool:
    """Whether a cleaned code is a 统一社会信用代码 (GB 32100-2015), with its inner organisation code (GB 11714).

    Our own, because ``stdnum.cn.uscc`` 2.2 refuses codes that start with a letter (N, Y, A).
    """
    if not _USCC_SHAPE.fullmatch(code):
        return False
    return code[17] == uscc_check_symbol(code[:17]) and code[16] == organisation_check_symbol(code[8:16])


def uscc_check_symbol(body: str) -> str:
    """The 18th symbol for the first 17."""
    total = sum(map(mul, map(_USCC_VALUES.__getitem__, body), USCC_WEIGHTS))
    return USCC_SYMBOLS[-total % 31]


def organisation_check_symbol(body: str) -> str:
    """The 9th symbol of an organisation code (组织机构代码) for its first 8."""
    total = sum(map(mul, map(_ORGANISATION_VALUES.__getitem__, body), ORGANISATION_WEIGHTS))
    return "0123456789X"[-total % 11]


def is_valid_lei(code: str) -> bool:
    """Whether a cleaned code is a Legal Entity Identifier (ISO 17442)."""
    return len(code) == 20 and code.isascii() and _passes("stdnum.lei", code)


def is_valid_vat(code: str) -> bool:
    """Whether a cleaned code with its country letters passes that EU member's own check."""
    return code[:2] in _VAT_COUNTRIES and code.isascii() and code.isalnum() and _passes("stdnum.eu.vat", code)


def _passes(module: str, code: str) -> bool:
    # stdnum is imported here, not above: it is only needed where a code has the right shape.
    return bool(import_module(module).is_valid(code))


@lru_cache(maxsize=2_048)
def check_identifier(kind: IdentifierKind, text: str) -> tuple[str, Validity]:
    """The value to keep and its validity as a code of the given kind.

    A valid code is kept clean; anything else is kept as it was typed. ``other`` has no check.
    """
    code = clean_code(text)
    if kind is IdentifierKind.USCC:
        code = code.translate(_MISTYPED)
        valid = is_valid_uscc(code)
    elif kind is IdentifierKind.LEI:
        valid = is_valid_lei(code)
    elif kind is IdentifierKind.VAT:
        valid = is_valid_vat(code)
    else:
        return text, Validity.UNCHECKED
    return (code, Validity.VALID) if valid else (text, Validity.INVALID)


def classify_identifier(text: str) -> tuple[IdentifierKind, str, Validity]:
    """What a text from a mixed field is: kind, value to keep, validity. Only a valid code may serve as a key."""
    for kind in (IdentifierKind.USCC, IdentifierKind.LEI, IdentifierKind.VAT):
        value, validity = check_identifier(kind, text)
        if validity is Validity.VALID:
            return kind, value, validity
    looks_like = _guess_kind(clean_code(text))
    return looks_like, text, Validity.UNCHECKED if looks_like is IdentifierKind.OTHER else Validity.INVALID


def _guess_kind(code: str) -> IdentifierKind:
    repaired = code.translate(_MISTYPED)
    if len(repaired) == 18 and all(symbol in USCC_SYMBOLS for symbol in repaired):
        return IdentifierKind.USCC
    if _LEI_SHAPE.fullmatch(code):
        return IdentifierKind.LEI
    if code[:2] in _VAT_COUNTRIES and _VAT_SHAPE.fullmatch(code):
        return IdentifierKind.VAT
    return IdentifierKind.OTHER


def complete_identifier(identifier: Identifier) -> Identifier:
    """The same with its validity worked out; an ``other`` that proves to be a valid code of a known kind becomes it."""
    kind = identifier.kind
    value, validity = check_identifier(kind, identifier.value)
    if kind is IdentifierKind.OTHER:
        found, code, found_validity = classify_identifier(identifier.value)
        if found_validity is Validity.VALID:
            kind, value, validity = found, code, found_validity
    if (kind, value, validity) == (identifier.kind, identifier.value, identifier.validity):
        return identifier
    return identifier.model_copy(update={"kind": kind, "value": value, "validity": validity})


def list_keys(identifiers: Iterable[Identifier]) -> frozenset[tuple[IdentifierKind, str]]:
    """(kind, clean value) of the valid ones: what records may be matched by."""
    completed = map(complete_identifier, identifiers)
    return frozenset((item.kind, item.value) for item in completed if item.validity is Validity.VALID)
