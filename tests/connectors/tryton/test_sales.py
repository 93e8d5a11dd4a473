"""Writing sales to the real server: drafts, lines, actions, and everything that may come between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import IsthmusError, Locked, OutcomeUnknown, Rejected, Stale, Transient
from hub.runtime.clock import SystemClock
from hub.sdk import Amend, Confirm, Draft, Stage, Tier, Written
from hub.testkit.fault_proxy import FaultProxy, calls
from hub.testkit.tryton_people import Line
from tests.connectors.tryton.conftest import Bench, MakeConnector, next_reference


@pytest.fixture
def draft(bench: Bench) -> Callable[..., dict[str, Any]]:
    """Makes the payload of an order of two lines for a fresh customer."""

    def make(**changes: Any) -> dict[str, Any]:
        lines = [
            {**line(bench.make_product("33.335")), "quantity": "3", "unit_price": "33.335"},
            {**line(None), "description": "运费", "quantity": "1", "unit_price": "10", "tax_rate": "0.06"},
        ]
        return {"party": str(bench.make_party()), "currency": {"code": "CNY"}, "lines": lines, **changes}

    return make


def line(product: int | None, **changes: Any) -> dict[str, Any]:
    named = {"product": None if product is None else str(product), "description": ""}
    return {**named, "quantity": "1", "unit": {"symbol": "u"}, "unit_price": "1", "tax_rate": "0.13", **changes}


def create(bench: Bench, payload: dict[str, Any], ref: str | None = None) -> Written:
    result = bench.sink("order").create([Draft(ref or next_reference(), payload)])[0]
    assert isinstance(result, Written), result
    return result


def state_of(bench: Bench, written: Written | str) -> str:
    id = written if isinstance(written, str) else written.external_id
    return str(bench.fetch("sale", id).payload["state"])


def test_a_draft_there_and_back(bench: Bench, draft):
    ref = next_reference()
    written = create(bench, draft(comment="急", customer_reference="PO-1", sale_date="2026-11-20"), ref)
    record = bench.fetch("sale", written.external_id)
    assert (record.stage, record.reference, record.version) == (Stage.DRAFT, ref, written.version)
    assert (record.created_by_us, record.touched_by_person, record.changed_by_us) == (True, False, True)
    payload = record.payload
    assert (payload["comment"], payload["customer_reference"], payload["sale_date"]) == ("急", "PO-1", "2026-11-20")
    assert (payload["untaxed_amount"], payload["tax_amount"], payload["total_amount"]) == ("110.00", "13.60", "123.60")
    assert payload["invoice_address"] == payload["shipment_address"] is not None
    assert [(item["quantity"], item["unit"]["symbol"], item["tax_rate"]) for item in payload["lines"]] == [
        ("3.0", "u", "0.13"), ("1.0", "u", "0.06"),
    ]  # fmt: skip


def test_the_address_for_the_purpose_is_chosen(bench: Bench, draft):
    party = bench.make_party()
    more = [{"city": "苏州", "delivery": True}, {"city": "无锡", "invoice": True}]
    bench.wang.edit_customer(party, addresses=[["create", more]])
    payload = bench.fetch("sale", create(bench, draft(party=str(party))).external_id).payload
    where = [payload["invoice_address"], payload["shipment_address"]]
    cities = {row["id"]: row["city"] for row in bench.wang.read("party.address", where, ["city"])}
    assert [cities[address] for address in where] == ["无锡", "苏州"]


def test_a_customer_without_an_address_gets_a_draft_that_cannot_be_quoted(bench: Bench, draft):
    party = bench.wang.call("model.party.party.create", [{"name": "无地址公司"}])[0]
    written = create(bench, draft(party=str(party)))
    with pytest.raises(Rejected) as refused:
        bench.sink("order").submit(written.external_id, if_version=written.version)
    assert type(refused.value) is Rejected
    assert state_of(bench, written) == "draft"


def test_a_patch_of_lines_keeps_their_ids(bench: Bench, draft):
    written = create(bench, draft())
    first, second = bench.fetch("sale", written.external_id).payload["lines"]
    other = bench.make_product("5")
    wanted = [
        {**line(first["product"]), "id": str(first["id"]), "quantity": "4", "unit_price": "33.335", "tax_rate": "0.06"},
        line(other, description="新行", quantity="2", unit_price="5", tax_rate="0"),
    ]
    patched = bench.sink("order").patch(written.external_id, {"lines": wanted}, if_version=written.version)
    record = bench.fetch("sale", written.external_id)
    kept, new = record.payload["lines"]
    assert (record.version, kept["id"], kept["quantity"], kept["tax_rate"]) == (
        patched.version, first["id"], "4.0", "0.06",
    )  # fmt: skip
    assert (new["product"], new["description"], new["quantity"], new["tax_rate"], new["taxes"]) == (
        other, "新行", "2.0", "0", [],
    )  # fmt: skip
    assert second["id"] not in {kept["id"], new["id"]}


def test_lines_that_carry_no_money_stay(bench: Bench, draft):
    written = create(bench, draft())
    bench.wang.edit_order(int(written.external_id), lines=[["create", [{"type": "title", "description": "第一部分"}]]])
    bench.sink("order").patch(written.external_id, {"lines": [line(bench.make_product("5"))]}, if_version=None)
    types = [item["type"] for item in bench.fetch("sale", written.external_id).payload["lines"]]
    assert sorted(types) == ["line", "title"]


def test_a_line_without_a_unit_takes_its_products(bench: Bench, draft):
    product = bench.make_product("5", unit="Kilogram")
    payload = draft(lines=[line(product, unit={"symbol": ""}, quantity="1.25")])
    lines = bench.fetch("sale", create(bench, payload).external_id).payload["lines"]
    assert (lines[0]["unit"]["symbol"], lines[0]["quantity"]) == ("kg", "1.25")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"unit": {"symbol": "箱"}}, "tryton.unit_unknown"),
        ({"unit": {"symbol": ""}}, "tryton.unit_missing"),
        ({"tax_rate": "0.09"}, "tryton.tax_unknown"),
        ({"quantity": "many"}, "tryton.not_a_number"),
        ({"quantity": "1.5"}, "tryton.refused"),
        ({"unit_price": "1.23456"}, "tryton.refused"),
    ],
)
def test_a_line_that_tryton_cannot_hold_is_refused_with_words(bench: Bench, draft, change, code):
    result = bench.sink("order").create([Draft(next_reference(), draft(lines=[line(None, **change)]))])[0]
    assert isinstance(result, Rejected)
    assert result.code == code
    assert bench.sink("order").find("IT01") is not None


def test_another_customer_brings_his_own_address(bench: Bench, draft):
    written, other = create(bench, draft()), bench.make_party("另一家")
    bench.sink("order").patch(written.external_id, {"party": str(other)}, if_version=written.version)
    payload = bench.fetch("sale", written.external_id).payload
    owner = bench.wang.read("party.address", [payload["invoice_address"]], ["party"])[0]["party"]
    assert (payload["party"], owner) == (other, other)


def test_submit_confirm_and_once_more(bench: Bench, draft):
    sink, written = bench.sink("order"), create(bench, draft())
    quoted = sink.submit(written.external_id, if_version=written.version)
    assert (state_of(bench, quoted), quoted.number is not None) == ("quotation", True)
    assert sink.submit(written.external_id, if_version=written.version).number == quoted.number
    confirmed = sink.confirm(written.external_id, if_version=quoted.version)
    record = bench.fetch("sale", written.external_id)
    assert (record.stage, record.version, record.live_children) == (Stage.EFFECTIVE, confirmed.version, True)
    assert sink.confirm(written.external_id, if_version=None).version == confirmed.version


def test_confirm_quotes_a_draft_first(bench: Bench, draft):
    written = create(bench, draft())
    bench.sink("order").confirm(written.external_id, if_version=written.version)
    assert state_of(bench, written) == "processing"


def test_void_and_once_more(bench: Bench, draft):
    written = create(bench, draft())
    for _ in range(2):
        bench.sink("order").void(written.external_id, if_version=None)
    assert bench.fetch("sale", written.external_id).stage is Stage.VOID


def test_delete_and_once_more(bench: Bench, draft):
    written = create(bench, draft())
    for _ in range(2):
        bench.sink("order").delete(written.external_id, if_version=None)
    assert bench.stream("sale").fetch(written.external_id) is None


def edit_note(bench: Bench, sale: str) -> None:
    bench.wang.edit_order(int(sale), comment="x")


def edit_line_directly(bench: Bench, sale: str) -> None:
    bench.wang.edit_line(int(sale), 0, directly=True, quantity=9)


@pytest.mark.parametrize("edit", [edit_note, edit_line_directly])
@pytest.mark.parametrize("write", ["patch", "submit", "confirm", "void", "delete"])
def test_what_somebody_changed_meanwhile_is_stale(bench: Bench, draft, edit, write: str):
    written = create(bench, draft())
    edit(bench, written.external_id)
    given = ({"comment": "y"},) if write == "patch" else ()
    with pytest.raises(Stale):
        getattr(bench.sink("order"), write)(written.external_id, *given, if_version=written.version)
    record = bench.fetch("sale", written.external_id)
    assert (record.stage, record.payload["comment"]) == (Stage.DRAFT, "x" if edit is edit_note else None)


@pytest.mark.parametrize(
    ("moves", "write", "refused"),
    [
        (["quote"], "delete", True),
        (["quote", "confirm"], "delete", True),
        (["quote", "confirm"], "void", True),
        (["cancel"], "submit", True),
        (["cancel"], "confirm", True),
        (["quote"], "void", False),
        (["cancel"], "delete", False),
    ],
)
def test_what_the_states_allow(bench: Bench, draft, moves: list[str], write: str, refused: bool):
    written = create(bench, draft())
    for move in moves:
        getattr(bench.wang, move)(int(written.external_id))
    act = getattr(bench.sink("order"), write)
    if not refused:
        act(written.external_id, if_version=None)
        return
    before = state_of(bench, written)
    with pytest.raises(Locked) as locked:
        act(written.external_id, if_version=None)
    assert (locked.value.params["state"], state_of(bench, written)) == (before, before)


def test_the_declared_editable_fields_are_what_the_server_allows(bench: Bench, draft):
    """Every field of the declaration, in every state: allowed exactly where it is declared."""
    values: dict[str, dict[str, Any]] = {
        "note": {"comment": "x"},
        "ordered_on": {"sale_date": "2026-11-01"},
        "reference": {"customer_reference": "PO-2"},
        "lines": {"lines": [line(bench.make_product("7"))]},
        "account_id": {"party": str(bench.make_party("别的公司"))},
    }
    editable = bench.sink("order").semantics.editable
    for moves, stage in ([], Stage.DRAFT), (["quote"], Stage.SUBMITTED), (["quote", "confirm"], Stage.EFFECTIVE):
        written = create(bench, draft())
        for move in moves:
            getattr(bench.wang, move)(int(written.external_id))
        for name, payload in values.items():
            allowed = name in editable[stage] or "*" in editable[stage]
            try:
                bench.sink("order").patch(written.external_id, payload, if_version=None)
            except Locked:
                assert not allowed, (stage, name)
            else:
                assert allowed, (stage, name)


def test_what_is_declared(bench: Bench):
    declared = bench.sink("order").semantics
    assert (declared.tier, declared.amend) == (Tier.DRAFT, Amend.REFUSE)
    assert declared.confirms == frozenset(Confirm)
    assert declared.compare_and_set
    assert declared.d_max_s > 60
    assert not declared.exclusive_confirm


def test_find_shows_every_state_and_no_copy(bench: Bench, draft):
    ref = next_reference()
    first = create(bench, draft(), ref)
    bench.sink("order").void(first.external_id, if_version=None)
    second = create(bench, draft(), f"{ref[:28]}01")
    bench.wang.copy("sale.sale", int(first.external_id))
    hits = bench.sink("order").find(ref[:28].lower())
    assert [(hit.external_id, hit.stage, hit.created_by_us) for hit in hits] == [
        (first.external_id, Stage.VOID, True), (second.external_id, Stage.DRAFT, True),
    ]  # fmt: skip


def test_a_reference_that_a_person_typed_is_not_ours(bench: Bench):
    ref = next_reference()
    bench.make_sale(1, reference=ref)
    assert [hit.created_by_us for hit in bench.sink("order").find(ref)] == [False]


def test_after_a_lost_answer_the_search_finds_one(shaky: Bench, proxy: FaultProxy, draft):
    ref, payload = next_reference(), draft()
    proxy.lose_next_answer(calls("model.sale.sale.create"))
    assert isinstance(shaky.sink("order").create([Draft(ref, payload)])[0], OutcomeUnknown)
    assert [(hit.stage, hit.reference) for hit in shaky.sink("order").find(ref)] == [(Stage.DRAFT, ref)]
    assert sum(seen.rpc_method == "model.sale.sale.create" for seen in proxy.log) == 1


@pytest.mark.parametrize("act", ["submit", "confirm", "void"])
def test_after_a_lost_answer_an_action_may_be_repeated(shaky: Bench, proxy: FaultProxy, draft, act: str):
    button = {"submit": "quote", "confirm": "confirm", "void": "cancel"}[act]
    written = create(shaky, draft())
    proxy.lose_next_answer(calls(f"model.sale.sale.{button}"))
    with pytest.raises(OutcomeUnknown):
        getattr(shaky.sink("order"), act)(written.external_id, if_version=written.version)
    getattr(shaky.sink("order"), act)(written.external_id, if_version=written.version)
    assert sum(seen.rpc_method == f"model.sale.sale.{button}" for seen in proxy.log) == 1


def test_refused_for_the_moment_is_certainly_not_applied(shaky: Bench, proxy: FaultProxy, draft):
    ref, payload = next_reference(), draft()
    proxy.refuse_next(calls("model.sale.sale.create"), retry_after_s=7)
    result = shaky.sink("order").create([Draft(ref, payload)])[0]
    assert isinstance(result, Transient)
    assert result.retry_after_s == 7
    assert shaky.sink("order").find(ref) == []


def test_a_garbled_answer_of_a_write_is_unknown(shaky: Bench, proxy: FaultProxy, draft):
    proxy.garble_next(calls("model.sale.sale.create"))
    assert isinstance(shaky.sink("order").create([Draft(next_reference(), draft())])[0], OutcomeUnknown)


def test_each_draft_of_a_batch_has_its_own_result(bench: Bench, draft):
    good, bad = draft(), draft(party="999999")
    results = bench.sink("order").create([Draft(next_reference(), item) for item in (good, bad, draft())])
    codes = [item.code if isinstance(item, IsthmusError) else "written" for item in results]
    assert codes == ["written", "tryton.gone", "written"]


class SlowClock(SystemClock):
    """Nine seconds pass between two looks at it."""

    seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 9
        return self.seconds


def test_nothing_is_sent_when_looking_took_too_long(make_connector: MakeConnector, bench: Bench, draft):
    """The lease of the hub may be over by then."""
    ref = next_reference()
    result = make_connector(clock=SlowClock()).sinks()["order"].create([Draft(ref, draft())])[0]
    assert isinstance(result, Transient)
    assert result.code == "tryton.too_slow"
    assert bench.sink("order").find(ref) == []


def test_a_return_is_an_order_with_less_than_nothing(bench: Bench, draft):
    payload = draft(lines=[line(bench.make_product("5"), quantity="-2", unit_price="5")])
    written = create(bench, payload)
    assert bench.fetch("sale", written.external_id).payload["total_amount"] == "-11.30"


def test_people_may_confirm_our_drafts(bench: Bench, draft):
    written = create(bench, draft())
    bench.wang.quote(int(written.external_id))
    bench.wang.confirm(int(written.external_id))
    record = bench.fetch("sale", written.external_id)
    assert (record.stage, record.created_by_us, record.touched_by_person) == (Stage.EFFECTIVE, True, True)


def test_a_sale_of_a_person_can_be_patched_and_keeps_its_reference(bench: Bench):
    product = bench.make_product("5")
    sale = bench.wang.make_order(bench.make_party(), [Line(product, 1)], reference="PO-3")
    bench.sink("order").patch(str(sale), {"customer_reference": "PO-4"}, if_version=None)
    assert bench.wang.order(sale).reference == "PO-4"
