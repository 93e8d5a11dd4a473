"""Telephone numbers: E.164, extension, kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from hub.identity.text import fold_text

MOBILE, LANDLINE, SERVICE, FOREIGN, LOCAL = "mobile", "landline", "400", "foreign", "local"
_EXTENSION = re.compile(r"(?:转|分机|ext\.?|extension|x|#|\*)[\s.:号]*([0-9]{1,6})\s*\)?$")
_DASHED_EXTENSION = re.compile(r"(?<=[0-9]{7})-([0-9]{1,6})$")
_NO_DIGIT = re.compile(r"[^0-9]+")
_SEVERAL = re.compile(r"[/,;|]|\s+(?=1[3-9][0-9]{9}\b)|或|和")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0?(10|2[0-9]|[3-9][0-9]{2})([2-9][0-9]{6,7})")
_SERVICE = re.compile(r"[48]00[0-9]{7}")
_LOCAL = re.compile(r"[2-9][0-9]{6,7}")


@dataclass(frozen=True, slots=True)
class Phone:
    """``number``: E.164 (+86…); a local number, of which the area is not known, has none. ``kind``: mobile, landline,
    400, foreign, local."""

    number: str
    extension: str = ""
    kind: str = ""
    local: str = ""


@lru_cache(maxsize=2_048)
def parse_phones(text: str) -> tuple[Phone, ...]:
    """The first two numbers in a text, in order. Never raises; what is no number is left out."""
    plain = text if text.isascii() else fold_text(text)
    phone = _parse(plain)
    if phone is not None:
        return (phone,)
    parts = _SEVERAL.split(plain)
    found = [phone for part in parts if (phone := _parse(part)) is not None] if len(parts) > 1 else []
    return tuple(dict.fromkeys(found))[:2]


def _parse(text: str) -> Phone | None:
    digits = _NO_DIGIT.sub("", text)
    if len(digits) < 7 or len(digits) > 26:
        return None
    extension = ""
    if len(digits) > 11 or not text.isdecimal():
        found = _EXTENSION.search(text.lower().rstrip()) or _DASHED_EXTENSION.search(_drop_gaps(text))
        if found is not None:
            extension = found[1]
            digits = digits[: -len(extension)]
    return _parse_chinese(digits, text.lstrip(" ("), extension) or _parse_foreign(text, extension)


def _drop_gaps(text: str) -> str:
    """With a dash only where digits of a whole number stand before it: 021-22943501-4331, not 172-5835-4062."""
    dashes = text.count("-")
    head, _, tail = text.rpartition("-")
    if dashes < 2 and not head.strip().startswith(("(", "+", "0")):
        return head.replace("-", "") + "-" + tail if len(_NO_DIGIT.sub("", head)) in (7, 8) else ""
    if _MOBILE.fullmatch(_NO_DIGIT.sub("", text)):
        return ""
    return _NO_DIGIT.sub("", head) + "-" + tail if len(_NO_DIGIT.sub("", head)) >= 10 else ""


def _parse_chinese(digits: str, text: str, extension: str) -> Phone | None:
    abroad = text.startswith("+") and not digits.startswith("86")
    if abroad or (text.startswith("00") and not text.startswith("0086") and digits[2:4] != "86"):
        return None
    whole = text.startswith(("+", "00")) or digits[0] == "0"
    if digits.startswith("0086"):
        digits = digits[4:]
    elif digits.startswith("86") and len(digits) >= 12:
        digits, whole = digits[2:], True
    if len(digits) == 12 and digits[0] == "0" and _MOBILE.fullmatch(digits[1:]):
        digits = digits[1:]
    if _MOBILE.fullmatch(digits):
        return Phone(f"+86{digits}", extension, MOBILE)
    if _SERVICE.fullmatch(digits):
        return Phone(f"+86{digits}", extension, SERVICE)
    if whole and (found := _LANDLINE.fullmatch(digits)) is not None:
        return Phone(f"+86{found[1]}{found[2]}", extension, LANDLINE)
    if _LOCAL.fullmatch(digits):
        return Phone("", extension, LOCAL, digits)
    return None


def _parse_foreign(text: str, extension: str) -> Phone | None:
    """By phonenumbers, which knows every country's plan; it takes a while, so it is asked last."""
    if len(text) > 40 or not text.lstrip(" (").startswith(("+", "00")):
        return None
    import phonenumbers

    plain = re.sub(r"^\s*\(?00", "+", text)
    try:
        number = phonenumbers.parse(plain, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(form, extension or number.extension or "", FOREIGN)
