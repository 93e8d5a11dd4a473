"""Going live on an account that has worked for two years: nothing is there twice afterwards.

``ISTHMUS_KINGDEE_CUSTOMERS=3000`` makes it as large as a company; the orders are one and a half times as many.
``ISTHMUS_KINGDEE_HELD`` says how many of those customers, with their orders, the hub knows already.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from connectors.kingdee.simulator import FORMS, Books, KingdeeSettings, make_uscc, seed_company
from tests.connectors.kingdee.office import Office
from tests.journeys.desk import MovedClock

CUSTOMERS = int(os.environ.get("ISTHMUS_KINGDEE_CUSTOMERS", "400"))
HELD = int(os.environ.get("ISTHMUS_KINGDEE_HELD", "300"))
ORDERS = CUSTOMERS * 3 // 2
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
Bill = Mapping[str, Any]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Two years of documents."""
    books = Books(KingdeeSettings(), MovedClock())
    seed_company(books, customers=CUSTOMERS, materials=8, orders=ORDERS, invoices=0, seed=5)
    made = Office(tmp_path, books, kinds=("account", "product", "order"))
    yield made
    made.close()


class Here:
    """What the hub already holds: most of what is there, and a few records that only it has."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.customers = list(office.books.all(FORMS["BD_Customer"]))
        self.orders = [bill for bill in office.books.all(FORMS["SAL_SaleOrder"]) if bill["FCancelStatus"] == "A"]
        self.products = {bill["FMATERIALID"]: self._product(bill) for bill in office.books.all(FORMS["BD_MATERIAL"])}
        held = [bill for bill in self.customers if bill["FCUSTID"] % 7][:HELD]
        self.accounts = {bill["FCUSTID"]: self._account(bill) for bill in held}
        self.both = [bill for bill in self.orders if bill["FCustId"] in self.accounts and bill["FID"] % 5]
        for bill in self.both:
            self._order(bill)
        first = next(iter(self.accounts.values()))
        self.only_here = [self._new_order(first, day) for day in (3, 4, 5)]
        self.new_account = office.desk.make_customer("新客户有限公司", make_uscc(random.Random(99)))

    def _account(self, bill: Bill) -> UUID:
        values = {
            "name": bill["FName"], "number": bill["FNumber"], "phone": bill["FTEL"],
            "identifiers": [{"kind": "uscc", "value": bill["FSOCIALCRECODE"]}],
            "addresses": [{"street": bill["FADDRESS"]}],
        }  # fmt: skip
        made: UUID = self.office.desk.create("account", **values).id
        return made

    def _product(self, bill: Bill) -> UUID:
        unit = self.office.books.get(FORMS["BD_UNIT"], bill["FBaseUnitId"]) or {}
        made: UUID = self.office.desk.create(
            "product", name=bill["FName"], number=bill["FNumber"], unit=unit["FName"]
        ).id
        return made

    def _order(self, bill: Bill) -> None:
        units = self.office.books
        lines = [
            {"product_id": str(self.products[row["FMaterialId"]]), "quantity": str(row["FQty"]),
             "unit": str((units.get(FORMS["BD_UNIT"], row["FUnitID"]) or {})["FName"]),
             "unit_price": str(row["FPrice"]), "tax_rate": "0.13"}
            for row in bill["FSaleOrderEntry"]
        ]  # fmt: skip
        self.office.desk.create(
            "order", account_id=str(self.accounts[bill["FCustId"]]), number=bill["FBillNo"],
            ordered_on=bill["FDate"][:10], lines=lines,
        )  # fmt: skip

    def _new_order(self, account: UUID, day: int) -> Any:
        product = next(iter(self.products.values()))
        line = {"product_id": str(product), "quantity": "2", "unit": "个", "unit_price": "4711.11", "tax_rate": "0.13"}
        return self.office.desk.create("order", account_id=str(account), ordered_on=f"2026-11-0{day}", lines=[line])


def test_nothing_is_there_twice(office: Office):
    desk, books = office.desk, office.books
    here = Here(office)
    before = {name: len(list(books.all(FORMS[name]))) for name in ("BD_Customer", "BD_MATERIAL", "SAL_SaleOrder")}
    assert all(item["ok"] for item in desk.call("connection", "check", "erp")["items"])
    probed = desk.call("connection", "probe", "erp", "--yes", "--kind", "account", "--kind", "order")
    assert {name: len(list(books.all(FORMS[name]))) for name in before} == before, "a probe leaves nothing"
    assert probed["errors"] == []

    told = desk.call("sync", "adopt", "erp")["item"]
    outcomes = Counter((item["kind"], item["outcome"]) for item in told["items"])
    assert outcomes["account", "bound"] == len(here.accounts)
    assert outcomes["order", "bound"] == len(here.both)
    view = desk.plan()
    creates = Counter(item.kind for item in view.items if item.side == "there" and item.action == "create")
    assert creates == {"order": 3, "account": 1}
    stamps = {bill["FID"]: bill["FModifyDate"] for bill in books.all(FORMS["SAL_SaleOrder"])}
    report = desk.accept(view)
    assert not report.errors

    after = {name: len(list(books.all(FORMS[name]))) for name in before}
    assert after == {**before, "BD_Customer": before["BD_Customer"] + 1, "SAL_SaleOrder": before["SAL_SaleOrder"] + 3}
    codes = Counter(bill["FSOCIALCRECODE"] for bill in books.all(FORMS["BD_Customer"]) if bill["FSOCIALCRECODE"])
    assert max(codes.values()) == 1
    references = Counter(bill["F_ISTHMUS_REF"] for bill in books.all(FORMS["SAL_SaleOrder"]) if bill["F_ISTHMUS_REF"])
    assert sorted(references.values()) == [1, 1, 1]
    assert {
        bill["FID"]: bill["FModifyDate"] for bill in books.all(FORMS["SAL_SaleOrder"]) if bill["FID"] in stamps
    } == (stamps), "not one of their documents was touched"
    assert len(desk.records("account")) == len(here.customers) + 1
    assert len(desk.records("order")) == len(list(books.all(FORMS["SAL_SaleOrder"])))

    desk.wait_quiet()
    again = desk.run()
    assert desk.attempts(again) == []
    made = [books.take(FORMS["SAL_SaleOrder"], int(desk.remote_id(order))) for order in here.only_here]
    assert {bill["FDocumentStatus"] for bill in made} == {"A"}, "drafts, for a person to audit"
