"""Fresh databases for the benchmarks: an SQLite file that waits for the disk, or a PostgreSQL server of our own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.testkit.servers import PostgresServer, start_postgres

NAMES = ("sqlite", "postgresql")


@dataclass
class Databases:
    """``make_url`` gives the address of an empty database each time."""

    name: str
    folder: Path
    server: PostgresServer | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def make_url(self) -> str:
        number = next(self._numbers)
        if self.server is None:
            return f"sqlite:///{self.folder}/{number}.sqlite"
        return self.server.create_database(f"bench_{number}")

    @property
    def server_pid(self) -> int | None:
        return self.server.process.pid if self.server else None


@contextmanager
def open_databases(name: str, folder: Path) -> Iterator[Databases]:
    """Durability is on: a commit waits until it is on the disk, as in real use."""
    if name == "sqlite":
        yield Databases(name, folder)
        return
    with start_postgres(folder / "postgres") as server:
        yield Databases(name, folder, server)
