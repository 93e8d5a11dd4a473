"""What the hub itself says about a record: the image ``hub``, and how people add to it and take from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.identity.survive import HUB
from hub.store import UnitOfWork
from hub.store.rows import Image
from hub.sync.context import Hub

PINNED = "pinned: "
"""How the origin of a value begins that a person pinned."""


def load_claims(tx: UnitOfWork, kind: str, record_id: UUID) -> Image | None:
    """The hub's own image of a record, or None."""
    return tx.get(Image, record_kind=kind, record_id=record_id, source=HUB)


def claim_values(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, encoded: Mapping[str, Any], actor: str) -> None:
    """Say these values (in JSON form) in the hub; what it said before of other fields stays."""
    now = hub.now()
    old = load_claims(tx, kind, record_id) or Image(
        record_kind=kind, record_id=record_id, source=HUB, values={}, at=now
    )
    update = {
        "values": {**old.values, **encoded},
        "origins": {**old.origins, **{name: _keep_pin(old.origins.get(name, ""), actor) for name in encoded}},
        "changed": {**old.changed, **date_changes(tx, kind, record_id, HUB, encoded, now)},
        "at": now,
    }
    tx.save(old.model_copy(update=update))


_LEAST = timedelta(microseconds=1)


def date_changes(
    tx: UnitOfWork, kind: str, record_id: UUID, source: str, names: Collection[str], now: datetime
) -> dict[str, str]:
    """When these fields change that ``source`` says something new about: now, and after whatever others have said of
    them before, because the clocks of two machines differ and the last word must be the latest."""
    moments = dict.fromkeys(names, now)
    for image in tx.find(Image, record_kind=kind, record_id=record_id, source__ne=source) if names else ():
        for name in moments.keys() & image.changed.keys():
            moments[name] = max(moments[name], datetime.fromisoformat(image.changed[name]) + _LEAST)
    told = now.isoformat()
    return {name: told if at is now else at.isoformat() for name, at in moments.items()}


def _keep_pin(before: str, actor: str) -> str:
    """Who changes what is pinned changes what it is pinned to."""
    return PINNED + actor if before.startswith(PINNED) and not actor.startswith(PINNED) else actor


def drop_claims(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, fields: Collection[str]) -> None:
    """The hub no longer says anything about these fields, nor of a record that was merged into this one."""
    where: dict[str, Any] = {"record_kind": kind, "record_id": record_id, "connection": None}
    for image in tx.find(Image, **where):
        kept = {
            group: {name: value for name, value in getattr(image, group).items() if name not in fields}
            for group in ("values", "origins", "changed")
        }
        tx.save(image.model_copy(update={**kept, "at": hub.now()}))


def pin_value(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, encoded: Mapping[str, Any], actor: str) -> None:
    """Say these values in the hub so that they hold against everybody, until they are let go."""
    claim_values(tx, hub, kind, record_id, encoded, PINNED + actor)


def unpin_values(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, fields: Collection[str], actor: str) -> None:
    """They hold as other edits do."""
    image = load_claims(tx, kind, record_id)
    if image is not None:
        loose = {name: actor for name in fields if image.origins.get(name, "").startswith(PINNED)}
        tx.save(image.model_copy(update={"origins": {**image.origins, **loose}, "at": hub.now()}))
