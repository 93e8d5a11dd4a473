"""The HTTP client that connectors use: bounded, injectable, and sure about what a failure means for a write."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from hub.errors import IsthmusError, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk.connector import Tools

READ_ATTEMPTS = 3
MARK = "isthmus.writes"
"""Name under which each request tells the transport whether it has side effects: faults are put where they belong."""
BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class HttpClient:
    """Requests against one base address. Reads are retried a little; writes never are.

    A failure before the bytes left is ``Transient``; any later failure of a write is ``OutcomeUnknown``, of a read
    ``Transient``. Status codes: 401 and 403 ``NeedsConsent``, 429 and 503 with Retry-After ``Transient``, other 4xx
    ``Rejected``, 5xx ``OutcomeUnknown`` for writes and ``Transient`` for reads.
    """

    def __init__(
        self, base_url: str, tools: Tools, *, headers: Mapping[str, str] | None = None, auth: httpx.Auth | None = None
    ) -> None:
        self._tools = tools
        timeout = httpx.Timeout(tools.http_total_s / 2, connect=min(10.0, tools.http_total_s / 4))
        trust: ssl.SSLContext | bool = True if tools.transport is not None else _load_trust()
        self._client = httpx.Client(
            base_url=base_url, headers=dict(headers or {}), auth=auth, timeout=timeout, transport=tools.transport,
            verify=trust,
        )  # fmt: skip

    def read(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A request without side effects; up to three attempts."""
        for attempt in Retrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            retry=retry_if_exception_type(Transient),
            wait=self._wait_s,
            sleep=self._tools.clock.sleep,
            reraise=True,
        ):
            with attempt:
                return self._send(method, path, writes=False, **kwargs)
        raise AssertionError("unreachable: Retrying re-raises")

    def write(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """A request with side effects; exactly one attempt."""
        return self._send(method, path, writes=True, **kwargs)

    def close(self) -> None:
        self._client.close()

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        named = error.retry_after_s if isinstance(error, Transient) else None
        return min(named if named is not None else 0.2 * 2**state.attempt_number, 5.0)

    def _send(self, method: str, path: str, *, writes: bool, **kwargs: Any) -> httpx.Response:
        where = f"{method} {path}"
        try:
            response = self._client.request(method, path, extensions={MARK: writes}, **kwargs)
        except BEFORE_SENDING as error:
            raise Transient("sdk.unreachable", vendor=str(error), where=where) from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            failure = OutcomeUnknown if writes else Transient
            raise failure("sdk.no_answer", vendor=f"{type(error).__name__} {error}", where=where) from error
        if response.is_success:
            return response
        raise make_status_error(response, where=where, writes=writes)


@cache
def _load_trust() -> ssl.SSLContext:
    """The certificates that we trust, read once: reading them takes longer than most requests."""
    return httpx.create_ssl_context()


def parse_retry_after(response: httpx.Response) -> float | None:
    """Seconds named by a Retry-After header in plain seconds; None otherwise."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "")))
    except ValueError:
        return None


def make_status_error(response: httpx.Response, *, where: str, writes: bool) -> IsthmusError:
    """The error that a non-2xx answer stands for, of the class that says what happens next."""
    status, words = response.status_code, response.text[:300]
    if status in (401, 403):
        return NeedsConsent("sdk.refused_login", vendor=words, status=status, where=where)
    if status == 429 or (status == 503 and "retry-after" in response.headers):
        retry_after_s = parse_retry_after(response)
        return Transient("sdk.throttled", vendor=words, retry_after_s=retry_after_s, status=status, where=where)
    if status >= 500:
        failure = OutcomeUnknown if writes else Transient
        return failure("sdk.server_error", vendor=words, status=status, where=where)
    return Rejected("sdk.rejected", vendor=words, status=status, where=where)
