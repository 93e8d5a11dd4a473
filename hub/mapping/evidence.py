"""What the values of a column look like, whatever its heading says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from hub.model.identifiers import clean_code, is_valid_uscc, is_valid_vat

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]{2,}")
_PHONE = re.compile(r"(?:\+?86)?(?:1[3-9]\d{9}|0\d{9,11}|[2-9]\d{6,7})(?:转?\d{1,5})?|\+\d{8,15}|400\d{7}")
_URL = re.compile(
    r"(?:https?://|www\.)\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|cn|net|org|de|eu)(?:/\S*)?", re.IGNORECASE
)
_DATE = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[ T].*)?|(?:19|20)\d{6}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}"
    r"|\d{1,2} [A-Za-z]{3,9} \d{4}|[A-Za-z]{3,9} \d{1,2}, \d{4}"
)
_AMOUNT = re.compile(r"[(-]?[¥$€]?-?(?:\d{1,3}(?:[,.]\d{3})+|\d+)(?:[.,]\d+)?元?\)?")
_RATE = re.compile(r"(?:0|1|3|5|6|9|10|11|13|16|17|19|20|21)(?:\.0+)?%|0?\.(?:01|03|05|06|09|1|10|11|13|16|17|19|2|20)")
_COMPANY = re.compile(
    r"(?:公司|集团|厂|商行|经营部|事务所|合作社|工作室|中心|超市|店)(?:[（(].*[)）])?$"
    r"|\b(?:ltd|limited|inc|llc|gmbh|ag|corp|co|company|s\.a|b\.v|plc)\b\.?$",
    re.IGNORECASE,
)
_PERSON = re.compile(r"[\u4e00-\u9fff]{2,4}|[A-Z][a-z]+(?: [A-Z][a-z]+)+")
_CURRENCY = re.compile(r"[A-Z]{3}|人民币|美元|欧元")
_POSTAL = re.compile(r"\d{4,6}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}")
_CODE = re.compile(r"[A-Za-z]{0,6}[-_]?\d{1,18}(?:[-_/]\d+)*")


def _is_uscc(text: str) -> bool:
    return is_valid_uscc(clean_code(text))


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(re.sub(r"[\s()-]", "", text)) is not None


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


SHAPES: Mapping[str, Callable[[str], bool]] = {
    "uscc": _is_uscc,
    "vat": lambda text: is_valid_vat(clean_code(text)),
    "email": _matches(_EMAIL),
    "url": _matches(_URL),
    "phone": _is_phone,
    "date": _matches(_DATE),
    "rate": _matches(_RATE),
    "postal": _matches(_POSTAL),
    "currency": _matches(_CURRENCY),
    "amount": lambda text: _AMOUNT.fullmatch(text.replace(" ", "")) is not None,
    "company": lambda text: _COMPANY.search(text) is not None,
    "person": _matches(_PERSON),
    "code": _matches(_CODE),
}


@dataclass(frozen=True)
class Evidence:
    """One column: how many of its values are filled in, the share of each shape among them, and some of them."""

    filled: int
    shares: Mapping[str, float]
    examples: tuple[str, ...]

    def share(self, shape: str) -> float:
        return self.shares.get(shape, 0.0)


def look_at_values(values: Sequence[object]) -> Evidence:
    """What a column's values have in common."""
    texts = [unicodedata.normalize("NFKC", str(value)).strip() for value in values if value not in (None, "")]
    texts = [text for text in texts if text]
    shares = {name: sum(map(fits, texts)) / len(texts) for name, fits in SHAPES.items()} if texts else {}
    return Evidence(len(texts), shares, tuple(dict.fromkeys(texts))[:3])


def guess_type(values: Sequence[object]) -> str:
    """The type that a custom field for these values would have (``isthmus.toml``, ``custom_fields``)."""
    texts = [str(value).strip() for value in values if value not in (None, "")]
    if not texts:
        return "text"
    if all(re.fullmatch(r"-?(?:0|[1-9]\d{0,14})", text) for text in texts):
        return "integer"
    if all(_is_decimal(text) for text in texts):
        return "decimal"
    if all(_is_iso_date(text) for text in texts):
        return "date"
    few = len(set(texts)) <= min(8, len(texts) // 3)
    return "choice" if few and max(map(len, texts)) <= 20 else "text"


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite() and not re.fullmatch(r"0\d+.*", text)
    except InvalidOperation:
        return False


def _is_iso_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False
