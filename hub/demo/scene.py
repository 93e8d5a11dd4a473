"""What the scenarios beside an ERP have in common: looking at the hub, the silent second run, the check, the end."""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from hub.demo.stage import Isthmus, Screen, add_money
from hub.locale import render

SYSTEM_OF_CHECK = ("hub", "remote", "waiting", "unexplained")
UNCHANGED = ("unchanged", "stale", "dead", "waiting", "review", "settled")
"""Endings of counts that say that a record was read and nothing came of it."""
UNTOLD = ("seen", "last_seen", "waits", "not_sent")
"""The first and last reading, and how it stands now, are no part of a story."""
MOST_LOOKED_AT = 3
KIND_WIDTH = 12


@dataclass
class ErpScene:
    """The hub's command line, the connection ``name``, and what has been found so far."""

    hub: Isthmus
    screen: Screen
    seed: int
    name: str
    unexplained: int = 0
    label: str = ""

    def records(self, kind: str) -> list[dict[str, Any]]:
        answer = self.hub.run("record", "list", kind, "--limit", "5000")
        rows: list[dict[str, Any]] = answer["items"]
        return rows

    def writes(self, number: int) -> list[dict[str, Any]]:
        """What a run wrote there."""
        answer = self.hub.run("run", "show", str(number), "--writes")["item"]
        rows: list[dict[str, Any]] = answer["writes"]
        return rows

    def list_unknown(self) -> list[dict[str, Any]]:
        """What was sent and not answered."""
        answer = self.hub.run("binding", "list", "--connection", self.name, "--state", "unknown")
        rows: list[dict[str, Any]] = answer["items"]
        return rows

    def await_quiet(self) -> None:
        """Wait out the quiet period: only after it does a search tell for sure what became of a lost answer."""
        ends_s = [
            datetime.fromisoformat(row["not_before"]).timestamp() for row in self.list_unknown() if row["not_before"]
        ]
        time.sleep(max(0.0, max(ends_s, default=0.0) - time.time()))

    def expect(self, code: str, holds: bool) -> None:
        if not holds:
            self.unexplained += 1
            self.screen.say("demo.broken", what=code)

    def run_again(self, code: str) -> None:
        """Nothing happened since: nothing may be written."""
        self.hub.run("sync", "run", self.name, allow=(0, 1))
        done = self.hub.run("sync", "run", self.name, allow=(0, 1))["item"]["run"]
        writes = self.writes(done["number"])
        changes = sum(
            count for name, count in done["counts"].items() if name.startswith("in.") and not name.endswith(UNCHANGED)
        )
        self.screen.say(code, writes=len(writes), changes=changes)
        self.screen.note("again", writes=len(writes), changes=changes)
        self.expect("not_quiet", not writes and not changes)

    def check(self, head: str) -> None:
        """Counts and money on both sides; every difference explained."""
        rows = self.hub.run("reconcile", self.name, allow=(0, 1))["items"]
        self.screen.say(head)
        for row in rows:
            self._show_check(row)
        self.screen.note("check", rows=rows)

    def _show_check(self, row: dict[str, Any]) -> None:
        money = row["hub_sum"] is not None and row["currency"]
        sums = {
            f"{name}_sum": add_money({row["currency"]: row[f"{name}_sum"]}) if money else "" for name in SYSTEM_OF_CHECK
        }
        counts = {name: row[f"{name}_count"] for name in SYSTEM_OF_CHECK}
        kind = _pad(render(f"demo.kind_{row['kind']}", self.screen.lang), KIND_WIDTH)
        self.screen.say("demo.check_row", kind=kind, **counts, **sums)
        clear = row["unexplained_count"] == 0 and (not money or Decimal(row["unexplained_sum"]) == 0)
        self.expect("unexplained", clear)

    def tell_story(self, numbers: Sequence[str], told: Collection[str] = ()) -> None:
        """One order's way, from the first sight of it to now: of these the first that shows the most. ``told``: the
        steps that are told, each once; else all but the readings."""
        stories = [(number, self._list_events(number)) for number in numbers[:MOST_LOOKED_AT]]
        number, events = max(stories, key=lambda story: len({event["what"] for event in story[1]} & set(told)))
        found = any(event["what"] == "found_again" for event in events)
        first: dict[str, str] = {}
        for event in events:
            if told and found and event["what"] == "answered":
                continue  # of something later: the answer that it is told of was lost
            if event["what"] in told or (not told and event["what"] not in UNTOLD):
                word = self._word(event["what"])
                first.setdefault(word if told else f"{_clock(event)} {word}", f"{_clock(event)} {word}")
        self.screen.say("demo.trace", number=number, story=" → ".join(first.values()))
        self.screen.note("trace", number=number, events=events)

    def _list_events(self, number: str) -> list[dict[str, Any]]:
        """What happened here and there; where it came from it may have been approved before."""
        events = self.hub.run("trace", number)["item"]["events"]
        return [row for row in events if row["what"] != "approved_there" or row["connection"] == self.name]

    def tell_waits(self, code: str) -> None:
        """What waits for a person, and how to see it."""
        rows = self.hub.run("todo")["items"]
        waiting = [row for row in rows if not row["informational"]]
        self.screen.say(
            code, count=len(waiting), others=len(rows) - len(waiting), home=str(self.hub.home), program=_name_program(),
            next_seed=self.seed + 1,
        )  # fmt: skip
        self.screen.note("todo", count=len(waiting), by_kind=dict(Counter(row["kind_of_wait"] for row in waiting)))

    def _word(self, what: str) -> str:
        code = f"demo.step_{what}"
        found = render(code, self.screen.lang)
        return what if found == code else found


def _name_program() -> str:
    """How to call this program here: in a clone that nobody put on the path, as it was called."""
    called = Path(sys.argv[0])
    return sys.argv[0] if called.name == "isthmus" and shutil.which("isthmus") is None else "isthmus"


def _pad(text: str, width: int) -> str:
    """Chinese characters take two columns of a terminal."""
    return text + " " * (width - sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text))


def _clock(event: dict[str, Any]) -> str:
    return datetime.fromisoformat(event["at"]).astimezone().strftime("%H:%M:%S")
