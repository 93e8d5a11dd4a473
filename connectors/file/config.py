"""What an admin says about the files: which ones hold which kind, and which columns tell a row from the others."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.sdk import ConnectorConfig

KINDS_WITH_LINES = ("order",)


def _split(value: object, separator: str) -> object:
    """``名称 + 电话`` on the command line is the same as a list in isthmus.toml."""
    return tuple(filter(None, (part.strip() for part in value.split(separator)))) if isinstance(value, str) else value


class StreamConfig(BaseModel):
    """The files of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[str, ...] = Field(description="Names of files below the folder; * and ? as usual, several with ;")
    key: tuple[str, ...] = Field(
        default=(), description="Headings of the columns that together tell a record from the others; several with +"
    )
    sheet: str = Field("", description="Sheet of a workbook; else the first one that has something")
    encoding: str = Field("", description="Encoding of text files; else it is detected")
    delimiter: str = Field("", description="Delimiter of text files; else it is detected")
    header_row: int | None = Field(None, ge=1, description="Row of the headings; else it is found")
    columns: tuple[str, ...] = Field(
        default=(), description="Only these columns; rows that are equal in them are one record; several with +"
    )
    fill_down: tuple[str, ...] = Field(
        default=(), description="Columns whose empty cells mean the cell above; several with +"
    )
    same: tuple[str, ...] = Field(
        default=(), description="Columns that must be equal in all rows of a document; several with +"
    )
    line_key: str = Field("", description="Column that numbers the lines of a document; else their order does")
    lines_sheet: str = Field("", description="Sheet with the lines of the documents, when they stand apart")
    full: bool = Field(False, description="Every file is a full export: what is missing in it was deleted")

    @field_validator("files", mode="before")
    @classmethod
    def _split_files(cls, value: object) -> object:
        return _split(value, ";")

    @field_validator("key", "columns", "fill_down", "same", mode="before")
    @classmethod
    def _split_columns(cls, value: object) -> object:
        return _split(value, "+")


class OutputConfig(BaseModel):
    """The list of one kind that the hub keeps in the folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^[^/\\]+\.(csv|xlsx|jsonl)$", description="Name of the file: .xlsx, .csv or .jsonl")
    headings: Literal["zh", "en"] = Field("zh", description="Language of the headings: zh or en")


EXAMPLES: list[dict[str, object]] = [
    {
        "folder": "/srv/lists/in",
        "streams": {
            "account": {"files": ["customers*.csv"], "key": ["No."]},
            "order": {"files": ["orders.xlsx"], "key": ["Order"], "line_key": "Line"},
            "product": {"files": ["products.xlsx"], "key": ["Code"]},
        },
    },
    {
        "out": "/srv/lists/out",
        "outputs": {
            "account": {"file": "customers.xlsx"},
            "order": {"file": "orders.xlsx"},
            "product": {"file": "products.xlsx"},
        },
    },
]
"""Two connections: one that reads lists, one that keeps them."""


class FileConfig(ConnectorConfig):
    """Folders, and what is in them by kind."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})  # type: ignore[dict-item]

    folder: str = Field(
        "", description="Folder to read from (a whole path)", json_schema_extra={"zh": "读取文件的文件夹（完整路径）"}
    )
    streams: dict[str, StreamConfig] = Field(
        default={},
        description="Files to read, by kind: streams.account.files, streams.account.key …",
        json_schema_extra={"zh": "要读取的文件，按类别：streams.account.files、streams.account.key …"},
    )
    date_order: Literal["", "dmy", "mdy"] = Field(
        "",
        description="How 03/04/2026 is meant: dmy or mdy; else such a date is refused",
        json_schema_extra={"zh": "03/04/2026 的写法：dmy（日月年）或 mdy（月日年）；不填则拒绝此类日期"},
    )
    decimal_comma: bool = Field(
        False, description="Amounts are written 1.234,50", json_schema_extra={"zh": "金额写作 1.234,50"}
    )
    tax_rate: str = Field(
        "",
        description="Tax rate where no column says it: 13%",
        json_schema_extra={"zh": "没有税率列时采用的税率：13%"},
    )
    out: str = Field(
        "", description="Folder to write to (a whole path)", json_schema_extra={"zh": "写出文件的文件夹（完整路径）"}
    )
    outputs: dict[str, OutputConfig] = Field(
        default={},
        description="Lists to write, by kind: outputs.account.file …",
        json_schema_extra={"zh": "要写出的清单，按类别：outputs.account.file …"},
    )
