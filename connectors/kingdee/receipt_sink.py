"""Writing receipts: one line for each document that the money is for, and one for what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from connectors.kingdee.order_sink import to_decimal
from connectors.kingdee.shapes import ORDER, RECEIPT, RECEIVABLE
from connectors.kingdee.sinks import KingdeeSink, Model, Payload, number, take_number
from connectors.kingdee.streams import ADVANCE, SALE_MONEY
from hub.errors import Rejected
from hub.sdk import Normaliser, SourceRecord

PARTS = ("Amount", "Allocations", "SettleType", "SettleNo")
"""What the lines are made of."""
TARGETS = ("invoice", "order", "advance")


class ReceiptSink(KingdeeSink):
    """Receipts of one organisation. A line for an order is money on account that names it; a line for a receivable
    names it in its remark. Writing them off against each other stays with the accountants."""

    kind = "payment"
    stream = RECEIPT.form
    normalisers = {"note": Normaliser(), "reference": Normaliser()}

    def make_model(self, payload: Payload, current: SourceRecord | None) -> Model:
        model: Model = {}
        if payload.get("Type") == "refund":
            raise Rejected("kingdee.refund_elsewhere")
        if current is None:
            org = number(self._config.organisation)
            model |= {
                "FBillTypeID": number(self._config.receipt_type), "FPAYORGID": org, "FSETTLEORGID": org,
                "FSALEORGID": org, "FCONTACTUNITTYPE": "BD_Customer", "FPAYUNITTYPE": "BD_Customer",
            }  # fmt: skip
        if "FREMARK" in payload:
            model["FREMARK"] = payload["FREMARK"] or ""
        if payload.get("FDATE") or current is None:
            model["FDATE"] = payload.get("FDATE") or self._clock.now().astimezone(self._zone).date().isoformat()
        if "FCONTACTUNIT" in payload:
            customer = number(self._tables.name_customer(payload["FCONTACTUNIT"]["Id"]))
            model |= {"FCONTACTUNIT": customer, "FPAYUNIT": customer}
        if currency := take_number(payload, "FCURRENCYID"):
            model["FCURRENCYID"] = number(currency)
        if current is None or any(name in payload for name in PARTS):
            merged = {**(current.payload if current is not None else {}), **payload}
            model[RECEIPT.entity] = self._make_lines(merged, current)
        return model

    def _make_lines(self, payload: Payload, current: SourceRecord | None) -> list[Model]:
        total = to_decimal(payload.get("Amount") or "0")
        rows = list(payload.get("Allocations") or ())
        used = sum((to_decimal(row["Amount"]) for row in rows), Decimal(0))
        if used > total:
            raise Rejected("kingdee.allocated_too_much", used=str(used), total=str(total))
        known = [line["FENTRYID"] for line in current.payload["Lines"]] if current is not None else []
        kept = {str(row.get("FENTRYID")) for row in rows}
        spare = iter([id for id in known if id not in kept])
        common: Model = {"FSETTLETYPEID": number(take_number(payload, "SettleType") or self._config.settle_type)}
        if "SettleNo" in payload:
            common["FSETTLENO"] = payload["SettleNo"] or ""
        if self._config.bank_account and current is None:
            common["FACCOUNTID"] = number(self._config.bank_account)
        lines = [{**common, **self._make_line(row, known)} for row in rows]
        if total > used or not rows:
            rest: Model = {"FPURPOSEID": number(SALE_MONEY), "FRECEIVEITEM": "", "FCOMMENT": ""}
            lines.append({**common, **_reuse(spare), **rest, "FRECTOTALAMOUNTFOR": total - used})
        return lines

    def _make_line(self, row: Payload, known: Sequence[Any]) -> Model:
        target = row.get("Target")
        if target not in TARGETS:
            raise Rejected("kingdee.allocation_unsaid", target=target)
        id = str(row.get("FENTRYID") or "")
        model: Model = {"FENTRYID": int(id)} if id in known else {}
        order, due = row.get("Order") or "", row.get("Invoice") or ""
        return model | {
            "FPURPOSEID": number(SALE_MONEY if target == "invoice" else ADVANCE),
            "FRECTOTALAMOUNTFOR": to_decimal(row["Amount"]),
            "FRECEIVEITEM": self._tables.name_all(ORDER, [order])[str(order)]["FBillNo"] if order else "",
            "FCOMMENT": self._tables.name_all(RECEIVABLE, [due])[str(due)]["FBillNo"] if due else "",
        }


def _reuse(spare: Iterator[str]) -> Model:
    """The id of a line that nothing else keeps."""
    id = next(spare, None)
    return {} if id is None else {"FENTRYID": int(id)}
