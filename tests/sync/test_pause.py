"""A pause stops every call; what waits goes on afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigInvalid, NeedsConsent, RuleBroken
from hub.store.rows import ConnectionState, JournalEntry
from hub.sync.pause import check_paused, is_paused, pause_all, pause_connection, resume_all, resume_connection
from hub.sync.push import list_due, note_trouble, push_bindings
from hub.sync.records import create_record, find_record
from tests.sync.test_bindings import allow, make_order
from tests.sync.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_paused_connection_is_not_written_even_when_hinted(world: World) -> None:
    make_order(world)
    ids = list_due(world.hub, 10, accepted_only=False)
    pause_connection(world.hub, "erp", "li")

    assert list_due(world.hub, 10, accepted_only=False) == []
    assert push_bindings(world.hub, ids, guard=allow).touched == []
    assert world.erp.documents("sale") == []
    with pytest.raises(RuleBroken) as refused:
        check_paused(world.hub, "erp")
    assert refused.value.code == "sync.paused_by"
    assert "li" in refused.value.text()

    resume_connection(world.hub, "erp", "li")
    check_paused(world.hub, "erp")
    push_bindings(world.hub, list_due(world.hub, 10, accepted_only=False), guard=allow)
    assert len(world.erp.documents("sale")) == 1


def test_everything_stops_and_a_single_pause_outlives_it(world: World) -> None:
    make_order(world)
    ids = list_due(world.hub, 10, accepted_only=False)
    pause_all(world.hub, "li")
    pause_all(world.hub, "wang")
    pause_connection(world.hub, "erp", "li")
    assert is_paused(world.hub)
    assert push_bindings(world.hub, ids, guard=allow).touched == []
    with pytest.raises(RuleBroken) as refused:
        check_paused(world.hub, "erp")
    assert refused.value.params["actor"] == "li"

    resume_all(world.hub, "li")
    assert (is_paused(world.hub), is_paused(world.hub, "erp")) == (False, True)
    resume_connection(world.hub, "erp", "li")
    assert not is_paused(world.hub, "erp")
    with world.store.read() as tx:
        done = [row.action for row in tx.find(JournalEntry, actor="li", order=["at"])]
    assert done == ["hub.paused", "connection.paused", "hub.resumed", "connection.resumed"]


def test_resuming_forgets_missing_rights_and_failures(world: World) -> None:
    note_trouble(world.hub, "erp", NeedsConsent("sdk.refused_login", status=401, where="http://erp"))
    with pytest.raises(RuleBroken) as refused:
        check_paused(world.hub, "erp")
    assert refused.value.params["reason"] == "sdk.refused_login"
    resume_connection(world.hub, "erp", "li")
    with world.store.read() as tx:
        state = tx.get(ConnectionState, connection="erp")
    assert state == ConnectionState(connection="erp")


def test_records_are_still_kept_while_paused(world: World) -> None:
    pause_all(world.hub, "li")
    made = create_record(world.hub, "account", {"name": "新客户"}, "li")
    assert find_record(world.hub, "account", "新客户") == made


def test_an_unknown_connection_is_named(world: World) -> None:
    with pytest.raises(ConfigInvalid):
        pause_connection(world.hub, "nowhere", "li")
