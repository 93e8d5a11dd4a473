"""Amounts of documents with lines: line and header figures, and the comparison with another system's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

from hub.errors import RuleBroken
from hub.model.kinds import Fields
from hub.model.money import add_exactly, multiply_money
from hub.model.refusal import give_reason
from hub.model.sales import PricedLine
from hub.model.values import Scaled

L = TypeVar("L", bound=PricedLine)

FIGURES = ("net", "tax", "gross")
ZERO = Decimal(0)
_ONE = Decimal(1)
_storable = Scaled(6)


@dataclass(frozen=True, slots=True)
class Figures:
    """An amount without tax, the tax, and both together."""

    net: Decimal
    tax: Decimal
    gross: Decimal

    def as_values(self, kind: str) -> dict[str, Decimal]:
        return {name: check_amount(kind, name, getattr(self, name)) for name in FIGURES}


@dataclass(frozen=True, slots=True)
class Difference:
    """Figures that do not agree. ``field`` is ``gross``, or ``lines.<key>.gross`` for a line."""

    field: str
    expected: Decimal
    found: Decimal

    @property
    def amount(self) -> Decimal:
        return self.found - self.expected


def complete_figures(kind: str, values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """Line figures, header figures and ``base_gross``. Ours are rounded half-up per line to the currency."""
    values = complete_lines(kind, values, own_figures)
    given = {} if own_figures else {name: values[name] for name in FIGURES if name in values}
    if len(given) < len(FIGURES):
        values.update(_fill(given, _sum_lines(values.get("lines", ()))).as_values(kind))
    if own_figures or "base_gross" not in values:
        values["base_gross"] = check_amount(kind, "base_gross", convert_to_base(values, values["gross"]))
    return values


def complete_lines(kind: str, values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """The same for the lines alone."""
    if "currency" not in values:
        raise RuleBroken("crm.value_missing", kind=kind, field="currency")
    if "lines" in values:
        currency = values["currency"]
        values["lines"] = tuple([complete_line(kind, line, currency, own_figures) for line in values["lines"]])
    return values


def convert_to_base(values: Fields, amount: Decimal) -> Decimal:
    """The amount in the base currency of a document, in whole smallest units."""
    return multiply_money(amount, values.get("rate", _ONE), values.get("base_currency", "CNY"))


def complete_line(kind: str, line: L, currency: str, own_figures: bool) -> L:
    """The line with its figures; another system's own figures stay, only those it did not give are filled in."""
    told = line.model_fields_set
    if not own_figures and told.issuperset(FIGURES):
        return line
    given = {} if own_figures else {name: getattr(line, name) for name in FIGURES if name in told}
    net = given.get("net", _calculate_net(line, currency, ROUND_HALF_UP))
    tax = multiply_money(net, line.tax_rate, currency)
    figures = _fill(given, Figures(net, tax, net + tax))
    return line.model_copy(update=figures.as_values(kind))


def _calculate_net(line: PricedLine, currency: str, mode: str) -> Decimal:
    return multiply_money(line.quantity, line.unit_price, currency, mode)


def _fill(given: Mapping[str, Decimal], calculated: Figures) -> Figures:
    """The given figures; of the missing ones, what follows from net + tax = gross first, the calculated ones else."""
    net, tax, gross = (given.get(name) for name in FIGURES)
    if tax is None:
        tax = gross - net if net is not None and gross is not None else calculated.tax
    if net is None:
        net = gross - tax if gross is not None else calculated.net
    return Figures(net, tax, gross if gross is not None else net + tax)


def _sum_lines(lines: Sequence[PricedLine]) -> Figures:
    return Figures(*(add_exactly([getattr(line, name) for line in lines]) for name in FIGURES))


def check_amount(kind: str, field: str, amount: Decimal) -> Decimal:
    """The amount, refused when the column cannot keep it."""
    try:
        return _storable.check(amount)
    except ValueError as error:
        raise RuleBroken(
            "crm.amount_unusable", kind=kind, field=field, value=amount, what=give_reason(error)
        ) from error


def check_rate(values: Any) -> None:
    """An exchange rate is above zero, and one within one currency."""
    if values.rate <= 0 or (values.currency == values.base_currency and values.rate != 1):
        raise RuleBroken("crm.rate_impossible", rate=values.rate, currency=values.currency, base=values.base_currency)


def check_totals(values: Fields, tolerance: Decimal = ZERO) -> Difference | None:
    """The first disagreement above the tolerance within a document: net + tax = gross in each line and in the header,
    and the sum of the lines = header (not compared when ``values`` has no ``lines`` at all)."""
    checks = [_compare_gross("gross", _figures_of(values))]
    if "lines" in values:
        lines = values["lines"]
        checks += [_compare_gross(f"lines.{line.key}.gross", _figures_of(dict(line))) for line in lines]
        checks += _compare(_sum_lines(lines), _figures_of(values))
    return _first_above(checks, tolerance)


def check_declared(values: Fields, rounding: str, tolerance: Decimal = ZERO) -> Difference | None:
    """The first header figure that differs by more than the tolerance from what quantities, prices and tax rates give
    under the system's declared rounding (``ROUNDINGS``), in whole smallest units of the document's currency."""
    expected = calculate_declared(values.get("lines", ()), values["currency"], rounding)
    for name, amount in (("net", expected.net), ("tax", expected.tax), ("gross", expected.gross)):
        found = values.get(name, ZERO)
        if abs(found - amount) > tolerance:
            return Difference(name, amount, found)
    return None


def calculate_declared(lines: Sequence[PricedLine], currency: str, rounding: str) -> Figures:
    """What a system that rounds like this makes of the lines."""
    declared = ROUNDINGS.get(rounding)
    if declared is None:
        raise RuleBroken("crm.rounding_unknown", rounding=rounding, known=", ".join(ROUNDINGS))
    whole, mode = declared
    nets = [_calculate_net(line, currency, mode) for line in lines]
    net = add_exactly(nets)
    if whole:  # tax is rounded once for each rate of the document, else once for each line
        groups: dict[Decimal, list[Decimal]] = {}
        for line, amount in zip(lines, nets, strict=True):
            groups.setdefault(line.tax_rate, []).append(amount)
        taxes = [multiply_money(add_exactly(group), rate, currency, mode) for rate, group in groups.items()]
    else:
        taxes = [
            multiply_money(amount, line.tax_rate, currency, mode) for line, amount in zip(lines, nets, strict=True)
        ]
    tax = add_exactly(taxes)
    return Figures(net, tax, net + tax)


ROUNDINGS: Mapping[str, tuple[bool, str]] = {
    "line": (False, ROUND_HALF_UP),
    "document": (True, ROUND_HALF_EVEN),
    "line-half-even": (False, ROUND_HALF_EVEN),
    "document-half-up": (True, ROUND_HALF_UP),
}
"""How a system rounds → whether tax is rounded over the whole document, and what becomes of a half."""


def _figures_of(values: Fields) -> Figures:
    return Figures(*(values.get(name, ZERO) for name in FIGURES))


def _compare_gross(field: str, figures: Figures) -> Difference:
    return Difference(field, figures.net + figures.tax, figures.gross)


def _compare(expected: Figures, found: Figures) -> list[Difference]:
    return [Difference(name, getattr(expected, name), getattr(found, name)) for name in FIGURES]


def _first_above(differences: Sequence[Difference], tolerance: Decimal) -> Difference | None:
    return next((difference for difference in differences if abs(difference.amount) > tolerance), None)
