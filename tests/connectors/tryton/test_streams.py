"""Reading from the real server: paging, changes of children, who made and touched what."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from connectors.tryton.shapes import add_rates, read_billing, read_payment
from connectors.tryton.streams import SaleStream
from hub.sdk import Draft, Stage
from hub.testkit.fault_proxy import FaultProxy, calls
from hub.testkit.tryton_people import Line
from tests.connectors.tryton.conftest import Bench, next_reference

MICROSECOND = dt.timedelta(microseconds=1)


@pytest.mark.parametrize(("name", "limit"), [("party", 3), ("product", 1), ("sale", 2)])
def test_paging_shows_every_record_once_whatever_the_page_size(bench: Bench, name: str, limit: int):
    for _ in range(3):
        bench.make_sale(1, 2)
    small = [record.external_id for record in bench.read_all(name, limit)]
    assert small == [record.external_id for record in bench.read_all(name)] == list(bench.stream(name).list_ids() or ())
    assert len(set(small)) == len(small) >= 3


def test_a_sale_as_it_stands(bench: Bench):
    bearing = bench.make_product("33.335")
    party = bench.make_party("整单公司")
    sale = bench.wang.make_order(party, [Line(bearing, 3), Line(bearing, 0.0)], reference="PO-7", comment="急")
    record = bench.fetch("sale", sale)
    assert (record.stream, record.external_id, record.stage) == ("sale", str(sale), Stage.DRAFT)
    assert (record.number, record.reference, record.live_children) == (None, "PO-7", False)
    assert (record.created_by_us, record.touched_by_person, record.changed_by_us) == (False, False, False)
    payload = record.payload
    assert (payload["party"], payload["currency"]["code"], payload["comment"]) == (party, "CNY", "急")
    assert (payload["untaxed_amount"], payload["tax_amount"], payload["total_amount"]) == ("100.00", "13.00", "113.00")
    line = payload["lines"][0]
    assert (line["product"], line["quantity"], line["unit_price"], line["tax_rate"]) == (
        bearing, "3.0", "33.335", "0.13",
    )  # fmt: skip
    assert record.version == (record.modified_at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // MICROSECOND  # type: ignore[operator]


@pytest.mark.parametrize(
    ("moves", "stage", "state"),
    [
        ([], Stage.DRAFT, "draft"),
        (["quote"], Stage.SUBMITTED, "quotation"),
        (["quote", "confirm"], Stage.EFFECTIVE, "processing"),
        (["cancel"], Stage.VOID, "cancelled"),
    ],
)
def test_the_stage_follows_from_the_state(bench: Bench, moves: list[str], stage: Stage, state: str):
    sale = bench.make_sale(1)
    for move in moves:
        getattr(bench.wang, move)(sale)
    record = bench.fetch("sale", sale)
    assert (record.stage, record.payload["state"]) == (stage, state)
    assert record.live_children is (stage is Stage.EFFECTIVE)
    assert (record.number is not None) is ("quote" in moves)


def test_a_state_that_nobody_knows_is_pending():
    assert SaleStream.stage_of(object(), {"state": "approved by the king"}) is Stage.SUBMITTED  # type: ignore[arg-type]


def change_line(bench: Bench, sale: int) -> None:
    bench.wang.edit_line(sale, 0, directly=True, quantity=9)


def add_line(bench: Bench, sale: int) -> None:
    product = bench.wang.read("sale.sale", [sale], ["lines.product"])[0]["lines."][0]["product"]
    line = {"sale": sale, "type": "line", "product": product, "quantity": 1, "unit": 1, "unit_price": Decimal(1)}
    bench.wang.call("model.sale.line.create", [line])


def edit_header(bench: Bench, sale: int) -> None:
    bench.wang.edit_order(sale, comment="x")


@pytest.mark.parametrize("change", [change_line, add_line, edit_header])
def test_a_change_of_a_sale_or_of_its_lines_is_found(bench: Bench, change):
    quiet, sale = bench.make_sale(1), bench.make_sale(1)
    before = bench.fetch("sale", sale)
    change(bench, sale)
    after = bench.fetch("sale", sale)
    assert after.version > before.version  # type: ignore[operator]
    changed = [record.external_id for record in bench.read_all("sale", since=before.modified_at + MICROSECOND)]  # type: ignore[operator]
    assert changed == [str(sale)]
    assert str(quiet) not in changed


@pytest.mark.parametrize(
    ("path", "model", "values"),
    [
        ("addresses", "party.address", {"city": "苏州"}),
        ("addresses", "party.address", {"active": False}),
        ("contact_mechanisms", "party.contact_mechanism", {"value": "021-2"}),
        ("contact_mechanisms", "party.contact_mechanism", {"active": False}),
        ("identifiers", "party.identifier", {"code": "91310115921742180N"}),
        ("identifiers", "party.identifier", {"active": False}),
    ],
)
def test_a_change_of_a_child_of_a_party_is_found(bench: Bench, path, model, values):
    party = bench.make_party("有子公司", uscc="9132050596792908XR", phone="021-1")
    before = bench.fetch("party", party)
    child = bench.wang.read("party.party", [party], [path])[0][path][0]
    bench.wang.edit(model, child, **values)
    changed = bench.read_all("party", since=before.modified_at + MICROSECOND)  # type: ignore[operator]
    assert [record.external_id for record in changed] == [str(party)]
    assert changed[0].version > before.version  # type: ignore[operator]
    if values == {"active": False}:
        held = changed[0].payload[path]
        assert (held["cn_vat"] if path == "identifiers" else held) == []


def test_a_change_of_a_template_is_a_change_of_its_product(bench: Bench):
    product = bench.make_product("10")
    before = bench.fetch("product", product)
    template = before.payload["template"]["id"]
    bench.wang.edit("product.template", template, list_price=Decimal(11))
    changed = bench.read_all("product", since=before.modified_at + MICROSECOND)  # type: ignore[operator]
    assert [(record.external_id, record.payload["list_price_used"]) for record in changed] == [(str(product), "11")]


def test_since_is_inclusive_and_the_high_water_is_the_newest_change(bench: Bench):
    sale = bench.make_sale(1)
    page = bench.stream("sale").read_page(None, None, 1000)
    newest = bench.fetch("sale", sale).modified_at
    assert (page.high_water, page.position) == (newest, None)
    assert [record.external_id for record in bench.read_all("sale", since=newest)] == [str(sale)]


def test_the_high_water_never_passes_the_start_of_the_pull(bench: Bench):
    first, second, third = (bench.make_sale(1) for _ in range(3))
    since = bench.fetch("sale", first).modified_at
    page = bench.stream("sale").read_page(since, None, 1)
    began = page.records[0].read_at
    bench.wang.edit_order(first, comment="behind the reader's back")
    bench.wang.edit_order(third, comment="before the reader's eyes")
    rest = bench.stream("sale").read_page(since, page.position, 10)
    assert [record.external_id for record in rest.records] == [str(second), str(third)]
    assert rest.high_water is not None
    assert rest.high_water <= began
    again = bench.read_all("sale", since=rest.high_water)
    assert [record.external_id for record in again] == [str(first), str(third)]


def test_who_made_and_who_touched(bench: Bench):
    party, product = bench.make_party(), bench.make_product()
    values = {"party": str(party), "lines": [{"product": str(product), "quantity": "1", "unit_price": "2"}]}
    written = bench.sink("order").create([Draft(next_reference(), values)])[0]
    sale = int(written.external_id)  # type: ignore[union-attr]
    ours = bench.fetch("sale", sale)
    assert (ours.created_by_us, ours.touched_by_person, ours.changed_by_us) == (True, False, True)
    bench.wang.edit_line(sale, 0, directly=True, quantity=2)
    touched = bench.fetch("sale", sale)
    assert (touched.created_by_us, touched.touched_by_person, touched.changed_by_us) == (True, True, False)
    bench.sink("order").patch(str(sale), {"comment": "x"}, if_version=touched.version)
    again = bench.fetch("sale", sale)
    assert (again.created_by_us, again.touched_by_person, again.changed_by_us) == (True, True, True)


def test_a_person_who_only_pressed_a_button_touched_it_too(bench: Bench):
    sale = bench.make_sale(1)
    bench.wang.quote(sale)
    bench.wang.back_to_draft(sale)
    assert bench.fetch("sale", sale).touched_by_person is True


def test_without_the_log_nobody_knows_who_touched(shaky: Bench, proxy: FaultProxy):
    sale = shaky.make_sale(1)
    body = b'{"id": 1, "error": ["UserError", ["no", "", null]]}'
    proxy.answer_next(200, {"content-type": "application/json"}, body, calls("model.ir.model.log.search_read"))
    assert shaky.fetch("sale", sale).touched_by_person is None


def test_what_does_not_exist(bench: Bench):
    sale = bench.make_sale(1)
    bench.wang.delete_order(sale)
    assert bench.stream("sale").fetch(str(sale)) is None
    assert bench.stream("sale").fetch("no id") is None
    assert str(sale) not in (bench.stream("sale").list_ids() or ())


def test_an_inactive_party_is_read_and_listed(bench: Bench):
    party = bench.make_party("停用公司")
    bench.wang.edit_customer(party, active=False)
    assert not bench.fetch("party", party).payload["active"]
    assert str(party) in (bench.stream("party").list_ids() or ())


def test_the_customers_reference_and_ours(bench: Bench):
    sale = bench.make_sale(1, reference="PO-9")
    assert bench.fetch("sale", sale).payload["customer_reference"] == "PO-9"
    ours = next_reference()
    bench.wang.edit_order(sale, reference=ours, description="PO-10")
    record = bench.fetch("sale", sale)
    assert (record.reference, record.payload["customer_reference"]) == (ours, "PO-10")


def test_lines_without_money_and_taxes_that_are_no_rate(bench: Bench):
    sale = bench.make_sale(1)
    extra = [{"type": "title", "description": "第一部分"}, {"type": "subtotal", "description": "小计"}]
    bench.wang.edit_order(sale, lines=[["create", extra]])
    lines = bench.fetch("sale", sale).payload["lines"]
    assert [line["type"] for line in lines] == ["line", "title", "subtotal"]
    assert add_rates([{"type": "percentage", "rate": "0.13"}, {"type": "percentage", "rate": "0.005"}]) == "0.135"
    assert add_rates([{"type": "fixed", "rate": None}]) is None


def test_a_payment_moves_the_sale_and_its_payment_state(bench: Bench):
    sale = bench.make_sale(2)
    bench.wang.quote(sale)
    bench.wang.confirm(sale)
    invoice = bench.wang.read("sale.sale", [sale], ["invoices"])[0]["invoices"][0]

    def states() -> tuple[str, str]:
        payload = bench.fetch("sale", sale).payload
        return read_billing(payload["invoice_state"], payload), read_payment(payload["invoice_state"], payload)

    assert states() == ("none", "none")
    bench.wang.call("model.account.invoice.post", [invoice])
    assert states() == ("complete", "none")
    before = bench.fetch("sale", sale).modified_at
    pay(bench, invoice, Decimal(10))
    assert states() == ("complete", "partial")
    changed = bench.read_all("sale", since=before + MICROSECOND)  # type: ignore[operator]
    assert [record.external_id for record in changed] == [str(sale)]
    pay(bench, invoice, None)
    assert states() == ("complete", "paid")


def pay(bench: Bench, invoice: int, amount: Decimal | None) -> None:
    """王会计 pays an invoice in the wizard; None: what is left."""
    context = {"active_model": "account.invoice", "active_id": invoice, "active_ids": [invoice]}
    wizard, state, _ = bench.wang.call("wizard.account.invoice.pay.create")
    view = bench.wang.call("wizard.account.invoice.pay.execute", wizard, {}, state, context=context)["view"]
    form = {name: value for name, value in view["defaults"].items() if "." not in name}
    method = bench.wang.call("model.account.invoice.payment.method.search", [], 0, 1, None)[0]
    form |= {"payment_method": method, **({"amount": amount} if amount else {})}
    answer = bench.wang.call("wizard.account.invoice.pay.execute", wizard, {state: form}, "choice", context=context)
    if "view" in answer:
        asked = {name: value for name, value in answer["view"]["defaults"].items() if "." not in name}
        forms = {state: form, answer["view"]["state"]: {**asked, "type": "partial"}}
        bench.wang.call("wizard.account.invoice.pay.execute", wizard, forms, "pay", context=context)
    bench.wang.call("wizard.account.invoice.pay.delete", wizard)
