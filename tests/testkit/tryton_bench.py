"""A real Tryton as a bench, with 王会计 at work in it."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.tryton.connector import TrytonConnector
from hub.sdk import Stage
from hub.testkit.conformance import Bench, Person, Site
from hub.testkit.tryton import PreparedTryton, start_tryton
from hub.testkit.tryton_people import Customer, Line, TrytonPerson
from hub.testkit.tryton_rpc import TrytonRefused
from hub.testkit.tryton_seed import PAYMENT_JOURNAL

MODELS = {"account": "party.party", "product": "product.product", "order": "sale.sale", "payment": "account.payment"}


class Wang(Person):
    """王会计, who keeps customers, goods and sales."""

    def __init__(self, hand: TrytonPerson) -> None:
        self.hand = hand
        self.numbers = itertools.count(1)

    def create(self, kind: str) -> str:
        number = next(self.numbers)
        if kind == "account":
            return str(self.hand.make_customer(f"华信电子 {number}"))
        if kind == "product":
            return str(self.hand.make_product(f"W-{number}", "轴承", Decimal("12.50")))
        if kind == "payment":
            return str(self.hand.make_advance(int(self.create("account")), Decimal(number)))
        product = int(self.create("product"))
        return str(self.hand.make_order(int(self.create("account")), [Line(product, 3.0)]))

    def create_many(self, kind: str, count: int) -> Sequence[str]:
        if kind != "account":
            raise NotImplementedError
        return [str(id) for id in self.hand.make_customers(Customer(f"批量 {place}") for place in range(count))]

    def edit(self, kind: str, id: str) -> None:
        number = next(self.numbers)
        if kind == "payment":
            self.hand.edit(MODELS[kind], int(id), amount=Decimal(number) + Decimal("0.5"))
            return
        field = {"account": "name", "product": "description", "order": "comment"}[kind]
        self.hand.edit(MODELS[kind], int(id), **{field: f"改 {number}"})

    def edit_line(self, kind: str, id: str) -> None:
        """A child written alone, as imports do: the parent's own change time stays."""
        if kind == "order":
            self.hand.edit_line(int(id), 0, directly=True, quantity=9.0)
        elif kind == "account":
            address = self.hand.read("party.party", [int(id)], ["addresses"])[0]["addresses"][0]
            self.hand.edit("party.address", address, street="人民路 99 号")
        else:
            raise NotImplementedError

    def copy(self, kind: str, id: str) -> str:
        try:
            return str(self.hand.copy(MODELS[kind], int(id)))
        except TrytonRefused as refused:  # codes of products are unique, so nobody copies one
            raise NotImplementedError from refused

    def bring(self, kind: str, id: str, stage: Stage) -> None:
        if kind == "payment" and stage is Stage.SUBMITTED:
            self.hand.call("model.account.payment.submit", [int(id)])
            return
        if kind == "payment" and stage is Stage.EFFECTIVE:
            self.hand.succeed_payments(int(id))
            return
        if kind != "order" or stage not in (Stage.SUBMITTED, Stage.EFFECTIVE):
            raise NotImplementedError
        self.hand.quote(int(id))
        if stage is Stage.EFFECTIVE:
            self.hand.confirm(int(id))

    def delete(self, kind: str, id: str) -> None:
        try:
            self.hand.call(f"model.{MODELS[kind]}.delete", [int(id)])
        except TrytonRefused as refused:  # not everybody may delete everything
            raise NotImplementedError from refused


class TrytonBench(Bench):
    """This company sells by the piece, whole pieces only."""

    connector = TrytonConnector

    def __init__(self, prepare: Callable[[], PreparedTryton], **config: Any) -> None:
        self.prepare = prepare
        self.config = config
        # Where the hub's reference stands in the code, there is no place for a number.
        product = {"unit": "u", **({"number": None} if config.get("codes_as_reference") else {})}
        self.given = {
            "product": product,
            "order": {"lines.unit": "u"},
            "payment": {"type": "receipt", "method": PAYMENT_JOURNAL, "allocations": ()},
        }

    def refused(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A party needs nothing at all; but an identifier with a type must be a valid one."""
        if kind == "account":
            return {**payload, "identifiers": {"eu_vat": [{"code": "XX1"}]}}
        return super().refused(kind, payload)

    @contextmanager
    def start(self) -> Iterator[Site]:
        prepared = self.prepare()
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="isthmus-"))
            server = stack.enter_context(start_tryton(prepared, Path(folder) / "tryton"))
            access = {"url": server.url, "database": server.database}
            login = {"login": server.login, "password": server.password}
            hand = TrytonPerson(server.url, server.database, server.accountant_login, server.accountant_password)
            stack.callback(hand.close)
            yield Site({**access, **login, **self.config}, Wang(hand))
