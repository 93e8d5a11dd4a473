"""Rows about which records are the same party: merges, what they moved, and what was said about pairs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.model.values import Instant, Value


class Merge(Value):
    """Two records were found to be one. The loser's id leads to ``root_id`` from then on; the row remembers what is
    needed to part them again. Only a row with ``undone_at`` empty holds."""

    id: UUID
    record_kind: str
    loser_id: UUID
    survivor_id: UUID
    """What the loser was merged into, which may have lost itself since."""
    root_id: UUID
    """The record that stands for the loser now."""
    actor: str
    evidence: dict[str, Any] = {}
    at: Instant
    primaries: dict[str, bool] = {}
    """Binding → whether it received writes, of both records."""
    dropped: list[dict[str, Any]] = []
    """Bindings that were never sent and became needless, as they were."""
    undone_at: Instant | None = None
    undone_by: str | None = None


class MergeRef(Value):
    """A record that referred to the loser of a merge, and to what became of it afterwards."""

    merge_id: UUID
    record_kind: str
    record_id: UUID


class PairVerdict(Value):
    """What was said about two records of the hub being the same. ``one_id`` < ``other_id``."""

    id: UUID
    record_kind: str
    one_id: UUID
    other_id: UUID
    verdict: str
    """maybe: a person is asked; same | different: a person, or a rule, has said so"""
    weight: int = 0
    """The sum of ``evidence``, in points: ten double the odds."""
    evidence: list[dict[str, Any]] = []
    """[{"field", "level", "weight", "one", "other"}]"""
    against: str | None = None
    """The nearest reason against, as a message code."""
    version: str = ""
    """Of the weights."""
    decided_by: str = ""
    at: Instant
    later_at: Instant | None = None
    """A person put the question off."""
    undone_at: Instant | None = None


class CandidateKey(Value):
    """That a record carries a key by which records that may be the same find each other."""

    key: int
    """Digest of kind, kind of key and value."""
    record_id: UUID


class CommonKey(Value):
    """A key that very many records carry: it says nothing, and is followed no more."""

    key: int
    record_kind: str
    name: str
    value: str
    count: int
    """How many records carried it when it was last counted."""
    at: Instant


class IdentityDue(Value):
    """A record whose keys are new: whether it is another one has still to be looked at."""

    record_kind: str
    record_id: UUID


class BatchPiece(Value):
    """A piece of a search for doubles that several machines work on; gone as soon as its answer was read."""

    id: UUID
    work: str
    """What is to be done: the name of a function."""
    given: bytes
    answer: bytes = b""
    done: bool = False
    made_at: Instant
