"""CalDAV over HTTP as calls: what goes over the wire, and what each failure means. Nothing about the hub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import httpx

from connectors.caldav import dav
from connectors.caldav.config import CalDavConfig
from hub.errors import (
    ConfigInvalid,
    CursorExpired,
    Duplicate,
    IsthmusError,
    NeedsConsent,
    OutcomeUnknown,
    Rejected,
    Stale,
    Transient,
)
from hub.sdk import HttpClient, Tools

WELL_KNOWN = "/.well-known/caldav"
AT_ONCE = 50
"""Events that are asked for in one request."""
_FOLD = re.compile(rb"\r?\n[ \t]")
_MOST_MOVES = 5
_MOVED = (301, 302, 303, 307, 308)
_MISSING = (404, 410)
_DAV = {"content-type": "application/xml; charset=utf-8"}
_EVENT = {"content-type": "text/calendar; charset=utf-8"}


@dataclass(frozen=True)
class Stored:
    """An event as it lies on the server: its text and the name of this very version."""

    path: str
    etag: str
    text: str


@dataclass(frozen=True)
class Changes:
    """Paths that were made or changed, and those that are gone, since a token; ``token`` is for the next question."""

    changed: Sequence[str]
    gone: Sequence[str]
    token: str


class CalDavClient:
    """One account. Reads raise ``Transient``, ``NeedsConsent``, ``ConfigInvalid`` or ``CursorExpired``. Writes raise
    ``Rejected``, ``Duplicate``, ``Stale``, ``NeedsConsent``, ``Transient`` (certainly not applied) or
    ``OutcomeUnknown``."""

    def __init__(self, config: CalDavConfig, tools: Tools) -> None:
        self._config = config
        self._address = urlsplit(config.url if "//" in config.url else f"https://{config.url}")
        login = httpx.BasicAuth(config.user, config.password.get_secret_value())
        self._http = HttpClient(f"{self._address.scheme}://{self._address.netloc}", tools, auth=login)

    @property
    def path(self) -> str:
        """Where the admin said to begin."""
        return dav.clean_path(self._address.path) or "/"

    def close(self) -> None:
        self._http.close()

    # ------------------------------------------------------------ reading

    def describe(self, path: str, names: Sequence[str], *, depth: int = 0) -> Sequence[dav.Answer]:
        """Properties of a path, and with ``depth`` 1 of everything directly below it. Follows it when it has moved on
        this server."""
        for _ in range(_MOST_MOVES):
            try:
                return self._ask("PROPFIND", path, dav.ask_props(names), depth).answers
            except Rejected as refused:
                if refused.params.get("status") not in _MOVED:
                    raise
                path = self._follow(path, str(refused.params.get("location") or ""))
        raise ConfigInvalid("caldav.not_caldav", url=self._config.url)

    def list_changes(self, calendar: str, token: str) -> Changes:
        """``CursorExpired`` when the server no longer accepts the token. A server that tells only part of it at a time
        is asked on."""
        changed: dict[str, None] = {}
        gone: dict[str, None] = {}
        while True:
            told = self._ask("REPORT", calendar, dav.ask_changes(token), 1)
            if not told.token:
                raise Transient("caldav.unreadable", vendor="no sync-token", where=calendar)
            partly = False
            for answer in told.answers:
                if answer.path.rstrip("/") == calendar.rstrip("/"):
                    partly = partly or answer.status == httpx.codes.INSUFFICIENT_STORAGE
                elif answer.status in _MISSING:
                    gone[answer.path] = None
                    changed.pop(answer.path, None)
                else:
                    changed[answer.path] = None
                    gone.pop(answer.path, None)
            if not partly or told.token == token:
                return Changes(list(changed), list(gone), told.token)
            token = told.token

    def list_paths(self, calendar: str, component: str, *, having: str = "") -> Sequence[str]:
        """The paths of all events (VEVENT) or tasks (VTODO), or of those ``having`` a property."""
        told = self._ask("REPORT", calendar, dav.ask_objects([dav.ETAG], component, having=having), 1)
        return [answer.path for answer in told.answers if answer.status not in _MISSING]

    def read_events(self, calendar: str, paths: Sequence[str]) -> dict[str, Stored]:
        """Those of the paths that are still there."""
        found: dict[str, Stored] = {}
        for start in range(0, len(paths), AT_ONCE):
            told = self._ask("REPORT", calendar, dav.ask_contents(paths[start : start + AT_ONCE]), 1)
            found |= {stored.path: stored for stored in _list_stored(told.answers)}
        return found

    def search(self, calendar: str, uid_part: str, component: str) -> Sequence[Stored]:
        """Events or tasks whose UID contains a text."""
        body = dav.ask_objects([dav.ETAG, dav.CONTENT], component, uid_part=uid_part)
        told = self._ask("REPORT", calendar, body, 1)
        return list(_list_stored(told.answers))

    def get(self, path: str) -> Stored | None:
        """One event; None when the server says that there is none."""
        try:
            self._check_address()
            response = self._http.read("GET", path)
        except Rejected as refused:
            if refused.params.get("status") in _MISSING:
                return None
            raise
        return read_text(path, response.headers.get("etag", ""), response.content)

    def _ask(self, method: str, path: str, body: bytes, depth: int) -> dav.Multistatus:
        self._check_address()
        headers = {**_DAV, "depth": str(depth)}
        try:
            response = self._http.read(method, path, content=body, headers=headers)
        except (Rejected, NeedsConsent) as refused:
            # RFC 6578 says 403, others say 412 or 410: the element tells it.
            if "valid-sync-token" in (refused.vendor or ""):
                raise CursorExpired("caldav.token_expired", vendor=refused.vendor) from refused
            raise
        where = f"{method} {path}"
        if response.status_code != httpx.codes.MULTI_STATUS:
            raise Transient("caldav.unreadable", vendor=response.text[:300], where=where)
        try:
            return dav.read_multistatus(response.content)
        except dav.NotDav as error:
            raise Transient("caldav.unreadable", vendor=response.text[:300], where=where) from error

    def _follow(self, path: str, location: str) -> str:
        """Only on this server: the password is for nobody else."""
        there = urlsplit(urljoin(f"{self._address.scheme}://{self._address.netloc}{path}", location))
        if (there.scheme, there.netloc) != (self._address.scheme, self._address.netloc):
            raise ConfigInvalid("caldav.elsewhere", url=self._config.url, location=location)
        return dav.clean_path(there.path) or "/"

    def _check_address(self) -> None:
        if self._address.scheme == "https" or self._config.plain_http or is_loopback(self._address.hostname or ""):
            return
        raise ConfigInvalid("caldav.plain_http", url=self._config.url)

    # ------------------------------------------------------------ writing

    def create(self, path: str, text: bytes) -> str:
        """Make an event at a path where nothing is; the name of its version, empty when the server does not tell."""
        try:
            return self._put(path, text, {"if-none-match": "*"})
        except Rejected as refused:
            raise _read_refusal(refused, clash=Duplicate("caldav.exists", vendor=refused.vendor)) from refused

    def replace(self, stored: Stored, text: bytes) -> str:
        """Write an event over the very version that was read; ``Stale`` when it is not the newest any more."""
        try:
            return self._put(stored.path, text, {"if-match": stored.etag})
        except Rejected as refused:
            raise _read_refusal(refused, clash=Stale("caldav.stale", vendor=refused.vendor)) from refused

    def remove(self, stored: Stored) -> None:
        """Delete the very version that was read; already gone is as good. ``Stale`` when it is not the newest."""
        self._check_address()
        try:
            self._http.write("DELETE", stored.path, headers={"if-match": stored.etag})
        except Rejected as refused:
            if refused.params.get("status") not in _MISSING:
                raise _read_refusal(refused, clash=Stale("caldav.stale", vendor=refused.vendor)) from refused

    def _put(self, path: str, text: bytes, condition: dict[str, str]) -> str:
        self._check_address()
        response = self._http.write("PUT", path, content=text, headers={**_EVENT, **condition})
        etag: str = response.headers.get("etag", "")
        if etag or (response.status_code in (201, 204) and not response.content):
            return etag
        raise OutcomeUnknown("caldav.unreadable", vendor=response.text[:300], where=f"PUT {path}")


def read_text(path: str, etag: str, content: bytes) -> Stored:
    """``Transient`` for what is no calendar at all, such as a login page, or was cut off. Lines are joined before they
    are decoded: programs cut them inside characters."""
    joined = _FOLD.sub(b"", content)
    text = _decode(joined).removeprefix("\ufeff").strip()
    if not text.upper().startswith("BEGIN:VCALENDAR") or not text.upper().endswith("END:VCALENDAR"):
        raise Transient("caldav.unreadable", vendor=text[:300], where=path)
    return Stored(path, etag, text)


def _decode(content: bytes) -> str:
    """UTF-8, as it must be; else what Chinese programs of old write."""
    for name in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return content.decode(name)
    return content.decode("utf-8", "replace")


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _list_stored(answers: Iterable[dav.Answer]) -> Iterable[Stored]:
    for answer in answers:
        if answer.status not in _MISSING and dav.CONTENT in answer.props:
            yield read_text(answer.path, answer.text(dav.ETAG), answer.text(dav.CONTENT).encode())


def _read_refusal(refused: Rejected, *, clash: IsthmusError) -> IsthmusError:
    """412 is the condition that we set, unless the server names another reason; a UID that is taken under another path
    is the same event."""
    words, status = refused.vendor or "", refused.params.get("status")
    if "no-uid-conflict" in words:
        return Duplicate("caldav.exists", vendor=words)
    named = any(f"{reason} " in words or f"{reason}/" in words for reason in _REASONS)
    return clash if status == httpx.codes.PRECONDITION_FAILED and not named else refused


_REASONS = (
    *("valid-calendar-data", "valid-calendar-object-resource", "supported-calendar-component", "max-resource-size"),
    *("supported-calendar-data", "calendar-collection-location-ok", "min-date-time", "max-date-time"),
)
"""What else a server may name as the precondition that failed (RFC 4791, 5.3.2.1)."""
