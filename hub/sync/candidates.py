"""Which records could be the same as one, best first, with the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any
from uuid import UUID

from hub.errors import RuleBroken
from hub.identity import Band, Decision, Key, Limits, decide_pair, make_keys
from hub.identity.keys import BRAND_SOUND, CORE, NEVER_OFF, PERSON
from hub.identity.profile import AccountProfile, Profile
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.semantics import Stage
from hub.store import UnitOfWork
from hub.store.identity_rows import PairVerdict
from hub.sync.aliases import find_roots, has_merges, list_members
from hub.sync.bands import SourceLimits
from hub.sync.candidate_keys import digest_key, make_profile
from hub.sync.context import Hub
from hub.sync.faces import read_faces
from hub.sync.pairs import Judgement, list_about
from hub.sync.relations import list_referring
from hub.sync.show import describe_record
from hub.sync.verdicts import DIFFERENT

COUNTED = 1_000
"""Nobody counts further how many records are called so."""
FOLLOWED = 400
"""So many carriers are followed, the rarest keys first."""
WEIGHED = 12
"""So many of those that share keys are weighed field by field: the ones with the rarest keys."""
NAMED = 5
"""So many candidates are named."""
POSTED_IN_BOTH = "identity.posted_in_both"


@dataclass(frozen=True)
class Candidate:
    """A record that could be the same. ``said``: what stands about the two already."""

    record: Entity
    judged: Judgement
    said: PairVerdict | None = None


@dataclass(frozen=True)
class Shared:
    """Who shares keys with a record. ``common``: the keys that too many carry."""

    scores: Mapping[UUID, float]
    counts: Mapping[tuple[str, str], int]
    common: Sequence[Key]


@dataclass(frozen=True)
class Found:
    """``common``: keys that too many carry to say anything."""

    candidates: Sequence[Candidate]
    common: Sequence[Key] = ()


def find_candidates(
    tx: UnitOfWork, hub: Hub, kind: str, values: Mapping[str, Any], record_id: UUID | None = None
) -> Found:
    """Those in the bands ``auto`` and ``review``, best first. Who was said to differ is none, of the two or of anything
    that was merged into them."""
    ours = _read_ours(tx, hub, kind, values, record_id)
    shared = find_shared(tx, kind, ours, record_id, hub.config.identity.common)
    nearest = sorted(shared.scores, key=lambda id_: (-shared.scores[id_], id_))[:WEIGHED]
    records = tx.find(find_kind(kind), id__in=sorted(nearest)) if nearest else []
    said = _Said(tx, kind, record_id) if record_id is not None else None
    beside = read_faces(tx, hub, kind, records)
    counts = count_names(tx, kind, [*ours, *chain(*beside.values())], shared.counts)
    limits = SourceLimits(tx, hub, kind, [*beside, *([record_id] if record_id is not None else [])])
    found = []
    for record in records:
        told = said.about(record.id) if said is not None else None
        if told is not None and told.verdict == DIFFERENT:
            continue
        bounds = limits.between(record_id, record.id)
        judged = show_decision(decide_faces(ours, beside[record.id], counts, bounds))
        if record_id is not None:
            judged = ask_of_ledgers(tx, kind, judged, record_id, record.id)
        if judged.band != Band.SEPARATE:
            found.append(Candidate(record, judged, told))
    found.sort(key=lambda candidate: (-candidate.judged.weight, candidate.record.id))
    return Found(found, shared.common)


def _read_ours(tx: UnitOfWork, hub: Hub, kind: str, values: Mapping[str, Any], record_id: UUID | None) -> list[Profile]:
    record = tx.get(find_kind(kind), id=record_id) if record_id is not None and has_merges(tx) else None
    return [make_profile(tx, kind, values)] if record is None else read_faces(tx, hub, kind, [record])[record.id]


def decide_faces(
    ours: Sequence[Profile], theirs: Sequence[Profile], counts: Callable[[str, str], int], limits: Limits | None
) -> Decision:
    """Two records, by all that each of them stands for: the best of any two, unless a veto holds between any two."""
    found = [decide_pair(one, other, counts, limits=limits) for one in ours for other in theirs]
    vetoed = next((decision for decision in found if decision.veto is not None), None)
    return vetoed or max(found, key=lambda decision: (_RANK[decision.band], decision.weight))


_RANK = {Band.SEPARATE: 0, Band.REVIEW: 1, Band.AUTO: 2}


def find_shared(tx: UnitOfWork, kind: str, profiles: Sequence[Profile], record_id: UUID | None, often: int) -> Shared:
    """Who shares keys with a record, and how rare they are together. A key that more than ``often`` carry says
    nothing, and is not followed."""
    keys = {digest_key(kind, key): key for profile in profiles for key in make_keys(profile)}
    sizes = tx.count_carriers(keys, often + 1)
    common = [key for digest, key in keys.items() if sizes[digest] > often]
    rare = [digest for digest in sorted(keys, key=lambda digest: sizes[digest]) if sizes[digest]]
    followed: list[int] = []
    room = FOLLOWED
    for digest in rare:
        owned = keys[digest].kind in NEVER_OFF
        if owned or (sizes[digest] <= often and room > 0):
            followed.append(digest)
            room -= sizes[digest]
    scores: dict[UUID, float] = {}
    found = tx.list_carriers(followed, often + 1).values()
    roots = find_roots(tx, kind, chain(*found))
    for carriers in found:
        rarity = 1 + math.log2(often / min(len(carriers) or 1, often))
        for id_ in {roots.get(id_, id_) for id_ in carriers} if roots else carriers:
            if id_ != record_id:
                scores[id_] = scores.get(id_, 0.0) + rarity
    return Shared(scores, {key: sizes[digest] for digest, key in keys.items()}, common)


def weigh(tx: UnitOfWork, hub: Hub, one: Entity, other: Entity) -> Judgement:
    """Two records of the hub."""
    kind = one.KIND
    faces = read_faces(tx, hub, kind, [one, other])
    limits = SourceLimits(tx, hub, kind, [one.id, other.id]).between(one.id, other.id)
    counts = count_names(tx, kind, [*faces[one.id], *faces[other.id]], {})
    judged = show_decision(decide_faces(faces[one.id], faces[other.id], counts, limits))
    return ask_of_ledgers(tx, kind, judged, one.id, other.id)


def ask_of_ledgers(tx: UnitOfWork, kind: str, judged: Judgement, one: UUID, other: UUID) -> Judgement:
    """What is beyond doubt is a question all the same when both have posted documents in one ledger."""
    if judged.band != Band.AUTO or not shares_ledger(tx, kind, one, other):
        return judged
    return replace(judged, band=Band.REVIEW, against=POSTED_IN_BOTH)


def count_names(
    tx: UnitOfWork, kind: str, profiles: Sequence[Profile], known: Mapping[tuple[str, str], int]
) -> Callable[[str, str], int]:
    """How many records are called as these are, asked of the database once for all of them."""
    wanted = {key for profile in profiles for key in list_names(profile) if key.value and key not in known}
    digests = {digest_key(kind, key): key for key in wanted}
    found = {digests[digest]: size for digest, size in tx.count_carriers(digests, COUNTED).items()}

    def count(name: str, value: str) -> int:
        key = Key(name, value)
        return found.get(key, known.get(key, 0))

    return count


def list_names(profile: Profile) -> list[Key]:
    """The keys by which it is counted how many are called so."""
    if isinstance(profile, AccountProfile):
        return [Key(CORE, profile.name.core[:64]), Key(BRAND_SOUND, profile.name.brand_sound[:64])]
    return [Key(PERSON, profile.name.sound[:64])]


def show_decision(decision: Decision) -> Judgement:
    """As it is kept."""
    evidence = [{"field": item.field, "level": item.level, "weight": item.weight} for item in decision.evidence]
    against = decision.against
    reason = decision.veto or (f"{against.field}: {against.level}" if against is not None else None)
    return Judgement(decision.band, decision.weight, evidence, reason, decision.version)


def check_newcomer(tx: UnitOfWork, hub: Hub, kind: str, values: Mapping[str, Any]) -> None:
    """``RuleBroken`` names the records that what is about to be made could be."""
    found = find_candidates(tx, hub, kind, values).candidates
    if found:
        told = ", ".join(f"{describe_record(row.record, '-')[0]} ({row.record.id})" for row in found[:NAMED])
        raise RuleBroken("identity.alike_here", name=values.get("name", ""), candidates=told)


class _Said:
    """What stands about a record and others, whatever was merged into them included."""

    def __init__(self, tx: UnitOfWork, kind: str, record_id: UUID) -> None:
        self._tx, self._kind = tx, kind
        mine = set(list_members(tx, kind, record_id))
        self._rows: dict[UUID, PairVerdict] = {}
        for row in list_about(tx, kind, mine):
            other = row.other_id if row.one_id in mine else row.one_id
            if other not in self._rows or row.verdict == DIFFERENT:
                self._rows[other] = row

    def about(self, record_id: UUID) -> PairVerdict | None:
        if not self._rows:
            return None
        rows = [self._rows[id_] for id_ in list_members(self._tx, self._kind, record_id) if id_ in self._rows]
        return next((row for row in rows if row.verdict == DIFFERENT), rows[0] if rows else None)


def shares_ledger(tx: UnitOfWork, kind: str, one: UUID, other: UUID) -> bool:
    """Whether both have posted documents in one ledger: then only a person makes them one."""
    if kind != "account":
        return False
    where: dict[str, Any] = {"kind": kind, "remote_id__null": False}
    ours = {row.connection for row in tx.find(Binding, hub_id=one, **where)}
    both = ours & {row.connection for row in tx.find(Binding, hub_id=other, **where)}
    return any(_has_posted(tx, connection, one) and _has_posted(tx, connection, other) for connection in sorted(both))


def _has_posted(tx: UnitOfWork, connection: str, account_id: UUID) -> bool:
    """Whether a document with money in it counts there for that account."""
    for place in list_referring(tx, "account", account_id):
        model = find_kind(place.kind)
        where: dict[str, Any] = {"connection": connection, "kind": place.kind, "stage": Stage.EFFECTIVE.value}
        if model.AMOUNT and tx.find(Binding, hub_id=place.record_id, limit=1, **where):
            return True
    return False
