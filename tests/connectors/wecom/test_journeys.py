"""Customers, tags, callbacks and appointments between the company and the hub, with the salespeople at work."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.wecom.simulator import Corp, Faults, WecomSettings, seed_company
from hub.errors import IsthmusError
from tests.connectors.wecom.office import KINDS, Office
from tests.journeys.desk import MovedClock

COMPANY = "远山轴承有限公司"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
MakeOffice = Callable[..., Office]


@pytest.fixture
def make_office(tmp_path: Path) -> Iterator[MakeOffice]:
    made: list[Office] = []

    def make(
        faults: Faults | None = None, *, kinds: tuple[str, ...] = KINDS, config: Any = None, **settings: Any
    ) -> Office:
        corp = Corp(WecomSettings(**settings), MovedClock())
        seed_company(corp, customers=0)
        office = Office(tmp_path, corp, faults, kinds, config)
        made.append(office)
        return office

    yield make
    for office in made:
        office.close()


def meet(office: Office, **more: Any) -> str:
    return office.person.meet("zhang.san", "大伟", remark="王伟", remark_corp_name=COMPANY, **more).external_userid


def test_a_customer_arrives_on_the_account_and_tags_go_back_once(make_office):
    office = make_office(kinds=("user", "account", "contact"))
    desk = office.desk
    account = desk.create("account", name=COMPANY)
    id = meet(office, tags=["A类"])
    desk.accept()
    assert desk.records("contact") == [], "a company's name is no proof: it waits, and whoever names it"
    (asked,) = [item for item in desk.todo() if item.kind == "account"]
    assert COMPANY in asked.command
    desk.match(account, COMPANY)
    office.run()
    zhang = next(user for user in desk.records("user") if user.name == "张三")
    assert desk.read(account).owner_id == zhang.id, "whoever knows the customer looks after the company"
    contact = office.contact_of(id)
    assert [line.account_id for line in contact.links] == [account.id]
    assert (contact.name, contact.tags, contact.attributes["keeper"]) == ("王伟", ("A类",), "zhang.san")
    assert {user.name for user in desk.records("user")} == {"张三", "李四", "王五", "赵六"}
    assert office.writes() == []

    desk.accept(desk.plan())
    desk.edit(contact, tags=["A类", "经销商"])
    office.run()
    assert office.writes() == ["externalcontact/mark_tag"]
    desk.edit(desk.read(contact), name="王伟-采购", note="要样品")
    office.run()
    follow = office.corp.customers[id].follows["zhang.san"]
    assert (follow.remark, follow.description, follow.remark_corp_name) == ("王伟-采购", "要样品", COMPANY)
    for _ in range(2):
        assert desk.attempts(office.run()) == []
    assert office.writes() == ["externalcontact/mark_tag", "externalcontact/remark"]
    assert office.api.callbacks.waiting == 0, "what the API writes calls nobody back"


def test_a_callback_is_kept_then_the_customer_is_read_and_a_repeated_one_is_no_work(make_office):
    office = make_office(Faults(), kinds=("user", "account", "contact"))
    office.desk.accept()
    with office.door() as address:
        assert not office.api.callbacks.enter(address.replace("/erp", "/nobody"))
        assert office.api.callbacks.enter(address), "the address check is echoed"
        id = meet(office)
        office.faults.order_next("callback_repeated")
        office.api.callbacks.push_all()
        assert len(office.events()) == 1
        office.faults.order_next("callback_forged")
        office.person.note("zhang.san", id, description="要样品")
        office.api.callbacks.push_all()
    assert dict(office.api.callbacks.ledger.statuses) == {200: 3, 401: 1}
    assert [event.state for event in office.events()] == ["new", "new"]
    read = len(office.api.requests)
    report = office.take_events()
    assert report.events["done"] == 2
    assert office.contact_of(id).note == "要样品"
    assert sum(trace.path == "externalcontact/get" for trace in list(office.api.requests)[read:]) >= 1
    office.person.part("zhang.san", id)
    assert office.take_events().events["done"] == 0


def test_what_calls_nobody_back_is_found_by_the_nightly_reading(make_office):
    office = make_office(kinds=("user", "account", "contact"))
    id = meet(office)
    office.desk.accept()
    with office.door() as address:
        assert office.api.callbacks.enter(address)
        office.person.note("zhang.san", id, remark_mobiles=["13800000001"])
        office.api.callbacks.push_all()
    assert office.events() == []
    office.run()
    assert office.contact_of(id).mobile == "13800000001"


def test_a_wrong_secret_is_told_once_and_pauses_the_connection(make_office):
    office = make_office(kinds=("user", "contact"), wrong_secrets=3)
    asked = office.api.gate.asked
    office.desk.keep_secret("secret1")
    office.desk.reopen()
    with pytest.raises(IsthmusError):
        office.desk.plan()
    _run_somehow(office)
    assert office.api.gate.asked == asked + 1
    state = office.state()
    assert state is not None
    assert (state.paused, state.pause_code) == (True, "wecom.login_refused")
    office.desk.reopen()  # another process, which remembers nothing
    for _ in range(3):
        _run_somehow(office)
    assert (office.api.gate.asked, office.api.gate.wrong) == (asked + 1, 1)
    office.desk.keep_secret(office.corp.settings.secret)
    office.desk.reopen()
    office.desk.call("connection", "resume", "erp")
    office.desk.accept()
    assert len(office.desk.records("user")) == 4


def _run_somehow(office: Office, *, rested: bool = False) -> None:
    """Whatever becomes of it. ``rested``: after every pause that the company asked for."""
    try:
        if rested:
            office.run()
        else:
            office.desk.run()
    except IsthmusError:
        return


def test_appointments_go_both_ways_and_answers_come_back(make_office):
    office = make_office(kinds=("user", "activity"))
    desk = office.desk
    desk.accept()
    li = next(user for user in desk.records("user") if user.name == "李四")
    times = {"starts_at": "2026-12-01T01:00:00Z", "ends_at": "2026-12-01T02:00:00Z"}
    visit = desk.create("activity", type="meeting", subject="拜访远山", text="带样品", owner_id=str(li.id), **times)
    desk.accept()
    id = desk.remote_id(visit)
    there = office.corp.schedules[id]
    assert [person["userid"] for person in there.values["attendees"]] == ["li.si"]
    office.person.answer("li.si", id, 2)
    office.person.move(id, location="苏州")
    office.run()
    here = desk.read(visit)
    assert ([person.answer for person in here.people], here.location) == (["accepted"], "苏州")
    desk.edit(here, subject="拜访远山轴承", ends_at="2026-12-01T03:00:00Z")
    office.run()
    assert there.values["summary"] == "拜访远山轴承"
    assert there.values["end_time"] - there.values["start_time"] == 7200
    assert there.answers == {"li.si": 2}, "whoever has answered is not asked again"
    office.person.cancel(id)
    office.run()
    assert desk.read(visit).state == "void"
    assert desk.attempts(office.run()) == []


def test_a_customer_whose_company_is_not_synced_waits_and_says_why(make_office):
    office = make_office(kinds=("user", "contact"))
    meet(office)
    other = office.person.meet("li.si", "小芳").external_userid
    office.desk.accept()
    assert office.contact_of(other).name == "小芳"
    assert len(office.desk.records("contact")) == 1
    assert any(item.kind == "contact" and COMPANY in item.text() for item in office.desk.todo())


def test_a_lost_answer_makes_no_second_appointment(make_office):
    office = make_office(Faults(), kinds=("user", "activity"))
    desk = office.desk
    desk.accept()
    office.faults.order_next("lost_after", lambda path: path == "oa/schedule/add")
    desk.create("activity", type="meeting", subject="拜访", starts_at="2026-12-01T01:00:00Z")
    desk.accept()
    for _ in range(3):
        office.run()
    assert len(office.appointments()) == 1
    assert desk.count_unbound("activity") == 0


RATES = {
    "lost_before": 0.06, "lost_after": 0.1, "busy": 0.04, "busy_after": 0.05, "garbage": 0.04, "limit": 0.03,
    "crowded": 0.03, "token_ended": 0.05, "read_lost": 0.02, "read_busy": 0.02, "read_garbage": 0.02,
    "read_token_ended": 0.03,
}  # fmt: skip


@pytest.mark.parametrize("seed", [1])
def test_with_everything_that_goes_wrong_both_sides_end_alike(make_office, seed):
    draw = random.Random(seed)
    office = make_office(Faults(random.Random(f"faults/{seed}")), kinds=("user", "contact", "activity"))
    desk = office.desk
    ids = [office.person.meet("zhang.san", f"客户 {number}").external_userid for number in range(4)]
    desk.accept()
    office.faults.rates = RATES
    for step in range(8):
        contact = desk.read(office.contact_of(draw.choice(ids)))
        desk.edit(contact, note=f"记 {step}", tags=draw.sample(["A类", "B类", "经销商"], 2))
        if step % 2:
            starts = f"2026-12-{step + 1:02}T01:00:00Z"
            desk.create("activity", type="meeting", subject=f"拜访 {step}", starts_at=starts)
        if step % 3 == 0:
            office.person.note("zhang.san", draw.choice(ids), remark_mobiles=[f"1380000000{step}"])
        _run_somehow(office, rested=True)
    office.faults.rates = {}
    state = office.state()
    if state is not None and state.paused:  # two tokens in a row that ended early
        assert state.pause_code == "wecom.token_refused"
        desk.call("connection", "resume", "erp")
    for _ in range(4):
        _run_somehow(office, rested=True)
    for id in ids:
        here, there = desk.read(office.contact_of(id)), office.corp.customers[id].follows["zhang.san"]
        names = sorted((office.corp.name_tag(tag) or ("", ""))[1] for tag in there.tags)
        assert (here.note, sorted(here.tags), here.mobile) == (
            there.description, names, next(iter(there.remark_mobiles), ""),
        )  # fmt: skip
    told = sorted(row.values["summary"] for row in office.appointments())
    assert told == sorted(record.subject for record in desk.records("activity")) == [f"拜访 {n}" for n in (1, 3, 5, 7)]
    assert desk.count_unbound("activity") == 0
    assert desk.attempts(office.run()) == []


def test_many_workers_ask_for_one_token(make_office):
    office = make_office(kinds=("user",))
    office.desk.accept()
    asked = office.api.gate.asked
    office.api.gate.end_token()
    stream = office.desk.hub.open("erp").streams["member"]
    callers = [threading.Thread(target=stream.list_ids) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert office.api.gate.asked == asked + 1


def test_a_wrong_secret_is_tried_once_by_all_processes_together(make_office):
    office = make_office(kinds=("user",), wrong_secrets=2)
    office.desk.accept()
    office.desk.keep_secret("secret1")
    office.api.gate.end_token()
    processes = [office.desk.start("sync", "run", "erp") for _ in range(4)]
    assert all(process.wait(120) != 0 for process in processes)
    assert office.api.gate.wrong == 1
    state = office.state()
    assert state is not None
    assert state.paused


def test_what_the_hub_has_is_joined_by_a_person_and_never_made_there(make_office):
    office = make_office(kinds=("user", "contact"))
    desk = office.desk
    known = desk.create("user", name="张三")
    contact = desk.create("contact", name="王伟", note="要样品", tags=["A类"])
    id = office.person.meet("zhang.san", "王伟").external_userid
    desk.match(known, "zhang.san")
    desk.accept()
    assert sorted(user.name for user in desk.records("user")) == sorted(["张三", "李四", "王五", "赵六"])
    assert (desk.binding(contact).remote_id, office.writes()) == (None, [])
    asked = [item for item in desk.todo() if item.kind == "contact"]
    assert asked, "a contact of the same name waits for a person"
    desk.match(contact, id)
    office.run()
    assert [record.id for record in desk.records("contact")] == [contact.id]
    desk.settle(contact, "hub")
    office.run()
    follow = office.corp.customers[id].follows["zhang.san"]
    assert (follow.description, [office.corp.name_tag(tag)[1] for tag in follow.tags]) == ("要样品", ["A类"])
    assert desk.attempts(office.run()) == []
