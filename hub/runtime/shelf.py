"""What a connection was given for a while and all its workers use, such as an access token: one of them asks, the
others wait, on all machines. A refusal is told to all of them, so that nobody repeats what was refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from hub.errors import ConfigInvalid, NeedsConsent, Transient, keep_secret
from hub.locale import keep_params
from hub.sdk import Clock, Grant
from hub.store import Store
from hub.store.rows import Setting

LEASE_S = 40.0
"""Whoever asks has so long; another one asks after that."""
WAIT_S = 20.0
"""So long the others wait for the answer."""
POLL_S = 0.1
REFUSED_S = 30.0
"""By then the connection is paused, and that is what keeps everybody from asking."""


class Sealer(Protocol):
    """Encrypts what is kept."""

    def seal(self, value: str) -> str: ...

    def unseal(self, sealed: str) -> str | None: ...


def take_grant(name: str, ask: Callable[[], Grant], stale: str, store: Store, clock: Clock, sealer: Sealer) -> Grant:
    """See :meth:`hub.sdk.Budget.share`; ``name`` begins with the connection."""
    shelf = _Shelf(name, store, clock, sealer)
    try:
        found = shelf.find(stale)
        sealer.seal("")  # whoever cannot keep the answer must know it before asking
    except ConfigInvalid as error:
        if not error.code.startswith("runtime.key_"):
            raise
        return ask()  # without a master key nothing secret is kept here
    return found or shelf.ask_alone(ask, stale)


class _Shelf:
    """The place of one value."""

    def __init__(self, name: str, store: Store, clock: Clock, sealer: Sealer) -> None:
        self._name = f"shelf/{name}"
        self._store, self._clock, self._sealer = store, clock, sealer

    def find(self, stale: str) -> Grant | None:
        """What is there and good; ``NeedsConsent`` while a refusal is fresh."""
        with self._store.read() as tx:
            row = tx.get(Setting, name=self._name)
        if row is None:
            return None
        left_s = (datetime.fromisoformat(row.value["until"]) - self._clock.now()).total_seconds()
        if left_s <= 0:
            return None
        if "refused" in row.value:
            told: dict[str, Any] = row.value
            raise NeedsConsent(told["refused"], vendor=told["words"], **told["params"])
        value = self._sealer.unseal(row.value["sealed"])
        if value is None or value == stale:
            return None
        keep_secret(value)
        return Grant(value, left_s)

    def ask_alone(self, ask: Callable[[], Grant], stale: str) -> Grant:
        """Ask, unless another worker has the answer by the time that it is our turn."""
        holder = uuid4().hex
        began = self._clock.monotonic()
        while not self._acquire(holder):
            if (found := self.find(stale)) is not None:
                return found
            if self._clock.monotonic() - began > WAIT_S:
                raise Transient("runtime.grant_awaited", retry_after_s=POLL_S, name=self._name)
            self._clock.sleep(POLL_S)
        try:
            return self.find(stale) or self._ask(ask)
        finally:
            with self._store.write() as tx:
                tx.release_lease(self._name, holder)

    def _ask(self, ask: Callable[[], Grant]) -> Grant:
        try:
            grant = ask()
        except NeedsConsent as refused:
            told = {"refused": refused.code, "words": refused.vendor, "params": keep_params(refused.params)}
            self._save(told, REFUSED_S)
            raise
        self._save({"sealed": self._sealer.seal(grant.value)}, grant.life_s)
        return grant

    def _acquire(self, holder: str) -> bool:
        with self._store.write() as tx:
            until = self._clock.now() + timedelta(seconds=LEASE_S)
            return tx.acquire_lease(self._name, holder, until) is not None

    def _save(self, value: dict[str, Any], life_s: float) -> None:
        until = self._clock.now() + timedelta(seconds=life_s)
        with self._store.write() as tx:
            tx.save(Setting(name=self._name, value={**value, "until": until.isoformat()}))
