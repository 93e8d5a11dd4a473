"""Two workers against one, and how long an edit takes to the other side: real processes (`isthmus worker`,
`isthmus scheduler`) on PostgreSQL and Redis, beside two sandboxes in a process of their own that think 20 ms about
every request.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from connectors.sandbox.simulator import Person, SandboxApi, SandboxErp, SandboxSettings, make_uscc
from hub.commands.app import build_app
from hub.model.party import Account
from hub.protocol.binding import Binding
from hub.runtime.assemble import close_hub, open_hub, open_store
from hub.runtime.home import find_home
from hub.sdk.simulator import Request, Response, answer_json, serve
from hub.store import Store
from hub.sync.context import Hub
from hub.sync.records import create_record
from hub.testkit.servers import start_postgres, start_redis
from tests.bench.measure import Verdict, working_folder

ROOT = Path(__file__).parents[2]
THINKS_S = 0.02
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="  # pragma: allowlist secret
CONFIG = """
[connections.{name}]
connector = "sandbox"
url = "{url}"
token = "env:BENCH_TOKEN"

[connections.{name}.syncs.account]
every = "{every}"
"""
TOKEN = "bench"  # pragma: allowlist secret
SHOP = """
[connections.shop]
connector = "webhook"
scheme = "bearer"
secret = "env:BENCH_TOKEN"

[connections.shop.events]
"customer.*" = "account"

[connections.shop.syncs.account]
direction = "in"
"""
NAMES = ("one", "two")
MUST_SPEED_UP = 1.7
MUST_P95_S = 12.0
MUST_PUSHED_P95_S = 3.0


# ---------------------------------------------------------------- the systems on the other side


class ThinkingErp:
    """A sandbox that takes its time, and a door for the benchmark: ``/bench/...``."""

    def __init__(self, name: str) -> None:
        self.erp = SandboxErp(SandboxSettings(token=TOKEN), rng=random.Random(name))
        self._api = SandboxApi(self.erp)
        self._wang = Person(self.erp, "wang")
        self._asked_first: float | None = None

    def handle(self, request: Request) -> Response:
        if request.path.startswith("/bench/"):
            return answer_json(200, self._serve(request.path, request.json()))
        if self._asked_first is None:
            self._asked_first = time.monotonic()
        time.sleep(THINKS_S)
        return self._api.handle(request)

    def _serve(self, path: str, asked: Any) -> Any:
        if path == "/bench/make":
            start, count = asked["start"], asked["count"]
            self._asked_first = None
            return [self._make(number) for number in range(start, start + count)]
        if path == "/bench/edit":
            return self._wang.edit("partner", asked["id"], phone=asked["phone"])
        if path == "/bench/begun":
            return {"first": self._asked_first}
        return [{"id": row["id"], "name": row["name"], "phone": row["phone"]} for row in self.erp.documents("partner")]

    def _make(self, number: int) -> str:
        tax_id = make_uscc(random.Random(f"bench/{number}"))
        return str(self._wang.create("partner", name=f"客户{number}有限公司", tax_id=tax_id, phone="021")["id"])


def serve_erps() -> None:
    """``python -m tests.bench.workers``: print the addresses, then answer until the input ends."""
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(ThinkingErp(name).handle)) for name in NAMES]
        sys.stdout.write(json.dumps([server.url for server in servers]) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


# ---------------------------------------------------------------- the company


@dataclass
class Company:
    """The admin's home, and the addresses that every machine gets."""

    folder: Path
    environ: dict[str, str]
    urls: dict[str, str]
    _store: Store | None = None

    def call(self, *words: str) -> Any:
        result = CliRunner().invoke(
            build_app(), ["--home", str(self.folder / "home"), *words, "--json"], env=self.environ
        )
        if result.exit_code:
            raise SystemExit(f"{words}: {result.output}")
        return json.loads(result.stdout)

    def ask(self, name: str, what: str, **values: Any) -> Any:
        return httpx.post(f"{self.urls[name]}/bench/{what}", json=values, timeout=60).raise_for_status().json()

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        hub = open_hub(find_home(self.folder / "home", self.environ))
        try:
            yield hub
        finally:
            close_hub(hub)

    def store(self) -> Store:
        """Opened once, so that looking takes little from the machines."""
        if self._store is None:
            self._store = open_store(find_home(self.folder / "home", self.environ))
        return self._store

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def count_standing(self, word: str) -> int:
        """How many of the processes that were started say that they run."""
        return sum(f"The {word} runs." in log.read_text(encoding="utf-8") for log in self.folder.glob(f"{word}-*.log"))

    @contextmanager
    def machines(self, *words: str) -> Iterator[None]:
        """One process for each of the commands."""
        program = str(Path(sys.executable).parent / "isthmus")
        environ = {**os.environ, **self.environ, "ISTHMUS_HOME": str(self.folder / "none")}
        running = []
        for place, word in enumerate(words):
            log = (self.folder / f"{word.split()[0]}-{place}.log").open("wb")
            running.append(subprocess.Popen([program, *word.split()], env=environ, stderr=log, stdout=log))
            log.close()
        try:
            yield
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(90)


@contextmanager
def found_company(folder: Path, every: str) -> Iterator[Company]:
    """Two systems, one hub, both syncs accepted; nothing to do yet."""
    with ExitStack() as stack:
        postgres = stack.enter_context(start_postgres(folder / "postgres"))
        redis = stack.enter_context(start_redis(folder / "redis"))
        command = [sys.executable, "-m", "tests.bench.workers"]
        erps = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(erps.wait, 30)
        assert erps.stdin is not None
        assert erps.stdout is not None
        stack.callback(erps.stdout.close)
        stack.callback(erps.stdin.close)
        urls = dict(zip(NAMES, json.loads(erps.stdout.readline()), strict=True))
        environ = {
            "ISTHMUS_DATABASE_URL": postgres.create_database("bench"), "ISTHMUS_BROKER_URL": redis.url,
            "ISTHMUS_KEY": KEY, "BENCH_TOKEN": TOKEN,
        }  # fmt: skip
        company = Company(folder, environ, urls)
        stack.callback(company.close)
        company.call("init")
        with (folder / "home" / "isthmus.toml").open("a", encoding="utf-8") as file:
            file.write("".join(CONFIG.format(name=name, url=url, every=every) for name, url in urls.items()) + SHOP)
        company.call("apply")
        for name in NAMES:
            company.call("sync", "run", name, "--accept", company.call("sync", "plan", name)["item"]["plan"]["label"])
        yield company


def wait_until(condition: Callable[[], bool], limit_s: float = 600, look_s: float = 0.05) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("the hub did not do its work in time")
        time.sleep(look_s)


# ---------------------------------------------------------------- workers


def bench_workers(count: int, rounds: int) -> tuple[dict[str, Any], list[Verdict]]:
    """Push and pull mixed: ``count`` customers made in the hub go to both systems, ``count`` made in each come in and
    go on to the other one."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for workers in (1, 2):
            with working_folder() as folder, found_company(folder, "5s") as company:
                seconds[workers].append(time_mix(company, count, workers))
    best = {workers: min(found) for workers, found in seconds.items()}
    documents = 6 * count  # made here: two writes each; made there: one reading and one write each
    speed_up = round(best[1] / best[2], 2)
    figures = {
        "documents": documents,
        "remote_ms": THINKS_S * 1000,
        "threads_each": 1,
        "one_s": round(best[1], 2),
        "two_s": round(best[2], 2),
        "speed_up": speed_up,
        "documents_per_s": {str(workers): round(documents / found, 1) for workers, found in best.items()},
    }
    return figures, [Verdict("workers/two_against_one", speed_up, MUST_SPEED_UP)]


def time_mix(company: Company, count: int, workers: int) -> float:
    """From the first question to one of the systems to the moment when everything is where it belongs. Everything waits
    before, and the workers stand by: what it takes to start a process is no part of the mix."""
    for place, name in enumerate(NAMES):
        company.ask(name, "make", start=(place + 1) * 100_000, count=count)
    with company.hub() as hub:
        silent = dataclasses.replace(hub, hint=lambda ids: None)
        for number in range(count):
            identifiers = [{"kind": "uscc", "value": make_uscc(random.Random(f"here/{number}"))}]
            create_record(silent, "account", {"name": f"客户{number}有限公司", "identifiers": identifiers}, "bench")
    with company.machines(*["worker --workers 1"] * workers):
        wait_until(lambda: company.count_standing("worker") == workers)
        with company.machines("scheduler"):
            wait_until(lambda: is_done(company, 3 * count), look_s=0.2)
            ended = time.monotonic()
    begun = [company.ask(name, "begun")["first"] for name in NAMES]
    return ended - min(at for at in begun if at is not None)


def is_done(company: Company, count: int) -> bool:
    with company.store().read() as tx:
        if tx.count(Account) < count:
            return False
        return tx.count(Binding, dirty=False, remote_id__null=False, parked=None) == 2 * count


# ---------------------------------------------------------------- latency


def bench_latency(edits: int) -> tuple[dict[str, Any], list[Verdict]]:
    """An edit in one system until it stands in the other, one a second at random moments: in a system that is polled
    every 10 s, and in a shop that calls the hub at once."""
    found = {"poll": time_polled(edits), "webhook": time_pushed(edits)}
    figures: dict[str, Any] = {"edits": edits, "poll_s": 10}
    verdicts = []
    for way, most_s in (("poll", MUST_P95_S), ("webhook", MUST_PUSHED_P95_S)):
        seconds = found[way]
        p95 = round(statistics.quantiles(seconds, n=20)[-1], 2)
        figures[way] = {
            "median_s": round(statistics.median(seconds), 2), "p95_s": p95, "most_s": round(max(seconds), 2),
        }  # fmt: skip
        verdicts.append(Verdict(f"latency/{way}/p95_s", p95, most_s, at_most=True))
    return figures, verdicts


def time_polled(edits: int) -> list[float]:
    with working_folder() as folder, found_company(folder, "10s") as company:
        company.ask("one", "make", start=1, count=edits)
        with company.machines("scheduler", "scheduler", "worker", "worker"):
            wait_until(lambda: len(company.ask("two", "list")) == edits)
            wait_until(lambda: is_done(company, edits))
            names = {row["id"]: row["name"] for row in company.ask("one", "list")}
            return time_edits(company, names, lambda id_, phone: company.ask("one", "edit", id=id_, phone=phone))


def time_pushed(edits: int) -> list[float]:
    """The two systems are read once a day only: whatever arrives in time was pushed."""
    port = find_free_port()
    with working_folder() as folder, found_company(folder, "1d") as company:
        names = {str(number): f"商城客户{number}有限公司" for number in range(edits)}
        with company.machines(f"serve --port {port}", "scheduler", "scheduler", "worker", "worker"):
            wait_until(lambda: is_listening(port))
            for number, id_ in enumerate(names):
                call_hook(port, id_, names[id_], "021", number)
            wait_until(lambda: all(len(company.ask(name, "list")) == edits for name in NAMES))
            return time_edits(company, names, lambda id_, phone: call_hook(port, id_, names[id_], phone, edits))


def call_hook(port: int, id_: str, name: str, phone: str, version: int) -> None:
    """The shop tells of a customer as it stands there now."""
    uscc = make_uscc(random.Random(f"shop/{id_}"))
    values = {"id": id_, "name": name, "uscc": uscc, "phone": phone, "updated_at": version}
    event = {"type": "customer.updated", "id": f"{id_}-{version}", "data": values}
    answer = httpx.post(
        f"http://127.0.0.1:{port}/hooks/shop", json=event, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
    )
    answer.raise_for_status()


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_listening(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code < 500
    except httpx.TransportError:
        return False


def time_edits(company: Company, names: dict[str, str], change: Callable[[str, str], object]) -> list[float]:
    """``names``: id in the first system → by what the customer is known in the second one."""
    chance = random.Random(5)
    edited: dict[str, float] = {}
    seen: dict[str, float] = {}
    waiting = list(names)
    due = time.monotonic()
    while len(seen) < len(names):
        now = time.monotonic()
        if waiting and now >= due:
            id_ = waiting.pop()
            edited[names[id_]] = time.monotonic()
            change(id_, f"010-{id_}")
            due = now + chance.expovariate(1.0)
        for row in company.ask("two", "list"):
            if row["phone"].startswith("010-") and row["name"] not in seen:
                seen[row["name"]] = time.monotonic()
        if now > due + 300:
            raise SystemExit("edits did not arrive")
        time.sleep(0.05)
    return [seen[name] - at for name, at in edited.items()]


if __name__ == "__main__":
    serve_erps()
