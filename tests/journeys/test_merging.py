"""Two customers of an ERP are found to be one, go on being synced, and turn out to be two after all."""

from __future__ import annotations

from typing import Any

from hub.sync.review import merge_by_hand
from hub.sync.unmerge import unmerge_record
from tests.journeys.checks import check_agreement
from tests.journeys.company import Company
from tests.journeys.desk import ACTOR, Desk
from tests.journeys.erp import Erp

NAMES = ("澄江精密机械", "澄江精机（老客户）")


def say(record: Any) -> dict[str, Any]:
    """What a record says, without what moves by itself."""
    told: dict[str, Any] = record.model_dump(exclude={"revision", "updated_at", "created_at"})
    return told


def test_merge_then_sync_then_unmerge(desk: Desk, erp: Erp, company: Company):
    there = [erp.make_customer(name, phone=f"0510-8600000{place}") for place, name in enumerate(NAMES)]
    first = erp.make_order(there[1], company.lines)
    desk.run()
    kept, lost = (desk.record_of("account", id_) for id_ in there)
    order = desk.record_of("order", first)
    assert order.account_id == lost.id
    before = [say(desk.read(record)) for record in (kept, lost, order)]

    report = merge_by_hand(desk.hub, "account", kept.id, lost.id, ACTOR)
    assert (report.references, [row.role for row in report.bindings]) == ({"order": 1}, ["kept"])
    second = erp.make_order(there[1], company.lines)
    erp.set_phone(there[1], "0510-86000009")
    desk.run()
    assert {desk.record_of("order", id_).account_id for id_ in (first, second)} == {kept.id}
    assert [erp.order(id_).customer for id_ in (first, second)] == [there[1], there[1]], "nothing is rebooked there"
    assert desk.read(kept).phone == "0510-86000000"

    done = unmerge_record(desk.hub, "account", lost.id, ACTOR)
    assert (done.references, done.conflicts, done.staying) == ({"order": 2}, (), ())
    assert {desk.record_of("order", id_).account_id for id_ in (first, second)} == {lost.id}
    after = [say(desk.read(record)) for record in (kept, lost, order)]
    assert after == [before[0], {**before[1], "phone": "0510-86000009"}, before[2]]
    assert {customer.id: customer.phone for customer in erp.customers() if customer.id in there} == {
        there[0]: "0510-86000000",
        there[1]: "0510-86000009",
    }
    check_agreement(desk, erp)
