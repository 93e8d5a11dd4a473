"""海岳精密: old lists, a shop that pushes, 企业微信, 企查查 and 金蝶云·星空 beside the hub: read, match, plan, run on
a bad day, edits on both sides, a silent second run, the check. All systems are simulators in processes of their own."""

from __future__ import annotations

import base64
import random
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from hub.demo.china_home import ERP, LATE_S, OLD, REGISTRY, WECOM, write_home
from hub.demo.china_ledger import Ledger
from hub.demo.china_lists import BRANCH_WORD, Known, OldLists, write_old_lists
from hub.demo.china_run import ACCOUNTANT, DRAFT, BadDay
from hub.demo.china_shop import ShopOnTheWeb
from hub.demo.processes import Beside, RunningSystem, Started
from hub.demo.scene import ErpScene
from hub.demo.stage import Isthmus, Outcome, Screen, add_up, count_of, money_of
from hub.locale import render

COMPANY = {"customers": "300", "materials": "20", "orders": "500", "invoices": "120", "late_s": LATE_S}
CONTACTS = "60"
APPROVED, KILLS, MOST_RUNS = 8, 3, 12
WRITTEN = ("account", "order", "payment", "voucher")
PROBE = ("connection", "probe", ERP, "--yes")
PROBES = (("--kind", "account", "--kind", "order", "--kind", "payment"), ("--kind", "voucher"))
"""Side by side with the reading; of vouchers when there is one, for nobody can make up accounts."""
NO_ANSWER = ("unknown", "sent")
"""Outcomes of a call whose answer never came; “sent” is what a killed worker leaves."""
HOLDS = {"sync.needs_match": "nameless", "sync.cannot_translate": "unit", "protocol.parent_missing": "parent"}
SHOP_NUMBERS = "SH-"
STORY = (
    "called", "planned", "plan_accepted", "sent", "no_answer", "found_again", "answered", "approved_there", "ended",
)  # fmt: skip
"""What is told of an order; the rest is in ``isthmus trace``."""


def run(folder: Path, *, seed: int, lang: str, as_json: bool) -> Outcome:
    """Play the scenario in ``folder``, replacing what the last one left there."""
    screen = Screen(lang, as_json)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lists").mkdir(parents=True)
    with Beside() as beside, httpx.Client(timeout=60) as web:
        hub = Isthmus(folder / "home", lang)
        hub.run("init")
        systems = start_systems(beside, folder, seed)
        scene = Scene(
            hub, screen, seed, ERP, folder=folder, beside=beside, web=web, erp=systems[ERP], registry=systems[REGISTRY]
        )
        scene.connect(systems[WECOM])
        for act in (scene.read, scene.match, scene.plan, scene.write, scene.edit):
            act()
        scene.run_again("demo.china_again")
        scene.check("demo.china_check_head")
        scene.expect("ledger", scene.ledger.check())
        scene.finish()
    seconds = round(time.monotonic() - screen.started_s, 1)
    screen.say("demo.china_took", seconds=seconds)
    screen.note("time", seconds=seconds)
    return Outcome(screen.figures, 1 if scene.unexplained else 0)


def start_systems(beside: Beside, folder: Path, seed: int) -> dict[str, RunningSystem]:
    """Three simulators, each a process on a port of its own."""
    options = {ERP: COMPANY, WECOM: {"customers": CONTACTS}, REGISTRY: {}}
    started = {name: beside.start_simulator(folder / name, name, seed, given) for name, given in options.items()}
    return {name: one.await_system() for name, one in started.items()}


@dataclass(kw_only=True)
class Scene(ErpScene):
    """Beside people in Kingdee, a folder with old lists, a shop, WeCom and a business register."""

    folder: Path
    beside: Beside
    web: httpx.Client
    erp: RunningSystem
    registry: RunningSystem
    old: OldLists = field(default_factory=lambda: OldLists({}, frozenset()))
    reopened: dict[str, Any] = field(default_factory=dict)
    """A customer that people in Kingdee took back to correct it; what is approved there nobody edits."""
    voided: dict[str, Any] = field(default_factory=dict)
    killed: int = 0
    approved: int = 0
    planned: int = 0
    bills: int = 0
    """Documents in Kingdee before the hub knew it."""
    probe: tuple[Sequence[str], Started] = field(init=False)
    doubted: frozenset[str] = frozenset()
    """Numbers of orders of which nobody knew for a while whether they were there."""
    secret: str = ""
    customers: Sequence[Known] = ()

    def __post_init__(self) -> None:
        self.day = BadDay(self.erp, self.web, random.Random(f"day/{self.seed}"))
        self.ledger = Ledger(self.hub, self.screen, self.day)

    # ------------------------------------------------------------ connecting

    def connect(self, wecom: RunningSystem) -> None:
        """Five connections. Master data may be approved by the hub; documents are people's to approve."""
        self.customers = [
            Known(str(row["FName"]), str(row["FSOCIALCRECODE"])) for row in self.day.ask("people/BD_Customer")
        ]
        rows = self.web.get(f"{self.registry.url}/simulator/companies").json()["items"]
        register = [Known(row["Name"], row["CreditCode"], row["Status"]) for row in rows]
        lists = self.folder / "lists"
        self.old = write_old_lists(lists, self.seed, self.customers, register)
        noise = random.Random(f"secret/{self.seed}").randbytes(24)
        self.secret = "whsec_" + base64.b64encode(noise).decode()  # pragma: allowlist secret
        write_home(self.hub.home, lists, self.erp, wecom, self.registry, self.secret)
        self.hub.run("apply")
        self.hub.run("mapping", "suggest", OLD, "--write")
        self.hub.run("apply")
        self.screen.say(
            "demo.china_title", seed=self.seed, kingdee=self.erp.port, wecom=wecom.port, qichacha=self.registry.port,
            home=str(self.hub.home),
        )  # fmt: skip

    # ------------------------------------------------------------ 1 READ

    def read(self) -> None:
        """What is there, taken in here; nothing is written to Kingdee but for a probe that is taken back."""
        self.bills = self.day.count_bills()
        shop = ShopOnTheWeb.open(self.beside, self.hub, self.folder, self.seed, self.secret)
        self._begin_probe(0)
        counts = self._take_in(ERP)
        orders = [row for row in self.records("order") if row["state"] != "void"]
        receipts = self.records("payment")
        self.screen.say(
            "demo.china_read", customers=counts.get("in.account.created", 0), orders=len(orders),
            total=add_up(orders, "gross"), receipts=len(receipts), received=add_up(receipts, "amount"),
        )  # fmt: skip
        self.expect("booked", self.ledger.open())
        shop.prepare(self.customers, self.records("product"))
        self._take_in(OLD)
        (csv, in_csv), (xlsx, in_xlsx) = self.old.rows.items()
        self.screen.say("demo.china_lists", csv=csv, in_csv=in_csv, xlsx=xlsx, in_xlsx=in_xlsx)
        self.screen.note("read", orders=len(orders), receipts=len(receipts), counts=counts, listed=dict(self.old.rows))
        self._push(shop)
        self._await_probe()
        self._begin_probe(1)
        self._read_people()
        self._ask_register()

    def _begin_probe(self, place: int) -> None:
        log = self.folder / f"probe-{place + 1}.log"
        self.probe = PROBES[place], self.beside.start(self.hub.home, log, *PROBE, *PROBES[place])

    def _await_probe(self) -> None:
        words, started = self.probe
        if started.await_end() != 0:  # a busy machine kept it from measuring in time
            self.hub.run(*PROBE, *words)

    def _take_in(self, connection: str) -> dict[str, int]:
        counts: dict[str, int] = self.hub.run("sync", "run", connection, allow=(0, 1))["item"]["run"]["counts"]
        return counts

    def _push(self, shop: ShopOnTheWeb) -> None:
        """The shop calls the hub: customers, orders and payments, some calls twice, late or with an old version."""
        calls = shop.push(self.web)
        orders = [row for row in self.records("order") if row["number"].startswith(SHOP_NUMBERS)]
        money = [row for row in self.records("payment") if row["number"].startswith("PM-")]
        self.screen.say(
            "demo.china_push", calls=calls, orders=len(orders), total=add_up(orders, "gross"), payments=len(money),
            paid=add_up(money, "amount"),
        )  # fmt: skip
        self.screen.note("push", calls=calls, orders=len(orders), payments=len(money))

    def _read_people(self) -> None:
        counts = self._take_in(WECOM)
        told = {kind: counts.get(f"in.{kind}.created", 0) for kind in ("user", "contact")}
        self.screen.say("demo.china_wecom", users=told["user"], contacts=told["contact"])
        self.screen.note("wecom", **told, counts=counts)

    def _ask_register(self) -> None:
        """Who stands in the lists without a credit code is asked about, and branches; each question costs."""
        listed = [row for row in self.records("account") if row["name"] in self.old.names]
        asked = [row for row in listed if not row["identifiers"] or BRANCH_WORD in row["name"]]
        done = [one for row in asked for one in self.hub.run("enrich", row["id"], "--yes")["item"]["done"]]
        found = sum(one["outcome"] == "filled" for one in done)
        billed = self.web.get(f"{self.registry.url}/simulator/account").json()["billed"]
        calls = sum(billed.values())
        self.screen.say("demo.china_register", asked=len(asked), calls=calls, found=found)
        self.screen.note("register", asked=len(asked), calls=calls, found=found)

    # ------------------------------------------------------------ 2 MATCH

    def match(self) -> None:
        """Who is the same as whom: by credit code without asking, by the name alone never."""
        self.hub.run("identity", "scan")
        accounts = self.records("account")
        bound = self.hub.run("binding", "list", "--kind", "account", "--limit", "5000")["items"]
        seen = sum(1 for row in bound if row["remote_id"])
        waits = [row["kind_of_wait"] for row in self.hub.run("todo")["items"]]
        reviews = sum(kind in ("review", "identity") for kind in waits)
        rows = seen + reviews
        self.screen.say(
            "demo.china_match", rows=rows, accounts=len(accounts), joined=seen - len(accounts), reviews=reviews
        )
        names = {row["id"]: row["name"] for row in accounts}
        branches = [row for row in accounts if row["branch_of_id"]]
        for row in branches[:1]:
            self.screen.say("demo.china_branch", branch=row["name"], head=names[row["branch_of_id"]])
        self.screen.note("match", rows=rows, accounts=len(accounts), reviews=reviews, branches=len(branches))

    # ------------------------------------------------------------ 3 PLAN

    def plan(self) -> None:
        """What would happen in Kingdee: counted, with money, not written."""
        self._await_probe()
        view = self.hub.run("sync", "plan", ERP)["item"]
        summary, self.label = view["plan"]["summary"], view["plan"]["label"]
        self.screen.say(
            "demo.china_plan", label=self.label, customers=count_of(summary, "there.account.create"),
            orders=count_of(summary, "there.order.create"), total=money_of(summary, "there.order.create"),
            receipts=count_of(summary, "there.payment.create"), received=money_of(summary, "there.payment.create"),
            vouchers=count_of(summary, "there.voucher.create"), booked=money_of(summary, "there.voucher.create"),
        )  # fmt: skip
        held = [row for row in view["items"] if row["side"] == "there" and row["action"] == "hold"]
        self.screen.say("demo.china_plan_held", held=self._tell_held(held))
        self.planned = sum(count_of(summary, f"there.{kind}.create") for kind in WRITTEN)
        self.screen.note("plan", label=self.label, summary=summary, planned=self.planned)
        self.expect("read_wrote", self.day.count_bills() == self.bills)

    def _tell_held(self, held: Sequence[Mapping[str, Any]]) -> str:
        """How many of what, with their money, and why."""
        groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for row in held:
            groups.setdefault((row["kind"], HOLDS.get(row["reason"], "other")), []).append(row)
        told = []
        for (kind, why), rows in sorted(groups.items()):
            total = add_up(rows, "amount") if rows[0]["amount"] is not None else ""
            name = render(f"demo.kind_{kind}", self.screen.lang)
            words = render(f"demo.china_hold_{why}", self.screen.lang)
            told.append(" ".join(part for part in (name, str(len(rows)), total) if part) + words)
        return " · ".join(told)

    # ------------------------------------------------------------ 4 RUN

    def write(self) -> None:
        """The accepted plan on a bad day: the worker is killed three times, and each time the next one goes on. While
        nobody can know yet what became of lost answers, people work on."""
        self.reopened = next(row for row in self.day.ask("people/BD_Customer") if row["FName"] not in self.old.names)
        self.day.tell(f"people/BD_Customer/{self.reopened['FCUSTID']}/send_back", by=ACCOUNTANT)
        self.day.break_loose()
        words: tuple[str, ...] = ("--accept", self.label)
        for place in range(2 * KILLS):  # one that ended by itself before it was killed does not count
            log = self.folder / f"run-{place + 1}.log"
            self.killed += self.day.kill(self.beside.start(self.hub.home, log, "sync", "run", ERP, *words))
            words = ()
            if self.killed == KILLS:
                break
        for _ in range(MOST_RUNS):
            done = self.hub.run("sync", "run", ERP, allow=(0, 1, 3))["item"]["run"]
            if self.writes(done["number"]):
                continue
            if self.voided and not self.list_unknown():
                break
            if not self.voided:
                self._work_there()
            self.await_quiet()
        self._tell_run()

    def _work_there(self) -> None:
        """The accountant approves some of the hub's drafts, cancels one, and corrects a telephone that is corrected
        here, too."""
        drafts = self.day.ours("SAL_SaleOrder", DRAFT)
        unpaid = self._list_unpaid()
        self.voided = next((row for row in drafts if str(row["FID"]) in unpaid), drafts[0])
        self.approved = self.day.approve([row for row in drafts if row is not self.voided][:APPROVED])
        self.day.tell(f"people/SAL_SaleOrder/{self.voided['FID']}/cancel", by=ACCOUNTANT)
        self.day.tell(f"people/BD_Customer/{self.reopened['FCUSTID']}/edit", by=ACCOUNTANT, FTEL="021-55550001")
        self.hub.run("record", "edit", "account", self.reopened["FNumber"], "--set", "phone=021-55550002")

    def _list_unpaid(self) -> set[str]:
        """Ids in Kingdee of orders that nobody has paid: what money hangs on nobody cancels."""
        paid = {part["order_id"] for row in self.records("payment") for part in row["allocations"]}
        rows = self.hub.run("binding", "list", "--connection", ERP, "--kind", "order", "--limit", "5000")["items"]
        return {row["remote_id"] for row in rows if row["ours"] and row["remote_id"] and row["hub_id"] not in paid}

    def _tell_run(self) -> None:
        runs = [row for row in self.hub.run("run", "list", "--limit", "100")["items"] if row["connection"] == ERP]
        rows = [row for run in runs for row in self.writes(run["number"]) if row["op"] == "create"]
        tries = Counter(row["binding_id"] for row in rows)
        lost = {row["binding_id"]: tries[row["binding_id"]] for row in rows if row["outcome"] in NO_ANSWER}
        found = sum(count == 1 for count in lost.values())
        self.doubted = frozenset(row["label"] for row in rows if row["binding_id"] in lost and row["kind"] == "order")
        there, twice = self.day.count_ours()
        orders = self.day.ours("SAL_SaleOrder")
        self.screen.say("demo.china_run", killed=self.killed, there=there, planned=self.planned)
        self.screen.say(
            "demo.china_run_lost", lost=len(lost), found=found, again=len(lost) - found, twice=twice,
            missing=self.planned - there,
        )  # fmt: skip
        self.screen.say("demo.china_run_approved", orders=len(orders), approved=self.approved, who=ACCOUNTANT)
        self.screen.note(
            "run", killed=self.killed, planned=self.planned, there=there, answers_lost=len(lost), found=found,
            written_twice=twice, runs=len(runs),
        )  # fmt: skip
        self.expect("not_killed", self.killed == KILLS)
        self.expect("twice", twice == 0)
        self.expect("lost", there == self.planned)

    # ------------------------------------------------------------ 5 EDIT

    def edit(self) -> None:
        """What became of the telephone that was changed on both sides, and of the draft that was cancelled there."""
        conflicts = [row for row in self.hub.run("todo")["items"] if row["kind_of_wait"] == "conflict"]
        ref = self.erp.credentials["reference_field"]
        again = [row for row in self.day.ours("SAL_SaleOrder") if row[ref] == self.voided[ref]]
        self.screen.say("demo.china_edit", name=self.reopened["FName"], voided=self.voided["FBillNo"])
        self.screen.note("edit", conflicts=len(conflicts), voided=self.voided["FBillNo"])
        self.expect("edit_lost", len(conflicts) >= 1 and len(again) == 1)

    # ------------------------------------------------------------ the end

    def finish(self) -> None:
        """One order's story, what waits, and the next commands."""
        orders = [row for row in self.records("order") if row["number"].startswith(SHOP_NUMBERS)]
        orders.sort(key=lambda row: (row["number"] not in self.doubted, row["state"] != "approved", row["number"]))
        self.tell_story([row["number"] for row in orders], STORY)
        self.tell_waits("demo.china_waits")
