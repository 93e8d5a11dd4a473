"""Receipts on every sort of system: made once, whatever becomes of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.sync.config import HubConfig
from hub.sync.records import create_record
from hub.sync.todo import list_todo
from tests.sync.scenes import Scene

KINDS = ("account", "product", "order", "invoice", "payment")
UNREAD = """[mapping]

[fields.allocations.fields]
order_id = { from = "sale", ref = "order", direction = "out" }
"""
SETTINGS = [("unique", "save"), ("draft", "save"), ("draft", "submit"), ("draft", "audit"), ("plain", "save")]


@pytest.fixture
def make_till(tmp_path: Path) -> Iterator[Any]:
    """A scene whose connection also has invoices and payments."""
    made: list[Scene] = []

    def make(tier: str, confirm: str = "save", **erp: Any) -> Scene:
        syncs = {kind: {"confirm": confirm if kind == "payment" else "save"} for kind in KINDS}
        scene = Scene(tmp_path, erp={"tier": tier, **erp}, syncs=syncs)
        made.append(scene)
        return scene

    yield make
    for scene in made:
        scene.hub.close()
        scene.store.close()


def settle(scene: Scene, rounds: int = 4) -> None:
    for _ in range(rounds):
        scene.clock.pass_time(60)
        scene.pull(*KINDS)
        scene.push()


def sell(scene: Scene) -> Any:
    """A sale there with its invoice, as this system books them; the order here."""
    sale = scene.make_sale()
    scene.wang.approve(sale["id"])
    invoice = scene.wang.bill(sale["id"])
    settle(scene, 1)
    return scene.record_of("order", sale), scene.record_of("invoice", invoice)


def receive(scene: Scene, invoice: Any, amount: str, **more: Any) -> Any:
    row = {"target": "invoice", "invoice_id": str(invoice.id), "amount": amount}
    values = {"account_id": str(invoice.account_id), "amount": amount, "allocations": [row], **more}
    return create_record(scene.hub, "payment", values, "li")


def payments_there(scene: Scene) -> list[Any]:
    return [row for row in scene.erp.documents("payment") if not row.get("deleted") and row["status"] != "void"]


def is_create(request: Any) -> bool:
    return bool(request.method == "POST" and request.path == "/api/payment")


@pytest.mark.parametrize("fault", ["lost_after", "lost_before", "late", "server_error_after", "garbage"])
@pytest.mark.parametrize(("tier", "confirm"), SETTINGS)
def test_a_receipt_in_doubt_is_made_once(make_till: Any, tier: str, confirm: str, fault: str) -> None:
    scene = make_till(tier, confirm)
    order, invoice = sell(scene)
    payment = receive(scene, invoice, "10.00")
    scene.faults.order_next(fault, is_create)
    settle(scene, 5)
    (there,) = payments_there(scene)
    assert there["our_ref"] == scene.binding(payment).ref
    if there["status"] != "approved":
        scene.wang.approve(there["id"])
        settle(scene, 2)
    assert scene.reload(payment).state == "succeeded"
    assert (scene.reload(order).paid, scene.reload(order).payment) == (Decimal("10.00"), "partial")


@pytest.mark.parametrize(("tier", "confirm"), SETTINGS)
def test_who_makes_it_count_is_the_admins_choice(make_till: Any, tier: str, confirm: str) -> None:
    scene = make_till(tier, confirm)
    _, invoice = sell(scene)
    receive(scene, invoice, "10.00")
    settle(scene, 2)
    expected = {"save": "draft", "submit": "submitted", "audit": "approved"}[confirm] if tier == "draft" else "approved"
    assert [row["status"] for row in payments_there(scene)] == [expected]


def test_where_no_reference_is_kept_a_doubt_is_parked_for_a_person(make_till: Any) -> None:
    """The lowest tier cannot tell: the hub sends once, and asks."""
    scene = make_till("blind")
    _, invoice = sell(scene)
    certain = receive(scene, invoice, "5.00")
    settle(scene, 1)
    assert scene.reload(certain).state == "succeeded"
    payment = receive(scene, invoice, "10.00")
    scene.faults.order_next("lost_after", is_create)
    scene.push()
    (item,) = [item for item in list_todo(scene.hub) if item.kind == "payment" and item.kind_of_wait == "parked"]
    assert (item.record_id, item.code) == (payment.id, "protocol.blind_ambiguity")
    settle(scene, 3)
    assert len([row for row in scene.erp.documents("payment") if row["amount"] == "10.00"]) == 1


@pytest.mark.parametrize(("tier", "confirm"), SETTINGS)
def test_a_payment_never_comes_before_its_order(make_till: Any, tier: str, confirm: str) -> None:
    scene = make_till(tier, confirm)
    order = scene.make_order("2")
    row = {"target": "order", "order_id": str(order.id), "amount": "5"}
    values = {"account_id": str(order.account_id), "amount": "5", "allocations": [row]}
    create_record(scene.hub, "payment", values, "li")
    settle(scene, 3)
    log = [(entry.kind, entry.action) for entry in scene.erp.log if entry.action == "create" and entry.by == "hub"]
    assert log == [("sale", "create"), ("payment", "create")]
    (there,) = payments_there(scene)
    assert there["allocations"][0]["sale"] == scene.binding(order).remote_id


def test_a_payment_waits_for_its_order_also_where_the_order_is_not_read_back(make_till: Any) -> None:
    scene = make_till("draft")
    erp = scene.config.connections["erp"]
    layers = {"payment": (("mappings/erp/payment.toml", UNREAD),)}
    scene.config = HubConfig(connections={"erp": erp.model_copy(update={"mappings": layers})})
    scene.hub = scene.make_hub()
    order = scene.make_order("2")
    row = {"target": "order", "order_id": str(order.id), "amount": "5"}
    values = {"account_id": str(order.account_id), "amount": "5", "allocations": [row]}
    payment = create_record(scene.hub, "payment", values, "li")
    scene.faults.order_next("lost_before", lambda request: request.path == "/api/sale")
    scene.push(1)
    assert scene.binding(order).remote_id is None
    assert scene.binding(payment).held == {"*": "protocol.parent_missing"}
    settle(scene, 2)
    assert len(payments_there(scene)) == 1
