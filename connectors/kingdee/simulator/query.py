"""Queries: rows flattened to lines, sorted, and cut by an absolute end row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.kingdee.simulator.books import Bill, Books
from connectors.kingdee.simulator.filters import parse_filter
from connectors.kingdee.simulator.forms import FORMS, Field, Form, find_form
from connectors.kingdee.simulator.refusals import FAILED, BillRefused
from connectors.kingdee.simulator.values import write_value

Row = tuple[Bill, Mapping[str, Mapping[str, Any]]]
"""A document, and the line of each list that stands in this row."""
Reader = Callable[[Row], Any]
PROPERTIES = {"fnumber": "FNumber", "fname": "FName", "fcode": "FCODE"}


class Query:
    """One query over one form; ``keys`` are the columns as they were asked for."""

    def __init__(self, books: Books, form: Form, keys: Sequence[str]) -> None:
        self._books, self._form = books, form
        self._entities: list[str] = []
        self.keys = keys
        self._columns = [self.read(key) for key in keys]

    def read(self, name: str) -> Reader:
        """How a column is read; a name that the form does not have is refused as the server does."""
        key, _, part = name.partition(".")
        if key.lower() == self._books.settings.custom_field.lower() and key:
            custom = self._books.settings.custom_field
            return lambda row: row[0].get(custom, "")
        item = self._form.find(key)
        if (
            item is None
            or not self._books.settings.has(key)
            or (part and (item.kind != "ref" or part.lower() not in PROPERTIES))
        ):
            raise BillRefused(FAILED, f"元数据中标识为{name}的字段不存在，请检查FieldKeys")
        if item.entity and item.entity not in self._entities:
            self._entities.append(item.entity)
        return self._follow(item, part) if part else _take(item)

    def _follow(self, item: Field, part: str) -> Reader:
        plain, target = _take(item), FORMS[item.form]
        name = PROPERTIES[part.lower()]

        def read(row: Row) -> Any:
            found = self._books.get(target, plain(row))
            return found[name] if found is not None else ""

        return read

    def run(self, condition: str, order: str) -> list[list[Any]]:
        """Every row that meets the condition, in order."""
        entities = self._entities
        self._entities = []
        test = parse_filter(condition, self.read)
        of_head = not self._entities
        self._entities = list(dict.fromkeys([*entities, *self._entities]))
        sort = [(self.read(name), down) for name, down in _read_order(order)]
        rows = [row for row in self._rows(test if of_head else None) if of_head or test(row)]
        for read, down in reversed(sort):
            rows.sort(key=lambda row: _sort_key(read(row)), reverse=down)
        return [[write_value(read(row)) for read in self._columns] for row in rows]

    def _rows(self, test: Callable[[Any], bool] | None) -> Iterator[Row]:
        for bill in list(self._books.all(self._form)):
            if test is None or test((bill, {})):
                yield from _flatten(bill, self._entities)


def _flatten(bill: Bill, entities: Sequence[str]) -> Iterator[Row]:
    """One row for each line; lists beside each other multiply, as in a join."""
    if not entities:
        yield bill, {}
        return
    first, *rest = entities
    for line in bill[first] or [{}]:
        for _, others in _flatten(bill, rest):
            yield bill, {first: line, **others}


def _take(item: Field) -> Reader:
    key, entity = item.key, item.entity
    if entity:
        return lambda row: row[1].get(entity, {}).get(key, "")
    return lambda row: row[0][key]


def _read_order(text: str) -> Iterator[tuple[str, bool]]:
    for part in text.split(","):
        words = part.split()
        if words:
            yield words[0], len(words) > 1 and words[1].lower() == "desc"


def _sort_key(value: Any) -> tuple[int, Any]:
    return (0, Decimal(value)) if isinstance(value, Decimal | int) else (1, str(value))


def run_query(books: Books, asked: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of one call. ``TopRowCount`` is the end row counted from the very first one, not from
    ``StartRow``."""
    form = find_form(str(asked.get("FormId", "")))
    if form is None:
        raise BillRefused(FAILED, f"业务对象{asked.get('FormId')}不存在")
    keys = [key.strip() for key in str(asked.get("FieldKeys") or "").split(",") if key.strip()]
    if not keys:
        raise BillRefused(FAILED, "FieldKeys不能为空")
    with books.lock:
        query = Query(books, form, keys)
        rows = query.run(str(asked.get("FilterString") or ""), str(asked.get("OrderString") or ""))
    start, top, limit = (int(asked.get(name) or 0) for name in ("StartRow", "TopRowCount", "Limit"))
    size = min(limit or books.settings.max_rows, books.settings.max_rows)
    end = min(start + size, top) if top > 0 else start + size
    return keys, rows[start:end]
