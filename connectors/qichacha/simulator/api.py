"""The vendor's interface over HTTP: who may call, what it costs, what comes back."""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.sdk import Clock
from hub.sdk.simulator import NoAnswer, Request, Response, WallClock, answer_json

APP_KEY = "appkey1"
SECRET_KEY = "secret1"  # pragma: allowlist secret
SEARCH, DETAIL, WIDE = "FuzzySearch/GetList", "ECIV4/GetBasicDetailsByName", "ECIInfoVerify/GetInfo"
ONLY_WIDE = ("Partners", "Branches")
"""What only the interface with more details lists."""
FAULTS: Mapping[str, tuple[str, str] | None] = {
    "lost": None, "garbage": None, "server_error": None, "busy": ("205", "等待处理中"),
    "failed": ("199", "系统未知错误"), "repeated": ("110", "当前相同查询连续出错，请等2小时后重试"),
    "offline": ("105", "接口已下线停用"), "daily": ("109", "请求超过系统限制"),
}  # fmt: skip
"""Fault → status and message; None: no answer of the vendor's at all."""
BILLED = ("105", "110", "200", "201", "202", "205", "213", "215")
SHORTEST = 2
HIT = ("KeyNo", "Name", "CreditCode", "StartDate", "OperName", "Status", "No", "Address")
OLD_S = 300


@dataclass(frozen=True)
class QccSettings:
    """What the account may do. ``denied``: paths without a right, apart by commas. ``quota``: paid calls that are left;
    below 0 there is no end. ``status``: what every call is answered instead, such as 102. ``numbers``: statuses are
    numbers, as in older answers."""

    app_key: str = APP_KEY
    secret_key: str = SECRET_KEY
    denied: str = ""
    quota: int = -1
    daily: int = -1
    status: str = ""
    numbers: bool = False
    bills_misses: bool = True


class QccApi:
    """``handle`` answers requests of one account over a register of companies."""

    def __init__(
        self,
        companies: Sequence[Mapping[str, Any]],
        settings: QccSettings | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        self.companies = [dict(company) for company in companies]
        self.settings = settings or QccSettings()
        self.billed: Counter[str] = Counter()
        """Path → calls that cost."""
        self.calls: Counter[str] = Counter()
        self.next_fault = ""
        self._clock = clock or WallClock()
        self._rng = rng or random.Random(0)
        self._faults = dict(faults or {})
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        with self._lock:
            path = request.path.strip("/")
            if path == "simulator/account":
                return answer_json(200, {"billed": dict(self.billed), "calls": dict(self.calls)})
            if path == "simulator/companies":
                return answer_json(200, {"items": self.companies})
            self.calls[path] += 1
            fault = self._draw()
            if fault == "server_error":
                return Response(502, b"<html>bad gateway</html>")
            told = FAULTS.get(fault)
            status, message, result = (*told, None) if told is not None else self._answer(path, request)
            if status in BILLED and (status != "201" or self.settings.bills_misses):
                self.billed[path] += 1
            if fault == "lost":
                raise NoAnswer
            if fault == "garbage":
                return Response(200, b'{"OrderNumber":"ECI')
            return self._write(status, message, result)

    def _draw(self) -> str:
        if self.next_fault:
            fault, self.next_fault = self.next_fault, ""
            return fault
        return next((name for name, rate in self._faults.items() if self._rng.random() < rate), "")

    def _answer(self, path: str, request: Request) -> tuple[str, str, Any]:
        settings, asked = self.settings, request.query
        if settings.status:
            return settings.status, "账户状态异常", None
        if asked.get("key") != settings.app_key:
            return "101", "当前的KEY无效或者还未生效中", None
        if not self._is_signed(request):
            return "107", "被禁止的IP或者签名错误", None
        if path not in (SEARCH, DETAIL, WIDE) or path in settings.denied.split(","):
            return "111", "接口权限未开通", None
        if 0 <= settings.quota <= sum(self.billed.values()):
            return "112", "您的账号剩余使用量已不足或已过期", None
        if 0 <= settings.daily <= sum(self.billed.values()):
            return "109", "已超过每日调用次数限制", None
        if path == WIDE:
            return self._show(asked.get("searchKey", "").strip(), ())
        return self._search(asked) if path == SEARCH else self._show(asked.get("keyword", "").strip(), ONLY_WIDE)

    def _is_signed(self, request: Request) -> bool:
        timespan = request.headers.get("timespan", "")
        text = f"{self.settings.app_key}{timespan}{self.settings.secret_key}"
        wanted = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
        fresh = timespan.isdigit() and abs(self._clock.now().timestamp() - int(timespan)) <= OLD_S
        return fresh and request.headers.get("token") == wanted

    def _search(self, asked: Mapping[str, str]) -> tuple[str, str, Any]:
        text, size = asked.get("searchKey", "").strip(), int(asked.get("pageSize") or 10)
        if len(text) < SHORTEST:
            return "213", "搜索关键字不能少于2个字", None
        plain = _plain(text)
        names = [row for row in self.companies if plain in _plain(row["Name"])]
        former = [row for row in self.companies if any(plain in _plain(old["Name"]) for old in row["OriginalName"])]
        codes = [row for row in self.companies if row["CreditCode"] == text]
        found = list({row["KeyNo"]: row for row in (*codes, *names, *former)}.values())[:size]
        if not found:
            return "201", "查询无结果", None
        return "200", "查询成功", [{name: row[name] for name in HIT} for row in found]

    def _show(self, text: str, hidden: Collection[str]) -> tuple[str, str, Any]:
        if len(text) < SHORTEST:
            return "202", "查询参数错误，请检查", None
        for row in self.companies:
            if text in (row["CreditCode"], row["KeyNo"], row["No"]) or _plain(row["Name"]) == _plain(text):
                return "200", "查询成功", {name: value for name, value in row.items() if name not in hidden}
        return "201", "查询无结果", None

    def _write(self, status: str, message: str, result: Any) -> Response:
        told: Any = int(status) if self.settings.numbers else status
        order = f"ECI{sum(self.calls.values()):012d}"
        body = {"OrderNumber": order, "Status": told, "Message": f"【{message}】", "Result": result}
        if isinstance(result, list):
            body["Paging"] = {"PageSize": len(result), "PageIndex": 1, "TotalRecords": len(result)}
        return answer_json(200, body)


def _plain(name: str) -> str:
    """Brackets of both widths are the same."""
    return name.replace("（", "(").replace("）", ")").replace(" ", "")
