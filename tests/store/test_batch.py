"""A batch does what a plain unit of work does, whatever was read ahead of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Duplicate, RuleBroken, Stale
from hub.model.party import Account, Identifier, IdentifierKind
from hub.protocol.binding import Binding
from hub.store import Batch, BatchRefused, Store, UnitOfWork
from hub.store.rows import DeadRow, JournalEntry, Payload, Setting
from tests.store.samples import NOON, StillClock, make_order, open_store

IDS = [UUID(int=0x0197 << 112 | 7 << 76 | 2 << 62 | number) for number in range(4)]
NAMES = ["a", "b", "c"]
ID, NAME = st.sampled_from(IDS), st.sampled_from(NAMES)
CODES = st.lists(NAME, max_size=2, unique=True)
Step = tuple[Any, ...]
STEPS = st.one_of(
    st.tuples(st.just("save dead"), NAME, NAME),
    st.tuples(st.just("save all dead"), st.lists(NAME, max_size=3), NAME),
    st.tuples(st.just("delete dead"), NAME),
    st.tuples(st.just("delete dead in"), NAME),
    st.tuples(st.just("save binding"), ID, NAME),
    st.tuples(st.just("insert binding"), ID, NAME),
    st.tuples(st.just("save account"), ID, NAME, CODES),
    st.tuples(st.just("ask"), NAME, ID),
)
TALES = st.lists(st.one_of(STEPS, st.tuples(st.just("undone"), st.lists(STEPS, max_size=3))), max_size=8)


def make_dead(name: str, state: str) -> DeadRow:
    return DeadRow(
        connection="erp", stream="partner", external_id=name, state=state, code="x", first_at=NOON, last_at=NOON
    )


def do(tx: UnitOfWork, step: Step) -> Any:
    """Take one step; what it showed."""
    match step:
        case ("save dead", name, state):
            tx.save(make_dead(name, state))
        case ("save all dead", names, state):
            tx.save_all([make_dead(name, state) for name in names])
        case ("delete dead", name):
            return tx.delete(DeadRow, connection="erp", stream="partner", external_id=name)
        case ("delete dead in", state):
            return tx.delete(DeadRow, state=state)
        case ("save binding", id, name):
            tx.save(Binding(id=id, connection="erp", kind="account", hub_id=id, remote_id=f"{name}{id}"))
        case ("insert binding", id, name):
            if tx.get(Binding, id=id) is None:
                tx.insert(Binding(id=id, connection="erp", kind="account", hub_id=id, remote_id=f"{name}{id}"))
        case ("save account", id, name, codes):
            return save_account(tx, id, name, codes)
        case ("undone", steps):
            return undo(tx, steps)
        case ("ask", name, id):
            return ask(tx, name, id)
    return None


def save_account(tx: UnitOfWork, id: UUID, name: str, codes: list[str]) -> int:
    old = tx.get(Account, id=id)
    lines = tuple(Identifier(key=code, kind=IdentifierKind.VAT, value=code) for code in codes)
    fresh = Account(id=id, name=name, identifiers=lines) if old is None else None
    return tx.save_record(fresh or old.model_copy(update={"name": name, "identifiers": lines})).revision  # type: ignore[union-attr]


def undo(tx: UnitOfWork, steps: list[Step]) -> list[Any]:
    seen: list[Any] = []
    with pytest.raises(ZeroDivisionError), tx.savepoint():
        seen += [do(tx, step) for step in steps]
        _ = 1 // 0
    return [*seen, ask(tx, "a", IDS[0])]


def ask(tx: UnitOfWork, name: str, id: UUID) -> list[Any]:
    """Questions that are answered from memory, from the database, and from both."""
    where: dict[str, Any] = {"connection": "erp", "kind": "account"}
    return [
        tx.find(DeadRow, order=["external_id"], state=name),
        tx.find(DeadRow, order=["-external_id"], limit=1, connection="erp"),
        tx.get(DeadRow, connection="erp", stream="partner", external_id=name),
        tx.count(DeadRow, state__ne=name),
        tx.find(Binding, hub_id=id, kind="account", lock=True),
        tx.find(Binding, remote_id=f"{name}{id}", **where),
        tx.find(Binding, order=["remote_id"], remote_id__prefix=name),
        tx.find(Binding, order=["id"], remote_id__in=[f"{name}{id}", f"b{IDS[1]}"], **where),
        [account.id for account in tx.find_by_line(Account, "identifiers", kind="vat", value=name)],
        tx.find(Account, order=["name", "id"], name__ge=name),
    ]


def read_ahead(batch: Batch, names: list[str], ids: list[UUID]) -> None:
    remote = [f"{name}{id}" for name in names for id in ids]
    batch.read_ahead(Binding, "remote_id", remote, connection="erp", kind="account", lock=True)
    batch.read_ahead(Binding, "hub_id", ids, kind="account", lock=True)
    batch.read_ahead(Account, "id", ids, lock=True)
    batch.read_ahead(DeadRow, "external_id", names, connection="erp", stream="partner")
    batch.read_ahead_lines(Account, "identifiers", "value", names, ("kind", "value"))


@settings(max_examples=120)
@given(before=TALES, tale=TALES, names=st.lists(NAME, unique=True), ids=st.lists(ID, unique=True), at=st.integers(0, 8))
def test_a_batch_shows_and_leaves_what_a_plain_unit_of_work_does(
    before: list[Step], tale: list[Step], names: list[str], ids: list[UUID], at: int
) -> None:
    seen: list[list[Any]] = []
    for is_batch in (False, True):
        with open_store("sqlite://") as store:
            with store.write() as tx:
                for step in before:
                    do(tx, step)
            shown: list[Any] = []
            with store.write_batch() if is_batch else store.write() as tx:
                for number, step in enumerate(tale):
                    if isinstance(tx, Batch) and number == at:
                        read_ahead(tx, names, ids)
                    shown.append(do(tx, step))
                shown.append(ask(tx, "b", IDS[1]))
            with store.read() as tx:
                shown += [tx.find(model, order=["id"]) for model in (Binding, Account)]
                shown.append(tx.find(DeadRow, order=["external_id"]))
            seen.append(shown)
    assert seen[0] == seen[1]


def count_statements(store: Store, work: Callable[[Batch], object]) -> int:
    """How many statements the database is sent for a piece of work in a batch, apart from those at its end."""
    from sqlalchemy import event

    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    with store.write_batch() as batch:
        read_ahead(batch, NAMES, IDS)
        event.listen(store.engine, "before_cursor_execute", note)
        try:
            work(batch)
        finally:
            event.remove(store.engine, "before_cursor_execute", note)
    return len(sent)


def test_what_was_read_ahead_is_not_asked_again(store: Store) -> None:
    def work(batch: Batch) -> None:
        batch.find(Binding, connection="erp", kind="account", remote_id=f"a{IDS[0]}", lock=True)
        batch.find(Binding, kind="account", hub_id=IDS[0], lock=True)
        batch.get(Account, id=IDS[1], lock=True)
        batch.find_by_line(Account, "identifiers", kind="vat", value="a")
        batch.delete(DeadRow, connection="erp", stream="partner", external_id="a")
        batch.save_record(Account(id=IDS[2], name="c"))
        batch.get(Account, id=IDS[2])

    assert count_statements(store, work) == 0
    assert count_statements(store, lambda batch: batch.get(Setting, name="unknown")) == 1


def test_nothing_refers_to_an_id_that_is_new(store: Store) -> None:
    def work(batch: Batch) -> None:
        new = UUID(int=7)
        batch.note_new(new)
        assert batch.find(Binding, kind="account", hub_id=new) == []
        batch.save(Binding(id=IDS[3], connection="erp", kind="account", hub_id=new))
        assert [row.id for row in batch.find(Binding, kind="account", hub_id=new, lock=True)] == [IDS[3]]

    assert count_statements(store, work) == 0


def test_what_is_there_already_is_not_written(store: Store) -> None:
    with store.write() as tx:
        tx.save(make_dead("a", "dead"))
        tx.save_record(Account(id=IDS[0], name="a"))
        tx.put_payload("erp", "partner", "a", 1, {"name": "a"})
    written: list[str] = []
    with store.write_batch() as batch:
        read_ahead(batch, NAMES, IDS)
        batch.read_ahead_payloads("erp", "partner", ["a", "b"])
        batch.save(make_dead("a", "dead"))
        assert not batch.put_payload("erp", "partner", "a", 1, {"name": "a"})
        written = [model.__name__ for model in batch._memory.list_changes()]
        assert batch.put_payload("erp", "partner", "a", 2, {"name": "b"})
        assert batch.put_payload("erp", "partner", "b", 1, {"name": "b"})
        assert not batch.put_payload("erp", "partner", "b", 1, {"name": "b"})
    assert written == []
    with store.read() as tx:
        assert tx.count(Payload) == 3
        assert tx.latest_payload("erp", "partner", "a") == {"name": "b"}


def test_a_refusal_ends_the_batch_and_leaves_nothing(store: Store) -> None:
    taken = Binding(id=IDS[0], connection="erp", kind="account", hub_id=IDS[0], remote_id="x")
    with store.write() as tx:
        tx.insert(taken)
    for id, kind in ((IDS[0], "product"), (IDS[1], "account")):
        with pytest.raises(BatchRefused), store.write_batch() as batch:
            batch.save(make_dead("a", "dead"))
            batch.insert(taken.model_copy(update={"id": id, "kind": kind}))
    with pytest.raises(BatchRefused), store.write_batch() as batch:
        batch.save(make_dead("a", "dead"))
        batch.save_record(Account(id=IDS[0], name="a").model_copy(update={"revision": 3}))
    with pytest.raises(BatchRefused), store.write_batch() as batch:
        batch.save(make_dead("a", "dead"))
        batch.save_record(make_order(batch, gross="1").model_copy(update={"gross": Decimal(10) ** 20}))
    with store.read() as tx:
        assert tx.find(DeadRow) == []


def test_a_row_that_is_known_to_be_there_is_told_at_once(store: Store) -> None:
    with store.write() as tx:
        tx.save_record(Account(id=IDS[0], name="a"))
    with store.write_batch() as batch:
        read_ahead(batch, NAMES, IDS)
        with pytest.raises(Duplicate):
            batch.insert(Account(id=IDS[0], name="b"))
        with pytest.raises(Stale):
            batch.save_record(Account(id=IDS[0], name="b").model_copy(update={"revision": 7}))
        with pytest.raises(RuleBroken):
            batch.delete(JournalEntry, id=IDS[0])


def test_sums_and_due_rows_see_what_is_not_written_yet(store: Store, clock: StillClock) -> None:
    from hub.model.sales import Order

    with store.write_batch() as batch:
        order = batch.save_record(make_order(batch, gross="10"))
        batch.insert(Binding(id=IDS[0], connection="erp", kind="order", hub_id=order.id))
        assert [total.amount for total in batch.sum_amounts(Order, "gross")] == [Decimal(10)]
        assert [row.id for row in batch.due_bindings(clock.now() + timedelta(seconds=1), 10)] == [IDS[0]]
        assert batch.count(Binding, kind="order") == 1
        with pytest.raises(RuntimeError, match="savepoint"), batch.savepoint():
            batch.sum_amounts(Order, "gross")
