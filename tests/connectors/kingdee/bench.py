"""An account in this process, its people as the conformance suite knows them, and a clock that moves a little with
every look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.kingdee.connector import KingdeeConnector
from connectors.kingdee.simulator import (
    FORMS,
    BillRefused,
    Books,
    Faults,
    KingdeeApi,
    KingdeeSettings,
    number,
    seed_company,
    write_credentials,
)
from connectors.kingdee.simulator import Person as KingdeePerson
from connectors.kingdee.simulator.saving import save_bill
from hub.model.voucher import VoucherLine
from hub.sdk import Stage
from hub.sdk.simulator import HandlerTransport
from hub.testkit.conformance import Bench, Person, Site

ZONE = ZoneInfo("Asia/Shanghai")
KINDS = {
    "account": "BD_Customer", "product": "BD_MATERIAL", "order": "SAL_SaleOrder", "delivery": "SAL_OUTSTOCK",
    "invoice": "AR_receivable", "payment": "AR_RECEIVEBILL", "voucher": "GL_VOUCHER",
}  # fmt: skip
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "product": {"unit": "个"},
    "order": {"lines.unit": "个"},
    "payment": {"method": "电汇"},
    "voucher": {
        "ledger": "海岳精密账簿",
        "word": "记",
        "lines": tuple(
            VoucherLine.model_validate({"key": key, "summary": "试", "account_code": code, side: 7, "amount": 7})
            for key, code, side in (("1", "1002", "debit"), ("2", "6001", "credit"))
        ),
    },
}


class StepClock:
    """Two milliseconds pass with every look, and what is slept."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 2, 2, 0, 0, 1_003, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=2)
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Accountant(Person):
    """李会计, at the client's window."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.hand = KingdeePerson(books, "李会计")
        self.count = 0

    def create(self, kind: str) -> str:
        self.count += 1
        made = getattr(self, f"_make_{kind}")()
        return str(made[FORMS[KINDS[kind]].id_key])

    def create_many(self, kind: str, count: int) -> Sequence[str]:
        if kind not in ("account", "order"):
            raise NotImplementedError
        return [self.create(kind) for _ in range(count)]

    def edit(self, kind: str, id: str) -> None:
        """A change of its head; what is audited is taken back first, and audited again."""
        self.count += 1
        form = FORMS[KINDS[kind]]
        note = {"BD_Customer": "FTEL", "AR_receivable": "FAR_Remark", "AR_RECEIVEBILL": "FREMARK",
                "GL_VOUCHER": "FATTACHMENTS"}  # fmt: skip
        key = note.get(form.name, "FNote" if not form.master else "FDescription")
        value = str(self.count) if kind == "voucher" else f"记 {self.count}"
        self._open(kind, id, lambda: self.hand.edit(form.name, int(id), **{key: value}))

    def edit_line(self, kind: str, id: str) -> None:
        key = {"order": "FQty", "delivery": "FRealQty", "invoice": "FPRICEQTY", "payment": "FRECTOTALAMOUNTFOR",
               "voucher": "FEXPLANATION"}  # fmt: skip
        if kind not in key:
            raise NotImplementedError
        self._open(kind, id, lambda: self.hand.edit_line(KINDS[kind], int(id), **{key[kind]: 7}))

    def copy(self, kind: str, id: str) -> str:
        form = FORMS[KINDS[kind]]
        return str(self.hand.copy(form.name, int(id))[form.id_key])

    def bring(self, kind: str, id: str, stage: Stage) -> None:
        moves = {Stage.SUBMITTED: self.hand.submit, Stage.EFFECTIVE: self.hand.audit}
        if stage not in moves:
            raise NotImplementedError
        allow(lambda: moves[stage](KINDS[kind], int(id)))

    def delete(self, kind: str, id: str) -> None:
        if self._status(kind, id) == "C":
            allow(lambda: self.hand.send_back(KINDS[kind], int(id)))
        allow(lambda: self.hand.delete(KINDS[kind], int(id)))

    def _open(self, kind: str, id: str, deed: Callable[[], object]) -> None:
        audited = self._status(kind, id) == "C"
        if audited:
            self.hand.send_back(KINDS[kind], int(id))
        allow(deed)
        if audited:
            self.hand.audit(KINDS[kind], int(id))

    def _status(self, kind: str, id: str) -> str:
        return str(self.books.take(FORMS[KINDS[kind]], int(id))["FDocumentStatus"])

    def _make_account(self) -> Mapping[str, Any]:
        place = {"FCreateOrgId": number("100"), "FUseOrgId": number("100")}
        return self.hand.create("BD_Customer", FName=f"远山 {self.count}", **place)

    def _make_product(self) -> Mapping[str, Any]:
        place = {"FCreateOrgId": number("100"), "FUseOrgId": number("100")}
        return self.hand.create("BD_MATERIAL", FName=f"轴承 {self.count}", FBaseUnitId=number("Pcs"), **place)

    def _make_order(self) -> Mapping[str, Any]:
        return self.hand.make_order("C00001", [("M0001", "3", "1.13")], "2026-11-02")

    def _audited_order(self) -> int:
        return int(self.hand.audit("SAL_SaleOrder", self._make_order()["FID"])["FID"])

    def _make_delivery(self) -> Mapping[str, Any]:
        return self.hand.deliver("SAL_SaleOrder", self._audited_order())

    def _make_invoice(self) -> Mapping[str, Any]:
        return self.hand.bill("SAL_SaleOrder", self._audited_order())

    def _make_payment(self) -> Mapping[str, Any]:
        return self.hand.receive("AR_receivable", self._make_invoice()["FID"], "1.13")

    def _make_voucher(self) -> Mapping[str, Any]:
        """By another program with the login of the hub: what people book themselves is not read at all."""
        rows = [
            {"FEXPLANATION": f"记 {self.count}", "FACCOUNTID": number(code), "FCURRENCYID": number("PRE001"), side: 5}
            for code, side in (("1002", "FDEBIT"), ("6001", "FCREDIT"))
        ]
        head = {"FAccountBookID": number("001"), "FVOUCHERGROUPID": number("PRE001"), "FACCBOOKORGID": number("100"),
                "FDate": "2026-11-02"}  # fmt: skip
        return save_bill(self.books, FORMS["GL_VOUCHER"], {}, {**head, "FEntity": rows}, self.books.settings.user)


def allow(deed: Callable[[], object]) -> None:
    """What this system lets nobody do is not a person's to do."""
    try:
        deed()
    except BillRefused as refused:
        raise NotImplementedError from refused


class KingdeeBench(Bench):
    """``config`` holds what the connection declares beside the credentials; ``settings`` are those of the account."""

    connector = KingdeeConnector
    zone = ZONE
    given = GIVEN
    hidden_errors = (
        *Bench.hidden_errors,
        '[[{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"FieldName":null,'
        '"Message":"服务器忙","DIndex":0}],"SuccessEntitys":[],"MsgCode":4}}}]]'.encode(),
    )

    def __init__(self, config: Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.config = config or {}
        self.settings = KingdeeSettings(**settings)

    def refused(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Everything needs something: a name, a customer, a line with a quantity."""
        if kind in ("order", "payment"):
            return {**payload, "Lines": [], "Amount": "0", "Allocations": []}
        return super().refused(kind, payload)

    @contextmanager
    def start(self) -> Iterator[Site]:
        clock = StepClock()
        books = Books(self.settings, clock)
        seed_company(books, customers=3, materials=3, orders=4, invoices=1)
        answers = {**write_credentials(self.settings, "http://kingdee.test"), **self.config}
        yield Site(answers, Accountant(books), HandlerTransport(KingdeeApi(books, Faults()).handle), clock)
