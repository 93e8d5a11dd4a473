"""Look before deciding: what the other system has under our reference, or under a party's identifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.identity.resolver import PartyFacts, find_veto
from hub.model.party import Validity
from hub.protocol.binding import Binding
from hub.protocol.reference import search_prefix
from hub.protocol.snapshot import Intent, Search, Snapshot
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import IdentityVerdict
from hub.sync.aliases import IDENTIFIED
from hub.sync.context import Hub, OpenConnection
from hub.sync.translate import make_snapshot, read_source


@dataclass(frozen=True)
class Found:
    """What the other system has: ``hits`` carry our reference, ``matches`` one of the party's identifiers."""

    hits: Sequence[SourceRecord]
    matches: Sequence[SourceRecord] = ()


def search_remote(hub: Hub, conn: OpenConnection, binding: Binding, intent: Intent) -> Search:
    """Every document with our reference, any revision, voided ones included; for parties also identifier matches."""
    found = ask_remote(conn, binding, intent)
    with hub.store.read() as tx:
        return judge_found(tx, hub, conn, binding, intent, found)


def ask_remote(conn: OpenConnection, binding: Binding, intent: Intent) -> Found:
    """Only the questions, outside of any transaction."""
    sink = conn.sinks[binding.kind]
    hits = list(sink.find(search_prefix(binding.ref))) if binding.ref else []
    matches: list[SourceRecord] = []
    if binding.kind in IDENTIFIED and binding.attempts == 0:
        for item in intent.values.get("identifiers", ()):
            if item.validity is Validity.VALID:
                matches.extend(sink.find_by_identifier(item.kind.value, item.value))
    ours = {hit.external_id for hit in hits}
    fresh = {match.external_id: match for match in matches if match.external_id not in ours}
    return Found(hits, list(fresh.values()))


def judge_found(
    tx: UnitOfWork, hub: Hub, conn: OpenConnection, binding: Binding, intent: Intent, found: Found
) -> Search:
    """Matches that a veto speaks against are left out; those that belong to another record are named as taken."""
    mine = PartyFacts.of(binding.kind, binding.hub_id, intent.values)
    free: list[Snapshot] = []
    taken = False
    for match in found.matches:
        snapshot = read_source(tx, hub, conn, binding.kind, match, None).snapshot
        theirs = PartyFacts.of(binding.kind, None, snapshot.values)
        if not mine.keys & theirs.keys or find_veto(mine, theirs) or _is_parted(tx, conn, binding, match):
            continue
        bound = tx.find(Binding, connection=conn.name, kind=binding.kind, remote_id=match.external_id, limit=1)
        taken = taken or bool(bound and bound[0].hub_id != binding.hub_id)
        if not bound:
            free.append(snapshot)
    return Search(tuple(make_snapshot(hit, {}) for hit in found.hits), tuple(free), taken)


def _is_parted(tx: UnitOfWork, conn: OpenConnection, binding: Binding, match: SourceRecord) -> bool:
    """Whether a person said that the two are not the same."""
    where = f"{conn.name}/{match.stream}/{match.external_id}"
    found = tx.count(
        IdentityVerdict,
        record_kind=binding.kind,
        record_id=binding.hub_id,
        source=where,
        verdict="different",
        undone_at=None,
    )
    return found > 0
