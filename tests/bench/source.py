"""The records of a benchmark, and a connector that reads them: from memory, or from a plain HTTP server."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import orjson

from connectors.sandbox.client import SandboxClient
from connectors.sandbox.config import SandboxConfig
from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import make_uscc
from connectors.sandbox.streams import ItemStream, PartnerStream, SaleStream, SandboxStream
from hub.sdk import Page, Stream, Tools

Row = dict[str, Any]
Pages = list[list[Row]]
ITEMS = 50
KINDS = {"account": "partner", "product": "item", "order": "sale"}
_BEGIN = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


def make_rows(kind: str, count: int, *, partners: int = 0, lines: int = 3) -> Iterator[Row]:
    """Rows as the sandbox ERP sends them; the same arguments give the same rows."""
    rng = random.Random(f"{kind}/{count}")
    for number in range(1, count + 1):
        if kind == "account":
            yield _make_partner(rng, number)
        elif kind == "product":
            yield _make_item(number)
        else:
            yield _make_sale(rng, number, partners, lines)


def make_pages(kind: str, count: int, size: int, **options: int) -> Pages:
    """The rows of a kind, cut into pages."""
    rows = list(make_rows(kind, count, **options))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _facts(number: int) -> Row:
    return {
        "version": number,
        "modified_at": (_BEGIN + timedelta(milliseconds=number)).isoformat(),
        "created_by": "wang",
        "changed_by": "wang",
        "touched": False,
        "our_ref": "",
    }


def _make_partner(rng: random.Random, number: int) -> Row:
    return {
        "id": f"P{number}",
        "code": f"C{number:07d}",
        "name": f"海岳{number}精密机械有限公司",
        "tax_id": make_uscc(rng),
        "phone": f"021-5555{rng.randrange(10_000):04d}",
        "email": f"purchase{number}@example.com",
        "city": "上海市",
        "street": f"张江路{rng.randrange(1, 400)}号",
        "note": "联系人：李经理",
        "active": True,
        **_facts(number),
    }


def _make_item(number: int) -> Row:
    return {
        "id": f"I{number}",
        "code": f"A-{number:03d}",
        "name": f"轴承 {number} 型",
        "unit": "pcs",
        "price": "12.50",
        "currency": "CNY",
        "tax_percent": "13",
        "note": "",
        "active": True,
        **_facts(number),
    }


def _make_sale(rng: random.Random, number: int, partners: int, lines: int) -> Row:
    figures = {"net": "100.00", "tax": "13.00", "gross": "113.00"}
    shared = {"text": "轴承", "quantity": "8", "unit": "pcs", "price": "12.50", "tax_percent": "13", **figures}
    positions = [
        {"id": f"L{number}-{place}", "item": f"I{rng.randrange(1, ITEMS + 1)}", **shared} for place in range(lines)
    ]
    return {
        "id": f"S{number}",
        "number": f"SO{number:07d}",
        "customer": f"P{rng.randrange(1, partners + 1)}",
        "date": f"2026-{rng.randrange(1, 11):02d}-{rng.randrange(1, 29):02d}",
        "currency": "CNY",
        "customer_ref": f"PO-{number}",
        "note": "",
        "status": "approved",
        "shipping": "none",
        "net": f"{100 * lines}.00",
        "tax": f"{13 * lines}.00",
        "gross": f"{113 * lines}.00",
        "lines": positions,
        **_facts(number),
    }


class PagesConnector(SandboxConnector):
    """The sandbox connector over pages that are there already; it reads nothing from anywhere else."""

    def __init__(self, config: SandboxConfig, tools: Tools, pages: dict[str, Pages]) -> None:
        super().__init__(config, tools)
        client = SandboxClient(config, tools)
        made = (PartnerPages, ItemPages, SalePages)
        self._paged = {cls.name: cls(client, config, tools, pages.get(cls.kind, [])) for cls in made}

    def streams(self) -> dict[str, Stream]:
        return dict(self._paged)


class _Paged(SandboxStream):
    fetches: ClassVar[bool] = True

    def __init__(self, client: SandboxClient, config: SandboxConfig, tools: Tools, pages: Sequence[list[Row]]) -> None:
        super().__init__(client, config, tools)
        self.pages = pages

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """The next page, whatever changed since: a full read."""
        at, started = position or 0, self._clock.now()
        if at >= len(self.pages):
            return Page([])
        records = [self.make_record(row, started) for row in self.pages[at]]
        high = max(record.modified_at for record in records if record.modified_at)
        return Page(records, at + 1 if at + 1 < len(self.pages) else None, high)


class PartnerPages(_Paged, PartnerStream):
    pass


class ItemPages(_Paged, ItemStream):
    pass


class SalePages(_Paged, SaleStream):
    pass


def write_page(rows: list[Row], follows: Row | None) -> bytes:
    """A page as the ERP's HTTP interface answers it; ``follows`` is the last row when another page comes."""
    after = None if follows is None else [follows["modified_at"], follows["id"]]
    return orjson.dumps({"items": rows, "next": after})
