"""A world with the handles that most tests of this room pull: one order, one step at a time, one crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.model.sales import Order
from hub.protocol.binding import Binding, BindingState
from hub.store.rows import Attempt, Conflict, DeadRow, JournalEntry
from hub.sync.plan import PlanView, make_plan
from hub.sync.pull import pull_stream
from hub.sync.push import PushReport, list_due, push_bindings
from hub.sync.records import create_record, edit_record, void_record
from hub.sync.run import RunReport, run_sync
from tests.sync.world import World

KINDS = ("account", "product", "order")
QUIET_S = 60.0
"""Longer than the quiet period and the lease of these worlds."""


class Crashed(BaseException):
    """The process is gone."""


class Gone:
    """The store of a process that is gone: nobody in it commits anything any more."""

    def __getattr__(self, name: str) -> Any:
        raise Crashed


def interrupt() -> None:
    """Somebody presses Ctrl-C."""
    raise KeyboardInterrupt


def allow(*_: object) -> None:
    """A guard that lets every write pass."""


class Scene(World):
    """One customer, one item, and whatever the test makes of them."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **{"url": "sqlite://", **options})
        self.usual: tuple[Any, Any] | None = None

    # ---- what the hub does -----------------------------------------------------------------------------------------

    def pull(self, *kinds: str) -> dict[str, int]:
        """Outcome → count, zeros left out."""
        found: dict[str, int] = {}
        for kind in kinds or [kind for kind in KINDS if kind in self.config.connections["erp"].syncs]:
            for outcome, count in pull_stream(self.hub, "erp", kind, actor="test").counts.items():
                if count:
                    found[outcome] = found.get(outcome, 0) + count
        return found

    def push(self, rounds: int = 3) -> PushReport:
        """Everything that is due, without asking whether it was accepted; no time passes."""
        total = PushReport()
        for _ in range(rounds):
            ids = list_due(self.hub, 1000, accepted_only=False)
            if not ids:
                break
            done = push_bindings(self.hub, ids, guard=allow)
            total.steps.update(done.steps)
            total.errors += done.errors
        return total

    def settle(self, rounds: int = 4) -> None:
        """Pull, push and wait, until everything that time alone can settle is settled."""
        for _ in range(rounds):
            self.clock.pass_time(QUIET_S)
            self.pull()
            self.push()

    def plan(self, *kinds: str) -> PlanView:
        return make_plan(self.hub, "erp", list(kinds) or None, "li")

    def run(self, **options: Any) -> RunReport:
        return run_sync(self.hub, "erp", None, "li", **options)

    def accept(self) -> tuple[PlanView, RunReport]:
        """Plan and carry it out."""
        view = self.plan()
        return view, self.run(accept=view.plan.label)

    # ---- what is known ---------------------------------------------------------------------------------------------

    def trade(self) -> tuple[Any, Any]:
        """A customer and an item that both sides know: their records in the hub."""
        partner, item = self.make_customer(), self.make_item()
        self.clock.pass_time(self.settings.lag_s)
        self.pull("account", "product")
        return self.record_of("account", partner), self.record_of("product", item)

    def record_of(self, kind: str, document: Any) -> Any:
        """The record that a document of the ERP belongs to."""
        (bound,) = self.rows(Binding, kind=kind, remote_id=document["id"])
        with self.store.read() as tx:
            return tx.get(find_kind(kind), id=bound.hub_id)

    def make_order(self, quantity: str = "2", **values: Any) -> Order:
        """An order made in the hub, on the scene's usual customer and item unless told."""
        if "account_id" not in values:
            self.usual = self.usual or self.trade()
            account, product = self.usual
            values = {"account_id": account.id, "lines": [make_line(product, quantity)], **values}
        made = create_record(self.hub, "order", values, "li")
        assert isinstance(made, Order)
        return made

    def make_sale(self, status: str | None = None, **values: Any) -> Any:
        """A sale that a person makes in the ERP, on a fresh customer and item unless told."""
        if "customer" not in values:
            partner, item = self.make_customer(), self.make_item()
            lines = [{"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13"}]
            values = {"customer": partner["id"], "lines": lines, **values}
        return self.wang.create("sale", status=status, **values)

    def edit(self, record: Entity, **changes: Any) -> Any:
        """The record after an edit in the hub."""
        return edit_record(self.hub, record.KIND, record.id, changes, "li")

    def void(self, record: Entity) -> Any:
        return void_record(self.hub, record.KIND, record.id, "li")

    def reload(self, record: Entity) -> Any:
        with self.store.read() as tx:
            found = tx.get(type(record), id=record.id)
        assert found is not None
        return found

    def records(self, kind: str) -> list[Any]:
        with self.store.read() as tx:
            return list(tx.find(find_kind(kind)))

    def binding(self, record: Entity | UUID) -> Binding:
        """The only one of a record."""
        (found,) = self.rows(Binding, hub_id=record if isinstance(record, UUID) else record.id)
        return found

    def rows(self, model: Any, **where: Any) -> list[Any]:
        with self.store.read() as tx:
            return list(tx.find(model, **where))

    def conflicts(self) -> list[Conflict]:
        return self.rows(Conflict)

    def dead(self) -> list[DeadRow]:
        return self.rows(DeadRow)

    def attempts(self, op: str | None = None) -> list[Attempt]:
        return [row for row in self.rows(Attempt) if op in (None, row.op)]

    def journal(self, action: str) -> list[JournalEntry]:
        return self.rows(JournalEntry, action=action)

    def sales(self, *, living: bool = True) -> list[Any]:
        """The truth in the ERP; ``living``: neither deleted nor void."""
        found = self.erp.documents("sale")
        return [row for row in found if not (living and (row.get("deleted") or row["status"] == "void"))]

    def sale(self, id: str | None = None) -> Any:
        """One sale as it is; without ``id`` the only one."""
        if id is None:
            (found,) = self.erp.documents("sale")
            return found
        return next(row for row in self.erp.documents("sale") if row["id"] == id)

    def edit_sale(self, id: str | None = None, **values: Any) -> Any:
        """王会计 changes it, a little later."""
        self.clock.pass_time(1)
        return self.wang.edit("sale", self.sale(id)["id"], **values)

    def save(self, row: Any, **update: Any) -> Any:
        """Put a row of the hub into a state that would be long to reach."""
        with self.store.write() as tx:
            return tx.save(row.model_copy(update=update))

    # ---- what goes wrong -------------------------------------------------------------------------------------------

    @contextmanager
    def crash_at(self, name: str, after: int = 0) -> Iterator[None]:
        """The hub's process dies when it comes to this checkpoint (the next time but ``after``). Fails when it does
        not come by. Afterwards another process goes on."""
        passed = 0

        def die(at: str) -> None:
            nonlocal passed
            passed += at == name
            if at == name and passed > after:
                hub.store = Gone()
                raise Crashed

        hub: Any = self.hub
        hub.checkpoint = die
        try:
            yield
        except Crashed:
            pass
        else:
            raise AssertionError(f"nobody came to {name}")
        finally:
            self.hub = self.make_hub()

    @contextmanager
    def meanwhile(self, name: str, happens: Callable[[], object]) -> Iterator[None]:
        """Something happens once, when the hub comes to this checkpoint."""
        waiting = [happens]

        def happen(at: str) -> None:
            if at == name and waiting:
                waiting.pop()()

        hub, before = self.hub, self.hub.checkpoint
        hub.checkpoint = happen
        yield
        hub.checkpoint = before
        assert not waiting, f"nobody came to {name}"


def make_line(product: Any, quantity: str = "2", price: str = "12.50", **values: Any) -> Mapping[str, Any]:
    return {"product_id": product.id, "quantity": quantity, "unit_price": price, "tax_rate": "0.13", **values}


def is_create(request: Any) -> bool:
    return request.method == "POST" and request.path == "/api/sale"


def is_patch(request: Any) -> bool:
    return request.method == "PATCH" and request.path.startswith("/api/sale/")


def requote(scene: Scene, order: Any, quantity: str) -> Any:
    """The order with another quantity: a field that an approved document locks."""
    (line,) = scene.reload(order).lines
    return scene.edit(order, lines=[{**line.model_dump(mode="json"), "quantity": quantity}])


def make_approved(scene: Scene) -> Any:
    """An order made here and approved there, in agreement."""
    order = scene.make_order("2")
    scene.push()
    if scene.sale()["status"] != "approved":
        scene.clock.pass_time(1)
        scene.wang.approve(scene.sale()["id"])
    scene.settle(2)
    assert scene.binding(order).state is BindingState.BOUND
    return order
