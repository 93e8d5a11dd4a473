"""A file connector without a hub around it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from connectors.file.config import FileConfig
from connectors.file.connector import FileConnector
from hub.mapping import Context, compile_mapping, merge_layers, parse_mapping
from hub.runtime.clock import SystemClock
from hub.sdk import SourceRecord, Tools

SHIPPED = Path(__file__).parents[3] / "mappings" / "file"


def make_connector(config: FileConfig, clock: Any = None) -> FileConnector:
    """Close it when done."""
    return FileConnector(config, Tools(clock=clock or SystemClock(), random=random.Random(1)))


def make_reader(folder: Path, kind: str = "account", **stream: Any) -> FileConnector:
    """A connector that reads one kind."""
    return make_connector(FileConfig.model_validate({"folder": str(folder), "streams": {kind: stream}}))


def read_records(connector: FileConnector, kind: str, limit: int = 2) -> list[SourceRecord]:
    """Everything that a stream shows, in small pages."""
    found: list[SourceRecord] = []
    position: Any = None
    while True:
        page = connector.streams()[kind].read_page(None, position, limit)
        found += page.records
        position = page.position
        if position is None:
            return found


def read_all(connector: FileConnector, kind: str, layer: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Canonical values of every record under the shipped mapping and a layer, and what could not be translated."""
    shipped = parse_mapping((SHIPPED / f"{kind}.toml").read_text(encoding="utf-8"), f"file/{kind}.toml")
    source = merge_layers([shipped, parse_mapping(layer, "layer.toml")])
    mapping = compile_mapping(source, kind, connector.functions())
    context = Context(zone=ZoneInfo("Asia/Shanghai"), find_ref=lambda ref, id: uuid5(UUID(int=7), f"{ref}/{id}"))
    values, problems = [], []
    for record in read_records(connector, kind):
        mapped = mapping.to_canonical(record.payload, context)
        values.append(mapped.values)
        problems += [problem.text() for problem in mapped.problems]
    return values, problems
