"""Sales orders: states, line and header figures, and the comparison with another system's figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from hub.crm.checks import check_line_keys, check_tax_rate
from hub.crm.rules import Rules, Transitions
from hub.errors import RuleBroken
from hub.model.kinds import Fields
from hub.model.money import add_exactly, multiply_exactly, round_money
from hub.model.refusal import give_reason
from hub.model.sales import Order, OrderLine, OrderState
from hub.model.values import Scaled

TRANSITIONS: Transitions = {
    OrderState.DRAFT: frozenset({OrderState.SUBMITTED, OrderState.VOID}),
    OrderState.SUBMITTED: frozenset({OrderState.APPROVED, OrderState.DRAFT, OrderState.VOID}),
    # Back to draft: the approval is taken back (反审核).
    OrderState.APPROVED: frozenset({OrderState.CLOSED, OrderState.DRAFT, OrderState.VOID}),
    OrderState.CLOSED: frozenset({OrderState.APPROVED}),
    OrderState.VOID: frozenset(),
}
FIGURES = ("net", "tax", "gross")
ZERO = Decimal(0)
_storable = Scaled(6)


@dataclass(frozen=True, slots=True)
class Figures:
    """An amount without tax, the tax, and both together."""

    net: Decimal
    tax: Decimal
    gross: Decimal

    def as_values(self) -> dict[str, Decimal]:
        return {name: _check_size(name, getattr(self, name)) for name in FIGURES}


@dataclass(frozen=True, slots=True)
class Difference:
    """Figures that do not agree. ``field`` is ``gross``, or ``lines.<key>.gross`` for a line."""

    field: str
    expected: Decimal
    found: Decimal

    @property
    def amount(self) -> Decimal:
        return self.found - self.expected


def complete(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """Line figures, header figures and ``base_gross``. Ours are rounded half-up per line to the currency."""
    if "currency" not in values:
        raise RuleBroken("crm.value_missing", kind="order", field="currency")
    currency = values["currency"]
    if "lines" in values:
        values["lines"] = tuple(complete_line(line, currency, own_figures) for line in values["lines"])
    given = {} if own_figures else {name: values[name] for name in FIGURES if name in values}
    values.update(_fill(given, _sum_lines(values.get("lines", ()))).as_values())
    if own_figures or "base_gross" not in values:
        in_base = multiply_exactly(values["gross"], values.get("rate", Decimal(1)))
        base_gross = round_money(in_base, values.get("base_currency", "CNY"))
        values["base_gross"] = _check_size("base_gross", base_gross)
    return values


def complete_line(line: OrderLine, currency: str, own_figures: bool) -> OrderLine:
    """The line with its figures; another system's own figures stay, only those it did not give are filled in."""
    given = {} if own_figures else {name: getattr(line, name) for name in FIGURES if name in line.model_fields_set}
    if len(given) == len(FIGURES):
        return line
    net = given.get("net", _calculate_net(line, currency, ROUND_HALF_UP))
    tax = round_money(multiply_exactly(net, line.tax_rate), currency)
    figures = _fill(given, Figures(net, tax, net + tax))
    return line.model_copy(update=figures.as_values())


def _calculate_net(line: OrderLine, currency: str, mode: str) -> Decimal:
    return round_money(multiply_exactly(line.quantity, line.unit_price), currency, mode)


def _fill(given: Mapping[str, Decimal], calculated: Figures) -> Figures:
    """The given figures; of the missing ones, what follows from net + tax = gross first, the calculated ones else."""
    net, tax, gross = (given.get(name) for name in FIGURES)
    if tax is None:
        tax = gross - net if net is not None and gross is not None else calculated.tax
    if net is None:
        net = gross - tax if gross is not None else calculated.net
    return Figures(net, tax, gross if gross is not None else net + tax)


def _sum_lines(lines: Sequence[OrderLine]) -> Figures:
    return Figures(*(add_exactly([getattr(line, name) for line in lines]) for name in FIGURES))


def _check_size(field: str, amount: Decimal) -> Decimal:
    try:
        return _storable.check(amount)
    except ValueError as error:
        raise RuleBroken(
            "crm.amount_unusable", kind="order", field=field, value=amount, what=give_reason(error)
        ) from error


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
    under the system's declared rounding: ``line`` (half-up per line) or ``document`` (half-even, tax by rate over the
    whole document)."""
    calculate = _DECLARED.get(rounding)
    if calculate is None:
        raise RuleBroken("crm.rounding_unknown", rounding=rounding, known=", ".join(_DECLARED))
    expected = calculate(values.get("lines", ()), values["currency"])
    return _first_above(_compare(expected, _figures_of(values)), tolerance)


def _calculate_by_line(lines: Sequence[OrderLine], currency: str) -> Figures:
    return _sum_lines([complete_line(line, currency, own_figures=True) for line in lines])


def _calculate_by_document(lines: Sequence[OrderLine], currency: str) -> Figures:
    nets: dict[Decimal, list[Decimal]] = {}
    for line in lines:
        nets.setdefault(line.tax_rate, []).append(_calculate_net(line, currency, ROUND_HALF_EVEN))
    net = add_exactly([amount for group in nets.values() for amount in group])
    taxes = [multiply_exactly(add_exactly(group), rate) for rate, group in nets.items()]
    tax = add_exactly([round_money(amount, currency, ROUND_HALF_EVEN) for amount in taxes])
    return Figures(net, tax, net + tax)


_DECLARED = {"line": _calculate_by_line, "document": _calculate_by_document}


def _figures_of(values: Fields) -> Figures:
    return Figures(*(values.get(name, ZERO) for name in FIGURES))


def _compare_gross(field: str, figures: Figures) -> Difference:
    return Difference(field, figures.net + figures.tax, figures.gross)


def _compare(expected: Figures, found: Figures) -> list[Difference]:
    return [Difference(name, getattr(expected, name), getattr(found, name)) for name in FIGURES]


def _first_above(differences: Sequence[Difference], tolerance: Decimal) -> Difference | None:
    return next((difference for difference in differences if abs(difference.amount) > tolerance), None)


def check(order: Order, previous: Order | None, remote: bool) -> None:
    """Rates and line keys; an order made here needs lines before it leaves the draft; a void one stays as it is."""
    check_line_keys("order", "lines", order.lines)
    if order.rate <= 0 or (order.currency == order.base_currency and order.rate != 1):
        raise RuleBroken("crm.rate_impossible", rate=order.rate, currency=order.currency, base=order.base_currency)
    for line in order.lines:
        check_tax_rate(f"order.lines.{line.key}.tax_rate", line.tax_rate)
    if remote:
        return
    if not order.lines and order.state not in (OrderState.DRAFT, OrderState.VOID):
        raise RuleBroken("crm.order_empty", state=order.state.value)
    if previous is not None and previous.state is OrderState.VOID and _content(order) != _content(previous):
        raise RuleBroken("crm.order_void", number=order.number)


def _content(order: Order) -> dict[str, Any]:
    return order.model_dump(exclude={"revision", "updated_at", "deleted_at", "tags", "custom", "attributes"})


RULES = Rules("order", TRANSITIONS, complete, check)
