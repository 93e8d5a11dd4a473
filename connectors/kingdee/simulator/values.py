"""Values as they come in a saved document, and as they leave in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.kingdee.simulator.amounts import MICRO, round_amount
from connectors.kingdee.simulator.forms import Field
from connectors.kingdee.simulator.refusals import INVALID, BillRefused, Complaint

PLACES = {"price": MICRO, "quantity": Decimal("0.0001"), "rate": MICRO, "amount": Decimal("0.01")}
EMPTY: Mapping[str, Any] = {"text": "", "enum": "", "ref": 0, "date": "", "time": "", "flag": False, "id": 0}


def read_value(item: Field, raw: Any) -> Any:
    """A plain value as the server keeps it; references are looked up elsewhere."""
    if raw is None or raw == "":
        return EMPTY.get(item.kind, Decimal(0))
    if item.kind in PLACES:
        return _read_number(item, raw)
    if item.kind in ("date", "time"):
        return _read_time(item, raw)
    if item.kind == "flag":
        return raw in (True, "true", "True", 1, "1")
    if item.kind == "id":
        return read_id(raw)
    text = str(raw).strip()
    if len(text) > item.longest:
        raise BillRefused(INVALID, [Complaint(f"字段“{item.label}”长度超过{item.longest}", item.key)])
    return text


def _read_number(item: Field, raw: Any) -> Decimal:
    try:
        number = Decimal(str(raw))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(raw, bool) or not number.is_finite():
        raise BillRefused(INVALID, [Complaint(f"字段“{item.label}”的值{raw!r}不是数值", item.key)])
    return round_amount(number, PLACES[item.kind])


def _read_time(item: Field, raw: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(raw))
    except ValueError as error:
        raise BillRefused(INVALID, [Complaint(f"字段“{item.label}”的值{raw!r}不是日期", item.key)]) from error
    return write_date(moment.date()) if item.kind == "date" else write_time(moment)


def read_id(raw: Any) -> int:
    """An id; what is none is 0, as in a new document."""
    try:
        return int(str(raw))
    except ValueError:
        return 0


def read_number_of(raw: Any) -> str:
    """The number inside ``{"FNumber": "x"}``, in any capitals; a user is named by ``FUserID`` or ``FStaffNumber``."""
    if isinstance(raw, Mapping):
        lowered = {str(name).lower(): value for name, value in raw.items()}
        raw = next((lowered[name] for name in ("fnumber", "fuserid", "fstaffnumber") if name in lowered), "")
    return str(raw or "").strip()


def write_date(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"


def write_time(moment: datetime) -> str:
    """Local time without a zone, in milliseconds."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")


def write_value(value: Any) -> Any:
    """A value as JSON has it: amounts are plain numbers there."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value != "" else None
