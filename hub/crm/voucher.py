"""Vouchers: their states, and what every ledger insists on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub.crm.checks import check_line_keys
from hub.crm.figures import check_amount
from hub.crm.rules import Finder, Rules, Transitions
from hub.errors import RuleBroken
from hub.model.money import add_exactly, places_of
from hub.model.voucher import Voucher, VoucherLine, VoucherState

TRANSITIONS: Transitions = {
    VoucherState.DRAFT: frozenset({VoucherState.SUBMITTED, VoucherState.POSTED, VoucherState.VOID}),
    VoucherState.SUBMITTED: frozenset({VoucherState.DRAFT, VoucherState.POSTED, VoucherState.VOID}),
    # Back to draft: 反审核 there. A posted one is never voided: a red voucher takes it back.
    VoucherState.POSTED: frozenset({VoucherState.DRAFT}),
    VoucherState.VOID: frozenset(),
}
FROZEN = ("ledger", "word", "booked_on", "currency", "lines", "source_kind", "source_id", "trigger", "reverses_id")
FEWEST_LINES = 2


def complete(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """The totals of both sides."""
    lines = values.get("lines", ())
    for side in ("debit", "credit"):
        if own_figures or side not in values:
            values[side] = check_amount("voucher", side, add_exactly([getattr(line, side) for line in lines]))
    return values


def check(voucher: Voucher, previous: Voucher | None, remote: bool) -> None:
    """Balanced, each line on one side; a posted one stays as it is."""
    check_line_keys("voucher", "lines", voucher.lines)
    if remote:
        return
    if voucher.lines:
        check_balance(voucher.number, voucher.currency, voucher.lines)
    if previous is not None and previous.state is VoucherState.POSTED:
        changed = [name for name in FROZEN if getattr(voucher, name) != getattr(previous, name)]
        if voucher.state is not VoucherState.POSTED:
            changed.append("state")
        if changed:
            raise RuleBroken("voucher.posted", number=voucher.number, fields=", ".join(changed))


def check_balance(number: str, currency: str, lines: Sequence[VoucherLine]) -> None:
    """``RuleBroken`` unless there are two lines, each has one side, in whole smallest units, and both sides agree."""
    if len(lines) < FEWEST_LINES:
        raise RuleBroken("voucher.too_few_lines", number=number, count=len(lines))
    step = Decimal(1).scaleb(-places_of(currency))
    for line in lines:
        if bool(line.debit) == bool(line.credit):
            raise RuleBroken("voucher.one_side", number=number, key=line.key, account=line.account_code)
        if (line.debit + line.credit) % step:
            raise RuleBroken("voucher.too_fine", number=number, key=line.key, amount=line.debit + line.credit)
    debit, credit = (add_exactly([getattr(line, side) for line in lines]) for side in ("debit", "credit"))
    if debit != credit:
        raise RuleBroken("voucher.unbalanced", number=number, debit=debit, credit=credit)


def check_relations(voucher: Voucher, find: Finder) -> None:
    """A red voucher takes back a posted one of the same ledger."""
    if voucher.reverses_id is None:
        return
    found = find("voucher", voucher.reverses_id)
    if isinstance(found, Voucher) and found.ledger != voucher.ledger:
        raise RuleBroken("voucher.reverses_other", number=voucher.number, other=found.number)


RULES = Rules("voucher", TRANSITIONS, complete, check, check_relations)
