"""What the mapping files may ``call``: cells as people write them, read with what the connection declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.file.config import FileConfig
from connectors.file.staging import CODE, PARAMS, is_problem
from hub.errors import MappingError
from hub.sdk.tables import clean_heading, read_amount, read_date, read_rate

RATE_HEADINGS = ("税率", "增值税率", "税率%", "税率(%)", "tax rate", "vat rate", "vat %", "tax %", "vat")
PRICE_PLACES = Decimal("0.000001")
Function = Callable[[Any, Mapping[str, Any]], Any]


def list_functions(get_config: Callable[[], FileConfig]) -> dict[str, Function]:
    """The functions by name, each with its way back (``_out``)."""
    reading = _Reading(get_config)
    return {
        "day": reading.read_day, "day_out": _write_day,
        "amount": reading.read_amount, "amount_out": _write_number,
        "rate": reading.read_rate, "rate_out": _write_number,
        "price_without_tax": reading.read_price_without_tax, "price_without_tax_out": _write_number,
    }  # fmt: skip


class _Reading:
    """Reads cells in the ways of one connection."""

    def __init__(self, get_config: Callable[[], FileConfig]) -> None:
        self._get_config = get_config

    def read_day(self, value: Any, payload: Mapping[str, Any]) -> date | None:
        text = _as_text(value)
        return read_date(text, self._get_config().date_order or None) if text else None

    def read_amount(self, value: Any, payload: Mapping[str, Any]) -> Decimal | None:
        text = _as_text(value)
        return read_amount(text, decimal_comma=self._get_config().decimal_comma) if text else None

    def read_rate(self, value: Any, payload: Mapping[str, Any]) -> Decimal | None:
        config = self._get_config()
        text = _as_text(value) or config.tax_rate
        return read_rate(text, decimal_comma=config.decimal_comma) if text else None

    def read_price_without_tax(self, value: Any, payload: Mapping[str, Any]) -> Decimal | None:
        """The price in the cell less the tax at the rate of its row, to six places."""
        price = self.read_amount(value, payload)
        if price is None:
            return None
        found = next((cell for name, cell in payload.items() if clean_heading(name).lower() in RATE_HEADINGS), None)
        rate = self.read_rate(found, payload)
        if rate is None:
            raise MappingError("file.rate_missing", value=price)
        return (price / (1 + rate)).quantize(PRICE_PLACES, rounding=ROUND_HALF_UP)


def _as_text(value: Any) -> str:
    """The text of a cell; ``MappingError`` for one that could not be read in the first place."""
    if is_problem(value):
        raise MappingError(value[CODE], **value[PARAMS])
    return "" if value is None else str(value).strip()


def _write_day(value: date | None, values: Mapping[str, Any]) -> str | None:
    return None if value is None else value.isoformat()


def _write_number(value: Decimal | None, values: Mapping[str, Any]) -> str | None:
    if value is None:
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
