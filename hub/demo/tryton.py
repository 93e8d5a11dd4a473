"""A real Tryton beside the hub: read, plan, run under faults, edits on both sides, a silent second run, the check."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.demo.people import draw_orders, draw_sheet
from hub.demo.scene import ErpScene
from hub.demo.stage import Isthmus, Outcome, Screen, count_of, money_of
from hub.model.money import format_money
from hub.protocol.reference import parse_reference
from hub.testkit.fault_proxy import FaultProxy, calls
from hub.testkit.tryton import RunningTryton, provision_tryton, start_tryton
from hub.testkit.tryton_people import TrytonPerson

LOST_ANSWERS = 3
NAME = "erp"
SERVER_WAITS_S = 3
"""Declared to the connection: this server, on this machine, drops a request it has not begun after so long."""


def run(folder: Path, *, seed: int, lang: str, as_json: bool) -> Outcome:
    """Play the scenario in ``folder``, replacing what the last one left there; the prepared ERP is kept beside it."""
    screen = Screen(lang, as_json)
    screen.say("demo.preparing")
    cache = folder.parent / ".cache" / "tryton"
    prepared = provision_tryton(cache, progress=lambda line: screen.write(f"  {line}"), trade=True, lang=lang)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "erp").mkdir(parents=True)
    with (
        start_tryton(prepared, folder / "erp") as server,
        FaultProxy(server.url) as proxy,
        _open_person(server) as wang,
    ):
        scene = Scene(Isthmus(folder / "home", lang), screen, seed, NAME, wang=wang, proxy=proxy)
        screen.say("demo.title", seed=seed, url=server.url, home=str(folder / "home"))
        scene.connect(server)
        for act in (scene.read, scene.plan, scene.write, scene.edit):
            act()
        scene.run_again("demo.again")
        scene.check("demo.check_head")
        scene.finish()
    screen.note("time", seconds=round(time.monotonic() - screen.started_s, 1))
    return Outcome(screen.figures, 1 if scene.unexplained else 0)


@contextmanager
def _open_person(server: RunningTryton) -> Iterator[TrytonPerson]:
    person = TrytonPerson(server.url, server.database, server.accountant_login, server.accountant_password)
    try:
        yield person
    finally:
        person.close()


@dataclass(kw_only=True)
class Scene(ErpScene):
    """Beside a person in the ERP, and a proxy that loses answers."""

    wang: TrytonPerson
    proxy: FaultProxy
    voided: str = ""

    def connect(self, server: RunningTryton) -> None:
        """A home, a connection through the proxy that will lose answers, and three syncs."""
        self.hub.run("init")
        secret = self.hub.home / "erp.password"
        secret.touch(0o600)
        secret.write_text(server.password, encoding="utf-8")
        settings = {
            "url": self.proxy.url,
            "database": server.database,
            "login": server.login,
            "password": f"file:{secret}",
            "server_timeout_s": str(SERVER_WAITS_S),
        }
        words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        self.hub.run("connection", "add", NAME, "--connector", "tryton", *words)
        self.hub.run("sync", "add", NAME, "account")
        self.hub.run("sync", "add", NAME, "product", "--direction", "in")
        self.hub.run("sync", "add", NAME, "order")

    # ------------------------------------------------------------ 1 READ

    def read(self) -> None:
        """The company's list here, everything there; nothing is written to the ERP."""
        sheet = draw_sheet(self.seed, self._list_erp_customers())
        self.hub.run("record", "create", "account", "--from", "-", "--anyway", stdin=sheet.rows)
        before = self.wang.count("party.party")
        done = self.hub.run("sync", "run", NAME, allow=(1,))
        counts = done["item"]["run"]["counts"]
        orders = self.records("order")
        live = [row for row in orders if row["state"] != "void"]
        total = sum((Decimal(row["gross"]) for row in live), Decimal(0))
        customers = sum(count for name, count in counts.items() if name.startswith("in.account."))
        joined = len(sheet.rows) + counts.get("in.account.created", 0) - len(self.records("account"))
        self.screen.say(
            "demo.read", customers=customers, products=counts.get("in.product.created", 0), orders=len(live),
            total=format_money(total, "CNY"), void=len(orders) - len(live), here=len(sheet.rows), same=len(sheet.known),
        )  # fmt: skip
        self.screen.say("demo.read_refused")
        self.screen.note("read", customers=customers, orders=len(orders), total=str(total), same=len(sheet.known))
        self.expect("read_wrote", self.wang.count("party.party") == before and joined == 0)

    def _list_erp_customers(self) -> list[tuple[str, str]]:
        rows = self.wang.call(
            "model.party.identifier.search_read", [["type", "=", "cn_vat"]], 0, None, [["id", "ASC"]],
            ["code", "party.name"],
        )  # fmt: skip
        return [(row["party."]["name"], row["code"]) for row in rows]

    # ------------------------------------------------------------ 2 PLAN

    def plan(self) -> None:
        """Orders taken here, then what would happen there: counted, with money, not written."""
        accounts = [row for row in self.records("account") if row["name"]]
        made_here = [row for row in accounts if not row["number"]]
        coded = [row["id"] for row in made_here if row["identifiers"]]
        bare = [row["id"] for row in made_here if not row["identifiers"]]
        numbered = [row["id"] for row in accounts if row["number"]]
        priced = [row for row in self.records("product") if Decimal(row["list_price"]) > 0]
        products = sorted(priced, key=lambda row: str(row["number"]))  # ids of one page are in no order
        customers = [*numbered[:7], *coded[:4], *bare[:1]]
        orders = draw_orders(self.seed, customers, products, count=len(customers))
        self.hub.run("record", "create", "order", "--from", "-", stdin=orders)
        view = self.hub.run("sync", "plan", NAME)["item"]
        summary, self.label = view["plan"]["summary"], view["plan"]["label"]
        self.screen.say(
            "demo.plan", label=self.label, customers=count_of(summary, "there.account.create"),
            orders=count_of(summary, "there.order.create"), total=money_of(summary, "there.order.create"),
        )  # fmt: skip
        held = count_of(summary, "there.account.hold"), count_of(summary, "there.order.hold")
        self.screen.say(
            "demo.plan_held", customers=held[0], orders=held[1], total=money_of(summary, "there.order.hold")
        )
        self.screen.note("plan", label=self.label, summary=summary)

    # ------------------------------------------------------------ 3 RUN

    def write(self) -> None:
        """The accepted plan, while answers get lost after the ERP has committed."""
        self.proxy.lose_next_answer(calls("model.sale.sale.create"), times=LOST_ANSWERS)
        first = self.hub.run("sync", "run", NAME, "--accept", self.label)["item"]["run"]
        lost = [row for row in self.writes(first["number"]) if row["outcome"] == "unknown"]
        self.await_quiet()
        second = self.hub.run("sync", "run", NAME)["item"]["run"]
        found = first["counts"].get("out.adopt", 0) + second["counts"].get("out.adopt", 0)
        ours = self._approve(4)
        references = Counter(order.reference for order in self.wang.orders([["reference", "like", "I%"]]))
        twice = sum(1 for count in references.values() if count > 1)
        written = [row for row in self.writes(first["number"]) if row["op"] == "create"]
        self.screen.say("demo.run", written=len(written), lost=len(lost), found=found, twice=twice)
        self.screen.say("demo.run_approved", approved=ours)
        self.screen.note("run", written=len(written), answers_lost=len(lost), found_again=found, written_twice=twice)
        self.expect("twice", twice == 0 and found == len(lost) == LOST_ANSWERS)

    def _approve(self, count: int) -> int:
        """王会计 approves some of the drafts that the hub left."""
        drafts = [order.id for order in self._our_orders("draft")][:count]
        self.wang.quote(*drafts)
        self.wang.confirm(*drafts)
        return len(drafts)

    def _our_orders(self, state: str) -> Sequence[Any]:
        return self.wang.orders([["reference", "like", "I%"], ["state", "=", state]])

    # ------------------------------------------------------------ 4 EDIT

    def edit(self) -> None:
        """One phone changed on both sides; one of our drafts cancelled there."""
        account = next(row for row in self.records("account") if row["phone"] and row["number"])
        party = self.wang.call("model.party.party.search", [["code", "=", account["number"]]], 0, None, None)[0]
        self.wang.set_phone(party, "021-55550001")
        self.hub.run("record", "edit", "account", account["id"], "--set", "phone=021-55550002")
        order = self._our_orders("draft")[0]
        self.wang.cancel(order.id)
        done = self.hub.run("sync", "run", NAME)["item"]["run"]
        orders = {row["number"]: row for row in self.records("order")}
        self.voided = next((number for number, row in orders.items() if self._is_at(row, order.reference)), "")
        conflicts = [row for row in self.hub.run("todo")["items"] if row["kind_of_wait"] == "conflict"]
        self.screen.say("demo.edit", name=account["name"], conflicts=len(conflicts), voided=self.voided)
        self.screen.note("edit", conflicts=len(conflicts), conflicts_run=done["counts"], voided=self.voided)
        again = self.wang.orders([["reference", "=", order.reference]])
        self.expect("edit_lost", len(conflicts) >= 1 and len(again) == 1 and again[0].state == "cancelled")

    def _is_at(self, record: dict[str, Any], reference: str | None) -> bool:
        parsed = parse_reference(reference)
        return parsed is not None and parsed.hub_id == UUID(record["id"]) and record["state"] == "void"

    # ------------------------------------------------------------ the end

    def finish(self) -> None:
        """One order's story, what waits, and the next commands."""
        orders = [row for row in self.records("order") if row["number"].startswith("SO-")]
        approved = [row["number"] for row in orders if row["state"] == "approved"]
        self.tell_story((approved or [row["number"] for row in orders])[:1])
        self.tell_waits("demo.waits")
