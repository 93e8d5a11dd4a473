"""``isthmus up``: workers, scheduler and web in one process, ended gently by SIGTERM or SIGINT."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import dramatiq
import uvicorn

from hub.errors import ConfigInvalid
from hub.runtime.actors import Actors, declare_actors
from hub.runtime.assemble import Outfit
from hub.runtime.broker import drop_dead_letters, open_broker
from hub.runtime.home import Home
from hub.runtime.logs import set_up_logs, write_log
from hub.runtime.pool import HubPool
from hub.runtime.schedule import Scheduler

DEFAULT_PORT = 8700
GRACE_MS = 30_000
"""How long a stop waits for work that is under way; what is still running then is taken over by its lease."""
App = Any
MakeApp = Callable[["Engine"], App]


@dataclass
class Engine:
    """Workers and scheduler of this process."""

    pool: HubPool
    broker: dramatiq.Broker
    actors: Actors
    scheduler: Scheduler
    worker: dramatiq.Worker
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.worker.start()
        self.scheduler.start()

    def stop(self) -> None:
        """No new work; what is under way ends at its next step."""
        self.stopping.set()
        self.scheduler.stop()
        self.worker.stop(timeout=GRACE_MS)
        self.broker.close()
        self.pool.close()


def build_engine(home: Home, *, workers: int = 4, outfit: Outfit | None = None) -> Engine:
    """Everything that ``up`` runs beside the web, not started yet."""
    pool = HubPool(home, outfit)
    broker = open_broker(home.broker_url)
    stopping = threading.Event()
    actors = declare_actors(broker, pool, stopping)
    pool.hint = actors.hint
    scheduler = Scheduler(pool, actors)
    scheduler.after_tick = lambda: drop_dead_letters(broker)
    worker = dramatiq.Worker(broker, worker_threads=workers, worker_timeout=200)
    return Engine(pool, broker, actors, scheduler, worker, stopping)


def run_up(home: Home, make_app: MakeApp, *, host: str, port: int, workers: int, ready: Callable[[str], None]) -> None:
    """Run until a signal asks to stop. ``ready`` gets the address once it answers."""
    set_up_logs()
    listener = _listen(host, port)
    engine = build_engine(home, workers=workers)
    settings = uvicorn.Config(
        make_app(engine), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(settings)
    url = f"http://{host}:{listener.getsockname()[1]}"
    with _own_signals(server):
        engine.start()
        write_log("up", url=url, workers=workers)
        ready(url)
        try:
            server.run(sockets=[listener])
        finally:
            write_log("stopping")
            engine.stop()
            listener.close()
    write_log("stopped")


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
def _own_signals(server: uvicorn.Server) -> Iterator[None]:
    """Signals ask the web server to end. It raises them again when it has; ours then do nothing more, so that the
    engine's own stop is not cut short."""

    def ask(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
