"""Who works on one database: those who live are let be, those who were killed are known to be dead at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from hub.protocol.binding import Binding
from hub.runtime.assemble import Outfit, close_hub, open_hub, open_store
from hub.runtime.home import Home
from hub.store.rows import Lease, Run
from hub.sync.context import Hub
from tests.runtime.stage import SANDBOX, prepare_home

AT_WORK = """
import sys
from datetime import timedelta
from pathlib import Path
from hub.protocol.binding import Binding
from hub.runtime.assemble import open_hub
from hub.runtime.home import Home
from hub.store.rows import Run

hub = open_hub(Home(Path(sys.argv[1]), {}))
until = hub.now() + timedelta(hours=1)
with hub.store.write() as tx:
    run = Run(id=hub.new_id(), number=1, connection="erp", kinds=[], actor="x", started_at=hub.now(), lease_until=until)
    tx.insert(run)
    tx.acquire_lease("run:erp", str(run.id), until)
    tx.insert(Binding(id=hub.new_id(), connection="erp", kind="account", hub_id=hub.new_id(), lease_until=until))
print("at work", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path, SANDBOX)


@contextmanager
def at_work(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A process that holds leases for an hour."""
    command = [sys.executable, "-c", AT_WORK, str(home.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "at work\n"
            yield process
        finally:
            process.kill()


def look(hub: Hub) -> tuple[str, bool, bool]:
    """The state of the run, whether its connection is free, whether the binding is."""
    with hub.store.read() as tx:
        lease, binding = tx.get(Lease, name="run:erp"), tx.find(Binding)[0]
        assert lease is not None
        return tx.find(Run)[0].state, lease.until <= hub.now(), binding.lease_until is None


def test_what_a_killed_process_held_is_free_for_the_next(home: Home):
    with at_work(home) as process:
        process.kill()
    hub = open_hub(home)
    assert look(hub) == ("stopped", True, True)
    close_hub(hub)


def test_nothing_is_taken_from_one_that_lives(home: Home):
    with at_work(home):
        hub = open_hub(home)
        assert look(hub) == ("running", False, False)
        close_hub(hub)


def test_nor_while_anybody_lives_who_might_hold_it(home: Home):
    """Which of them held it nobody can tell, so it is left to end by itself."""
    with at_work(home) as process:
        beside = open_hub(home)
        process.kill()
        process.wait()
        hub = open_hub(home)
        assert look(hub) == ("running", False, False)
        close_hub(hub)
        close_hub(beside)
    hub = open_hub(home)
    assert look(hub) == ("stopped", True, True)
    close_hub(hub)


def test_hubs_of_one_process_know_of_each_other(home: Home):
    first = open_hub(home)
    with first.store.write() as tx:
        assert tx.acquire_lease("run:erp", "first", first.now() + timedelta(hours=1)) is not None
    second = open_hub(home)
    with second.store.read() as tx:
        lease = tx.get(Lease, name="run:erp")
    assert lease is not None
    assert lease.until > second.now()
    close_hub(second)
    close_hub(first)


def test_a_hub_that_was_closed_holds_nobody_up(home: Home):
    close_hub(open_hub(home))
    store = open_store(home)
    with store.write() as tx:
        tx.acquire_lease("run:erp", "a process of long ago", Outfit().clock.now() + timedelta(hours=1))
    store.close()
    hub = open_hub(home)
    with hub.store.read() as tx:
        lease = tx.get(Lease, name="run:erp")
    assert lease is not None
    assert lease.until <= hub.now()
    close_hub(hub)
