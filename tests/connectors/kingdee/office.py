"""A hub beside the simulated account, with a home made by the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from connectors.kingdee.simulator import Books, Faults, KingdeeApi, Person, write_credentials
from hub.sdk.simulator import serve
from tests.journeys.desk import Desk, MovedClock
from tests.journeys.erp import Erp

KINDS = ("account", "product", "order", "payment")


class Office:
    """The account on a port, and a hub that is connected to it as ``erp``. Both live by the clock of the account, which
    journeys move on."""

    def __init__(
        self,
        folder: Path,
        books: Books,
        faults: Faults | None = None,
        kinds: Sequence[str] = KINDS,
        config: Mapping[str, str] | None = None,
    ) -> None:
        self.books = books
        self.faults = faults or Faults()
        self.api = KingdeeApi(books, self.faults)
        self.person = Person(books, "李会计")
        self.server = serve(self.api.handle)
        told = write_credentials(books.settings, self.server.url)
        settings: Mapping[str, Any] = {name: value for name, value in told.items() if name not in ("url", "app_secret")}
        settings = {**settings, **(config or {})}
        erp = SimpleNamespace(
            connector="kingdee", settings=settings, secret_field="app_secret", secret=told["app_secret"],
            proxy=SimpleNamespace(url=told["url"]), read_only=("delivery", "invoice"),
        )  # fmt: skip
        self.clock = cast(MovedClock, books.clock)
        self.desk = Desk(folder, cast(Erp, erp), self.clock, kinds)

    def close(self) -> None:
        self.desk.close()
        self.server.stop()
