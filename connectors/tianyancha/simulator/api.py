"""The vendor's interface over HTTP: who may call, what it costs, what comes back."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.sdk.simulator import NoAnswer, Request, Response, answer_json

TOKEN = "invented-secret"  # pragma: allowlist secret
ROOT = "services/open/"
SEARCH, DETAIL, WIDE = "search/2.0", "ic/baseinfo/normal", "cb/ic/2.0"
ONLY_WIDE = ("shareHolderList", "branchList")
"""What only the interface with more details lists."""
FAULTS: Mapping[str, tuple[int, str] | None] = {
    "lost": None, "garbage": None, "server_error": None, "failed": (300001, "请求失败"),
    "too_fast": (300004, "访问频率过快"),
}  # fmt: skip
"""Fault → code and reason; None: no answer of the vendor's at all."""
HIT = ("id", "name", "creditCode", "regNumber", "regStatus", "legalPersonName", "regCapital", "base")
NONE = 300000


@dataclass(frozen=True)
class TycSettings:
    """What the account may do. ``denied``: paths without a right, apart by commas. ``quota``: paid calls that are left;
    below 0 there is no end. ``code``: what every call is answered instead, such as 300006. ``bills_misses``: whether
    what finds nothing costs."""

    token: str = TOKEN
    denied: str = ""
    quota: int = -1
    code: int = 0
    bills_misses: bool = False


class TycApi:
    """``handle`` answers requests of one account over a register of companies."""

    def __init__(
        self,
        companies: Sequence[Mapping[str, Any]],
        settings: TycSettings | None = None,
        rng: random.Random | None = None,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        self.companies = [dict(company) for company in companies]
        self.settings = settings or TycSettings()
        self.billed: Counter[str] = Counter()
        """Path → calls that cost."""
        self.calls: Counter[str] = Counter()
        self.next_fault = ""
        self._rng = rng or random.Random(0)
        self._faults = dict(faults or {})
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        with self._lock:
            path = request.path.strip("/").removeprefix(ROOT)
            if path == "simulator/account":
                return answer_json(200, {"billed": dict(self.billed), "calls": dict(self.calls)})
            self.calls[path] += 1
            fault = self._draw()
            if fault == "server_error":
                return Response(502, b"<html>bad gateway</html>")
            told = FAULTS.get(fault)
            code, reason, result = (*told, None) if told is not None else self._answer(path, request)
            if code == 0 or (code == NONE and self.settings.bills_misses):
                self.billed[path] += 1
            if fault == "lost":
                raise NoAnswer
            if fault == "garbage":
                return Response(200, b'{"error_code":0,"reason":"o')
            return answer_json(200, {"error_code": code, "reason": reason, "result": result})

    def _draw(self) -> str:
        if self.next_fault:
            fault, self.next_fault = self.next_fault, ""
            return fault
        return next((name for name, rate in self._faults.items() if self._rng.random() < rate), "")

    def _answer(self, path: str, request: Request) -> tuple[int, str, Any]:
        settings, asked = self.settings, request.query
        if settings.code:
            return settings.code, "账户状态异常", None
        if request.headers.get("authorization") != settings.token:
            return 300009, "账号信息有误", None
        if path not in (SEARCH, DETAIL, WIDE):
            return 300010, "url不存在", None
        if path in settings.denied.split(","):
            return 300005, "无权限访问此api", None
        if 0 <= settings.quota <= sum(self.billed.values()):
            return 300007, "剩余次数不足", None
        text = asked.get("word" if path == SEARCH else "keyword", "").strip()
        if not text:
            return 300008, "缺少必要参数", None
        return self._search(text, asked) if path == SEARCH else self._show(text, () if path == WIDE else ONLY_WIDE)

    def _search(self, text: str, asked: Mapping[str, str]) -> tuple[int, str, Any]:
        plain = _plain(text)
        found = [row for row in self.companies if row["creditCode"] == text or plain in _plain(row["name"])]
        found += [row for row in self.companies if row not in found and plain in _plain(row["historyNames"])]
        if not found:
            return NONE, "无数据", None
        items = [
            {**{name: row[name] for name in HIT}, "name": row["name"].replace(text, f"<em>{text}</em>"),
             "estiblishTime": _write_day(row["estiblishTime"])}
            for row in found[: int(asked.get("pageSize") or 20)]
        ]  # fmt: skip
        return 0, "ok", {"total": len(found), "items": items}

    def _show(self, text: str, hidden: Sequence[str]) -> tuple[int, str, Any]:
        for row in self.companies:
            if text in (row["creditCode"], str(row["id"])) or _plain(row["name"]) == _plain(text):
                return 0, "ok", {name: value for name, value in row.items() if name not in hidden}
        return NONE, "无数据", None


def _write_day(milliseconds: int) -> str:
    """A search tells days as texts, in local time."""
    return datetime.fromtimestamp(milliseconds / 1000 + 8 * 3600, UTC).strftime("%Y-%m-%d 00:00:00.0")


def _plain(name: str) -> str:
    """Brackets of both widths are the same."""
    return name.replace("（", "(").replace("）", ")").replace(" ", "")
