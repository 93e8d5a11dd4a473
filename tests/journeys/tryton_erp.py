"""A real Tryton, as the journeys see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property

from hub.testkit import tryton_people as people
from hub.testkit.fault_proxy import Match, calls
from hub.testkit.tryton import RunningTryton
from hub.testkit.tryton_server import ADMINISTRATOR
from tests.journeys.erp import Customer, Erp, Line, NewCustomer, NewOrder, Order

MODELS = {"account": "party.party", "product": "product.template", "order": "sale.sale"}
STATES = {"quotation": "submitted", "confirmed": "approved", "processing": "approved", "cancelled": "void"}
ORDER_FIELDS = ("number", "reference", "state", "untaxed_amount", "tax_amount", "total_amount", "comment", "party")


class Tryton(Erp):
    """王会计 works in it; approving is quoting and confirming."""

    connector = "tryton"
    secret_field = "password"  # pragma: allowlist secret
    read_only = ("delivery", "invoice")
    void_refusal = "protocol.has_children"  # confirming has made an invoice

    def __init__(self, server: RunningTryton) -> None:
        super().__init__(server.url)
        self._server = server
        self._wang = people.TrytonPerson(
            server.url, server.database, server.accountant_login, server.accountant_password
        )
        self.secret = server.password

    @property
    def accountant(self) -> people.TrytonPerson:
        """王会计 herself, for what only some ERPs know."""
        return self._wang

    @cached_property
    def administrator(self) -> people.TrytonPerson:
        """Whoever set the company up."""
        server = self._server
        password = server.prepared.password_of(ADMINISTRATOR)
        return people.TrytonPerson(server.url, server.database, ADMINISTRATOR, password)

    @property
    def settings(self) -> Mapping[str, str]:
        return {"database": self._server.database, "login": self._server.login}

    def make_customer(self, name: str, uscc: str = "", phone: str = "") -> str:
        return str(self._wang.make_customer(name, uscc or None, phone=phone or None))

    def make_customers(self, customers: Sequence[NewCustomer]) -> list[str]:
        wanted = [people.Customer(row.name, row.uscc or None, row.phone or None) for row in customers]
        return [str(id) for id in self._wang.make_customers(wanted)]

    def make_orders(self, orders: Sequence[NewOrder]) -> list[str]:
        """Quotations: quoting gives the number."""
        wanted = [people.Order(int(row.customer), _lines(row.lines), comment=row.note or None) for row in orders]
        ids = self._wang.make_orders(wanted)
        for day in {row.day for row in orders}:
            mine = [id for id, row in zip(ids, orders, strict=True) if row.day == day]
            self._wang.call("model.sale.sale.write", mine, {"sale_date": day})
        self._wang.quote(*ids)
        return [str(id) for id in ids]

    def rename_customer(self, customer: str, name: str) -> None:
        self._wang.edit_customer(int(customer), name=name)

    def set_phone(self, customer: str, phone: str) -> None:
        self._wang.set_phone(int(customer), phone)

    def make_product(self, code: str, name: str, price: Decimal) -> str:
        return str(self._wang.make_product(code, name, price))

    def make_order(self, customer: str, lines: Sequence[Line], note: str = "") -> str:
        return str(self._wang.make_order(int(customer), _lines(lines), comment=note or None))

    def approve(self, order: str) -> None:
        self._wang.quote(int(order))
        self._wang.confirm(int(order))

    def edit_note(self, order: str, note: str) -> None:
        self._wang.edit_order(int(order), comment=note)

    def edit_quantity(self, order: str, index: int, quantity: int) -> None:
        self._wang.edit_line(int(order), index, quantity=float(quantity))

    def void(self, order: str) -> None:
        self._wang.cancel(int(order))

    def copy(self, order: str) -> str:
        return str(self._wang.copy("sale.sale", int(order)))

    def customers(self) -> list[Customer]:
        rows = self._read("party.party", "name", "contact_mechanisms.type", "contact_mechanisms.value",
                          "identifiers.type", "identifiers.code")  # fmt: skip
        return [
            Customer(
                str(row["id"]),
                row["name"],
                _first(item["value"] for item in row["contact_mechanisms."] if item["type"] == "phone"),
                _first(item["code"] for item in row["identifiers."] if item["type"] == "cn_vat"),
                self._is_ours(row),
            )
            for row in rows
        ]

    def product_ids(self) -> list[str]:
        return [str(row["id"]) for row in self._read("product.product", "code")]

    def orders(self) -> list[Order]:
        return [
            Order(
                id=str(row["id"]),
                number=row["number"] or "",
                reference=row["reference"] or "",
                state=STATES.get(row["state"], row["state"]),
                net=row["untaxed_amount"],
                tax=row["tax_amount"],
                gross=row["total_amount"],
                note=row["comment"] or "",
                customer=str(row["party"]),
                quantities=tuple(line["quantity"] for line in row["lines."]),
                ours=self._is_ours(row),
            )
            for row in self._read("sale.sale", *ORDER_FIELDS, "lines.quantity")
        ]

    def creates(self, kind: str) -> Match:
        return calls(f"model.{MODELS[kind]}.create")

    def changes(self, kind: str) -> Match:
        return calls(f"model.{MODELS[kind]}.write")

    def approvals(self) -> Match:
        return calls("model.sale.sale.confirm")

    def lists(self, kind: str) -> Match:
        return calls(f"model.{MODELS[kind]}.search_read")

    def go_away(self) -> None:
        self._server.stop()

    def come_back(self) -> None:
        self._server.restart()

    def close(self) -> None:
        self._wang.close()
        if "administrator" in self.__dict__:
            self.administrator.close()
        super().close()

    def _read(self, model: str, *fields: str) -> list[dict]:
        wanted = [*fields, "create_uid.login"]
        return self._wang.call(f"model.{model}.search_read", [], 0, None, [["id", "ASC"]], wanted)

    def _is_ours(self, row: Mapping) -> bool:
        return row["create_uid."]["login"] == self._server.login


def _lines(lines: Sequence[Line]) -> list[people.Line]:
    return [people.Line(int(line.product), float(line.quantity), line.price) for line in lines]


def _first(found) -> str:
    return next(iter(found), "")
