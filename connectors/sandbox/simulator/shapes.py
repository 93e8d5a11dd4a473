"""The fields of each kind: which exist, what they hold, and what may be sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sandbox.simulator.amounts import PRICE_PLACES, keep_text, write_decimal
from connectors.sandbox.simulator.settings import SandboxSettings


class ErpRefused(Exception):
    """The ERP says no, and nothing has changed. ``code``: locked, duplicate, stale, invalid, not_found, forbidden."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field


@dataclass(frozen=True)
class Shape:
    """One kind. ``defaults`` holds every field that may be sent, in the order in which it is shown."""

    kind: str
    letter: str
    defaults: Mapping[str, Any]
    required: tuple[str, ...]
    computed: Mapping[str, Any]
    """Fields that only the ERP writes, with their first value."""


SHAPES = {
    shape.kind: shape
    for shape in (
        Shape(
            "partner", "P",
            {"code": "", "name": "", "tax_id": "", "phone": "", "email": "", "city": "", "street": "", "note": "",
             "active": True, "remark": ""},
            ("name",), {"merged_into": ""},
        ),
        Shape(
            "item", "I",
            {"code": "", "name": "", "unit": "pcs", "price": "0.00", "currency": "CNY", "tax_percent": "0", "note": "",
             "active": True},
            ("name",), {},
        ),
        Shape(
            "sale", "S",
            {"customer": "", "date": "", "currency": "CNY", "note": "", "customer_ref": "", "lines": ()},
            ("customer",),
            {"number": "", "status": "draft", "shipping": "none", "net": "0.00", "tax": "0.00", "gross": "0.00",
             "live_children": False},
        ),
        Shape(
            "delivery", "D",
            {"customer": "", "sale": "", "date": "", "note": "", "lines": ()},
            ("customer",), {"number": "", "status": "draft", "live_children": False},
        ),
        Shape(
            "invoice", "V",
            {"customer": "", "type": "invoice", "reverses": "", "date": "", "due": "", "currency": "CNY", "rate": "1",
             "tax_number": "", "note": "", "lines": ()},
            ("customer",),
            {"number": "", "status": "draft", "net": "0.00", "tax": "0.00", "gross": "0.00", "base_gross": "0.00",
             "live_children": False},
        ),
        Shape(
            "payment", "R",
            {"customer": "", "type": "receipt", "reverses": "", "date": "", "currency": "CNY", "rate": "1",
             "amount": "", "method": "", "bank_ref": "", "note": "", "allocations": ()},
            ("customer", "amount"),
            {"number": "", "status": "draft", "base_amount": "0.00", "live_children": False},
        ),
    )
}  # fmt: skip
DOCUMENTS = {"sale": "SO", "delivery": "DN", "invoice": "IV", "payment": "RC"}
"""Kinds with states and a number of their own, and how it begins."""
KINDS_BY_LETTER = {shape.letter: shape.kind for shape in SHAPES.values()}
LINE_DEFAULTS = {"item": "", "text": "", "quantity": "1", "unit": "", "price": "", "tax_percent": ""}
ROW_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "sale": LINE_DEFAULTS,
    "delivery": {"item": "", "sale_line": "", "quantity": "1", "unit": ""},
    "invoice": {**LINE_DEFAULTS, "sale": "", "sale_line": ""},
    "payment": {"target": "advance", "invoice": "", "sale": "", "amount": "", "target_amount": ""},
}
"""Fields of one line or allocation, by kind."""
LISTS = {"sale": "lines", "delivery": "lines", "invoice": "lines", "payment": "allocations"}
ALWAYS_OPEN = frozenset({"note", "customer_ref", "bank_ref"})
"""Fields of a document that stay editable when it is approved, whatever ``amend`` says."""
DECIMALS = {"price": PRICE_PLACES, "tax_percent": 0, "quantity": 0, "rate": 0, "amount": 2, "target_amount": 2}
POSITIVE = frozenset({"rate", "amount", "target_amount"})
CHOICES = {
    "type": ("invoice", "credit_note", "receipt", "refund"),
    "target": ("invoice", "sale", "advance", "write_off", "instalment"),
}


def check_values(shape: Shape, values: Mapping[str, Any], settings: SandboxSettings) -> dict[str, Any]:
    """The values as the ERP keeps them, null meaning empty; lines are left to the sale's own rules."""
    unknown = values.keys() - shape.defaults.keys()
    if unknown:
        field = min(unknown)
        raise ErpRefused("invalid", f"{shape.kind} has no field {field!r} that may be written", field)
    given = {name: shape.defaults[name] if value is None else value for name, value in values.items()}
    rows = LISTS.get(shape.kind)
    return {name: value if name == rows else _keep(name, value, settings) for name, value in given.items()}


def check_row(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The sent fields of one line or allocation as the ERP keeps them, null meaning empty (``id`` stays when it is
    there)."""
    known = ROW_DEFAULTS[kind]
    unknown = row.keys() - known.keys() - {"id"}
    if unknown:
        raise ErpRefused("invalid", f"a line has no field {min(unknown)!r} that may be written", min(unknown))
    given = {name: known.get(name, "") if value is None else value for name, value in row.items()}
    signed = kind in ("delivery", "invoice")
    return {name: value if value == "" else _keep(name, value, None, signed=signed) for name, value in given.items()}


def _keep(name: str, value: Any, settings: SandboxSettings | None, *, signed: bool = False) -> Any:
    if name == "active":
        return _check(name, value, lambda: isinstance(value, bool), "true or false")
    _check(name, value, lambda: isinstance(value, str), "text")
    if (name in ALWAYS_OPEN or name == "remark") and settings is not None:
        return keep_text(value, settings)
    if name in DECIMALS:
        return write_decimal(_parse_decimal(name, value, signed=signed), DECIMALS[name])
    if name in CHOICES:
        return _check(name, value, lambda: value in CHOICES[name], " or ".join(CHOICES[name]))
    if name in ("date", "due") and value:
        return _check(name, value, lambda: bool(date.fromisoformat(value)), "a date such as 2026-11-01")
    if name == "currency":
        return _check(
            name, value, lambda: len(value) == 3 and value.isascii() and value.isupper(), "a code such as CNY"
        )
    return value


def _parse_decimal(name: str, text: str, *, signed: bool) -> Decimal:
    """``signed``: quantities of returns and credit notes are below zero."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if name in POSITIVE:
        _check(name, text, lambda: value.is_finite() and value > 0, "a number above zero")
    elif not (signed and name == "quantity"):
        _check(name, text, lambda: value.is_finite() and value >= 0, "a number that is not negative")
    _check(name, text, value.is_finite, "a number")
    return value


def _check(name: str, value: Any, holds: Callable[[], bool], what: str) -> Any:
    try:
        good = holds()
    except ValueError:
        good = False
    if not good:
        raise ErpRefused("invalid", f"{name} must be {what}, not {value!r}", name)
    return value
