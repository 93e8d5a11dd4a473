"""Writing: optimistic records, upserts, refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.errors import Duplicate, RuleBroken, Stale
from hub.model.sales import Order
from hub.protocol.binding import Binding
from hub.store import Store
from hub.store.rows import JournalEntry, Setting
from tests.store.samples import NOON, StillClock, make_binding, make_order


def test_a_record_carries_its_revision_and_times(store: Store, clock: StillClock) -> None:
    with store.write() as tx:
        first = tx.save_record(make_order(tx))
        clock.move(5)
        second = tx.save_record(first.model_copy(update={"note": "urgent"}))
    assert (first.revision, first.created_at, first.updated_at) == (1, NOON, NOON)
    assert (second.revision, second.created_at, second.updated_at) == (2, NOON, NOON + timedelta(seconds=5))
    with store.read() as tx:
        assert tx.get(Order, id=first.id) == second


def test_the_slower_of_two_edits_is_refused_and_changes_nothing(store: Store) -> None:
    with store.write() as tx:
        read = tx.save_record(make_order(tx))
        faster = tx.save_record(read.model_copy(update={"note": "faster"}))
        with pytest.raises(Stale) as stale:
            tx.save_record(read.model_copy(update={"note": "slower", "lines": ()}))
        assert stale.value.code == "store.revision_changed"
        assert tx.get(Order, id=read.id) == faster


def test_a_new_record_never_replaces_one(store: Store) -> None:
    with store.write() as tx:
        new = make_order(tx)
        saved = tx.save_record(new)
        with pytest.raises(Stale):
            tx.save_record(new)
        with pytest.raises(Stale):
            tx.save_record(make_order(tx).model_copy(update={"revision": 3}))
        assert tx.find(Order) == [saved]


def test_inserting_twice_is_a_duplicate_and_the_transaction_goes_on(store: Store) -> None:
    with store.write() as tx:
        tx.insert(first := make_binding(tx, ref="R1", remote_id="1"))
        for clash in (
            first,
            make_binding(tx, ref="R1"),
            make_binding(tx, remote_id="1"),
            make_binding(tx, hub_id=first.hub_id),
        ):
            with pytest.raises(Duplicate) as duplicate:
                tx.insert(clash)
            assert duplicate.value.params["table"] == "binding"
        tx.insert(make_binding(tx, connection="other", ref="R1", remote_id="1", hub_id=first.hub_id))
    with store.read() as tx:
        assert tx.count(Binding) == 2


def test_a_party_may_have_several_bindings_at_one_connection(store: Store) -> None:
    with store.write() as tx:
        tx.insert(first := make_binding(tx, kind="account", remote_id="1"))
        tx.insert(make_binding(tx, kind="account", remote_id="2", hub_id=first.hub_id, primary=False))
        assert tx.count(Binding, hub_id=first.hub_id) == 2


def test_saving_replaces_the_row_with_the_same_key_only(store: Store) -> None:
    with store.write() as tx:
        tx.insert(first := make_binding(tx, remote_id="1"))
        tx.insert(second := make_binding(tx, remote_id="2"))
        tx.save(changed := first.model_copy(update={"remote_id": "3", "dirty": True}))
        with pytest.raises(Duplicate):
            tx.save(changed.model_copy(update={"remote_id": "2"}))
        assert tx.find(Binding, order=["id"]) == [changed, second]


def test_deleting_names_how_many(store: Store) -> None:
    with store.write() as tx:
        for name in "abc":
            tx.save(Setting(name=name, value=None))
        assert tx.delete(Setting, name__in=["a", "b", "x"]) == 2
        assert [row.name for row in tx.find(Setting)] == ["c"]
        order = tx.save_record(make_order(tx))
        assert tx.delete(Order, id=order.id) == 1
        tx.save_record(order.model_copy(update={"revision": 0}))
        assert tx.get(Order, id=order.id) is not None, "its lines went with it"


def test_the_journal_is_only_appended_to(store: Store, clock: StillClock) -> None:
    with store.write() as tx:
        order, run = tx.make_id(), tx.make_id()
        tx.journal("user:li", "order.edit", kind="order", record_id=order, run_id=run, field="note", old=None, new="x")
        tx.journal("run:7", "push.create", connection="erp", remote_id="SO1")
        entry, second = tx.find(JournalEntry, order=["id"])
        with pytest.raises(RuleBroken):
            tx.save(entry)
        with pytest.raises(RuleBroken):
            tx.delete(JournalEntry)
    assert (entry.at, entry.actor, entry.action) == (clock.now(), "user:li", "order.edit")
    assert (entry.record_kind, entry.record_id, entry.run_id) == ("order", order, run)
    assert entry.detail == {"field": "note", "old": None, "new": "x"}
    assert (second.connection, second.remote_id, second.record_id) == ("erp", "SO1", None)


def test_one_bad_record_is_put_aside_alone(store: Store) -> None:
    with store.write() as tx:
        good = tx.save_record(make_order(tx))
        with pytest.raises(ZeroDivisionError), tx.savepoint():
            tx.save_record(make_order(tx))
            _ = 1 // 0
    with store.read() as tx:
        assert tx.find(Order) == [good]
