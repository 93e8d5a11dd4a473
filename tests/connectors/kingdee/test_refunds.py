"""Money given back: a form of its own, the same kind. Ids of the two forms never meet."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kingdee.simulator import FORMS
from hub.errors import NeedsConsent, Rejected
from hub.sdk import Draft, Stage, Written
from hub.sync.evidence import NOT_PROBED, check_probed
from hub.sync.probe import probe_kind
from hub.testkit.conformance import make_suite
from tests.connectors.kingdee.bench import KingdeeBench
from tests.connectors.kingdee.company import Company
from tests.connectors.kingdee.conftest import Account, MakeAccount

RECEIPT, REFUND = "AR_RECEIVEBILL", "AR_REFUNDBILL"


def payment(kind: str, amount: str, *allocations: dict[str, Any]) -> dict[str, Any]:
    head = {"FCONTACTUNIT": {"Id": "100001"}, "FDATE": "2026-11-02", "FCURRENCYID": {"FNumber": "PRE001"}}
    return {**head, "Type": kind, "Amount": amount, "Allocations": list(allocations)}


def make(account: Account, payload: dict[str, Any], ref: str) -> Any:
    (made,) = account.sink("payment").create([Draft(ref, payload)])
    return made


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    return make_account(config={"refunds": "true"})


def stream_of(account: Account) -> Any:
    return account.connector.streams()[RECEIPT]


def test_a_refund_stands_on_its_own_form_and_is_found_by_its_reference(account: Account) -> None:
    order = account.order()
    row = {"Target": "order", "Order": str(order["FID"]), "Amount": "30"}
    received = make(account, payment("receipt", "100"), "IH-1")
    given = make(account, payment("refund", "50", row), "IH-2")
    assert (received.external_id, given.external_id) == ("100001", "R100001")
    bill = account.books.take(FORMS[REFUND], 100001)
    lines = [(line["FNOTE"], str(line["FREFUNDAMOUNTFOR"])) for line in bill["FREFUNDBILLENTRY"]]
    assert lines == [(order["FBillNo"], "30.00"), ("", "20.00")]
    (found,) = account.sink("payment").find("IH-2")
    assert (found.external_id, found.payload["Type"], found.payload["Amount"]) == ("R100001", "refund", "50")
    assert found.payload["Allocations"][0]["Order"] == str(order["FID"])
    assert stream_of(account).fetch("R100001").reference == "IH-2"
    assert stream_of(account).fetch("100001").payload["Type"] == "receipt"


def test_both_forms_are_listed_one_behind_the_other(account: Account) -> None:
    for place in range(3):
        make(account, payment("receipt", "10"), f"IH-A{place}")
        make(account, payment("refund", "5"), f"IH-B{place}")
    seen, position = [], None
    while True:
        page = stream_of(account).read_page(None, position, 2)
        seen += [record.external_id for record in page.records]
        position = page.position
        if position is None:
            break
    wanted = ["100001", "100002", "100003", "R100001", "R100002", "R100003"]
    assert seen == list(stream_of(account).list_ids()) == wanted


def test_it_is_edited_audited_and_taken_back_on_its_form(account: Account) -> None:
    id = make(account, payment("refund", "50"), "IH-1").external_id
    sink = account.sink("payment")
    assert sink.patch(id, {"FREMARK": "质量", "Amount": "40"}, if_version=None).external_id == id
    seen = stream_of(account).fetch(id)
    assert (seen.payload["FREMARK"], seen.payload["Amount"]) == ("质量", "40")
    sink.confirm(id, if_version=None)
    assert stream_of(account).fetch(id).stage is Stage.EFFECTIVE
    sink.reopen(id, if_version=None)
    sink.void(id, if_version=None)
    assert stream_of(account).fetch(id).stage is Stage.VOID
    other = make(account, payment("refund", "1"), "IH-2").external_id
    sink.delete(other, if_version=None)
    assert stream_of(account).fetch(other) is None


def test_without_being_asked_for_they_are_refused_and_not_read(make_account: MakeAccount) -> None:
    plain = make_account(denied=f"{REFUND}.Query,{REFUND}.Save")
    assert isinstance(make(plain, payment("refund", "5"), "IH-1"), Rejected)
    assert isinstance(make(plain, payment("receipt", "5"), "IH-2"), Written)
    assert all(item.ok for item in plain.connector.check())


@pytest.mark.slow
def test_both_forms_are_probed_before_anything_is_written_to_either():
    company = Company(only="main", config={"refunds": "true"})
    try:
        company.run("main")
        report = probe_kind(company.hub, "main", "payment", "li")
        assert report.passed
        assert report.removed
        assert [company.books.next_id(form) for form in (RECEIPT, REFUND)] == [100002, 100002], "one of each was made"
        assert [list(company.books.all(FORMS[form])) for form in (RECEIPT, REFUND)] == [[], []]
        with company.store.read() as tx:
            assert check_probed(tx, company.hub, "main", "payment") is None
    finally:
        company.close()


@pytest.mark.slow
def test_a_probe_of_receipts_alone_vouches_for_no_refunds():
    company = Company(only="main", denied=f"{REFUND}.Save")
    try:
        company.run("main")
        assert probe_kind(company.hub, "main", "payment", "li").passed
        company.reopen(refunds="true")
        with company.store.read() as tx:
            assert check_probed(tx, company.hub, "main", "payment") == NOT_PROBED
        with pytest.raises(NeedsConsent):
            probe_kind(company.hub, "main", "payment", "li")
        with company.store.read() as tx:
            assert check_probed(tx, company.hub, "main", "payment") == NOT_PROBED
    finally:
        company.close()


TestBothForms = pytest.mark.slow(make_suite(KingdeeBench({"refunds": "true"}, clerk=True), kinds=("payment",)))
