"""A sales desk beside a ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hub.crm.ledger import LedgerSettings
from hub.model.money import add_exactly
from hub.model.voucher import Voucher
from hub.sync.booking import book_changed
from hub.sync.todo import TodoFilter, TodoItem, list_todo
from hub.sync.vouchers import Outcome, list_vouchers, make_vouchers
from tests.sync.scenes import Scene
from tests.sync.selling import Desk

ACCOUNTS = {
    "receivable": "1122", "revenue": "6001", "output_vat": "22210106", "output_vat_pending": "222107", "bank": "1002",
    "advance": "2205", "fee": "6603",
}  # fmt: skip


class Office(Desk):
    """A desk beside a ledger."""

    def __init__(self, scene: Scene, **ledger: Any) -> None:
        super().__init__(scene)
        self.set_ledger(**ledger)
        self.customer = self.account()
        self.product = self.make("product", name="轴承", number="Z-1", unit="pcs")

    def set_ledger(self, closed_through: str | None = None, **more: Any) -> None:
        told = {"since": "2026-01-01", "accounts": ACCOUNTS, **more}
        ours = self.hub.config.organisation.model_copy(
            update={"closed_through": date.fromisoformat(closed_through) if closed_through else None}
        )
        ledgers = {"main": LedgerSettings.model_validate(told)}
        self.hub.config = self.hub.config.model_copy(update={"ledgers": ledgers, "organisation": ours})

    def order(self, *lines: dict[str, Any]) -> Any:
        values = {"account_id": self.customer.id, "ordered_on": "2026-03-01", "lines": list(lines) or [self.line()]}
        made = self.make("order", **values)
        return self.edit(self.edit(made, state="submitted"), state="approved")

    def line(self, quantity: str = "2", price: str = "50") -> dict[str, Any]:
        return {"product_id": self.product.id, "quantity": quantity, "unit_price": price, "tax_rate": "0.13"}

    def invoice(self, order: Any, **more: Any) -> Any:
        lines = [{**self.line(), "order_id": order.id, "order_line": "1"}]
        values = {"account_id": self.customer.id, "invoiced_on": "2026-03-05", "lines": lines, **more}
        return self.edit(self.make("invoice", **values), state="posted")

    def deliver(self, order: Any, quantity: str = "2") -> Any:
        rows = [{"product_id": self.product.id, "order_line": "1", "quantity": quantity}]
        values = {"account_id": self.customer.id, "order_id": order.id, "delivered_on": "2026-03-03", "lines": rows}
        return self.edit(self.make("delivery", **values), state="done")

    def pay(self, amount: str, *rows: dict[str, Any], **more: Any) -> Any:
        values = {"account_id": self.customer.id, "amount": amount, "paid_on": "2026-03-08", **more}
        return self.edit(self.make("payment", allocations=list(rows), **values), state="succeeded")

    def tick(self, **more: Any) -> list[tuple[str, str]]:
        """What a ledger that books by itself does a minute later."""
        self.scene.clock.pass_time(61)
        return told(book_changed(self.hub, **more))

    def waits(self, **chosen: Any) -> list[TodoItem]:
        return [item for item in list_todo(self.hub, TodoFilter(**chosen)) if item.thing.startswith("voucher:")]

    def book(self, order: Any = None, **more: Any) -> list[Outcome]:
        return list(make_vouchers(self.hub, "li", order=order, **more))

    def post(self, voucher: Any) -> Any:
        return self.edit(voucher, state="posted")

    def vouchers(self) -> list[Voucher]:
        found = [row.voucher for row in list_vouchers(self.hub, None)]
        return sorted(found, key=lambda voucher: voucher.number)

    def balance(self) -> dict[str, Decimal]:
        """Account → debit less credit over all living vouchers; zeros left out."""
        lines = [line for row in self.vouchers() if row.state.value != "void" for line in row.lines]
        codes = dict.fromkeys(line.account_code for line in lines)
        sums = {
            code: add_exactly([line.debit - line.credit for line in lines if line.account_code == code])
            for code in codes
        }
        return {code: amount for code, amount in sums.items() if amount}


def told(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.trigger.value, outcome.action) for outcome in outcomes]


def to_invoice(invoice: Any, amount: str) -> dict[str, Any]:
    return {"target": "invoice", "invoice_id": invoice.id, "amount": amount}


def to_order(order: Any, amount: str) -> dict[str, Any]:
    return {"target": "order", "order_id": order.id, "amount": amount}
