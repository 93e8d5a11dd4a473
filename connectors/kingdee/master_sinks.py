"""Writing customers and materials. Both are documents of their own there: only audited ones can be used."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kingdee.client import quote_text
from connectors.kingdee.shapes import CUSTOMER, MATERIAL
from connectors.kingdee.sinks import KingdeeSink, Model, Payload, number, take_number
from hub.sdk import Normaliser, SourceRecord

TEXT = Normaliser()


class MasterSink(KingdeeSink):
    """Master data is never cancelled; people forbid it. It is made in one organisation, which uses it too; allocating
    it to others is people's work."""

    can_cancel = False

    def _place(self) -> Model:
        org = number(self._config.organisation)
        return {"FCreateOrgId": org, "FUseOrgId": org}


class CustomerSink(MasterSink):
    kind = "account"
    stream = CUSTOMER.form
    normalisers = {"note": TEXT, "identifiers.value": Normaliser(case="upper")}
    texts = ("FName", "FSOCIALCRECODE", "FTEL", "FADDRESS", "FWEBSITE", "FDescription")

    def find_by_identifier(self, kind: str, value: str) -> Sequence[SourceRecord]:
        """The 统一社会信用代码 has a field of its own."""
        return self._stream.read_where(f"FSOCIALCRECODE = {quote_text(value)}") if kind == "uscc" else ()

    def make_model(self, payload: Payload, current: SourceRecord | None) -> Model:
        model = {key: payload[key] or "" for key in self.texts if key in payload}
        return model if current is not None else {**self._place(), **model}


class MaterialSink(MasterSink):
    kind = "product"
    stream = MATERIAL.form
    normalisers = {"note": TEXT}

    def make_model(self, payload: Payload, current: SourceRecord | None) -> Model:
        model: Model = {key: payload[key] or "" for key in ("FName", "FDescription") if key in payload}
        if unit := take_number(payload, "FBaseUnitId"):
            model["SubHeadEntity"] = {"FBaseUnitId": number(unit)}
        return model if current is not None else {**self._place(), **model}
