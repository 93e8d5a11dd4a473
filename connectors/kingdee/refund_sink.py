"""Writing refunds, on their own form, and choosing between the two forms that payments stand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.kingdee.client import KingdeeClient
from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.order_sink import to_decimal
from connectors.kingdee.receipt_sink import TARGETS, ReceiptSink
from connectors.kingdee.shapes import ORDER, RECEIVABLE, REFUND
from connectors.kingdee.sinks import KingdeeSink, Model, Payload, number, take_number
from connectors.kingdee.streams import ADVANCE, GIVEN_BACK, SALE_MONEY, KingdeeStream, ReceiptStream
from connectors.kingdee.tables import KingdeeTables
from hub.errors import IsthmusError, Rejected
from hub.model.finance import PaymentType
from hub.sdk import Draft, Normaliser, SourceRecord, Tools, WriteSemantics, Written


class RefundSink(KingdeeSink):
    """Refunds of one organisation; a line names the order or the receivable that the money comes back from."""

    kind = "payment"
    stream = REFUND.form
    normalisers = {"note": Normaliser(), "reference": Normaliser()}

    def make_model(self, payload: Payload, current: SourceRecord | None) -> Model:
        model: Model = {}
        if current is None:
            org = number(self._config.organisation)
            model |= {
                "FBillTypeID": number(self._config.refund_type), "FPAYORGID": org, "FSETTLEORGID": org,
                "FSALEORGID": org, "FCONTACTUNITTYPE": "BD_Customer", "FRECTUNITTYPE": "BD_Customer",
            }  # fmt: skip
        if "FREMARK" in payload:
            model["FREMARK"] = payload["FREMARK"] or ""
        if payload.get("FDATE") or current is None:
            model["FDATE"] = payload.get("FDATE") or self._clock.now().astimezone(self._zone).date().isoformat()
        if "FCONTACTUNIT" in payload:
            customer = number(self._tables.name_customer(payload["FCONTACTUNIT"]["Id"]))
            model |= {"FCONTACTUNIT": customer, "FRECTUNIT": customer}
        if currency := take_number(payload, "FCURRENCYID"):
            model["FCURRENCYID"] = number(currency)
        if current is None or any(name in payload for name in ("Amount", "Allocations", "SettleType", "SettleNo")):
            model[REFUND.entity] = self._make_lines({**(current.payload if current is not None else {}), **payload})
        return model

    def _make_lines(self, payload: Payload) -> list[Model]:
        """All lines anew: nobody refers to them."""
        total, rows = to_decimal(payload.get("Amount") or "0"), list(payload.get("Allocations") or ())
        used = sum((to_decimal(row["Amount"]) for row in rows), Decimal(0))
        if used > total:
            raise Rejected("kingdee.allocated_too_much", used=str(used), total=str(total))
        common: Model = {"FSETTLETYPEID": number(take_number(payload, "SettleType") or self._config.settle_type)}
        if "SettleNo" in payload:
            common["FSETTLENO"] = payload["SettleNo"] or ""
        lines = [{**common, **self._make_line(row)} for row in rows]
        if total > used or not rows:
            lines.append({**common, "FPURPOSEID": number(SALE_MONEY), "FREFUNDAMOUNTFOR": total - used, "FNOTE": ""})
        return lines

    def _make_line(self, row: Payload) -> Model:
        target = row.get("Target")
        if target not in TARGETS:
            raise Rejected("kingdee.allocation_unsaid", target=target)
        order, due = row.get("Order") or "", row.get("Invoice") or ""
        named = self._tables.name_all(ORDER, [order])[str(order)]["FBillNo"] if order else ""
        named = self._tables.name_all(RECEIVABLE, [due])[str(due)]["FBillNo"] if due else named
        purpose = number(SALE_MONEY if target == "invoice" else ADVANCE)
        return {"FPURPOSEID": purpose, "FREFUNDAMOUNTFOR": to_decimal(row["Amount"]), "FNOTE": named}


class PaymentSink(ReceiptSink):
    """Receipts, and refunds where the account gives them to the hub."""

    def __init__(
        self, client: KingdeeClient, tables: KingdeeTables, config: KingdeeConfig, tools: Tools, stream: KingdeeStream
    ) -> None:
        super().__init__(client, tables, config, tools, stream)
        inner = stream.refunds if isinstance(stream, ReceiptStream) else None
        self._refunds = RefundSink(client, tables, config, tools, inner) if inner is not None else None

    @property
    def variants(self) -> Sequence[Mapping[str, Any]]:
        """Either form is probed before anything is written to it."""
        return ({"type": PaymentType.RECEIPT}, {"type": PaymentType.REFUND}) if self._refunds is not None else ()

    @property
    def semantics(self) -> WriteSemantics:
        """A probe of receipts alone vouches for no refunds: with them the declaration is another one."""
        declared = super().semantics
        if self._refunds is None:
            return declared
        both = (declared.reference_field, self._refunds.semantics.reference_field)
        return replace(declared, reference_field=", ".join(name for name in both if name))

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        refunds = self._refunds
        if refunds is None:
            return super().create(drafts)
        return [
            mark_written(refunds.create([draft])[0])
            if draft.payload.get("Type") == "refund"
            else super(PaymentSink, self).create([draft])[0]
            for draft in drafts
        ]

    def patch(self, external_id: str, payload: Payload, *, if_version: int | None) -> Written:
        return self._choose("patch", external_id, payload, if_version=if_version)  # type: ignore[no-any-return]

    def submit(self, external_id: str, *, if_version: int | None) -> Written:
        return self._choose("submit", external_id, if_version=if_version)  # type: ignore[no-any-return]

    def confirm(self, external_id: str, *, if_version: int | None) -> Written:
        return self._choose("confirm", external_id, if_version=if_version)  # type: ignore[no-any-return]

    def reopen(self, external_id: str, *, if_version: int | None) -> Written:
        return self._choose("reopen", external_id, if_version=if_version)  # type: ignore[no-any-return]

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        return self._choose("void", external_id, if_version=if_version)  # type: ignore[no-any-return]

    def delete(self, external_id: str, *, if_version: int | None) -> None:
        self._choose("delete", external_id, if_version=if_version)

    def _choose(self, name: str, external_id: str, *values: Any, if_version: int | None) -> Any:
        """On the form that the id is of."""
        if self._refunds is None or not external_id.startswith(GIVEN_BACK):
            return getattr(super(), name)(external_id, *values, if_version=if_version)
        done = getattr(self._refunds, name)(external_id.removeprefix(GIVEN_BACK), *values, if_version=if_version)
        return mark_written(done)


def mark_written(done: Any) -> Any:
    """What was written, by the id that the hub knows it by."""
    return replace(done, external_id=f"{GIVEN_BACK}{done.external_id}") if isinstance(done, Written) else done
