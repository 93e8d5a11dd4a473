"""What is written: what a form insists on, what a change names, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kingdee.simulator import FORMS
from hub.errors import Locked, Rejected, Stale
from hub.sdk import Amend, Draft, Evidence, Stage, Tier, Written
from tests.connectors.kingdee.conftest import Account

ORDER, RECEIPT = "SAL_SaleOrder", "AR_RECEIVEBILL"


def line(**more: Any) -> dict[str, Any]:
    return {"FMaterialId": {"Id": "100001"}, "FQty": "2", "FPrice": "10", "FEntryTaxRate": "13", **more}


def order(*lines: dict[str, Any]) -> dict[str, Any]:
    head = {"FCustId": {"Id": "100001"}, "FDate": "2026-11-02", "FSettleCurrId": {"FNumber": "PRE001"}}
    return {**head, "Lines": list(lines) or [line()]}


def receipt(amount: str, *allocations: dict[str, Any]) -> dict[str, Any]:
    head = {"FCONTACTUNIT": {"Id": "100001"}, "FDATE": "2026-11-02", "FCURRENCYID": {"FNumber": "PRE001"}}
    return {**head, "Amount": amount, "Allocations": list(allocations)}


def make(account: Account, kind: str, payload: dict[str, Any], ref: str = "IH-1") -> str:
    (made,) = account.sink(kind).create([Draft(ref, payload)])
    assert isinstance(made, Written), made
    return made.external_id


def bill(account: Account, form: str, id: str) -> Any:
    return account.books.take(FORMS[form], int(id))


def test_the_declaration_is_careful(make_account):
    semantics = make_account().sink("order").semantics
    assert (semantics.tier, semantics.evidence, semantics.amend) == (Tier.DRAFT, Evidence.RECALLED, Amend.REFUSE)
    assert not semantics.compare_and_set
    assert semantics.editable.keys() == semantics.deletable == {Stage.DRAFT}
    assert make_account(config={"amend": "reopen"}).sink("order").semantics.amend is Amend.REOPEN
    numbered = make_account(config={"reference_field": "FBillNo"})
    assert numbered.sink("order").semantics.reference_field == "SAL_SaleOrder FBillNo"
    assert numbered.sink("account").semantics.reference_field == "BD_Customer FNumber"


def test_an_order_has_what_its_form_insists_on(account):
    made = bill(account, ORDER, make(account, "order", order()))
    row = made["FSaleOrderEntry"][0]
    unit = account.books.get(FORMS["BD_UNIT"], row["FUnitID"])
    assert (made["F_ISTHMUS_REF"], made["FIsIncludedTax"], unit["FNumber"]) == ("IH-1", False, "Pcs")
    assert str(row["FAllAmount"]) == "22.60"


def test_a_change_of_lines_keeps_changes_adds_and_removes(account):
    id = make(account, "order", order(line(FQty="1"), line(FQty="2"), line(FQty="3")))
    first, second, _ = account.orders.fetch(id).payload["Lines"]
    wanted = [line(FEntryID=first["FEntryID"], FQty="1"), line(FEntryID=second["FEntryID"], FQty="22"), line(FQty="4")]
    account.sink("order").patch(id, {"Lines": wanted}, if_version=None)
    after = [(row["FEntryID"], row["FQty"]) for row in account.orders.fetch(id).payload["Lines"]]
    assert after[:2] == [(first["FEntryID"], "1"), (second["FEntryID"], "22")]
    assert after[2][1] == "4"


def test_a_change_of_the_head_names_nothing_else(account):
    id = make(account, "order", order())
    account.person.edit(ORDER, int(id), FLinkMan="王")
    account.sink("order").patch(id, {"FNote": "x"}, if_version=None)
    made = bill(account, ORDER, id)
    assert (made["FNote"], made["FLinkMan"], made["F_ISTHMUS_REF"], len(made["FSaleOrderEntry"])) == (
        "x",
        "王",
        "IH-1",
        1,
    )


def test_what_somebody_changed_meanwhile_is_stale(account):
    id = make(account, "order", order())
    seen = account.orders.fetch(id).version
    account.person.edit(ORDER, int(id), FNote="李")
    for deed in (
        lambda: account.sink("order").patch(id, {"FNote": "x"}, if_version=seen),
        lambda: account.sink("order").submit(id, if_version=seen),
        lambda: account.sink("order").void(id, if_version=seen),
        lambda: account.sink("order").delete(id, if_version=seen),
    ):
        with pytest.raises(Stale):
            deed()
    assert bill(account, ORDER, id)["FNote"] == "李"


def test_ends_and_their_limits(account):
    sink, id = account.sink("order"), make(account, "order", order())
    sink.submit(id, if_version=None)
    sink.submit(id, if_version=None)
    for deed in (sink.void, sink.delete):
        with pytest.raises(Locked):
            deed(id, if_version=None)
    sink.reopen(id, if_version=None)
    sink.void(id, if_version=None)
    sink.void(id, if_version=None)
    assert account.orders.fetch(id).stage is Stage.VOID
    other = make(account, "order", order(), "IH-2")
    sink.delete(other, if_version=None)
    sink.delete(other, if_version=None)
    with pytest.raises(Rejected):
        sink.patch(other, {"FNote": "x"}, if_version=None)
    with pytest.raises(Locked):
        account.sink("account").void("100001", if_version=None)


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("order", order({**line(), "FMaterialId": {"Id": ""}}), "kingdee.material_missing"),
        ("order", order(line(FMaterialId={"Id": "999999"})), "kingdee.gone"),
        ("order", {**order(), "FCustId": {"Id": "1 or 1=1"}}, "kingdee.not_an_id"),
        ("order", order(line(FQty="viel")), "kingdee.not_a_number"),
        ("payment", receipt("1", {"Target": "advance", "Amount": "2"}), "kingdee.allocated_too_much"),
        ("payment", {**receipt("1"), "Type": "refund"}, "kingdee.refund_elsewhere"),
        ("payment", receipt("1", {"Target": "write_off", "Amount": "1"}), "kingdee.allocation_unsaid"),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_is_sent(account, kind, payload, code):
    (refused,) = account.sink(kind).create([Draft("IH-1", payload)])
    assert isinstance(refused, Rejected)
    assert refused.code == code
    assert account.api.writes == 0


def test_a_receipt_has_a_line_for_each_document_and_one_for_the_rest(account):
    sold = account.person.audit(ORDER, account.order()["FID"])
    due = account.person.bill(ORDER, sold["FID"])
    rows = (
        {"Target": "invoice", "Invoice": str(due["FID"]), "Amount": "1.5"},
        {"Target": "order", "Order": str(sold["FID"]), "Amount": "2.5"},
    )
    id = make(account, "payment", {**receipt("10", *rows), "SettleNo": "流水1"})
    stream = account.connector.streams()[RECEIPT]
    lines = bill(account, RECEIPT, id)["FRECEIVEBILLENTRY"]
    assert [(row["FCOMMENT"], row["FRECEIVEITEM"], str(row["FRECTOTALAMOUNTFOR"])) for row in lines] == [
        (due["FBillNo"], "", "1.50"), ("", sold["FBillNo"], "2.50"), ("", "", "6.00"),
    ]  # fmt: skip
    known = stream.fetch(id).payload["Allocations"]
    account.sink("payment").patch(id, {"Amount": "12"}, if_version=None)
    after = bill(account, RECEIPT, id)["FRECEIVEBILLENTRY"]
    assert [row["FENTRYID"] for row in after] == [row["FENTRYID"] for row in lines], "the lines are the same ones"
    assert str(after[2]["FRECTOTALAMOUNTFOR"]) == "8.00"
    account.sink("payment").patch(id, {"Allocations": [dict(known[1])]}, if_version=None)
    assert [row["Target"] for row in stream.fetch(id).payload["Allocations"]] == ["order"]
    assert stream.fetch(id).payload["Amount"] == "12.0"


def test_parties_are_found_by_their_credit_code_and_nothing_else(account):
    known = next(iter(account.books.all(FORMS["BD_Customer"])))
    found = account.sink("account").find_by_identifier("uscc", known["FSOCIALCRECODE"])
    assert [record.external_id for record in found] == [str(known["FCUSTID"])]
    assert account.sink("account").find_by_identifier("vat", known["FSOCIALCRECODE"]) == ()
    assert account.sink("account").find_by_identifier("uscc", "x' or '1'='1") == []
