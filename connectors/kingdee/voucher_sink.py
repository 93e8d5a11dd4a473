"""Writing vouchers: balanced already, with the customer and the material as dimensions of their lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.kingdee.order_sink import to_decimal
from connectors.kingdee.shapes import CUSTOMER, DIMENSIONS, MATERIAL, VOUCHER, Shape
from connectors.kingdee.sinks import KingdeeSink, Model, Payload, number, take_number
from hub.errors import IsthmusError, Locked, Rejected
from hub.sdk import Draft, Normaliser, SourceRecord, Stage, Tier, WriteSemantics, Written

NAMED: Mapping[str, Shape] = {"FDETAILID__FFLEX6": CUSTOMER, "FDETAILID__FFLEX8": MATERIAL}
"""Dimensions that are records of the hub, written by their number."""
AMOUNTS = ("FDEBIT", "FCREDIT", "FAMOUNTFOR")


class VoucherSink(KingdeeSink):
    """Vouchers of one organisation. The form has no bill number, so only a text field of one's own can carry the
    reference: without it nothing there can be found again, and a lost answer is a person's to settle."""

    kind = "voucher"
    stream = VOUCHER.form
    can_cancel = False
    normalisers = {"lines.summary": Normaliser(max_length=255)}

    @property
    def semantics(self) -> WriteSemantics:
        """A voucher is never cancelled: a draft that is void is deleted, a posted one is taken back in red."""
        declared = replace(super().semantics, void_removes=True, voidable=frozenset({Stage.DRAFT}))
        if self._stream.carries_reference:
            return declared
        return replace(declared, tier=Tier.BLIND, reference_field=None)

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        if self._stream.carries_reference:
            return super().create(drafts)
        return [self._create_blindly(draft) for draft in drafts]

    def _create_blindly(self, draft: Draft) -> Written | IsthmusError:
        try:
            saved = self._client.save(self._form, self.make_model(draft.payload, None), {"IsDeleteEntry": True})
            return self._make_written(saved)
        except IsthmusError as error:
            return error

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        return super().find(ref_prefix) if self._stream.carries_reference else ()

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        current = self._stream.fetch(external_id)
        if current is not None and current.stage is not Stage.DRAFT:
            raise Locked("kingdee.void_needs_draft", state=current.payload["State"])
        self.delete(external_id, if_version=if_version)
        return Written(external_id, None, None)

    def make_model(self, payload: Payload, current: SourceRecord | None) -> Model:
        model: Model = {}
        if current is None:
            model["FACCBOOKORGID"] = number(self._config.organisation)
            model["FSystemID"] = "GL"
        if day := payload.get("FDate"):
            year, month, _ = str(day).split("-", 2)
            model |= {"FDate": day, "FBUSDATE": day, "FYEAR": int(year), "FPERIOD": int(month)}
        for key in ("FAccountBookID", "FVOUCHERGROUPID"):
            if found := take_number(payload, key):
                model[key] = number(found)
            elif current is None:
                raise Rejected("kingdee.voucher_unsaid", field=key)
        if "FATTACHMENTS" in payload:
            model["FATTACHMENTS"] = int(to_decimal(payload["FATTACHMENTS"] or 0))
        if "Lines" in payload or current is None:
            model[VOUCHER.entity] = self._make_lines(payload.get("Lines") or (), current)
        return model

    def _make_lines(self, lines: Sequence[Payload], current: SourceRecord | None) -> list[Model]:
        known = {line[VOUCHER.line_id] for line in current.payload["Lines"]} if current is not None else set()
        names = {key: self._tables.name_all(shape, _list_ids(lines, key)) for key, shape in NAMED.items()}
        return [self._make_line(line, known, names) for line in lines]

    def _make_line(self, line: Payload, known: set[Any], names: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Model:
        id = line.get(VOUCHER.line_id)
        model: Model = {VOUCHER.line_id: int(str(id))} if str(id) in known else {}
        model |= {"FEXPLANATION": line.get("FEXPLANATION") or "", "FACCOUNTID": number(take_number(line, "FACCOUNTID"))}
        if currency := take_number(line, "FCURRENCYID"):
            model["FCURRENCYID"] = number(currency)
        model |= {
            "FEXCHANGERATETYPE": number("HLTX01_SYS"),
            "FEXCHANGERATE": to_decimal(line.get("FEXCHANGERATE") or 1),
        }
        model |= {key: to_decimal(line.get(key) or 0) for key in AMOUNTS}
        details = {}
        for key in DIMENSIONS:
            named = (line.get(key) or {}).get("Id") if key in NAMED else ""
            found = names[key][str(named)][NAMED[key].number_key] if named else take_number(line, key)
            if found:
                details[key] = number(found)
        if details:
            model["FDetailID"] = details
        return model


def _list_ids(lines: Sequence[Payload], key: str) -> list[str]:
    return [id for line in lines if (id := (line.get(key) or {}).get("Id"))]
