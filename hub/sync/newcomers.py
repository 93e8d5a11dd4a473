"""Whom customers and contacts that other systems brought could be: the answer of every run and of every event names
the records in question, and the command that answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.identity import Band
from hub.locale import Phrase
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.store import UnitOfWork
from hub.store.event_rows import Event
from hub.store.rows import DeadRow, JournalEntry, Run
from hub.sync.aliases import IDENTIFIED
from hub.sync.candidates import NAMED, Candidate, find_candidates
from hub.sync.context import Hub
from hub.sync.gather import choose_command, find_kind_of
from hub.sync.show import describe_record
from hub.sync.verdicts import MAYBE

LOOKED = 200
"""So many of those that a run brought are looked at for its answer; a scan looks at all."""


@dataclass(frozen=True)
class Resembled:
    """A record that a newcomer could be. ``band``: auto | review; ``question``: what ``identity decide`` takes."""

    id: UUID
    label: str
    band: str
    weight: int | None = None
    question: str | None = None


@dataclass(frozen=True)
class Newcomer:
    """A party that came in, or waits at the door (``record_id`` is None then), and the records that it could be, best
    first. ``command`` answers for it."""

    kind: str
    label: str
    record_id: UUID | None
    candidates: Sequence[Resembled]
    command: str

    def tell(self) -> Phrase:
        """In a sentence."""
        names = ", ".join(f"{row.label} ({row.id})" for row in self.candidates)
        code = "identity.say_waits_at_door" if self.record_id is None else "identity.say_newcomer"
        return Phrase(code, kind=self.kind, name=self.label, candidates=names)


def list_of_run(hub: Hub, run: Run) -> list[Newcomer]:
    """Those that a run brought, or left at the door."""
    with hub.store.read() as tx:
        kinds = sorted(IDENTIFIED)
        made = tx.find(JournalEntry, run_id=run.id, action="record.created", record_kind__in=kinds, limit=LOOKED)
        since: dict[str, Any] = {"last_at__ge": run.started_at}
        if run.ended_at is not None:
            since["last_at__le"] = run.ended_at
        waiting = tx.find(DeadRow, connection=run.connection, state="review", limit=LOOKED, **since)
        ids = sorted((str(row.record_kind), row.record_id) for row in made if row.record_id is not None)
        return [*_look_at(tx, hub, ids), *_list_waiting(tx, hub, waiting)]


def list_of_event(hub: Hub, event: Event) -> list[Newcomer]:
    """Those that an event brought, or left at the door."""
    rows = [row for row in event.outcomes if row["kind"] in IDENTIFIED]
    made = [(row["kind"], UUID(row["record_id"])) for row in rows if row["outcome"] == "created"]
    left = [row["external_id"] for row in rows if row["outcome"] == "review"]
    if not made and not left:
        return []
    with hub.store.read() as tx:
        where: dict[str, Any] = {"connection": event.connection, "state": "review", "external_id__in": left}
        waiting = tx.find(DeadRow, **where) if left else []
        return [*_look_at(tx, hub, made), *_list_waiting(tx, hub, waiting)]


def _look_at(tx: UnitOfWork, hub: Hub, ids: Iterable[tuple[str, UUID]]) -> Iterable[Newcomer]:
    """Those that are still a record of their own and could be another."""
    for kind, id_ in ids:
        record = tx.get(find_kind(kind), id=id_)
        if record is None or record.deleted_at is not None:
            continue
        found = [_show(row) for row in find_candidates(tx, hub, kind, record.__dict__, id_).candidates[:NAMED]]
        if found:
            asked = next((row.question for row in found if row.question), None)
            command = f"isthmus identity decide {asked} same|different" if asked else "isthmus identity scan"
            yield Newcomer(kind, describe_record(record, str(id_))[0], id_, found, command)


def _show(candidate: Candidate) -> Resembled:
    record, judged, said = candidate.record, candidate.judged, candidate.said
    question = said.id.hex[-8:] if said is not None and said.verdict == MAYBE else None
    return Resembled(record.id, describe_record(record, str(record.id))[0], str(judged.band), judged.weight, question)


def _list_waiting(tx: UnitOfWork, hub: Hub, rows: Iterable[DeadRow]) -> Iterable[Newcomer]:
    for row in rows:
        kind = find_kind_of(hub, row.connection, row.stream)
        ids = [text for text in str(row.params.get("candidates", "")).split(", ") if text]
        if kind in IDENTIFIED and ids:
            records = [tx.get(find_kind(kind), id=UUID(text)) for text in ids[:NAMED]]
            found = [_show_asked(record) for record in records if record is not None]
            name = str(row.params.get("name", row.external_id))
            yield Newcomer(kind, name, None, found, choose_command(row, kind))


def _show_asked(record: Entity) -> Resembled:
    return Resembled(record.id, describe_record(record, str(record.id))[0], str(Band.REVIEW))
