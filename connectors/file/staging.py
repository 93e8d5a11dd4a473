"""The rows of one stream's files, sorted into records on disk: any size in flat memory, whatever the order of the rows.

A record has one row, or for documents with lines all the rows that have its key. Of several files that hold the same
record the one that was saved last counts. Rows that cannot be told apart or read are kept as such, with their place.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.file.config import StreamConfig
from hub.errors import ConfigInvalid, IsthmusError, MappingError
from hub.sdk.tables import Facts, Layout, Row, clean_heading, fold_text, open_table

KEY_JOIN = " | "
CODE, PARAMS = "code", "params"
"""Keys of what stands in the place of a value that cannot be read: why."""
_SCHEMA = """
CREATE TABLE file (ord TEXT PRIMARY KEY, name TEXT, changed_ns INTEGER);
CREATE TABLE doc (id TEXT PRIMARY KEY, ord TEXT, row INTEGER, error TEXT);
CREATE INDEX doc_place ON doc (ord, row, id);
CREATE TABLE line (doc TEXT, ord TEXT, part INTEGER, sheet TEXT, row INTEGER, body TEXT);
CREATE INDEX line_doc ON line (doc);
"""


_INSERT_LINE = "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?)"
_SELECT_DOC = "SELECT doc.id, doc.ord, doc.row, doc.error, file.name, file.changed_ns FROM doc JOIN file USING (ord)"
_CHUNK = 500

Line = tuple[str, str, int, str, int, str]
"""Key, file, part, sheet, row, cells as JSON."""
Position = tuple[str, int, str]
"""File (its very version), row, id: where a page ended."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the stream. ``modified_ns``: when its content was saved; ``changed_ns``: when it was, or when it came
    here, whichever is later."""

    path: Path
    name: str
    modified_ns: int
    changed_ns: int
    size: int

    @property
    def order(self) -> str:
        """Sorts the one that was saved last to the end; names the very version of the file."""
        return f"{self.modified_ns:020d}/{self.name}/{self.changed_ns}"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of a record as it was staged; ``problems``: column → (code, params)."""

    part: int
    sheet: str
    number: int
    cells: dict[str, Any]
    problems: dict[str, tuple[str, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class StoredDoc:
    """A record: its rows in order, or the reason why it cannot be read (code, params, column)."""

    id: str
    file: str
    order: str
    row: int
    changed_ns: int
    rows: tuple[StoredRow, ...]
    error: tuple[str, dict[str, str], str] | None


def find_files(folder: Path, patterns: Sequence[str]) -> list[FoundFile]:
    """The files that fit, the one that was saved last at the end. Files that a program has open beside the real one
    (``~$list.xlsx``, ``.list.csv``) are none."""
    found = {
        path
        for pattern in patterns
        for path in folder.glob(pattern)
        if path.is_file() and not path.name.startswith(("~$", "."))
    }
    files = []
    for path in found:
        stat = path.stat()
        # A file that is copied or moved here keeps its old time of modification; its inode does not.
        changed = max(stat.st_mtime_ns, stat.st_ctime_ns)
        name = path.relative_to(folder).as_posix()
        files.append(FoundFile(path, name, stat.st_mtime_ns, changed, stat.st_size))
    return sorted(files, key=lambda file: file.order)


class Staging:
    """The records of one reading of the files. Close it when done: it is a temporary file."""

    def __init__(self, config: StreamConfig, files: Sequence[FoundFile], *, with_lines: bool) -> None:
        self._config = config
        self._with_lines = with_lines
        self.files = tuple(files)
        self.facts: dict[str, Facts] = {}
        self.repeated = 0
        self.is_partial = False
        """A part of some file could not be read at all: nobody knows which records stand in it."""
        self._folder = tempfile.TemporaryDirectory(prefix="isthmus-file-")
        self._db = sqlite3.connect(
            Path(self._folder.name) / "rows.sqlite", isolation_level=None, check_same_thread=False
        )
        try:
            self._db.executescript(
                "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8000;" + _SCHEMA
            )
            for file in files:
                self._take_file(file)
        except BaseException:  # whatever ends the reading, the temporary file must go
            self.close()
            raise

    def close(self) -> None:
        """Remove the temporary file."""
        self._db.close()
        self._folder.cleanup()

    # ------------------------------------------------------------ taking in

    def _take_file(self, file: FoundFile) -> None:
        """All rows of a file in one transaction, or the one reason why there are none."""
        self._db.execute("BEGIN")
        try:
            self._db.execute("INSERT INTO file VALUES (?, ?, ?)", (file.order, file.name, file.changed_ns))
            self._take_sheet(file, 0, self._config.sheet)
            if self._config.lines_sheet:
                self._take_sheet(file, 1, self._config.lines_sheet)
        except (ConfigInvalid, UnicodeError, OSError) as error:
            self._db.execute("ROLLBACK")
            self._db.execute("INSERT INTO file VALUES (?, ?, ?)", (file.order, file.name, file.changed_ns))
            self._refuse(file, "", 0, _as_refusal(error, file))
            return
        self._db.execute("COMMIT")

    def _take_sheet(self, file: FoundFile, part: int, sheet: str) -> None:
        config = self._config
        layout = Layout(config.encoding, config.delimiter, sheet, config.header_row, config.key)
        with open_table(file.path, layout) as table:
            above: dict[str, Any] = {}
            for row in table.read_rows():
                self._take_row(file, part, _fill(row, above, self._filled_columns))
            self.facts[f"{file.name}{KEY_JOIN}{sheet}" if part else file.name] = table.facts

    @property
    def _filled_columns(self) -> tuple[str, ...]:
        """In a list of lines an empty key means the document above: that is how merged cells are saved as CSV."""
        return (*self._config.fill_down, *(self._config.key if self._with_lines else ()))

    def _take_row(self, file: FoundFile, part: int, row: Row) -> None:
        whole = next((problem for problem in row.problems if not problem.column), None)
        names = [clean_heading(name) for name in self._config.key]
        broken = next((problem for problem in row.problems if problem.column in names), whole)
        if broken is not None:
            self._refuse(file, row.sheet, row.number, broken.error, broken.column)
            return
        key = _make_key(row.cells, names)
        if key is None:
            columns = ", ".join(self._config.key)
            self._refuse(file, row.sheet, row.number, MappingError("file.key_empty", columns=columns), names[0])
            return
        line = (key, file.order, part, row.sheet, row.number, json.dumps(self._keep_columns(row), ensure_ascii=False))
        if self._with_lines:
            self._add_line(file, line)
        else:
            self._add_record(file, line)

    def _keep_columns(self, row: Row) -> dict[str, Any]:
        wanted = {clean_heading(name) for name in (*self._config.columns, *self._config.key)}
        chosen = {
            name: _plain(value) for name, value in row.cells.items() if not self._config.columns or name in wanted
        }
        for problem in row.problems:
            if problem.column in chosen:
                params = {name: str(value) for name, value in problem.error.params.items()}
                chosen[problem.column] = {CODE: problem.error.code, PARAMS: params}
        return chosen

    def _add_record(self, file: FoundFile, line: Line) -> None:
        """A later file replaces the record; in the same file an equal row says nothing new, a different one is
        refused: which of the two holds, nobody can tell."""
        key, _, _, sheet, number, body = line
        known = self._db.execute("SELECT ord, row, body FROM line WHERE doc = ? LIMIT 1", (key,)).fetchone()
        if known is None or known[0] != file.order:
            self._insert(line, replaces=known is not None)
        elif known[2] == body:
            self.repeated += 1
        else:
            twice = MappingError("file.key_twice", key=key, other=known[1])
            self._refuse(file, sheet, number, twice, self._config.key[0])

    def _add_line(self, file: FoundFile, line: Line) -> None:
        known = self._db.execute("SELECT ord FROM doc WHERE id = ?", line[:1]).fetchone()
        if known is None or known[0] != file.order:
            self._insert(line, replaces=known is not None)
        else:
            self._db.execute(_INSERT_LINE, line)

    def _insert(self, line: Line, *, replaces: bool) -> None:
        key, order, _, _, number, _ = line
        if replaces:
            self._db.execute("DELETE FROM line WHERE doc = ?", (key,))
        self._db.execute("INSERT OR REPLACE INTO doc VALUES (?, ?, ?, NULL)", (key, order, number))
        self._db.execute(_INSERT_LINE, line)

    def _refuse(self, file: FoundFile, sheet: str, number: int, error: IsthmusError, column: str = "") -> None:
        """A row, or with number 0 a whole file, that is no record. Its id is its place."""
        place = f"{file.name}#{sheet}#{number}" if sheet else f"{file.name}#{number}"
        params = {name: str(value) for name, value in error.params.items()}
        if error.vendor:
            params["vendor"] = error.vendor
        reason = json.dumps([error.code, params, column, sheet], ensure_ascii=False)
        self.is_partial |= number == 0 or error.code == "tables.quote_open"
        self._db.execute("INSERT OR REPLACE INTO doc VALUES (?, ?, ?, ?)", (place, file.order, number, reason))

    # ------------------------------------------------------------ giving out

    def read_after(self, changed_ns: int, position: Position | None, limit: int) -> list[StoredDoc]:
        """The next records of files that changed at or after ``changed_ns``, by file and row."""
        found = self._db.execute(
            f"{_SELECT_DOC} WHERE (doc.ord, doc.row, doc.id) > (?, ?, ?) AND file.changed_ns >= ? "
            "ORDER BY doc.ord, doc.row, doc.id LIMIT ?",
            (*(position or ("", -1, "")), changed_ns, limit),
        ).fetchall()
        return self._load(found)

    def read_one(self, id: str) -> StoredDoc | None:
        """The record of this id, or None."""
        found = self._db.execute(f"{_SELECT_DOC} WHERE doc.id = ?", (id,)).fetchall()
        return next(iter(self._load(found)), None)

    def has(self, id: str) -> bool:
        """Whether there is a record, or a refused row, of this id."""
        return self._db.execute("SELECT 1 FROM doc WHERE id = ?", (id,)).fetchone() is not None

    def list_ids(self) -> list[str]:
        """The ids of all records, refused rows included."""
        return [id for (id,) in self._db.execute("SELECT id FROM doc ORDER BY id")]

    def list_broken(self) -> list[StoredDoc]:
        """Files that cannot be read at all, each with its reason."""
        query = f"{_SELECT_DOC} WHERE doc.row = 0 AND doc.error IS NOT NULL ORDER BY doc.ord"
        return self._load(self._db.execute(query).fetchall())

    def count(self) -> tuple[int, int]:
        """(records, refused rows)."""
        total, refused = self._db.execute("SELECT COUNT(*), COUNT(error) FROM doc").fetchone()
        return total - refused, refused

    def _load(self, found: Sequence[tuple[Any, ...]]) -> list[StoredDoc]:
        """The records with their rows, read in few questions."""
        rows: dict[str, list[StoredRow]] = {}
        ids = [row[0] for row in found]
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            marks = ", ".join("?" * len(chunk))
            query = f"SELECT doc, part, sheet, row, body FROM line WHERE doc IN ({marks}) ORDER BY part, row"  # noqa: S608 - only marks
            for id, *line in self._db.execute(query, chunk):
                rows.setdefault(id, []).append(_load_row(line))
        return [_make_doc(row, rows.get(row[0], [])) for row in found]


def _make_doc(found: tuple[Any, ...], rows: Sequence[StoredRow]) -> StoredDoc:
    id, order, row, error, name, changed_ns = found
    if error is None:
        return StoredDoc(id, name, order, row, changed_ns, tuple(rows), None)
    code, params, column, sheet = json.loads(error)
    shell = StoredRow(0, sheet, row, {}, {})
    return StoredDoc(id, name, order, row, changed_ns, (shell,), (code, params, column))


def _load_row(found: Sequence[Any]) -> StoredRow:
    part, sheet, number, body = found
    cells: dict[str, Any] = json.loads(body)
    problems = {name: (value[CODE], value[PARAMS]) for name, value in cells.items() if is_problem(value)}
    return StoredRow(part, sheet, number, cells, problems)


def is_problem(value: Any) -> bool:
    """Whether this stands for a value that cannot be read."""
    return isinstance(value, dict) and value.keys() == {CODE, PARAMS}


def _plain(value: Any) -> Any:
    """Decimals of JSON as the text that they are."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _make_key(cells: Any, names: Sequence[str]) -> str | None:
    parts = [fold_text(str(cells.get(name) or "")) for name in names]
    return KEY_JOIN.join(parts) if parts and all(parts) else None


def _fill(row: Row, above: dict[str, Any], columns: Sequence[str]) -> Row:
    """Empty cells of these columns mean the cell above."""
    if not columns or (row.problems and not row.cells):
        return row
    filled = dict(row.cells)
    for name in map(clean_heading, columns):
        if filled.get(name) in (None, "") and name in above:
            filled[name] = above[name]
        elif name in filled:
            above[name] = filled[name]
    return Row(row.number, filled, row.sheet, row.problems)


def _as_refusal(error: Exception, file: FoundFile) -> IsthmusError:
    if isinstance(error, IsthmusError):
        return error
    return ConfigInvalid("file.unreadable", vendor=str(error), file=file.name)
