"""People at work in Tryton: what a salesperson or an accountant does there, for tests and demo.

It imports nothing of the Tryton connector, and like the windows of the real client it writes children through their
parent (so the parent's change time moves) unless a test asks for the other way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from hub.testkit.tryton_rpc import TrytonRpc
from hub.testkit.tryton_seed import PAYMENT_JOURNAL, PAYMENT_TERM, category_name, find

STANDARD_RATE = Decimal("0.13")


@dataclass(frozen=True)
class Customer:
    name: str
    uscc: str | None = None
    phone: str | None = None
    email: str | None = None
    street: str = "人民路 1 号"
    city: str = "上海"
    code: str | None = None
    """Tryton's own customer number; drawn from its sequence when not given."""


@dataclass(frozen=True)
class Product:
    code: str
    name: str
    price: Decimal
    rate: Decimal = STANDARD_RATE
    unit: str = "Unit"
    """`Unit` allows whole quantities only, `Kilogram` two places."""


@dataclass(frozen=True)
class Line:
    product: int
    quantity: float
    unit_price: Decimal | None = None
    """The list price when not given."""


@dataclass(frozen=True)
class Order:
    party: int
    lines: Sequence[Line]
    reference: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class OrderView:
    """A sale as the list window shows it."""

    id: int
    number: str | None
    reference: str | None
    comment: str | None
    party: str
    state: str
    untaxed: Decimal
    tax: Decimal
    total: Decimal


class TrytonPerson(TrytonRpc):
    """Somebody logged in to Tryton. Ids are Tryton's own; `party`, `product` and `order` mean those ids."""

    def make_customer(self, name: str, uscc: str | None = None, **more: Any) -> int:
        return self.make_customers([Customer(name, uscc, **more)])[0]

    def make_customers(self, customers: Iterable[Customer]) -> list[int]:
        """Many in one call: 500 take about five seconds."""
        return self._create("party.party", [self._party(customer) for customer in customers])

    def make_product(self, code: str, name: str, price: Decimal, **more: Any) -> int:
        return self.make_products([Product(code, name, price, **more)])[0]

    def make_products(self, products: Iterable[Product]) -> list[int]:
        """The ids of the variants, which is what a sale line wants."""
        templates = self._create("product.template", [self._template(product) for product in products])
        variants = {row["id"]: row["products"][0] for row in self.read("product.template", templates, ["products"])}
        return [variants[template] for template in templates]

    def make_order(self, party: int, lines: Sequence[Line], **more: Any) -> int:
        return self.make_orders([Order(party, lines, **more)])[0]

    def make_orders(self, orders: Sequence[Order]) -> list[int]:
        """Drafts with the address, terms, units and taxes that the order window fills in."""
        self._learn_products({line.product for order in orders for line in order.lines})
        addresses = self._addresses({order.party for order in orders})
        return self._create("sale.sale", [self._sale(order, addresses[order.party]) for order in orders])

    def quote(self, *orders: int) -> None:
        self.call("model.sale.sale.quote", list(orders))

    def confirm(self, *orders: int) -> None:
        """Quotations become processing at once, with invoice and shipment: they are not editable after that."""
        self.call("model.sale.sale.confirm", list(orders))

    def back_to_draft(self, *orders: int) -> None:
        self.call("model.sale.sale.draft", list(orders))

    def cancel(self, *orders: int) -> None:
        self.call("model.sale.sale.cancel", list(orders))

    def delete_order(self, *orders: int) -> None:
        """Possible for drafts and cancelled orders."""
        self.call("model.sale.sale.delete", list(orders))

    def edit_order(self, order: int, **values: Any) -> None:
        self.edit("sale.sale", order, **values)

    def edit_line(self, order: int, index: int, *, directly: bool = False, **values: Any) -> None:
        """Change one line. `directly` writes the line alone, as imports do: the order's change time stays."""
        line = self.read("sale.sale", [order], ["lines"])[0]["lines"][index]
        if directly:
            self.edit("sale.line", line, **values)
        else:
            self.edit("sale.sale", order, lines=[["write", [line], values]])

    def edit_customer(self, party: int, **values: Any) -> None:
        self.edit("party.party", party, **values)

    def set_phone(self, party: int, number: str) -> None:
        """Replace the first phone number, or add one."""
        found = self.read("party.party", [party], ["contact_mechanisms.type"])[0]["contact_mechanisms."]
        phones = [row["id"] for row in found if row["type"] == "phone"]
        command = ["write", phones[:1], {"value": number}] if phones else ["create", [_mechanism("phone", number)]]
        self.edit("party.party", party, contact_mechanisms=[command])

    def invoice_of(self, order: int) -> int:
        """The first invoice that confirming made."""
        invoice: int = self.read("sale.sale", [order], ["invoices"])[0]["invoices"][0]
        return invoice

    def post_invoice(self, invoice: int, day: date) -> None:
        self.edit("account.invoice", invoice, invoice_date=day)
        self.call("model.account.invoice.post", [invoice])

    def ship(self, order: int) -> int:
        """Send the goods of an order, in stock or not."""
        shipment: int = self.read("sale.sale", [order], ["shipments"])[0]["shipments"][0]
        self.call("model.stock.shipment.out.wait", [shipment])
        context = _open_on("stock.shipment.out", [shipment])
        wizard, _, _ = self.call("wizard.stock.shipment.assign.create")
        self.call("wizard.stock.shipment.assign.execute", wizard, {}, "force", context=context)
        for button in ("pick", "pack", "do"):
            self.call(f"model.stock.shipment.out.{button}", [shipment])
        return shipment

    def credit_invoice(self, invoice: int) -> int:
        """A credit note over the whole invoice, as a draft."""
        context = _open_on("account.invoice", [invoice])
        wizard, state, _ = self.call("wizard.account.invoice.credit.create")
        self.call("wizard.account.invoice.credit.execute", wizard, {}, state, context=context)
        form = {"start": {"with_refund": False, "with_refund_allowed": False}}
        self.call("wizard.account.invoice.credit.execute", wizard, form, "credit", context=context)
        lines = self.read("account.invoice", [invoice], ["lines"])[0]["lines"]
        domain = [["lines.origin.id", "in", lines, "account.invoice.line"]]
        return int(self.call("model.account.invoice.search", domain, 0, 1, [["id", "DESC"]])[0])

    def pay_invoice(self, invoice: int, amount: Decimal, day: date) -> None:
        """The window "Pay Invoice"; a part of what is open stays open."""
        context = _open_on("account.invoice", [invoice])
        wizard, state, _ = self.call("wizard.account.invoice.pay.create")
        shown = self.call("wizard.account.invoice.pay.execute", wizard, {}, state, context=context)
        method = find(self, "account.invoice.payment.method", [["name", "=", "Bank"]])
        start = {**_read_form(shown), "amount": amount, "payment_method": method, "date": day}
        shown = self.call("wizard.account.invoice.pay.execute", wizard, {"start": start}, "choice", context=context)
        if "view" in shown:
            forms = {"start": start, "ask": {**_read_form(shown), "type": "partial"}}
            self.call("wizard.account.invoice.pay.execute", wizard, forms, "pay", context=context)

    def make_payment(self, invoice: int, amount: Decimal, day: date) -> int:
        """A payment order that pays the open line of an invoice."""
        row = self.read("account.invoice", [invoice], ["party", "lines_to_pay"])[0]
        return self.make_advance(row["party"], amount, line=row["lines_to_pay"][0], date=day)

    def make_advance(self, party: int, amount: Decimal, **more: Any) -> int:
        """A payment order for nothing in particular."""
        journal = find(self, "account.payment.journal", [["name", "=", PAYMENT_JOURNAL]])
        values = {"kind": "receivable", "party": party, "journal": journal, "amount": amount, **more}
        return self._create("account.payment", [values])[0]

    def succeed_payments(self, *payments: int) -> None:
        """Submit, approve, process and book them, from whatever state they are in."""
        steps = (("draft", "submit"), ("submitted", "approve"), ("submitted", "process"), ("approved", "process"))
        for state, button in (*steps, ("processing", "succeed")):
            rows = self.read("account.payment", list(payments), ["state", "kind"])
            ready = [row["id"] for row in rows if row["state"] == state]
            if button == "approve":  # money that leaves needs another's consent
                ready = [row["id"] for row in rows if row["id"] in ready and row["kind"] == "payable"]
            if ready and button == "process":
                self.process_payments(*ready)
            elif ready:
                self.call(f"model.account.payment.{button}", ready)

    def process_payments(self, *payments: int) -> None:
        wizard, state, _ = self.call("wizard.account.payment.process.create")
        context = _open_on("account.payment", list(payments))
        self.call("wizard.account.payment.process.execute", wizard, {}, state, context=context)

    def fail_payments(self, *payments: int) -> None:
        """The bank took them back."""
        self.call("model.account.payment.fail", list(payments))

    def edit(self, model: str, record: int, **values: Any) -> None:
        self.call(f"model.{model}.write", [record], values)

    def copy(self, model: str, record: int) -> int:
        """What the client's Duplicate does."""
        copies: list[int] = self.call(f"model.{model}.copy", [record], {})
        return copies[0]

    def read(self, model: str, records: Sequence[int], fields: Sequence[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.call(f"model.{model}.read", list(records), list(fields))
        return rows

    def count(self, model: str, domain: Sequence[Any] = ()) -> int:
        number: int = self.call(f"model.{model}.search_count", list(domain), 0, None)
        return number

    def order(self, order: int) -> OrderView:
        return self.orders([["id", "=", order]])[0]

    def orders(self, domain: Sequence[Any] = ()) -> list[OrderView]:
        fields = ["number", "reference", "comment", "party.name", "state"]
        fields += ["untaxed_amount", "tax_amount", "total_amount"]
        order = [["id", "ASC"]]
        rows = self.call("model.sale.sale.search_read", list(domain), 0, None, order, fields)
        return [_order_view(row) for row in rows]

    def states(self) -> Counter[str]:
        return Counter(order.state for order in self.orders())

    def _create(self, model: str, values: list[dict[str, Any]]) -> list[int]:
        ids: list[int] = self.call(f"model.{model}.create", values)
        return ids

    @cached_property
    def _country(self) -> int:
        return find(self, "country.country", [["code", "=", "CN"]])

    @cached_property
    def _payment_term(self) -> int:
        return find(self, "account.invoice.payment_term", [["name", "=", PAYMENT_TERM]])

    @cached_property
    def _known_products(self) -> dict[int, dict[str, Any]]:
        return {}

    def _party(self, customer: Customer) -> dict[str, Any]:
        address = {"street": customer.street, "city": customer.city, "country": self._country}
        values: dict[str, Any] = {"name": customer.name, "addresses": [["create", [address]]]}
        if customer.code:
            values["code"] = customer.code
        if customer.uscc:
            values["identifiers"] = [["create", [{"type": "cn_vat", "code": customer.uscc}]]]
        reachable = {"phone": customer.phone, "email": customer.email}
        mechanisms = [_mechanism(kind, value) for kind, value in reachable.items() if value]
        return {**values, "contact_mechanisms": [["create", mechanisms]]} if mechanisms else values

    def _template(self, product: Product) -> dict[str, Any]:
        unit = find(self, "product.uom", [["name", "=", product.unit]])
        category = find(self, "product.category", [["name", "=", category_name(product.rate)]])
        names = {"name": product.name, "code": product.code, "type": "goods"}
        sale = {"salable": True, "list_price": product.price, "account_category": category}
        units = {"default_uom": unit, "sale_uom": unit, "cost_price_method": "fixed"}
        return {**names, **sale, **units, "products": [["create", [{}]]]}

    def _learn_products(self, products: set[int]) -> None:
        unknown = sorted(products - self._known_products.keys())
        fields = ["sale_uom", "list_price_used", "template.account_category.customer_taxes"]
        for row in self.read("product.product", unknown, fields):
            self._known_products[row["id"]] = row

    def _addresses(self, parties: set[int]) -> Mapping[int, int | None]:
        rows = self.read("party.party", sorted(parties), ["addresses"])
        return {row["id"]: next(iter(row["addresses"]), None) for row in rows}

    def _sale(self, order: Order, address: int | None) -> dict[str, Any]:
        lines = [self._line(line) for line in order.lines]
        where = {"party": order.party, "invoice_address": address, "shipment_address": address}
        texts = {"reference": order.reference, "comment": order.comment}
        return {**where, **texts, "payment_term": self._payment_term, "lines": [["create", lines]]}

    def _line(self, line: Line) -> dict[str, Any]:
        known = self._known_products[line.product]
        taxes = known["template."]["account_category."]["customer_taxes"]
        price = known["list_price_used"] if line.unit_price is None else line.unit_price
        amounts = {"quantity": line.quantity, "unit": known["sale_uom"], "unit_price": price}
        return {"type": "line", "product": line.product, **amounts, "taxes": [["add", taxes]]}


def _open_on(model: str, records: list[int]) -> dict[str, Any]:
    """The context of a wizard that is opened on some records."""
    return {"active_model": model, "active_id": records[0], "active_ids": records}


def _read_form(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a wizard's window shows; keys with a dot are names for display."""
    return {name: value for name, value in shown["view"]["defaults"].items() if "." not in name}


def _mechanism(kind: str, value: str) -> dict[str, str]:
    return {"type": kind, "value": value}


def _order_view(row: dict[str, Any]) -> OrderView:
    texts = (row["id"], row["number"], row["reference"], row["comment"], row["party."]["name"], row["state"])
    return OrderView(*texts, row["untaxed_amount"], row["tax_amount"], row["total_amount"])
