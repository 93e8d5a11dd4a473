"""People on both sides. What they type is unlike anything else, so that every value tells who wrote it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from connectors.sandbox.simulator import USER, ErpRefused, Person, SandboxErp, make_uscc
from connectors.sandbox.simulator.amounts import keep_text
from hub.errors import RuleBroken
from hub.model.kinds import find_kind
from hub.sync.context import Hub
from hub.sync.records import create_record, edit_record, void_record
from tests.storm.door import POISON

ORDER_LIMIT = 7
"""How many orders people make in the hub."""
SALE_LIMIT = 3
"""How many they make there, copies not counted."""


class Notebook:
    """Who wrote which note where, and what he had in front of him when he did: for the check of silent overwriting.

    Keys are (kind, place) where place is a hub id or a remote id; notes are kept as the ERP keeps text.
    """

    def __init__(self, erp: SandboxErp) -> None:
        self._erp = erp
        self.written: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self.shown: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.ended: set[str] = set()
        """Hub ids and remote ids of what people voided or deleted."""

    def note(self, side: str, kind: str, place: str, before: str, after: str) -> None:
        self.written[side, kind, place].append(keep_text(after, self._erp.settings))
        self.shown[side, kind, place].add(keep_text(before, self._erp.settings))

    def authored(self, side: str) -> set[str]:
        return {text for (wrote, _, _), texts in self.written.items() if wrote == side for text in texts}


class HubPeople:
    """People who work in the hub."""

    def __init__(self, hub: Hub, chance: random.Random, notebook: Notebook, *, poison: bool = False) -> None:
        self._hub = hub
        self._poison = poison
        self._chance = chance
        self._notebook = notebook
        self._typed = 0
        self._orders = 0

    def act(self) -> str:
        """Do something; what it was, in words."""
        action = self._chance.choices(
            (self.add_order, self.edit_note, self.edit_lines, self.edit_reference, self.void_order, self.add_customer,
             self.edit_customer),
            weights=(30, 22, 22, 8, 6, 4, 12),
        )[0]  # fmt: skip
        try:
            return action()
        except RuleBroken as refused:
            return f"{action.__name__} refused at the hub: {refused.code}"

    def add_order(self) -> str:
        customers = self._list("account")
        if self._orders >= ORDER_LIMIT or not customers:
            return "nothing to add"
        self._orders += 1
        bad = self._poison and self._chance.random() < 0.15
        values = {
            "account_id": self._chance.choice(customers).id,
            "note": f"{POISON} {self._type('h')}" if bad else self._type("h"),
            "lines": [self._draw_line() for _ in range(self._chance.choice((1, 1, 2)))],
        }
        order: Any = create_record(self._hub, "order", values, "li")
        self._notebook.note("hub", "order", str(order.id), "", order.note)
        return f"order {order.number} made with note {order.note}"

    def _draw_line(self) -> dict[str, Any]:
        products = self._list("product")
        product = {"product_id": self._chance.choice(products).id} if products and self._chance.random() < 0.7 else {}
        return {
            **(product or {"name": "freight"}),
            "quantity": str(self._chance.randrange(1, 20)),
            "unit_price": f"{self._chance.randrange(100, 99999) / 100:.2f}",
            "tax_rate": self._chance.choice(("0.13", "0.06", "0")),
        }

    def edit_note(self) -> str:
        return self._edit("order", "note", self._type("h"))

    def edit_reference(self) -> str:
        return self._edit("order", "reference", self._type("k"))

    def edit_customer(self) -> str:
        name = self._chance.choice(("note", "note", "phone", "email"))
        return self._edit("account", name, self._type("h"))

    def edit_lines(self) -> str:
        order = self._pick("order")
        if order is None or not order.lines:
            return "no order to edit"
        lines = [line.model_dump() for line in order.lines]
        if self._chance.random() < 0.25:
            lines.append({"key": f"x{self._typed}", **self._draw_line()})
        elif len(lines) > 1 and self._chance.random() < 0.25:
            lines.pop()
        else:
            lines[0]["quantity"] = str(self._chance.randrange(1, 20))
        edit_record(self._hub, "order", order.id, {"lines": lines}, "li")
        return f"order {order.number}: lines edited"

    def void_order(self) -> str:
        order = self._pick("order")
        if order is None:
            return "no order to void"
        void_record(self._hub, "order", order.id, "li")
        self._notebook.ended.add(str(order.id))
        return f"order {order.number} voided in the hub"

    def add_customer(self) -> str:
        values: dict[str, Any] = {"name": f"customer {self._type('h')}"}
        if self._chance.random() < 0.5:
            values["identifiers"] = [{"kind": "uscc", "value": make_uscc(self._chance)}]
        create_record(self._hub, "account", values, "li")
        return f"{values['name']} made"

    def _edit(self, kind: str, name: str, value: str) -> str:
        record = self._pick(kind)
        if record is None:
            return f"no {kind} to edit"
        edit_record(self._hub, kind, record.id, {name: value}, "li")
        if name == "note":
            self._notebook.note("hub", kind, str(record.id), record.note, value)
        return f"{kind} {record.id} ({getattr(record, 'number', '')}): {name} is {value}"

    def _type(self, letter: str) -> str:
        self._typed += 1
        return f"{letter}{self._typed}" + ("-longer" if self._chance.random() < 0.3 else "")

    def _pick(self, kind: str) -> Any:
        records = [record for record in self._list(kind) if getattr(record, "state", "") != "void"]
        return self._chance.choice(records) if records else None

    def _list(self, kind: str) -> list[Any]:
        with self._hub.store.read() as tx:
            return list(tx.find(find_kind(kind), order=["id"]))


class ErpPeople:
    """The accountant and the sales staff of the ERP. ``deletes``: whether they also delete drafts; ``poison``: whether
    they make what the hub cannot read."""

    def __init__(
        self, erp: SandboxErp, chance: random.Random, notebook: Notebook, *, deletes: bool, poison: bool = False
    ) -> None:
        self._poison = poison
        self._erp = erp
        self._person = Person(erp, "wang")
        self._chance = chance
        self._notebook = notebook
        self._deletes = deletes
        self._typed = 0
        self._sales = 0

    def act(self) -> str:
        """Do something; what it was, in words."""
        sales = [sale for sale in self._erp.documents("sale") if not sale.get("deleted") and sale["status"] != "void"]
        ours = [sale for sale in sales if sale["created_by"] == USER and sale["status"] in ("draft", "submitted")]
        roll = self._chance.random()
        try:
            if ours and roll < 0.4:
                return self._handle_draft(self._chance.choice(ours))
            if roll < 0.52:
                return self._make_sale()
            if roll < 0.68 or not sales:
                return self._edit_partner()
            return self._handle_sale(self._chance.choice(sales))
        except ErpRefused as refused:
            return f"refused there: {refused.message}"

    def _handle_draft(self, sale: Any) -> str:
        roll = self._chance.random()
        if roll < 0.6:
            return self._tell(self._person.approve(sale["id"]))
        if roll < 0.7:
            return self._write_note(sale)
        if roll < 0.78:
            return self._edit_quantity(sale)
        if roll < 0.86:
            return self._tell(self._person.send_back(sale["id"]))
        if roll < 0.94 or not self._deletes:
            return self._void(sale)
        self._person.delete("sale", sale["id"])
        self._notebook.ended.add(sale["id"])
        return f"{sale['id']} deleted"

    def _handle_sale(self, sale: Any) -> str:
        steps: list[tuple[Callable[[], str], int]] = [
            (lambda: self._write_note(sale), 30),
            (lambda: self._edit_quantity(sale), 10),
            (lambda: self._change_lines(sale), 6),
            (lambda: self._tell(self._person.approve(sale["id"])), 10),
            (lambda: self._tell(self._person.send_back(sale["id"])), 8),
            (lambda: self._tell(self._person.ship(sale["id"])), 10),
            (lambda: self._tell(self._person.invoice(sale["id"])), 4),
            (lambda: self._tell(self._person.cancel_invoice(sale["id"])), 4),
            (lambda: self._tell(self._person.close(sale["id"])), 4),
            (lambda: self._void(sale), 8),
            (lambda: self._copy(sale), 6),
        ]
        return self._chance.choices([step for step, _ in steps], weights=[weight for _, weight in steps])[0]()

    def _void(self, sale: Any) -> str:
        done = self._tell(self._person.void(sale["id"]))
        self._notebook.ended.add(sale["id"])
        return done

    def _copy(self, sale: Any) -> str:
        made = self._person.copy(sale["id"])
        self._notebook.note("erp", "order", made["id"], "", made["note"])
        return f"{made['id']} copied from {sale['id']}, our reference with it"

    def _make_sale(self) -> str:
        partners = self._erp.documents("partner")
        if self._sales >= SALE_LIMIT or not partners:
            return "nothing to make"
        self._sales += 1
        line = {"text": "native", "quantity": str(self._chance.randrange(1, 9)), "price": "10.00", "tax_percent": "13"}
        note = self._type()
        status = self._chance.choice(("approved", None))
        customer = self._chance.choice(partners)["id"]
        more = {"currency": "ZZZ"} if self._poison and self._chance.random() < 0.4 else {}
        made = self._person.create("sale", status=status, customer=customer, note=note, lines=[line], **more)
        self._notebook.note("erp", "order", made["id"], "", made["note"])
        return f"{made['id']} made there"

    def _edit_partner(self) -> str:
        partner = self._chance.choice(self._erp.documents("partner"))
        name = self._chance.choice(("note", "note", "phone", "city"))
        value = self._type()
        self._person.edit("partner", partner["id"], **{name: value})
        if name == "note":
            self._notebook.note("erp", "account", partner["id"], partner["note"], value)
        return f"{partner['id']}: {name} is {value}"

    def _write_note(self, sale: Any) -> str:
        value = self._type()
        self._person.edit("sale", sale["id"], note=value)
        self._notebook.note("erp", "order", sale["id"], sale["note"], value)
        return f"{sale['id']}: note is {value}"

    def _edit_quantity(self, sale: Any) -> str:
        if not sale["lines"]:
            return f"{sale['id']} has no lines"
        quantity = str(self._chance.randrange(20, 40))
        self._person.edit_line(sale["id"], sale["lines"][0]["id"], quantity=quantity)
        return f"{sale['id']}: quantity {quantity}"

    def _change_lines(self, sale: Any) -> str:
        """One line more, or one less."""
        kept: list[dict[str, Any]] = [{"id": line["id"]} for line in sale["lines"]]
        if len(kept) > 1 and self._chance.random() < 0.5:
            kept.pop(self._chance.randrange(len(kept)))
        else:
            kept.append({"text": "packing", "quantity": "1", "price": "4.00", "tax_percent": "13"})
        self._person.edit("sale", sale["id"], lines=kept)
        return f"{sale['id']}: {len(kept)} lines"

    def _tell(self, sale: Any) -> str:
        return f"{sale['id']} is {sale['status']}, shipping {sale['shipping']}"

    def _type(self) -> str:
        self._typed += 1
        return f"e{self._typed}" + ("-longer" if self._chance.random() < 0.3 else "")
