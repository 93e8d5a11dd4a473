"""What can be read: customers, materials, orders, deliveries, receivables and receipts of one organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from connectors.kingdee.client import KingdeeClient, quote_text
from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.shapes import (
    CREATED,
    CUSTOMER,
    MATERIAL,
    MODIFIED,
    ORDER,
    OUTSTOCK,
    RECEIPT,
    RECEIVABLE,
    REFUND,
    VOUCHER,
    Payload,
    Shape,
    add_quantities,
    read_fulfilment,
    read_stage,
    read_state,
    read_time,
    take_version,
    write_moment,
)
from hub.sdk import Page, Part, ReadSemantics, SourceRecord, Stream, Tools, by_keyset, read_all

AT_ONCE = 100
"""Documents asked for with their lines in one query."""
SURELY_WHOLE = 100
"""A page with fewer rows than this was not cut: servers cut at 2,000 rows, or at 10,000."""
SAME_WRITE = timedelta(seconds=1)
"""Two times of one save differ by less."""
ADVANCE, SALE_MONEY = "SFKYT02_SYS", "SFKYT01_SYS"
"""What a line of a receipt is for: money on account, money for sales."""


class KingdeeStream(Stream):
    """One form. Lists go by the id, which nothing moves; what changed meanwhile is met in the next pull, because no
    pull claims to have seen anything newer than its own beginning."""

    name: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    shape: ClassVar[Shape]
    carries_reference: bool = True
    """The hub makes documents of this form."""

    def __init__(self, client: KingdeeClient, config: KingdeeConfig, tools: Tools) -> None:
        self._client = client
        self._config = config
        self._clock = tools.clock
        self._zone = tools.zone
        self._columns = self.shape.list_columns(
            self.reference_field if self.carries_reference else self.shape.number_key, config.left_out
        )
        self._times = self.shape.list_times(config.left_out)
        self.key_path = self.shape.id_key
        if self.shape.line_id:
            self.rows_path, self.row_key = "Lines", self.shape.line_id

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(cursor_field=", ".join(self._times), versioned=False)

    @property
    def reference_field(self) -> str:
        """Where our reference stands on this form."""
        return self.shape.number_key if self._config.numbers_are_ours else self._config.reference_field

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        started = self._clock.now()
        last, began = (position[0], datetime.fromisoformat(position[1])) if position else (None, started)
        changed = self._since(since)
        part = by_keyset(lambda after, size: self._list_ids(after, size, changed), last, limit, key=int)
        records = [self.make_record(payload, started) for payload in self._read_documents(part.rows)]
        times = [record.modified_at for record in records if record.modified_at is not None]
        high = min(max(times), began) if times else None
        following = None if part.position is None else [part.position, began.isoformat()]
        return Page(records, following, high)

    def fetch(self, external_id: str) -> SourceRecord | None:
        if not (external_id.isascii() and external_id.isdigit()):
            return None
        started = self._clock.now()
        found = self._read_documents([external_id])
        return self.make_record(found[0], started) if found else None

    def list_ids(self) -> Sequence[str]:
        size = self._config.page_rows

        def read(position: Any) -> Part:
            return by_keyset(lambda after, limit: self._list_ids(after, limit, ""), position, size, key=int)

        return read_all(read)

    def read_where(self, condition: str) -> list[SourceRecord]:
        """Every document that meets a condition."""
        started = self._clock.now()
        return [self.make_record(payload, started) for payload in self._read_documents(self._find_ids(condition))]

    def make_record(self, payload: Payload, started: datetime) -> SourceRecord:
        """A document; ``started`` is when the read began."""
        times = [moment for name in self._times if (moment := read_time(payload.get(name) or "", self._zone))]
        maker, changer = payload["FCreatorId"]["FName"], payload["FModifierId"]["FName"]
        return SourceRecord(
            stream=self.name,
            external_id=payload[self.shape.id_key],
            payload=payload,
            read_at=started,
            modified_at=max(times, default=None),
            version=take_version(payload),
            stage=read_stage(payload),
            number=payload[self.shape.number_key] or None,
            reference=(payload.get(self.reference_field) or None) if self.carries_reference else None,
            created_by_us=self._is_us(maker),
            touched_by_person=self._was_touched(payload, maker, changer),
            changed_by_us=self._is_us(changer or maker),
            live_children=self.is_held(payload),
        )

    def is_held(self, payload: Mapping[str, Any]) -> bool:
        """Whether documents hang on it that forbid a void."""
        return False

    def complete(self, payloads: Sequence[Payload]) -> None:
        """What the mapping needs and the form does not say by itself."""

    def _is_us(self, user: str) -> bool:
        return user.casefold() == self._config.shown_as.casefold()

    def _was_touched(self, payload: Mapping[str, Any], maker: str, changer: str) -> bool | None:
        """Only the last one who saved is told: behind a later save of ours, somebody else's may be hidden."""
        if changer and not self._is_us(changer):
            return True
        made, moved = (read_time(payload.get(name) or "", self._zone) for name in (CREATED, MODIFIED))
        if made is None or moved is None or moved - made < SAME_WRITE:
            return not self._is_us(maker)
        return None

    def _since(self, since: datetime | None) -> str:
        """The condition of what changed: auditing, cancelling and closing have times of their own."""
        if since is None:
            return ""
        moment = quote_text(write_moment(since, self._zone))
        return "(" + " or ".join(f"{name} >= {moment}" for name in self._times) + ")"

    def _list_ids(self, after: str | None, size: int, condition: str) -> list[str]:
        key = self.shape.id_key
        parts = [self._scope(), condition, f"{key} > {int(after)}" if after else ""]
        asked = " and ".join(part for part in parts if part)
        return self._client.list_ids(self.shape.form, key, asked, limit=min(size, self._config.page_rows))

    def _find_ids(self, condition: str) -> list[str]:
        """Every id that meets a condition, page by page."""

        def read(position: Any) -> Part:
            size = self._config.page_rows
            return by_keyset(lambda after, limit: self._list_ids(after, limit, condition), position, size, key=int)

        return read_all(read)

    def _scope(self) -> str:
        return f"{self.shape.org_key}.FNumber = {quote_text(self._config.organisation)}"

    def _read_documents(self, ids: Sequence[str]) -> list[Payload]:
        """Whole documents in the order of their ids; what is gone meanwhile is left out."""
        found: list[Payload] = []
        for start in range(0, len(ids), AT_ONCE):
            found += self.shape.group(self._columns, self._read_rows(ids[start : start + AT_ONCE]))
        for payload in found:
            payload["State"] = read_state(payload)
        self.complete(found)
        return found

    def _read_rows(self, ids: Sequence[str]) -> list[Sequence[Any]]:
        shape, size = self.shape, self._config.page_rows
        condition = f"{self._scope()} and {shape.id_key} in ({','.join(str(int(id)) for id in ids)})"
        order = f"{shape.id_key} ASC" + (f", {shape.line_id} ASC" if shape.line_id else "")
        rows: list[Sequence[Any]] = []
        while page := self._client.query(shape.form, self._columns, condition, order, start=len(rows), limit=size):
            rows += page
            if len(page) < min(size, SURELY_WHOLE) or (not shape.line_id and len(rows) >= len(ids)):
                break
        return rows

    def _name_documents(self, shape: Shape, numbers: set[str]) -> Mapping[str, str]:
        """Number → id of documents of another form."""
        known: dict[str, str] = {}
        wanted = sorted(number for number in numbers if number)
        for start in range(0, len(wanted), AT_ONCE):
            listed = ",".join(quote_text(number) for number in wanted[start : start + AT_ONCE])
            condition = f"{shape.number_key} in ({listed})"
            rows = self._client.query(
                shape.form, [shape.number_key, shape.id_key], condition, f"{shape.id_key} ASC",
                limit=self._config.page_rows,
            )  # fmt: skip
            known |= {str(number): str(id) for number, id in rows}
        return known


class CustomerStream(KingdeeStream):
    name = CUSTOMER.form
    kind = "account"
    shape = CUSTOMER


class MaterialStream(KingdeeStream):
    name = MATERIAL.form
    kind = "product"
    shape = MATERIAL


class OrderStream(KingdeeStream):
    name = ORDER.form
    kind = "order"
    shape = ORDER

    def is_held(self, payload: Mapping[str, Any]) -> bool:
        return read_fulfilment(payload["Lines"]) != "none"

    def complete(self, payloads: Sequence[Payload]) -> None:
        for payload in payloads:
            payload["Fulfilment"] = read_fulfilment(payload["Lines"])


class OutstockStream(KingdeeStream):
    name = OUTSTOCK.form
    kind = "delivery"
    carries_reference = False
    shape = OUTSTOCK

    def complete(self, payloads: Sequence[Payload]) -> None:
        """The order that the goods were for, where all of them were for the same."""
        numbers = {line.get("FSoorDerno", "") for payload in payloads for line in payload["Lines"]}
        orders = self._name_documents(ORDER, numbers)
        for payload in payloads:
            named = {orders.get(line.get("FSoorDerno", ""), "") for line in payload["Lines"]}
            payload["Order"] = named.pop() if len(named) == 1 else ""


class ReceivableStream(KingdeeStream):
    name = RECEIVABLE.form
    kind = "invoice"
    carries_reference = False
    shape = RECEIVABLE

    def complete(self, payloads: Sequence[Payload]) -> None:
        lines = [line for payload in payloads for line in payload["Lines"]]
        orders = self._name_documents(ORDER, {line.get("FORDERNUMBER", "") for line in lines})
        for line in lines:
            line["Order"] = orders.get(line.get("FORDERNUMBER", ""), "")
        for payload in payloads:
            gross = add_quantities(payload["Lines"], "FALLAMOUNTFOR_D")
            payload["Type"] = "credit_note" if gross < 0 else "invoice"
            payload["Net"] = str(add_quantities(payload["Lines"], "FNoTaxAmountFor_D"))
            payload["Tax"] = str(add_quantities(payload["Lines"], "FTAXAMOUNTFOR_D"))
            payload["Gross"] = str(gross)


class RefundStream(KingdeeStream):
    """Money given back, on a form of its own; its ids are told from those of receipts by a letter before them."""

    name = REFUND.form
    kind = "payment"
    shape = REFUND

    def __init__(self, client: KingdeeClient, config: KingdeeConfig, tools: Tools) -> None:
        super().__init__(client, config, tools)
        self.rows_path, self.row_key = "Allocations", "FENTRYID"

    def _scope(self) -> str:
        return f"{super()._scope()} and FCONTACTUNITTYPE = 'BD_Customer'"

    def complete(self, payloads: Sequence[Payload]) -> None:
        orders = self._name_documents(ORDER, {line.get("FNOTE", "") for row in payloads for line in row["Lines"]})
        dues = self._name_documents(RECEIVABLE, {line.get("FNOTE", "") for row in payloads for line in row["Lines"]})
        for payload in payloads:
            rows: Sequence[Payload] = payload["Lines"]
            first: Payload = next(iter(rows), {})
            payload["Type"] = "refund"
            payload["Amount"] = str(add_quantities(rows, "FREFUNDAMOUNTFOR"))
            payload["SettleType"] = {"FNumber": (first.get("FSETTLETYPEID") or {}).get("FNumber", "")}
            payload["SettleNo"] = first.get("FSETTLENO", "")
            payload["Allocations"] = [
                made
                for line in rows
                if (made := _read_allocation(
                    {**line, "FRECEIVEITEM": line.get("FNOTE", ""), "FCOMMENT": line.get("FNOTE", ""),
                     "FRECTOTALAMOUNTFOR": line["FREFUNDAMOUNTFOR"]}, orders, dues,
                ))
            ]  # fmt: skip


GIVEN_BACK = "R"
"""Before the id of a refund."""


class ReceiptStream(KingdeeStream):
    """Receipts, and behind them refunds where the account gives them to the hub: one kind, two forms."""

    name = RECEIPT.form
    kind = "payment"
    shape = RECEIPT

    def __init__(self, client: KingdeeClient, config: KingdeeConfig, tools: Tools) -> None:
        super().__init__(client, config, tools)
        self.rows_path, self.row_key = "Allocations", "FENTRYID"
        self.refunds = RefundStream(client, config, tools) if config.refunds else None

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        if self.refunds is not None and position and position[0] == GIVEN_BACK:
            page = self.refunds.read_page(since, position[1:], limit)
            following = None if page.position is None else [GIVEN_BACK, *page.position]
            return replace(page, records=[mark_refund(row) for row in page.records], position=following)
        began = position[1] if position else self._clock.now().isoformat()
        page = super().read_page(since, position or [None, began], limit)
        if page.position is None and self.refunds is not None:
            return replace(page, position=[GIVEN_BACK, None, began])
        return page

    def fetch(self, external_id: str) -> SourceRecord | None:
        if self.refunds is None or not external_id.startswith(GIVEN_BACK):
            return super().fetch(external_id)
        found = self.refunds.fetch(external_id.removeprefix(GIVEN_BACK))
        return mark_refund(found) if found is not None else None

    def list_ids(self) -> Sequence[str]:
        refunds = self.refunds.list_ids() if self.refunds is not None else ()
        return [*super().list_ids(), *(f"{GIVEN_BACK}{id}" for id in refunds)]

    def read_where(self, condition: str) -> list[SourceRecord]:
        refunds = self.refunds.read_where(condition) if self.refunds is not None else ()
        return [*super().read_where(condition), *map(mark_refund, refunds)]

    def _scope(self) -> str:
        """Money of customers: the form also holds what employees and suppliers pay."""
        kind = quote_text(self._config.receipt_type)
        return f"{super()._scope()} and FBillTypeID.FNumber = {kind} and FCONTACTUNITTYPE = 'BD_Customer'"

    def complete(self, payloads: Sequence[Payload]) -> None:
        lines = [line for payload in payloads for line in payload["Lines"]]
        orders = self._name_documents(ORDER, {line.get("FRECEIVEITEM", "") for line in lines})
        dues = self._name_documents(RECEIVABLE, {line.get("FCOMMENT", "") for line in lines})
        for payload in payloads:
            rows: Sequence[Payload] = payload["Lines"]
            first: Payload = next(iter(rows), {})
            payload["Type"] = "receipt"
            payload["Amount"] = str(add_quantities(rows, "FRECTOTALAMOUNTFOR"))
            payload["SettleType"] = {"FNumber": (first.get("FSETTLETYPEID") or {}).get("FNumber", "")}
            payload["SettleNo"] = first.get("FSETTLENO", "")
            payload["Allocations"] = [made for line in rows if (made := _read_allocation(line, orders, dues))]


class VoucherStream(KingdeeStream):
    """The vouchers that the integration user made: a ledger holds many more, and none of them is the hub's business."""

    name = VOUCHER.form
    kind = "voucher"
    shape = VOUCHER

    def __init__(self, client: KingdeeClient, config: KingdeeConfig, tools: Tools) -> None:
        self.carries_reference = not config.numbers_are_ours  # it has no bill number
        super().__init__(client, config, tools)

    def _scope(self) -> str:
        return f"{super()._scope()} and FCreatorId.FName = {quote_text(self._config.shown_as)}"


def mark_refund(record: SourceRecord) -> SourceRecord:
    """A refund as the payment that the hub knows it as."""
    marked = f"{GIVEN_BACK}{record.external_id}"
    return replace(record, external_id=marked, payload={**record.payload, "FID": marked})


def _read_allocation(line: Mapping[str, Any], orders: Mapping[str, str], dues: Mapping[str, str]) -> Payload | None:
    """What a line of a receipt is for; None for money that nobody has assigned yet."""
    purpose = line["FPURPOSEID"]["FNumber"]
    order, due = orders.get(line.get("FRECEIVEITEM", ""), ""), dues.get(line.get("FCOMMENT", ""), "")
    target = "invoice" if due and purpose != ADVANCE else "order" if order else "advance" if purpose == ADVANCE else ""
    if not target:
        return None
    return {
        "FENTRYID": line["FENTRYID"], "Target": target, "Invoice": due if target == "invoice" else "",
        "Order": order if target == "order" else "", "Amount": line["FRECTOTALAMOUNTFOR"],
    }  # fmt: skip


STREAMS: tuple[type[KingdeeStream], ...] = (
    CustomerStream, MaterialStream, OrderStream, OutstockStream, ReceivableStream, ReceiptStream, VoucherStream,
)  # fmt: skip
