"""The parts of a running hub, all in one process (``isthmus up``) or each in its own (``serve``, ``worker``,
``scheduler``), ended gently by SIGTERM or SIGINT."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

import dramatiq
import uvicorn

from hub.errors import ConfigInvalid
from hub.runtime.actors import Actors, declare_actors
from hub.runtime.assemble import Outfit, newest_version
from hub.runtime.beacon import Beacon
from hub.runtime.broker import open_broker
from hub.runtime.home import Home
from hub.runtime.listening import Listening
from hub.runtime.logs import set_up_logs, write_log
from hub.runtime.notify import Notifier
from hub.runtime.polling import Poller
from hub.runtime.pool import HubPool
from hub.runtime.schedule import Scheduler

DEFAULT_PORT = 8700
GRACE_MS = 30_000
"""How long a stop waits for work that is under way; what is still running then is taken over by its lease."""
WEB: Final = "web"
WORKER: Final = "worker"
SCHEDULER: Final = "scheduler"
ALL_PARTS = frozenset({WEB, WORKER, SCHEDULER})
App = Any
MakeApp = Callable[["Engine"], App]


@dataclass
class Engine:
    """Workers and scheduler of this process, as far as it has them."""

    parts: frozenset[str]
    pool: HubPool
    actors: Actors
    scheduler: Scheduler | None = None
    worker: dramatiq.Worker | None = None
    """Takes messages; None where no broker could bring any."""
    poller: Poller | None = None
    beacon: Beacon | None = None
    notifier: Notifier | None = None
    listening: Listening | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    at_stop: list[Callable[[], None]] = field(default_factory=list)
    """What the web has to end first, while the database is still open."""

    def start(self) -> None:
        for part in (self.worker, self.poller, self.scheduler, self.beacon, self.notifier, self.listening):
            if part is not None:
                part.start()

    def stop(self) -> None:
        """No new work; what is under way ends at its next step."""
        self.stopping.set()
        for end in self.at_stop:
            end()
        if self.listening is not None:
            self.listening.stop()
        if self.scheduler is not None:
            self.scheduler.stop()
        if self.worker is not None:
            self.worker.stop(timeout=GRACE_MS)
        if self.poller is not None:
            self.poller.stop(GRACE_MS / 1000)
        if self.beacon is not None:
            self.beacon.stop()
        if self.notifier is not None:
            self.notifier.stop()
        if self.actors.line is not None:
            self.actors.line.close()
        self.pool.close()


def build_engine(
    home: Home, *, workers: int = 4, outfit: Outfit | None = None, parts: frozenset[str] = ALL_PARTS
) -> Engine:
    """What this process runs beside the web, not started yet.

    Without a broker a process that does everything hands its messages over itself; one that only works looks for work
    in the database, and one that does not work tells nobody.
    """
    pool = HubPool(home, outfit)
    broker = open_broker(home.broker_url)
    stopping = threading.Event()
    alone = home.broker_url is None
    works = WORKER in parts
    actors = declare_actors(broker, pool, stopping, heard=not alone or works)
    pool.hint = actors.hint
    engine = Engine(parts, pool, actors, beacon=Beacon(pool, parts), stopping=stopping)
    line = actors.line
    if SCHEDULER in parts:
        engine.scheduler = Scheduler(pool, actors)
        engine.notifier = Notifier(pool)
        engine.listening = Listening(pool)
        if line is not None:
            engine.scheduler.after_tick = line.drop_dead_letters
    if works and line is not None:
        engine.worker = dramatiq.Worker(broker, worker_threads=workers, worker_timeout=200)
        engine.worker.queue_prefetch = workers  # what is fetched and not begun waits here while others are free
        if not alone or SCHEDULER not in parts:
            hears = (lambda: False) if alone else line.is_up
            engine.poller = Poller(pool, actors, workers=workers, hears=hears)
    return engine


def run_up(
    home: Home,
    make_app: MakeApp,
    *,
    host: str,
    port: int | None,
    workers: int = 4,
    parts: frozenset[str] = ALL_PARTS,
    ready: Callable[[str], None],
) -> None:
    """Run these parts until a signal asks to stop. ``ready`` gets the address once it answers, or nothing where no
    ``port`` is listened on."""
    set_up_logs()
    listener = _listen(host, port) if port is not None else None
    run_engine(build_engine(home, workers=workers, parts=parts), make_app, host=host, listener=listener, ready=ready)


def run_engine(
    engine: Engine,
    make_app: MakeApp,
    *,
    host: str = "127.0.0.1",
    listener: socket.socket | None = None,
    ready: Callable[[str], None],
) -> None:
    """The same with parts that are put together already."""
    url = f"http://{host}:{listener.getsockname()[1]}" if listener is not None else ""
    asked = threading.Event()
    server = None if listener is None else _make_server(make_app(engine))
    with _own_signals(server, asked):
        engine.start()
        write_log("up", url=url, parts=sorted(engine.parts))
        _tell_configuration(engine)
        ready(url)
        try:
            if server is not None and listener is not None:
                server.run(sockets=[listener])
            else:
                _wait(asked)
        finally:
            write_log("stopping")
            engine.stop()
            if listener is not None:
                listener.close()
    write_log("stopped")


def _make_server(app: App) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
    )


def _wait(asked: threading.Event) -> None:
    while not asked.wait(1.0):  # with a limit, so that signals are handled on every platform
        continue


def _tell_configuration(engine: Engine) -> None:
    """A machine that has the addresses and nothing to do yet should say so."""
    with engine.pool.store.read() as tx:
        newest = newest_version(tx)
    write_log("configuration", number=newest.number if newest else None)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # from now on nobody is refused, only made to wait until the server takes over
    except OSError as error:
        listener.close()
        raise ConfigInvalid("runtime.port_taken", vendor=str(error), host=host, port=port) from error
    return listener


@contextlib.contextmanager
def _own_signals(server: uvicorn.Server | None, asked: threading.Event) -> Iterator[None]:
    """Signals ask the process to end. The web server raises them again when it has; ours then do nothing more, so that
    the engine's own stop is not cut short."""

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()
        if server is not None:
            server.should_exit = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
