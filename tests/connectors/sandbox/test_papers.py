"""Deliveries, invoices and payments: what the ERP works out, what it refuses, and what hangs on what."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sandbox.simulator import USER, ErpRefused, Person, SandboxErp, SandboxSettings, seed_company
from tests.connectors.sandbox.conftest import Bench, MakeBench


@pytest.fixture
def erp(clock: Any) -> SandboxErp:
    return SandboxErp(SandboxSettings(), clock)


@pytest.fixture
def person(erp: SandboxErp) -> Person:
    return Person(erp)


@pytest.fixture
def sale(person: Person) -> Any:
    line = {"text": "轴承", "quantity": "3", "price": "199.90", "tax_percent": "13"}
    made = person.create("sale", customer=person.create("partner", name="宁波恒力机械有限公司")["id"], lines=[line])
    return person.approve(made["id"])


def refuse(code: str, act: Any) -> None:
    with pytest.raises(ErpRefused) as caught:
        act()
    assert caught.value.code == code


def test_a_sale_is_delivered_invoiced_paid_given_back_and_credited(person: Person, sale: Any) -> None:
    delivery, invoice = person.deliver(sale["id"]), person.bill(sale["id"])
    assert (delivery["number"], delivery["lines"][0]["quantity"]) == ("DN0001", "3")
    assert (invoice["gross"], invoice["status"]) == (sale["gross"], "approved")
    receipt = person.receive(invoice["id"], "300.00")
    refund = person.give_back(receipt["id"], "100.00")
    assert (refund["type"], refund["reverses"], refund["allocations"][0]["invoice"]) == (
        "refund", receipt["id"], invoice["id"],
    )  # fmt: skip
    credit = person.credit(invoice["id"])
    assert (credit["gross"], credit["reverses"]) == (f"-{sale['gross']}", invoice["id"])


def test_what_hangs_on_a_document_forbids_to_take_it_back(erp: SandboxErp, person: Person, sale: Any) -> None:
    invoice = person.bill(sale["id"])
    receipt = person.receive(invoice["id"], "300.00")
    assert [erp.is_held(row) for row in (sale, invoice, receipt)] == [True, True, False]
    for held in (sale, invoice):
        refuse("locked", lambda held=held: person.void(held["id"]))
    for free in (receipt, invoice, sale):
        person.void(free["id"])


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("payment", {"amount": "0"}),
        ("payment", {"amount": "10", "allocations": [{"target": "sale", "amount": "10"}]}),
        ("payment", {"amount": "10", "allocations": [{"target": "advance", "amount": "10.01"}]}),
        ("payment", {"amount": "10", "type": "invoice"}),
        ("payment", {"amount": "10", "reverses": "R99"}),
        ("payment", {"amount": "10", "rate": "-1"}),
        ("invoice", {"lines": [{"quantity": "-1", "price": "10"}]}),
        ("invoice", {"type": "credit_note", "lines": [{"quantity": "1", "price": "10"}]}),
        ("invoice", {"lines": [{"sale": "S99", "price": "10"}]}),
        ("delivery", {"sale": "S99"}),
        ("delivery", {"lines": [{"quantity": "1", "price": "10"}]}),
    ],
)
def test_what_does_not_fit_together_is_refused(
    erp: SandboxErp, person: Person, kind: str, values: dict[str, Any]
) -> None:
    customer = person.create("partner", name="x")["id"]
    refuse("invalid", lambda: erp.create(kind, {"customer": customer, **values}))
    assert erp.documents(kind) == []


def test_documents_of_different_customers_do_not_mix(erp: SandboxErp, person: Person, sale: Any) -> None:
    other = person.create("partner", name="别人")["id"]
    refuse("invalid", lambda: erp.create("delivery", {"customer": other, "sale": sale["id"]}))
    row = {"target": "sale", "sale": sale["id"], "amount": "1"}
    refuse("invalid", lambda: erp.create("payment", {"customer": other, "amount": "1", "allocations": [row]}))


def test_amounts_in_other_currencies_have_a_base_amount(person: Person, sale: Any) -> None:
    paid = person.create("payment", customer=sale["customer"], amount="100.00", currency="USD", rate="7.1234")
    assert paid["base_amount"] == "712.34"
    line = {"price": "100", "quantity": "1"}
    billed = person.create("invoice", customer=sale["customer"], currency="USD", rate="7.1234", lines=[line])
    assert billed["base_gross"] == "712.34"


def test_closed_books_refuse_everything_but_notes(erp: SandboxErp, person: Person, sale: Any) -> None:
    invoice = person.bill(sale["id"], date="2026-10-20")
    draft = person.create("payment", customer=sale["customer"], amount="1", date="2026-10-20")
    person.close_books("2026-10-31")
    for act in (
        lambda: person.bill(sale["id"], date="2026-10-31"),
        lambda: person.void(invoice["id"]),
        lambda: person.approve(draft["id"]),
        lambda: person.edit("payment", draft["id"], amount="2"),
        lambda: person.delete("payment", draft["id"]),
        lambda: erp.create("payment", {"customer": sale["customer"], "amount": "1", "date": "2026-10-31"}, USER),
    ):
        refuse("closed", act)
    person.edit("invoice", invoice["id"], note="寄出")
    person.bill(sale["id"], date="2026-11-01")
    person.close_books("")
    person.approve(draft["id"])


def test_the_connector_tells_a_closed_period_from_other_refusals(make_bench: MakeBench) -> None:
    from hub.errors import PeriodClosed
    from hub.sdk import Draft

    bench: Bench = make_bench(closed_through="2026-10-31")
    payload = {"customer": bench.add_partner(), "amount": "10.00", "date": "2026-10-31"}
    (answer,) = bench.connector.sinks()["payment"].create([Draft("I-REF", payload)])
    assert isinstance(answer, PeriodClosed)
    assert "2026-10-31" in (answer.vendor or "")
    row = bench.person.create("payment", **{**payload, "date": "2026-11-01"})
    found = bench.connector.streams()["payment"].fetch(row["id"])
    assert found is not None
    assert found.number == "RC0001"


def test_the_sample_company_has_money(clock: Any) -> None:
    def seed(invoices: int) -> SandboxErp:
        erp = SandboxErp(SandboxSettings(), clock)
        seed_company(erp, customers=5, items=4, sales=12, invoices=invoices)
        return erp

    full, plain = seed(8), seed(0)
    assert full.documents("sale")[3]["lines"] == plain.documents("sale")[3]["lines"], "the rest of it is the same"
    assert len([row for row in full.documents("invoice") if row["type"] == "invoice"]) == len(
        full.documents("delivery")
    )
    assert full.documents("payment")
