"""Calls that other systems made (webhooks): kept before they are answered, listed, found, and read again when a person
wants. What a call says is taken in by ``hub.sync.event_intake``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.protocol.compare import take_fingerprint
from hub.sdk.webhooks import Call, Received, Receiver
from hub.sdk.webhooks.signing import digest_body
from hub.store import Store, UnitOfWork
from hub.store.event_rows import Event
from hub.store.rows import ConnectionState
from hub.sync.context import Hub
from hub.sync.pause import read_pause_all, rests

STATES = ("new", "done", "unfit", "dead", "dropped")
KEY_LENGTH = 200
DONE_KEPT = timedelta(days=30)
"""How long an event that is done stays, with its body: longer than any sender tries again."""
UNFIT_KEPT = timedelta(days=90)
"""How long one that nothing fits stays: its body may hold what people said in confidence."""
_CHUNK = 500


def make_event(store: Store, connection: str, receiver: Receiver, call: Call, received: Received) -> Event:
    """The row of a call that proved itself."""
    headers = {name: value for name, value in call.headers.items() if name not in receiver.unkept_headers}
    return Event.trusted(
        id=store.make_id(), connection=connection, key=_make_key(received.key, call.body), method=call.method,
        received_at=call.received_at, target=call.target, headers=headers, body=call.body,
    )  # fmt: skip


def _make_key(given: str | None, body: bytes) -> str:
    """A sender's id that no database could keep is as good as none."""
    if given and len(given) <= KEY_LENGTH and given.isprintable():
        return given
    return digest_body(body if not given else given.encode("utf-8", "surrogatepass"))


def keep_events(store: Store, events: Sequence[Event]) -> list[UUID]:
    """Keep what is not known yet, in one transaction; ids of those that are new. A call that came before is left."""
    ids = [event.id for event in events]
    ordered = sorted(events, key=lambda event: (event.connection, event.key))  # two who keep the same never lock up
    with store.write() as tx:
        added = tx.insert_new(ordered)
        if added == len(ids):
            return ids
        kept = {row[0] for row in tx.pluck(Event, ("id",), id__in=ids)} if added else set()
    return [id_ for id_ in ids if id_ in kept]


# ---------------------------------------------------------------- what is due


def list_due_events(hub: Hub, limit: int, *, since: datetime | None = None) -> list[UUID]:
    """Events that wait to be read, the oldest first, and those that fitted nothing when the configuration was another.
    Nothing of connections that rest or are gone. ``since``: only those that came by then."""
    now = hub.now()
    with hub.store.read() as tx:
        if read_pause_all(tx) is not None:
            return []
        resting = {row.connection for row in tx.find(ConnectionState) if rests(row, hub)}
        awake = sorted(set(hub.config.connections) - resting)
        if not awake:
            return []
        by_then = {"received_at__le": since} if since is not None else {}
        fresh = _find_due(tx, now, limit, state="new", connection__in=awake, **by_then)
        left = limit - len(fresh)
        again = [id_ for name in awake for id_ in _list_outdated(tx, hub, name, left)] if left > 0 else []
    return [*fresh, *again[:left]] if left > 0 else fresh


def _find_due(tx: UnitOfWork, now: datetime, limit: int, **where: Any) -> list[UUID]:
    """Those that were put off and whose time has come stand behind those that nobody has looked at."""
    fresh = tx.find(Event, order=["received_at", "id"], limit=limit, not_before=None, **where)
    late = tx.find(Event, order=["received_at", "id"], limit=limit, not_before__le=now, **where)
    return [row.id for row in (*fresh, *late)][:limit]


def _list_outdated(tx: UnitOfWork, hub: Hub, connection: str, limit: int) -> list[UUID]:
    if not tx.count(Event, connection=connection, state="unfit"):
        return []
    basis = digest_rules(hub, connection)
    rows = tx.find(Event, connection=connection, state="unfit", basis__ne=basis, order=["received_at"], limit=limit)
    return [row.id for row in rows]


def digest_rules(hub: Hub, connection: str) -> str:
    """Digest of what decides whether an event fits: the configuration of its connection with its mappings."""
    return take_fingerprint(hub.settings_of(connection).model_dump(mode="json"))


# ---------------------------------------------------------------- looking


@dataclass(frozen=True)
class EventFilter:
    """Which events are meant; None: all. ``since`` and ``until``: when they came."""

    connection: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> dict[str, Any]:
        """As the store asks."""
        if self.state is not None and self.state not in STATES:
            raise ConfigInvalid("sync.event_state_unknown", state=self.state, known=", ".join(STATES))
        given = {
            "connection": self.connection,
            "state": self.state,
            "received_at__ge": self.since,
            "received_at__lt": self.until,
        }
        return {name: value for name, value in given.items() if value is not None}


def list_events(hub: Hub, chosen: EventFilter, limit: int) -> list[Event]:
    """The newest that fit, the newest first."""
    with hub.store.read() as tx:
        return tx.find(Event, order=["-received_at", "-id"], limit=limit, **chosen.conditions())


def find_event(hub: Hub, text: str) -> Event:
    """One event by its id, the beginning of it, or the sender's own id. ``NotFound``; ``ConfigInvalid`` when several
    fit."""
    with hub.store.read() as tx:
        found = tx.find(Event, key=text, limit=3)
        plain = text.replace("-", "").lower()
        if not found and 0 < len(plain) <= 32 and all(char in "0123456789abcdef" for char in plain):
            low, high = UUID(plain.ljust(32, "0")), UUID(plain.ljust(32, "f"))
            found = tx.find(Event, id__ge=low, id__le=high, order=["id"], limit=3)
    if not found:
        raise NotFound("sync.event_unknown", text=text)
    if len(found) > 1:
        raise ConfigInvalid("sync.event_ambiguous", text=text, ids=", ".join(str(row.id) for row in found))
    return found[0]


# ---------------------------------------------------------------- again, and gone


def make_replay(hub: Hub, ids: Collection[UUID], actor: str) -> list[UUID]:
    """Make these due once more, whatever became of them, and write down who wanted it; ids of those that exist. The
    call is not proved again: that was done when it came."""
    done = []
    for start in range(0, len(ids), _CHUNK):
        with hub.store.write() as tx:
            for event in tx.find(Event, id__in=list(ids)[start : start + _CHUNK], order=["id"], lock=True):
                tx.save(_renew(event, actor))
                tx.journal(actor, "event.replayed", connection=event.connection, event=str(event.id), key=event.key)
                done.append(event.id)
    return done


def drop_event(hub: Hub, event: Event, reason: str, actor: str) -> None:
    """Give an event up; a replay takes it back. ``RuleBroken`` for one that is done."""
    with hub.store.write() as tx:
        now = tx.get(Event, id=event.id, lock=True)
        if now is None or now.state == "done":
            raise RuleBroken("sync.event_done", key=event.key)
        params = {**now.params, "reason": reason, "actor": actor}
        tx.save(now.model_copy(update={"state": "dropped", "params": params, "done_at": hub.now()}))
        tx.journal(actor, "event.dropped", connection=now.connection, event=str(now.id), key=now.key, reason=reason)


def _renew(event: Event, actor: str) -> Event:
    fresh: dict[str, Any] = {
        "state": "new",
        "not_before": None,
        "attempts": 0,
        "code": None,
        "params": {},
        "words": None,
        "basis": "",
    }
    return event.model_copy(update={**fresh, "replays": event.replays + 1, "replayed_by": actor})


def prune_events(tx: UnitOfWork, now: datetime) -> int:
    """Remove events that are done or fit nothing and are old enough; how many."""
    gone = tx.delete(Event, state__in=["done", "dropped"], received_at__lt=now - DONE_KEPT)
    return gone + tx.delete(Event, state="unfit", received_at__lt=now - UNFIT_KEPT)
