"""Receipts and refunds in a storm: what people do with them on both sides, and what must hold for them at the end."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.simulator import ErpRefused, Person, SandboxErp
from hub.crm.settlement import judge_payment
from hub.errors import RuleBroken
from hub.model.kinds import find_kind
from hub.protocol.binding import BindingState
from hub.sync.context import Hub
from hub.sync.records import create_record, edit_record, void_record

if TYPE_CHECKING:
    from tests.storm.checks import Books
    from tests.storm.people import Notebook

LIMIT = 6
"""How many payments people make on each side."""
EFFECTIVE = ("approved", "closed")
ENDED = (BindingState.TOMB, BindingState.FOREIGN)


class HubTill:
    """Whoever keeps the till in the hub: part payments, too much, money for orders that are not there yet, refunds."""

    def __init__(self, hub: Hub, chance: random.Random, notebook: Notebook) -> None:
        self._hub = hub
        self._chance = chance
        self._notebook = notebook
        self._made = 0

    def act(self) -> str:
        action = self._chance.choices(
            (self.receive, self.correct, self.give_back, self.void), weights=(45, 20, 20, 15)
        )[0]
        try:
            return action()
        except RuleBroken as refused:
            return f"{action.__name__} refused at the hub: {refused.code}"

    def receive(self) -> str:
        orders = [order for order in self._list("order") if order.state != "void" and order.gross > 0]
        if self._made >= LIMIT or not orders:
            return "nothing to receive"
        order = self._chance.choice(orders)
        return self._make(order, _draw_part(self._chance, order.gross), {})

    def give_back(self) -> str:
        receipts = [row for row in self._list("payment") if row.state == "succeeded" and row.type == "receipt"]
        rows = [(row, part) for row in receipts for part in row.allocations[:1] if part.order_id]
        if self._made >= LIMIT or not rows:
            return "nothing to give back"
        receipt, part = self._chance.choice(rows)
        order = next(row for row in self._list("order") if row.id == part.order_id)
        amount = _draw_part(self._chance, receipt.amount)
        return self._make(order, amount, {"type": "refund", "reverses_id": str(receipt.id)})

    def _make(self, order: Any, amount: Decimal, more: dict[str, Any]) -> str:
        row = {"target": "order", "order_id": str(order.id), "amount": str(amount)}
        values = {"account_id": str(order.account_id), "amount": str(amount), "allocations": [row], **more}
        made: Any = create_record(self._hub, "payment", values, "li")
        self._made += 1
        return f"payment {made.number}: {made.type} of {amount} for {order.number}"

    def correct(self) -> str:
        """A draft was typed wrong, or a bank number comes in late."""
        payment = self._pick()
        if payment is None:
            return "nothing to correct"
        if self._chance.random() < 0.5 or not payment.allocations:
            reference = f"T{self._chance.randrange(10**6)}"
            edit_record(self._hub, "payment", payment.id, {"reference": reference}, "li")
            return f"payment {payment.number}: reference {reference}"
        amount = payment.amount - Decimal("0.01")
        rows = [{**payment.allocations[0].model_dump(mode="json"), "amount": str(amount)}]
        edit_record(self._hub, "payment", payment.id, {"amount": str(amount), "allocations": rows}, "li")
        return f"payment {payment.number}: amount {amount}"

    def void(self) -> str:
        payment = self._pick()
        if payment is None:
            return "nothing to void"
        void_record(self._hub, "payment", payment.id, "li")
        self._notebook.ended.add(str(payment.id))
        return f"payment {payment.number} voided in the hub"

    def _pick(self) -> Any:
        found = [row for row in self._list("payment") if row.state != "void"]
        return self._chance.choice(found) if found else None

    def _list(self, kind: str) -> list[Any]:
        with self._hub.store.read() as tx:
            return list(tx.find(find_kind(kind), order=["id"]))


class ErpTill:
    """The same in the ERP; there nobody minds being paid too much."""

    def __init__(self, erp: SandboxErp, chance: random.Random, notebook: Notebook) -> None:
        self._erp = erp
        self._person = Person(erp, "qian")
        self._chance = chance
        self._notebook = notebook
        self._made = 0

    def act(self) -> str:
        living = [row for row in self._erp.documents("payment") if not row.get("deleted") and row["status"] != "void"]
        early = [row for row in living if row["status"] in ("draft", "submitted")]
        roll = self._chance.random()
        try:
            if early and roll < 0.5:
                return self._tell(self._person.approve(self._chance.choice(early)["id"]))
            if roll < 0.65 or not living:
                return self._receive()
            return self._handle(self._chance.choice(living))
        except ErpRefused as refused:
            return f"refused there: {refused.message}"

    def _receive(self) -> str:
        sales = [row for row in self._erp.documents("sale") if not row.get("deleted") and row["status"] in EFFECTIVE]
        sales = [row for row in sales if Decimal(row["gross"]) > 0]
        if self._made >= LIMIT or not sales:
            return "nothing to receive"
        self._made += 1
        sale = self._chance.choice(sales)
        amount = _draw_part(self._chance, Decimal(sale["gross"])) * self._chance.choice((1, 1, 2))
        return self._tell(self._person.receive(sale["id"], str(amount)))

    def _handle(self, row: Any) -> str:
        steps: list[tuple[Callable[[], Any], int]] = [
            (lambda: self._person.edit("payment", row["id"], note=f"q{self._chance.randrange(10**6)}"), 3),
            (lambda: self._person.send_back(row["id"]), 2),
            (lambda: self._void(row), 2),
            (lambda: self._give_back(row), 2),
        ]
        return self._tell(self._chance.choices([step for step, _ in steps], [weight for _, weight in steps])[0]())

    def _void(self, row: Any) -> Any:
        done = self._person.void(row["id"])
        self._notebook.ended.add(row["id"])
        return done

    def _give_back(self, row: Any) -> Any:
        if row["type"] != "receipt" or row["status"] not in EFFECTIVE or self._made >= LIMIT:
            return row
        self._made += 1
        return self._person.give_back(row["id"], str(_draw_part(self._chance, Decimal(row["amount"]))))

    def _tell(self, row: Any) -> str:
        return f"{row['id']} ({row['type']} of {row['amount']}) is {row['status']}"


def _draw_part(chance: random.Random, whole: Decimal) -> Decimal:
    """All of it, or a part in whole cents."""
    cents = int(whole * 100)
    return whole if cents < 2 or chance.random() < 0.3 else Decimal(chance.randrange(1, cents)) / 100


STATES = {"draft": "draft", "submitted": "submitted", "approved": "succeeded", "closed": "succeeded", "void": "void"}


def compare_payment(books: Books, record: Any, row: Any) -> Iterator[tuple[str, Any, Any]]:
    """(field, here, there) of one payment."""
    yield "account_id", row["customer"] in books.remote_ids("account", record.account_id), True
    yield "type", record.type.value, row["type"]
    yield "paid_on", str(record.paid_on), row["date"]
    yield "currency", record.currency, row["currency"]
    yield "amount", record.amount, Decimal(row["amount"])
    yield "reference", books.keep(record.reference), row["bank_ref"]
    yield "note", books.keep(record.note), row["note"]
    yield "state", record.state.value, STATES[row["status"]]
    here = [(part.amount, sorted(books.remote_ids("order", part.order_id))) for part in record.allocations]
    there = [(Decimal(part["amount"]), [part["sale"]]) for part in row["allocations"]]
    yield "allocations", sorted(here), sorted(there)


def check_paid(books: Books) -> Iterator[str]:
    """What has been paid on an order is the sum of what its payments there say, and its state follows; a refund
    never gives back more than its receipt brought, as far as the hub was asked."""
    there: dict[str, Decimal] = defaultdict(Decimal)
    for paid in books.documents["payment"].values():
        for part in paid["allocations"] if paid["status"] in EFFECTIVE and not paid.get("deleted") else ():
            there[part["sale"]] += Decimal(part["amount"]) * (1 if paid["type"] == "receipt" else -1)
    unsettled = {
        part.order_id
        for row in books.bindings
        if row.kind == "payment" and (row.parked or row.held or row.state is BindingState.WAITING or not row.remote_id)
        for part in getattr(books.records["payment"].get(row.hub_id), "allocations", ())
    }
    for row in books.bindings:
        order: Any = books.records["order"].get(row.hub_id)
        if row.kind != "order" or order is None or not row.remote_id or row.parked or row.state in ENDED:
            continue
        if order.id in unsettled:
            continue
        books.figures["paid orders"] += order.paid != 0
        if order.paid != there[row.remote_id]:
            yield f"{order.number} has {order.paid} paid here, {there[row.remote_id]} there"
        if order.payment is not judge_payment(order.paid, order.gross):
            yield f"{order.number} is {order.payment}, with {order.paid} of {order.gross} paid"
