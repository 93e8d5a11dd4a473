"""Two messy customer lists and an order list in, one clean list and a report out: no server, no network."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.demo.lists import Lists, write_lists
from hub.demo.stage import Isthmus, Outcome, Screen, add_money, count_of
from hub.locale import render
from hub.sdk.tables import open_table, write_table

OLD, OTHER, CLEAN = "old", "market", "clean"
CURRENCY = "CNY"
QUIET = ("unchanged", "stale", "dead", "waiting", "review")
"""Outcomes of a reading that change nothing."""


def run(folder: Path, *, seed: int, lang: str, as_json: bool) -> Outcome:
    """Play the scenario in ``folder``, replacing what the last one left there."""
    screen = Screen(lang, as_json)
    shutil.rmtree(folder, ignore_errors=True)
    folders = {name: folder / name for name in (OLD, OTHER, "out")}
    for path in folders.values():
        path.mkdir(parents=True)
    drawn = write_lists(seed, folders[OLD], folders[OTHER])
    scene = Scene(Isthmus(folder / "home", lang), screen, folders, drawn)
    screen.say("demo.files_title", seed=seed, home=folder / "home")
    for act in (
        scene.connect,
        scene.suggest,
        scene.read,
        scene.plan,
        scene.write,
        scene.repeat,
        scene.check,
        scene.end,
    ):
        act()
    screen.note("time", seconds=round(time.monotonic() - screen.started_s, 1))
    return Outcome(screen.figures, 1 if scene.unexplained else 0)


@dataclass
class Scene:
    """The hub's command line, the folders, and what has been found so far."""

    hub: Isthmus
    screen: Screen
    folders: Mapping[str, Path]
    drawn: Lists
    unexplained: int = 0
    label: str = ""
    todo: list[dict[str, Any]] = field(default_factory=list)

    # ------------------------------------------------------------ 1 FILES

    def connect(self) -> None:
        """A home, the two folders to read, the folder to write; what the files are like."""
        self.hub.run("init")
        old = {
            "streams.account.files": "老客户*.csv", "streams.account.key": "客户编号",
            "streams.order.files": "销售订单*.xlsx", "streams.order.key": "订单号",
        }  # fmt: skip
        self._add(OLD, folder=str(self.folders[OLD]), **old)
        other = {"streams.account.files": "*.xlsx", "streams.account.key": "编号"}
        self._add(OTHER, folder=str(self.folders[OTHER]), **other)
        headings = "zh" if self.screen.lang == "zh" else "en"
        lists = {"outputs.account.file": "clean.xlsx", "outputs.account.headings": headings}
        self._add(CLEAN, out=str(self.folders["out"]), **lists)
        for name in (OLD, OTHER):
            items = self.hub.run("connection", "check", name)["items"]
            for item in items:
                if item["code"] == "file.read":
                    self.screen.say("demo.files_file", text=item["text"])
            self.screen.note("files", **{name: [item["text"] for item in items]})

    def _add(self, name: str, **settings: str) -> None:
        words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        self.hub.run("connection", "add", name, "--connector", "file", *words)

    # ------------------------------------------------------------ 2 SUGGEST

    def suggest(self) -> None:
        """Headings and values are recognised; the proposed mappings lint clean and are put into force."""
        for name in (OLD, OTHER):
            proposals = self.hub.run("mapping", "suggest", name, "--write")["items"]
            for proposal in proposals:
                self._tell_proposal(name, proposal)
        findings = self.hub.run("mapping", "lint", OLD, OTHER)["items"]
        self._expect("lint", not findings)
        self.hub.run("apply")
        for name, kind, direction in ((OLD, "account", "in"), (OLD, "order", "in"), (OTHER, "account", "in")):
            self.hub.run("sync", "add", name, kind, "--direction", direction)
        self.hub.run("sync", "add", CLEAN, "account", "--direction", "out", "--create")

    def _tell_proposal(self, name: str, proposal: dict[str, Any]) -> None:
        fields = [item for item in proposal["fields"] if item["column"]]
        unknown = [item["column"] for item in proposal["unknown"]]
        odd = next((item for item in fields if item["column"] == "证照号码"), None)
        kind = render(f"demo.kind_{proposal['kind']}", self.screen.lang)
        self.screen.say(
            "demo.files_suggest", name=name, kind=kind, count=len(fields), columns=len(fields) + len(unknown),
            sure=min(item["confidence"] for item in fields),
        )  # fmt: skip
        if odd is not None:
            self.screen.say("demo.files_odd", column=odd["column"], sure=odd["confidence"])
        named = {item["field"]: item["column"] for item in fields}
        self.screen.note("suggest", **{f"{name}.{proposal['kind']}": {"fields": named, "unused": unknown}})

    # ------------------------------------------------------------ 3 READ

    def read(self) -> None:
        """Both lists and the orders; what could not be read is named, the rest goes on."""
        counts: Counter[str] = Counter()
        for name in (OLD, OTHER):
            done = self.hub.run("sync", "run", name, allow=(0, 1))
            counts.update(done["item"]["run"]["counts"])
        self._look_todo()
        accounts, orders = self._records("account"), self._records("order")
        rows = len(self._bindings("account"))
        total = sum((Decimal(row["gross"]) for row in orders), Decimal(0))
        waits = Counter(row["kind_of_wait"] for row in self.todo if row["kind"] == "account")
        self.screen.say(
            "demo.files_read", rows=rows, accounts=len(accounts), joined=rows - len(accounts), orders=len(orders),
            total=add_money({CURRENCY: str(total)}),
        )  # fmt: skip
        self.screen.say("demo.files_refused", count=len(self.todo))
        for row in self.todo:
            self.screen.say("demo.files_refusal", text=row["text"])
        joined = rows - len(accounts)
        self.screen.note("read", rows=rows, accounts=len(accounts), joined=joined, counts=dict(counts))
        self._expect("accounts", len(accounts) == self.drawn.companies)
        self._expect("refused", (waits["dead"], waits["review"]) == (self.drawn.bad_rows, self.drawn.mistyped))

    def _look_todo(self) -> None:
        """What waits for a person; the plan that is about to be accepted is the story's own."""
        self.todo = [row for row in self.hub.run("todo")["items"] if row["kind_of_wait"] != "plan"]

    def _records(self, kind: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.hub.run("record", "list", kind, "--limit", "5000")["items"]
        return rows

    def _bindings(self, kind: str) -> list[dict[str, Any]]:
        rows = self.hub.run("binding", "list", "--limit", "5000")["items"]
        return [row for row in rows if row["kind"] == kind and row["connection"] != CLEAN]

    # ------------------------------------------------------------ 4 PLAN, 5 RUN

    def plan(self) -> None:
        """What would be written into the clean list: counted, not written."""
        view = self.hub.run("sync", "plan", CLEAN)["item"]
        summary, self.label = view["plan"]["summary"], view["plan"]["label"]
        created, held = count_of(summary, "there.account.create"), count_of(summary, "there.account.hold")
        self.screen.say("demo.files_plan", label=self.label, created=created, held=held)
        self.screen.note("plan", label=self.label, summary=summary)

    def write(self) -> None:
        """The accepted plan: one clean list, and a report of everything that waits."""
        done = self.hub.run("sync", "run", CLEAN, "--accept", self.label)["item"]["run"]
        written = len(self._writes(done["number"]))
        report = self._write_report()
        self.screen.say("demo.files_run", written=written, file=self.folders["out"] / "clean.xlsx", report=report)
        self.screen.note("run", written=written, counts=done["counts"])

    def _writes(self, number: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.hub.run("run", "show", str(number), "--writes")["item"]["writes"]
        return rows

    def _write_report(self) -> Path:
        """Each row that waits, with its place, for whoever keeps the list."""
        self._look_todo()
        path = self.folders["out"] / "report.csv"
        lang = self.screen.lang
        heads = [render(f"demo.files_head_{name}", lang) for name in ("file", "sheet", "row", "column", "reason")]
        rows = [
            [*(str(row["params"].get(name, "")) for name in ("file", "sheet", "row", "column")), row["text"]]
            for row in self.todo
        ]
        write_table(path, heads, rows)
        return path

    # ------------------------------------------------------------ 6 AGAIN

    def repeat(self) -> None:
        """The same files once more: nothing may change anywhere."""
        writes, changes = 0, 0
        before = (self.folders["out"] / "clean.xlsx").read_bytes()
        for name in (OLD, OTHER, CLEAN):
            done = self.hub.run("sync", "run", name, allow=(0, 1))["item"]["run"]
            writes += len(self._writes(done["number"]))
            moved = {key: value for key, value in done["counts"].items() if not key.endswith(QUIET)}
            changes += sum(value for key, value in moved.items() if key.startswith("in."))
        same = (self.folders["out"] / "clean.xlsx").read_bytes() == before
        self.screen.say("demo.files_again", writes=writes, changes=changes)
        self.screen.note("again", writes=writes, changes=changes, same_file=same)
        self._expect("not_quiet", not writes and not changes and same)

    # ------------------------------------------------------------ 7 CHECK

    def check(self) -> None:
        """The lists as they were drawn, the hub, and the clean list as it lies there: every difference explained."""
        accounts, orders = self._records("account"), {row["number"]: row for row in self._records("order")}
        with open_table(self.folders["out"] / "clean.xlsx") as table:
            listed = sum(1 for _ in table.read_rows())
        held = len(accounts) - listed
        left = {number: amount for number, amount in self.drawn.orders.items() if number not in orders}
        waiting = {row["remote_id"] for row in self.todo if row["kind"] == "order"}
        sums = [
            sum(self.drawn.orders.values(), Decimal(0)),
            sum((Decimal(row["gross"]) for row in orders.values()), Decimal(0)),
            sum((amount for number, amount in left.items() if number in waiting), Decimal(0)),
        ]
        unexplained = sums[0] - sums[1] - sums[2]
        shown = [add_money({CURRENCY: str(amount)}) for amount in (*sums, unexplained)]
        self.screen.say("demo.files_check_head")
        self.screen.say(
            "demo.files_check_accounts", drawn=self.drawn.companies, hub=len(accounts),
            review=sum(row["kind_of_wait"] == "review" for row in self.todo), listed=listed, held=held,
        )  # fmt: skip
        self.screen.say(
            "demo.files_check_orders", drawn=len(self.drawn.orders), drawn_sum=shown[0], hub=len(orders),
            hub_sum=shown[1], waiting=len(left), waiting_sum=shown[2], unexplained=shown[3],
        )  # fmt: skip
        self.screen.note(
            "check", companies=self.drawn.companies, accounts=len(accounts), mistyped=self.drawn.mistyped,
            listed=listed, held=held, orders_drawn=len(self.drawn.orders), orders=len(orders),
            orders_sum=str(sums[1]), waiting_sum=str(sums[2]), unexplained=str(unexplained),
        )  # fmt: skip
        self._expect("orders", unexplained == 0 and set(left) <= waiting)
        self._expect("listed", held == self._count_held())

    def _count_held(self) -> int:
        """Customers that the clean list does not have yet and of which the todo list says why."""
        return len({row["record_id"] for row in self.todo if row["connection"] == CLEAN and row["kind"] == "account"})

    def end(self) -> None:
        """What waits, and the next commands."""
        self.screen.say("demo.files_end", count=len(self.todo), home=self.hub.home)
        by_kind = Counter(row["kind_of_wait"] for row in self.todo)
        self.screen.note("todo", count=len(self.todo), by_kind=dict(by_kind), texts=[row["text"] for row in self.todo])

    def _expect(self, code: str, holds: bool) -> None:
        if not holds:
            self.unexplained += 1
            self.screen.say("demo.broken", what=code)
