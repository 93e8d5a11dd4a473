"""What is read: documents put together from rows, what changed since, who did it, and what hangs on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.kingdee.shapes import ORDER, read_time
from connectors.kingdee.simulator import FORMS, Books, number
from hub.sdk import Draft, Stage
from tests.connectors.kingdee.bench import ZONE
from tests.connectors.kingdee.conftest import Account

FORM = "SAL_SaleOrder"


def ours() -> dict[str, Any]:
    line = {"FMaterialId": {"Id": "100001"}, "FQty": "2", "FPrice": "10", "FEntryTaxRate": "13"}
    return {"FCustId": {"Id": "100001"}, "FDate": "2026-11-02", "FSettleCurrId": {"FNumber": "PRE001"}, "Lines": [line]}


def make(account: Account, kind: str, payload: dict[str, Any], ref: str = "IH-1") -> str:
    (made,) = account.sink(kind).create([Draft(ref, payload)])
    return str(made.external_id)


def changed_since(account: Account, moment: Any) -> list[str]:
    return [record.external_id for record in account.orders.read_page(moment, None, 50).records]


def test_rows_become_a_document_with_its_lines(account):
    record = account.orders.fetch(str(account.order(FNote="急")["FID"]))
    payload = record.payload
    assert payload["FCustId"] == {"Id": "100001", "FNumber": "C00001"}
    assert payload["FDate"] == "2026-11-02"
    assert [line["FPrice"] for line in payload["Lines"]] == ["10", "442.477876"]
    assert (record.number, record.stage, record.reference) == ("XSDD000001", Stage.DRAFT, None)
    assert record.modified_at.tzinfo is ZONE


@pytest.mark.parametrize("page_rows", [10, 2000])
def test_documents_with_many_lines_are_whole_whatever_the_page(make_account, page_rows):
    account = make_account(config={"page_rows": page_rows})
    rows = [("M0001", str(count), "1.13") for count in range(1, 14)]
    ids = [str(account.person.make_order("C00001", rows, "2026-11-02")["FID"]) for _ in range(3)]
    page = account.orders.read_page(None, None, 50)
    assert [record.external_id for record in page.records] == ids
    assert [len(record.payload["Lines"]) for record in page.records] == [13, 13, 13]
    assert account.orders.list_ids() == ids


def test_a_server_that_cuts_its_pages_hides_no_line(make_account):
    """Its page is shorter than what was asked for, and not the end."""
    account = make_account(max_rows=100)
    rows = [("M0001", str(count), "1.13") for count in range(1, 14)]
    for _ in range(9):
        account.person.make_order("C00001", rows, "2026-11-02")
    page = account.orders.read_page(None, None, 50)
    assert [len(record.payload["Lines"]) for record in page.records] == [13] * 9


def test_one_document_takes_one_call(account):
    id = str(account.order()["FID"])
    before = len(account.api.requests)
    assert account.orders.fetch(id).external_id == id
    assert len(account.api.requests) - before == 1


@pytest.mark.parametrize("moves_date", [False, True])
def test_what_was_audited_cancelled_or_closed_counts_as_changed(make_account, moves_date):
    account = make_account(moves_date=moves_date)
    ids = [account.order()["FID"] for _ in range(4)]
    moment = account.clock.now() + timedelta(milliseconds=5)
    while account.clock.now() < moment:
        pass
    assert changed_since(account, moment) == []
    account.person.audit(FORM, ids[0])
    account.person.cancel(FORM, ids[1])
    account.person.audit(FORM, ids[2])
    account.person.close(FORM, ids[2])
    assert changed_since(account, moment) == [str(id) for id in ids[:3]]
    stages = [account.orders.fetch(str(id)).stage for id in ids]
    assert stages == [Stage.EFFECTIVE, Stage.VOID, Stage.EFFECTIVE, Stage.DRAFT]
    assert account.orders.fetch(str(ids[2])).payload["State"] == "closed"


def test_a_pull_never_claims_what_came_after_its_beginning(account):
    account.order()
    first = account.orders.read_page(None, None, 1)
    account.order()
    account.person.edit(FORM, int(first.records[0].external_id), FNote="inzwischen")
    second = account.orders.read_page(None, first.position, 1)
    assert second.records[0].modified_at > second.high_water
    assert first.records[0].external_id in changed_since(account, second.high_water)


def test_another_organisation_is_left_alone(account):
    place = {"FCreateOrgId": number("101"), "FUseOrgId": number("101")}
    made = account.person.create("BD_Customer", FName="宁波客户", **place)
    customers = account.connector.streams()["BD_Customer"]
    assert str(made["FCUSTID"]) not in customers.list_ids()
    assert customers.fetch(str(made["FCUSTID"])) is None


def test_who_touched_a_draft_is_told_as_far_as_it_can_be_known(account):
    id = make(account, "order", ours())

    def facts() -> tuple[Any, ...]:
        record = account.orders.fetch(id)
        return record.created_by_us, record.touched_by_person, record.changed_by_us

    assert facts() == (True, False, True)
    account.person.edit(FORM, int(id), FNote="李")
    assert facts() == (True, True, False)
    earlier = account.books.take(FORMS[FORM], int(id))["FCreateDate"].replace("2026", "2025")
    account.books.mark(FORMS[FORM], int(id), FCreateDate=earlier)
    account.sink("order").patch(id, {"FNote": "wir"}, if_version=None)
    assert facts() == (True, None, True), "somebody may be hidden behind our own save"


def test_goods_that_left_are_told_by_line_and_name_their_order(account):
    order = account.person.audit(FORM, account.order()["FID"])
    out = account.person.deliver(FORM, order["FID"])
    record = account.connector.streams()["SAL_OUTSTOCK"].fetch(str(out["FID"]))
    assert record.payload["Order"] == str(order["FID"])
    whole = account.orders.fetch(str(order["FID"]))
    assert (whole.payload["Fulfilment"], whole.live_children) == ("complete", True)
    lines = [{**row, "FStockOutQty": row["FQty"] - row["FQty"]} for row in order["FSaleOrderEntry"][:1]]
    account.books.mark(FORMS[FORM], order["FID"], FSaleOrderEntry=[*lines, *whole_rows(account.books, order)[1:]])
    assert account.orders.fetch(str(order["FID"])).payload["Fulfilment"] == "partial"


def whole_rows(books: Books, order: Any) -> list[Any]:
    return list(books.take(FORMS[FORM], order["FID"])["FSaleOrderEntry"])


def test_a_receivable_below_zero_is_a_credit_note(account):
    order = account.person.audit(FORM, account.order()["FID"])
    due = account.person.bill(FORM, order["FID"])
    stream = account.connector.streams()["AR_receivable"]
    assert stream.fetch(str(due["FID"])).payload["Type"] == "invoice"
    back = account.person.send_back("AR_receivable", due["FID"])
    for place in range(2):
        account.person.edit_line("AR_receivable", back["FID"], place, FPRICEQTY=-3)
    record = stream.fetch(str(due["FID"])).payload
    assert (record["Type"], record["Lines"][0]["Order"]) == ("credit_note", str(order["FID"]))
    assert record["Gross"].startswith("-")


def test_receipts_tell_what_their_lines_are_for(account):
    order = account.person.audit(FORM, account.order()["FID"])
    due = account.person.bill(FORM, order["FID"])
    lines = [
        {"FPURPOSEID": number("SFKYT01_SYS"), "FRECTOTALAMOUNTFOR": "1.10", "FCOMMENT": due["FBillNo"]},
        {"FPURPOSEID": number("SFKYT02_SYS"), "FRECTOTALAMOUNTFOR": "2.20", "FRECEIVEITEM": order["FBillNo"]},
        {"FPURPOSEID": number("SFKYT02_SYS"), "FRECTOTALAMOUNTFOR": "3.30"},
        {"FPURPOSEID": number("SFKYT01_SYS"), "FRECTOTALAMOUNTFOR": "4.40", "FCOMMENT": "Bemerkung"},
    ]
    made = account.person.create(
        "AR_RECEIVEBILL", FBillTypeID=number("SKDLX01_SYS"), FDATE="2026-11-02", FCONTACTUNIT=number("C00001"),
        FPAYUNIT=number("C00001"), FCURRENCYID=number("PRE001"), FPAYORGID=number("100"), FSETTLEORGID=number("100"),
        FRECEIVEBILLENTRY=[{"FSETTLETYPEID": number("JSFS01_SYS"), **line} for line in lines],
    )  # fmt: skip
    payload = account.connector.streams()["AR_RECEIVEBILL"].fetch(str(made["FID"])).payload
    told = [(row["Target"], row["Invoice"], row["Order"], row["Amount"]) for row in payload["Allocations"]]
    assert told == [
        ("invoice", str(due["FID"]), "", "1.1"), ("order", "", str(order["FID"]), "2.2"), ("advance", "", "", "3.3"),
    ]  # fmt: skip
    assert (payload["Amount"], payload["SettleType"]) == ("11.0", {"FNumber": "JSFS01_SYS"})


def test_what_is_no_id_is_nothing_there(account):
    for id in ("", "x", "1 or 1=1", "９"):
        assert account.orders.fetch(id) is None


def test_dates_that_stand_for_none():
    assert read_time("", ZONE) is None
    assert read_time("0001-01-01T00:00:00", ZONE) is None


def test_the_lines_of_a_sample_can_be_found(account):
    assert (account.orders.rows_path, account.orders.row_key, account.orders.key_path) == (
        "Lines",
        ORDER.line_id,
        "FID",
    )


def test_base_data_is_told_by_name_where_that_is_clear(account):
    for code, name, iso in (("box1", "箱", ""), ("box2", "箱", "")):
        account.books.add_base("BD_UNIT", code, name, iso)
    account.books.add_base("BD_Currency", "PRE900", "积分", "")
    tables = account.connector.code_tables()
    assert (tables["unit"]["Pcs"], tables["unit"]["box1"], tables["unit"]["box2"]) == ("个", "box1", "box2")
    assert tables["currency"]["PRE001"] == "CNY"
    assert "PRE900" not in tables["currency"], "no currency of ISO: what uses it waits for a person"
    assert tables["payment_method"]["JSFS04_SYS"] == "电汇"


def test_a_version_that_lacks_fields_is_read_without_them(make_account):
    lacking = ("FCloseDate", "FSoorDerno", "FStockOutQty", "FApproveDate")
    account = make_account(lacks=",".join(lacking), config={"left_out": lacking})
    assert all(item.ok for item in account.connector.check())
    order = account.person.audit(FORM, account.order()["FID"])
    account.person.deliver(FORM, order["FID"])
    record = account.orders.fetch(str(order["FID"]))
    assert (record.stage, record.payload["Fulfilment"]) == (Stage.EFFECTIVE, "none")
    (out,) = account.connector.streams()["SAL_OUTSTOCK"].read_page(None, None, 9).records
    assert out.payload["Order"] == ""
    complaints = [item for item in make_account(lacks="FCloseDate").connector.check() if not item.ok]
    assert [(item.code, item.params["form"]) for item in complaints] == [("kingdee.form_differs", FORM)]
    assert "FCloseDate" in str(complaints[0].params["words"])
