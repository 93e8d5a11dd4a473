"""Customers, both ways."""

from __future__ import annotations

from tests.journeys.checks import check_agreement
from tests.journeys.desk import Desk
from tests.journeys.erp import Erp
from tests.journeys.people import draw_uscc


def test_a_customer_made_there_arrives_and_is_edited_from_both_sides(desk: Desk, erp: Erp):
    there = erp.make_customer("海岳精密机械有限公司", draw_uscc(), phone="021-60000001")
    desk.run()
    here = desk.record_of("account", there)
    assert (here.name, here.phone) == ("海岳精密机械有限公司", "021-60000001")
    erp.set_phone(there, "021-60000002")
    desk.run()
    assert desk.read(here).phone == "021-60000002"
    desk.edit(here, phone="021-60000003")
    desk.accept()
    assert erp.customer(there).phone == "021-60000003"
    check_agreement(desk, erp)


def test_a_customer_made_here_is_made_there_once(desk: Desk, erp: Erp):
    uscc, before = draw_uscc(), erp.customers()
    here = desk.make_customer("晨澜自动化设备有限公司", uscc, phone="021-60000004")
    view = desk.plan()
    assert [(item.kind, item.action) for item in view.items if item.side == "there"] == [("account", "create")]
    assert erp.customers() == before, "a plan writes nothing"
    desk.accept(view)
    there = erp.customer(desk.remote_id(here))
    assert (there.name, there.uscc, there.phone, there.ours) == (here.name, uscc, "021-60000004", True)
    erp.rename_customer(there.id, "晨澜自动化设备（上海）有限公司")
    desk.run()
    assert desk.read(here).name == "晨澜自动化设备（上海）有限公司"
    check_agreement(desk, erp)


def test_a_customer_that_both_sides_have_is_joined(desk: Desk, erp: Erp):
    uscc = draw_uscc()
    here = desk.make_customer("屿岚电子科技有限公司", uscc)
    there = erp.make_customer("屿岚电子科技有限公司", uscc, phone="0571-60000005")
    before = len(erp.customers())
    desk.accept()
    assert desk.remote_id(here) == there
    assert desk.read(here).phone == "0571-60000005"
    assert len(erp.customers()) == before
    check_agreement(desk, erp)


def test_a_customer_without_a_number_waits_for_a_person(desk: Desk, erp: Erp):
    here = desk.create("account", name="无证商行")
    before = len(erp.customers())
    assert desk.writes(desk.accept()) == {}
    assert len(erp.customers()) == before
    check_agreement(desk, erp, waits=["sync.needs_match"])
    there = erp.make_customer("无证商行")
    desk.match(here, there)
    desk.run()
    assert desk.remote_id(here) == there
    check_agreement(desk, erp)
