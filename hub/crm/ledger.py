"""A ledger as the admin configures it: which event is booked on which accounts. Rules name accounts by role."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator, model_validator

from hub.locale import Phrase
from hub.model.values import Value
from hub.model.voucher import VoucherTrigger

Amounts = Literal[
    "net", "tax", "gross", "amount", "bank", "fee", "settled", "advance", "advance_net", "advance_tax"
]  # fmt: skip
PRICED: tuple[Amounts, ...] = ("net", "tax", "gross")
"""What a position of an order, a delivery or an invoice comes to."""
PAID: tuple[Amounts, ...] = ("amount", "bank", "fee", "settled", "advance", "advance_net", "advance_tax")
"""What money is made of: amount = bank + fee = settled + advance, and advance = advance_net + advance_tax."""
Dimension = Literal["customer", "product", "department", "employee"]
RevenueOn = Literal["order", "delivery", "invoice"]


class RuleLine(Value):
    """One entry of a rule."""

    role: str
    """What the account is for; the ledger says which account that is. ``bank`` follows the method of payment."""
    side: Literal["debit", "credit"]
    """借 or 贷."""
    amount: Amounts
    """Of which amount of the document."""


class VoucherRule(Value):
    """What becomes of one event."""

    trigger: VoucherTrigger
    """The event: order (approved), delivery (done), invoice (posted), receipt, refund, or offset (money on account is
    used)."""
    revenue_on: tuple[RevenueOn, ...] = ()
    """Only in ledgers that book revenue by one of these; empty: in all."""
    summary: str = "{date} {customer} {order}"
    """The text of its entries (摘要); knows {date}, {customer}, {order} and {number}."""
    lines: tuple[RuleLine, ...] = ()
    """Its entries; none: nothing is booked on this event."""

    @field_validator("summary")
    @classmethod
    def _check_summary(cls, summary: str) -> str:
        try:
            summary.format(date="", customer="", order="", number="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(Phrase("voucher.summary_unknown")) from error
        return summary

    @model_validator(mode="after")
    def _check_amounts(self) -> VoucherRule:
        money = self.trigger in (VoucherTrigger.RECEIPT, VoucherTrigger.REFUND, VoucherTrigger.OFFSET)
        known = PAID if money else PRICED
        wrong = sorted({line.amount for line in self.lines} - set(known))
        if wrong:
            raise ValueError(
                Phrase("voucher.amount_unknown", trigger=self.trigger.value, amount=wrong[0], known=", ".join(known))
            )
        return self


class LedgerSettings(Value):
    """One ledger (账簿). Accounts are yours alone: there is no default for any of them."""

    rules: Literal["enterprise", "small"] = "enterprise"
    """The shipped rules: 企业会计准则 or 小企业会计准则."""
    own_rules: tuple[VoucherRule, ...] = ()
    """Rules of your own; they come before the shipped ones of the same trigger."""
    revenue_on: RevenueOn = "invoice"
    """The event by which revenue is booked (收入确认时点)."""
    since: date
    """Documents dated earlier get no voucher."""
    accounts: dict[str, str] = {}
    """Role = account number in your chart, such as receivable = "1122". A role without account stops its vouchers."""
    dimensions: dict[str, tuple[Dimension, ...]] = {"receivable": ("customer",), "advance": ("customer",)}
    """Role = what its account is kept by (辅助核算)."""
    departments: dict[str, str] = {}
    """Role = department of its entries, where the account is kept by department."""
    employees: dict[str, str] = {}
    """Role = employee of its entries, where the account is kept by employee."""
    methods: dict[str, str] = {}
    """Method of payment = role of the account that the money goes to; others go to ``bank``."""
    word: str = "记"
    """凭证字."""
    red: Literal["negative", "swap"] = "negative"
    """Taking back: negative amounts on the same side (红字), or positive ones on the other side."""
    closed: Literal["hold", "next"] = "hold"
    """A document of a closed period: it waits, or its voucher is dated on the first open day."""
    tax_rate: Decimal = Field(default=Decimal("0.13"), ge=0, lt=1)
    """Rate of the tax in money on account that names no order."""
    automatic: bool = False
    """Make vouchers while `isthmus up` runs; else only when somebody says `isthmus voucher make`."""

    def find_rule(self, trigger: VoucherTrigger, shipped: Sequence[VoucherRule]) -> VoucherRule | None:
        """The first rule for the event, the ledger's own before the shipped ones; None: nothing is booked."""
        for rule in (*self.own_rules, *shipped):
            if rule.trigger is trigger and (not rule.revenue_on or self.revenue_on in rule.revenue_on):
                return rule if rule.lines else None
        return None
