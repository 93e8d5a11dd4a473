"""What was said about a record here and something there being the same: rows that can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hub.store import UnitOfWork
from hub.store.rows import IdentityVerdict
from hub.sync.aliases import find_roots, list_members
from hub.sync.context import Hub

SAME, DIFFERENT, MAYBE = "same", "different", "maybe"


def list_about_source(tx: UnitOfWork, kind: str, source: str) -> dict[UUID, IdentityVerdict]:
    """The standing verdicts about one thing there, by record."""
    rows = tx.find(IdentityVerdict, record_kind=kind, source=source, undone_at=None, order=["at"])
    roots = find_roots(tx, kind, [row.record_id for row in rows]) if rows else {}
    return {roots.get(row.record_id, row.record_id): row for row in rows}


def list_about_record(tx: UnitOfWork, kind: str, record_id: UUID, connection: str) -> dict[str, IdentityVerdict]:
    """The standing verdicts about one record and things of one connection, by the id there."""
    members = list_members(tx, kind, record_id)
    rows = tx.find(IdentityVerdict, record_kind=kind, record_id__in=members, undone_at=None, order=["at"])
    prefix = f"{connection}/"
    return {row.source.split("/", 2)[2]: row for row in rows if row.source.startswith(prefix)}


def save_verdict(
    tx: UnitOfWork,
    hub: Hub,
    kind: str,
    record_id: UUID,
    source: str,
    verdict: str,
    actor: str,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """The newest word; what was said before about the two is undone, not forgotten."""
    now = hub.now()
    before = tx.find(IdentityVerdict, record_kind=kind, record_id=record_id, source=source, undone_at=None)
    for old in before:
        tx.save(old.model_copy(update={"undone_at": now}))
    tx.insert(
        IdentityVerdict(
            id=hub.new_id(),
            record_kind=kind,
            record_id=record_id,
            source=source,
            verdict=verdict,
            evidence=dict(evidence or {"rule": "person"}),
            decided_by=actor,
            at=now,
        )
    )
