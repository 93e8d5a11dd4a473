"""The yardsticks: what a programmer would write who wants these rows in the database and nothing else.

``PlainLoop`` writes the same rows of the same tables as the hub, unchecked: dictionaries made by hand, SQLAlchemy core
inserts, one transaction for each page. ``load_bare`` reads pages over HTTP and upserts records and lines only.
"""

from __future__ import annotations

import hashlib
import random
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import orjson
from sqlalchemy import Column, Date, Engine, MetaData, Table, Text, insert
from sqlalchemy.dialects import postgresql, sqlite

from hub.model.ids import RANDOM_BITS, make_uuid7
from hub.store.bookkeeping import COMPRESSION
from hub.store.tables import derive_tables
from hub.store.types import ScaledDecimal
from tests.bench.source import KINDS, Pages, Row

Values = dict[str, Any]
LINE_TABLES = {"identifiers": "identifier", "addresses": "address", "lines": "line"}
ACCOUNT_KEYS = 12
"""By so many keys the hub finds one of these customers again; here they are drawn instead of worked out."""
_EMPTY: Values = {"revision": 1, "deleted_at": None, "tags": (), "attributes": {}, "custom": {}}
_BOUND: Values = {
    "connection": "erp", "primary": True, "ours": False, "state": "bound", "stage": "effective", "dirty": False,
    "void_wanted": False, "acked_patch": "", "submitted_revision": 1,
    **{name: {} for name in ("sent", "held", "not_retained", "lines", "parked_params")},
    **dict.fromkeys(
        ("revision", "attempts", "refusals", "fence", "acked_version", "same_patches", "claimed_revision"), 0
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """What the hub's rows of one kind hold, written down by hand. ``origins``: field → where it stands in the source;
    ``shared``: fields that both sides edit; ``initial``: what a field holds before anything is said."""

    origins: Mapping[str, str]
    shared: tuple[str, ...]
    initial: Mapping[str, Any]
    version: str = "1"


SHAPES = {
    "account": Shape(
        {
            "name": "name", "number": "code", "phone": "phone", "email": "email", "note": "note", "state": "active",
            "identifiers": ".", "addresses": ".",
        },
        ("addresses", "email", "identifiers", "name", "note", "phone"),
        {"number": "", "identifiers": [], "addresses": [], "phone": "", "email": "", "note": "", "state": "active"},
    ),
    "product": Shape(
        {
            "currency": "currency", "name": "name", "number": "code", "unit": "unit", "list_price": "price",
            "tax_rate": "tax_percent", "note": "note", "state": "active",
        },
        ("currency", "list_price", "name", "note", "tax_rate", "unit"),
        {"number": "", "unit": "", "list_price": "0", "currency": "CNY", "note": "", "state": "active"},
    ),
    "order": Shape(
        {
            "currency": "currency", "account_id": "customer", "ordered_on": "date", "reference": "customer_ref",
            "note": "note", "number": "number", "state": "status", "fulfilment": "shipping", "net": "net",
            "tax": "tax", "gross": "gross", "lines": "lines",
        },
        ("note",),
        {
            "number": "", "reference": "", "note": "", "state": "draft", "fulfilment": "none", "lines": [],
            "net": "0", "tax": "0", "gross": "0", "base_gross": "0",
        },
    ),
}  # fmt: skip


class PlainLoop:
    """One run over an empty database; ``load`` the kinds in the order account, product, order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tables = derive_tables()[0].tables
        self._random = random.Random(1)
        self._ids: dict[tuple[str, str], UUID] = {}

    def load(self, kind: str, pages: Pages) -> None:
        """Insert everything that these pages hold."""
        for number, page in enumerate(pages):
            rows: dict[str, list[Values]] = defaultdict(list)
            now = datetime.now(UTC)
            for row in page:
                self._add(kind, row, rows, now)
            with self._engine.begin() as connection:
                for name, values in rows.items():
                    connection.execute(insert(self._tables[name]), values)
                self._move_cursor(connection, kind, page[-1], now, is_first=number == 0)

    def _move_cursor(self, connection: Any, kind: str, row: Row, now: datetime, *, is_first: bool) -> None:
        table, stream = self._tables["cursor"], KINDS[kind]
        high = datetime.fromisoformat(row["modified_at"])
        values = {
            "high_water": high, "reading_high": high, "updated_at": now, "completed_at": now, "changed_at": now,
            "silences": [[now.isoformat(), 0]], "tally": {}, "under_way": False, "complete_once": True,
        }  # fmt: skip
        if is_first:
            connection.execute(insert(table), {"connection": "erp", "stream": stream, "epoch": 0, **values})
        else:
            connection.execute(table.update().where(table.c.stream == stream), values)

    def _add(self, kind: str, row: Row, rows: dict[str, list[Values]], now: datetime) -> None:
        id, shape = self._make_id(now), SHAPES[kind]
        self._ids[kind, row["id"]] = id
        record, lines = getattr(self, f"_make_{kind}")(row)
        rows[f"crm_{kind}"].append({"id": id, **_EMPTY, **record, "created_at": now, "updated_at": now})
        for field, items in lines.items():
            table = f"crm_{kind}_{LINE_TABLES[field]}"
            rows[table] += [{f"{kind}_id": id, "position": at, **item} for at, item in enumerate(items)]
        body = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(body).hexdigest()
        source = {"connection": "erp", "stream": KINDS[kind], "external_id": row["id"]}
        rows["payload"].append(
            {
                "id": self._make_id(now), **source, "version": row["version"], "at": now, "digest": digest,
                "body": zlib.compress(body, COMPRESSION),
            }
        )  # fmt: skip
        shown = orjson.loads(orjson.dumps({**record, **lines}, default=str))
        values = {name: shown[name] for name in shape.origins}
        address = f"erp/{KINDS[kind]}/{row['id']}"
        rows["image"].append(
            {
                "record_kind": kind, "record_id": id, "source": address, **source, "values": values,
                "origins": dict(shape.origins), "changed": dict.fromkeys(values, now.isoformat()), "at": now,
                "mapping_version": shape.version, "version": row["version"],
                "digest": hashlib.sha256(f"{digest}{row['version']}".encode()).hexdigest(),
            }
        )  # fmt: skip
        rows["binding"].append(self._make_binding(kind, row, id, values, now))
        if kind == "account":
            rows["candidate_key"] += [
                {"key": self._random.getrandbits(63), "record_id": id} for _ in range(ACCOUNT_KEYS)
            ]
            rows["identity_due"].append({"record_kind": kind, "record_id": id})
        changes = self._list_changes(shape, shown)
        sources = {name: address if name in values else "rule" for name in changes}
        rows["journal"].append(
            {
                "id": self._make_id(now), "at": now, "actor": "bench", "action": "record.created", "record_kind": kind,
                "record_id": id, "connection": "erp", "remote_id": row["id"], "run_id": None,
                "detail": {"changes": changes, "sources": sources},
            }
        )  # fmt: skip

    def _make_id(self, now: datetime) -> UUID:
        return make_uuid7(now, self._random.getrandbits(RANDOM_BITS))

    def _list_changes(self, shape: Shape, shown: Values) -> Values:
        """Field → what it held before, and what it holds now."""
        initial = shape.initial
        said = (name for name in shown if name in initial or name in shape.origins)
        return {
            name: [initial.get(name), shown[name]] for name in said if shown[name] and shown[name] != initial.get(name)
        }

    def _make_binding(self, kind: str, row: Row, id: UUID, values: Values, now: datetime) -> Values:
        base = {name: hashlib.sha256(orjson.dumps(values[name])).hexdigest()[:24] for name in SHAPES[kind].shared}
        return {
            **_BOUND, "id": self._make_id(now), "kind": kind, "hub_id": id, "remote_id": row["id"], "base": base,
            "remote_number": row.get("code") or row.get("number"), "remote_version": row["version"], "updated_at": now,
        }  # fmt: skip

    def _make_account(self, row: Row) -> tuple[Values, dict[str, list[Values]]]:
        record = {
            "name": row["name"], "number": row["code"], "phone": row["phone"], "email": row["email"],
            "note": row["note"], "state": "active" if row["active"] else "inactive", "website": "",
        }  # fmt: skip
        identifier = {"key": "erp:uscc", "kind": "uscc", "value": row["tax_id"], "validity": "valid"}
        address = {
            "key": "erp:main", "kind": "main", "country": "", "province": "", "city": row["city"],
            "street": row["street"], "postal_code": "",
        }  # fmt: skip
        return record, {"identifiers": [identifier], "addresses": [address]}

    def _make_product(self, row: Row) -> tuple[Values, dict[str, list[Values]]]:
        return {
            "name": row["name"], "number": row["code"], "unit": row["unit"], "list_price": Decimal(row["price"]),
            "currency": row["currency"], "tax_rate": Decimal(row["tax_percent"]) / 100, "note": row["note"],
            "state": "active",
        }, {}  # fmt: skip

    def _make_order(self, row: Row) -> tuple[Values, dict[str, list[Values]]]:
        figures = {name: Decimal(row[name]) for name in ("net", "tax", "gross")}
        record = {
            "number": row["number"], "reference": row["customer_ref"],
            "account_id": self._ids["account", row["customer"]], "ordered_on": date.fromisoformat(row["date"]),
            "currency": row["currency"], "rate": Decimal(1), "base_currency": "CNY", "state": row["status"],
            "fulfilment": row["shipping"], "billing": "none", "payment": "none", **figures,
            "base_gross": figures["gross"], "invoiced": Decimal(0), "paid": Decimal(0), "note": row["note"],
        }  # fmt: skip
        lines = [
            {
                "key": f"erp:{line['id']}", "product_id": self._ids["product", line["item"]], "name": line["text"],
                "quantity": Decimal(line["quantity"]), "unit": line["unit"], "unit_price": Decimal(line["price"]),
                "tax_rate": Decimal(line["tax_percent"]) / 100,
                **{name: Decimal(line[name]) for name in ("net", "tax", "gross")},
            }
            for line in row["lines"]
        ]  # fmt: skip
        return record, {"lines": lines}


_bare = MetaData()


def _make_table(name: str, texts: tuple[str, ...], numbers: tuple[str, ...] = (), days: tuple[str, ...] = ()) -> Table:
    columns: list[Column[Any]] = [Column(text, Text) for text in texts]
    columns += [Column(number, ScaledDecimal(6)) for number in numbers]
    return Table(name, _bare, Column("id", Text, primary_key=True), *columns, *(Column(day, Date) for day in days))


BARE = {
    "partner": _make_table(
        "bare_partner",
        ("code", "name", "tax_id", "phone", "email", "city", "street", "note", "active", "modified_at", "fingerprint"),
    ),
    "sale": _make_table(
        "bare_sale",
        ("number", "customer", "currency", "customer_ref", "note", "status", "shipping", "modified_at", "fingerprint"),
        ("net", "tax", "gross"),
        ("date",),
    ),
    "line": _make_table(
        "bare_sale_line",
        ("sale", "item", "text", "unit", "fingerprint"),
        ("quantity", "price", "tax_percent", "net", "tax", "gross"),
    ),
}
"""Record and lines with typed columns; a row is written when its fingerprint differs."""


def create_bare(engine: Engine) -> None:
    """The tables of the bare loop."""
    _bare.create_all(engine)


def load_bare(engine: Engine, url: str, stream: str, size: int) -> int:
    """Read every page and upsert what it holds; how many records."""
    statements = {name: _upsert(table, engine.dialect.name) for name, table in BARE.items()}
    after: list[str] | None = None
    seen = 0
    with httpx.Client(base_url=url) as client:
        while True:
            params: dict[str, str | int] = {"limit": size}
            if after:
                params |= {"after_time": after[0], "after_id": after[1]}
            page = orjson.loads(client.get(f"/api/{stream}", params=params).content)
            with engine.begin() as connection:
                for name, rows in _bare_rows(stream, page["items"]).items():
                    connection.execute(statements[name], rows)
            seen += len(page["items"])
            after = page["next"]
            if after is None:
                return seen


def _bare_rows(stream: str, items: list[Row]) -> dict[str, list[Values]]:
    rows: dict[str, list[Values]] = {stream: []}
    for item in items:
        print_ = hashlib.sha256(orjson.dumps(item, option=orjson.OPT_SORT_KEYS)).hexdigest()
        row = {name: item.get(name) for name in BARE[stream].c.keys()}  # noqa: SIM118 - columns, not a dictionary
        row["fingerprint"] = print_
        if stream == "partner":
            row["active"] = "active" if item["active"] else "inactive"
        else:
            row |= {name: Decimal(item[name]) for name in ("net", "tax", "gross")}
            row["date"] = date.fromisoformat(item["date"])
            rows.setdefault("line", []).extend(_bare_line(item["id"], line, print_) for line in item["lines"])
        rows[stream].append(row)
    return rows


def _bare_line(sale: str, line: Row, print_: str) -> Values:
    numbers = ("quantity", "price", "tax_percent", "net", "tax", "gross")
    return {**line, **{name: Decimal(line[name]) for name in numbers}, "sale": sale, "fingerprint": print_}


def _upsert(table: Table, dialect: str) -> Any:
    build: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = build(table)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name != "id"}
    return statement.on_conflict_do_update(
        index_elements=["id"], set_=changed, where=table.c.fingerprint != statement.excluded.fingerprint
    )
