"""Writing sales orders: prices without tax, from which the server works out everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.kingdee.shapes import ORDER
from connectors.kingdee.sinks import KingdeeSink, Model, Payload, number, take_number
from hub.errors import Rejected
from hub.sdk import Normaliser, SourceRecord

PRICE = Normaliser(places=6)


class OrderSink(KingdeeSink):
    """Sales orders of one organisation."""

    kind = "order"
    stream = ORDER.form
    normalisers = {"note": Normaliser(), "lines.unit_price": PRICE}

    def make_model(self, payload: Payload, current: SourceRecord | None) -> Model:
        model: Model = {}
        if current is None:
            model |= {"FBillTypeID": number(self._config.order_type), "FSaleOrgId": number(self._config.organisation)}
        if current is None or "FSalerId" in payload:
            # Whom the hub's own orders belong to that have no owner.
            saler = take_number(payload, "FSalerId") or self._config.saler
            if saler or current is not None:
                model["FSalerId"] = number(saler)
        if "FNote" in payload:
            model["FNote"] = payload["FNote"] or ""
        if payload.get("FDate") or current is None:
            model["FDate"] = payload.get("FDate") or self._today()
        if "FCustId" in payload:
            model["FCustId"] = number(self._tables.name_customer(payload["FCustId"]["Id"]))
        finance: Model = {} if current is not None else {"FIsIncludedTax": False}
        if currency := take_number(payload, "FSettleCurrId"):
            finance["FSettleCurrId"] = number(currency)
        if finance:
            model["FSaleOrderFinance"] = finance
        if "Lines" in payload or current is None:
            model[ORDER.entity] = self._make_lines(payload.get("Lines") or (), current)
        return model

    def _make_lines(self, lines: Sequence[Payload], current: SourceRecord | None) -> list[Model]:
        """The complete list; a line that is known keeps its id."""
        known = {line[ORDER.line_id] for line in current.payload["Lines"]} if current is not None else set()
        named = [line["FMaterialId"]["Id"] for line in lines if (line.get("FMaterialId") or {}).get("Id")]
        materials = self._tables.name_materials(named)
        return [self._make_line(line, known, materials) for line in lines]

    def _make_line(self, line: Payload, known: set[Any], materials: Mapping[str, Mapping[str, str]]) -> Model:
        material = materials.get(str((line.get("FMaterialId") or {}).get("Id") or ""))
        if material is None:
            raise Rejected("kingdee.material_missing")
        model: Model = {} if str(line.get(ORDER.line_id)) not in known else {ORDER.line_id: int(line[ORDER.line_id])}
        return model | {
            "FMaterialId": number(material["FNumber"]),
            "FUnitID": number(take_number(line, "FUnitID") or material["FBaseUnitId.FNumber"]),
            "FQty": to_decimal(line["FQty"]),
            "FPrice": to_decimal(line["FPrice"]),
            "FEntryTaxRate": to_decimal(line.get("FEntryTaxRate") or "0"),
        }

    def _today(self) -> str:
        moment: datetime = self._clock.now().astimezone(self._zone)
        return moment.date().isoformat()


def to_decimal(text: Any) -> Decimal:
    """An amount that the mapping wrote."""
    try:
        return Decimal(str(text))
    except InvalidOperation as error:
        raise Rejected("kingdee.not_a_number", value=text) from error
