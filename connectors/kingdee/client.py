"""The WebAPI as calls: what goes over the wire, and what each failure means. Nothing about the hub."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.outcomes import (
    Failure,
    explain_read,
    explain_write,
    find_failure,
    parse_answer,
    read_rows,
    read_status,
)
from connectors.kingdee.signing import VENDOR_MASK, sign_call, sign_login
from hub.errors import IsthmusError, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk import HttpClient, Tools

FORM_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService"
LOGIN_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.AuthService"
CENTRES = "Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService.GetDataCenterList"
COOKIE = "kdservice-sessionid"
PAUSES_S = (0.0, 2.0)
"""Before each new session of one read: a fresh one may need a moment until the server knows it."""
LOGIN_PAUSE_S = 300.0
"""After a refused login the server is left alone for this long."""


@dataclass(frozen=True)
class Saved:
    """A document that was written."""

    id: str
    number: str


class KingdeeClient:
    """One user on one account set.

    Reads raise ``Transient``, ``NeedsConsent`` or ``ConfigInvalid`` (a field or form that is not there). Writes raise
    ``Rejected``, ``Locked``, ``PeriodClosed``, ``Duplicate``, ``NeedsConsent``, ``Transient`` (certainly not applied)
    or ``OutcomeUnknown``.
    """

    def __init__(self, config: KingdeeConfig, tools: Tools) -> None:
        self._config = config
        self._clock, self._random = tools.clock, tools.random
        self._http = HttpClient(config.url, tools)
        self._folder = urlsplit(config.url).path
        self._session = ""
        self._refused: tuple[float, IsthmusError] | None = None

    def list_account_sets(self) -> Mapping[str, str]:
        """Id → name of every data centre; asked without logging in. Empty where the server keeps its list to itself."""
        answer = self._read_json(CENTRES, {}, signed=False)
        rows = answer if isinstance(answer, list) else []
        named = [row for row in rows if isinstance(row, Mapping) and row.get("Id")]
        return {str(row["Id"]): str(row.get("Name") or row.get("Number") or "") for row in named}

    def try_login(self) -> str:
        """What the server says to a signed login: empty when it is content. For telling a person what is wrong."""
        answer = self._log_in("LoginBySign")
        if answer.get("LoginResultType") == 1:
            return ""
        return str(answer.get("Message") or answer)[:300]

    def query(
        self, form: str, keys: Sequence[str], condition: str, order: str, *, start: int = 0, limit: int
    ) -> Sequence[Sequence[Any]]:
        """Rows with the values of these columns. One page: whoever wants more asks for it by ``start``."""
        asked = {
            "FormId": form, "FieldKeys": ",".join(keys), "FilterString": condition, "OrderString": order,
            # An absolute end, not a count: with a start it must be behind that.
            "TopRowCount": start + limit, "StartRow": start, "Limit": limit, "SubSystemId": "",
        }  # fmt: skip
        answer = self._read("ExecuteBillQuery", {"data": asked}, form)
        rows = read_rows(answer, len(keys))
        if rows is None:
            raise Transient("kingdee.unreadable", vendor=str(answer)[:300], where=f"ExecuteBillQuery {form}")
        return rows

    def list_ids(self, form: str, key: str, condition: str, *, limit: int) -> list[str]:
        """Ids of documents, which are whole numbers, in their order and each once."""
        rows = self.query(form, [key], condition, f"{key} ASC", limit=limit)
        found = list(dict.fromkeys(str(row[0]) for row in rows))
        if not all(id.isascii() and id.isdigit() for id in found):
            raise Transient("kingdee.unreadable", vendor=str(found)[:300], where=f"{form}.{key}")
        return found

    def save(self, form: str, model: Mapping[str, Any], options: Mapping[str, Any]) -> Saved:
        """A new document, or changes of one whose id is in ``model``."""
        data = {
            "NeedUpDateFields": [], "NeedReturnFields": [], "IsDeleteEntry": False, "IsVerifyBaseDataField": True,
            "ValidateFlag": True, "NumberSearch": True, "InterationFlags": "", "IgnoreInterationFlag": True,
            **options, "Model": model,
        }  # fmt: skip
        return self._write("Save", {"formid": form, "data": data}, form)

    def act(self, form: str, operation: str, id: str) -> Saved:
        """``Submit``, ``Audit``, ``UnAudit`` or ``Delete``."""
        data = {"Numbers": [], "Ids": id, "InterationFlags": "", "NetworkCtrl": "", "IgnoreInterationFlag": True}
        return self._write(operation, {"formid": form, "data": data}, form)

    def cancel(self, form: str, id: str) -> Saved:
        """作废: void a document that is not audited."""
        data = {"Numbers": [], "Ids": id}
        return self._write("ExcuteOperation", {"formid": form, "opNumber": "Cancel", "data": data}, form)

    def close(self) -> None:
        """The session there ends by itself."""
        self._http.close()

    # ---- reading -----------------------------------------------------------------------------------------------

    def _read(self, operation: str, body: Mapping[str, Any], form: str) -> Any:
        """The answer to a read. A session that has ended is replaced, a few times and no more: a wrong login gets the
        same answer."""
        self._check_refused()
        failure: Failure | None = None
        for pause_s in (None, *PAUSES_S):
            if pause_s:
                self._clock.sleep(pause_s)
            answer = self._read_json(f"{FORM_SERVICE}.{operation}", body)
            failure = find_failure(answer)
            if failure is None:
                return answer
            if not failure.lost:
                raise explain_read(failure, form)
            self._session = ""
        assert failure is not None  # noqa: S101 - the loop ran
        raise self._remember(explain_read(failure, form))

    def _read_json(self, service: str, body: Mapping[str, Any], *, signed: bool = True) -> Any:
        headers = self._make_headers(service) if signed else {"content-type": "application/json"}
        answer = self._http.read("POST", f"/{service}.common.kdsvc", content=_dump(body), headers=headers)
        self._keep_session(answer)
        parsed = parse_answer(answer)
        if parsed is None:
            raise Transient("kingdee.unreadable", vendor=answer.text[:300], where=service.rpartition(".")[2])
        return parsed

    # ---- writing -----------------------------------------------------------------------------------------------

    def _write(self, operation: str, body: Mapping[str, Any], form: str) -> Saved:
        self._check_refused()
        content = _dump(body)
        service = f"{FORM_SERVICE}.{operation}"
        headers = self._make_headers(service)
        answer = self._http.write("POST", f"/{service}.common.kdsvc", content=content, headers=headers)
        self._keep_session(answer)
        parsed = parse_answer(answer)
        failure = find_failure(parsed)
        if failure is not None:
            if failure.lost:
                self._session = ""
            raise explain_write(failure, form)
        saved = _read_saved(parsed)
        if saved is None:
            # HTTP 200 with a page of a gateway: it may have been applied.
            raise OutcomeUnknown("kingdee.unreadable", vendor=answer.text[:300], where=f"{operation} {form}")
        return saved

    # ---- who we are --------------------------------------------------------------------------------------------

    def _make_headers(self, service: str) -> dict[str, str]:
        """Signed headers, or those of a session. The cookie is written by hand, so that no old one comes along."""
        config = self._config
        if config.login != "signature" and not self._session:
            self._open_session()
        headers = {"content-type": "application/json", "accept-charset": "utf-8", "cookie": f"lcid={config.language}"}
        if self._session:
            headers |= {COOKIE: self._session, "cookie": f"{headers['cookie']};{COOKIE}={self._session}"}
        if config.login == "signature":
            org = config.organisation if config.organisation.isdigit() else "0"
            headers |= sign_call(
                f"{self._folder}/{service}.common.kdsvc", app_id=config.app_id,
                app_secret=config.app_secret.get_secret_value(), mask=config.gateway_mask or VENDOR_MASK,
                app_data=f"{config.account_set},{config.user},{config.language},{org}",
                timestamp=self._now_s(), nonce=f"{self._random.getrandbits(63)}",
            )  # fmt: skip
        return headers

    def _open_session(self) -> None:
        method = "LoginBySign" if self._config.login == "login_by_sign" else "LoginByAppSecret"
        answer = self._log_in(method)
        if answer.get("LoginResultType") != 1:
            words = str(answer.get("Message") or "")[:300]
            raise self._remember(NeedsConsent("kingdee.login_refused", vendor=words, user=self._config.user))

    def _log_in(self, method: str) -> Mapping[str, Any]:
        config, now_s = self._config, self._now_s()
        secret = config.app_secret.get_secret_value()
        who = (config.account_set, config.user, config.app_id)
        if method == "LoginBySign":
            proof: list[Any] = [now_s, sign_login(config.account_set, config.user, config.app_id, secret, now_s)]
        else:
            proof = [secret]
        answer = self._read_json(
            f"{LOGIN_SERVICE}.{method}", {"parameters": [*who, *proof, config.language]}, signed=False
        )
        if not isinstance(answer, Mapping) or "LoginResultType" not in answer:
            raise Transient("kingdee.unreadable", vendor=str(answer)[:300], where=method)
        self._session = str(answer.get("KDSVCSessionId") or "")
        return answer

    def _keep_session(self, answer: httpx.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if name.strip() == COOKIE:
                self._session = value.strip() or self._session

    def _now_s(self) -> int:
        return int(self._clock.now().timestamp())

    def _check_refused(self) -> None:
        """A login that was refused is not tried again for a while."""
        if self._refused is not None and self._clock.monotonic() < self._refused[0]:
            raise self._refused[1]

    def _remember(self, error: IsthmusError) -> IsthmusError:
        self._refused = (self._clock.monotonic() + LOGIN_PAUSE_S, error)
        return error


def _read_saved(answer: Any) -> Saved | None:
    """Id and number of the one document that a write was about."""
    status = read_status(answer)
    if status is None or status.get("IsSuccess") is not True:
        return None
    written = [row for row in status.get("SuccessEntitys") or () if isinstance(row, Mapping) and row.get("Id")]
    return Saved(str(written[0]["Id"]), str(written[0].get("Number") or "")) if written else None


def _dump(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, default=_write_number).encode()


def _write_number(value: object) -> int | float:
    """An exact number as the plain JSON number that means it."""
    if not isinstance(value, Decimal):
        raise TypeError(type(value).__name__)
    if value == value.to_integral_value():
        return int(value)
    if Decimal(repr(float(value))) != value:
        raise Rejected("kingdee.too_exact", value=str(value))
    return float(value)


def quote_text(text: str) -> str:
    """A text inside a condition. Whatever a user typed stays a text."""
    return "'" + text.replace("'", "''") + "'"
