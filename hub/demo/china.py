"""海岳精密: an old list, a shop that pushes and 金蝶云·星空 beside the hub: read, match, plan, run under faults, edits
on both sides, a silent second run, the check. The systems are simulators in processes of their own."""

from __future__ import annotations

import base64
import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from hub.demo.china_lists import Known, OldList, write_old_list, write_shop
from hub.demo.processes import RunningSystem, free_port, start_simulator, start_up
from hub.demo.scene import ErpScene
from hub.demo.stage import Isthmus, Outcome, Screen, add_money, count_of, money_of

ERP, OLD, SHOP = "kingdee", "old", "shop"
COMPANY = {"customers": "300", "materials": "20", "orders": "500", "invoices": "120"}
SERVER_WAITS_S = 3
"""Declared to the connection: this server, on this machine, drops a request it has not begun after so long."""
SHOP_STEPS = 90
FAULTS = {"lost_after": 6, "garbage": 2, "session_lost_after": 2, "late": 1, "refused": 3, "server_error": 2}
"""What happens to the next writes in Kingdee: answers that are lost in four ways, writes that come late, limits."""
SKU = """[mapping]

[fields.lines.fields]
product_id = { from = "sku", ref = "product.number" }
"""
FORMS = ("BD_Customer", "SAL_SaleOrder", "AR_RECEIVEBILL")
CUSTOMERS = f"[connections.{ERP}.syncs.account]\n"
SHARED_PHONE = 'owners = { phone = "shared" }\nread_check_write = ["phone"]\n'
WAIT_S = 60.0


def run(folder: Path, *, seed: int, lang: str, as_json: bool) -> Outcome:
    """Play the scenario in ``folder``, replacing what the last one left there."""
    screen = Screen(lang, as_json)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "erp").mkdir(parents=True)
    with start_simulator(folder / "erp", "kingdee", seed, COMPANY) as erp:
        scene = Scene(
            Isthmus(folder / "home", lang), screen, seed, ERP, folder=folder, erp=erp, shop_secret=_draw_secret(seed)
        )
        screen.say("demo.china_title", seed=seed, url=erp.url, home=str(folder / "home"))
        for act in (scene.connect, scene.read, scene.push, scene.match, scene.plan, scene.write, scene.edit):
            act()
        scene.run_again("demo.china_again")
        scene.check("demo.china_check_head")
        scene.finish()
    screen.note("time", seconds=round(time.monotonic() - screen.started_s, 1))
    return Outcome(screen.figures, 1 if scene.unexplained else 0)


@dataclass(kw_only=True)
class Scene(ErpScene):
    """Beside people in Kingdee, a folder with an old list, and a shop."""

    folder: Path
    erp: RunningSystem
    shop_secret: str
    old: OldList = field(default_factory=OldList)
    reopened: dict[str, Any] = field(default_factory=dict)
    """A customer that people in Kingdee took back to correct it; what is approved there nobody edits."""

    # ------------------------------------------------------------ connecting

    def connect(self) -> None:
        """A home and three connections. Master data may be approved by the hub; documents are people's to approve."""
        self.hub.run("init")
        self._connect_erp()
        self._connect_list()
        self._connect_shop()

    def _connect_list(self) -> None:
        lists = self.folder / "lists"
        lists.mkdir()
        self.old = write_old_list(lists / "老客户.csv", self.seed, self._list_customers())
        streams = ("--set", "streams.account.files=老客户*.csv", "--set", "streams.account.key=客户编号")
        self.hub.run("connection", "add", OLD, "--connector", "file", "--set", f"folder={lists}", *streams)
        self.hub.run("mapping", "suggest", OLD, "--write")
        self.hub.run("apply")
        self.hub.run("sync", "add", OLD, "account", "--direction", "in")

    def _connect_erp(self) -> None:
        settings = dict(self.erp.credentials)
        settings["app_secret"] = self._keep_secret("kingdee.secret", settings["app_secret"])
        settings["server_timeout_s"] = str(SERVER_WAITS_S)
        words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        self.hub.run("connection", "add", ERP, "--connector", "kingdee", *words)
        for kind in ("account", "product", "order", "payment"):
            confirm = ("--confirm", "audit") if kind == "account" else ()
            self.hub.run("sync", "add", ERP, kind, *confirm)
        for kind in ("delivery", "invoice"):
            self.hub.run("sync", "add", ERP, kind, "--direction", "in")
        config = self.hub.home / "isthmus.toml"
        before = config.read_text(encoding="utf-8")
        config.write_text(before.replace(CUSTOMERS, CUSTOMERS + SHARED_PHONE), encoding="utf-8")

    def _keep_secret(self, name: str, value: str) -> str:
        path = self.hub.home / name
        path.touch(0o600)
        path.write_text(value, encoding="utf-8")
        return f"file:{path}"

    def _list_customers(self) -> list[Known]:
        return [Known(str(row["FName"]), str(row["FSOCIALCRECODE"])) for row in self._ask("people/BD_Customer")]

    def _ask(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = httpx.get(f"{self.erp.url}/{path}", timeout=60).json()["items"]
        return rows

    def _tell(self, path: str, **body: object) -> dict[str, Any]:
        """People in Kingdee do something."""
        answer = httpx.post(f"{self.erp.url}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    # ------------------------------------------------------------ 1 READ

    def read(self) -> None:
        """What is there, and the old list here; nothing is written to Kingdee, but for a probe that is taken back."""
        before = self._count_bills()
        self.hub.run("connection", "probe", ERP, "--yes")
        done = self.hub.run("sync", "run", ERP, allow=(0, 1))["item"]["run"]["counts"]
        orders = [row for row in self.records("order") if row["state"] != "void"]
        receipts = self.records("payment")
        self.screen.say(
            "demo.china_read", customers=done.get("in.account.created", 0), orders=len(orders),
            total=_add_up(orders, "gross"), receipts=len(receipts), received=_add_up(receipts, "amount"),
        )  # fmt: skip
        listed = self.hub.run("sync", "run", OLD, allow=(0, 1))["item"]["run"]["counts"]
        self.screen.note("read", orders=len(orders), receipts=len(receipts), counts=done, listed=listed)
        self.expect("read_wrote", self._count_bills() == before)

    def _count_bills(self) -> int:
        return sum(len(self._ask(f"people/{form}")) for form in FORMS)

    def push(self) -> None:
        """The shop calls the hub: customers, orders and payments, some calls twice, late or with an old version."""
        goods = [{name: str(row[name]) for name in ("number", "name", "unit")} for row in self.records("product")]
        goods.sort(key=lambda row: row["number"])  # ids of one page are in no order
        company = self.folder / "shop.json"
        write_shop(company, self.seed, self._list_customers(), goods)
        port = free_port()
        options = {
            "target": f"http://127.0.0.1:{port}/hooks/{SHOP}", "steps": "0", "every_s": "0.02",
            "company": str(company), "secret": self.shop_secret,
        }  # fmt: skip
        faults = ("duplicate=0.1", "reorder=0.1", "old_version=0.1", "lost_answer=0.05")
        with (
            start_simulator(self.folder / "shop", "webhook", self.seed, options, faults) as shop,
            start_up(self.hub.home, port, self.folder / "up.log"),
        ):
            httpx.post(f"{shop.url}/steps", json={"count": SHOP_STEPS}).raise_for_status()
            self._await_shop(shop)
        orders = [row for row in self.records("order") if row["number"].startswith("SH-")]
        money = [row for row in self.records("payment") if row["number"].startswith("PM-")]
        calls = len(self.hub.run("event", "list", "--limit", "1000")["items"])
        self.screen.say(
            "demo.china_push", list=self.old.rows, calls=calls, orders=len(orders), total=_add_up(orders, "gross"),
            payments=len(money),
        )  # fmt: skip
        self.screen.note("push", list_rows=self.old.rows, calls=calls, orders=len(orders), payments=len(money))

    def _connect_shop(self) -> None:
        mappings = self.hub.home / "mappings" / SHOP
        mappings.mkdir(parents=True)
        (mappings / "order.toml").write_text(SKU, encoding="utf-8")
        events = [f"events.{name}.*={kind}" for name, kind in SHOP_EVENTS.items()]
        words = [
            word
            for setting in (f"secret={self._keep_secret('shop.secret', self.shop_secret)}", *events)
            for word in ("--set", setting)
        ]
        self.hub.run("connection", "add", SHOP, "--connector", "webhook", *words)
        for kind in SHOP_EVENTS.values():
            self.hub.run("sync", "add", SHOP, kind, "--direction", "in")

    def _await_shop(self, shop: RunningSystem) -> None:
        """Until everything that happened in the shop has been taken in."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            ledger = httpx.get(f"{shop.url}/ledger", timeout=30).json()
            happened = sum(len(httpx.get(f"{shop.url}/documents/{kind}").json()["items"]) for kind in SHOP_EVENTS)
            if not ledger["waiting"] and happened and ledger["tries"] >= SHOP_STEPS:
                waiting = self.hub.run("event", "list", "--state", "new", "--limit", "1")["items"]
                if not waiting:
                    return
            time.sleep(0.2)
        self.expect("shop_late", holds=False)

    # ------------------------------------------------------------ 2 MATCH

    def match(self) -> None:
        """Who is the same as whom: by credit code without asking, by the name alone never."""
        accounts = self.records("account")
        bound = self.hub.run("binding", "list", "--kind", "account", "--limit", "5000")["items"]
        seen = sum(1 for row in bound if row["remote_id"])
        reviews = [row for row in self.hub.run("todo")["items"] if row["kind_of_wait"] == "review"]
        rows = seen + len(reviews)
        self.screen.say(
            "demo.china_match", rows=rows, accounts=len(accounts), joined=seen - len(accounts), reviews=len(reviews)
        )
        self.screen.note("match", rows=rows, accounts=len(accounts), reviews=len(reviews))

    # ------------------------------------------------------------ 3 PLAN

    def plan(self) -> None:
        """What would happen in Kingdee: counted, with money, not written."""
        view = self.hub.run("sync", "plan", ERP)["item"]
        summary, self.label = view["plan"]["summary"], view["plan"]["label"]
        self.screen.say(
            "demo.china_plan", label=self.label, customers=count_of(summary, "there.account.create"),
            orders=count_of(summary, "there.order.create"), total=money_of(summary, "there.order.create"),
            receipts=count_of(summary, "there.payment.create"),
        )  # fmt: skip
        held = {kind: count_of(summary, f"there.{kind}.hold") for kind in ("account", "order", "payment")}
        self.screen.say(
            "demo.china_plan_held", customers=held["account"], orders=held["order"],
            total=money_of(summary, "there.order.hold"), receipts=held["payment"],
        )  # fmt: skip
        self.screen.note("plan", label=self.label, summary=summary)

    # ------------------------------------------------------------ 4 RUN

    def write(self) -> None:
        """The accepted plan on a bad day, until nothing more is to be written."""
        self.reopened = next(row for row in self._ask("people/BD_Customer") if row["FName"] not in self.old.names)
        self._tell(f"people/BD_Customer/{self.reopened['FCUSTID']}/send_back", by="王会计")
        for fault, times in FAULTS.items():
            self._tell("simulator/faults", next=fault, times=times)
        numbers = [self._run("--accept", self.label)]
        for _ in range(4):
            self.await_quiet()
            numbers.append(self._run())
            if not self.writes(numbers[-1]):
                break
        written = [row for number in numbers for row in self.writes(number)]
        made = [row for row in written if row["op"] == "create"]
        lost = sum(row["outcome"] == "unknown" for row in made)
        twice = self._count_twice()
        approved = self._approve(5)
        self.screen.say("demo.china_run", made=len(made), runs=len(numbers))
        self.screen.say("demo.china_run_lost", lost=lost, twice=twice)
        self.screen.say("demo.china_run_approved", approved=approved)
        self.screen.note("run", made=len(made), answers_lost=lost, written_twice=twice, runs=len(numbers))
        self.expect("twice", twice == 0)

    def _run(self, *words: str) -> int:
        done = self.hub.run("sync", "run", ERP, *words, allow=(0, 1, 3))
        return int(done["item"]["run"]["number"])

    def _count_twice(self) -> int:
        """Documents that bear a reference of ours which another one bears, too."""
        ref = self.erp.credentials["reference_field"]
        rows = [
            row for form in ("SAL_SaleOrder", "AR_RECEIVEBILL", "BD_Customer") for row in self._ask(f"people/{form}")
        ]
        counted = Counter(str(row[ref]) for row in rows if row.get(ref))
        return sum(1 for count in counted.values() if count > 1)

    def _ours(self, status: str) -> list[dict[str, Any]]:
        ref = self.erp.credentials["reference_field"]
        rows = self._ask("people/SAL_SaleOrder")
        return [row for row in rows if row.get(ref) and row["FDocumentStatus"] == status]

    def _approve(self, count: int) -> int:
        """王会计 approves some of the drafts that the hub left."""
        chosen = self._ours("A")[:count]
        for row in chosen:
            self._tell(f"people/SAL_SaleOrder/{row['FID']}/audit", by="王会计")
        return len(chosen)

    # ------------------------------------------------------------ 5 EDIT

    def edit(self) -> None:
        """A phone changed on both sides; one of our drafts cancelled there."""
        void = self._ours("A")[0]
        self._tell(f"people/BD_Customer/{self.reopened['FCUSTID']}/edit", by="王会计", FTEL="021-55550001")
        account = next(row for row in self.records("account") if row["number"] == self.reopened["FNumber"])
        self.hub.run("record", "edit", "account", account["id"], "--set", "phone=021-55550002")
        self._tell(f"people/SAL_SaleOrder/{void['FID']}/cancel", by="王会计")
        self._run()
        conflicts = [row for row in self.hub.run("todo")["items"] if row["kind_of_wait"] == "conflict"]
        ref = self.erp.credentials["reference_field"]
        again = [row for row in self._ask("people/SAL_SaleOrder") if row.get(ref) == void[ref]]
        self.screen.say("demo.china_edit", name=account["name"], conflicts=len(conflicts), voided=void["FBillNo"])
        self.screen.note("edit", conflicts=len(conflicts), voided=void["FBillNo"])
        self.expect("edit_lost", len(conflicts) >= 1 and len(again) == 1)

    # ------------------------------------------------------------ the end

    def finish(self) -> None:
        """One order's story, what waits, and the next commands."""
        orders = [row for row in self.records("order") if row["number"].startswith("SH-")]
        approved = [row["number"] for row in orders if row["state"] == "approved"]
        self.tell_story((approved or [row["number"] for row in orders])[0])
        self.tell_waits("demo.china_waits")


SHOP_EVENTS = {"customer": "account", "order": "order", "payment": "payment"}


def _draw_secret(seed: int) -> str:
    return "whsec_" + base64.b64encode(random.Random(f"secret/{seed}").randbytes(24)).decode()


def _add_up(rows: list[dict[str, Any]], name: str) -> str:
    """Amounts by currency, as people read them."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + Decimal(row[name])
    return add_money({code: str(amount) for code, amount in sums.items()})
