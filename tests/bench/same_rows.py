"""Whether two databases hold the same rows, apart from what differs with every run: ids, times and digests."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import Engine, select

from hub.store.tables import derive_tables
from tests.bench.ours import COUNTED

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?\+00:00")
_DRAWN = {"id", "hub_id", "record_id", "account_id", "order_id", "product_id", "digest", "mapping_version"}
_DIGESTS = {"candidate_key": "key"}
"""Columns that hold digests by which records find each other: as many rows on both sides are enough."""
_KEYS = ("remote_id", "external_id", "number", "key", "stream")


def show_rows(engine: Engine, limit: int = 100) -> dict[str, list[str]]:
    """Table → its rows as text, each comparable with that of another database."""
    tables = derive_tables()[0].tables
    shown = {}
    with engine.connect() as connection:
        for name in COUNTED:
            table = tables[name]
            order = [table.c[key] for key in _KEYS if key in table.c]
            rows = connection.execute(select(table).order_by(*order).limit(limit)).mappings()
            shown[name] = sorted(_show_row({**row, **_hide_digest(name)}) for row in rows)
    return shown


def _hide_digest(table: str) -> dict[str, str]:
    return {_DIGESTS[table]: "drawn"} if table in _DIGESTS else {}


def _show_row(row: dict[str, Any]) -> str:
    kept = {name: _TIME.sub("T", str(value)) if _is_time(name) else value for name, value in row.items()}
    for name in _DRAWN & set(kept):
        kept[name] = "drawn"
    if "base" in kept:
        kept["base"] = sorted(kept["base"])
    text = json.dumps(kept, sort_keys=True, default=str, ensure_ascii=False)
    return _TIME.sub("T", _UUID.sub("U", text))


def _is_time(name: str) -> bool:
    return name.endswith("_at") or name == "at"
