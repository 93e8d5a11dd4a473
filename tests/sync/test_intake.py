"""Pages taken in as batches: the same as record by record, and nothing at all for what is unchanged."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connectors.sandbox.simulator import make_uscc
from hub.errors import IsthmusError
from hub.protocol.binding import Binding
from hub.sdk import SourceRecord, Stage
from hub.store import Store
from hub.store.rows import Image, JournalEntry, Payload
from hub.sync.arrival import Arrival
from hub.sync.config import SyncSettings
from hub.sync.intake import find_missing, gather_refs, take_in, write_page
from hub.sync.known import list_settled
from hub.sync.matching import add_binding, remove_binding
from hub.sync.records import create_record
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import KINDS, Scene

DRAWN = {"id", "binding_id", "record_id", "hub_id", "account_id", "ref", "digest", "source"}
TOLD = {"body", "facts", "candidates", "params", "values", "detail"}
"""Fields in which ids and times are written."""
TIMES = {"at", "updated_at", "created_at", "changed", "first_at", "last_at"}


def read(scene: Scene, kind: str) -> list[SourceRecord]:
    return list(scene.hub.open("erp").stream_of(kind).read_page(None, None, 1000).records)


def fill(scene: Scene) -> None:
    """A company with a bit of everything: same code twice, a code that is wrong, an order of each state."""
    first = scene.make_customer("甲公司")
    scene.wang.create("partner", name="甲公司", tax_id=first["tax_id"])
    scene.wang.create("partner", name="甲公司北京分公司", tax_id=first["tax_id"])
    scene.wang.create("partner", name="乙公司", tax_id="123")
    for status in ("draft", "submitted", "approved"):
        scene.make_sale(status, customer=first["id"], lines=make_lines(scene))
    scene.wang.void(scene.make_sale("approved", customer=first["id"], lines=make_lines(scene))["id"])
    scene.make_sale("approved", customer=first["id"], lines=make_lines(scene, tax_percent="300"))


def make_lines(scene: Scene, **values: str) -> list[dict[str, str]]:
    item = scene.make_item()
    return [{"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13", **values}]


def list_changes(store: Store, work: Any) -> list[str]:
    """The tables that a piece of work writes to."""
    written: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split()
        if words[0] in ("INSERT", "UPDATE", "DELETE"):
            written.append(words[1] if words[0] == "UPDATE" else words[2])

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    return written


def show_rows(scene: Scene) -> list[Any]:
    """What is in the database, without ids and times."""
    models = (Binding, Image, Payload, JournalEntry)
    rows = [row for model in models for row in scene.rows(model)] + scene.dead()
    records = [record for kind in KINDS for record in scene.records(kind)]
    shown = [row.model_dump(mode="json", exclude=DRAWN | TOLD | TIMES) for row in rows]
    names = [(record.KIND, getattr(record, "name", ""), record.revision, str(record.state)) for record in records]
    return sorted(map(repr, [*shown, *names]))


def test_a_page_in_a_batch_is_taken_in_as_record_by_record(make_scene: SceneMaker) -> None:
    shown, outcomes = [], []
    for is_batch in (False, True):
        scene = make_scene()
        fill(scene)
        for kind in (*KINDS, *KINDS):
            records = read(scene, kind)
            with scene.store.write_batch() if is_batch else scene.store.write() as tx:
                dones = take_in(tx, scene.hub, scene.hub.open("erp"), kind, records, "test")
            outcomes.append([done.outcome for done in dones])
        shown.append(show_rows(scene))
    assert outcomes[: len(outcomes) // 2] == outcomes[len(outcomes) // 2 :]
    assert shown[0] == shown[1]
    assert {"created", "unchanged", "review", "dead"} <= {outcome for page in outcomes for outcome in page}


def test_what_is_unchanged_is_not_written(scene: Scene) -> None:
    sale = scene.make_sale("approved")
    scene.pull()
    for kind in KINDS:
        assert set(list_changes(scene.store, lambda kind=kind: scene.pull(kind))) == {"cursor"}
    scene.clock.pass_time(1)
    scene.wang.edit("partner", sale["customer"], phone="021-1")
    assert "crm_account" in list_changes(scene.store, lambda: scene.pull("account"))


def arrive(scene: Scene, kind: str, hub: Any = None, **facts: Any) -> dict[str, Any]:
    """Those records of the ERP that are recognised as unchanged."""
    hub = hub or scene.hub
    records = [dataclasses.replace(record, **facts) for record in read(scene, kind)]
    with scene.store.write_batch() as tx:
        return list_settled(tx, [Arrival(tx, hub, hub.open("erp"), kind, record, "test") for record in records])


def test_only_what_nothing_can_have_changed_is_recognised(scene: Scene) -> None:
    partner, other = scene.make_customer("甲公司"), scene.make_customer("乙公司")
    ids = {partner["id"], other["id"]}
    assert arrive(scene, "account") == {}
    scene.pull("account")
    assert set(arrive(scene, "account")) == ids
    assert arrive(scene, "account", touched_by_person=True) == {}
    assert arrive(scene, "account", stage=Stage.VOID) == {}
    assert arrive(scene, "account", version=0) == {}
    assert arrive(scene, "account", payload={"id": "other"}) == {}
    (bound,) = scene.rows(Binding, remote_id=partner["id"])
    for doubt in ({"dirty": True}, {"parked": "x"}, {"held": {"name": "x"}}, {"void_wanted": True}, {"why": "x"}):
        scene.save(bound, **doubt)
        assert set(arrive(scene, "account")) == {other["id"]}
    scene.save(bound)
    assert set(arrive(scene, "account")) == ids


def test_another_configuration_looks_at_everything_once_more(scene: Scene) -> None:
    scene.make_customer()
    scene.pull("account")
    assert len(arrive(scene, "account")) == 1
    settings = scene.config.connections["erp"]
    syncs = {**settings.syncs, "account": SyncSettings(remote_wins=False)}
    scene.config = scene.config.model_copy(
        update={"connections": {"erp": settings.model_copy(update={"syncs": syncs})}}
    )
    hub = scene.make_hub()
    assert arrive(scene, "account", hub) == {}


def test_a_record_that_stands_twice_on_a_page_is_looked_at_twice(scene: Scene) -> None:
    scene.make_customer()
    scene.pull("account")
    (record,) = read(scene, "account")
    changed = dataclasses.replace(record, payload={**record.payload, "phone": "1"}, version=(record.version or 0) + 1)
    with scene.store.write_batch() as tx:
        dones = take_in(tx, scene.hub, scene.hub.open("erp"), "account", [changed, record], "test")
    assert [done.outcome for done in dones] == ["updated", "stale"]


@pytest.mark.parametrize("is_batch", [True, False])
def test_a_code_that_a_known_record_gets_on_the_page_is_known_to_the_rest_of_it(
    make_scene: SceneMaker, is_batch: bool
) -> None:
    scene = make_scene()
    code = make_uscc(scene.random)
    partner = scene.wang.create("partner", name="甲公司")
    scene.pull("account")
    scene.wang.edit("partner", partner["id"], tax_id=code)
    twin = scene.wang.create("partner", name="甲公司", tax_id=code)
    records = read(scene, "account")
    with scene.store.write_batch() if is_batch else scene.store.write() as tx:
        take_in(tx, scene.hub, scene.hub.open("erp"), "account", records, "test")
    assert len(scene.records("account")) == 1
    assert scene.record_of("account", twin) == scene.record_of("account", partner)


@pytest.mark.parametrize("is_batch", [True, False])
def test_one_record_that_nobody_can_reckon_stops_no_page(make_scene: SceneMaker, is_batch: bool) -> None:
    """Its quantity and its price can be kept, what they come to cannot; read again, it is one like any other."""
    scene = make_scene()
    for _ in range(2):
        scene.make_sale("approved")
    scene.pull("account", "product")
    good, other = read(scene, "order")
    (line,) = good.payload["lines"]
    bare = {name: value for name, value in line.items() if name not in ("net", "tax", "gross")}
    figures = {name: value for name, value in good.payload.items() if name not in ("net", "tax", "gross")}
    huge = {**figures, "lines": [{**bare, "quantity": "9999999999", "price": "9999999999"}]}
    broken = dataclasses.replace(good, payload=huge)
    work = partial(take_in, hub=scene.hub, conn=scene.hub.open("erp"), kind="order", actor="test")
    for records, outcomes in (
        ([broken, other], ["dead", "created"]),
        ([broken, good], ["dead", "created"]),
    ):
        with scene.store.write_batch() if is_batch else scene.store.write() as tx:
            assert [done.outcome for done in work(tx, records=records)] == outcomes
    assert scene.dead() == []
    assert len(scene.records("order")) == 2


@pytest.mark.parametrize("odd", ["海岳\ud83d", "海\0岳"])
def test_a_name_that_no_database_keeps_stops_no_page(tmp_path: Path, database_url: str, odd: str) -> None:
    """Cut off in the middle of a character, as some systems cut."""
    scene = Scene(tmp_path, url=database_url)
    scene.make_customer("甲公司")
    scene.make_customer("乙公司")
    first, second = read(scene, "account")
    broken = dataclasses.replace(first, payload={**first.payload, "name": odd})
    work = partial(take_in, hub=scene.hub, conn=scene.hub.open("erp"), kind="account", actor="test")
    dones = write_page(scene.store, partial(work, records=[broken, second]))
    assert [done.outcome for done in dones] in (["dead", "created"], ["created", "created"])
    assert len(scene.records("account")) + len(scene.dead()) == 2
    scene.hub.close()
    scene.store.close()


def test_an_edit_here_is_compared_with_what_is_unchanged_there(scene: Scene) -> None:
    """Nothing is overlooked because the other side says the same as before."""
    partner = scene.make_customer()
    scene.pull("account")
    account = scene.record_of("account", partner)
    scene.edit(account, phone="021-1")
    assert arrive(scene, "account") == {}
    scene.pull("account")
    assert scene.binding(account).dirty
    scene.settle(2)
    assert next(row for row in scene.erp.documents("partner"))["phone"] == "021-1"
    scene.pull("account")
    assert set(arrive(scene, "account")) == set() or not scene.binding(account).dirty


def test_a_document_of_a_customer_that_was_parted_follows_it(scene: Scene) -> None:
    """The order says the same as before, and yet it belongs to another record now."""
    item = scene.make_item()
    partner = scene.make_customer("甲公司")
    account = create_record(scene.hub, "account", {"name": "甲公司"}, "li")
    binding = add_binding(scene.hub, "erp", "account", str(account.id), partner["id"], "li")
    lines = [{"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13"}]
    scene.make_sale("approved", customer=partner["id"], lines=lines)
    scene.pull("product", "order")
    assert scene.records("order")[0].account_id == account.id
    remove_binding(scene.hub, binding.id, "li")
    scene.pull("account", "order")
    assert scene.records("order")[0].account_id == scene.record_of("account", partner).id != account.id


def test_a_row_that_the_database_refuses_does_not_spoil_its_page(tmp_path: Path, database_url: str) -> None:
    """Here by a rule that somebody laid on the table."""
    rule = (
        "ALTER TABLE crm_account ADD CONSTRAINT not_this_one CHECK (name <> '乙公司')"
        if database_url.startswith("postgresql")
        else "CREATE TRIGGER not_this_one BEFORE INSERT ON crm_account WHEN NEW.name = '乙公司' "
        "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
    )
    scene = Scene(tmp_path, url=database_url)
    try:
        with scene.store.engine.begin() as connection:
            connection.exec_driver_sql(rule)
        for name in ("甲公司", "乙公司", "丙公司"):
            scene.make_customer(name)
        assert scene.pull("account")["created"] == 2
        (dead,) = scene.dead()
        assert "not_this_one" in str(dead.params) or "not this one" in str(dead.params)
    finally:
        scene.hub.close()
        scene.store.close()


def test_what_fails_for_another_reason_is_not_done_twice(scene: Scene) -> None:
    tries: list[object] = []

    def work(tx: object) -> None:
        tries.append(tx)
        raise IsthmusError("sync.not_bound", connection="erp", binding="1")

    with pytest.raises(IsthmusError):
        write_page(scene.store, work)
    assert len(tries) == 1


def test_what_a_page_refers_to_and_nobody_has_taken_in(scene: Scene) -> None:
    sale = scene.make_sale("approved")
    records = read(scene, "order")
    items = {("product", line["item"]) for line in sale["lines"]}
    conn = scene.hub.open("erp")
    with scene.store.read() as tx:
        found = find_missing(tx, conn, gather_refs(conn, "order", records))
    assert found == {("account", sale["customer"]), *items}
    scene.pull("account")
    with scene.store.write_batch() as batch:
        assert find_missing(batch, conn, gather_refs(conn, "order", records)) == items
