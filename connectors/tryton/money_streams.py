"""What can be read of the rest of a sale: shipments, invoices, and payments wherever Tryton keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from connectors.tryton.client import TrytonClient
from connectors.tryton.members import Child, Row
from connectors.tryton.money_shapes import (
    INVOICE_STAGES,
    PAYMENT_STAGES,
    SHIPMENT_STAGES,
    UNBOOKED,
    Origins,
    read_origin,
    shape_invoice,
    shape_line,
    shape_payment,
    shape_shipment,
)
from connectors.tryton.streams import TrytonStream
from connectors.tryton.tables import TrytonTables
from hub.errors import NeedsConsent, Transient
from hub.sdk import Page, ReadSemantics, SourceRecord, Stage, Stream, Tools


class SalesPaperStream(TrytonStream):
    """Papers that sales lead to. Their lines name lines of sales, so the sales are looked up beside them."""

    line_path: ClassVar[str] = ""

    def scope(self) -> list[Any]:
        return [["company", "=", self._client.company_id]]

    def read_rows(self, domain: Sequence[Any], *, limit: int | None = None) -> list[dict[str, Any]]:
        rows = super().read_rows(domain, limit=limit)
        origins = self._find_origins([line["origin"] for row in rows for line in row[f"{self.line_path}."]])
        return [{**row, "_origins": origins} for row in rows]

    def shape(self, row: Row) -> dict[str, Any]:
        return self.shape_paper({name: value for name, value in row.items() if name != "_origins"}, row["_origins"])

    def shape_paper(self, row: Row, origins: Origins) -> dict[str, Any]:
        """A row as the payload that the mapping reads, given where its lines come from."""
        raise NotImplementedError

    def reference_of(self, payload: Mapping[str, Any]) -> str | None:
        return None

    def number_of(self, payload: Mapping[str, Any]) -> str | None:
        return payload["number"] or None

    def _find_origins(self, references: Sequence[str | None]) -> Origins:
        """A credit note's lines come from those of an invoice, and these from those of a sale."""
        credited = self._read_origins("account.invoice.line", ("invoice", "origin"), references)
        sold = self._read_origins("sale.line", ("sale",), [*references, *(row["origin"] for row in credited.values())])
        sales = {reference: int(row["sale"]) for reference, row in sold.items()}
        sales |= {reference: sales[row["origin"]] for reference, row in credited.items() if row["origin"] in sales}
        return Origins(sales, {reference: int(row["invoice"]) for reference, row in credited.items()})

    def _read_origins(
        self, model: str, fields: Sequence[str], references: Sequence[str | None]
    ) -> dict[str, dict[str, Any]]:
        ids = sorted({found for text in references if (found := read_origin(text, model)) is not None})
        rows = self._client.search_read(model, [["id", "in", ids]], fields) if ids else []
        return {f"{model},{row['id']}": row for row in rows}


class InvoiceStream(SalesPaperStream):
    """Invoices and credit notes to customers, in every state."""

    name = "invoice"
    kind = "invoice"
    model = "account.invoice"
    line_path = "lines"
    header = (
        *("number", "reference", "state", "type", "party", "company", "currency.code", "invoice_date", "comment"),
        *("untaxed_amount", "tax_amount", "total_amount", "lines_to_pay.maturity_date"),
        *("lines_to_pay.debit", "lines_to_pay.credit"),
    )
    children = (
        Child(
            "lines",
            "account.invoice.line",
            (
                *("type", "product", "description", "quantity", "unit.symbol", "unit_price", "amount", "origin"),
                *("taxes.type", "taxes.rate"),
            ),
        ),
    )

    def scope(self) -> list[Any]:
        return [["type", "=", "out"], *super().scope()]

    def shape_paper(self, row: Row, origins: Origins) -> dict[str, Any]:
        return self.add_rate(shape_invoice(row, origins), "invoice_date")

    def stage_of(self, payload: Mapping[str, Any]) -> Stage:
        return INVOICE_STAGES.get(payload["state"], Stage.SUBMITTED)


class ShipmentStream(SalesPaperStream):
    """Shipments to customers. Returns are shipments of another model and are not read."""

    name = "shipment"
    kind = "delivery"
    model = "stock.shipment.out"
    line_path = "outgoing_moves"
    header = (
        *("number", "reference", "state", "customer", "company", "effective_date"),
        *("outgoing_moves.product", "outgoing_moves.quantity", "outgoing_moves.unit.symbol", "outgoing_moves.origin"),
    )
    # Tryton cannot search by the outgoing ones alone.
    children = (Child("moves", "stock.move", ("state",)),)

    def shape_paper(self, row: Row, origins: Origins) -> dict[str, Any]:
        return shape_shipment(row, origins)

    def stage_of(self, payload: Mapping[str, Any]) -> Stage:
        return SHIPMENT_STAGES.get(payload["state"], Stage.SUBMITTED)


class PaymentOrderStream(TrytonStream):
    """``account.payment``: receipts from customers, and refunds of their credit notes."""

    name = "payment"
    kind = "payment"
    model = "account.payment"
    header = (
        *("number", "reference", "kind", "party", "date", "amount", "currency.code", "state", "journal.name"),
        *("company", "line.move.origin"),
    )

    def read_rows(self, domain: Sequence[Any], *, limit: int | None = None) -> list[dict[str, Any]]:
        rows = super().read_rows(domain, limit=limit)
        ids = [row["id"] for row in rows if row["state"] in UNBOOKED]
        booked: set[int] = set()
        if ids and self._tables.has_clearing:
            domain = [["id", "in", ids], ["clearing_move", "!=", None]]
            booked = {row["id"] for row in self._client.search_read(self.model, domain, ["id"])}
        return [{**row, "_booked": row["id"] in booked} for row in rows]

    def scope(self) -> list[Any]:
        refund = [["kind", "=", "payable"], ["line.account.type.receivable", "=", True]]
        return [["company", "=", self._client.company_id], ["OR", ["kind", "=", "receivable"], refund]]

    def shape(self, row: Row) -> dict[str, Any]:
        return self.add_rate(shape_payment(row), "date")

    def stage_of(self, payload: Mapping[str, Any]) -> Stage:
        return PAYMENT_STAGES.get(payload["state"], Stage.SUBMITTED)

    def reference_of(self, payload: Mapping[str, Any]) -> str | None:
        return payload["reference"] or None

    def number_of(self, payload: Mapping[str, Any]) -> str | None:
        return payload["number"] or None


class PaidLineStream(TrytonStream):
    """Lines that pay an invoice and that no ``account.payment`` has booked: one of those is that payment already.

    Without a clearing account a payment books nothing by itself: the statement does. Of the lines that pay its invoice
    with its amount the first is that payment and none of its own, so it is shown as void.
    """

    name = "payment"
    kind = "payment"
    model = "account.move.line"
    id_prefix = "line-"
    header = (
        *("debit", "credit", "amount_second_currency", "second_currency.code", "party", "description"),
        "invoice_payment",
    )
    children = (Child("move", "account.move", ("number", "date", "state", "description", "journal.name")),)

    def scope(self) -> list[Any]:
        return [
            ["invoice_payment.type", "=", "out"],
            ["move.company", "=", self._client.company_id],
            ["OR", ["move.origin", "=", None], ["move.origin", "not like", "account.payment,%"]],
        ]

    def read_rows(self, domain: Sequence[Any], *, limit: int | None = None) -> list[dict[str, Any]]:
        rows = super().read_rows(domain, limit=limit)
        booking = self._pair({row["invoice_payment"] for row in rows})
        return [{**row, "_payment": booking.get(row["id"])} for row in rows]

    def read_paying(self, invoices: Sequence[int]) -> list[SourceRecord]:
        """Every line that pays one of these invoices."""
        domain = [*self.scope(), ["invoice_payment", "in", list(invoices)]]
        return self.read_records(domain) if invoices else []

    def _pair(self, invoices: Iterable[int]) -> dict[int, int]:
        """Line → the payment without a move of its own that it books."""
        ids = sorted(invoices)
        payments = self._read_unbooked(ids) if ids else []
        if not payments:
            return {}
        fields = ["debit", "credit", "amount_second_currency", "second_currency", "invoice_payment"]
        domain = [*self.scope(), ["invoice_payment", "in", ids]]
        lines = self._client.search_read(self.model, domain, fields)
        paired: dict[int, int] = {}
        for payment in payments:
            wanted = (read_origin(payment["line."]["move."]["origin"], "account.invoice"), _sign(payment["kind"]))
            for line in lines:
                if line["id"] not in paired and _weigh(line) == (*wanted, payment["amount"]):
                    paired[line["id"]] = payment["id"]
                    break
        return paired

    def _read_unbooked(self, invoices: Sequence[int]) -> list[dict[str, Any]]:
        domain: list[Any] = [
            ["line.move.origin.id", "in", list(invoices), "account.invoice"],
            ["state", "=", "succeeded"],
        ]
        if self._tables.has_clearing:
            domain.append(["clearing_move", "=", None])
        try:
            return self._client.search_read("account.payment", domain, ["amount", "kind", "line.move.origin"])
        except (NeedsConsent, Transient) as failed:
            if failed.code not in ("tryton.failed_there", "tryton.read_refused"):
                raise
            return []  # no such module, or no right to it

    def shape(self, row: Row) -> dict[str, Any]:
        return shape_line(row, f"{self.id_prefix}{row['id']}", self._tables.company_currency)

    def stage_of(self, payload: Mapping[str, Any]) -> Stage:
        if payload["state"] == "void":
            return Stage.VOID
        return Stage.EFFECTIVE if payload["state"] == "succeeded" else Stage.SUBMITTED

    def reference_of(self, payload: Mapping[str, Any]) -> str | None:
        return None

    def number_of(self, payload: Mapping[str, Any]) -> str | None:
        return payload["number"] or None


def _sign(kind: str) -> int:
    return 1 if kind == "receivable" else -1


def _weigh(line: Row) -> tuple[int, int, Decimal]:
    """Which invoice a line pays, whether money came or went, and how much."""
    foreign = line["second_currency"] is not None
    amount = -line["amount_second_currency"] if foreign else line["credit"] - line["debit"]
    return line["invoice_payment"], 1 if amount > 0 else -1, abs(amount)


class PaymentStream(Stream):
    """Both as one stream: first the payments, then the lines. The high water never passes the start of the whole: a
    payment may change while the lines are read."""

    name: ClassVar[str] = "payment"
    kind: ClassVar[str] = "payment"

    def __init__(self, client: TrytonClient, tables: TrytonTables, tools: Tools) -> None:
        self._clock = tools.clock
        self.orders = PaymentOrderStream(client, tables, tools)
        self._lines = PaidLineStream(client, tables, tools)
        self._parts: tuple[TrytonStream, ...] = (self.orders, self._lines)

    @property
    def semantics(self) -> ReadSemantics:
        return self.orders.semantics

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        at, inner, began = position or (0, None, self._clock.now().isoformat())
        page = self._parts[at].read_page(since, inner, limit)
        high = min(page.high_water, datetime.fromisoformat(began)) if page.high_water is not None else None
        records = [*page.records, *self._read_bookings(page.records)] if at == 0 else page.records
        if page.position is not None:
            return Page(records, [at, page.position, began], high)
        more = at + 1 < len(self._parts)
        return Page(records, [at + 1, None, began] if more else None, high)

    def _read_bookings(self, payments: Sequence[SourceRecord]) -> list[SourceRecord]:
        """The lines whose meaning the state of these payments has changed, although nobody touched them."""
        moved = [record.payload for record in payments if record.payload["state"] in UNBOOKED]
        unbooked = [payload for payload in moved if not payload["booked"]]
        return self._lines.read_paying(
            sorted({row["invoice"] for payload in unbooked for row in payload.get("allocations", ())})
        )

    def fetch(self, external_id: str) -> SourceRecord | None:
        return next((found for part in self._parts if (found := part.fetch(external_id)) is not None), None)

    def list_ids(self) -> Sequence[str]:
        return [id for part in self._parts for id in part.list_ids()]
