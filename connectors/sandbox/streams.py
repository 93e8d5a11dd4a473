"""What can be read: partners, items, sales and what they lead to, each as the ERP sends it with what the protocol
needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from connectors.sandbox.client import Row, SandboxClient
from connectors.sandbox.config import SandboxConfig
from connectors.sandbox.remarks import read_remark
from hub.errors import Transient
from hub.sdk import Page, ReadSemantics, SourceRecord, Stage, Stream, Tools

STAGES = {
    "draft": Stage.DRAFT,
    "submitted": Stage.SUBMITTED,
    "approved": Stage.EFFECTIVE,
    "closed": Stage.EFFECTIVE,
    "void": Stage.VOID,
}
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading raises where an answer has another shape."""


class SandboxStream(Stream):
    """One kind of the ERP; the subclasses only name it."""

    name: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    def __init__(self, client: SandboxClient, config: SandboxConfig, tools: Tools) -> None:
        self._client = client
        self._config = config
        self._clock = tools.clock

    @property
    def semantics(self) -> ReadSemantics:
        """Changes are listed by their time; a late write may have an earlier one."""
        return ReadSemantics(cursor_field="modified_at")

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        started = self._clock.now()
        page = self._client.list_changes(self.name, since.isoformat() if since else None, position, limit)
        try:
            records = [self.make_record(row, started) for row in page["items"]]
            times = [record.modified_at for record in records if record.modified_at]
            return Page(records, read_position(page["next"]), max(times, default=None))
        except UNREADABLE as error:
            raise Transient("sandbox.unreadable", vendor=str(page)[:300], where=self.name) from error

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        row = self._client.get(self.name, external_id)
        return self.make_record(row, started) if row is not None else None

    def list_ids(self) -> Sequence[str]:
        return self._client.list_ids(self.name)

    def make_record(self, row: Row, started: datetime) -> SourceRecord:
        """A row of the ERP; ``started`` is when the read began."""
        try:
            return self._make_record(row, started)
        except UNREADABLE as error:
            raise Transient("sandbox.unreadable", vendor=str(row)[:300], where=self.name) from error

    def _make_record(self, row: Row, started: datetime) -> SourceRecord:
        return SourceRecord(
            stream=self.name,
            external_id=row["id"],
            payload=row,
            read_at=started,
            modified_at=datetime.fromisoformat(row["modified_at"]),
            version=row.get("version"),
            stage=read_stage(row),
            number=row.get("number") or row.get("code") or None,
            reference=row.get("our_ref") or None,
            created_by_us=self._is_us(row.get("created_by")),
            touched_by_person=row.get("touched"),
            changed_by_us=self._is_us(row.get("changed_by")),
            live_children=row.get("live_children", False),
            merged_into=row.get("merged_into") or read_remark(row.get("remark")),
        )

    def _is_us(self, login: str | None) -> bool | None:
        return None if login is None else login == self._config.user


class PartnerStream(SandboxStream):
    name = "partner"
    kind = "account"


class ItemStream(SandboxStream):
    name = "item"
    kind = "product"


class SaleStream(SandboxStream):
    name = "sale"
    kind = "order"


class DeliveryStream(SandboxStream):
    name = "delivery"
    kind = "delivery"


class InvoiceStream(SandboxStream):
    name = "invoice"
    kind = "invoice"


class PaymentStream(SandboxStream):
    name = "payment"
    kind = "payment"


STREAMS = (PartnerStream, ItemStream, SaleStream, DeliveryStream, InvoiceStream, PaymentStream)


def read_stage(row: Row) -> Stage:
    """Partners and items have no status: they are in effect. A status we do not know is pending: nothing may be
    written to it."""
    if row.get("deleted"):
        return Stage.GONE
    if "status" not in row:
        return Stage.EFFECTIVE
    return STAGES.get(row["status"], Stage.SUBMITTED)


def read_position(told: Any) -> list[str] | None:
    """Where the next page begins: a time and an id; ``ValueError`` for anything else, which could not be asked for."""
    if told is None:
        return None
    after_time, after_id = told
    if not isinstance(told, list) or not isinstance(after_time, str) or not isinstance(after_id, str):
        raise ValueError("next")
    return [after_time, after_id]
