"""What can be read: the records of the files of one kind, and the lists that the hub itself keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.file.config import KINDS_WITH_LINES, StreamConfig
from connectors.file.ledger import Entry, Ledger
from connectors.file.staging import FoundFile, Staging, StoredDoc, StoredRow, find_files
from hub.errors import ConfigInvalid, MappingError, Transient
from hub.sdk import Page, Place, ReadSemantics, SourceRecord, Stage, Stream, Tools, Unreadable
from hub.sdk.tables import Layout, Row, clean_heading, open_table

KEY = "_key"
ROWS = "_rows"
LINE = "_line"
CLOCKS_APART = timedelta(minutes=5)
"""A file server's clock may be behind ours by so much."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileStream(Stream):
    """The records in the files of one kind. They are read again when a file has changed, and only then."""

    name = "file"
    kind = ""
    key_path = KEY
    retries = True

    def __init__(self, kind: str, folder: Path, config: StreamConfig, tools: Tools) -> None:
        self.kind = self.name = kind  # type: ignore[misc]  # the configuration names the kinds, not the class
        self.deletes = config.full
        self.config = config
        self.key_columns = tuple(map(clean_heading, config.key))
        if kind in KINDS_WITH_LINES:
            self.rows_path, self.row_key = ROWS, LINE
        self._folder = folder
        self._clock = tools.clock
        self._log = tools.log
        self._staging: Staging | None = None

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(cursor_field="time of the file")

    def close(self) -> None:
        """Remove what was staged."""
        if self._staging is not None:
            self._staging.close()
            self._staging = None

    # ------------------------------------------------------------ reading

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """``position`` is (file and its time of change, row, id): the next page begins behind it."""
        started = self._clock.now()
        files = self._find()
        changed_ns = _as_ns(since - CLOCKS_APART) if since is not None else 0
        if not any(file.changed_ns >= changed_ns for file in files):
            return Page((), None, started)
        after = (str(position[0]), int(position[1]), str(position[2])) if position else None
        docs = self._stage(files).read_after(changed_ns, after, limit + 1)
        page = docs[:limit]
        records = [self._make_record(doc, started) for doc in page]
        last = [page[-1].order, page[-1].row, page[-1].id] if len(docs) > limit else None
        # A row has no time of its own. What changed before this reading began has been read by its end.
        return Page(records, last, None if last else started)

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        doc = self._stage(self._find()).read_one(external_id)
        return None if doc is None else self._make_record(doc, started)

    def list_ids(self) -> Sequence[str] | None:
        """None while a part of some file cannot be read: what stands in it is not gone."""
        staging = self._stage(self._find())
        return None if staging.is_partial else staging.list_ids()

    def find_missing(self, ids: Sequence[str]) -> Sequence[str]:
        staging = self._stage(self._find())
        return [] if staging.is_partial else [id_ for id_ in ids if not staging.has(id_)]

    def sample(self, limit: int) -> Sequence[Mapping[str, Any]]:
        """The first rows of each file as they are, whether or not a key is chosen yet."""
        found: list[Mapping[str, Any]] = []
        for file in self._find():
            with self._open(file) as rows:
                found += [row.cells for row in islice(rows, limit)]
        return found

    @contextmanager
    def _open(self, file: FoundFile) -> Iterator[Iterator[Row]]:
        config = self.config
        layout = Layout(config.encoding, config.delimiter, config.sheet, config.header_row)
        with open_table(file.path, layout) as table:
            yield table.read_rows()

    def stage(self) -> Staging:
        """The files as they are now, sorted into records."""
        return self._stage(self._find())

    def _find(self) -> list[FoundFile]:
        if not self._folder.is_dir():
            raise Transient("file.folder_missing", folder=self._folder)
        return find_files(self._folder, self.config.files)

    def _stage(self, files: Sequence[FoundFile]) -> Staging:
        if not self.config.key:
            raise ConfigInvalid("file.key_missing", kind=self.kind)
        if self._staging is None or self._staging.files != tuple(files):
            self.close()
            self._staging = Staging(self.config, files, with_lines=self.kind in KINDS_WITH_LINES)
            self.deletes = self.config.full and not self._staging.is_partial
            for name, facts in self._staging.facts.items():
                self._log(f"{name}: {facts.rows} rows, skipped {facts.skipped or 'none'}")
        return self._staging

    # ------------------------------------------------------------ records

    def _make_record(self, doc: StoredDoc, started: datetime) -> SourceRecord:
        first = doc.rows[0]
        place = Place(doc.file, first.number, first.sheet)
        facts: dict[str, Any] = {"stream": self.name, "external_id": doc.id, "read_at": started}
        if doc.error is not None:
            code, params, column = doc.error
            broken = Unreadable(MappingError(code, vendor=params.pop("vendor", None), **params), place, column)
            return SourceRecord(payload={KEY: doc.id}, unreadable=(broken,), **facts)
        differing = self._find_difference(doc)
        if differing is not None:
            return SourceRecord(payload={KEY: doc.id}, unreadable=(differing,), **facts)
        lines = self._number_lines(doc)
        payload: dict[str, Any] = {**_drop_blank(first.cells), KEY: doc.id}
        if self.kind in KINDS_WITH_LINES:
            payload[ROWS] = [{**_drop_blank(row.cells), LINE: line} for line, row in lines.items()]
        places = {"": place, **{line: Place(doc.file, row.number, row.sheet) for line, row in lines.items()}}
        return SourceRecord(
            payload=payload, number=doc.id, stage=Stage.EFFECTIVE, places=places,
            unreadable=tuple(_list_cells(doc)), **facts,
        )  # fmt: skip

    def _number_lines(self, doc: StoredDoc) -> dict[str, StoredRow]:
        """Line id → row. Where the documents have a sheet of their own, its row is no line."""
        rows = [row for row in doc.rows if row.part or not self.config.lines_sheet]
        numbered: dict[str, StoredRow] = {}
        for place, row in enumerate(rows, start=1):
            given = str(row.cells.get(self.config.line_key) or "") if self.config.line_key else ""
            line = given or str(place)
            numbered[line if line not in numbered else f"{line}#{place}"] = row
        return numbered

    def _find_difference(self, doc: StoredDoc) -> Unreadable | None:
        """Rows of one document that contradict each other in a column that must be the same."""
        for row in doc.rows[1:]:
            for column in self.config.same:
                one, other = doc.rows[0].cells.get(column), row.cells.get(column)
                if one != other and other not in (None, ""):
                    wrong = MappingError("file.rows_differ", key=doc.id, one=one, other=other)
                    return Unreadable(wrong, Place(doc.file, row.number, row.sheet), column)
        if self.config.lines_sheet and doc.rows[0].part:
            missing = MappingError("file.header_missing", key=doc.id, sheet=self.config.sheet or "1")
            return Unreadable(missing, Place(doc.file, doc.row, doc.rows[0].sheet), self.config.key[0])
        return None


def _drop_blank(cells: Mapping[str, Any]) -> dict[str, Any]:
    """An empty cell says nothing, so that what another list knows stays."""
    return {name: value for name, value in cells.items() if value not in (None, "")}


def _list_cells(doc: StoredDoc) -> Iterator[Unreadable]:
    """Cells that hold no readable value; they matter where the mapping needs them."""
    for row in doc.rows:
        for column, (code, params) in row.problems.items():
            place = Place(doc.file, row.number, row.sheet)
            yield Unreadable(MappingError(code, **params), place, column, whole=False)


def _as_ns(moment: datetime) -> int:
    return int((moment - _EPOCH) / timedelta(microseconds=1)) * 1000


class ListStream(Stream):
    """The records of a list that the hub keeps (see ``ledger.py``)."""

    name = "list"
    kind = ""

    def __init__(self, kind: str, ledger: Ledger, tools: Tools) -> None:
        self.kind = self.name = kind  # type: ignore[misc]  # the configuration names the kinds, not the class
        self._ledger = ledger
        self._clock = tools.clock

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(cursor_field="time of the change")

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        started = self._clock.now()
        found = self._ledger.list_changed(self.kind, since, int(position or 0), limit + 1)
        records = [make_record(self.name, entry, started) for entry in found[:limit]]
        times = [record.modified_at for record in records if record.modified_at]
        return Page(records, found[limit - 1].version if len(found) > limit else None, max(times, default=None))

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        entry = self._ledger.get(self.kind, external_id)
        return None if entry is None else make_record(self.name, entry, started)

    def list_ids(self) -> Sequence[str]:
        return self._ledger.list_ids(self.kind)


def make_record(stream: str, entry: Entry, started: datetime) -> SourceRecord:
    """A row of the list; ``started`` is when the read began. Nobody but the hub writes to it."""
    return SourceRecord(
        stream=stream, external_id=entry.id, payload={**entry.payload, KEY: entry.id}, read_at=started,
        modified_at=entry.changed_at, version=entry.version, number=entry.id, reference=entry.ref,
        stage=Stage.VOID if entry.void else Stage.EFFECTIVE, created_by_us=True, touched_by_person=False,
        changed_by_us=True,
    )  # fmt: skip
