"""Vouchers on a form that has no bill number: what is written, what is found again, what a ledger refuses, and the
way from an invoice in the hub to a draft that the accountant posts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kingdee.simulator import FORMS, Books, KingdeeSettings, seed_company
from hub.errors import Locked, PeriodClosed, Rejected
from hub.sdk import Draft, Stage, Tier, Written
from tests.connectors.kingdee.conftest import Account, MakeAccount
from tests.connectors.kingdee.office import Office
from tests.connectors.kingdee.test_oracle import Oracle, oracle
from tests.journeys.desk import Desk, MovedClock

FORM = "GL_VOUCHER"
LEDGER = """
[ledgers.main]
since = 2026-01-01
[ledgers.main.accounts]
receivable = "1122"
revenue = "6001"
output_vat = "2221.01.05"
bank = "1002"
"""


def line(account: str, debit: str, credit: str, **more: Any) -> dict[str, Any]:
    return {
        "FEXPLANATION": "2026-11-21 销售 C00001 SO1", "FACCOUNTID": {"FNumber": account},
        "FCURRENCYID": {"FNumber": "PRE001"}, "FEXCHANGERATE": "1", "FAMOUNTFOR": max(debit, credit, key=float),
        "FDEBIT": debit, "FCREDIT": credit, **more,
    }  # fmt: skip


CUSTOMER = {"FDETAILID__FFLEX6": {"Id": "100001"}}


def voucher(*lines: dict[str, Any], day: str = "2026-11-21") -> dict[str, Any]:
    """The entries of one sale of 113.00, as the fact sheet of the form has them."""
    sale = (line("1122", "113", "0", **CUSTOMER), line("6001", "0", "100"), line("2221.01.05", "0", "13"))
    return {
        "FAccountBookID": {"FNumber": "001"}, "FVOUCHERGROUPID": {"FNumber": "PRE001"}, "FDate": day,
        "FATTACHMENTS": 1, "Lines": list(lines or sale),
    }  # fmt: skip


def make(account: Account, payload: dict[str, Any], ref: str = "IH-1") -> Any:
    (made,) = account.sink("voucher").create([Draft(ref, payload)])
    return made


def stream_of(account: Account) -> Any:
    return account.connector.streams()[FORM]


def test_a_voucher_is_a_draft_that_is_found_by_its_reference(account: Account) -> None:
    made = make(account, voucher())
    assert isinstance(made, Written)
    (found,) = account.sink("voucher").find("IH-1")
    assert (found.external_id, found.stage, found.created_by_us) == (made.external_id, Stage.DRAFT, True)
    bill = account.books.take(FORMS[FORM], int(made.external_id))
    assert (bill["FYEAR"], bill["FPERIOD"], bill["FVOUCHERGROUPNO"]) == ("2026", "11", "1")
    assert bill["FDEBITTOTAL"] == 113


def test_what_a_ledger_refuses_is_told_in_its_words(account: Account) -> None:
    assert "借贷不平衡" in str(make(account, voucher(line("1122", "113", "0", **CUSTOMER), line("6001", "0", "100"))))
    missing = make(account, voucher(line("1122", "113", "0"), line("6001", "0", "113")))
    assert isinstance(missing, Rejected)
    assert "核算维度“客户”必录" in str(missing)
    assert isinstance(make(account, {**voucher(), "FAccountBookID": {}}), Rejected)


def test_a_closed_period_is_told_as_such(make_account: MakeAccount) -> None:
    account = make_account(closed_through="2026-11-30")
    assert isinstance(make(account, voucher()), PeriodClosed)


def test_without_a_field_of_its_own_nothing_can_be_found_again(make_account: MakeAccount) -> None:
    blind = make_account(config={"reference_field": "FBillNo"})
    semantics = blind.sink("voucher").semantics
    assert (semantics.tier, semantics.reference_field) == (Tier.BLIND, None)
    assert isinstance(make(blind, voucher()), Written)
    assert blind.sink("voucher").find("IH-1") == ()
    declared = make_account().sink("voucher").semantics
    assert (declared.tier, declared.reference_field) == (Tier.DRAFT, "GL_VOUCHER F_ISTHMUS_REF")


def test_other_peoples_vouchers_are_none_of_our_business(account: Account) -> None:
    lines = [{"FEXPLANATION": "工资", "FACCOUNTID": {"FNumber": "6001"}, "FCURRENCYID": {"FNumber": "PRE001"},
              "FDEBIT": 5}, {"FEXPLANATION": "工资", "FACCOUNTID": {"FNumber": "1002"},
              "FCURRENCYID": {"FNumber": "PRE001"}, "FCREDIT": 5}]  # fmt: skip
    head = {"FAccountBookID": {"FNumber": "001"}, "FVOUCHERGROUPID": {"FNumber": "PRE001"}, "FDate": "2026-11-02",
            "FACCBOOKORGID": {"FNumber": "100"}}  # fmt: skip
    account.person.create(FORM, **head, FEntity=lines)
    ours = make(account, voucher())
    page = stream_of(account).read_page(None, None, 50)
    assert [record.external_id for record in page.records] == [ours.external_id]


def test_a_void_draft_is_deleted_and_an_audited_one_stays(account: Account) -> None:
    first, second = make(account, voucher(), "IH-1"), make(account, voucher(), "IH-2")
    sink = account.sink("voucher")
    sink.void(first.external_id, if_version=None)
    assert stream_of(account).fetch(first.external_id) is None
    account.person.audit(FORM, int(second.external_id))
    with pytest.raises(Locked):
        sink.void(second.external_id, if_version=None)


def test_entries_are_changed_as_a_whole(account: Account) -> None:
    made = make(account, voucher())
    kept = stream_of(account).fetch(made.external_id).payload["Lines"]
    wanted = [line("1122", "226", "0", **CUSTOMER, FEntryID=kept[0]["FEntryID"]),
              line("6001", "0", "226", FEntryID=kept[1]["FEntryID"])]  # fmt: skip
    account.sink("voucher").patch(made.external_id, {"Lines": wanted}, if_version=None)
    after = stream_of(account).fetch(made.external_id).payload["Lines"]
    assert [(row["FEntryID"], row["FDEBIT"], row["FCREDIT"]) for row in after] == [
        (kept[0]["FEntryID"], "226", "0"), (kept[1]["FEntryID"], "0", "226"),
    ]  # fmt: skip


def test_the_vendors_library_saves_the_same_voucher(account: Account, oracle: Oracle) -> None:
    """Through the connector and through the library: the same entries."""
    ours = stream_of(account).fetch(make(account, voucher()).external_id).payload
    rows = [
        {"FEXPLANATION": row["FEXPLANATION"], "FACCOUNTID": row["FACCOUNTID"], "FCURRENCYID": {"FNumber": "PRE001"},
         "FDetailID": {"FDETAILID__FFLEX6": {"FNumber": "C00001"}} if row["FACCOUNTID"]["FNumber"] == "1122" else {},
         "FEXCHANGERATE": 1, "FAMOUNTFOR": float(row["FAMOUNTFOR"]), "FDEBIT": float(row["FDEBIT"]),
         "FCREDIT": float(row["FCREDIT"])}
        for row in voucher()["Lines"]
    ]  # fmt: skip
    model = {
        "FVOUCHERID": 0, "FAccountBookID": {"FNumber": "001"}, "FACCBOOKORGID": {"FNumber": "100"},
        "FDate": "2026-11-21", "FBUSDATE": "2026-11-21", "FYEAR": 2026, "FPERIOD": 11,
        "FVOUCHERGROUPID": {"FNumber": "PRE001"}, "FATTACHMENTS": 1, "FEntity": rows,
    }  # fmt: skip
    saved = oracle.call("Save", FORM, {"Model": model})["Result"]
    assert saved["ResponseStatus"]["IsSuccess"], saved
    theirs = stream_of(account).fetch(str(saved["Id"])).payload
    varies = {"FVOUCHERID", "FVOUCHERGROUPNO", "F_ISTHMUS_REF", "FCreateDate", "FModifyDate", "FEntryID"}
    assert _strip(theirs, varies) == _strip(ours, varies)
    model["FEntity"] = rows[:2]
    assert "借贷不平衡" in str(oracle.status("Save", FORM, {"Model": model}))


@pytest.mark.slow
def test_the_same_number_in_another_month_is_no_double(office: Office) -> None:
    """Numbers of vouchers are counted anew each month; money of both is told by their lines."""
    desk = office.desk
    _open_ledger(desk)
    for day in ("2026-09-30", "2026-10-30", "2026-11-02"):
        order = office.person.make_order("C00001", [("M0001", "3", "11.30")], day)
        office.person.audit("SAL_SaleOrder", order["FID"])
        office.person.bill("SAL_SaleOrder", order["FID"])
    desk.accept()
    desk.call("voucher", "make")
    desk.call("connection", "probe", "erp", "--yes", "--kind", "voucher", code=0)
    desk.accept()
    numbers = sorted(bill["FVOUCHERGROUPNO"] for bill in office.books.all(FORMS[FORM]))
    assert numbers == ["1", "1", "2"], "the probe was the first of its month"
    answer = desk.call("reconcile", "erp", "--kind", "voucher", code=0)
    (row,) = answer["items"]
    assert (row["hub_count"], row["remote_count"], row["hub_sum"]) == (3, 3, row["remote_sum"])
    assert Decimal(row["hub_sum"]) == sum(voucher.debit for voucher in desk.records("voucher"))


@pytest.mark.slow
def test_the_draft_of_a_receivable_that_was_cancelled_is_deleted_there(office: Office) -> None:
    desk, due = office.desk, "AR_receivable"
    _open_ledger(desk)
    order = office.person.make_order("C00001", [("M0001", "3", "11.30")], "2026-11-02")
    office.person.audit("SAL_SaleOrder", order["FID"])
    billed = office.person.bill("SAL_SaleOrder", order["FID"])
    desk.accept()
    desk.call("voucher", "make")
    desk.call("connection", "probe", "erp", "--yes", "--kind", "voucher", code=0)
    desk.accept()
    assert len(list(office.books.all(FORMS[FORM]))) == 1
    desk.wait_quiet()
    office.person.send_back(due, billed["FID"])
    office.person.cancel(due, billed["FID"])
    desk.wait_quiet()
    desk.run()
    assert [invoice.state.value for invoice in desk.records("invoice")] == ["void"]
    (done,) = desk.call("voucher", "make", code=0)["items"]
    assert (done["action"], done["reason"]) == ("void", None)
    desk.run()
    assert list(office.books.all(FORMS[FORM])) == []
    assert desk.call("voucher", "make", code=0)["items"] == []
    assert desk.call("reconcile", "erp", code=0)["item"]["agrees"]


def _open_ledger(desk: Desk) -> None:
    config = desk.folder / "isthmus.toml"
    config.write_text(f'{config.read_text("utf-8")}{LEDGER}\n[connections.erp.codes.ledger]\n"001" = "main"\n', "utf-8")
    desk.call("apply")
    desk.reopen()


def _strip(payload: dict[str, Any], varies: set[str]) -> dict[str, Any]:
    lines = [{key: value for key, value in row.items() if key not in varies} for row in payload["Lines"]]
    return {**{key: value for key, value in payload.items() if key not in varies}, "Lines": lines}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    books = Books(KingdeeSettings(clerk=True), MovedClock())
    seed_company(books, customers=3, materials=4, orders=0, invoices=0, seed=2)
    made = Office(tmp_path, books, None, ("account", "product", "order", "invoice", "voucher"), {"vouchers": "true"})
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["lost_after", "session_lost_after"])
def test_a_receivable_becomes_a_draft_that_the_accountant_posts(office: Office, fault: str) -> None:
    """The way back too: its number and its state. However the answer is lost, there is one."""
    desk = office.desk
    _open_ledger(desk)
    order = office.person.make_order("C00001", [("M0001", "3", "11.30")], "2026-11-02")
    office.person.audit("SAL_SaleOrder", order["FID"])
    office.person.bill("SAL_SaleOrder", order["FID"])
    desk.accept()
    desk.call("voucher", "make")
    (voucher_,) = desk.records("voucher")
    (waits,) = (item for item in desk.todo() if item.kind == "voucher")
    assert (waits.kind_of_wait, waits.amount, waits.base_amount) == ("plan", voucher_.debit, voucher_.debit)
    desk.call("connection", "probe", "erp", "--yes", "--kind", "voucher", code=0)
    office.faults.order_next(fault)
    desk.accept()
    for _ in range(3):
        desk.wait_quiet()
        desk.run()
    (bill,) = office.books.all(FORMS[FORM])
    assert bill["FDocumentStatus"] == "A"
    assert bill["FDEBITTOTAL"] == voucher_.debit
    rows = {row["kind"]: row for row in desk.call("reconcile", "erp", code=0)["items"]}
    assert Decimal(rows["voucher"]["hub_sum"]) == Decimal(rows["voucher"]["remote_sum"]) == voucher_.debit
    office.person.audit(FORM, bill["FVOUCHERID"])
    desk.run()
    (posted,) = desk.records("voucher")
    assert (posted.state.value, posted.posted_number) == ("posted", bill["FVOUCHERGROUPNO"])


__all__ = ["oracle"]
