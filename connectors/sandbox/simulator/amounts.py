"""What the ERP computes: totals of lines and documents, and the texts it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from connectors.sandbox.simulator.settings import SandboxSettings

EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3}
"""Decimal places of currencies that do not have two (ISO 4217)."""
PRICE_PLACES = 2
Line = dict[str, Any]


def write_decimal(value: Decimal, places: int = 0) -> str:
    """Plain digits with at least ``places`` after the point and no idle zeros behind them."""
    text = f"{value.normalize():f}"
    missing = places - len(text.partition(".")[2])
    return text if missing <= 0 else f"{text}{'' if '.' in text else '.'}{'0' * missing}"


def complete_totals(sale: Mapping[str, Any], rounding: str) -> dict[str, Any]:
    """The sale with net, tax and gross of every line and of itself."""
    step = Decimal(1).scaleb(-EXPONENTS.get(sale["currency"], 2))
    mode = ROUND_HALF_UP if rounding == "line" else ROUND_HALF_EVEN
    lines = [_complete_line(line, step, mode) for line in sale["lines"]]
    net = sum((Decimal(line["net"]) for line in lines), step - step)
    tax = sum((Decimal(line["tax"]) for line in lines), step - step)
    if rounding == "document":
        tax = _tax_by_rate(lines, step)
    return {**sale, "lines": lines, "net": str(net), "tax": str(tax), "gross": str(net + tax)}


def _complete_line(line: Line, step: Decimal, mode: str) -> Line:
    net = (Decimal(line["quantity"]) * Decimal(line["price"])).quantize(step, rounding=mode)
    tax = (net * Decimal(line["tax_percent"]) / 100).quantize(step, rounding=mode)
    return {**line, "net": str(net), "tax": str(tax), "gross": str(net + tax)}


def _tax_by_rate(lines: Sequence[Line], step: Decimal) -> Decimal:
    bases: dict[Decimal, Decimal] = {}
    for line in lines:
        rate = Decimal(line["tax_percent"])
        bases[rate] = bases.get(rate, Decimal(0)) + Decimal(line["net"])
    taxes = ((base * rate / 100).quantize(step, rounding=ROUND_HALF_EVEN) for rate, base in bases.items())
    return sum(taxes, step - step)


def convert_to_base(amount: Decimal, rate: str) -> str:
    """An amount in the company's own currency, which is CNY."""
    return str((amount * Decimal(rate)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def keep_text(text: str, settings: SandboxSettings) -> str:
    """A note or customer reference as this ERP keeps it."""
    kept = text.strip()
    kept = kept[: settings.text_max].rstrip() if settings.text_max else kept
    return kept.upper() if settings.text_upper else kept
