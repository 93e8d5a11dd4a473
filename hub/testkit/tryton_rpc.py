"""JSON-RPC to a Tryton server, as the seeding and the people of the tests speak it.

It shares nothing with the Tryton connector on purpose: a misreading there must not be mirrored here.
"""

import base64
import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx


class TrytonRefused(Exception):
    """The server said no; `kind` is Tryton's own word for it, such as UserError or ConcurrencyException."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class TrytonRpc:
    """One login on one database; logs in at the first call and again when the session has lapsed."""

    def __init__(self, url: str, database: str, login: str, password: str, *, timeout_s: float = 120.0) -> None:
        self.login = login
        self._password = password
        self._path = f"/{database}/rpc/"
        self._client = httpx.Client(
            base_url=url, timeout=timeout_s, trust_env=False, headers={"Accept-Encoding": "gzip"}
        )
        self._authorization: str | None = None
        self._context: dict[str, Any] = {}
        self.user_id = 0

    def call(self, method: str, *args: Any, context: Mapping[str, Any] | None = None) -> Any:
        """`call("model.party.party.read", ids, fields)`; the context is appended as Tryton wants it."""
        if self._authorization is None:
            self.reload_context()
        return self._send(method, [*args, {**self._context, **(context or {})}])

    def reload_context(self) -> None:
        """Company and language of the user; read again after the seed has given the user a company."""
        self._context = self._send("model.res.user.get_preferences", [True, {}])

    def close(self) -> None:
        self._client.close()

    def _send(self, method: str, params: list[Any]) -> Any:
        if self._authorization is None:
            self._log_in()
        response = self._post(method, params)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._log_in()
            response = self._post(method, params)
        response.raise_for_status()
        return _result(response)

    def _log_in(self) -> None:
        self._authorization = None
        response = self._post("common.db.login", [self.login, {"password": self._password}])
        response.raise_for_status()
        self.user_id, token, *_ = _result(response)
        raw = f"{self.login}:{self.user_id}:{token}".encode()
        self._authorization = f"Session {base64.b64encode(raw).decode()}"

    def _post(self, method: str, params: list[Any]) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        body = json.dumps({"id": 1, "method": method, "params": params}, default=_encode)
        return self._client.post(self._path, content=body, headers=headers)


def _result(response: httpx.Response) -> Any:
    answer = json.loads(response.text, object_hook=_decode)
    if "error" in answer:
        kind, detail = (*answer["error"], "")[:2]
        message = detail[0] if isinstance(detail, list) and detail else detail
        raise TrytonRefused(str(kind), str(message))
    return answer["result"]


def _encode(value: object) -> dict[str, Any]:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case dt.datetime():
            clock = {"hour": value.hour, "minute": value.minute, "second": value.second}
            return {"__class__": "datetime", **_day(value), **clock, "microsecond": value.microsecond}
        case dt.date():
            return {"__class__": "date", **_day(value)}
    raise TypeError(f"Tryton has no JSON form for {type(value).__name__}")


def _day(value: dt.date) -> dict[str, int]:
    return {"year": value.year, "month": value.month, "day": value.day}


def _decode(value: dict[str, Any]) -> Any:
    fields = dict(value)
    match fields.pop("__class__", None):
        case "Decimal":
            return Decimal(fields["decimal"])
        case "date":
            return dt.date(**fields)
        case "datetime":
            return dt.datetime(**fields, tzinfo=dt.UTC)
    return value
