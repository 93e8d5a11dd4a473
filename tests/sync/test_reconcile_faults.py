"""Twenty faults of five sorts among five thousand documents: every one is found, and nothing else is."""

from __future__ import annotations

import random
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event

from connectors.sandbox.simulator.settings import USER
from hub.model.sales import Order
from hub.protocol.binding import Binding
from hub.sdk import SourceRecord
from hub.store.rows import Image
from hub.sync.findings import AMOUNT, DOUBLE, FIELD, MISSING_HERE, MISSING_THERE, STATE
from hub.sync.reconcile import Reconciliation, reconcile
from tests.sync.scenes import Scene

DOCUMENTS = 5_000
OURS = 60
"""Made here; the others by people there."""
BARE_LINE = {"name": "轴承", "quantity": "1", "unit_price": "5"}
Expected = set[tuple[str, str]]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def crowd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Both sides in step, with orders that wait, are held, cannot be read or have yet to be sent among them."""
    url = "sqlite://"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = server.create_database(f"crowd_{uuid4().hex}")
    scene = Scene(tmp_path_factory.mktemp("crowd"), url=url, erp={"amend": "park"})
    scene.accept()  # while there is nothing yet
    fill(scene)
    yield scene
    scene.hub.close()
    scene.store.close()


def fill(scene: Scene) -> None:
    chance = random.Random(7)
    partners = [scene.make_customer(f"客户{place}有限公司") for place in range(20)]
    items = [scene.make_item(f"货品{place}", f"{place + 1}.25") for place in range(10)]
    scene.pull("account", "product")
    account, product = scene.record_of("account", partners[0]), scene.record_of("product", items[0])
    ours = []
    for place in range(OURS):
        line = {"product_id": product.id, "quantity": str(place + 1), "unit_price": "12.50", "tax_rate": "0.13"}
        ours.append(scene.make_order(account_id=account.id, lines=[line], reference=f"PO-{place}"))
    scene.push()
    for place in range(DOCUMENTS - OURS):
        lines = [{"item": chance.choice(items)["id"], "quantity": str(chance.randrange(1, 9)), "price": "12.50"}]
        if place % 500 == 2:
            lines[0]["tax_percent"] = "300"  # no such rate: it is put aside here
        day = f"2026-{chance.randrange(1, 11):02d}-{chance.randrange(1, 29):02d}"
        sale = scene.wang.create("sale", customer=chance.choice(partners)["id"], date=day, lines=lines)
        if place % 3:
            scene.wang.approve(sale["id"])
        if place % 50 == 1:
            scene.wang.void(sale["id"])
    for order in ours[:20]:
        scene.wang.approve(scene.binding(order).remote_id or "")
    scene.settle(2)
    # What waits: an edit that an approved order refuses, orders that are new here, one that lacks lines.
    for order in ours[:3]:
        (line,) = scene.reload(order).lines
        scene.edit(order, lines=[{**line.model_dump(mode="json"), "quantity": "777"}])
    scene.push()
    line = {"product_id": product.id, "quantity": "1", "unit_price": "3"}
    for _ in range(5):
        scene.make_order(account_id=account.id, lines=[line])
    scene.make_order(account_id=account.id, lines=[])


def compare(scene: Scene) -> Reconciliation:
    return reconcile(scene.hub, "erp")


def test_in_step_nothing_is_found_whatever_waits(crowd: Scene) -> None:
    found = compare(crowd)
    assert found.findings == []
    assert found.agrees
    (row,) = [row for row in found.rows if row.kind == "order"]
    assert row.hub_count > 4_800
    assert {why for why, _ in found.reasons} == {"todo", "not_due"}
    assert found.reasons["todo", "protocol.edit_of_locked"] == 3
    assert found.reasons["not_due", "sync.not_sent_yet"] == 6
    assert sum(count for (why, code), count in found.reasons.items() if code.startswith(("sync.cannot", "crm."))) == 10


def test_a_page_costs_one_call_and_a_handful_of_questions(crowd: Scene) -> None:
    calls: Counter[str] = Counter()
    questions = []
    handle = crowd.api.handle
    engine = crowd.store.engine

    def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        questions.append(statement)

    def handle_counted(request: Any) -> Any:
        calls[request.method] += 1
        return handle(request)

    crowd.api.handle = handle_counted  # type: ignore[method-assign]
    crowd.hub = crowd.make_hub()
    event.listen(engine, "before_cursor_execute", count)
    shown: list[weakref.ref[SourceRecord]] = []
    most = 0
    stream = crowd.hub.open("erp").stream_of("order")
    read_page = stream.read_page

    def read_and_watch(*words: Any) -> Any:
        nonlocal most
        most = max(most, sum(1 for seen in shown if seen() is not None))
        page = read_page(*words)
        shown.extend(weakref.ref(record) for record in page.records)
        return page

    vars(stream)["read_page"] = read_and_watch
    try:
        compare(crowd)
    finally:
        event.remove(engine, "before_cursor_execute", count)
        crowd.api.handle = handle  # type: ignore[method-assign]
        crowd.hub = crowd.make_hub()
    size = min(crowd.hub.page_size, crowd.settings.max_page)
    pages = DOCUMENTS / size + 5
    writes = [text for text in questions if text.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert writes == []
    assert set(calls) == {"GET"}
    assert calls["GET"] <= pages
    assert len(questions) <= 14 * pages
    assert len(shown) == DOCUMENTS
    assert most <= 2 * size, "what has been judged is let go"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_faults_are_found_and_none_is_invented(crowd: Scene, seed: int) -> None:
    """Every seed adds its own faults to those of the seeds before it."""
    before = known_faults(crowd)
    faults = Faults(crowd, random.Random(seed))
    for sort in faults.sorts:
        for turn in range(4):
            faults.make(sort, turn)
    assert len(faults.expected) == 20
    before |= faults.expected
    found = compare(crowd)
    assert tell(found) == before
    assert not found.agrees
    assert all(row.command.startswith("isthmus ") for row in found.findings)


def known_faults(scene: Scene) -> Expected:
    """Those that earlier seeds have left."""
    kept: Expected = scene.__dict__.setdefault("known_faults", set())
    return kept


def tell(found: Reconciliation) -> Expected:
    told = {(row.sort, row.remote_id or str(row.record_id)) for row in found.findings}
    assert len(told) == len(found.findings), "nothing is told twice"
    return told


class Faults:
    """Puts the two sides out of step, each time about a document that was in step."""

    def __init__(self, scene: Scene, chance: random.Random) -> None:
        self.scene = scene
        self.chance = chance
        self.expected: Expected = set()
        self.sorts: dict[str, tuple[Callable[[], tuple[str, str]], ...]] = {
            "missing here": (self._unread_sale, self._lost_record),
            "missing there": (self._deleted_sale, self._lost_binding),
            "double": (self._second_document, self._second_record),
            "amount": (self._dearer_sale, self._altered_total),
            "state or field": (self._approved_sale, self._other_note, self._altered_reference),
        }
        used = known_faults(scene)
        with scene.store.read() as tx:
            rows = tx.find(Binding, kind="order", parked=None, dirty=False, state__in=["bound", "waiting"])
        taken = {row.external_id for row in scene.dead()} | {id_ for _, id_ in used}
        self.rows = [row for row in rows if not row.held and row.remote_id not in taken]
        self.rows = [row for row in self.rows if row.hub_id not in touched(scene)]
        self.chance.shuffle(self.rows)

    def make(self, sort: str, turn: int) -> None:
        ways = self.sorts[sort]
        self.expected.add(ways[turn % len(ways)]())

    def _take(self, fits: Callable[[Binding, Any], bool]) -> tuple[Binding, Any]:
        """A living pair that no fault has touched."""
        for place, row in enumerate(self.rows):
            sale = self.scene.erp.read("sale", row.remote_id or "")
            if sale["status"] != "void" and fits(row, sale):
                del self.rows[place]
                touched(self.scene).add(row.hub_id)
                return row, sale
        raise AssertionError("no document is left")

    def _record(self, row: Binding) -> Order:
        with self.scene.store.read() as tx:
            found = tx.get(Order, id=row.hub_id)
        assert found is not None
        return found

    def _alter(self, row: Binding, **values: Any) -> None:
        """The row of a record is not what its sources say."""
        record = self._record(row)
        with self.scene.store.write() as tx:
            tx.save(record.model_copy(update=values))

    # ---- the five sorts

    def _unread_sale(self) -> tuple[str, str]:
        _, like = self._take(lambda row, sale: True)
        lines = [{"item": like["lines"][0]["item"], "quantity": "1", "price": "5"}]
        return MISSING_HERE, self.scene.wang.create("sale", customer=like["customer"], lines=lines)["id"]

    def _lost_record(self) -> tuple[str, str]:
        row, _ = self._take(lambda row, sale: not row.ours)
        with self.scene.store.write() as tx:
            tx.delete(Image, record_kind="order", record_id=row.hub_id)
            tx.delete(Binding, id=row.id)
            tx.delete(Order, id=row.hub_id)
        return MISSING_HERE, str(row.remote_id)

    def _deleted_sale(self) -> tuple[str, str]:
        row, sale = self._take(lambda row, sale: sale["status"] == "draft")
        self.scene.wang.delete("sale", sale["id"])
        return MISSING_THERE, str(row.remote_id)

    def _lost_binding(self) -> tuple[str, str]:
        """The outbox has lost an order that was never sent."""
        record = self.scene.make_order(account_id=self._any_account(), lines=[BARE_LINE])
        with self.scene.store.write() as tx:
            tx.delete(Binding, hub_id=record.id)
        return MISSING_THERE, str(record.id)

    def _any_account(self) -> UUID:
        row, _ = self._take(lambda row, sale: True)
        return self._record(row).account_id

    def _second_document(self) -> tuple[str, str]:
        """A create whose answer was lost was sent again by somebody who did not look."""
        _, sale = self._take(lambda row, sale: row.ours)
        lines = [{"item": sale["lines"][0]["item"], "quantity": "1", "price": "5"}]
        again = {"customer": sale["customer"], "date": sale["date"], "lines": lines}
        return DOUBLE, self.scene.erp.create("sale", again, USER, our_ref=sale["our_ref"])["id"]

    def _second_record(self) -> tuple[str, str]:
        row, _ = self._take(lambda row, sale: not row.ours)
        twin = self._record(row).model_copy(update={"id": self.scene.hub.new_id(), "lines": ()})
        with self.scene.store.write() as tx:
            tx.insert(twin)
        return DOUBLE, str(twin.id)

    def _dearer_sale(self) -> tuple[str, str]:
        _, sale = self._take(lambda row, sale: sale["status"] == "draft")
        self.scene.wang.edit_line(sale["id"], sale["lines"][0]["id"], price="99.99")
        return AMOUNT, sale["id"]

    def _altered_total(self) -> tuple[str, str]:
        row, _ = self._take(lambda row, sale: True)
        self._alter(row, gross=self._record(row).gross + Decimal("0.01"))
        return AMOUNT, str(row.remote_id)

    def _approved_sale(self) -> tuple[str, str]:
        _, sale = self._take(lambda row, sale: sale["status"] == "draft" and not row.ours)
        self.scene.wang.approve(sale["id"])
        return STATE, sale["id"]

    def _other_note(self) -> tuple[str, str]:
        _, sale = self._take(lambda row, sale: True)
        self.scene.wang.edit("sale", sale["id"], note=f"改于 {self.chance.random()}")
        return FIELD, sale["id"]

    def _altered_reference(self) -> tuple[str, str]:
        row, _ = self._take(lambda row, sale: True)
        self._alter(row, reference="PO-0000")
        return FIELD, str(row.remote_id)


def touched(scene: Scene) -> set[UUID]:
    """Records that stand beside a fault."""
    kept: set[UUID] = scene.__dict__.setdefault("touched", set())
    return kept


def test_what_a_fault_looks_like(make_scene: Callable[..., Scene], tmp_path: Path) -> None:
    """Number, amounts on both sides, what differs, and the command that settles it."""
    scene = make_scene()
    order = scene.make_order("2")
    scene.accept()
    scene.settle(1)
    sale = scene.sale()
    scene.clock.pass_time(1)
    scene.wang.edit_line(sale["id"], sale["lines"][0]["id"], price="20")
    found = compare(scene)
    (finding,) = found.findings
    assert (finding.kind, finding.sort, finding.label) == ("order", AMOUNT, order.number)
    assert (finding.amount_here, finding.amount_there, finding.currency) == (Decimal("28.25"), Decimal("45.20"), "CNY")
    assert set(finding.fields) == {"lines", "net", "tax", "gross"}
    assert finding.command == "isthmus sync run erp --kind order"
    (day,) = [row for row in found.days if row.differs]
    assert (day.day, day.hub_sum, day.remote_sum) == (order.ordered_on, Decimal("28.25"), Decimal("45.20"))
