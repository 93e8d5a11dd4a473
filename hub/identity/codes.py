"""Codes as people type them: kind, clean form, validity. Builds on ``hub.model.identifiers``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from hub.model.identifiers import (
    clean_code,
    is_valid_lei,
    is_valid_uscc,
    is_valid_vat,
    organisation_check_symbol,
)

USCC, REGISTRATION, ORGANISATION, LEI, VAT, OTHER = "uscc", "registration", "organisation", "lei", "vat", "other"
_MISTYPED = str.maketrans("OI", "01")
_USCC_LIKE = re.compile(r"[0-9A-Z]{16,20}")
_REGISTRATION = re.compile(r"[0-9]{15}")
_ORGANISATION = re.compile(r"[0-9A-Z]{8}[0-9X]")
_NO_SIGN = re.compile(r"[^0-9A-Z]+")


@dataclass(frozen=True, slots=True)
class Code:
    """``value``: clean, also where it is not valid. ``division``: the place that it was given in, six digits."""

    kind: str
    value: str
    valid: bool = False
    division: str = ""


@lru_cache(maxsize=2_048)
def read_code(text: str) -> Code | None:
    """What a text from a field for codes is; None for an empty one. Never raises."""
    code = text if text.isalnum() and text.isascii() and text.isupper() else _NO_SIGN.sub("", clean_code(text))
    if not code:
        return None
    repaired = code.translate(_MISTYPED)
    if is_valid_uscc(repaired):
        return Code(USCC, repaired, True, repaired[2:8])
    if _REGISTRATION.fullmatch(repaired):
        return Code(REGISTRATION, repaired, is_valid_registration(repaired), repaired[:6])
    if _ORGANISATION.fullmatch(repaired) and is_valid_organisation(repaired):
        return Code(ORGANISATION, repaired, True)
    if code[:2].isalpha() and is_valid_vat(code):
        return Code(VAT, code, True)
    if len(code) == 20 and is_valid_lei(code):
        return Code(LEI, code, True)
    if _USCC_LIKE.fullmatch(repaired):
        return Code(USCC, repaired)
    return Code(OTHER, code)


def is_valid_registration(code: str) -> bool:
    """Whether 15 digits are an old registration number (注册号): ISO 7064 MOD 11,10."""
    check = 10
    for digit in code[:-1]:
        check = (check + int(digit)) % 10 or 10
        check = check * 2 % 11
    return (check + int(code[-1])) % 10 == 1


def is_valid_organisation(code: str) -> bool:
    """Whether nine characters are an organisation code (GB 11714)."""
    return len(code) == 9 and code[8] == organisation_check_symbol(code[:8])


def organisation_of(code: Code) -> str:
    """The organisation code that it is or holds, where its own check is right; else empty."""
    if code.kind == ORGANISATION:
        return code.value if code.valid else ""
    inner = code.value[8:17]
    held = code.kind == USCC and len(code.value) == 18 and (code.valid or is_valid_organisation(inner))
    return inner if held else ""
