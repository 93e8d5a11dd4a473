"""How the lists that the hub keeps look: their columns, headings in two languages, one row for each line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from connectors.file.config import OutputConfig
from connectors.file.ledger import Entry
from hub.sdk.tables import Cell, write_table

LINES = "lines"
REFERENCE, STATE = "ref", "state_of_row"
HEADINGS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "account": {
        "number": ("客户编码", "Customer no."), "name": ("客户名称", "Customer name"),
        "uscc": ("统一社会信用代码", "Credit code"), "vat": ("税号", "VAT no."), "phone": ("电话", "Phone"),
        "email": ("邮箱", "Email"), "website": ("网站", "Website"), "country": ("国家", "Country"),
        "province": ("省份", "Province"), "city": ("城市", "City"), "street": ("地址", "Street"),
        "postal_code": ("邮编", "Postal code"), "note": ("备注", "Note"),
    },
    "product": {
        "number": ("物料编码", "Product no."), "name": ("物料名称", "Product name"), "unit": ("单位", "Unit"),
        "list_price": ("不含税单价", "Price without tax"), "currency": ("币种", "Currency"),
        "tax_rate": ("税率", "Tax rate"), "note": ("备注", "Note"),
    },
    "order": {
        "reference": ("客户订单号", "Customer's order no."), "customer": ("客户", "Customer"),
        "ordered_on": ("日期", "Date"), "currency": ("币种", "Currency"), "note": ("备注", "Note"),
        "text": ("品名", "Item"), "quantity": ("数量", "Quantity"), "unit": ("单位", "Unit"),
        "unit_price": ("不含税单价", "Price without tax"), "tax_rate": ("税率", "Tax rate"),
    },
}  # fmt: skip
LAST = {REFERENCE: ("系统标识", "Reference"), STATE: ("状态", "State")}
VOID = ("作废", "void")
NUMBERS = frozenset({"list_price", "tax_rate", "quantity", "unit_price"})
DAYS = frozenset({"ordered_on"})
NAMES_OF_REFS = {"customer": "account"}
"""Column that holds the id of a record of another list → that list; people want to read its name."""


def draw_list(
    kind: str, path: Path, entries: Iterator[Entry], output: OutputConfig, name_of: Callable[[str, str], str]
) -> None:
    """Write the file of a kind: one row for each record, or for each of its lines with the record's columns repeated.

    ``name_of(kind, id)`` is what people call a record of another list.
    """
    tongue = 0 if output.headings == "zh" else 1
    columns = {**HEADINGS.get(kind, {}), **LAST}
    rows = (
        [_show(name, row.get(name), tongue, name_of) for name in columns]
        for entry in entries
        for row in _list_rows(entry, tongue)
    )
    write_table(path, [titles[tongue] for titles in columns.values()], rows)


def _list_rows(entry: Entry, tongue: int) -> Sequence[Mapping[str, Any]]:
    head = {**entry.payload, REFERENCE: entry.ref, STATE: VOID[tongue] if entry.void else ""}
    return [{**head, **line} for line in entry.payload.get(LINES) or [{}]]


def _show(name: str, value: Any, tongue: int, name_of: Callable[[str, str], str]) -> Cell:
    if value in (None, ""):
        return None
    if name in NAMES_OF_REFS:
        return name_of(NAMES_OF_REFS[name], str(value))
    if name in NUMBERS:
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return str(value)
    return date.fromisoformat(str(value)) if name in DAYS else str(value)
