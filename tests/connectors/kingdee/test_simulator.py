"""The simulated account keeps the rules of the real one: life cycle, organisations, queries, sessions, faults."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.kingdee.connector import KingdeeConnector
from connectors.kingdee.simulator import (
    FAULTS,
    FORMS,
    USER,
    BillRefused,
    Books,
    Faults,
    KingdeeSettings,
    Person,
    make_uscc,
    number,
    seed_company,
    simulator,
)
from connectors.kingdee.simulator.accountant import Accountant
from connectors.kingdee.simulator.query import run_query
from hub.errors import ConfigInvalid, NeedsConsent, OutcomeUnknown, Transient
from hub.model.identifiers import uscc_check_symbol
from hub.sdk import Draft, Written
from hub.sdk.simulator import RunningSimulator
from tests.connectors.kingdee.bench import StepClock

ORDER, CUSTOMER = "SAL_SaleOrder", "BD_Customer"


@pytest.fixture
def books() -> Books:
    made = Books(KingdeeSettings(), StepClock())
    seed_company(made, customers=4, materials=4, orders=0)
    return made


@pytest.fixture
def person(books: Books) -> Person:
    return Person(books)


def rows(books: Books, form: str, keys: str, condition: str = "", order: str = "", **more: int) -> list[list[Any]]:
    asked = {"FormId": form, "FieldKeys": keys, "FilterString": condition, "OrderString": order, **more}
    return run_query(books, asked)[1]


def add_order(person: Person, **more: Any) -> Any:
    return person.make_order("C00001", [("M0001", "3", "10"), ("M0002", "1", "500")], "2026-11-02", **more)


def test_the_same_seed_makes_the_same_company():
    def make(seed: int) -> Any:
        books = Books(clock=StepClock())
        seed_company(books, customers=5, materials=3, orders=9, invoices=4, seed=seed)
        return [list(books.all(form)) for form in FORMS.values()]

    assert make(3) == make(3)
    assert make(3) != make(4)


def test_prices_and_amounts_are_those_of_the_vendors_samples(person):
    order = add_order(person)
    first, second = order["FSaleOrderEntry"]
    assert [str(row["FPrice"]) for row in (first, second)] == ["8.849558", "442.477876"]
    assert [str(first[key]) for key in ("FAmount", "FEntryTaxAmount", "FAllAmount")] == ["26.55", "3.45", "30.00"]
    assert str(order["FBillAllAmount"]) == "530.00"


def test_an_audited_order_is_closed_until_it_is_taken_back(books, person):
    id = add_order(person)["FID"]
    with pytest.raises(BillRefused, match="不能审核"):
        books.act(FORMS[ORDER], id, "Audit", person.name)
    person.audit(ORDER, id)
    deeds = (
        lambda: person.edit(ORDER, id, FNote="x"), lambda: person.cancel(ORDER, id), lambda: person.delete(ORDER, id),
    )  # fmt: skip
    for deed in deeds:
        with pytest.raises(BillRefused):
            deed()
    assert person.send_back(ORDER, id)["FDocumentStatus"] == "D"
    assert person.edit(ORDER, id, FNote="x")["FNote"] == "x"
    assert person.cancel(ORDER, id)["FCancelStatus"] == "B"
    with pytest.raises(BillRefused, match="作废"):
        person.submit(ORDER, id)


def test_what_hangs_on_an_order_keeps_it(person):
    id = add_order(person)["FID"]
    person.audit(ORDER, id)
    due = person.bill(ORDER, id)
    assert str(due["FALLAMOUNTFOR"]) == "530.00"
    person.receive("AR_receivable", due["FID"], "100")
    with pytest.raises(BillRefused, match="下游"):
        person.send_back(ORDER, id)


def test_another_organisation_does_not_see_the_customer(books, person):
    other = {"FCreateOrgId": number("101"), "FUseOrgId": number("101")}
    made = person.create(CUSTOMER, FName="宁波客户", FNumber="C00001", **other)
    assert made["FNumber"] == "C00001", "a number is unique within its organisation"
    person.audit(CUSTOMER, made["FCUSTID"])
    order = add_order(person)
    assert order["FCustId"] != made["FCUSTID"]
    with pytest.raises(BillRefused, match="唯一"):
        person.create(CUSTOMER, FName="又一个", FNumber="C00001", **other)


def test_an_unaudited_customer_cannot_be_used_unless_the_account_is_lax(person):
    place = {"FCreateOrgId": number("100"), "FUseOrgId": number("100")}
    person.create(CUSTOMER, FName="新客户", FNumber="NEU", **place)
    with pytest.raises(BillRefused, match="未审核"):
        person.make_order("NEU", [("M0001", "1", "1")], "2026-11-02")
    lax = Books(KingdeeSettings(strict_masters=False), StepClock())
    seed_company(lax, customers=1, materials=1, orders=0)
    hand = Person(lax)
    hand.create(CUSTOMER, FName="新客户", FNumber="NEU", **place)
    assert hand.make_order("NEU", [("M0001", "1", "1")], "2026-11-02")["FID"]


def make_voucher(person: Person, dimensions: Any, debit: str = "113") -> Any:
    """One sale of 113.00 as an example of the vendor saves it."""

    def line(account: str, **more: Any) -> dict[str, Any]:
        return {"FEXPLANATION": "销售 C00001", "FACCOUNTID": number(account), "FCURRENCYID": number("PRE001"), **more}

    entries = [
        line("1122", FDEBIT=debit, FAMOUNTFOR=debit, FDetailID=dimensions),
        line("6001", FCREDIT="100", FAMOUNTFOR="100"),
        line("2221.01.05", FCREDIT="13", FAMOUNTFOR="13"),
    ]
    return person.create(
        "GL_VOUCHER", FVOUCHERID=0, FAccountBookID=number("001"), FDate="2026-11-21", FYEAR="2026", FPERIOD="11",
        FVOUCHERGROUPID=number("PRE001"), FACCBOOKORGID=number("100"), FEntity=entries,
    )  # fmt: skip


def test_a_voucher_balances_knows_its_customer_and_has_no_number_that_is_a_key(books, person):
    customer = {"FDETAILID__FFLEX6": number("C00001")}
    made = [make_voucher(person, customer) for _ in range(2)]
    assert [voucher["FVOUCHERGROUPNO"] for voucher in made] == ["1", "2"], "nothing keeps it from being made twice"
    assert rows(
        books, "GL_VOUCHER", "FVOUCHERID,FACCOUNTID.FNumber,FDEBIT,FDETAILID__FFLEX6.FNumber", "FDEBIT > 0"
    ) == [[voucher["FVOUCHERID"], "1122", 113, "C00001"] for voucher in made]
    assert person.audit("GL_VOUCHER", made[0]["FVOUCHERID"])["FDocumentStatus"] == "C"
    with pytest.raises(BillRefused, match="不平衡"):
        make_voucher(person, customer, "112.99")
    with pytest.raises(BillRefused, match="客户"):
        make_voucher(person, {})
    books.closed_through = "2026-11-30"
    with pytest.raises(BillRefused, match="结账"):
        make_voucher(person, customer)


@pytest.mark.parametrize("form", ["AR_RECEIVEBILL", "AR_REFUNDBILL"])
@pytest.mark.parametrize("settle_type", [None, "", "JSFS99_SYS"])
def test_money_needs_a_settlement_type_that_there_is(books, person, form, settle_type):
    entity = next(iter(FORMS[form].entities))
    amount = "FRECTOTALAMOUNTFOR" if form == "AR_RECEIVEBILL" else "FREFUNDAMOUNTFOR"
    line = {"FPURPOSEID": number("SFKYT01_SYS"), amount: "10"}
    own, payer = number("100"), number("C00001")
    kinds = {"AR_RECEIVEBILL": ("SKDLX01_SYS", "FPAYUNIT"), "AR_REFUNDBILL": ("SKTKDLX01_SYS", "FRECTUNIT")}
    head = {
        "FBillTypeID": number(kinds[form][0]), "FDATE": "2026-11-02", "FCONTACTUNITTYPE": "BD_Customer",
        "FCONTACTUNIT": payer, kinds[form][1]: payer, "FCURRENCYID": number("PRE001"), "FPAYORGID": own,
        "FSETTLEORGID": own,
    }  # fmt: skip
    given = {} if settle_type is None else {"FSETTLETYPEID": number(settle_type)}
    with pytest.raises(BillRefused) as refused:
        person.create(form, **head, **{entity: [{**line, **given}]})
    (complaint,) = refused.value.complaints
    assert complaint.field == "FSETTLETYPEID"
    assert (settle_type or "是必填项") in complaint.message
    assert list(books.all(FORMS[form])) == [], "nothing is kept of it"
    person.create(form, **head, **{entity: [{**line, "FSETTLETYPEID": number("JSFS01_SYS")}]})
    assert len(list(books.all(FORMS[form]))) == 1


def test_a_closed_period_refuses_receipts(books, person):
    id = add_order(person)["FID"]
    person.audit(ORDER, id)
    due = person.bill(ORDER, id)
    books.closed_through = "2026-11-30"
    with pytest.raises(BillRefused, match="结账"):
        person.receive("AR_receivable", due["FID"], "1")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("", 4),
        ("FNumber = 'c00001'", 1),
        ("FNumber like 'C0000%' and FNumber <> 'C00002'", 3),
        ("FNumber in ('C00001', 'C00003')", 2),
        ("(FNumber = 'C00001' or FNumber = 'C00002') and not FNumber = 'C00002'", 1),
        ("FUseOrgId.FNumber = '100'", 4),
        ("FUseOrgId.FNumber = '101'", 0),
        ("FModifyDate >= '2026-11-02 10:00:00'", 4),
        ("FModifyDate < '2026-11-02'", 0),
        ("FCUSTID > 100002", 2),
        ("FName = 'x'' or ''1''=''1'", 0),
        ("FDescription = ''", 4),
    ],
)
def test_conditions(books, condition, found):
    assert len(rows(books, CUSTOMER, "FNumber", condition)) == found


@pytest.mark.parametrize(
    "condition",
    [
        "FNumber =",
        "FNumber = 'x' or",
        "FNumber 'x'",
        "(FNumber = 'x'",
        "FNumber = 'x'; drop table x",
        "FNo = 1",
        "1 = 1 -- x",
    ],
)
def test_conditions_that_are_none_are_refused(books, condition):
    with pytest.raises(BillRefused):
        rows(books, CUSTOMER, "FNumber", condition)


def test_rows_are_flattened_and_the_head_repeats(books, person):
    add_order(person)
    found = rows(books, ORDER, "FBillNo,FMaterialId.FNumber,FBillAllAmount", order="FMaterialId.FNumber DESC")
    assert found == [["XSDD000001", "M0002", 530], ["XSDD000001", "M0001", 530]]
    assert rows(books, ORDER, "FBillNo", "FQty > 2") == [["XSDD000001"]]


def test_a_copy_by_a_person_carries_the_reference(account):
    (made,) = account.sink("account").create([Draft("IH-7", {"FName": "远山"})])
    copy = account.person.copy(CUSTOMER, int(made.external_id))
    found = {record.external_id: record.created_by_us for record in account.sink("account").find("IH-7")}
    assert found == {made.external_id: True, str(copy["FCUSTID"]): False}


def test_licences_are_used_up_by_sessions_that_nobody_ends(make_account):
    account = make_account(licences=2)
    account.orders.list_ids()
    account.api.sessions._start()
    assert account.orders.list_ids() == [], "the one session goes on"
    signed = account.connector._client
    signed._session = ""
    with pytest.raises(NeedsConsent, match="许可"):
        account.orders.list_ids()


@pytest.mark.parametrize(
    ("fault", "made", "error"),
    [
        ("unreachable", 0, OutcomeUnknown), ("lost_before", 0, OutcomeUnknown), ("lost_after", 1, OutcomeUnknown),
        ("late", 1, OutcomeUnknown), ("refused", 0, Transient), ("conflict", 0, Transient),
        ("server_error", 0, OutcomeUnknown), ("server_error_after", 1, OutcomeUnknown),
        ("garbage", 1, OutcomeUnknown), ("session_lost", 0, OutcomeUnknown), ("session_lost_after", 1, OutcomeUnknown),
    ],
)  # fmt: skip
def test_what_a_write_fault_does(account, fault, made, error):
    """On a real port a connection that never came about looks like one that was cut."""
    account.api.faults._d_max_s = 0.0
    account.api.faults.order_next(fault)
    (outcome,) = account.sink("account").create([Draft("IH-8", {"FName": "远山"})])
    assert type(outcome) is error
    assert len(account.sink("account").find("IH-8")) == made


@pytest.mark.parametrize("fault", [name for name in FAULTS if name.startswith("read_")])
def test_a_read_gets_over_a_fault(account, fault):
    account.api.faults.order_next(fault)
    try:
        assert account.orders.list_ids() == []
    except Transient:
        assert account.orders.list_ids() == []


def test_faults_that_are_not_known_are_named():
    with pytest.raises(ValueError, match="earthquake"):
        Faults(rates={"earthquake": 1})
    with pytest.raises(ValueError, match="earthquake"):
        Faults().order_next("earthquake")
    drawn = Faults(random.Random(1), {"refused": 1.0})
    assert drawn.draw(FAULTS, "Save") == "refused"
    drawn.active = False
    assert drawn.draw(FAULTS, "Save") is None


def test_a_fault_may_be_ordered_for_one_form():
    drawn = Faults()
    drawn.order_next("lost_after", form="SAL_SaleOrder")
    assert drawn.draw(FAULTS, "Save", "BD_Customer") is None
    assert drawn.draw(FAULTS, "Save", "SAL_SaleOrder") == "lost_after"
    assert drawn.draw(FAULTS, "Save", "SAL_SaleOrder") is None


@pytest.fixture
def running() -> Iterator[RunningSimulator]:
    started = simulator().start(0, 1, {}, {"customers": "3", "materials": "2", "orders": "4", "invoices": "1"})
    yield started
    started.stop()


def test_people_and_faults_over_http(running):
    with httpx.Client(base_url=running.url, trust_env=False) as hand:
        orders = hand.get("/people/SAL_SaleOrder").json()["items"]
        assert len(orders) == 4
        for bill in orders:  # only what is audited, and not closed yet, can be closed
            closes = bill["FDocumentStatus"] == "C" and bill["FCancelStatus"] == bill["FCloseStatus"] == "A"
            answer = hand.post(f"/people/SAL_SaleOrder/{bill['FID']}/close", json={})
            assert answer.status_code == (200 if closes else 422), bill["FDocumentStatus"]
        body = {"by": "赵六", "FName": "远山", "FCreateOrgId": number("100"), "FUseOrgId": number("100")}
        made = hand.post("/people/BD_Customer", json=body).json()
        assert hand.post(f"/people/BD_Customer/{made['FCUSTID']}/audit", json={}).json()["FDocumentStatus"] == "C"
        assert hand.post(f"/people/BD_Customer/{made['FCUSTID']}/audit", json={"by": USER}).status_code == 422
        assert hand.post("/simulator/faults", json={"next": "lost_after"}).status_code == 200
        assert hand.post("/simulator/faults", json={"next": "earthquake"}).status_code == 422
        assert hand.post("/simulator/restart", json={}).status_code == 200
        assert hand.get("/simulator/requests").json() == {"items": [], "writes": 0}
        assert hand.get("/simulator/writes").json() == {"writes": 0}
        assert hand.get("/nowhere").status_code == 404


def test_the_accountant_works_by_herself_and_a_seed_says_how(books, person):
    """New customers first; orders are audited, edited, sent back, delivered and billed."""
    new = person.create("BD_Customer", FName="新客", FCreateOrgId=number("100"), FUseOrgId=number("100"))
    for _ in range(12):
        person.make_order("C00001", [("M0001", "3", "11.30")], "2026-11-02")
    accountant = Accountant(books, 7)
    assert accountant.step() == "audit"
    assert books.take(FORMS["BD_Customer"], new["FCUSTID"])["FDocumentStatus"] == "C"
    done = [accountant.step() for _ in range(200)]
    assert {"audit", "edit", "send_back", "deliver", "bill"} <= set(done)
    assert "" in done, "a document that does not allow it"


def test_the_accountant_is_there_when_she_is_asked_for():
    started = simulator().start(0, 1, {}, {"steps": "1000", "every_s": "0.01"})
    try:
        with httpx.Client(base_url=started.url, trust_env=False) as hand:
            before = hand.get("/people/SAL_SaleOrder").json()["items"]
            assert wait_for(lambda: hand.get("/people/SAL_SaleOrder").json()["items"] != before)
    finally:
        started.stop()


def wait_for(look) -> bool:
    """Within half a minute."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if look():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("faults", "options"),
    [
        ({}, {"colour": "red"}),
        ({}, {"orders": "many"}),
        ({}, {"clerk": "maybe"}),
        ({}, {"every_s": "soon"}),
        ({"earthquake": 0.5}, {}),
    ],
)
def test_options_that_make_no_sense_are_named(faults, options):
    (name,) = {**faults, **options}
    with pytest.raises(ConfigInvalid, match=name):
        simulator().start(0, 1, faults, options)


def test_every_option_can_be_given_as_its_own_default():
    offered = simulator().options
    started = simulator().start(0, 1, {}, {name: option.default for name, option in offered.items()})
    started.stop()
    assert KingdeeConnector.Config.model_validate(started.credentials).organisation == "100"


def test_registration_numbers_are_valid():
    made = [make_uscc(random.Random(seed)) for seed in range(50)]
    assert all(uscc_check_symbol(code[:17]) == code[17] for code in made)


def test_a_written_order_is_found_at_once(account):
    order = account.order()
    assert isinstance(account.orders.fetch(str(order["FID"])).payload["Lines"], list)
    assert not isinstance(account.sink("account").create([Draft("IH-9", {})])[0], Written)
