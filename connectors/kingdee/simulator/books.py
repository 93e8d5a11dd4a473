"""The account itself: bills and master data in memory, their life cycle, and time from a clock that it is handed."""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.kingdee.simulator.forms import FORMS, Form
from connectors.kingdee.simulator.refusals import INVALID, NOT_FOUND, NOT_OPERABLE, BillRefused, Complaint
from connectors.kingdee.simulator.settings import KingdeeSettings
from connectors.kingdee.simulator.values import write_time
from hub.sdk import Clock
from hub.sdk.simulator import WallClock

Bill = dict[str, Any]
DRAFT, SAVED, SUBMITTED, AUDITED, SENT_BACK = "Z", "A", "B", "C", "D"
OPEN = (DRAFT, SAVED, SENT_BACK)
"""Statuses in which a document can be changed and deleted."""
NAMES = {DRAFT: "暂存", SAVED: "创建", SUBMITTED: "审核中", AUDITED: "已审核", SENT_BACK: "重新审核"}
FIRST_ID = 100_000


class Books:
    """One data centre. What is returned is the stored bill: read it, never change it. Every refusal is a
    ``BillRefused``. Safe over threads. Same settings, clock and calls give the same history."""

    def __init__(self, settings: KingdeeSettings | None = None, clock: Clock | None = None) -> None:
        self.settings = settings or KingdeeSettings()
        self.clock: Clock = clock or WallClock()
        self.lock = threading.RLock()
        self.closed_through = self.settings.closed_through
        self.effective_once: set[tuple[str, int]] = set()
        """(form, id) of documents that were ever audited: what counts when duplicates are looked for."""
        self.changed = 0
        """Changes so far: whoever remembers an answer knows whether it still holds."""
        self._zone = ZoneInfo(self.settings.zone)
        self._tables: dict[str, dict[int, Bill]] = {name: {} for name in FORMS}
        self._by_number: dict[tuple[str, str], list[int]] = {}
        self._counts: Counter[str] = Counter()
        self._late: list[tuple[Any, int, Callable[[], object]]] = []

    # ---- reading -----------------------------------------------------------------------------------------------

    def all(self, form: Form) -> Iterable[Bill]:
        return self._tables[form.name].values()

    def get(self, form: Form, id: int) -> Bill | None:
        return self._tables[form.name].get(id)

    def find_number(self, form: Form, number: str) -> list[Bill]:
        """Every record with this number: master data has one for each organisation that uses it."""
        ids = self._by_number.get((form.name, number), ())
        return [bill for id in ids if (bill := self._tables[form.name].get(id)) is not None]

    def take(self, form: Form, id: int = 0, number: str = "") -> Bill:
        """One document by id or number."""
        found = [self.get(form, id)] if id else list(self.find_number(form, number))
        if not found or found[0] is None:
            raise BillRefused(NOT_FOUND, f"{form.label}“{number or id}”不存在")
        return found[0]

    def name_user(self, id: int) -> str:
        user = self._tables["SEC_User"].get(id)
        return str(user["FName"]) if user else ""

    def find_user(self, name: str) -> int:
        """The id of a user; everybody who acts has one."""
        form = FORMS["SEC_User"]
        found = self.find_number(form, name)
        label = self.settings.user_name if name == self.settings.user else name
        return int(found[0]["FID"]) if found else self.add_base("SEC_User", name, label)

    # ---- writing -----------------------------------------------------------------------------------------------

    def add_base(self, name: str, number: str, label: str, code: str = "") -> int:
        """A row of one of the small tables."""
        form = FORMS[name]
        id = self.next_id(name)
        row = {item.key: "" for item in form.fields} | {
            "FID": id, "FNumber": number, "FName": label, "FCODE": code, "FDocumentStatus": AUDITED,
            "FForbidStatus": "A", "FModifyDate": self.now_text(), "FCreateDate": self.now_text(),
        }  # fmt: skip
        self.put(form, row)
        return id

    def next_id(self, name: str) -> int:
        self._counts[name] += 1
        return FIRST_ID + self._counts[name]

    def next_number(self, form: Form, bill: Mapping[str, Any]) -> str:
        if not form.counted:  # vouchers are counted month by month
            month = f"{form.name} {str(bill[form.date_key])[:7]}"
            self._counts[month] += 1
            return str(self._counts[month])
        while True:
            self._counts[f"number {form.name}"] += 1
            number = f"{form.prefix}{self._counts[f'number {form.name}']:06d}"
            if not self.find_number(form, number):
                return number

    def put(self, form: Form, bill: Bill) -> Bill:
        """The one place where a version comes into being."""
        id, number = bill[form.id_key], bill[form.number_key]
        before = self._tables[form.name].get(id)
        if before is not None and before[form.number_key] != number:
            self._by_number[form.name, before[form.number_key]].remove(id)
        if before is None or before[form.number_key] != number:
            self._by_number.setdefault((form.name, number), []).append(id)
        self._tables[form.name][id] = bill
        self.changed += 1
        if bill.get("FDocumentStatus") == AUDITED and not form.master:
            self.effective_once.add((form.name, id))
        return bill

    def act(self, form: Form, id: int, operation: str, by: str) -> Bill:
        """Submit, Audit, UnAudit, Cancel, Delete or Close. Each refuses the statuses that it does not know."""
        with self.lock:
            bill = self.take(form, id)
            step: Callable[[Form, Bill, str], Bill] = getattr(self, f"_{operation.lower()}")
            return step(form, bill, by)

    def _submit(self, form: Form, bill: Bill, by: str) -> Bill:
        self._expect(form, bill, (SAVED, SENT_BACK), "提交")
        return self._move(form, bill, by, FDocumentStatus=SUBMITTED)

    def _audit(self, form: Form, bill: Bill, by: str) -> Bill:
        self._expect(form, bill, (SUBMITTED,), "审核")
        self.check_period(form, bill)
        facts: dict[str, Any] = {"FApproverId": self.find_user(by), "FApproveDate": self.now_text()}
        return self._move(form, bill, by, FDocumentStatus=AUDITED, **facts)

    def _unaudit(self, form: Form, bill: Bill, by: str) -> Bill:
        """Back to where it can be edited; also what a person does who rejects a submitted one."""
        self._expect(form, bill, (SUBMITTED, AUDITED), "反审核")
        self.check_period(form, bill)
        if self.is_held(form, bill):
            raise BillRefused(NOT_OPERABLE, f"{form.label}“{bill[form.number_key]}”已被下游单据引用，不能反审核")
        facts: dict[str, Any] = {"FApproverId": 0, "FApproveDate": ""}
        return self._move(form, bill, by, FDocumentStatus=SENT_BACK, moved=True, **facts)

    def _cancel(self, form: Form, bill: Bill, by: str) -> Bill:
        if "FCancelStatus" not in bill:
            raise BillRefused(NOT_OPERABLE, f"{form.label}不能作废")
        self._expect(form, bill, OPEN, "作废")
        return self._move(form, bill, by, FCancelStatus="B", FCancelDate=self.now_text())

    def _close(self, form: Form, bill: Bill, by: str) -> Bill:
        self._expect(form, bill, (AUDITED,), "关闭")
        return self._move(form, bill, by, FCloseStatus="B", FCloseDate=self.now_text())

    def _delete(self, form: Form, bill: Bill, by: str) -> Bill:
        if bill.get("FCancelStatus") != "B":
            self._expect(form, bill, OPEN, "删除")
        del self._tables[form.name][bill[form.id_key]]
        self._by_number[form.name, bill[form.number_key]].remove(bill[form.id_key])
        self.changed += 1
        return bill

    def mark(self, form: Form, id: int, **facts: Any) -> Bill:
        """What other parts of the system write into a document, such as how much has left."""
        with self.lock:
            return self.put(form, {**self.take(form, id), **facts})

    def check_period(self, form: Form, *versions: Mapping[str, Any]) -> None:
        for bill in versions if form.booked and self.closed_through else ():
            if str(bill[form.date_key])[:10] <= self.closed_through:
                words = f"单据日期{str(bill[form.date_key])[:10]}所在的会计期间已结账"
                raise BillRefused(INVALID, [Complaint(words, form.date_key)])

    def is_held(self, form: Form, bill: Bill) -> bool:
        """Whether goods left, money was asked for or came for it."""
        number = bill[form.number_key]
        if form.name == "SAL_SaleOrder":
            return self._names(FORMS["SAL_OUTSTOCK"], "FEntity", "FSoorDerno", number) or self._names(
                FORMS["AR_receivable"], "FEntityDetail", "FORDERNUMBER", number
            )
        return False

    def _names(self, form: Form, entity: str, key: str, number: str) -> bool:
        return any(
            bill["FCancelStatus"] != "B" and any(row[key] == number for row in bill[entity]) for bill in self.all(form)
        )

    def _expect(self, form: Form, bill: Bill, statuses: tuple[str, ...], what: str) -> None:
        status, number = bill["FDocumentStatus"], bill[form.number_key]
        if bill.get("FCancelStatus") == "B":
            raise BillRefused(NOT_OPERABLE, f"{form.label}“{number}”已作废，不能{what}")
        if status not in statuses:
            raise BillRefused(NOT_OPERABLE, f"{form.label}“{number}”的状态为{NAMES[status]}，不能{what}")

    def _move(self, form: Form, bill: Bill, by: str, *, moved: bool = False, **facts: Any) -> Bill:
        if moved or self.settings.moves_date:
            facts |= {"FModifyDate": self.now_text(), "FModifierId": self.find_user(by)}
        return self.put(form, {**bill, **facts})

    # ---- time --------------------------------------------------------------------------------------------------

    def now_text(self) -> str:
        """The server's own time, without a zone."""
        return write_time(self.clock.now().astimezone(self._zone))

    def postpone(self, delay_s: float, action: Callable[[], object]) -> None:
        """Let a write happen later, when nobody waits for it any more."""
        with self.lock:
            self._counts["late"] += 1
            due = self.clock.now() + timedelta(seconds=delay_s)
            heapq.heappush(self._late, (due, self._counts["late"], action))

    def tick(self) -> None:
        """Apply the late writes that are due. A refusal of one is nobody's business."""
        with self.lock:
            while self._late and self._late[0][0] <= self.clock.now():
                _, _, action = heapq.heappop(self._late)
                try:
                    action()
                except BillRefused:
                    continue
