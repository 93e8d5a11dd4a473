"""The ERP's HTTP interface as calls: what goes over the wire, and what each failure means. Nothing about the hub."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from connectors.sandbox.config import SandboxConfig
from hub.errors import Duplicate, IsthmusError, Locked, OutcomeUnknown, PeriodClosed, Rejected, Stale, Transient
from hub.sdk import HttpClient, Tools, read_json

Row = Mapping[str, Any]


class SandboxClient:
    """One account. Reads raise Transient or NeedsConsent; writes Rejected, Locked, Duplicate, Stale, Transient
    (certainly not applied) or OutcomeUnknown."""

    def __init__(self, config: SandboxConfig, tools: Tools) -> None:
        headers = {"authorization": f"Bearer {config.token.get_secret_value()}"}
        self._http = HttpClient(config.url, tools, headers=headers)
        self._random = tools.random

    def describe_account(self) -> Row:
        """Who we are there and what the installation can do."""
        return self._read("/api/whoami", "user")

    def list_changes(self, kind: str, since: str | None, position: Sequence[str] | None, limit: int) -> Row:
        """``{"items": […], "next": [time, id] | None}``."""
        params: dict[str, str | int] = {"limit": limit}
        if since is not None:
            params["since"] = since
        if position is not None:
            params["after_time"], params["after_id"] = position
        page = self._read(f"/api/{kind}", "items", **params)
        if not isinstance(page["items"], list):
            raise Transient("sandbox.unreadable", vendor=str(page["items"])[:300], where=f"/api/{kind}")
        return page

    def get(self, kind: str, id: str) -> Row | None:
        """One document, None when the ERP says that it has none of that id."""
        try:
            return self._read(f"/api/{kind}/{id}", "id")
        except Rejected as refused:
            if _says(refused, "not_found"):
                return None
            raise

    def list_ids(self, kind: str) -> Sequence[str]:
        return [str(id) for id in self._read_list(f"/api/{kind}/ids", "ids")]

    def search(self, kind: str, **params: str) -> Sequence[Row]:
        """By ``ref_prefix``, or partners by ``tax_id``."""
        return self._read_list(f"/api/{kind}", "items", **params)

    def create(self, kind: str, document: Row) -> Row:
        return self._write("POST", f"/api/{kind}", document)

    def create_all(self, kind: str, documents: Sequence[Row]) -> Sequence[Row | IsthmusError]:
        """One result for each document, in order."""
        results = self._write("POST", f"/api/{kind}/batch", {"items": list(documents)}, wanted="results")["results"]
        if not isinstance(results, list) or len(results) != len(documents):
            raise OutcomeUnknown("sandbox.unreadable", vendor=str(results)[:300], where=f"/api/{kind}/batch")
        return [_read_item(result) for result in results]

    def change(self, kind: str, id: str, changes: Row, if_version: int | None) -> Row:
        return self._write("PATCH", f"/api/{kind}/{id}", {"changes": changes}, if_version)

    def act(self, kind: str, id: str, action: str, if_version: int | None) -> Row:
        """``submit``, ``approve``, ``reopen`` or ``void``."""
        return self._write("POST", f"/api/{kind}/{id}/{action}", {}, if_version)

    def merge(self, kind: str, id: str, into: str | None, if_version: int | None) -> Row:
        """One partner is part of another from now on; None: it stands for itself again."""
        return self._write("POST", f"/api/{kind}/{id}/merge", {"into": into or ""}, if_version)

    def delete(self, kind: str, id: str, if_version: int | None) -> None:
        """Remove it; not there (any more) is as good."""
        try:
            self._send("DELETE", f"/api/{kind}/{id}", {}, if_version)
        except Rejected as refused:
            if not _says(refused, "not_found"):
                raise _translate(refused) from refused

    def close(self) -> None:
        self._http.close()

    def _read(self, path: str, wanted: str, **params: str | int) -> Row:
        """An answer that has the key ``wanted``: a 200 without it is an error in disguise."""
        response = self._http.read("GET", path, params=params or None, headers=self._name_request())
        row = _parse(response)
        if row is None or wanted not in row:
            raise Transient("sandbox.unreadable", vendor=response.text[:300], where=path)
        return row

    def _read_list(self, path: str, wanted: str, **params: str | int) -> list[Any]:
        found = self._read(path, wanted, **params)[wanted]
        if not isinstance(found, list):
            raise Transient("sandbox.unreadable", vendor=str(found)[:300], where=path)
        return found

    def _write(self, method: str, path: str, body: Row, if_version: int | None = None, wanted: str = "id") -> Row:
        try:
            return self._send(method, path, body, if_version, wanted)
        except Rejected as refused:
            raise _translate(refused) from refused

    def _send(self, method: str, path: str, body: Row, if_version: int | None, wanted: str = "id") -> Row:
        content = body if if_version is None else {**body, "if_version": if_version}
        response = self._http.write(method, path, json=content, headers=self._name_request())
        row = _parse(response)
        if row is None or wanted not in row:
            # HTTP 200 with a page of a gateway, or with an error in it: it may have been applied.
            raise OutcomeUnknown("sandbox.unreadable", vendor=response.text[:300], where=path)
        return row

    def _name_request(self) -> dict[str, str]:
        return {"x-request-id": f"{self._random.getrandbits(48):012x}"}


def _parse(response: httpx.Response) -> Row | None:
    """The JSON object of an answer, None when it holds something else."""
    try:
        row = read_json(response.content, parse_float=float)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _read_item(result: Any) -> Row | IsthmusError:
    """One result of a batch: an answer, or an error that tells its kind by a code."""
    error = result.get("error") if isinstance(result, dict) else None
    if error:
        return _make_error(str(error.get("code")), str(error.get("message")))
    if not isinstance(result, dict) or "id" not in result:
        return OutcomeUnknown("sandbox.unreadable", vendor=str(result)[:300], where="batch")
    return result


def _translate(refused: Rejected) -> IsthmusError:
    """A refusal by the code in its body; a body of somebody else's stays a plain refusal."""
    error = _read_error(refused)
    return _make_error(str(error["code"]), str(error["message"])) if error else refused


def _make_error(code: str, words: str) -> IsthmusError:
    match code:
        case "duplicate":
            return Duplicate("sandbox.duplicate", vendor=words)
        case "stale":
            return Stale("sandbox.stale", vendor=words)
        case "locked":
            return Locked("sandbox.locked", vendor=words)
        case "closed":
            return PeriodClosed("sandbox.period_closed", vendor=words)
        case "throttled":
            return Transient("sandbox.throttled", vendor=words)
        case "not_found":
            return Rejected("sandbox.not_found", vendor=words)
    return Rejected("sandbox.rejected", vendor=words)


def _says(refused: Rejected, code: str) -> bool:
    error = _read_error(refused)
    return error is not None and error["code"] == code


def _read_error(refused: Rejected) -> Row | None:
    """``{"code", "message"}`` from the body of a refusal, None when there is none to read."""
    try:
        error = json.loads(refused.vendor or "")["error"]
    except (ValueError, TypeError, KeyError):
        return None
    return error if isinstance(error, dict) and {"code", "message"} <= error.keys() else None
