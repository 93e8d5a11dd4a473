"""The shop of 海岳精密 on the web: it calls the hub whenever something happens, as shops do: twice, late, out of
order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from hub.demo.china_home import SHOP
from hub.demo.china_lists import Known, write_shop
from hub.demo.processes import Beside, RunningSystem, Started, free_port
from hub.demo.stage import Isthmus
from hub.errors import ConfigInvalid

STEPS = 90
FAULTS = ("duplicate=0.1", "reorder=0.1", "old_version=0.1", "lost_answer=0.05")
WAIT_S = 60.0
LOOK_S = 0.1


@dataclass
class ShopOnTheWeb:
    """The hub answers at ``port`` (``isthmus up``) as long as the shop is open."""

    beside: Beside
    hub: Isthmus
    folder: Path
    seed: int
    secret: str
    port: int
    up: Started
    started: Started | None = None

    @classmethod
    def open(cls, beside: Beside, hub: Isthmus, folder: Path, seed: int, secret: str) -> Self:
        port = free_port()
        up = beside.start(hub.home, folder / "up.log", "up", "--port", str(port))
        return cls(beside, hub, folder, seed, secret, port, up)

    def prepare(self, customers: Sequence[Known], products: Sequence[Mapping[str, Any]]) -> None:
        """``products``: as the hub knows them from the ERP."""
        goods = [{name: str(row[name]) for name in ("number", "name", "unit")} for row in products]
        goods.sort(key=lambda row: row["number"])  # ids of one page are in no order
        company = self.folder / "shop.json"
        write_shop(company, self.seed, customers, goods)
        options = {
            "target": f"http://127.0.0.1:{self.port}/hooks/{SHOP}", "steps": "0", "every_s": "0.02",
            "company": str(company), "secret": self.secret,
        }  # fmt: skip
        self.started = self.beside.start_simulator(self.folder / SHOP, "webhook", self.seed, options, FAULTS)

    def push(self, web: httpx.Client) -> int:
        """So many things happen, and all of it is taken in here; how often the shop called."""
        assert self.started is not None  # noqa: S101 - prepared before
        shop = self.started.await_system()
        self.up.await_port(self.port)
        web.post(f"{shop.url}/steps", json={"count": STEPS}).raise_for_status()
        calls = self._await_calls(web, shop)
        self.up.ask_to_end()
        self.up.await_end()
        return calls

    def _await_calls(self, web: httpx.Client, shop: RunningSystem) -> int:
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            ledger = web.get(f"{shop.url}/ledger").json()
            if not ledger["waiting"] and ledger["tries"] >= STEPS and not self._list_new():
                return int(ledger["tries"])
            time.sleep(LOOK_S)
        raise ConfigInvalid("demo.shop_late", seconds=WAIT_S)

    def _list_new(self) -> list[Any]:
        """Calls that were taken down and not read yet."""
        waiting: list[Any] = self.hub.run("event", "list", "--state", "new", "--limit", "1")["items"]
        return waiting
