"""Writing products: a variant together with its template, through the template."""

from __future__ import annotations

from typing import Any

from connectors.tryton.sinks import Current, Payload, Request, TrytonSink, pick_changes, to_decimal
from hub.errors import IsthmusError, OutcomeUnknown, Rejected
from hub.sdk import ALL_FIELDS, Draft, Stage, Tier, WriteSemantics

BESIDE_CODE = frozenset({"name", "unit", "list_price", "currency", "tax_rate", "note"})
"""What can be edited where the code holds our reference."""


class ProductSink(TrytonSink):
    """Products. Our reference is an identifier of the variant without a type, or its code when the admin gave that to
    the hub."""

    kind = "product"
    stream = "product"

    @property
    def semantics(self) -> WriteSemantics:
        unique = self.is_reference_unique
        return WriteSemantics(
            tier=Tier.UNIQUE if unique else Tier.PLAIN,
            reference_field="product.product code" if unique else "product.identifier code (type empty)",
            editable={Stage.EFFECTIVE: BESIDE_CODE if unique else ALL_FIELDS},
            compare_and_set=True,
            confirms_version=True,
            shows_modifier=True,
            d_max_s=self.d_max_s,
        )

    @property
    def is_reference_unique(self) -> bool:
        return self._config.codes_as_reference

    @property
    def reference_path(self) -> str:
        return "code" if self.is_reference_unique else "identifiers.code"

    def refuses_edits(self, current: Current) -> str | None:
        return None if current.payload["active"] else "inactive"

    def make_create(self, draft: Draft) -> Request:
        payload = draft.payload
        template = payload.get("template") or {}
        unit = self._find_unit(payload)
        rate = payload.get("tax_rate")
        variant: dict[str, Any] = {"description": payload.get("description") or None}
        if not self.is_reference_unique:
            variant["identifiers"] = [["create", [{"type": None, "code": draft.ref}]]]
        self._check_currency(payload)
        values = {
            "name": template.get("name") or None,
            "code": draft.ref if self.is_reference_unique else payload.get("code") or None,
            "type": self._config.product_type,
            "default_uom": unit,
            "sale_uom": unit,
            "salable": True,
            "list_price": to_decimal(payload.get("list_price_used") or 0),
            "account_category": self._tables.find_category(None if rate is None else to_decimal(rate)),
            "products": [["create", [variant]]],
        }
        return Request("product.template", "create", [[values]])

    def read_created(self, answer: Any) -> int:
        """A template was made; the record is its variant."""
        template = super().read_created(answer)
        try:
            rows = self._stream.read_rows([["template", "=", template]])
        except IsthmusError as failed:
            raise OutcomeUnknown("tryton.no_answer", vendor=failed.vendor, where="product.template") from failed
        return super().read_created([row["id"] for row in rows])

    def make_patch(self, current: Current, payload: Payload) -> Request:
        known = current.payload
        template = payload.get("template") or {}
        values = pick_changes({name: template[name] for name in ("name",) if name in template}, known["template"])
        variant = pick_changes({name: payload[name] for name in ("description",) if name in payload}, known)
        self._check_currency(payload)
        if "code" in payload and not self.is_reference_unique:
            values.update(self._change_code(current, payload["code"]))
        if "list_price_used" in payload:
            place = variant if known["list_price"] is not None else values
            place["list_price"] = to_decimal(payload["list_price_used"])
        if "default_uom" in template:
            values["default_uom"] = values["sale_uom"] = self._find_unit(payload)
        if payload.get("tax_rate") is not None:
            values["account_category"] = self._tables.find_category(to_decimal(payload["tax_rate"]))
        if identifiers := current.list_ids("identifiers"):
            variant["identifiers"] = [["write", identifiers, {}]]
        # Through the template, so that one write has both under its lock.
        values["products"] = [["write", [current.id], variant]]
        stamps = current.stamps("template", "identifiers")
        return Request("product.template", "write", [[known["template"]["id"]], values], stamps)

    def _change_code(self, current: Current, code: str | None) -> dict[str, Any]:
        known = current.payload
        if (code or None) == known["code"]:
            return {}
        if len(known["template"]["products"]) > 1 or known["suffix_code"]:
            raise Rejected("tryton.code_of_family", known=known["code"] or "-")
        return {"code": code or None}

    def _find_unit(self, payload: Payload) -> int:
        symbol = ((payload.get("template") or {}).get("default_uom") or {}).get("symbol")
        if not symbol:
            raise Rejected("tryton.unit_missing")
        return self._tables.find_unit(symbol)

    def _check_currency(self, payload: Payload) -> None:
        wanted, found = self._tables.company_currency, payload.get("currency")
        if found and found != wanted:
            raise Rejected("tryton.other_currency", wanted=wanted, found=found)
