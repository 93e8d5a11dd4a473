"""Where machines stand: a PostgreSQL and a Redis that many journeys share, one database for each company."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from redis import Redis

from hub.runtime.clock import SystemClock
from hub.store import Store
from hub.testkit.servers import PostgresServer, RedisServer
from tests.journeys.desk import Desk
from tests.journeys.erp import Erp
from tests.journeys.machines import MachineRoom, Machines
from tests.journeys.scaled import ScaledDesk
from tests.journeys.shared_time import SharedTime
from tests.runtime.machines import KEY


@dataclass
class Site:
    """One company's addresses, and the machines once its desk has made the database what they need."""

    room: MachineRoom
    folder: Path
    environ: Mapping[str, str]
    time: SharedTime
    machines: list[Machines] = field(default_factory=list)

    def open_desk(self, folder: Path, erp: Erp, kinds: Sequence[str]) -> Desk:
        self.machines.append(Machines(self.room, self.folder, self.environ, self.time))
        return ScaledDesk(folder, erp, self.machines[0], dict(self.environ), kinds)


class Ground:
    """Lasts as long as the tests do."""

    def __init__(self, postgres: PostgresServer, redis: RedisServer) -> None:
        self._postgres, self._redis = postgres, redis
        self._room = MachineRoom()
        self._template = f"journeys_{uuid4().hex}"
        with Store.open(postgres.create_database(self._template), clock=SystemClock()) as store:
            store.migrate()

    @contextmanager
    def build(self, folder: Path) -> Iterator[Site]:
        """A company begins; at its end everything of it is gone."""
        name = f"journey_{uuid4().hex}"
        Redis.from_url(self._redis.url).flushall()
        environ = {
            "ISTHMUS_DATABASE_URL": self._postgres.create_database(name, self._template),
            "ISTHMUS_BROKER_URL": self._redis.url,
            "ISTHMUS_KEY": KEY,
        }
        site = Site(self._room, folder, environ, SharedTime(folder / "time"))
        try:
            yield site
        finally:
            for machines in site.machines:
                machines.stop()
            site.time.close()
            self._postgres.drop_database(name)

    def close(self) -> None:
        self._room.close()
        self._postgres.drop_database(self._template)
