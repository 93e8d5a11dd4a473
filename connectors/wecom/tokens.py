"""Access tokens: one for each app, asked for by one thread while the others wait, and not asked for again after a
refusal.

Every thread of a process shares the token of an app here; processes and machines share it through the connection's
budget. A wrong secret is told once: whoever repeats it is blocked by his address for an hour.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from hub.errors import IsthmusError, Transient, keep_secret
from hub.sdk import Grant

REFUSED_S = 600.0
"""A secret that was refused is not tried again for so long, whoever resumes the connection. Another one is, at once."""
FINAL = frozenset({"wecom.login_refused", "wecom.corp_wrong"})
"""Refusals that nothing but another configuration can end."""
EARLY_S = 300.0
"""A token is replaced so long before its end, or after nine tenths of a shorter life."""


@dataclass
class TokenSource:
    """The token of one app."""

    transport: httpx.BaseTransport | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _token: str = ""
    _good_until_s: float = 0.0
    _refused: tuple[float, IsthmusError] | None = None

    def take(self, ask: Callable[[], Grant], now_s: Callable[[], float], stale: str = "") -> str:
        """The token; a new one when the last has ended, or is ``stale`` because the server would not have it. Raises
        what ``ask`` raised, for a while without asking again where a person must act or the server named a time."""
        with self._lock:
            self._check_refused(now_s())
            if self._token and self._token != stale and now_s() < self._good_until_s:
                return self._token
            try:
                grant = ask()
            except IsthmusError as refused:
                self._remember(refused, now_s())
                raise
            self._token = grant.value
            self._good_until_s = now_s() + grant.life_s - min(EARLY_S, grant.life_s / 10)
            keep_secret(grant.value)
            return self._token

    def _check_refused(self, now_s: float) -> None:
        if self._refused is None:
            return
        until_s, error = self._refused
        if now_s < until_s:
            raise error
        self._refused = None

    def _remember(self, refused: IsthmusError, now_s: float) -> None:
        named = refused.retry_after_s if isinstance(refused, Transient) else None
        wait_s = REFUSED_S if refused.code in FINAL else named
        if wait_s:
            self._refused = (now_s + wait_s, refused)


_sources: weakref.WeakValueDictionary[tuple[str, int], TokenSource] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def name_app(url: str, corp_id: str, secret: str) -> str:
    """Tells apps apart, and does not tell the secret."""
    return hashlib.sha256(f"{url}\n{corp_id}\n{secret}".encode()).hexdigest()


def share_source(app: str, transport: httpx.BaseTransport | None) -> TokenSource:
    """The source that everybody in this process shares who has the same app; it lasts as long as one of them."""
    key = (app, id(transport) if transport is not None else 0)
    with _lock:
        found = _sources.get(key)
        if found is None:
            found = _sources[key] = TokenSource(transport)
        return found
