"""Writing sales: drafts with their lines, and the actions quote, confirm and cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton.shapes import add_rates, name_reference_field
from connectors.tryton.sinks import (
    Current,
    Payload,
    Request,
    TrytonSink,
    pick_changes,
    to_date,
    to_decimal,
    to_id,
)
from hub.errors import Locked, Rejected, Stale
from hub.sdk import ALL_FIELDS, Amend, Confirm, Draft, Normaliser, Stage, Tier, WriteSemantics, Written

QUOTED = frozenset({"quotation", "confirmed", "processing", "done"})
CONFIRMED = frozenset({"confirmed", "processing", "done"})
CANCELLED = frozenset({"cancelled"})
DELETABLE = frozenset({"draft", "cancelled"})
PRODUCT_FIELDS = (
    "sale_uom.symbol",
    "template.account_category.customer_taxes_used.type",
    "template.account_category.customer_taxes_used.rate",
)
Commands = list[list[Any]]


class SaleSink(TrytonSink):
    """Sales. Our reference is the sale's ``reference``, which Tryton empties when people duplicate a sale."""

    kind = "order"
    stream = "sale"

    @property
    def semantics(self) -> WriteSemantics:
        """As measured on 8.2, see docs/connectors/tryton-facts.md. Everybody who may sell may confirm our drafts."""
        return WriteSemantics(
            tier=Tier.DRAFT,
            reference_field="sale.sale reference",
            confirms=frozenset(Confirm),
            amend=Amend.REFUSE,
            editable={
                Stage.DRAFT: ALL_FIELDS,
                Stage.SUBMITTED: frozenset({"note", "ordered_on"}),
                Stage.EFFECTIVE: frozenset({"note"}),
            },
            voidable=frozenset({Stage.DRAFT, Stage.SUBMITTED}),
            deletable=frozenset({Stage.DRAFT}),
            compare_and_set=True,
            confirms_version=True,
            shows_modifier=True,
            d_max_s=self.d_max_s,
            normalisers={"note": Normaliser(), "reference": Normaliser()},
        )

    @property
    def reference_path(self) -> str:
        return "reference"

    def refuses_edits(self, current: Current) -> str | None:
        state = str(current.payload["state"])
        return None if state == "draft" else state

    def make_create(self, draft: Draft) -> Request:
        payload = draft.payload
        party = to_id(payload["party"])
        values: dict[str, Any] = {
            "party": party,
            "reference": draft.ref,
            "description": payload.get("customer_reference") or None,
            "comment": payload.get("comment") or None,
            "sale_date": to_date(payload.get("sale_date")),
            **self._find_addresses(party),
        }
        if code := (payload.get("currency") or {}).get("code"):
            values["currency"] = self._tables.find_currency(code)
        lines = payload.get("lines", ())
        if lines:
            products = self._read_products(lines)
            values["lines"] = [["create", [self._make_line(line, {}, products) for line in lines]]]
        return Request("sale.sale", "create", [[values]])

    def make_patch(self, current: Current, payload: Payload) -> Request:
        known = current.payload
        texts = {"comment": "comment", "customer_reference": name_reference_field(known)}
        wanted = {place: payload[name] for name, place in texts.items() if name in payload}
        values: dict[str, Any] = {name: text or None for name, text in pick_changes(wanted, known).items()}
        if "sale_date" in payload and payload["sale_date"] != known["sale_date"]:
            values["sale_date"] = to_date(payload["sale_date"])
        if "party" in payload and to_id(payload["party"]) != known["party"]:
            party = to_id(payload["party"])
            values.update({"party": party, **self._find_addresses(party)})
        if "currency" in payload and payload["currency"].get("code") != known["currency"]["code"]:
            values["currency"] = self._tables.find_currency(payload["currency"]["code"])
        if known["state"] != "draft":
            if "lines" in payload:
                # The server itself would let the taxes of lines through in every state.
                raise Locked("tryton.locked", state=known["state"])
            return Request("sale.sale", "write", [[current.id], values], current.stamps())
        commands = self._change_lines(current, payload["lines"]) if "lines" in payload else []
        removed = {id for command in commands if command[0] == "delete" for id in command[1]}
        if held := [id for id in current.list_ids("lines") if id not in removed]:
            # The empty write puts every line under the lock, changed or not; a delete looks at the lock by itself.
            commands.insert(0, ["write", held, {}])
        values["lines"] = commands
        return Request("sale.sale", "write", [[current.id], values], current.stamps("lines"))

    def submit(self, external_id: str, *, if_version: int | None) -> Written:
        return self._act(external_id, "quote", {"draft"}, QUOTED, if_version)

    def confirm(self, external_id: str, *, if_version: int | None) -> Written:
        """Quote first when it is still a draft: two requests, the second under the lock of what the first left."""
        state = self.look_up(external_id).payload["state"]
        if state == "draft":
            quoted = self._act(external_id, "quote", {"draft"}, QUOTED, if_version)
            if quoted.version is None:
                raise Stale("tryton.stale")
            if_version = quoted.version
        return self._act(external_id, "confirm", {"quotation"}, CONFIRMED, if_version)

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        return self._act(external_id, "cancel", {"draft", "quotation"}, CANCELLED, if_version)

    def delete(self, external_id: str, *, if_version: int | None) -> None:
        current = self.find_current(external_id)
        if current is None:
            return
        current = self.look_up(external_id, if_version)
        if current.payload["state"] not in DELETABLE:
            raise Locked("tryton.locked", state=current.payload["state"])
        try:
            self.send(Request("sale.sale", "delete", [[current.id]], current.stamps("lines")))
        except Rejected as refused:
            if self.find_current(external_id) is None:
                return
            raise self._explain(refused, external_id) from refused

    def _act(
        self, external_id: str, action: str, starts: set[str], done: frozenset[str], if_version: int | None
    ) -> Written:
        """One button. Already done counts as success; a state that does not have the button is ``Locked``."""
        current = self.look_up(external_id)
        state = current.payload["state"]
        if state in done:
            return self.read_back(current.id)
        if state not in starts:
            raise Locked("tryton.locked", state=state)
        if if_version is not None and current.version != if_version:
            raise Stale("tryton.stale")
        try:
            self.send(Request("sale.sale", action, [[current.id]], current.stamps()))
        except Rejected as refused:
            return self._judge_refusal(refused, current, done)
        return self.read_back(current.id)

    def _judge_refusal(self, refused: Rejected, before: Current, done: frozenset[str]) -> Written:
        """Somebody was faster, or the state forbids it by now, or something is missing (an address, say)."""
        state = self.look_up(str(before.id)).payload["state"]
        if state in done:
            return self.read_back(before.id)
        if state != before.payload["state"]:
            raise Locked("tryton.locked", vendor=refused.vendor, state=state) from refused
        raise refused

    def _find_addresses(self, party: int) -> dict[str, int | None]:
        """The party's own addresses for invoices and goods, as the client's window would propose them."""
        fields = ["addresses.active", "addresses.invoice", "addresses.delivery"]
        rows = self._client.search_read("party.party", [["id", "=", party]], fields)
        if not rows:
            raise Rejected("tryton.gone", model="party.party", id=party)
        active = [address for address in rows[0]["addresses."] if address["active"]]
        return {
            "invoice_address": _choose_address(active, "invoice"),
            "shipment_address": _choose_address(active, "delivery"),
        }

    def _read_products(self, lines: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
        """Unit and taxes of the products that the lines name."""
        ids = sorted({to_id(line["product"]) for line in lines if line.get("product")})
        if not ids:
            return {}
        rows = self._client.search_read("product.product", [["id", "in", ids]], PRODUCT_FIELDS)
        return {row["id"]: row for row in rows}

    def _change_lines(self, current: Current, wanted: Sequence[Mapping[str, Any]]) -> Commands:
        """The complete list of lines of type ``line``; titles, subtotals and comments stay."""
        known = {line["id"]: line for line in current.payload["lines"] if line["type"] == "line"}
        kept = {to_id(line["id"]): line for line in wanted if line.get("id")}
        products = self._read_products(wanted)
        commands: Commands = []
        for id, line in kept.items():
            if id in known and (changes := self._make_line(line, known[id], products)):
                commands.append(["write", [id], changes])
        removed = [id for id in known if id not in kept]
        new = [line for line in wanted if not line.get("id") or to_id(line["id"]) not in known]
        commands += [["delete", removed]] if removed else []
        return commands + ([["create", [self._make_line(line, {}, products) for line in new]]] if new else [])

    def _make_line(
        self, wanted: Mapping[str, Any], known: Mapping[str, Any], products: Mapping[int, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """The values of a line that differ from what is there."""
        product = to_id(wanted["product"]) if wanted.get("product") else None
        values: dict[str, Any] = {} if known else {"type": "line"}
        if not known or product != known["product"]:
            values["product"] = product
        if (wanted.get("description") or None) != (known.get("description") or None):
            values["description"] = wanted.get("description") or None
        quantity, price = to_decimal(wanted["quantity"]), to_decimal(wanted["unit_price"])
        if not known or quantity != to_decimal(known["quantity"]):
            values["quantity"] = float(quantity)
        if not known or price != to_decimal(known["unit_price"]):
            values["unit_price"] = price
        sold = products.get(product) if product is not None else None
        return values | self._make_unit(wanted, known, sold or {}) | self._make_taxes(wanted, known, sold or {})

    def _make_unit(
        self, wanted: Mapping[str, Any], known: Mapping[str, Any], product: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A line without a unit takes the one that its product is sold in."""
        symbol = (wanted.get("unit") or {}).get("symbol") or None
        if symbol is not None and symbol == (known.get("unit") or {}).get("symbol"):
            return {}
        if symbol is not None:
            return {"unit": self._tables.find_unit(symbol)}
        if not product.get("sale_uom."):
            raise Rejected("tryton.unit_missing")
        return {} if known.get("unit") else {"unit": product["sale_uom."]["id"]}

    def _make_taxes(
        self, wanted: Mapping[str, Any], known: Mapping[str, Any], product: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Tryton's server fills no taxes in. The product's own when they have the rate, else the one tax that has."""
        rate = to_decimal(wanted.get("tax_rate") or 0)
        if known and known["tax_rate"] is not None and Decimal(known["tax_rate"]) == rate:
            return {}
        category = (product.get("template.") or {}).get("account_category.") or {}
        own = category.get("customer_taxes_used.") or []
        own_rate = add_rates(own)
        fits = own_rate is not None and Decimal(own_rate) == rate
        taxes = [tax["id"] for tax in own] if fits else self._tables.find_taxes(rate)
        old = [tax["id"] for tax in known.get("taxes", ())]
        commands = [*([["remove", old]] if old else []), *([["add", taxes]] if taxes else [])]
        return {"taxes": commands} if commands else {}


def _choose_address(addresses: Sequence[Mapping[str, Any]], flag: str) -> int | None:
    """The first with the flag, else the first at all."""
    flagged = [address["id"] for address in addresses if address[flag]]
    return next(iter(flagged or [address["id"] for address in addresses]), None)
