"""Which hub record, if any, a party from another system is. Exact only for now; a fuller resolver fills the same
interface. Nothing here changes anything: whoever acts on a verdict keeps it as a row that can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol
from uuid import UUID

from hub.identity.names import fold_name, is_branch_name
from hub.model.base import Entity
from hub.model.identifiers import list_keys
from hub.model.party import Identifier, IdentifierKind

Key = tuple[IdentifierKind, str]
Evidence = Mapping[str, str]
"""Plain values that say why; they also fill the sentence of the reason."""

CODES_DIFFER = "identity.codes_differ"
ONE_PER_ENTITY = (IdentifierKind.USCC, IdentifierKind.LEI)
"""An entity has at most one of these: two different ones are two entities. A VAT number it may have in each country."""


@dataclass(frozen=True)
class PartyFacts:
    """What is known about a party. ``id`` is its hub id, None for one that has none yet."""

    kind: str
    id: UUID | None
    name: str
    identifiers: tuple[Identifier, ...] = ()
    is_branch: bool = False

    @classmethod
    def of(cls, kind: str, id: UUID | None, values: Mapping[str, object]) -> PartyFacts:
        """From canonical values: a branch by its name or by its relation."""
        name = str(values.get("name", ""))
        rows = values.get("identifiers")
        found = tuple(row for row in rows if isinstance(row, Identifier)) if isinstance(rows, tuple | list) else ()
        return cls(kind, id, name, found, is_branch_name(name) or values.get("branch_of_id") is not None)

    @classmethod
    def of_record(cls, record: Entity) -> PartyFacts:
        """From a record of the hub."""
        return cls.of(record.KIND, record.id, dict(record))

    @cached_property
    def keys(self) -> frozenset[Key]:
        """(kind, clean value) of the valid identifiers; the others are no keys."""
        return list_keys(self.identifiers)


@dataclass(frozen=True)
class Bind:
    """It is this record."""

    record_id: UUID
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Separate:
    """It is none of the known ones: a new record. ``reason`` is a message code."""

    reason: str
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Hold:
    """A person must say. ``reason`` is a message code; ``candidates`` are the hub records in question."""

    reason: str
    candidates: tuple[UUID, ...]
    evidence: Evidence = field(default_factory=dict)


Verdict = Bind | Separate | Hold
FindByIdentifier = Callable[[str, str], Sequence[PartyFacts]]
"""(identifier kind, clean value) → the hub's parties that carry it."""


class Resolver(Protocol):
    """Decides about one party; calls ``find_by_identifier`` as often as it likes and keeps nothing."""

    def resolve(self, candidate: PartyFacts, find_by_identifier: FindByIdentifier) -> Verdict: ...


class ExactResolver:
    """Binds by an equal valid identifier and by nothing else; vetoes and doubts hold."""

    def resolve(self, candidate: PartyFacts, find_by_identifier: FindByIdentifier) -> Verdict:
        hits = self._find(candidate, find_by_identifier)
        if len(_values(candidate, IdentifierKind.USCC)) > 1:
            return _hold("identity.two_credit_codes", candidate, hits)
        if not hits:
            reason = "identity.unknown_identifier" if candidate.keys else "identity.no_identifier"
            return Separate(reason, _tell(candidate, hits))
        vetoes = {id: veto for id, hit in hits.items() if (veto := find_veto(candidate, hit))}
        free = {id: hit for id, hit in hits.items() if id not in vetoes}
        if not free:
            return _hold(next(iter(vetoes.values())), candidate, hits)
        if len(free) > 1:
            return _hold("identity.several_candidates", candidate, free)
        ((id, record),) = free.items()
        vetoed = {"vetoed": ", ".join(map(str, vetoes))} if vetoes else {}
        return Bind(id, {**_tell(candidate, free), **vetoed, "record": record.name})

    def _find(self, candidate: PartyFacts, find_by_identifier: FindByIdentifier) -> dict[UUID, PartyFacts]:
        """The parties of the same kind that truly share a valid identifier, by id, in a fixed order."""
        hits: dict[UUID, PartyFacts] = {}
        for kind, value in candidate.keys:
            for hit in find_by_identifier(kind.value, value):
                shares = hit.id is not None and hit.kind == candidate.kind and (kind, value) in hit.keys
                if shares and hit.id is not None and hit.id != candidate.id:
                    hits[hit.id] = hit
        return dict(sorted(hits.items()))


def find_veto(one: PartyFacts, other: PartyFacts) -> str | None:
    """The message code of what forbids that the two are one party, whichever comes first; None for nothing."""
    if one.is_branch != other.is_branch:
        return "identity.branch_differs"
    if one.is_branch and fold_name(one.name) != fold_name(other.name):
        # Branches often carry their parent's code, so an equal code does not tell two of them apart.
        return "identity.branches_differ"
    for kind in ONE_PER_ENTITY:
        mine, theirs = _values(one, kind), _values(other, kind)
        if mine and theirs and mine != theirs:
            return CODES_DIFFER
    return None


def _values(party: PartyFacts, kind: IdentifierKind) -> frozenset[str]:
    return frozenset(value for found, value in party.keys if found is kind)


def _hold(reason: str, candidate: PartyFacts, hits: Mapping[UUID, PartyFacts]) -> Hold:
    return Hold(reason, tuple(hits), _tell(candidate, hits))


def _tell(candidate: PartyFacts, hits: Mapping[UUID, PartyFacts]) -> dict[str, str]:
    shared = candidate.keys & frozenset(key for hit in hits.values() for key in hit.keys)
    return {
        "rule": "exact",
        "name": candidate.name,
        "identifiers": ", ".join(sorted(f"{kind.value} {value}" for kind, value in shared or candidate.keys)),
        "candidates": ", ".join(hit.name for hit in hits.values()),
    }
