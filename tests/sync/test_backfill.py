"""Records that were here before the sync that sends them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.sandbox.simulator import make_uscc
from hub.protocol.binding import Binding
from hub.store.rows import Sign
from hub.sync.backfill import backfill_bindings
from hub.sync.config import SyncSettings
from hub.sync.push import list_due, push_bindings
from hub.sync.records import create_record, void_record
from hub.sync.signs import HERE, sign_record
from tests.sync.scenes import KINDS, Scene

READ_ONLY: dict[str, Any] = {kind: {"direction": "in"} for kind in KINDS}


def open_both_ways(scene: Scene, **settings: Any) -> None:
    """The admin lets the syncs write from now on."""
    syncs = {kind: SyncSettings(**(settings if kind == "order" else {})) for kind in KINDS}
    erp = scene.config.connections["erp"].model_copy(update={"syncs": syncs})
    scene.config = scene.config.model_copy(update={"connections": {"erp": erp}})
    scene.hub = scene.make_hub()


def make_trade(scene: Scene, **values: Any) -> Any:
    """A customer, an item and an order that only the hub has."""
    uscc = {"kind": "uscc", "value": make_uscc(scene.random)}
    account = create_record(scene.hub, "account", {"name": "早先的客户", "identifiers": [uscc]}, "li")
    product = create_record(scene.hub, "product", {"name": "早先的货"}, "li")
    line = {"product_id": str(product.id), "quantity": "1", "unit": "pcs", "unit_price": "10"}
    return create_record(scene.hub, "order", {"account_id": str(account.id), "lines": [line], **values}, "li")


def test_what_was_here_before_the_sync_is_in_its_first_plan_and_made_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, syncs=READ_ONLY)
    order = make_trade(scene)
    assert scene.rows(Binding) == []
    open_both_ways(scene)
    view, _ = scene.accept()
    assert [(item.kind, item.action) for item in view.items if item.side == "there"] == [
        ("account", "create"), ("product", "create"), ("order", "create"),
    ]  # fmt: skip
    scene.accept()
    assert scene.binding(order).remote_id is not None
    assert [len(scene.erp.documents(kind)) for kind in ("partner", "item", "sale")] == [1, 1, 1]
    assert backfill_bindings(scene.hub, "erp", "order") == 0


def test_what_was_made_while_a_sync_was_away_needs_a_plan_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.accept()
    erp = scene.config.connections["erp"]
    without = {kind: sync for kind, sync in erp.syncs.items() if kind != "order"}
    scene.config = scene.config.model_copy(update={"connections": {"erp": erp.model_copy(update={"syncs": without})}})
    scene.hub = scene.make_hub()
    order = make_trade(scene)
    scene.config = scene.config.model_copy(update={"connections": {"erp": erp}})
    scene.hub = scene.make_hub()
    plan = scene.plan()
    for _ in range(3):
        push_bindings(scene.hub, list_due(scene.hub, 100))
    assert scene.sales() == [], "a plan sends nothing, and nobody has accepted this one yet"
    signs = {row.sign for row in scene.rows(Sign, record_kind="order", side=HERE, key=str(order.id))}
    assert signs == sign_record(order), "by them it is recognised when people there have made the same meanwhile"
    scene.run(accept=plan.plan.label)
    scene.accept()
    assert len(scene.sales()) == 1


def test_what_is_there_already_is_not_made_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, syncs=READ_ONLY)
    scene.make_sale()
    scene.pull()
    open_both_ways(scene)
    view, report = scene.accept()
    assert [item for item in view.items if item.side == "there"] == []
    assert report.run.state == "done"


def test_void_orders_and_those_before_the_start_date_are_left_out(tmp_path: Path) -> None:
    scene = Scene(tmp_path, syncs=READ_ONLY)
    make_trade(scene, ordered_on="2025-12-31")
    void_record(scene.hub, "order", make_trade(scene).id, "li")
    young = make_trade(scene)
    open_both_ways(scene, start_date="2026-01-01")
    assert backfill_bindings(scene.hub, "erp", "order") == 1
    assert scene.binding(young).remote_id is None


def test_a_sync_that_only_reads_gets_none(tmp_path: Path) -> None:
    scene = Scene(tmp_path, syncs=READ_ONLY)
    make_trade(scene)
    assert [backfill_bindings(scene.hub, "erp", kind) for kind in KINDS] == [0, 0, 0]
