"""Search and details of 天眼查 as companies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.tianyancha.client import TianyanchaClient
from connectors.tianyancha.config import TianyanchaConfig
from hub.errors import NegativeResult, OutcomeUnknown
from hub.sdk.registry import Company, Registry, find_owner, parse_capital, read_day, read_status, split_names

PAGE = "20"


class TianyanchaRegistry(Registry):
    """The two interfaces that a contract names."""

    def __init__(self, client: TianyanchaClient, config: TianyanchaConfig) -> None:
        self._client = client
        self._config = config

    def search(self, text: str) -> Sequence[Company]:
        result = self._client.call(self._config.search_path, word=text, pageNum="1", pageSize=PAGE)
        rows = result.get("items") if isinstance(result, Mapping) else None
        if not isinstance(rows, list):
            raise OutcomeUnknown("tianyancha.unreadable", vendor=str(result)[:100])
        found = [read_company(row) for row in rows if isinstance(row, Mapping) and row.get("name")]
        if not found:
            raise NegativeResult("tianyancha.none")
        return found

    def fetch(self, key: str) -> Company:
        row = self._client.call(self._config.detail_path, keyword=key)
        if not isinstance(row, Mapping) or not row.get("name"):
            raise OutcomeUnknown("tianyancha.unreadable", vendor=str(row)[:100])
        return read_company(row)


def read_company(row: Mapping[str, Any]) -> Company:
    """A hit or the details: the same names, but days are texts in the one and milliseconds in the other."""
    status, capital_text = _text(row, "regStatus"), _text(row, "regCapital")
    capital, currency = parse_capital(capital_text)
    listed = row.get("historyNameList")
    names = tuple(str(name).strip() for name in listed) if isinstance(listed, list) else ()
    return Company(
        key=_text(row, "id"), name=_strip_marks(_text(row, "name")), credit_code=_text(row, "creditCode"),
        status=read_status(status), status_text=status, legal_person=_text(row, "legalPersonName"), capital=capital,
        capital_currency=currency, capital_text=capital_text, founded_on=read_day(row.get("estiblishTime")),
        approved_on=read_day(row.get("approvedTime")), type_text=_text(row, "companyOrgType"),
        industry=_text(row, "industry"), address=_text(row, "regLocation"), phone=_text(row, "phoneNumber"),
        former_names=tuple(name for name in names if name) or split_names(_text(row, "historyNames")),
        parent_name=find_owner(_list_shares(row)),
        branches=tuple(name for item in _rows(row, "branchList") if (name := _text(item, "name"))),
    )  # fmt: skip


def _list_shares(row: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Each contribution of a shareholder has a percentage of its own."""
    for holder in _rows(row, "shareHolderList"):
        for part in _rows(holder, "capital"):
            yield _text(holder, "name"), part.get("percent")


def _rows(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [item for item in row.get(name) or () if isinstance(item, Mapping)]


def _strip_marks(name: str) -> str:
    """A search marks what was found in the name."""
    return name.replace("<em>", "").replace("</em>", "")


def _text(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name) or "").strip()
