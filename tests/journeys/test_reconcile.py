"""Faults of five sorts on a real system: all found, none invented, and gone when what was named has run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hub.model.sales import Order
from hub.protocol.binding import Binding
from hub.store.rows import Image
from hub.sync.findings import AMOUNT, DOUBLE, FIELD, MISSING_HERE, MISSING_THERE, STATE
from hub.sync.reconcile import Reconciliation, reconcile
from tests.journeys.company import Company
from tests.journeys.desk import NAME, Desk
from tests.journeys.erp import Erp


def tell(found: Reconciliation) -> set[tuple[str, str]]:
    return {(row.sort, row.remote_id or str(row.record_id)) for row in found.findings}


def lose(desk: Desk, record: Any) -> None:
    """The rows of one order are gone."""
    with desk.hub.store.write() as tx:
        tx.delete(Image, record_kind="order", record_id=record.id)
        tx.delete(Binding, hub_id=record.id)
        tx.delete(Order, id=record.id)


def test_faults_are_found_and_none_is_invented(company: Company, desk: Desk, erp: Erp):
    ids = [company.order_there() for _ in range(6)]
    erp.approve(ids[5])
    desk.run()
    desk.accept()
    desk.wait_quiet()
    desk.run()
    company.order_here()  # not sent yet
    before = reconcile(desk.hub, NAME)
    assert tell(before) == set(), before.findings
    assert before.reasons == {("not_due", "sync.not_sent_yet"): 1}, before.reasons
    orders = [desk.record_of("order", id_) for id_ in ids]
    unread = company.order_there()
    lose(desk, orders[0])
    erp.edit_quantity(ids[1], 0, 7)
    erp.edit_note(ids[2], "改了备注")
    erp.approve(ids[3])
    lost = company.order_here()
    twin = orders[5].model_copy(update={"id": desk.hub.new_id(), "lines": ()})
    with desk.hub.store.write() as tx:
        tx.delete(Binding, hub_id=lost.id)
        tx.save(orders[4].model_copy(update={"gross": orders[4].gross + Decimal("0.01")}))
        tx.insert(twin)
    found = reconcile(desk.hub, NAME)
    assert tell(found) == {
        (MISSING_HERE, unread), (MISSING_HERE, ids[0]), (MISSING_THERE, str(lost.id)), (DOUBLE, str(twin.id)),
        (AMOUNT, ids[1]), (AMOUNT, ids[4]), (STATE, ids[3]), (FIELD, ids[2]),
    }, found.findings  # fmt: skip
    lose(desk, twin)
    lose(desk, lost)
    mend(desk, found)
    assert tell(reconcile(desk.hub, NAME)) == set()


def mend(desk: Desk, found: Reconciliation) -> None:
    """Everything else is settled by the commands that were named."""
    named = {row.command.split()[2] for row in found.findings if row.command.startswith("isthmus sync")}
    assert named >= {"run", "sweep"}
    desk.wait_quiet()
    desk.run()
    desk.call("sync", "sweep", NAME)
