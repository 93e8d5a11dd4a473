"""Snapshots of business registries that are looked up anew by themselves: the oldest first, inside the budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hub.model.party import Account, IdentifierKind
from hub.sdk.registry import Api
from hub.store import UnitOfWork
from hub.store.registry_rows import Lookup
from hub.store.rows import Image, Lease
from hub.sync.context import Hub
from hub.sync.enrich import HEAD, KIND, PREFIX, Enriched, enrich_accounts
from hub.sync.lookups import Desk, open_desk
from hub.sync.pause import is_resting
from hub.sync.resolve import REGISTRY

SETTING = "refresh_days"
EVERY = timedelta(minutes=1)
AT_ONCE = 20
"""Customers in one round."""


def list_refreshing(hub: Hub) -> list[str]:
    """Registries whose snapshots are refreshed by themselves, and whose last round is long enough ago."""
    names = sorted(name for name, told in hub.config.connections.items() if told.config.get(SETTING) is not None)
    with hub.store.read() as tx:
        return [name for name in names if not is_resting(tx, hub, name) and not _is_taken(tx, hub, name)]


def _is_taken(tx: UnitOfWork, hub: Hub, connection: str) -> bool:
    lease = tx.get(Lease, name=_name_lease(connection))
    return lease is not None and lease.until > hub.now()


def _name_lease(connection: str) -> str:
    return f"refresh:{connection}"


def refresh_registry(hub: Hub, connection: str, actor: str, *, at_once: int = AT_ONCE) -> list[Enriched]:
    """Look up anew the customers whose snapshot is older than ``refresh_days``; at most so many, once in ``EVERY``
    whichever process asks, and only while the budget lasts. Customers without a snapshot are a person's to begin."""
    with hub.store.write() as tx:  # kept until its time is over: it says when the next round may begin
        if tx.acquire_lease(_name_lease(connection), str(hub.new_id()), hub.now() + EVERY) is None:
            return []
    desk = replace(open_desk(hub, connection), patient=True)
    done: list[Enriched] = []
    for account, key, again in _list_old(desk, at_once):
        with hub.store.read() as tx:
            spent = desk.tell_spent(tx)
        if not min(spent.left_today, spent.left_month):
            break
        done += enrich_accounts(desk, [account], actor, again=again, take=key)
    return done


def _list_old(desk: Desk, limit: int) -> list[tuple[Account, str, bool]]:
    """(customer, what it was last found by, whether even an answer at hand is too old), the oldest first."""
    days: int | None = desk.terms.refresh_days
    if days is None:
        return []
    old, found = desk.hub.now() - timedelta(days=days), []
    with desk.hub.store.read() as tx:
        for image in _list_images(tx, desk.connection, old):
            account, key = tx.get(Account, id=image.record_id), _find_key(image.values)
            if account is None or account.deleted_at is not None or not key:
                continue
            if desk.find_wait(tx, Api.DETAIL, key) is not None:
                continue
            row = tx.get(Lookup, connection=desk.connection, api=Api.DETAIL.value, key=desk.fold(key))
            if row is not None and not row.found and desk.peek(tx, Api.DETAIL, key) is not None:
                continue  # off the register: asked again when "there is none" is no longer good
            found.append((account, key, row is None or row.at < old))
            if len(found) == limit:
                break
    return found


def _list_images(tx: UnitOfWork, connection: str, old: datetime) -> Iterator[Image]:
    where: dict[str, Any] = {"record_kind": KIND, "connection": connection, "stream": REGISTRY, "at__lt": old}
    for image in tx.find(Image, order=["at", "record_id"], **where):
        if not (image.external_id or "").startswith(HEAD):
            yield image


def _find_key(values: dict[str, Any]) -> str:
    """The company's credit code, else its registered name."""
    codes = [item["value"] for item in values.get("identifiers", ()) if item["kind"] == IdentifierKind.USCC.value]
    return str(codes[0] if codes else values.get(f"{PREFIX}registry_name", ""))
