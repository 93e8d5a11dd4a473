"""What is read in chunks is read to its end, each row once: two whole chunks and one more."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hub.model.party import Account
from hub.protocol.binding import Binding, BindingState
from hub.store.identity_rows import PairVerdict
from hub.store.rows import Lease, Orphan
from hub.sync.adopt_sides import ON_ITS_WAY, read_sides
from hub.sync.clone import let_go
from hub.sync.pairs import list_about
from hub.sync.verdicts import DIFFERENT
from tests.sync.scenes import Scene

SIZE = 1001


def make_accounts(scene: Scene) -> list[Account]:
    rows = [Account(id=UUID(int=number), name=f"客户{number:04}") for number in range(1, SIZE + 1)]
    with scene.store.write() as tx:
        for row in rows:
            tx.insert(row)
    return rows


def bind(row: Account, **more: object) -> Binding:
    told = {
        "id": UUID(int=10_000 + row.id.int), "connection": "erp", "kind": "account", "hub_id": row.id,
        "state": BindingState.BOUND, **more,
    }  # fmt: skip
    return Binding.model_validate(told)


def test_both_sides_are_read_whatever_their_number(scene: Scene) -> None:
    accounts = make_accounts(scene)
    first, middle, last = accounts[0], accounts[500], accounts[-1]
    with scene.store.write() as tx:
        tx.insert(bind(first, remote_id="P1"))
        tx.insert(bind(middle, state=BindingState.NEW, attempts=1))
        tx.insert(bind(last, remote_id="P2", state=BindingState.FOREIGN))
    conn = scene.hub.open("erp")
    sides = read_sides(scene.hub, conn, "account", None, [])
    assert list(sides.here) == [str(row.id) for row in accounts]
    assert sides.items_here[str(last.id)].label == last.name
    partners = {key: thing.partner for key, thing in sides.here.items() if thing.partner is not None}
    assert partners == {str(first.id): "P1", str(middle.id): ON_ITS_WAY}


def test_a_clone_lets_go_of_every_document(scene: Scene) -> None:
    accounts, later = make_accounts(scene), scene.clock.now() + timedelta(hours=1)
    with scene.store.write() as tx:
        for row in accounts:
            tx.insert(bind(row, dirty=True, void_wanted=True, lease_until=later, not_before=later, parked="sync.x"))
        for number, state in enumerate(("due", "done"), 1):
            told = {"connection": "erp", "kind": "order", "remote_id": f"S{number}", "at": later}
            tx.insert(Orphan.model_validate({**told, "state": state, "reason": "sync.spare"}))
        tx.insert(Lease(name="pull:erp", holder="somebody", until=later, fence=1))
        assert let_go(tx) == SIZE
    rows = scene.rows(Binding)
    assert len(rows) == SIZE
    kept = {(row.state, row.dirty, row.void_wanted, row.lease_until, row.not_before, row.parked) for row in rows}
    assert kept == {(BindingState.FOREIGN, False, False, None, None, None)}
    assert {(row.remote_id, row.state, row.reason) for row in scene.rows(Orphan)} == {
        ("S1", "done", "sync.cloned"), ("S2", "done", "sync.spare"),
    }  # fmt: skip
    assert scene.rows(Lease) == []


def test_verdicts_about_many_records_are_all_found(scene: Scene) -> None:
    ids = [UUID(int=number) for number in range(1, SIZE + 1)]
    now = scene.clock.now()
    with scene.store.write() as tx:
        for place, (one, other) in enumerate([(ids[0], ids[1]), (ids[499], ids[998]), (ids[999], ids[1000])]):
            tx.insert(
                PairVerdict(
                    id=UUID(int=90_000 + place),
                    record_kind="account",
                    one_id=one,
                    other_id=other,
                    verdict=DIFFERENT,
                    decided_by="li",
                    at=now - timedelta(minutes=place),
                )
            )
    with scene.store.read() as tx:
        found = [(row.one_id.int, row.other_id.int) for row in list_about(tx, "account", ids)]
        assert found == [(1000, 1001), (500, 999), (1, 2)], "the oldest word first"
        assert [row.one_id.int for row in list_about(tx, "account", ids[998:999])] == [500]
        assert list_about(tx, "contact", ids) == []
