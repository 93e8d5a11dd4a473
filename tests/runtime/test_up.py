"""``isthmus up`` as a real process: it answers, stops gently, and leaves nothing "running" when it is killed."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from connectors.sandbox.simulator import Person, SandboxApi, SandboxErp, SandboxSettings, make_uscc
from hub.runtime.assemble import Outfit, close_hub, open_hub, open_store
from hub.runtime.home import Home
from hub.runtime.schedule import LEASE_NAME
from hub.sdk.simulator import Request, Response, serve
from hub.store.rows import Lease, Run
from hub.testkit.servers import PostgresServer, RedisServer
from tests.runtime.stage import SANDBOX, TOKEN, prepare_home

pytestmark = pytest.mark.slow
PROGRAM = str(Path(sys.executable).parent / "isthmus")
READY = re.compile(r"(http://127\.0\.0\.1:\d+)")


class SlowErp:
    """A sandbox on a real port that can be made to think for as long as a test wants."""

    def __init__(self) -> None:
        self.erp = SandboxErp(SandboxSettings(token=TOKEN["SANDBOX_TOKEN"]), rng=random.Random(1))
        self.wang = Person(self.erp, "wang")
        self.asked = threading.Event()
        self.free = threading.Event()
        self.free.set()
        self.url = ""
        self._api = SandboxApi(self.erp)

    def handle(self, request: Request) -> Response:
        self.asked.set()
        self.free.wait(timeout=120)
        return self._api.handle(request)

    def make_customer(self, number: int) -> None:
        self.wang.create("partner", name=f"客户{number}有限公司", tax_id=make_uscc(random.Random(number)))


@pytest.fixture
def slow_erp() -> Iterator[SlowErp]:
    slow = SlowErp()
    with serve(slow.handle) as server:
        slow.url = server.url
        yield slow
        slow.free.set()


def prepare(folder: Path, url: str, every: str = "1h", environ: Mapping[str, str] | None = None) -> Home:
    config = SANDBOX.replace("http://127.0.0.1:9", url).replace("1m", every).replace("5m", every)
    return prepare_home(folder, config, environ)


@contextmanager
def running(home: Home, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``isthmus up`` and its address."""
    environ = {**os.environ, **home.environ, "LANG": "C"}
    command = [PROGRAM, "--home", str(home.folder), "up", "--port", "0", *words]
    log = (home.folder / "up.log").open("w")
    process = subprocess.Popen(command, env=environ, stderr=log, stdout=subprocess.DEVNULL, text=True)
    try:
        yield process, find_address(process, home)
    finally:
        process.kill()
        process.wait()
        log.close()


def find_address(process: subprocess.Popen[str], home: Home) -> str:
    wait_until(lambda: process.poll() is not None or "The hub runs" in log_of(home))
    found = READY.search(log_of(home))
    assert found, log_of(home)
    return found[1]


def log_of(home: Home) -> str:
    return (home.folder / "up.log").read_text(encoding="utf-8")


def wait_until(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def list_runs(home: Home) -> list[Run]:
    store = open_store(home)
    try:
        with store.read() as tx:
            return tx.find(Run, order=["number"])
    finally:
        store.close()


def test_it_answers_works_and_stops_gently(tmp_path: Path, slow_erp: SlowErp):
    slow_erp.make_customer(1)
    home = prepare(tmp_path, slow_erp.url)
    with running(home) as (process, url):
        assert httpx.get(f"{url}/healthz").text == "ok\n"
        wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        wait_until(lambda: [run.state for run in list_runs(home)] == ["done"])
        assert "isthmus_runs" in httpx.get(f"{url}/metrics").text
        assert "erp" in httpx.get(url).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    store = open_store(home)
    with store.read() as tx:
        lease = tx.get(Lease, name=LEASE_NAME)
        assert lease is not None
        assert lease.until <= Outfit().clock.now()
    store.close()
    assert TOKEN["SANDBOX_TOKEN"] not in log_of(home)


def test_the_same_with_redis_and_postgresql_by_address(
    tmp_path: Path, slow_erp: SlowErp, redis_server: RedisServer, postgres_server: PostgresServer
):
    slow_erp.make_customer(1)
    database = f"up_{random.randrange(10**9)}"
    addresses = {
        "ISTHMUS_BROKER_URL": redis_server.url,
        "ISTHMUS_DATABASE_URL": postgres_server.create_database(database),
    }
    home = prepare(tmp_path, slow_erp.url, environ=addresses)
    with running(home) as (process, url):
        wait_until(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        wait_until(lambda: [run.state for run in list_runs(home)] == ["done"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert not (home.folder / "hub.sqlite").exists()
    postgres_server.drop_database(database)


def test_a_stop_in_the_middle_of_a_run_ends_it_at_its_next_step(tmp_path: Path, slow_erp: SlowErp):
    home = prepare(tmp_path, slow_erp.url)
    slow_erp.free.clear()
    with running(home) as (process, _):
        assert slow_erp.asked.wait(timeout=60)
        wait_until(lambda: [run.state for run in list_runs(home)] == ["running"])
        process.send_signal(signal.SIGINT)
        wait_until(lambda: "stopping" in log_of(home))
        slow_erp.free.set()
        assert process.wait(timeout=60) == 0
    assert [run.state for run in list_runs(home)] == ["stopped"]


def test_after_a_kill_nothing_is_called_running_by_the_next_who_comes(tmp_path: Path, slow_erp: SlowErp):
    slow_erp.make_customer(1)
    home = prepare(tmp_path, slow_erp.url)
    slow_erp.free.clear()
    with running(home) as (process, _):
        assert slow_erp.asked.wait(timeout=60)
        wait_until(lambda: [run.state for run in list_runs(home)] == ["running"])
        process.send_signal(signal.SIGKILL)
        process.wait()
    killed = list_runs(home)[0]
    assert killed.state == "running", "nobody could say goodbye"
    slow_erp.free.set()
    close_hub(open_hub(home))
    assert [run.state for run in list_runs(home)] == ["stopped"]


def test_a_run_by_hand_and_the_scheduler_share_one_home(tmp_path: Path, slow_erp: SlowErp):
    for number in range(30):
        slow_erp.make_customer(number)
    home = prepare(tmp_path, slow_erp.url, every="5s")
    environ = {**os.environ, **home.environ, "LANG": "C"}
    with running(home) as (process, _):
        for _ in range(4):
            command = [PROGRAM, "--home", str(home.folder), "sync", "run", "erp", "--kind", "account"]
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    runs = list_runs(home)
    assert [run.number for run in runs] == list(range(1, len(runs) + 1))
    assert {run.state for run in runs} <= {"done", "stopped"}
    assert '"level": "error"' not in log_of(home)
    hub = open_hub(home)
    with hub.store.read() as tx:
        from hub.model.party import Account

        assert tx.count(Account) == 30
    close_hub(hub)


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path, slow_erp: SlowErp):
    home = prepare(tmp_path, slow_erp.url)
    port = slow_erp.url.rpartition(":")[2]
    command = [PROGRAM, "--home", str(home.folder), "up", "--port", port]
    done = subprocess.run(command, env={**os.environ, **home.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
