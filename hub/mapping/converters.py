"""The forms a remote value can have (``as``) and how each meets a type of hub field. Plain functions, no guessing:
what does not fit is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from hub.mapping.context import Refusal, Run
from hub.mapping.path import key_text, strip_text, write_integer
from hub.model.money import places_of
from hub.model.values import WHOLE_DIGITS

T = TypeVar("T")
Converter = Callable[[Any, Run], Any]


@dataclass(frozen=True)
class Form:
    """How one ``as`` reads and writes: remote → Python value, Python value → JSON-ready remote value."""

    decode: Converter
    encode: Converter
    moves: int | None = None
    """Of a form that reads numbers written as text: by how many places the point moves."""


def _refuse(form: str, raw: Any) -> Refusal:
    return Refusal("mapping.not_this_form", form=form, type=type(raw).__name__)


def _decode_text(raw: Any, run: Run) -> str:
    if type(raw) is str and raw.isascii() and "\0" not in raw:
        return raw.strip()
    if isinstance(raw, str):
        return strip_text(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return write_integer(raw)
    if isinstance(raw, Decimal):
        return plain_decimal(raw)
    raise _refuse("text", raw)


def _decode_integer(raw: Any, run: Run) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str | Decimal):
        raise _refuse("integer", raw)
    number = _read_decimal(raw, "integer")
    if number != number.to_integral_value():
        raise _refuse("integer", raw)
    return int(number)


def _encode_integer(value: Any, run: Run) -> int:
    return _decode_integer(value, run)


def _decode_boolean(raw: Any, run: Run) -> bool:
    # SQLite-backed systems send 1 and 0 (measured on Tryton 8.2).
    if raw is True or raw is False or (type(raw) is int and raw in (0, 1)):
        return bool(raw)
    if isinstance(raw, str) and raw.strip().lower() in ("true", "false"):
        return raw.strip().lower() == "true"
    raise _refuse("boolean", raw)


def _read_decimal(raw: Any, form: str) -> Decimal:
    if isinstance(raw, Decimal):
        number = raw
    elif isinstance(raw, int) and not isinstance(raw, bool):
        number = Decimal(raw)
    elif isinstance(raw, str) and "_" not in raw:
        try:
            number = Decimal(raw.strip())
        except InvalidOperation as error:
            raise _refuse(form, raw) from error
    else:
        raise _refuse(form, raw)
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise _refuse(form, raw)
    return number


def _decode_decimal(raw: Any, run: Run) -> Decimal:
    # repr of a float is the shortest text that means it: 0.1 stays 0.1.
    return _read_decimal(repr(raw) if isinstance(raw, float) else raw, "decimal")


def _decode_money(raw: Any, run: Run) -> Decimal:
    if isinstance(raw, float):
        raise Refusal("mapping.float_money")
    return _read_decimal(raw, "money")


def plain_decimal(value: Decimal) -> str:
    """The number as text without exponent and without zeros at the end."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _encode_decimal(value: Any, run: Run) -> str:
    if not isinstance(value, Decimal):
        raise _refuse("decimal", value)
    return plain_decimal(value)


def _decode_percent(raw: Any, run: Run) -> Decimal:
    return _decode_decimal(raw, run).scaleb(-2)


def _encode_percent(value: Any, run: Run) -> str:
    return plain_decimal(value.scaleb(2))


def _decode_date(raw: Any, run: Run) -> date:
    if isinstance(raw, str) and len(raw.strip()) <= 10:
        return _from_iso(date.fromisoformat, raw, "date")
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    return _to_local(_decode_datetime(raw, run), run).date()


def _is_date(raw: Any) -> bool:
    return isinstance(raw, date) and not isinstance(raw, datetime)


def _encode_date(value: Any, run: Run) -> str:
    if not _is_date(value):
        raise _refuse("date", value)
    return str(value.isoformat())


def _decode_datetime(raw: Any, run: Run) -> datetime:
    moment = _from_iso(datetime.fromisoformat, raw, "datetime") if isinstance(raw, str) else raw
    if not isinstance(moment, datetime):
        raise _refuse("datetime", raw)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=run.context.zone)


def _encode_datetime(value: Any, run: Run) -> str:
    if not isinstance(value, datetime):
        raise _refuse("datetime", value)
    if value.tzinfo is None:
        raise Refusal("mapping.time_without_zone")
    return _to_local(value, run).isoformat()


def _to_local(moment: datetime, run: Run) -> datetime:
    try:
        return moment.astimezone(run.context.zone)
    except OverflowError as error:  # 0001-01-01, which some systems send for "no date", has no yesterday
        raise _refuse("datetime", moment.isoformat()) from error


def _from_iso(read: Callable[[str], T], raw: str, form: str) -> T:
    try:
        return read(raw.strip())
    except ValueError as error:
        raise _refuse(form, raw) from error


def _decode_list(raw: Any, run: Run) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple):
        raise _refuse("list", raw)
    return tuple(_decode_text(item, run) for item in raw)


def _encode_list(value: Any, run: Run) -> list[str]:
    return list(value)


def _keep_scalar(raw: Any, run: Run) -> Any:
    if isinstance(raw, str | int):
        return raw
    raise _refuse("text", raw)


FORMS: Mapping[str, Form] = {
    "text": Form(_decode_text, _decode_text),
    "integer": Form(_decode_integer, _encode_integer),
    "boolean": Form(_decode_boolean, _decode_boolean),
    "decimal": Form(_decode_decimal, _encode_decimal, moves=0),
    "money": Form(_decode_money, _encode_decimal, moves=0),
    "percent": Form(_decode_percent, _encode_percent, moves=-2),
    "date": Form(_decode_date, _encode_date),
    "datetime": Form(_decode_datetime, _encode_datetime),
    "list": Form(_decode_list, _encode_list),
    "scalar": Form(_keep_scalar, _keep_scalar),
}
MONEY = "money"
MINOR = "minor"
"""Whole smallest units of the currency (fen, cents, yen)."""
FORM_NAMES = ("text", "integer", "boolean", "decimal", "money", MINOR, "percent", "date", "datetime", "list")
AMOUNTS = (MONEY, MINOR)


def keep_value(value: Any, run: Run) -> Any:
    return value


def _to_text(value: Any, run: Run) -> str:
    return str(value)


def _to_local_date(value: Any, run: Run) -> date:
    return _to_local(value, run).date()


def _to_midnight(value: Any, run: Run) -> datetime:
    if not _is_date(value):
        raise _refuse("date", value)
    return datetime(value.year, value.month, value.day, tzinfo=run.context.zone)


FITS: Mapping[str, Mapping[str, tuple[Converter, Converter]]] = {
    "text": {"text": (keep_value, keep_value), "integer": (_to_text, keep_value)},
    "decimal": dict.fromkeys(("money", "decimal", "percent", MINOR), (keep_value, keep_value)),
    "integer": {"integer": (keep_value, keep_value)},
    "boolean": {"boolean": (keep_value, keep_value)},
    "date": {"date": (keep_value, keep_value), "datetime": (_to_local_date, _to_midnight)},
    "datetime": {"datetime": (keep_value, keep_value)},
    "list": {"list": (keep_value, keep_value)},
    "scalar": dict.fromkeys(("scalar", "text", "integer", "boolean"), (keep_value, keep_value)),
    "enum": {"text": (keep_value, keep_value)},
}
"""Type of the hub field → the forms that fit it, the first being the one nobody has to write. Decimals are read as
money, that is strictly, unless the file says ``as = "decimal"``."""

KEY_FORMS = ("text", "integer", "boolean")
"""Forms of a remote code that ``values``, ``code`` or ``ref`` translate."""


def encode_key(key: str, form: str) -> Any:
    """A remote code or id, kept as text, in the form that the other system expects."""
    if form == "text":
        return key
    if form == "boolean" and key in ("true", "false"):
        return key == "true"
    try:
        return int(key)
    except ValueError as error:
        raise Refusal("mapping.not_this_form", form=form, type="text", value=key) from error


def make_minor(currency_field: str) -> Form:
    """Amounts in whole smallest units; the exponent is that of the record's currency."""

    def places(run: Run) -> int:
        currency = run.record.get(currency_field)
        if not isinstance(currency, str) or not currency:
            raise Refusal("mapping.currency_missing", currency=currency_field)
        return places_of(currency)

    def decode(raw: Any, run: Run) -> Decimal:
        return Decimal(_decode_integer(raw, run)).scaleb(-places(run))

    def encode(value: Any, run: Run) -> int:
        units = value.scaleb(places(run))
        if units != units.to_integral_value():
            raise Refusal("mapping.too_fine", currency=run.record[currency_field])
        return int(units)

    return Form(decode, encode)


def require_currency(decode: Converter, currency_field: str) -> Converter:
    """An amount counts only when its currency is known."""

    def decode_amount(raw: Any, run: Run) -> Any:
        if not run.record.get(currency_field):
            raise Refusal("mapping.currency_missing", currency=currency_field)
        return decode(raw, run)

    return decode_amount


_KEPT_NUMBERS = 1000


def read_plainly(decode: Converter, moves: int, places: int, currency_field: str | None) -> Converter:
    """The same for a decimal of ``places``; a number that its text shows to fit, as nearly all do, is read at once."""
    whole, fine = WHOLE_DIGITS - places - moves, places + moves
    if fine < 0:
        return decode
    fits = re.compile(rf"-?[0-9]{{1,{whole}}}(?:\.[0-9]{{0,{fine}}})?").fullmatch
    read: dict[str, Decimal] = {}  # quantities, prices and rates come again and again

    def decode_plain(raw: Any, run: Run) -> Any:
        if type(raw) is not str or not (currency_field is None or run.record.get(currency_field)):
            return decode(raw, run)
        found = read.get(raw)
        if found is not None:
            return found
        if not fits(raw):
            return decode(raw, run)
        if len(read) >= _KEPT_NUMBERS:
            read.clear()
        found = read[raw] = Decimal(raw).scaleb(moves) if moves else Decimal(raw)
        return found

    return decode_plain


def raw_key(raw: Any, form: str, run: Run) -> str:
    """The remote code behind a raw value; a boolean field may come as 1 and 0."""
    return key_text(_decode_boolean(raw, run) if form == "boolean" else raw)
