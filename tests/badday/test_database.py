"""A database that cannot be written to: what was under way is undone as a whole, reading goes on, and the rest
once there is room, a right, or a turn again."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from hub.errors import Transient
from hub.store import Store
from hub.sync.run import run_sync
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene
from tests.sync.world import VirtualClock

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


def refill(scene: Scene, customers: int = 60) -> None:
    for number in range(customers):
        scene.make_customer(f"客户{number}", note="x" * 2000)


def pragma(store: Store, name: str, value: int) -> Callable[[], None]:
    """Every connection from now on has it; what the returned function ends."""

    def set_up(connection: sqlite3.Connection, *_: Any) -> None:
        connection.execute(f"PRAGMA {name} = {value}")

    event.listen(store.engine, "connect", set_up)
    store.engine.dispose()

    def end() -> None:
        event.remove(store.engine, "connect", set_up)
        store.engine.dispose()

    return end


def count_pages(store: Store) -> int:
    with store.engine.connect() as connection:
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())


def check_goes_on(scene: Scene, code: str, hinder: Callable[[], Callable[[], None]]) -> None:
    """Nothing of a page is there while it is hindered, all of it afterwards."""
    scene.make_customer("der erste")
    scene.pull("account")
    refill(scene)
    end = hinder()
    with pytest.raises(Transient) as caught:
        scene.pull("account")
    assert caught.value.code == code
    assert {caught.value.text("en"), caught.value.text("zh")}.isdisjoint({code})
    assert [record.name for record in scene.records("account")] == ["der erste"]  # reading goes on
    end()
    assert scene.pull("account")["created"] == 60
    assert len(scene.records("account")) == 61
    assert scene.pull("account") == {"unchanged": 61}


def test_a_database_that_may_not_grow(make_scene: SceneMaker, tmp_path: Path) -> None:
    scene = make_scene(url=f"sqlite:///{tmp_path}/hub.sqlite")
    check_goes_on(scene, "store.disk_full", lambda: pragma(scene.store, "max_page_count", count_pages(scene.store) + 2))


def test_a_database_that_may_only_be_read(make_scene: SceneMaker, tmp_path: Path) -> None:
    scene = make_scene(url=f"sqlite:///{tmp_path}/hub.sqlite")
    check_goes_on(scene, "store.read_only", lambda: pragma(scene.store, "query_only", 1))


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[Path]:
    """A disk of its own, where the system lets us have one."""
    mount, disk = shutil.which("mount"), folder / "disk"
    disk.mkdir()
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "none", str(disk)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_that_is_full(make_scene: SceneMaker, tmp_path: Path) -> None:
    """As above, with the system's own "no space left on device"."""
    with small_disk(tmp_path, 8) as disk:
        scene = make_scene(url=f"sqlite:///{disk}/hub.sqlite")

        def fill() -> Callable[[], None]:
            filler = disk / "filler"
            with filler.open("wb", buffering=0) as file:
                while True:
                    try:
                        file.write(b"x" * 4096)
                    except OSError:
                        return filler.unlink

        check_goes_on(scene, "store.disk_full", fill)
        scene.hub.close()
        scene.store.close()


def hinder_at_first_page(scene: Scene, name: str, value: int) -> list[Callable[[], None]]:
    """From the moment on in which a page was read and is about to be written; what ends it is in the list."""
    begun: list[Callable[[], None]] = []

    def hinder(at: str) -> None:
        if at == "C12" and not begun:
            begun.append(pragma(scene.store, name, value))

    scene.hub.checkpoint = hinder
    return begun


def test_a_run_on_a_full_disk_says_so_and_the_next_one_works(make_scene: SceneMaker, tmp_path: Path) -> None:
    scene = make_scene(url=f"sqlite:///{tmp_path}/hub.sqlite", account={"direction": "in"})
    refill(scene)
    begun = hinder_at_first_page(scene, "max_page_count", count_pages(scene.store))
    report = run_sync(scene.hub, "erp", ["account"], "li")
    assert ([error.code for error in report.errors], report.run.state) == (["store.disk_full"], "failed")
    begun[0]()
    assert run_sync(scene.hub, "erp", ["account"], "li").run.state == "done"
    assert len(scene.records("account")) == 60


def test_a_run_that_cannot_even_say_how_it_ended_stands_in_nobodys_way(make_scene: SceneMaker, tmp_path: Path) -> None:
    scene = make_scene(url=f"sqlite:///{tmp_path}/hub.sqlite", account={"direction": "in"})
    refill(scene)
    begun = hinder_at_first_page(scene, "query_only", 1)
    with pytest.raises(Transient) as caught:
        run_sync(scene.hub, "erp", ["account"], "li")
    assert caught.value.code == "store.read_only"
    begun[0]()
    report = run_sync(scene.hub, "erp", ["account"], "li")  # waits until the lease of the other is over
    assert report.run.state == "done"
    assert len(scene.records("account")) == 60


@contextmanager
def held_by_another(path: Path) -> Iterator[None]:
    """Another process writes, and does not come to an end."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        assert process.stdin is not None
        process.stdin.close()


def test_a_database_that_another_process_keeps_locked(make_scene: SceneMaker, tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    scene = make_scene(url=f"sqlite:///{path}")
    scene.make_customer()
    scene.pull("account")
    impatient = Store.open(f"sqlite:///{path}", clock=VirtualClock(), busy_timeout_s=0.2)
    with held_by_another(path):
        with pytest.raises(Transient) as caught, impatient.write():
            pass
        assert caught.value.code == "store.busy"
        assert len(scene.records("account")) == 1
    with impatient.write() as tx:
        tx.journal("li", "test.written")
    impatient.close()
    assert len(scene.journal("test.written")) == 1
