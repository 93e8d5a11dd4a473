"""From a business event to the entries of a voucher: pure, and balanced by construction.

Amounts are rounded half-up position by position and only then added up; a total is never split again. Of the amounts
that add up to another one, in whichever currency, the last is always the rest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.crm.ledger import LedgerSettings, VoucherRule
from hub.crm.voucher import check_balance
from hub.errors import RuleBroken
from hub.model.money import add_exactly, divide_money, multiply_exactly, round_money
from hub.model.voucher import VoucherLine, VoucherTrigger

ZERO, ONE = Decimal(0), Decimal(1)
SUMMARY_MAX = 200
"""The shortest limit that a ledger is known to have."""
BANK = "bank"


@dataclass(frozen=True)
class Part:
    """One position of an event: its amounts in the document's currency and in the ledger's."""

    amounts: Mapping[str, Decimal]
    base: Mapping[str, Decimal]
    product_id: UUID | None = None


@dataclass(frozen=True)
class Event:
    """What happened, as far as a ledger cares."""

    trigger: VoucherTrigger
    kind: str
    source_id: UUID
    number: str
    day: date
    currency: str
    rate: Decimal
    parts: tuple[Part, ...]
    account_id: UUID | None = None
    customer: str = ""
    orders: tuple[str, ...] = ()
    method: str = ""
    organisation_id: UUID | None = None


@dataclass(frozen=True)
class Posting:
    """The entries of one event, ready to become a voucher."""

    event: Event
    lines: tuple[VoucherLine, ...]
    basis: str
    """Fingerprint of the document's part in it."""


def price_part(net: Decimal, tax: Decimal, rate: Decimal, ledger_currency: str, product_id: UUID | None = None) -> Part:
    """A position worth ``net`` and ``tax``; gross is what both add up to, here and in the ledger's currency."""
    base_net, base_tax = (round_money(multiply_exactly(value, rate), ledger_currency) for value in (net, tax))
    return Part(
        {"net": net, "tax": tax, "gross": net + tax},
        {"net": base_net, "tax": base_tax, "gross": base_net + base_tax},
        product_id,
    )


def pay_part(
    amount: Decimal,
    fee: Decimal,
    advance: Decimal,
    advance_net: Decimal,
    rate: Decimal,
    ledger_currency: str,
) -> Part:
    """Money of this ``amount``, of which the bank kept ``fee`` and ``advance`` is on account."""

    def split(amount: Decimal, fee: Decimal, advance: Decimal, net: Decimal) -> dict[str, Decimal]:
        return {
            "amount": amount, "fee": fee, "bank": amount - fee, "settled": amount - advance, "advance": advance,
            "advance_net": net, "advance_tax": advance - net,
        }  # fmt: skip

    told = (amount, fee, advance, advance_net)
    return Part(split(*told), split(*(round_money(multiply_exactly(value, rate), ledger_currency) for value in told)))


def take_net(gross: Decimal, tax_rate: Decimal, currency: str) -> Decimal:
    """What is left of an amount with tax when the tax is taken out, half-up."""
    return divide_money(gross, ONE + tax_rate, currency)


def post_event(event: Event, rule: VoucherRule, ledger: LedgerSettings, currency: str) -> Posting:
    """The entries that the rule makes of the event in a ledger kept in ``currency``.

    ``RuleBroken`` names the role that has no account, or the amounts of a rule that do not balance. Entries on one
    account with the same dimensions are one; those that come to nothing are left out.
    """
    summary = write_summary(event, rule)
    found: dict[tuple[Any, ...], list[tuple[Decimal, Decimal]]] = {}
    for line in rule.lines:
        role = ledger.methods.get(event.method, BANK) if line.role == BANK else line.role
        for part in event.parts:
            place = (line.side, role, *_take_dimensions(ledger, role, event, part))
            found.setdefault(place, []).append((part.amounts[line.amount], part.base[line.amount]))
    entries = list(_list_entries(event, ledger, currency, summary, found))
    lines = tuple(line.model_copy(update={"key": str(place)}) for place, line in enumerate(entries, 1))
    check_balance(event.number, currency, lines)
    return Posting(event, lines, fingerprint(event))


def _take_dimensions(
    ledger: LedgerSettings, role: str, event: Event, part: Part
) -> tuple[UUID | None, UUID | None, str, str]:
    kept = ledger.dimensions.get(role, ())
    return (
        event.account_id if "customer" in kept else None,
        part.product_id if "product" in kept else None,
        _name_dimension(ledger.departments, role, "department") if "department" in kept else "",
        _name_dimension(ledger.employees, role, "employee") if "employee" in kept else "",
    )


def _name_dimension(told: Mapping[str, str], role: str, dimension: str) -> str:
    if not told.get(role):
        raise RuleBroken("voucher.dimension_unsaid", role=role, dimension=dimension)
    return told[role]


def _list_entries(
    event: Event,
    ledger: LedgerSettings,
    currency: str,
    summary: str,
    found: Mapping[tuple[Any, ...], Sequence[tuple[Decimal, Decimal]]],
) -> Iterator[VoucherLine]:
    for (side, role, customer, product, department, employee), amounts in found.items():
        original, base = (add_exactly([pair[at] for pair in amounts]) for at in (0, 1))
        if not base:
            continue
        code = ledger.accounts.get(role, "")
        if not code:
            raise RuleBroken("voucher.role_unmapped", role=role, known=", ".join(sorted(ledger.accounts)) or "—")
        if base < 0 and ledger.red == "swap":
            side, original, base = _other(side), -original, -base
        yield VoucherLine(
            key="0", summary=summary, role=role, account_code=code, account_id=customer, product_id=product,
            department=department, employee=employee, currency=event.currency, rate=event.rate, amount=original,
            debit=base if side == "debit" else ZERO, credit=base if side == "credit" else ZERO,
        )  # fmt: skip


def _other(side: str) -> str:
    return "credit" if side == "debit" else "debit"


def write_summary(event: Event, rule: VoucherRule) -> str:
    """The text of the entries; a long name of the customer gives way, never the numbers."""
    told = {"date": event.day.isoformat(), "order": " ".join(event.orders), "number": event.number}
    bare = rule.summary.format(**told, customer="")
    room = max(0, SUMMARY_MAX - len(bare))
    return " ".join(rule.summary.format(**told, customer=event.customer[:room]).split())[:SUMMARY_MAX]


def reverse_lines(lines: Sequence[VoucherLine], red: str, mark: str) -> tuple[VoucherLine, ...]:
    """The same entries taken back, in the style of the ledger. ``mark`` begins their text."""
    return tuple(
        line.model_copy(
            update={
                "summary": f"{mark} {line.summary}"[:SUMMARY_MAX],
                **(
                    {"debit": line.credit, "credit": line.debit}
                    if red == "swap"
                    else {"debit": -line.debit, "credit": -line.credit, "amount": -line.amount}
                ),
            }
        )
        for line in lines
    )


def fingerprint(event: Event) -> str:
    """Tells whether the document says something else now. An allocation has no day of its own."""
    told = [
        "" if event.trigger is VoucherTrigger.OFFSET else event.day.isoformat(), event.currency, _plain(event.rate),
        str(event.account_id), event.method,
        *([str(part.product_id), *(f"{name} {_plain(part.amounts[name])}" for name in sorted(part.amounts))]
          for part in event.parts),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
