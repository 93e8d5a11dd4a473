"""Tryton's JSON-RPC as calls: what goes over the wire, and what each failure means. Nothing about the hub."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from connectors.tryton.config import TrytonConfig
from connectors.tryton.encoding import read_json, write_json
from hub.errors import (
    ConfigInvalid,
    IsthmusError,
    NeedsConsent,
    OutcomeUnknown,
    Rejected,
    Stale,
    Transient,
)
from hub.sdk import HttpClient, Tools

Row = Mapping[str, Any]
NEW_PATHS_SINCE = (8, 0)
"""From this series on calls go to ``/<database>/rpc/``; before, to ``/<database>/``."""
LOGIN_PAUSE_S = 600.0
"""After a refused login the server is left alone for this long: six refusals shut the user out."""


@dataclass(frozen=True)
class Session:
    """A login that the server accepted."""

    user_id: int
    authorization: str


class TrytonClient:
    """One user on one database. Logs in with the first call.

    Reads raise ``Transient``, ``NeedsConsent`` or ``ConfigInvalid`` (wrong address or database). Writes raise
    ``Rejected``, ``Stale``, ``NeedsConsent``, ``Transient`` (certainly not applied) or ``OutcomeUnknown``.
    """

    def __init__(self, config: TrytonConfig, tools: Tools) -> None:
        self._config = config
        self._clock = tools.clock
        self._http = HttpClient(config.url, tools)
        self._series: str | None = None
        self._session: Session | None = None
        self._context: dict[str, Any] | None = None
        self._refused: tuple[float, IsthmusError] | None = None

    @property
    def user_id(self) -> int:
        """Our own id there."""
        return self._open_session().user_id

    @property
    def series(self) -> str:
        """The server's version, such as ``8.2``; asked without logging in."""
        if self._series is None:
            self._series = self._probe_series()
        return self._series

    @property
    def context(self) -> Mapping[str, Any]:
        """Company, companies and language of the user, as every call carries them."""
        if self._context is None:
            preferences = self._call("model.res.user.get_preferences", [True, {}], writes=False)
            if not isinstance(preferences, Mapping):
                raise Transient("tryton.unreadable", vendor=str(preferences)[:300], where="get_preferences")
            self._context = {**preferences, **self._choose_company(preferences)}
        return self._context

    @property
    def company_id(self) -> int | None:
        """The company whose documents count; None when the user has none."""
        company = self.context.get("company")
        return company if isinstance(company, int) else None

    def read(self, model: str, method: str, *args: Any, active_only: bool = False) -> Any:
        """A call without side effects. Deactivated records are included unless ``active_only``."""
        context = dict(self.context) if active_only else {**self.context, "active_test": False}
        return self._call(f"model.{model}.{method}", [*args, context], writes=False)

    def search_read(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], *, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Rows in the order of their ids, deactivated ones included."""
        rows = self.read(model, "search_read", list(domain), 0, limit, [["id", "ASC"]], list(fields))
        if not isinstance(rows, list) or not all(isinstance(row, dict) and "id" in row for row in rows):
            raise Transient("tryton.unreadable", vendor=str(rows)[:300], where=f"{model}.search_read")
        return rows

    def write(self, model: str, method: str, *args: Any, stamps: Mapping[str, str] | None = None) -> Any:
        """A call with side effects, sent once. ``stamps`` (``"sale.sale,7"`` → ``_timestamp``) are the versions that
        must still be the newest."""
        context = {**self.context, "_timestamp": dict(stamps)} if stamps else dict(self.context)
        return self._call(f"model.{model}.{method}", [*args, context], writes=True)

    def close(self) -> None:
        """The session there ends by itself."""
        self._http.close()

    def _choose_company(self, preferences: Mapping[str, Any]) -> dict[str, int]:
        if not self._config.company:
            return {}
        params = [[["party.name", "=", self._config.company]], 0, None, None, dict(preferences)]
        found = self._call("model.company.company.search", params, writes=False)
        if not found:
            raise ConfigInvalid("tryton.company_unknown", company=self._config.company)
        return {"company": found[0]}

    def _probe_series(self) -> str:
        """8.x answers at ``/rpc/``, older ones at ``/``."""
        try:
            answer = self._ask_version("/rpc/")
        except Rejected as refused:
            if refused.params.get("status") not in (404, 405):
                raise ConfigInvalid("tryton.not_tryton", vendor=refused.vendor, url=self._config.url) from refused
            answer = self._ask_version_of_old()
        if not isinstance(answer, str) or not answer[:1].isdigit():
            raise ConfigInvalid("tryton.not_tryton", vendor=str(answer)[:300], url=self._config.url)
        return answer

    def _ask_version_of_old(self) -> Any:
        try:
            return self._ask_version("/")
        except Rejected as refused:
            raise ConfigInvalid("tryton.not_tryton", vendor=refused.vendor, url=self._config.url) from refused

    def _ask_version(self, path: str) -> Any:
        try:
            return self._post(path, "common.server.version", [], writes=False)
        except (Transient, NeedsConsent) as error:
            # 401: something in front asks for a login, or the path is that of a database.
            if error.code not in ("tryton.unreadable", "sdk.refused_login"):
                raise
            raise ConfigInvalid("tryton.not_tryton", vendor=error.vendor, url=self._config.url) from error

    @property
    def _path(self) -> str:
        numbers = tuple(int(part) for part in self.series.split(".")[:2] if part.isdigit())
        return f"/{self._config.database}/rpc/" if numbers >= NEW_PATHS_SINCE else f"/{self._config.database}/"

    def _open_session(self) -> Session:
        if self._session is None:
            if self._refused is not None and self._clock.monotonic() < self._refused[0]:
                raise self._refused[1]
            try:
                self._session = self._log_in()
            except NeedsConsent as refused:
                self._refused = (self._clock.monotonic() + LOGIN_PAUSE_S, refused)
                raise
        return self._session

    def _log_in(self) -> Session:
        """One attempt: a refused login is never repeated by itself."""
        login, secret = self._config.login, self._config.password.get_secret_value()
        try:
            answer = self._post(self._path, "common.db.login", [login, {"password": secret}], writes=True)
            user_id, token = answer[:2]
        except NeedsConsent as refused:
            raise NeedsConsent("tryton.login_refused", login=login, database=self._config.database) from refused
        except Rejected as refused:
            raise ConfigInvalid(
                "tryton.database_unknown", vendor=refused.vendor, database=self._config.database
            ) from refused
        except OutcomeUnknown as lost:
            raise Transient("tryton.no_answer", vendor=lost.vendor, where="common.db.login") from lost
        except (TypeError, ValueError) as error:
            raise NeedsConsent("tryton.login_refused", login=login, database=self._config.database) from error
        raw = base64.b64encode(f"{login}:{user_id}:{token}".encode()).decode()
        return Session(user_id, f"Session {raw}")

    def _call(self, method: str, params: list[Any], *, writes: bool) -> Any:
        """One call; after a session that has ended one new login, because 401 says that nothing was done."""
        known = self._session is not None
        try:
            return self._send(method, params, writes=writes)
        except NeedsConsent as refused:
            if refused.params.get("status") != httpx.codes.UNAUTHORIZED:
                raise
            self._session = None
            if not known:
                raise NeedsConsent("tryton.session_refused", vendor=refused.vendor) from refused
        return self._send(method, params, writes=writes)

    def _send(self, method: str, params: list[Any], *, writes: bool) -> Any:
        authorization = self._open_session().authorization
        try:
            return self._post(self._path, method, params, writes=writes, authorization=authorization)
        except NeedsConsent as refused:
            if refused.params.get("status") == httpx.codes.FORBIDDEN:
                raise NeedsConsent("tryton.not_exposed", vendor=refused.vendor, method=method) from refused
            raise
        except Rejected as refused:
            if "status" in refused.params:
                raise _read_status(refused, method, writes=writes) from refused
            raise

    def _post(
        self, path: str, method: str, params: list[Any], *, writes: bool, authorization: str | None = None
    ) -> Any:
        headers = {"content-type": "application/json"}
        if authorization is not None:
            headers["authorization"] = authorization
        send = self._http.write if writes else self._http.read
        content = write_json({"id": 1, "method": method, "params": params})
        return read_answer(send("POST", path, content=content, headers=headers), method, writes=writes)


def _read_status(refused: Rejected, method: str, *, writes: bool) -> IsthmusError:
    """A 4xx of the server. 408 is its own time limit: the transaction was rolled back."""
    if refused.params.get("status") == httpx.codes.REQUEST_TIMEOUT:
        return Transient("tryton.timed_out", vendor=refused.vendor, method=method)
    return refused if writes else Transient("tryton.failed_there", vendor=refused.vendor, method=method)


def read_answer(response: httpx.Response, method: str, *, writes: bool) -> Any:
    """``result`` of an answer. HTTP 200 is not success: an ``error`` inside is raised as its class."""
    try:
        answer = read_json(response.content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not answer.keys() & {"result", "error"}:
        # A page of a gateway, or a cut body: a write may have been applied.
        failure = OutcomeUnknown if writes else Transient
        raise failure("tryton.unreadable", vendor=response.text[:300], where=method)
    if "error" in answer:
        raise _read_error(answer["error"], method, writes=writes)
    return answer.get("result")


def _read_error(error: Any, method: str, *, writes: bool) -> IsthmusError:
    """By the first element only: texts are in the user's language. Whatever it says, the transaction was rolled
    back."""
    parts = error if isinstance(error, list) and error else [error]
    kind, words = str(parts[0]), _join_words(parts[1:])
    match kind:
        case "ConcurrencyException":
            return Stale("tryton.stale", vendor=words)
        case "LoginException":
            return NeedsConsent("tryton.login_challenge", vendor=words)
        case "UserError" if not writes:
            return NeedsConsent("tryton.read_refused", vendor=words, method=method)
        case "UserError":
            return Rejected("tryton.refused", vendor=words, method=method)
        case "UserWarning" if writes:
            return Rejected("tryton.asks_back", vendor=words, method=method)
    # The bare text of a Python exception: an unknown model or field, or a fault of the server.
    failure = Rejected if writes else Transient
    return failure("tryton.failed_there", vendor=f"{kind} {words}".strip(), method=method)


def _join_words(parts: list[Any]) -> str:
    """Message and description of an error, which come nested in lists."""
    flat: list[str] = []
    for part in parts:
        inner = part if isinstance(part, list) else [part]
        flat += [text for text in inner if isinstance(text, str) and text]
    return " ".join(flat)[:500]
