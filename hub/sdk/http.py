"""The HTTP client that connectors use: bounded, injectable, and sure about what a failure means for a write."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from hub.errors import IsthmusError, NeedsConsent, OutcomeUnknown, Rejected, Transient, keep_secret
from hub.sdk.budget import LONGEST_SLEEP_S, LONGEST_WRITE_SLEEP_S
from hub.sdk.connector import Clock, Tools
from hub.sdk.waiting import find_wait_s, is_used_up

READ_ATTEMPTS = 3
MARK = "isthmus.writes"
"""Name under which each request tells the transport whether it has side effects: faults are put where they belong."""
BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
CERTIFICATE_WORDS = "CERTIFICATE_VERIFY_FAILED"
"""OpenSSL's, which httpx passes on."""
_TURNS = "isthmus.turns"
_CREDENTIALS = (
    b"authorization",
    b"proxy-authorization",
    b"cookie",
    b"x-api-key",
    b"x-auth-token",
    b"x-access-token",
    b"apikey",
)
_MOST_KEPT = 32
"""Credentials of one client that are kept from being shown; one that signs every request has too many to keep."""


class HttpClient:
    """Requests against one base address, each within the connection's budget. Reads are retried a little; writes
    never are.

    A failure before the bytes left is ``Transient``; any later failure of a write is ``OutcomeUnknown``, of a read
    ``Transient``. Status codes: 401 and 403 ``NeedsConsent``; 429, 503 with Retry-After and 403 of a used-up rate
    limit ``Transient`` with the seconds that the system named; redirects and other 4xx ``Rejected``; other 5xx
    ``OutcomeUnknown`` for writes and ``Transient`` for reads. A wait of more than a few seconds is not slept: the
    ``Transient`` goes up, and the hub leaves the connection alone until then.

    ``base_url`` is what paths are appended to, ``headers`` go with every request, ``auth`` is httpx's. Whole requests
    end within ``tools.http_total_s`` seconds.
    """

    def __init__(
        self, base_url: str, tools: Tools, *, headers: Mapping[str, str] | None = None, auth: httpx.Auth | None = None
    ) -> None:
        self._tools = tools
        self._kept: set[str] = set()
        timeout = httpx.Timeout(tools.http_total_s / 2, connect=min(10.0, tools.http_total_s / 4))
        trust: ssl.SSLContext | bool = True if tools.transport is not None else _load_trust()
        self._client = httpx.Client(
            base_url=base_url, headers=dict(headers or {}), auth=auth, timeout=timeout, transport=tools.transport,
            verify=trust, event_hooks={"request": [self._take_turn]},
        )  # fmt: skip

    def read(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A request without side effects; up to three attempts. ``kwargs`` are those of ``httpx.Client.request``."""
        for attempt in Retrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            retry=retry_if_exception(_is_worth_sleeping),
            wait=_choose_sleep_s,
            sleep=self._tools.clock.sleep,
            reraise=True,
        ):
            with attempt:
                return self._send(method, path, writes=False, **kwargs)
        raise AssertionError("unreachable: Retrying re-raises")

    def write(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A request with side effects; exactly one attempt. ``kwargs`` are those of ``httpx.Client.request``."""
        return self._send(method, path, writes=True, **kwargs)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def _take_turn(self, request: httpx.Request) -> None:
        """Called by httpx for every request that leaves, those of an ``auth`` included. The turn ends with the call."""
        self._keep_credentials(request)
        turns = request.extensions.get(_TURNS)
        if turns is None:
            with self._tools.budget.call():
                return
        stack, longest_s = turns
        stack.enter_context(self._tools.budget.call(longest_s))

    def _keep_credentials(self, request: httpx.Request) -> None:
        """Passwords that travel in another form (``Basic …``), sessions and tokens are secrets like the ones that they
        were made from."""
        for name, value in request.headers.raw:
            if name.lower() in _CREDENTIALS and len(self._kept) < _MOST_KEPT:
                self._keep_credential(value.decode("latin-1"))

    def _keep_credential(self, value: str) -> None:
        if value not in self._kept:
            self._kept.add(value)
            for part in (value, value.rpartition(" ")[2], *(pair.partition("=")[2] for pair in value.split(";"))):
                keep_secret(part.strip())

    def _send(self, method: str, path: str, *, writes: bool, **kwargs: Any) -> httpx.Response:
        where = f"{method} {path}"
        longest_s = LONGEST_WRITE_SLEEP_S if writes else LONGEST_SLEEP_S
        with ExitStack() as turns:
            extensions = {**kwargs.pop("extensions", {}), MARK: writes, _TURNS: (turns, longest_s)}
            try:
                response = self._client.request(method, path, extensions=extensions, **kwargs)
            except UnicodeEncodeError as error:  # half a character, as an answer of theirs may hold one
                raise Rejected("sdk.unsendable", vendor=str(error), where=where) from error
            except BEFORE_SENDING as error:
                if CERTIFICATE_WORDS in str(error):
                    raise Transient("sdk.certificate", vendor=str(error), where=where) from error
                raise Transient("sdk.unreachable", vendor=str(error), where=where) from error
            except (httpx.TransportError, httpx.DecodingError) as error:
                failure = OutcomeUnknown if writes else Transient
                raise failure("sdk.no_answer", vendor=f"{type(error).__name__} {error}", where=where) from error
        if response.is_success:
            return response
        raise make_status_error(response, where=where, writes=writes, clock=self._tools.clock)


def _is_worth_sleeping(error: BaseException) -> bool:
    return isinstance(error, Transient) and (error.retry_after_s or 0.0) <= LONGEST_SLEEP_S


def _choose_sleep_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    named = error.retry_after_s if isinstance(error, Transient) else None
    return named if named is not None else min(0.2 * 2.0**state.attempt_number, LONGEST_SLEEP_S)


@cache
def _load_trust() -> ssl.SSLContext:
    """The certificates that we trust, read once: reading them takes longer than most requests."""
    return httpx.create_ssl_context()


def make_status_error(response: httpx.Response, *, where: str, writes: bool, clock: Clock) -> IsthmusError:
    """The error that a non-2xx answer stands for, of the class that says what happens next."""
    status, words = response.status_code, response.text[:300]
    if status == 429 or (status == 503 and "retry-after" in response.headers) or _is_limit(response):
        wait_s = find_wait_s(response.headers, clock.now())
        return Transient("sdk.throttled", vendor=words, retry_after_s=wait_s, status=status, where=where)
    if status in (401, 403):
        return NeedsConsent("sdk.refused_login", vendor=words, status=status, where=where)
    if response.is_redirect:
        location = response.headers.get("location", "")
        return Rejected("sdk.moved", vendor=words, status=status, where=where, location=location)
    if status >= 500:
        failure = OutcomeUnknown if writes else Transient
        return failure("sdk.server_error", vendor=words, status=status, where=where)
    return Rejected("sdk.rejected", vendor=words, status=status, where=where)


def _is_limit(response: httpx.Response) -> bool:
    """Some vendors say "too many calls" with 403."""
    return response.status_code == 403 and is_used_up(response.headers)
