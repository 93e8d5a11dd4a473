"""Customers and contacts that wait at the door: of some connections nobody comes in who could be here already."""

from __future__ import annotations

from hub.protocol.semantics import Stage
from hub.protocol.snapshot import Snapshot
from hub.store import Batch, BatchRefused
from hub.sync.aliases import IDENTIFIED
from hub.sync.arrival import Arrival
from hub.sync.candidates import NAMED, Candidate, find_candidates
from hub.sync.lookalike import Alike, hold_aside, label_values
from hub.sync.pairs import Judgement
from hub.sync.show import describe_record
from hub.sync.verdicts import DIFFERENT, MAYBE, list_about_source, save_verdict


def waits_at_door(arrival: Arrival) -> bool:
    """Whether its connection is one whose newcomers wait when they could be here already."""
    names = arrival.hub.config.identity.hold
    return arrival.kind in IDENTIFIED and (arrival.conn.name in names or "*" in names)


def hold_newcomer(arrival: Arrival, snapshot: Snapshot) -> bool:
    """Put aside what could be a record that is here, where that is wanted; whether it was. ``binding add`` answers, in
    either sense."""
    tx, hub, kind = arrival.tx, arrival.hub, arrival.kind
    if not waits_at_door(arrival) or snapshot.stage is Stage.GONE:
        return False
    if isinstance(tx, Batch):  # whom it resembles may stand in the same page: that is read row by row
        raise BatchRefused("identity.hold")
    verdicts = list_about_source(tx, kind, arrival.address)
    ruled_out = {id_ for id_, row in verdicts.items() if row.verdict == DIFFERENT}
    found = [
        row for row in find_candidates(tx, hub, kind, snapshot.values).candidates if row.record.id not in ruled_out
    ]
    alikes = [_describe(arrival, candidate) for candidate in found[:NAMED]]
    name = label_values(kind, snapshot.values, arrival.source.external_id)
    for alike in alikes:
        evidence = {"rule": "weight", "signs": alike.signs, "there": name}
        save_verdict(tx, hub, kind, alike.record_id, arrival.address, MAYBE, arrival.actor, evidence)
    if alikes:
        hold_aside(arrival, snapshot, alikes)
    return bool(alikes)


def _describe(arrival: Arrival, candidate: Candidate) -> Alike:
    record = candidate.record
    label = describe_record(record, str(record.id))[0]
    return Alike(record.id, arrival.source.external_id, label, tell_evidence(candidate.judged))


def tell_evidence(judged: Judgement) -> str:
    """What speaks for and against, with its weights."""
    return "; ".join(f"{row['field']} {row['level']} {row['weight']:+d}" for row in judged.evidence if row["weight"])
