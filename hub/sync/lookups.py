"""Asking a business registry: nothing twice while the answer is good, nothing beyond the budget, nothing at once.

What a call costs is counted in a row before it leaves. A call that was certainly not answered is taken off again; one
whose answer was lost stays counted, for it may be billed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hub.errors import (
    ConfigInvalid,
    NeedsConsent,
    NegativeResult,
    NotReady,
    OutcomeUnknown,
    RuleBroken,
    Transient,
)
from hub.identity.names import fold_name
from hub.locale import keep_params
from hub.model.money import add_exactly, multiply_exactly
from hub.sdk.registry import Api, Company, Registry, RegistryConfig
from hub.store import UnitOfWork
from hub.store.registry_rows import Lookup, LookupSpend, LookupWait
from hub.store.rows import ConnectionState
from hub.sync.context import Hub
from hub.sync.pause import RESTED, check_paused
from hub.sync.push import note_trouble

LEASE_S = 120.0
CURRENCY = "CNY"
LOST_REST = timedelta(days=1)
"""What nobody asked for is not paid for again so soon after its answer was lost."""


@dataclass(frozen=True)
class Spent:
    """Paid calls and what they cost, today and this month, and how many more the budget allows."""

    calls_today: int
    calls_month: int
    cost_today: Decimal
    cost_month: Decimal
    left_today: int
    left_month: int


@dataclass(frozen=True)
class Desk:
    """One registry, as the hub asks it. ``patient``: nobody waits for the answers."""

    hub: Hub
    connection: str
    registry: Registry
    terms: RegistryConfig
    patient: bool = False

    def price(self, api: Api) -> Decimal:
        return self.terms.search_price if api is Api.SEARCH else self.terms.detail_price

    def peek(self, tx: UnitOfWork, api: Api, key: str) -> Lookup | None:
        """The answer that is still good; asking costs nothing."""
        row = tx.get(Lookup, connection=self.connection, api=api.value, key=self.fold(key))
        if row is None:
            return None
        days = self.terms.hit_days if row.found else self.terms.miss_days
        return row if self.hub.now() - row.at < timedelta(days=days) else None

    @staticmethod
    def fold(key: str) -> str:
        """A question as rows keep it: the same one is asked once."""
        return fold_name(key)

    def find_wait(self, tx: UnitOfWork, api: Api, key: str) -> LookupWait | None:
        """Why the question is not to be asked now."""
        row = tx.get(LookupWait, connection=self.connection, api=api.value, key=self.fold(key))
        holds = row is not None and row.not_before > self.hub.now() and (row.named or self.patient)
        return row if holds else None

    def ask(self, api: Api, key: str, *, again: bool = False) -> Lookup:
        """The answer, kept or paid for. ``RuleBroken`` when the budget is used up or the connection is paused;
        ``NotReady`` before the time that the registry named; ``Transient`` while it wants to be left alone, or while
        the same is being asked; else what the registry raises."""
        with self.hub.store.read() as tx:
            known = None if again else self.peek(tx, api, key)
            wait = self.find_wait(tx, api, key)
        if known is not None:
            return known
        check_paused(self.hub, self.connection)
        if wait is not None:
            left_s = (wait.not_before - self.hub.now()).total_seconds()
            raise NotReady(wait.code, retry_after_s=left_s, **wait.params)
        name, holder = f"lookup:{self.connection}:{api.value}:{self.fold(key)}"[:200], str(self.hub.new_id())
        with self.hub.store.write() as tx:
            until = self.hub.now() + timedelta(seconds=LEASE_S)
            if tx.acquire_lease(name, holder, until) is None:
                raise Transient("enrich.under_way", key=key, connection=self.connection)
            known = None if again else self.peek(tx, api, key)
            if known is None:
                self._reserve(tx, api)
        try:
            return known if known is not None else self._pay(api, key)
        finally:
            with self.hub.store.write() as tx:
                tx.release_lease(name, holder)

    def _pay(self, api: Api, key: str) -> Lookup:
        call: Callable[[], Sequence[Company]] = (
            (lambda: self.registry.search(key)) if api is Api.SEARCH else (lambda: [self.registry.fetch(key)])
        )
        try:
            found = call()
        except NegativeResult:
            return self._keep(api, key, [], billed=self.terms.bills_misses)
        except (Transient, NeedsConsent) as error:
            with self.hub.store.write() as tx:
                self._count(tx, api, -1)
            note_trouble(self.hub, self.connection, error)
            raise
        except OutcomeUnknown as error:
            self._put_off(api, key, error)
            raise
        return self._keep(api, key, found, billed=True)

    def _put_off(self, api: Api, key: str, error: OutcomeUnknown) -> None:
        """It stays counted, for it may be billed, and so may the next call."""
        named = error.retry_after_s if isinstance(error, NotReady) else None
        if isinstance(error, NotReady) and error.whole:
            note_trouble(self.hub, self.connection, error)
            return
        until = self.hub.now() + (LOST_REST if named is None else timedelta(seconds=named))
        with self.hub.store.write() as tx:
            tx.save(
                LookupWait(
                    connection=self.connection, api=api.value, key=self.fold(key), not_before=until,
                    named=named is not None, code=error.code, params=keep_params(error.params),
                )
            )  # fmt: skip
        if named is None:
            note_trouble(self.hub, self.connection, error)

    def _keep(self, api: Api, key: str, found: Sequence[Company], *, billed: bool) -> Lookup:
        answer = [company.model_dump(mode="json") for company in found]
        row = Lookup(
            connection=self.connection, api=api.value, key=self.fold(key), found=bool(found), answer=answer,
            at=self.hub.now(),
        )  # fmt: skip
        with self.hub.store.write() as tx:
            tx.save(row)
            tx.delete(LookupWait, connection=row.connection, api=row.api, key=row.key)
            state = tx.get(ConnectionState, connection=self.connection)
            if state is not None and (state.failures or state.not_before):
                tx.save(state.model_copy(update=RESTED))
            if not billed:
                self._count(tx, api, -1)
        return row

    # ---- money -------------------------------------------------------------------------------------------------

    def tell_spent(self, tx: UnitOfWork) -> Spent:
        today = self._today()
        rows = tx.find(LookupSpend, connection=self.connection, day__ge=today.replace(day=1), day__le=today)
        now = [row for row in rows if row.day == today]
        calls_today, calls_month = sum(row.calls for row in now), sum(row.calls for row in rows)
        return Spent(
            calls_today, calls_month, add_exactly([row.cost for row in now]), add_exactly([row.cost for row in rows]),
            max(0, self.terms.paid_calls_per_day - calls_today),
            max(0, self.terms.paid_calls_per_month - calls_month),
        )  # fmt: skip

    def _reserve(self, tx: UnitOfWork, api: Api) -> None:
        # Always had by the same holder: what counts is that its row stays locked until the end of the transaction.
        tx.acquire_lease(f"spend:{self.connection}", "spend", self.hub.now() + timedelta(seconds=LEASE_S))
        spent = self.tell_spent(tx)
        if not spent.left_today:
            raise RuleBroken("enrich.day_used_up", connection=self.connection, calls=spent.calls_today)
        if not spent.left_month:
            raise RuleBroken("enrich.month_used_up", connection=self.connection, calls=spent.calls_month)
        self._count(tx, api, 1)

    def _count(self, tx: UnitOfWork, api: Api, calls: int) -> None:
        key: dict[str, Any] = {"connection": self.connection, "day": self._today(), "api": api.value}
        row = tx.get(LookupSpend, lock=True, **key) or LookupSpend(**key)
        cost = add_exactly([row.cost, multiply_exactly(self.price(api), Decimal(calls))])
        tx.save(row.model_copy(update={"calls": max(0, row.calls + calls), "cost": max(Decimal(0), cost)}))

    def _today(self) -> date:
        return self.hub.now().astimezone(self.hub.zone_of(self.connection)).date()


def open_desk(hub: Hub, connection: str | None) -> Desk:
    """The registry of a connection, or of the only one that has one. ``ConfigInvalid`` names those that have."""
    having = [name for name in sorted(hub.config.connections) if hub.open(name).connector.registry() is not None]
    if connection is None and len(having) == 1:
        connection = having[0]
    if connection is None or connection not in having:
        raise ConfigInvalid("enrich.which_registry", connection=connection or "-", known=", ".join(having) or "-")
    connector = hub.open(connection).connector
    registry, terms = connector.registry(), connector.config
    if registry is None or not isinstance(terms, RegistryConfig):
        raise ConfigInvalid("enrich.which_registry", connection=connection, known=", ".join(having))
    return Desk(hub, connection, registry, terms)


def read_companies(row: Lookup) -> list[Company]:
    return [Company.model_validate(company) for company in row.answer]
