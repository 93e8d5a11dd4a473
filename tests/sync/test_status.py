"""How each sync stands."""

from __future__ import annotations

from pathlib import Path

from hub.store.rows import SyncState
from hub.sync.accept import current_settings
from hub.sync.pause import pause_connection
from hub.sync.push import list_due
from hub.sync.status import list_syncs
from tests.sync.test_bindings import make_order, push
from tests.sync.world import World


def test_syncs_show_what_is_due_and_what_waits(tmp_path: Path) -> None:
    world = World(tmp_path, syncs={"account": {"direction": "in"}, "product": {}, "order": {"confirm": "submit"}})
    make_order(world)
    account, order, product = list_syncs(world.hub)
    assert [row.kind for row in (account, order, product)] == ["account", "order", "product"]
    assert (account.direction, account.accepted, account.due_count) == ("in", True, 0)
    assert (order.confirm, order.accepted, order.due_count) == ("submit", False, 1)
    assert order.waiting_count == 1, "its first push needs a plan"
    due = list_due(world.hub, 100, connection="erp", accepted_only=False)
    assert sum(row.due_count for row in (account, order, product)) == len(due)


def test_an_accepted_sync_is_shown_until_it_is_configured_otherwise(tmp_path: Path) -> None:
    world = World(tmp_path)
    make_order(world)
    accepted = SyncState(
        connection="erp", kind="order", accepted_settings=current_settings(world.hub, "erp", "order"),
        last_run_at=world.clock.now(), next_due=world.clock.now(),
    )  # fmt: skip
    with world.store.write() as tx:
        tx.save(accepted)
    push(world)
    pause_connection(world.hub, "erp", "li")
    row = next(row for row in list_syncs(world.hub) if row.kind == "order")
    assert (row.accepted, row.paused, row.due_count, row.waiting_count) == (True, True, 0, 0)
    assert (row.last_run_at, row.next_due) == (accepted.last_run_at, accepted.next_due)

    with world.store.write() as tx:
        tx.save(accepted.model_copy(update={"accepted_settings": "other"}))
    row = next(row for row in list_syncs(world.hub) if row.kind == "order")
    assert not row.accepted
