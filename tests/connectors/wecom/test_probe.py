"""What is only recalled of writing is tried on the account first: one appointment that is cancelled, one customer whose
texts are shortened and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from connectors.wecom.simulator import Corp, WecomSettings, seed_company
from connectors.wecom.simulator.corp import CANCELLED
from hub.errors import ConfigInvalid, IsthmusError
from hub.store.rows import Probe
from hub.sync.measure import Verdict
from hub.sync.probe import probe_kind
from tests.connectors.wecom.office import KINDS, Office
from tests.journeys.desk import ACTOR, NAME, MovedClock

MakeOffice = Callable[..., Office]
TEXTS = {
    "remark": "王伟-采购",
    "description": "要样品",
    "remark_corp_name": "远山轴承有限公司",
    "tags": ["A类", "经销商"],
}


@pytest.fixture
def make_office(tmp_path: Path) -> Iterator[MakeOffice]:
    made: list[Office] = []

    def make(kinds: tuple[str, ...] = KINDS, **settings: Any) -> Office:
        corp = Corp(WecomSettings(**settings), MovedClock())
        seed_company(corp, customers=0)
        made.append(Office(tmp_path, corp, None, kinds, probed=False))
        return made[-1]

    yield make
    for office in made:
        office.close()


def meet(office: Office, **more: Any) -> str:
    return office.person.meet("zhang.san", "大伟", **{**TEXTS, **more}).external_userid


def read_row(office: Office, kind: str) -> Probe | None:
    with office.desk.hub.store.read() as tx:
        return tx.get(Probe, connection=NAME, kind=kind)


def try_out(office: Office, kind: str) -> Any:
    return probe_kind(office.desk.hub, NAME, kind, ACTOR)


def test_nothing_is_written_before_a_probe_and_everything_after_it(make_office: MakeOffice):
    office = make_office()
    desk, id = office.desk, meet(office)
    desk.accept()
    desk.edit(office.contact_of(id), note="要报价")
    desk.create("activity", type="meeting", subject="拜访", starts_at="2026-12-01T01:00:00Z")
    report = office.run()
    assert set(report.refused.values()) == {"protocol.not_probed"}
    assert office.writes() == []
    for kind in ("contact", "activity"):
        assert try_out(office, kind).passed
    office.api.requests.clear()
    desk.accept(desk.plan())
    office.run()
    assert sorted(office.writes()) == ["externalcontact/remark", "oa/schedule/add"]
    assert office.corp.customers[id].follows["zhang.san"].description == "要报价"


def test_one_appointment_is_made_measured_and_cancelled_and_nobody_is_invited(make_office: MakeOffice):
    office = make_office()
    office.desk.accept()
    report = try_out(office, "activity")
    assert report.passed, report.measured.sentences()
    (left,) = office.corp.schedules.values()
    assert (left.status, left.values["attendees"], left.values["summary"][:5]) == (CANCELLED, [], "Probe")
    facts = {one.fact for one in report.measured.findings if one.fact}
    assert {"reference", "tier", "void effective", "editable effective starts_at"} <= facts
    office.run()
    assert office.desk.records("activity") == [], "another hub's, to every sync"


def test_texts_of_one_customer_are_tried_and_read_as_before(make_office: MakeOffice):
    office = make_office(kinds=("contact",))
    meet(office, remark="", description="", tags=[])
    meet(office)
    before = deepcopy(office.corp.customers)
    report = try_out(office, "contact")
    assert report.passed, report.measured.sentences()
    assert office.corp.customers == before
    assert office.writes() == ["externalcontact/remark"] * 6 + ["externalcontact/mark_tag"] * 2
    told = {one.fact for one in report.measured.findings if one.verdict is Verdict.OK}
    assert {f"editable effective {name}" for name in ("name", "note", "tags", "attributes.company")} <= told
    (untried,) = [one for one in report.measured.findings if one.code == "measure.field_untried"]
    assert untried.params == {"field": "mobile"}


def test_without_a_text_there_is_nothing_to_try(make_office: MakeOffice):
    office = make_office(kinds=("contact",))
    meet(office, remark="", description="", remark_corp_name="", tags=[])
    with pytest.raises(ConfigInvalid) as caught:
        try_out(office, "contact")
    assert caught.value.code == "sync.probe_needs_text"
    assert office.writes() == []


def test_an_interrupted_probe_is_put_back_by_the_next_one(make_office: MakeOffice):
    office = make_office(kinds=("contact",))
    id = meet(office)
    before = deepcopy(office.corp.customers)
    with Interrupted(office), pytest.raises(IsthmusError):
        try_out(office, "contact")
    assert office.corp.customers != before
    row = read_row(office, "contact")
    assert row is not None
    assert (row.left_ref, row.passed) == (id, False)
    assert try_out(office, "contact").passed
    assert office.corp.customers == before


def test_what_somebody_has_written_meanwhile_is_theirs(make_office: MakeOffice):
    office = make_office(kinds=("contact",))
    id = meet(office)
    with Interrupted(office), pytest.raises(IsthmusError):
        try_out(office, "contact")
    follow = office.corp.customers[id].follows["zhang.san"]
    follow.remark_corp_name = "远山集团"
    assert try_out(office, "contact").passed
    assert (follow.remark_corp_name, follow.remark) == ("远山集团", TEXTS["remark"])


class Interrupted:
    """From the first write on nothing answers."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def __enter__(self) -> None:
        writes = self.office.writes
        self.office.faults.order_next("read_lost", lambda path: bool(writes()), times=500)

    def __exit__(self, *_: object) -> None:
        self.office.faults.cancel_orders()


def test_a_company_that_speaks_another_form_is_found_out_and_writing_stays_off(make_office: MakeOffice):
    office = make_office(kinds=("user", "activity"), schedule_form="admins")
    office.desk.accept()
    report = try_out(office, "activity")
    assert not report.passed
    assert report.removed
    assert any("admins: missing" in text for text in report.measured.sentences()), "the company's own words"
    office.desk.create("activity", type="meeting", subject="拜访", starts_at="2026-12-01T01:00:00Z")
    assert office.run().refused == {"activity": "protocol.not_probed"}
    assert not office.corp.schedules
