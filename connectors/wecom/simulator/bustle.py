"""A company where things happen by themselves: customers are won, noted about and labelled, by seed."""

from __future__ import annotations

import random
import threading

from connectors.wecom.simulator.company import COMPANIES, GIVEN, SURNAMES, TAGS
from connectors.wecom.simulator.corp import Corp
from connectors.wecom.simulator.people import Person

DEEDS = ("meet", "note", "note", "label", "mobile", "part")
"""Notes are what people do most; parting is rare enough as it is, for it needs a second follower."""


class Bustle:
    """``step`` lets one thing happen; ``begin`` lets ``steps`` happen, one every ``every_s`` seconds."""

    def __init__(self, corp: Corp, seed: int) -> None:
        self._corp = corp
        self._person = Person(corp)
        self._draw = random.Random(f"bustle/{seed}")
        self._count = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, steps: int, every_s: float) -> None:
        self._thread = threading.Thread(target=self._live, args=(steps, every_s), name="wecom-people", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _live(self, steps: int, every_s: float) -> None:
        for _ in range(steps):
            if self._stop.wait(every_s):
                return
            with self._corp.lock:
                self.step()

    def step(self) -> str:
        """What was done; a customer is won where there is nobody to do it to."""
        self._count += 1
        pairs = [(follow.userid, id) for id, one in self._corp.customers.items() for follow in one.follows.values()]
        deed = self._draw.choice(DEEDS) if pairs else "meet"
        userid, id = self._draw.choice(pairs) if pairs else ("", "")
        if deed == "part" and len(self._corp.customers[id].follows) > 1:
            self._person.part(userid, id)
        elif deed == "note":
            self._person.note(userid, id, description=f"第 {self._count} 次跟进")
        elif deed == "label":
            self._person.label(userid, id, *self._draw.sample(TAGS, self._draw.randrange(1, 3)))
        elif deed == "mobile":
            self._person.note(userid, id, remark_mobiles=[f"1390000{self._count:04}"])
        else:
            self._meet()
        return deed

    def _meet(self) -> None:
        name = self._draw.choice(SURNAMES) + self._draw.choice(GIVEN)
        seller = self._draw.choice([member.userid for member in self._corp.members.values() if member.sells])
        company = self._draw.choice(COMPANIES)
        self._person.meet(seller, name, remark=f"{name}-{self._count}", remark_corp_name=company)
