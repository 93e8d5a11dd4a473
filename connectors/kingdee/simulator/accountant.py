"""An accountant who works by herself: she audits, edits, sends back, cancels and books what follows, by seed."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from typing import Any

from connectors.kingdee.simulator.books import AUDITED, Bill, Books
from connectors.kingdee.simulator.forms import FORMS
from connectors.kingdee.simulator.people import Person
from connectors.kingdee.simulator.refusals import BillRefused

ORDER = "SAL_SaleOrder"
DEEDS = {"audit": 50, "edit": 15, "send_back": 12, "cancel": 3, "deliver": 12, "bill": 8}
"""What she does to an order, and how often; what its status does not allow is left."""
NEWEST = 12
"""She works on what came last."""


class Accountant:
    """``step`` lets her do one thing; ``begin`` lets her do ``steps``, one every ``every_s`` seconds."""

    def __init__(self, books: Books, seed: int) -> None:
        self._books = books
        self._person = Person(books, "王会计")
        self._draw = random.Random(f"accountant/{seed}")
        self._count = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, steps: int, every_s: float) -> None:
        self._thread = threading.Thread(target=self._work, args=(steps, every_s), name="kingdee-people", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self, steps: int, every_s: float) -> None:
        for _ in range(steps):
            if self._stop.wait(every_s):
                return
            self.step()

    def step(self) -> str:
        """What she did, empty when the document did not allow it. New customers and materials come first: nobody else
        may use them before they are audited."""
        with self._books.lock:
            self._count += 1
            for form in ("BD_Customer", "BD_MATERIAL"):
                new = [bill for bill in self._books.all(FORMS[form]) if bill["FDocumentStatus"] != AUDITED]
                if new:
                    return self._do("audit", form, new[0])
            orders = list(self._books.all(FORMS[ORDER]))[-NEWEST:]
            deed = self._draw.choices(list(DEEDS), list(DEEDS.values()))[0]
            return self._do(deed, ORDER, self._draw.choice(orders)) if orders else ""

    def _do(self, deed: str, form: str, bill: Bill) -> str:
        more: dict[str, Any] = {"FLinkMan": f"联系人 {self._count}"} if deed == "edit" else {}
        with suppress(BillRefused):
            self._person.do(deed, form, bill[FORMS[form].id_key], **more)
            return deed
        return ""
