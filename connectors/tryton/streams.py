"""What can be read: parties, products and sales, each with its children and the facts that the protocol needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from connectors.tryton.client import TrytonClient
from connectors.tryton.members import (
    Child,
    Member,
    Row,
    find_changed_at,
    find_version,
    list_members,
    name_fields,
    search_changed,
    was_changed_by,
)
from connectors.tryton.shapes import (
    STAGES,
    find_reference,
    has_live_children,
    shape_party,
    shape_product,
    shape_sale,
)
from connectors.tryton.tables import TrytonTables
from hub.errors import NeedsConsent
from hub.sdk import Page, ReadSemantics, SourceRecord, Stage, Stream, Tools

IDS_AT_ONCE = 5000
RESOURCES_AT_ONCE = 1000
ROBOT = 0
"""Tryton's own user: scheduled work and the task queue."""


class TrytonStream(Stream):
    """One model with its children, read in one call. The subclasses say which fields, and shape the rows."""

    name: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    model: ClassVar[str] = ""
    header: ClassVar[tuple[str, ...]] = ()
    children: ClassVar[tuple[Child, ...]] = ()
    id_prefix: ClassVar[str] = ""
    """What tells its ids from those of another model in the same stream of the hub."""

    def __init__(self, client: TrytonClient, tables: TrytonTables, tools: Tools) -> None:
        self._client = client
        self._tables = tables
        self._clock = tools.clock

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(cursor_field="write_date")

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """In the order of ids, which is safe within one pull because ``since`` stays. The high water never passes the
        start of the pull: a record with a small id may change while the later pages are read."""
        started = self._clock.now()
        last, began = (position["id"], datetime.fromisoformat(position["began"])) if position else (0, started)
        domain: list[Any] = [*self.scope(), ["id", ">", last]]
        if since is not None:
            domain.append(search_changed(since, self.children))
        records = self.read_records(domain, limit=limit)
        times = [record.modified_at for record in records if record.modified_at]
        more = len(records) == limit
        following = {"id": self._read_id(records[-1].external_id), "began": began.isoformat()} if more else None
        return Page(records, following, min(max(times), began) if times else None)

    def fetch(self, external_id: str) -> SourceRecord | None:
        id = self._read_id(external_id)
        found = self.read_records([*self.scope(), ["id", "=", id]]) if id is not None else []
        return found[0] if found else None

    def _read_id(self, external_id: str) -> int | None:
        text = external_id.removeprefix(self.id_prefix)
        fits = external_id.startswith(self.id_prefix) and text.isdigit()
        return int(text) if fits else None

    def list_ids(self) -> Sequence[str]:
        found: list[str] = []
        last = 0
        while True:
            domain = [*self.scope(), ["id", ">", last]]
            ids = self._client.read(self.model, "search", domain, 0, IDS_AT_ONCE, [["id", "ASC"]])
            found += [f"{self.id_prefix}{id}" for id in ids]
            if len(ids) < IDS_AT_ONCE:
                return found
            last = ids[-1]

    def read_records(self, domain: Sequence[Any], *, limit: int | None = None) -> list[SourceRecord]:
        """The records that a domain finds, cancelled and deactivated ones included."""
        started = self._clock.now()
        self._tables.warm_up()
        rows = self.read_rows(domain, limit=limit)
        members = {row["id"]: self.members_of(row) for row in rows}
        touched = self._find_touched([member for held in members.values() for member in held])
        return [self._make_record(row, members[row["id"]], touched, started) for row in rows]

    def read_rows(self, domain: Sequence[Any], *, limit: int | None = None) -> list[dict[str, Any]]:
        """The same as rows of the server."""
        return self._client.search_read(self.model, domain, name_fields(self.header, self.children), limit=limit)

    def members_of(self, row: Row) -> list[Member]:
        return list_members(row, self.model, self.children)

    def scope(self) -> list[Any]:
        """The domain of what this stream is about at all."""
        return []

    def shape(self, row: Row) -> dict[str, Any]:
        """A row as the payload that the mapping reads."""
        raise NotImplementedError

    def add_rate(self, payload: dict[str, Any], day: str) -> dict[str, Any]:
        """A document with what its currency is worth in that of the company on the day in this field."""
        rate = self._tables.find_rate((payload["currency"] or {}).get("code", ""), payload[day])
        return {**payload, "base_currency": self._tables.company_currency, **({"rate": rate} if rate else {})}

    def stage_of(self, payload: Mapping[str, Any]) -> Stage:
        return Stage.EFFECTIVE

    def reference_of(self, payload: Mapping[str, Any]) -> str | None:
        raise NotImplementedError

    def number_of(self, payload: Mapping[str, Any]) -> str | None:
        return payload["code"] or None

    def is_held(self, payload: Mapping[str, Any]) -> bool:
        """Whether documents hang on it that forbid a void."""
        return False

    def _make_record(
        self, row: Row, members: list[Member], touched: set[str] | None, started: datetime
    ) -> SourceRecord:
        payload, us = self.shape(row), self._client.user_id
        own = {member.resource for member in members if member.locked}
        return SourceRecord(
            stream=self.name,
            external_id=f"{self.id_prefix}{row['id']}",
            payload=payload,
            read_at=started,
            modified_at=find_changed_at(members),
            version=find_version(members),
            stage=self.stage_of(payload),
            number=self.number_of(payload),
            reference=self.reference_of(payload),
            created_by_us=row["create_uid"] == us,
            touched_by_person=None if touched is None else bool(own & touched),
            changed_by_us=was_changed_by(members, us),
            live_children=self.is_held(payload),
        )

    def _find_touched(self, members: Sequence[Member]) -> set[str] | None:
        """Which of the records somebody else ever wrote or moved on, from Tryton's log. None when the log cannot be
        read: no right to it, or a record was deleted meanwhile (then Tryton refuses the whole question)."""
        resources = sorted({member.resource for member in members if member.locked})
        ours = (self._client.user_id, ROBOT, None)
        touched: set[str] = set()
        for start in range(0, len(resources), RESOURCES_AT_ONCE):
            domain = [["resource", "in", resources[start : start + RESOURCES_AT_ONCE]]]
            try:
                rows = self._client.search_read("ir.model.log", domain, ["resource", "user"])
            except NeedsConsent as refused:
                if refused.code != "tryton.read_refused":
                    raise
                return None
            touched |= {row["resource"] for row in rows if row["user"] not in ours}
        return touched


class PartyStream(TrytonStream):
    """Customers and everybody else in Tryton's party list."""

    name = "party"
    kind = "account"
    model = "party.party"
    header = ("name", "code", "active")
    children = (
        Child(
            "addresses",
            "party.address",
            ("active", "street", "city", "postal_code", "country.code", "subdivision.name", "invoice", "delivery"),
        ),
        Child("contact_mechanisms", "party.contact_mechanism", ("active", "type", "value")),
        Child("identifiers", "party.identifier", ("active", "type", "code")),
    )

    def shape(self, row: Row) -> dict[str, Any]:
        return shape_party(row)

    def reference_of(self, payload: Mapping[str, Any]) -> str | None:
        codes = [item["code"] for item in payload["identifiers"].get("none", ())]
        return find_reference([payload["code"], *codes])


class ProductStream(TrytonStream):
    """Variants, which is what a sale line names, each with the template that holds name, unit and price."""

    name = "product"
    kind = "product"
    model = "product.product"
    header = ("code", "suffix_code", "active", "description", "list_price", "list_price_used")
    children = (
        Child(
            "template",
            "product.template",
            (
                *("name", "code", "type", "active", "salable", "list_price", "products"),
                *("default_uom.symbol", "sale_uom.symbol"),
                *("account_category.name", "account_category.customer_taxes_used.rate"),
                "account_category.customer_taxes_used.type",
            ),
        ),
        Child("identifiers", "product.identifier", ("type", "code")),
    )

    def shape(self, row: Row) -> dict[str, Any]:
        return shape_product(row, self._tables.company_currency)

    def reference_of(self, payload: Mapping[str, Any]) -> str | None:
        codes = [item["code"] for item in payload["identifiers"] if item["type"] is None]
        return find_reference([payload["code"], *codes])


class SaleStream(TrytonStream):
    """Sales of the company, in every state."""

    name = "sale"
    kind = "order"
    model = "sale.sale"
    header = (
        *("number", "reference", "description", "comment", "company", "party", "currency.code", "sale_date"),
        *("state", "invoice_state", "shipment_state", "untaxed_amount", "tax_amount", "total_amount"),
        *("invoice_address", "shipment_address", "shipments.state", "shipment_returns.state"),
    )
    children = (
        Child(
            "lines",
            "sale.line",
            (
                *("type", "sequence", "product", "description", "note", "quantity", "unit.symbol", "unit_price"),
                *("amount", "moves_progress", "taxes.name", "taxes.type", "taxes.rate"),
            ),
        ),
        Child("invoices", "account.invoice", ("number", "state", "total_amount", "amount_to_pay"), locked=False),
    )

    def scope(self) -> list[Any]:
        company = self._client.company_id
        return [] if company is None else [["company", "=", company]]

    def shape(self, row: Row) -> dict[str, Any]:
        return self.add_rate(shape_sale(row), "sale_date")

    def stage_of(self, payload: Mapping[str, Any]) -> Stage:
        """A state that we do not know is pending: nothing may be written to it."""
        return STAGES.get(payload["state"], Stage.SUBMITTED)

    def reference_of(self, payload: Mapping[str, Any]) -> str | None:
        return payload["reference"] or None

    def number_of(self, payload: Mapping[str, Any]) -> str | None:
        return payload["number"] or None

    def is_held(self, payload: Mapping[str, Any]) -> bool:
        return has_live_children(payload)
