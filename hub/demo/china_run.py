"""The bad day of 金蝶云·星空: answers that are lost, writes that come late, limits, lost sessions, and a worker that is
killed; and what people do there meanwhile."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from hub.demo.processes import RunningSystem, Started

ACCOUNTANT = "王会计"
DRAFT = "A"
"""How Kingdee writes that a document is a draft."""
VOUCHER = "GL_VOUCHER"
FORMS = ("BD_Customer", "SAL_SaleOrder", "AR_RECEIVEBILL", VOUCHER)
FAULTS: Mapping[str, Mapping[str, int]] = {
    "BD_Customer": {"lost_after": 3, "garbage": 2, "session_lost_after": 2, "late": 1, "server_error": 1},
    "SAL_SaleOrder": {"lost_after": 3, "garbage": 1, "session_lost_after": 1},
    "AR_RECEIVEBILL": {"lost_after": 2, "refused": 1},
    VOUCHER: {"lost_after": 2, "session_lost_after": 1, "late": 1},
}
"""What happens to the next writes of each form: answers that are lost in three ways, a write that comes late, limits,
an overloaded server."""
FEWEST, MOST = 6, 20
"""A worker is killed after so many more writes."""


@dataclass
class BadDay:
    """Doors of the simulated Kingdee that no hub knows: its faults, and its people."""

    erp: RunningSystem
    web: httpx.Client
    rng: random.Random

    def ask(self, path: str) -> list[dict[str, Any]]:
        """What people there see; money to the cent."""
        answer = self.web.get(f"{self.erp.url}/{path}")
        rows: list[dict[str, Any]] = answer.json(parse_float=Decimal)["items"]
        return rows

    def tell(self, path: str, **body: object) -> dict[str, Any]:
        """People in Kingdee do something."""
        answer = self.web.post(f"{self.erp.url}/{path}", json=body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def count_bills(self) -> int:
        return sum(len(self.ask(f"people/{form}")) for form in FORMS)

    def count_writes(self) -> int:
        """Writes that arrived, refused and lost ones too."""
        return int(self.web.get(f"{self.erp.url}/simulator/writes").json()["writes"])

    def break_loose(self) -> None:
        """From now on writes go wrong."""
        for form, faults in FAULTS.items():
            for fault, times in faults.items():
                self.tell("simulator/faults", next=fault, times=times, form=form)

    def kill(self, worker: Started) -> bool:
        """Kill it while it writes; False when it ended before that."""
        last = self.count_writes() + self.rng.randint(FEWEST, MOST)
        return worker.kill_when(lambda: self.count_writes() >= last)

    # ------------------------------------------------------------ what is there

    def ours(self, form: str, status: str | None = None) -> list[dict[str, Any]]:
        """Documents that bear a reference of the hub's."""
        ref = self.erp.credentials["reference_field"]
        rows = [row for row in self.ask(f"people/{form}") if row.get(ref)]
        return [row for row in rows if status is None or row["FDocumentStatus"] == status]

    def count_ours(self) -> tuple[int, int]:
        """References of ours that are there, and how many of them more than once."""
        ref = self.erp.credentials["reference_field"]
        counted = Counter(str(row[ref]) for form in FORMS for row in self.ours(form))
        return len(counted), sum(1 for count in counted.values() if count > 1)

    def approve(self, drafts: Sequence[Mapping[str, Any]]) -> int:
        """The accountant approves these."""
        for row in drafts:
            self.tell(f"people/SAL_SaleOrder/{row['FID']}/audit", by=ACCOUNTANT)
        return len(drafts)
