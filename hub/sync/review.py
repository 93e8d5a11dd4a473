"""Looks at records that came in or changed: merges what is beyond doubt, asks a person where there is doubt, and never
asks what an answer already says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, Duplicate, NotFound, RuleBroken
from hub.identity import Band, Key
from hub.locale import Phrase
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.store import UnitOfWork
from hub.store.identity_rows import CommonKey, IdentityDue, PairVerdict
from hub.store.rows import Setting
from hub.sync.aliases import find_roots
from hub.sync.candidate_keys import digest_key
from hub.sync.candidates import Candidate, find_candidates, weigh
from hub.sync.context import Hub
from hub.sync.merge import MergeReport, apply_merge, check_kind, take_turns
from hub.sync.pairs import Judgement, find_pair, is_apart, list_between, order_pair, say_pair, take_back
from hub.sync.show import describe_record
from hub.sync.verdicts import DIFFERENT, MAYBE, SAME

_CHUNK = 25
_ALL = 10**9
SHORTEST = 4
"""Characters of an id that are enough to look for it."""
TALLY = "identity.tally"
"""Name of the setting that counts what was looked at, asked and merged."""
Progress = Callable[[int, int], None]


@dataclass
class Scanned:
    """What came of looking."""

    looked: int = 0
    merged: int = 0
    asked: int = 0
    due: list[UUID] = field(default_factory=list)

    @property
    def asked_per_10k(self) -> float:
        """Questions for each 10,000 records."""
        return round(10_000 * self.asked / self.looked, 1) if self.looked else 0.0


def scan_identity(hub: Hub, actor: str, progress: Progress | None = None, *, limit: int | None = None) -> Scanned:
    """Everything that is due, in short transactions; one that was cut off goes on where it stood."""
    total = Scanned()
    while limit is None or total.looked < limit:
        done = hub.store.carry_out(lambda tx: _scan_some(tx, hub, actor))
        if not done.looked:
            break
        total.looked += done.looked
        total.merged += done.merged
        total.asked += done.asked
        hub.hint(done.due)
        if progress is not None:
            progress(total.looked, total.asked)
    return total


def _scan_some(tx: UnitOfWork, hub: Hub, actor: str) -> Scanned:
    take_turns(tx)
    rows = tx.find(IdentityDue, order=["record_kind", "record_id"], limit=_CHUNK, lock=True, skip_locked=True)
    done = Scanned()
    for row in rows:
        done.looked += 1
        tx.delete(IdentityDue, record_kind=row.record_kind, record_id=row.record_id)
        look_at(tx, hub, row.record_kind, row.record_id, actor, done)
    if rows:
        _add_tally(tx, done)
    return done


def look_at(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, actor: str, done: Scanned) -> None:
    """One record: merged into what it is beyond doubt, or put before a person."""
    record = tx.get(find_kind(kind), id=record_id)
    if record is None or record.deleted_at is not None:
        return None
    found = find_candidates(tx, hub, kind, record.__dict__, record_id)
    _note_common(tx, hub, kind, found.common)
    for candidate in found.candidates:
        if candidate.judged.band == Band.AUTO and hub.config.identity.merge:
            merged = _merge_alike(tx, hub, record, candidate, actor)
            if merged is not None:
                done.merged += 1
                done.due += merged.due
                return look_at(tx, hub, kind, merged.survivor_id, actor, done)
        if candidate.said is None:
            with suppress(Duplicate):  # somebody asked at the same moment
                say_pair(tx, hub, kind, (record_id, candidate.record.id), MAYBE, actor, candidate.judged)
                done.asked += 1
    return None


def _merge_alike(tx: UnitOfWork, hub: Hub, record: Entity, candidate: Candidate, actor: str) -> MergeReport | None:
    """The older of the two stands for both. None: something speaks against it that only a person may pass over."""
    first, second = sorted((record.id, candidate.record.id))
    try:
        with tx.savepoint():
            evidence = {"rule": "weight", "weight": candidate.judged.weight, "version": candidate.judged.version}
            done = apply_merge(tx, hub, record.KIND, first, second, actor, evidence)
            say_pair(tx, hub, record.KIND, (first, second), SAME, actor, candidate.judged)
            return done
    except RuleBroken:
        return None


def _note_common(tx: UnitOfWork, hub: Hub, kind: str, keys: Sequence[Key]) -> None:
    """Keys that too many carry are written down with their number."""
    for key in keys:
        digest = digest_key(kind, key)
        if tx.get(CommonKey, key=digest) is None:
            count = tx.count_carriers([digest], _ALL)[digest]
            tx.save(CommonKey(key=digest, record_kind=kind, name=key.kind, value=key.value, count=count, at=hub.now()))


def _add_tally(tx: UnitOfWork, done: Scanned) -> None:
    old = tx.get(Setting, name=TALLY, lock=True)
    value: dict[str, int] = dict(old.value) if old is not None else {}
    for name in ("looked", "merged", "asked"):
        value[name] = value.get(name, 0) + getattr(done, name)
    tx.save(Setting(name=TALLY, value=value))


def read_tally(hub: Hub) -> Scanned:
    """What all looking so far came to."""
    with hub.store.read() as tx:
        row = tx.get(Setting, name=TALLY)
    return Scanned(**row.value) if row is not None else Scanned()


# ---------------------------------------------------------------- questions


@dataclass(frozen=True)
class Question:
    """Are the two one? ``facts``: field → what both say, where either says something. ``id`` begins the command."""

    id: UUID
    kind: str
    one: Entity
    other: Entity
    judged: Judgement
    facts: Mapping[str, tuple[Any, Any]]
    since: datetime
    later: bool = False

    @property
    def short(self) -> str:
        """What people type; ids of one moment differ at their end."""
        return self.id.hex[-8:]

    @property
    def labels(self) -> tuple[str, str]:
        """What people call the two."""
        return describe_record(self.one, str(self.one.id))[0], describe_record(self.other, str(self.other.id))[0]


def tell_against(against: str | None) -> Phrase:
    """The nearest reason against, for a sentence."""
    if against is None:
        return Phrase("identity.nothing_against")
    return Phrase("identity.say_against", what=Phrase(_TOLD[against]) if against in _TOLD else against)


_TOLD = {
    "identity.posted_in_both": "identity.posted_in_both",
    "identity.said_different": "identity.said_different",
    "identity.group_differs": "identity.group_differs",
    "identity.branch_differs": "identity.against_branch",
    "identity.branches_differ": "identity.against_branches",
    "identity.codes_differ": "identity.against_codes",
}
SIDE_BY_SIDE = ("name", "number", "identifiers", "phone", "mobile", "email", "website", "addresses", "links", "state")


def list_questions(hub: Hub, kind: str | None = None) -> list[Question]:
    """What waits for an answer, the surest first; what was put off comes last. Each pair of records is there once,
    whatever was merged since, and none that an answer already settles."""
    with hub.store.read() as tx:
        return list_open(tx, kind)


def list_open(tx: UnitOfWork, kind: str | None = None) -> list[Question]:
    """The same inside a transaction."""
    where: dict[str, Any] = {"record_kind": kind} if kind is not None else {}
    rows = tx.find(PairVerdict, verdict=MAYBE, undone_at=None, order=["at", "id"], **where)
    seen: dict[tuple[str, UUID, UUID], Question] = {}
    for row, one, other in _read_pairs(tx, rows):
        key = (row.record_kind, *order_pair(one.id, other.id))
        if key not in seen and is_apart(tx, row.record_kind, one.id, other.id) is None:
            seen[key] = _make_question(row, one, other)
    return sorted(seen.values(), key=lambda found: (found.later, -found.judged.weight, found.since))


def _read_pairs(tx: UnitOfWork, rows: Sequence[PairVerdict]) -> Iterator[tuple[PairVerdict, Entity, Entity]]:
    """The living records that stand for the two of each question now; two that became one are no question."""
    for kind in dict.fromkeys(row.record_kind for row in rows):
        mine = [row for row in rows if row.record_kind == kind]
        ids = {id_ for row in mine for id_ in (row.one_id, row.other_id)}
        roots = find_roots(tx, kind, ids)
        wanted = sorted({roots.get(id_, id_) for id_ in ids})
        records: dict[UUID, Entity] = {}
        for start in range(0, len(wanted), 500):
            records.update(
                {record.id: record for record in tx.find(find_kind(kind), id__in=wanted[start : start + 500])}
            )
        for row in mine:
            one, other = (records.get(roots.get(id_, id_)) for id_ in (row.one_id, row.other_id))
            if one is not None and other is not None and one.id != other.id:
                yield row, one, other


def _make_question(row: PairVerdict, one: Entity, other: Entity) -> Question:
    first, second = sorted((one, other), key=lambda record: record.id)
    judged = Judgement(Band.REVIEW, row.weight, row.evidence, row.against, row.version)
    facts = compare_sides(first, second)
    return Question(row.id, row.record_kind, first, second, judged, facts, row.at, row.later_at is not None)


def compare_sides(one: Entity, other: Entity) -> dict[str, tuple[Any, Any]]:
    """Field → what both say, where either says something."""
    found = {}
    for name in SIDE_BY_SIDE:
        values = tuple(getattr(record, name, None) for record in (one, other))
        if any(value not in (None, "", ()) for value in values):
            found[name] = (values[0], values[1])
    return found


def find_question(hub: Hub, text: str) -> PairVerdict:
    """By its id, or the beginning or end of one: what stands about the two, whatever was said. ``NotFound``, or
    ``ConfigInvalid`` when several fit."""
    wanted = text.strip().lower().replace("-", "")
    with hub.store.read() as tx:
        rows = tx.find(PairVerdict, order=["-at", "-id"]) if len(wanted) >= SHORTEST else []
        named = [row for row in rows if row.id.hex.startswith(wanted) or row.id.hex.endswith(wanted)]
        # An answered question is found by the id that it was asked under.
        found = {row.id: row for old in named if (row := _find_standing(tx, old)) is not None}
    if not found:
        raise NotFound("identity.question_unknown", text=text)
    if len(found) > 1:
        ids = ", ".join(row.id.hex[-8:] for row in list(found.values())[:6])
        raise ConfigInvalid("identity.question_ambiguous", text=text, ids=ids)
    return next(iter(found.values()))


def _find_standing(tx: UnitOfWork, row: PairVerdict) -> PairVerdict | None:
    return row if row.undone_at is None else find_pair(tx, row.record_kind, row.one_id, row.other_id)


def answer_question(hub: Hub, question: PairVerdict, answer: str, actor: str) -> MergeReport | None:
    """``same`` makes them one (the older stands for both), ``different`` stands until it is taken back, ``later`` puts
    the question off, ``open`` takes an answer ``different`` back."""

    def work(tx: UnitOfWork) -> MergeReport | None:
        row = tx.get(PairVerdict, id=question.id, lock=True) or question
        kind, pair = row.record_kind, (row.one_id, row.other_id)
        if answer == "later":
            tx.save(row.model_copy(update={"later_at": hub.now()}))
            return None
        if answer == "open":
            take_back(tx, hub, row, actor)
            for record_id in pair:
                tx.save(IdentityDue(record_kind=kind, record_id=record_id))
            return None
        if answer == DIFFERENT:
            say_pair(tx, hub, kind, pair, DIFFERENT, actor)
            return None
        return merge_said(tx, hub, kind, row.one_id, row.other_id, actor)

    done = hub.store.carry_out(work)
    hub.hint(done.due if done is not None else ())
    return done


def merge_by_hand(hub: Hub, kind: str, survivor_id: UUID, loser_id: UUID, actor: str) -> MergeReport:
    """A person says that the two are one: the newest word, whatever was said before."""
    check_kind(kind)
    done = hub.store.carry_out(lambda tx: merge_said(tx, hub, kind, survivor_id, loser_id, actor))
    hub.hint(done.due)
    return done


def merge_said(tx: UnitOfWork, hub: Hub, kind: str, survivor_id: UUID, loser_id: UUID, actor: str) -> MergeReport:
    """The same inside a transaction."""
    for row in list_between(tx, kind, *_find_both(tx, kind, survivor_id, loser_id)):
        if row.verdict == DIFFERENT:
            take_back(tx, hub, row, actor)
    done = apply_merge(tx, hub, kind, survivor_id, loser_id, actor, {"rule": "person"})
    say_pair(tx, hub, kind, (survivor_id, loser_id), SAME, actor)
    return done


def _find_both(tx: UnitOfWork, kind: str, one: UUID, other: UUID) -> tuple[UUID, UUID]:
    roots = find_roots(tx, kind, [one, other])
    return roots.get(one, one), roots.get(other, other)


def explain_pair(hub: Hub, kind: str, one_id: UUID, other_id: UUID) -> Question:
    """Two records side by side, weighed now; ``id`` is that of what stands about them, if anything does."""
    check_kind(kind)
    with hub.store.read() as tx:
        one, other = (tx.get(find_kind(kind), id=id_) for id_ in (one_id, other_id))
        if one is None or other is None:
            raise NotFound("sync.record_unknown", kind=kind, text=str(one_id if one is None else other_id))
        judged = weigh(tx, hub, one, other)
        said = find_pair(tx, kind, one_id, other_id)
        apart = is_apart(tx, kind, one_id, other_id)
        if apart is not None:
            judged = replace(judged, band=Band.SEPARATE, against="identity.said_different")
        return Question(
            said.id if said is not None else one_id, kind, one, other, judged, compare_sides(one, other),
            said.at if said is not None else hub.now(),
        )  # fmt: skip
