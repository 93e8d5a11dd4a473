"""The file connector keeps what it declares: lists that the hub writes, and files that people keep."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.file.connector import FileConnector
from hub.sdk.tables import write_table
from hub.testkit.conformance import Bench, Person, Site, make_suite


class ListBench(Bench):
    """Lists of one form, in a folder of their own."""

    connector = FileConnector

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix

    @contextmanager
    def start(self) -> Iterator[Site]:
        with tempfile.TemporaryDirectory() as folder:
            outputs = {kind: {"file": f"{kind}.{self.suffix}"} for kind in ("account", "product", "order")}
            yield Site({"out": folder, "outputs": outputs})

    def refused(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return None  # a list takes anything


class Clerk(Person):
    """Keeps a list of customers in one file, as people do."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "customers.csv"
        self.rows: dict[str, list[str]] = {}
        self.create("account")

    def create(self, kind: str) -> str:
        return self.create_many(kind, 1)[0]

    def create_many(self, kind: str, count: int) -> list[str]:
        fresh = [f"C{len(self.rows) + number:05d}" for number in range(1, count + 1)]
        self.rows.update({key: [key, f"远山 {key}", "021-55550000"] for key in fresh})
        self._save()
        return fresh

    def edit(self, kind: str, id: str) -> None:
        self.rows[id][2] = f"{self.rows[id][2]}1"
        self._save()

    def delete(self, kind: str, id: str) -> None:
        del self.rows[id]
        self._save()

    def _save(self) -> None:
        write_table(self.path, ["number", "name", "phone"], self.rows.values())


class FolderBench(Bench):
    """A folder of files that somebody else keeps: it is only read."""

    connector = FileConnector

    @contextmanager
    def start(self) -> Iterator[Site]:
        with tempfile.TemporaryDirectory() as folder:
            person = Clerk(Path(folder))
            streams = {"account": {"files": "*.csv", "key": "number", "full": True}}
            yield Site({"folder": folder, "streams": streams}, person)


TestXlsx = make_suite(ListBench("xlsx"))
TestCsv = make_suite(ListBench("csv"))
TestFolder = make_suite(FolderBench(), kinds=["account"])
