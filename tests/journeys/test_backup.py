"""A backup made while everybody works, put back after more was done; and a clone beside the original."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.protocol.reference import parse_reference
from hub.runtime.assemble import Outfit, close_hub, open_hub
from hub.runtime.home import Home, find_home
from hub.runtime.restore import restore_backup
from hub.store.rows import DeadRow
from hub.sync.context import Hub
from hub.sync.pause import is_paused, resume_all
from hub.sync.plan import make_plan
from hub.sync.records import create_record, edit_record, void_record
from hub.sync.run import run_sync
from tests.journeys.checks import check_agreement
from tests.journeys.company import Company
from tests.journeys.desk import ACTOR, NAME, Desk
from tests.journeys.erp import Erp


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept.isthmus.tar.gz"


@contextmanager
def working(desk: Desk, company: Company) -> Iterator[None]:
    """Somebody edits on and on, meanwhile."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            desk.create("contact", name="王会计")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_what_was_written_after_the_backup_is_not_written_again(company: Company, desk: Desk, erp: Erp, kept: Path):
    first, second = company.order_here(note="第一单"), company.order_here(note="第二单")
    desk.accept()
    waiting = company.order_here(note="还没有送出")
    with working(desk, company):
        made = desk.call("backup", str(kept))["item"]
    assert (made["rows"] > 0, kept.stat().st_mode & 0o777) == (True, 0o600)
    desk.accept()
    desk.edit(first, note="后来改了")
    desk.void(second)
    later = company.order_here(note="第四单")
    desk.accept()
    before = erp.orders()
    assert len(company.orders()) == 4

    told = desk.call("restore", str(kept), "--yes")["item"]
    assert told["documents"] > 0
    assert Path(told["before"]["file"]).is_file(), "what stood there is kept, too"
    desk.reopen()
    assert desk.read(later) is None
    assert desk.binding(waiting).remote_id is None
    desk.wait_quiet()
    report = desk.run()
    assert [write for write in desk.writes(report) if write[1] == "create"] == []
    assert [order.id for order in erp.orders()] == [order.id for order in before], "nothing was made twice"
    assert desk.read(later).note == "第四单", "rebuilt from its document, under the same id"
    assert desk.binding(waiting).remote_id is not None
    check_agreement(desk, erp)


def test_a_clone_touches_nothing_of_the_original(company: Company, desk: Desk, erp: Erp, kept: Path, tmp_path: Path):
    theirs = company.order_there("人工单")
    desk.run()
    sent = company.order_here(note="原件")
    desk.accept()
    unsent = company.order_here(note="还没有送出")
    desk.call("backup", str(kept))
    before = {order.id: order for order in erp.orders()}

    with cloned(desk, kept, tmp_path / "clone") as clone:
        assert is_paused(clone), "it rests until somebody has looked at it"
        resume_all(clone, ACTOR)
        edit_record(clone, "order", sent.id, {"note": "克隆改的"}, ACTOR)
        edit_record(clone, "order", desk.record_of("order", theirs).id, {"note": "克隆改的"}, ACTOR)
        edit_record(clone, "order", unsent.id, {"note": "克隆改的"}, ACTOR)
        edit_record(clone, "account", company.account, {"phone": "021-99999999"}, ACTOR)
        void_record(clone, "order", sent.id, ACTOR)
        run_all(clone)
        assert {order.id: order for order in erp.orders()} == before
        assert erp.customer(company.customer).phone != "021-99999999"

        lines = [{"product_id": str(company.products[0]), "quantity": "1", "unit_price": "2"}]
        values = {"account_id": str(company.account), "lines": lines, "note": "克隆自己的"}
        create_record(clone, "order", values, ACTOR, anyway=True)
        run_all(clone)
        (own,) = [order for order in erp.orders() if order.id not in before]
        reference = parse_reference(own.reference)
        assert reference is not None
        assert reference.installation == clone.installation != desk.hub.installation

    desk.run()
    with desk.hub.store.read() as tx:
        aside = tx.find(DeadRow, connection=NAME, external_id=own.id)
    assert [(row.state, row.code) for row in aside] == [("foreign", "sync.foreign_document")]
    desk.accept()
    assert [order.note for order in company.orders()].count("还没有送出") == 1, "the original made it, once"
    assert erp.order(desk.remote_id(sent)).note == "原件"


def run_all(hub: Hub) -> None:
    plan = make_plan(hub, NAME, None, ACTOR)
    report = run_sync(hub, NAME, None, ACTOR, accept=plan.plan.label)
    assert not report.errors


@contextmanager
def cloned(desk: Desk, kept: Path, folder: Path) -> Iterator[Hub]:
    """A clone in a home of its own, on SQLite whatever the original is on."""
    folder.mkdir()
    secrets = {name: value for name, value in desk.environ.items() if name == "ISTHMUS_KEY"}
    home: Home = find_home(folder, secrets)
    for name in ("master.key", "erp.secret"):
        if (desk.folder / name).exists():
            (folder / name).write_bytes((desk.folder / name).read_bytes())
            (folder / name).chmod(0o600)
    outfit = Outfit(clock=desk.clock, random=random.Random(3))
    done: Any = restore_backup(home, kept, ACTOR, as_clone=True, outfit=outfit)
    assert (done.same_key, done.missing) == (True, ())
    hub = open_hub(home, outfit=outfit)
    try:
        yield hub
    finally:
        close_hub(hub)
