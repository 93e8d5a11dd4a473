"""Several connections to one account, each to an organisation of its own: which of them a record belongs to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.model.party import Organisation
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Direction
from hub.sdk import Scope
from hub.store import UnitOfWork
from hub.sync.context import Hub

OTHER, SHARED, UNSAID = "sync.other_organisation", "sync.shared_there", "sync.organisation_unsaid"
"""A document of another organisation; a customer or product that another organisation has already; nobody has said
whose it is. The first two are meant so, the third is for a person to end."""
NAMES = "organisation"
"""The code table of our organisations: the number there = what the organisation is called here."""
Held = tuple[str, dict[str, str]]


def find_foreign(
    tx: UnitOfWork, hub: Hub, binding: Binding, record: Entity, parents: Iterable[tuple[str, UUID]]
) -> Held | None:
    """Why a record that has nothing there yet is to get nothing through this connection, if so. ``parents``: what it
    refers to there."""
    scope = hub.open(binding.connection).connector.scope
    if scope is None:
        return None
    told = {"connection": binding.connection, "organisation": scope.part}
    named = _read_named(tx, record)
    if named is not None and named not in (scope.part, _name_own(hub, binding.connection, scope)):
        return OTHER, {**told, "other": named}
    siblings = _list_siblings(hub, binding.connection, binding.kind, scope)
    if not siblings:
        return None
    told["other"] = ", ".join(sorted(siblings))
    if _find_there(tx, record.KIND, [record.id], siblings):
        return OTHER if record.TRANSACTIONAL else SHARED, told
    if named is not None or not any(siblings.values()):
        return None
    documents = [(kind, [id_]) for kind, id_ in parents if find_kind(kind).TRANSACTIONAL]
    here = any(_find_there(tx, *document, (binding.connection,)) for document in documents)
    elsewhere = any(_find_there(tx, *document, siblings) for document in documents)
    if here != elsewhere:  # a payment goes where its order went
        return None if here else (OTHER, told)
    takers = [name for name in (binding.connection, *siblings) if hub.settings_of(name).takes_unnamed]
    return None if takers == [binding.connection] else (UNSAID, told)


def list_elsewhere(tx: UnitOfWork, hub: Hub, connection: str, kind: str, ids: Collection[UUID]) -> set[UUID]:
    """Those of these documents that are of another organisation: nothing that this connection shows is one of them."""
    scope = hub.open(connection).connector.scope if find_kind(kind).TRANSACTIONAL and ids else None
    siblings = _list_siblings(hub, connection, kind, scope) if scope is not None else {}
    return _find_there(tx, kind, ids, siblings) if siblings else set()


def _read_named(tx: UnitOfWork, record: Entity) -> str | None:
    """What the organisation is called that the record names."""
    organisation_id: UUID | None = getattr(record, "organisation_id", None)
    found = tx.get(Organisation, id=organisation_id) if organisation_id is not None else None
    return found.name if found is not None else None


def _name_own(hub: Hub, connection: str, scope: Scope) -> str | None:
    """What the organisation of a connection is called here."""
    codes: Mapping[str, str] = hub.open(connection).codes.get(NAMES, {})
    return codes.get(scope.part)


def _list_siblings(hub: Hub, connection: str, kind: str, scope: Scope) -> dict[str, bool]:
    """Connections to other organisations of the same account that have the kind → whether they write it."""
    found = {}
    connector = hub.settings_of(connection).connector
    for name, settings in hub.config.connections.items():
        sync = settings.syncs.get(kind)
        if name == connection or settings.connector != connector or sync is None:
            continue
        other = hub.open(name).connector.scope
        if other is not None and other.account == scope.account and other.part != scope.part:
            found[name] = sync.direction is not Direction.IN
    return found


def _find_there(tx: UnitOfWork, kind: str, ids: Collection[UUID], connections: Collection[str]) -> set[UUID]:
    """Those that one of these connections has, or may have by now."""
    rows = tx.find(Binding, kind=kind, hub_id__in=sorted(ids), connection__in=sorted(connections))
    known = [row for row in rows if row.state is not BindingState.FOREIGN]
    return {row.hub_id for row in known if row.remote_id is not None or row.attempts}
