"""What was said about two records of the hub being the same, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.store import UnitOfWork
from hub.store.identity_rows import PairVerdict
from hub.sync.aliases import list_members
from hub.sync.context import Hub
from hub.sync.verdicts import DIFFERENT


def order_pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The two in the order in which their verdict is kept."""
    return (one, other) if one < other else (other, one)


def find_pair(tx: UnitOfWork, kind: str, one: UUID, other: UUID) -> PairVerdict | None:
    """What stands about these very two."""
    first, second = order_pair(one, other)
    return tx.get(PairVerdict, record_kind=kind, one_id=first, other_id=second, undone_at=None)


def list_about(tx: UnitOfWork, kind: str, ids: Iterable[UUID]) -> list[PairVerdict]:
    """Everything that stands about any of these records."""
    wanted = sorted(set(ids))
    found: dict[UUID, PairVerdict] = {}
    for start in range(0, len(wanted), 500):
        for field in ("one_id", "other_id"):
            where: dict[str, Any] = {f"{field}__in": wanted[start : start + 500]}
            rows = tx.find(PairVerdict, record_kind=kind, undone_at=None, **where)
            found.update({row.id: row for row in rows})
    return sorted(found.values(), key=lambda row: (row.at, row.id))


def list_between(tx: UnitOfWork, kind: str, one: UUID, other: UUID) -> list[PairVerdict]:
    """What stands about two records, whatever was merged into them included: A = B and B ≠ C say that A ≠ C."""
    ours, theirs = set(list_members(tx, kind, one)), set(list_members(tx, kind, other))
    return [
        row
        for row in list_about(tx, kind, ours if len(ours) < len(theirs) else theirs)
        if (row.one_id in ours and row.other_id in theirs) or (row.one_id in theirs and row.other_id in ours)
    ]


def is_apart(tx: UnitOfWork, kind: str, one: UUID, other: UUID) -> PairVerdict | None:
    """Who said that the two differ, of them or of anything that was merged into them."""
    return next((row for row in list_between(tx, kind, one, other) if row.verdict == DIFFERENT), None)


@dataclass(frozen=True)
class Judgement:
    """What the evidence about two records comes to. ``weight`` is the sum of the weights in ``evidence``, in
    points (ten double the odds); ``band``: auto | review | separate; ``against``: the nearest reason against."""

    band: str
    weight: int = 0
    evidence: Sequence[Mapping[str, Any]] = ()
    against: str | None = None
    version: str = ""


def say_pair(
    tx: UnitOfWork,
    hub: Hub,
    kind: str,
    pair: tuple[UUID, UUID],
    verdict: str,
    actor: str,
    judged: Judgement | None = None,
) -> PairVerdict:
    """The newest word about two records; what was said before is undone, not forgotten. Where nothing new is known of
    the evidence, that of the question stays."""
    first, second = order_pair(*pair)
    now = hub.now()
    old = find_pair(tx, kind, first, second)
    if old is not None:
        tx.save(old.model_copy(update={"undone_at": now}))
        judged = judged or Judgement("", old.weight, old.evidence, old.against, old.version)
    judged = judged or Judgement("")
    row = PairVerdict(
        id=hub.new_id(), record_kind=kind, one_id=first, other_id=second, verdict=verdict, weight=judged.weight,
        evidence=[dict(fact) for fact in judged.evidence], against=judged.against, version=judged.version,
        decided_by=actor, at=now,
    )  # fmt: skip
    tx.insert(row)
    tx.journal(
        actor, f"identity.{verdict}", kind=kind, record_id=first, other=str(second), weight=row.weight,
        evidence=row.evidence, against=row.against, version=row.version, question=str(row.id),
    )  # fmt: skip
    return row


def take_back(tx: UnitOfWork, hub: Hub, row: PairVerdict, actor: str) -> PairVerdict:
    """Nothing is said about the two any more."""
    undone = tx.save(row.model_copy(update={"undone_at": hub.now()}))
    tx.journal(
        actor, "identity.undone", kind=row.record_kind, record_id=row.one_id, other=str(row.other_id),
        verdict=row.verdict, question=str(row.id),
    )  # fmt: skip
    return undone
