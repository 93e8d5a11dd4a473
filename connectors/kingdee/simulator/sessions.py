"""Who calls: signed calls, signed logins, sessions and their end."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.kingdee.simulator import signing
from connectors.kingdee.simulator.books import Books
from connectors.kingdee.simulator.refusals import LICENCE, BillRefused, refuse_session
from hub.sdk.simulator import Request

COOKIE = "kdservice-sessionid"


@dataclass
class Session:
    """One session; ``used_s`` is when it was last needed."""

    id: str
    user: str
    used_s: float


class Sessions:
    """The sessions of one server."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._open: dict[str, Session] = {}
        self._made = 0

    def lose_all(self) -> None:
        """The server was started again."""
        self._open.clear()

    def admit(self, request: Request) -> Session:
        """The session of a call; a signed one without a session gets a new one. A session that is not known is lost,
        signed or not."""
        self._forget_idle()
        given = read_session_id(request.headers)
        signed = "x-kd-signature" in request.headers
        if signed and not self._is_ours(request):
            raise refuse_session()
        if given:
            session = self._open.get(given)
            if session is None:
                raise refuse_session()
            session.used_s = self._books.clock.monotonic()
            return session
        if not signed:
            raise refuse_session()
        return self._start()

    def log_in(self, method: str, values: Sequence[Any]) -> Session | str:
        """A session, or what is wrong in the server's words."""
        settings = self._books.settings
        texts = [str(value) for value in values]
        wanted = {"LoginBySign": 6, "LoginByAppSecret": 5, "ValidateUser": 4}[method]
        if len(texts) != wanted:
            return "登录参数个数不正确"
        if texts[0] != settings.account:
            return f"账套ID“{texts[0]}”不存在"
        if method == "ValidateUser":
            return "该租户已禁止使用密码登录，请使用第三方系统登录授权"
        if texts[2] != settings.app_id:
            return "第三方系统登录授权未启用：应用ID不存在"
        if texts[1] != settings.user:
            return f"第三方系统登录授权：用户“{texts[1]}”不是集成用户"
        right = settings.app_secret
        if method == "LoginBySign":
            right = signing.make_login_signature(texts[0], texts[1], texts[2], settings.app_secret, texts[3])
        if not hmac.compare_digest(texts[4 if method == "LoginBySign" else 3].encode(), right.encode()):
            return "第三方系统登录授权：签名或应用密钥不正确"
        return self._start()

    def log_out(self, headers: Mapping[str, str]) -> None:
        self._open.pop(read_session_id(headers), None)

    def _is_ours(self, request: Request) -> bool:
        settings, data = self._books.settings, signing.read_app_data(request.headers)
        if not data or data[:2] != [settings.account, settings.user]:
            return False
        if settings.signature_age_s and not self._is_fresh(request.headers.get("x-api-timestamp", "")):
            return False
        path = request.target.partition("?")[0]
        return signing.is_signed_by(request.headers, path, settings.app_id, settings.app_secret)

    def _is_fresh(self, timestamp: str) -> bool:
        now_s = self._books.clock.now().timestamp()
        return timestamp.isdigit() and abs(now_s - int(timestamp)) <= self._books.settings.signature_age_s

    def _start(self) -> Session:
        settings = self._books.settings
        if settings.licences and len(self._open) >= settings.licences:
            raise BillRefused(LICENCE, f"用户“{settings.user}”的并发许可数已用完，请先退出其他会话")
        self._made += 1
        session = Session(f"session-{self._made:08d}", settings.user, self._books.clock.monotonic())
        self._open[session.id] = session
        return session

    def _forget_idle(self) -> None:
        oldest_s = self._books.clock.monotonic() - self._books.settings.session_s
        self._open = {id: session for id, session in self._open.items() if session.used_s >= oldest_s}


def read_session_id(headers: Mapping[str, str]) -> str:
    """From the header of that name, or from the cookie."""
    if headers.get(COOKIE):
        return headers[COOKIE]
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")
