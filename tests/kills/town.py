"""A shop that pushes, a hub in processes of its own, an ERP; every process of the hub can be killed at any moment, its
Redis and its PostgreSQL too."""

from __future__ import annotations

import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from connectors.webhook.simulator import SECRETS
from hub.errors import IsthmusError
from hub.runtime.assemble import Outfit, open_hub, open_store
from hub.runtime.home import Home, make_home
from hub.runtime.publish import publish
from hub.runtime.up import SCHEDULER, WEB, WORKER
from hub.store import Store
from hub.sync.context import Hub
from hub.sync.plan import make_plan
from hub.sync.run import run_sync
from hub.testkit.servers import PostgresServer, RedisServer, ServerFailed, start_postgres, start_redis
from tests.journeys.machines import EVERYTHING, MachineRoom, signal_process
from tests.journeys.shared_time import SharedTime
from tests.journeys.shop_home import write_erp, write_shop
from tests.kills.ledger import Books
from tests.runtime.machines import KEY

SECRET = SECRETS["standard-webhooks"]
KINDS = ("account", "order", "payment")
APART = (WEB, WORKER, WORKER, SCHEDULER, SCHEDULER)
SERVERS = ("redis", "postgresql", "postgresql, immediately")
LOOK_S = 0.2
LIMIT_S = 180.0


class Town:
    """``apart``: five processes over PostgreSQL (which waits for the disk) and Redis; else one over SQLite."""

    def __init__(self, folder: Path, room: MachineRoom, books: Books, *, apart: bool) -> None:
        self.folder, self.apart = folder, apart
        self._room, self._books = room, books
        self.kills: Counter[str] = Counter()
        self._pids: list[int] = []
        self.time = SharedTime(folder / "time")
        self._postgres: PostgresServer | None = None
        self._redis: RedisServer | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        environ = {"SHOP_SECRET": SECRET, "ERP_SECRET": books.secret, "ISTHMUS_KEY": KEY}
        if apart:
            self._postgres, self._redis = start_postgres(folder / "postgres"), start_redis(folder / "redis")
            environ["ISTHMUS_DATABASE_URL"] = self._postgres.create_database("town")
            environ["ISTHMUS_BROKER_URL"] = self._redis.url
        self.home = Home(folder / "home", environ)
        self._publish()
        self._go_live()
        self._parts = APART if apart else (EVERYTHING,)
        self.time.open_gate()
        self._pids = [self._start(place) for place in range(len(self._parts))]
        self.wait(self._answers, "the web never answered", passes_s=0)

    def _publish(self) -> None:
        make_home(self.home)
        with self.home.config_file.open("a", encoding="utf-8") as file:
            file.write(write_shop() + write_erp(self._books.connector, self._books.settings, KINDS))
        store = open_store(self.home, create=True)
        publish(self.home, store, self.time, "test")
        store.close()

    def _go_live(self) -> None:
        """A person accepts a first plan, before anything runs by itself."""
        with self.hub() as hub:
            plan = make_plan(hub, "erp", None, "test")
            run_sync(hub, "erp", None, "test", accept=plan.plan.label)

    # ---------------------------------------------------------------- killing

    def kill(self, draw: random.Random) -> None:
        """Whoever it is, in the middle of whatever it does; and anew."""
        victims = [*range(len(self._parts)), *(SERVERS if self.apart else ())]
        victim = draw.choice(victims)
        self._start_again()
        if isinstance(victim, int):
            signal_process(self._pids[victim], signal.SIGKILL)
            self._pids[victim] = self._start(victim)
            self.kills[self._parts[victim]] += 1
            return
        self.kills[victim] += 1
        if victim == "redis":
            assert self._redis is not None
            self._redis.kill()
            self._redis = start_redis(self.folder / "redis", self._redis.port)
        else:
            self._kill_postgres(immediate=victim != "postgresql")

    def _kill_postgres(self, *, immediate: bool) -> None:
        """SIGKILL as a power cut, or what ``pg_ctl stop -m immediate`` sends."""
        assert self._postgres is not None
        self._postgres.process.send_signal(signal.SIGQUIT if immediate else signal.SIGKILL)
        self._postgres.process.wait(20)
        end = time.monotonic() + 60
        while True:
            try:
                self._postgres = start_postgres(self.folder / "postgres", port=self._postgres.port)
                return
            except ServerFailed:  # the orphans of the one before still hold its memory
                assert time.monotonic() < end, "PostgreSQL never came back"
                time.sleep(0.2)

    def _start_again(self) -> None:
        """Who ended by himself (his database was away when he came) is started anew, as systemd does."""
        for place, pid in enumerate(self._pids):
            if not signal_process(pid, 0):
                self._pids[place] = self._start(place)

    def _start(self, place: int) -> int:
        part = self._parts[place]
        return self._room.start(
            {
                "part": part, "index": place, "environ": {**self.home.environ, "ISTHMUS_HOME": str(self.home.folder)},
                "time": str(self.folder / "time"), "log": str(self.folder / f"{part}-{place}.log"),
                "port": self.port, "look_s": LOOK_S,
            }
        )  # fmt: skip

    # ---------------------------------------------------------------- looking

    @property
    def door(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/shop"

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def wait(self, condition: Callable[[], object], words: str | Callable[[], str], *, passes_s: float = 5.0) -> None:
        """Until it is so; what rests on leases and quiet periods is waited for in the shared time, which passes so
        quickly. Not while somebody signs calls by real time."""
        end = time.monotonic() + LIMIT_S
        for look in count(1):
            if condition():
                return
            told = words if isinstance(words, str) else words()
            assert time.monotonic() < end, f"{told}\n{self.read_logs()[-3000:]}"
            self._start_again()
            if passes_s and look % self._books.looks_for_pass == 0:
                self.time.pass_time(passes_s * self._books.looks_for_pass)
            time.sleep(0.2)

    @contextmanager
    def store(self) -> Iterator[Store]:
        store = open_store(self.home, self.time)
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """For a person in a process of his own."""
        with self.store() as store:
            hub = open_hub(self.home, outfit=Outfit(clock=self.time), store=store)
            try:
                yield hub
            finally:
                hub.close()

    def find(self, model: type[Any], **where: Any) -> list[Any]:
        with self.store() as store, store.read() as tx:
            return tx.find(model, **where)

    def try_find(self, model: type[Any], **where: Any) -> list[Any] | None:
        """None while the database is away."""
        try:
            return self.find(model, **where)
        except IsthmusError:
            return None

    def read_logs(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        for pid in self._pids:
            signal_process(pid, signal.SIGKILL)
        for server in (self._redis, self._postgres):
            if server is not None:
                server.stop()
        self.time.close()


@contextmanager
def opened(folder: Path, open_books: Callable[[], Books], *, apart: bool) -> Iterator[tuple[Town, Books]]:
    """A town that is taken down afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        room = MachineRoom()
        stack.callback(room.close)
        books = open_books()
        stack.callback(books.close)
        town = Town(folder, room, books, apart=apart)
        stack.callback(town.close)
        yield town, books
