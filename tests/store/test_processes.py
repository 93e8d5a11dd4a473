"""Two processes on one database at once, as ``up`` and ``sync run`` are; and processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.model.sales import Order
from hub.store import Store
from hub.store.rows import JournalEntry, Setting
from tests.store.samples import StillClock, open_store

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "count": """
store = open_store(url, durable=True)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(100):
    with store.write() as tx:
        read = tx.get(Setting, name="count", lock=True)
        tx.save(Setting(name="count", value=read.value + 1))
        tx.journal("child", "count")
""",
    "hang": """
store = open_store(url, durable=True)
with store.write() as tx:
    tx.save(Setting(name="half", value=1))
    print("ready", flush=True)
    sys.stdin.readline()
""",
    "write": """
store = open_store(url, durable=True)
print("ready", flush=True)
while True:
    with store.write() as tx:
        order = tx.save_record(make_order(tx, lines=3))
    print(order.id, flush=True)
""",
    "interrupt": """
import _thread, random, signal, threading, time
store = open_store(url, durable=False)
print("ready", flush=True)
inside, caught, over = False, 0, threading.Event()
# A driver that is cut off within its own calls may fail in the next one, before its connection is thrown away.
expected = KeyboardInterrupt if url.startswith("sqlite") else (KeyboardInterrupt, Exception)
def interrupt(*_):
    if inside:  # not while this program itself is on its way from one round to the next
        raise KeyboardInterrupt
signal.signal(signal.SIGINT, interrupt)
def disturb():
    draw = random.Random(1)
    while not over.wait(draw.random() * 0.004):
        _thread.interrupt_main()
threading.Thread(target=disturb, daemon=True).start()
end = time.monotonic() + 2.0
while True:
    try:
        inside = True
        while time.monotonic() < end:
            with store.write() as tx:
                tx.save(Setting(name="count", value=caught))
        inside = False
        break
    except expected:
        inside = False
        caught += 1
over.set()
for _ in range(1 if url.startswith("sqlite") else 5):
    try:
        with store.write() as tx:
            tx.save(Setting(name="over", value=caught))
        break
    except Exception as error:
        failed = error
else:
    raise failed
print(caught, flush=True)
""",
    "migrate": """
print("ready", flush=True)
sys.stdin.readline()
open_store(url, durable=True).check()
""",
}
HEAD = """
import sys
from hub.store.rows import Setting
from tests.store.samples import make_order, open_store
url = sys.argv[1]
"""


@contextmanager
def child(program: str, url: str) -> Iterator[subprocess.Popen[str]]:
    """A second Python process that has come to its ``ready``; it goes on when it is sent a line."""
    command = [sys.executable, "-c", HEAD + PROGRAMS[program], url]
    pipe = subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.fixture
def durable_store(database_url: str) -> Iterator[Store]:
    with open_store(database_url, durable=True) as opened:
        yield opened


def count_of(store: Store) -> int:
    with store.read() as tx:
        found = tx.get(Setting, name="count")
    assert found is not None
    return int(found.value)


def test_two_processes_lose_no_update(database_url: str, durable_store: Store) -> None:
    with durable_store.write() as tx:
        tx.save(Setting(name="count", value=0))
    with child("count", database_url) as process:
        go(process)
        for _ in range(100):
            with durable_store.write() as tx:
                read = tx.get(Setting, name="count", lock=True)
                assert read is not None
                tx.save(Setting(name="count", value=read.value + 1))
        assert process.wait(60) == 0
    assert count_of(durable_store) == 200
    with durable_store.read() as tx:
        assert tx.count(JournalEntry, actor="child") == 100


def test_readers_do_not_wait_for_a_writer_in_another_process(database_url: str, durable_store: Store) -> None:
    with durable_store.write() as tx:
        tx.save(Setting(name="count", value=5))
    with child("hang", database_url):
        assert count_of(durable_store) == 5
        with durable_store.read() as tx:
            assert tx.get(Setting, name="half") is None


def test_a_killed_writer_leaves_nothing_and_blocks_nobody(database_url: str, durable_store: Store) -> None:
    with child("hang", database_url) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        with durable_store.write() as tx:
            assert tx.find(Setting) == []
            tx.save(Setting(name="next", value=1))


def test_what_was_committed_before_a_kill_is_there_and_whole(database_url: str, durable_store: Store) -> None:
    with child("write", database_url) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read().split("\n")[:-1]
        process.wait(20)
    with durable_store.read() as tx:
        found = tx.find(Order)
    assert set(told) <= {str(order.id) for order in found}
    assert {len(order.lines) for order in found} == {3}


def test_processes_that_start_at_once_migrate_once(database_url: str) -> None:
    with child("migrate", database_url) as one, child("migrate", database_url) as two:
        go(one)
        go(two)
        assert (one.wait(60), two.wait(60)) == (0, 0)
    with Store.open(database_url, clock=StillClock()) as store:
        store.check()


def test_ctrl_c_between_any_two_steps_leaves_no_transaction_open(database_url: str, durable_store: Store) -> None:
    with child("interrupt", database_url) as process:
        assert process.stdout is not None
        caught = int(process.stdout.readline() or -1)
        assert process.wait(60) == 0
    assert caught > 20
    with durable_store.read() as tx:
        assert tx.get(Setting, name="over") is not None
