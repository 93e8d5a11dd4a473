"""Texts of cells as dates, amounts and rates. What can be read in two ways is refused, never guessed."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal

from hub.errors import MappingError

"""Orders of year, month and day in dates that are written with figures."""
_EXCEL_DAY_0 = date(1899, 12, 30)
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 73_050
"""Day numbers of Excel that are taken for dates: October 1954 to the end of 2099."""
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august",
         "sep sept september", "oct october", "nov november", "dec december"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = r"(?:[T\s]+\d{1,2}[:时]\d{1,2}.*)?"
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?" + _TIME)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})" + _TIME)
_DAY_MONTH = re.compile(r"(\d{1,2})[\s-]+([A-Za-z]{3,9})\.?[\s,-]+(\d{4})")
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")

_MONEY = r"CNY|RMB|USD|EUR|GBP|HKD|JPY|[¥$€£]"
_CURRENCY = re.compile(rf"^(?:{_MONEY})|(?:{_MONEY}|元整?)$", re.IGNORECASE)
_POINT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+")
_COMMA = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d*)?|,\d+")


def fold_text(text: str) -> str:
    """Half-width characters, spaces at the ends removed."""
    return unicodedata.normalize("NFKC", text).strip()


def read_date(text: str, order: str | None = None) -> date:
    """The day: 2026-1-5, 2026/01/05, 2026.1.5, 20260105, 2026年1月5日, 5 Jan 2026, Excel's day number; a time behind it
    is left out.

    ``order`` (dmy, mdy) says how 03/04/2026 is meant; without it such a text is refused, unless one part can
    only be the day. Raises ``MappingError``.
    """
    plain = fold_text(text)
    try:
        found = _read_certain(plain) or _read_year_last(plain, order)
    except (ValueError, OverflowError) as error:
        raise MappingError("tables.date_impossible", value=text) from error
    if found is None:
        raise MappingError("tables.date_unreadable", value=text)
    return found


def _read_certain(plain: str) -> date | None:
    if match := _YEAR_FIRST.fullmatch(plain) or _COMPACT.fullmatch(plain):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_MONTH.fullmatch(plain):
        return _with_month(match[3], match[2], match[1])
    if match := _MONTH_DAY.fullmatch(plain):
        return _with_month(match[3], match[1], match[2])
    if _SERIAL.fullmatch(plain) and _FIRST_SERIAL <= Decimal(plain) <= _LAST_SERIAL:
        return _EXCEL_DAY_0 + timedelta(days=int(Decimal(plain)))
    return None


def _with_month(year: str, month: str, day: str) -> date | None:
    number = _MONTHS.get(month.lower())
    return date(int(year), number, int(day)) if number else None


def _read_year_last(plain: str, order: str | None) -> date | None:
    match = _YEAR_LAST.fullmatch(plain)
    if match is None:
        return None
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    if order == "dmy" or (order != "mdy" and first > 12):
        return date(year, second, first)
    if order == "mdy" or second > 12 or first == second:
        return date(year, first, second)
    raise MappingError(
        "tables.date_ambiguous", value=plain, one=date(year, second, first).isoformat(),
        other=date(year, first, second).isoformat(),
    )  # fmt: skip


def read_amount(text: str, *, decimal_comma: bool = False) -> Decimal:
    """The number in ¥1,234.50, 1 234.50, 元 or full-width digits; (1,234.50) is negative. 1.234,50 only with
    ``decimal_comma``. Raises ``MappingError``."""
    plain = re.sub(r"[\s_'’]+", "", fold_text(text))
    negative = plain.startswith("(") and plain.endswith(")")
    plain = plain.strip("()") if negative else plain
    sign, plain = _take_sign(plain)
    plain = _CURRENCY.sub("", _CURRENCY.sub("", plain))
    second_sign, plain = _take_sign(plain)
    if (_COMMA if decimal_comma else _POINT).fullmatch(plain) is None or "" not in (sign, second_sign):
        hint = not decimal_comma and _COMMA.fullmatch(plain) is not None
        raise MappingError("tables.amount_comma" if hint else "tables.amount_unreadable", value=text)
    digits = plain.replace(".", "").replace(",", ".") if decimal_comma else plain.replace(",", "")
    number = Decimal(digits)
    return -number if negative or "-" in (sign, second_sign) else number


def _take_sign(plain: str) -> tuple[str, str]:
    return (plain[0], plain[1:]) if plain[:1] in ("-", "+") else ("", plain)


def read_rate(text: str, *, decimal_comma: bool = False) -> Decimal:
    """A tax rate as a ratio: 13%, 13 and 0.13 are 0.13. A bare 1 is refused: 1 % or 100 %. Raises ``MappingError``."""
    plain = fold_text(text)
    if plain in ("免税", "零税率", "exempt"):
        return Decimal(0)
    if plain.endswith("%"):
        return read_amount(plain[:-1], decimal_comma=decimal_comma).scaleb(-2)
    number = read_amount(plain, decimal_comma=decimal_comma)
    if number == 1 or not 0 <= number <= 100:
        raise MappingError("tables.rate_ambiguous", value=text)
    return number if number < 1 else number.scaleb(-2)


def looks_like_value(text: str) -> bool:
    """Whether the text is a number, a date or an amount: data, and no heading."""
    plain = fold_text(text)
    if _POINT.fullmatch(plain.lstrip("+-")) or _read_quietly(plain):
        return True
    try:
        read_amount(plain.rstrip("%"))
    except MappingError:
        return False
    return True


def _read_quietly(plain: str) -> bool:
    return bool(_YEAR_FIRST.fullmatch(plain) or _COMPACT.fullmatch(plain) or _YEAR_LAST.fullmatch(plain))
