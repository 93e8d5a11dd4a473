"""CSV, XLSX and JSONL for connector authors: what a file is like is found out, what cannot be read is named by place.

>>> with open_table(path) as table:                                            # doctest: +SKIP
...     for row in table.read_rows():
...         row.number, row.cells["客户名称"], row.problems
"""

from hub.sdk.tables.encoding import Encoding, detect_encoding
from hub.sdk.tables.headings import clean_heading
from hub.sdk.tables.opening import FORMS, Table, open_table
from hub.sdk.tables.rows import CellProblem, Facts, Layout, Row, Skipped
from hub.sdk.tables.values import fold_text, read_amount, read_date, read_rate
from hub.sdk.tables.writing import Cell, defuse_text, write_table

__all__ = [
    "FORMS",
    "Cell",
    "CellProblem",
    "Encoding",
    "Facts",
    "Layout",
    "Row",
    "Skipped",
    "Table",
    "clean_heading",
    "defuse_text",
    "detect_encoding",
    "fold_text",
    "open_table",
    "read_amount",
    "read_date",
    "read_rate",
    "write_table",
]
