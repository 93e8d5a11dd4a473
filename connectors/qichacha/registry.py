"""Search and details of 企查查 as companies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.qichacha.client import QichachaClient
from connectors.qichacha.config import QichachaConfig
from hub.errors import NegativeResult, OutcomeUnknown
from hub.sdk.registry import Company, Registry, find_owner, parse_capital, read_day, read_status

PAGE = "10"
CURRENCIES = {"人民币": "CNY", "美元": "USD", "港元": "HKD", "港币": "HKD", "欧元": "EUR", "日元": "JPY"}


class QichachaRegistry(Registry):
    """The two interfaces that a contract names. Only some of those for details list partners and branches."""

    def __init__(self, client: QichachaClient, config: QichachaConfig) -> None:
        self._client = client
        self._config = config

    def search(self, text: str) -> Sequence[Company]:
        rows = self._client.call(self._config.search_path, searchKey=text, pageIndex="1", pageSize=PAGE)
        if not isinstance(rows, list):
            raise OutcomeUnknown("qichacha.unreadable", vendor=str(rows)[:100])
        found = [read_hit(row) for row in rows if isinstance(row, Mapping) and row.get("Name")]
        if not found:
            raise NegativeResult("qichacha.none")
        return found

    def fetch(self, key: str) -> Company:
        path = self._config.detail_path
        row = self._client.call(path, **{"keyword" if path.startswith("ECIV4/") else "searchKey": key})
        if isinstance(row, Mapping) and "VerifyResult" in row:
            if str(row["VerifyResult"]) == "0":
                raise NegativeResult("qichacha.none")
            row = row.get("Data")
        if not isinstance(row, Mapping) or not row.get("Name"):
            raise OutcomeUnknown("qichacha.unreadable", vendor=str(row)[:100])
        return read_details(row)


def read_hit(row: Mapping[str, Any]) -> Company:
    status = _text(row, "Status")
    return Company(
        key=_text(row, "KeyNo"), name=_text(row, "Name"), credit_code=_text(row, "CreditCode"),
        status=read_status(status), status_text=status, legal_person=_text(row, "OperName"),
        founded_on=read_day(row.get("StartDate")), address=_text(row, "Address"),
    )  # fmt: skip


def read_details(row: Mapping[str, Any]) -> Company:
    capital, currency = read_capital(row)
    industry = row.get("Industry")
    names = [_text(item, "Name") for item in _rows(row, "OriginalName")]
    shares = [(_text(item, "StockName"), item.get("StockPercent")) for item in _rows(row, "Partners")]
    return read_hit(row).model_copy(
        update={
            "capital": capital, "capital_currency": currency, "capital_text": _text(row, "RegistCapi"),
            "approved_on": read_day(row.get("CheckDate")), "type_text": _text(row, "EconKind"),
            "industry": _text(industry, "Industry") if isinstance(industry, Mapping) else "",
            "former_names": tuple(name for name in names if name),
            "parent_name": find_owner(shares),
            "branches": tuple(name for item in _rows(row, "Branches") if (name := _text(item, "Name"))),
        }
    )  # fmt: skip


def read_capital(row: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    """By its own fields where they are filled, else out of the text."""
    if row.get("RegisteredCapital"):
        unit, currency = _text(row, "RegisteredCapitalUnit"), _text(row, "RegisteredCapitalCCY")
        told = f"{row['RegisteredCapital']}{unit}"
        return parse_capital(told)[0], CURRENCIES.get(currency, currency if len(currency) == 3 else "")
    return parse_capital(_text(row, "RegistCapi"))


def _rows(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [item for item in row.get(name) or () if isinstance(item, Mapping)]


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name) or "").strip()
