"""Turns of syncs, as rows: a sync whose time has come is *called*; its turn is over when a run of it *began*, in the
transaction that began the run. Whatever message, scheduler or worker is lost in between, the row still says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from hub.store import UnitOfWork
from hub.store.rows import Run, SyncState
from hub.sync.config import HubConfig
from hub.sync.context import Hub
from hub.sync.pause import is_resting
from hub.sync.pull import Progress
from hub.sync.run import RunReport, run_sync

SCHEDULE = "schedule"
"""The actor of a run that nobody asked for."""
CALL_AGAIN_S = 30.0
"""A call that nobody followed is repeated after so long: its message may still be on the way."""


class TurnTaken(Exception):
    """Nothing of what was called is left to begin: another worker was faster."""


def call_due_turns(hub: Hub) -> dict[str, list[str]]:
    """Connection → kinds that workers should be told to run now; the calls are rows when this returns.

    A connection with a run under way, paused, throttled or away keeps its turn for a later look.
    """
    every = _list_scheduled(hub.config)
    now = hub.now()
    told: dict[str, list[str]] = {}
    with hub.store.write() as tx:
        quiet = _list_quiet(tx, hub, {name for name, _ in every})
        for name, kind in sorted(every):
            if name in quiet and _call(tx, name, kind, now):
                told.setdefault(name, []).append(kind)
    return told


def hasten_turn(hub: Hub, connection: str, kind: str) -> None:
    """The other system said that something changed: the next turn comes now. Nothing for a sync without schedule."""
    if (connection, kind) not in _list_scheduled(hub.config):
        return
    now = hub.now()
    with hub.store.write() as tx:
        known = tx.get(SyncState, lock=True, connection=connection, kind=kind)
        state = known or SyncState(connection=connection, kind=kind)
        if state.next_due is None or state.next_due > now:
            tx.save(state.model_copy(update={"next_due": now}))


def list_called(hub: Hub, before: datetime) -> dict[str, list[str]]:
    """Connection → kinds that were called before that time and that no worker has begun yet."""
    every = _list_scheduled(hub.config)
    called: dict[str, list[str]] = {}
    with hub.store.read() as tx:
        rows = tx.find(SyncState, order=["connection", "kind"], called_at__le=before)
        quiet = _list_quiet(tx, hub, {row.connection for row in rows})
    for row in rows:
        if row.connection in quiet and (row.connection, row.kind) in every and not row.paused:
            called.setdefault(row.connection, []).append(row.kind)
    return called


def read_next_turn(hub: Hub) -> datetime | None:
    """When the next turn comes, if any is known to come."""
    every = _list_scheduled(hub.config)
    with hub.store.read() as tx:
        rows = tx.find(SyncState, called_at=None, paused=False)
    return min((row.next_due for row in rows if row.next_due and (row.connection, row.kind) in every), default=None)


def run_turns(hub: Hub, connection: str, kinds: Sequence[str], progress: Progress | None = None) -> RunReport:
    """Run those of the kinds that were called and not begun; ``TurnTaken`` when there is none."""
    every = _list_scheduled(hub.config)

    def begin(tx: UnitOfWork) -> list[str]:
        now = hub.now()
        taken = [kind for kind in kinds if _take(tx, connection, kind, now, every.get((connection, kind)))]
        if not taken:
            raise TurnTaken
        return taken

    return run_sync(hub, connection, kinds, SCHEDULE, scheduled=True, progress=progress, begin=begin)


def give_back_turns(tx: UnitOfWork, run: Run, now: datetime) -> None:
    """A run that came by schedule and was cut off is done once more soon."""
    for kind in run.kinds if run.actor == SCHEDULE else ():
        state = tx.get(SyncState, lock=True, connection=run.connection, kind=kind)
        if state is not None and state.next_due is not None and state.next_due > now:
            tx.save(state.model_copy(update={"next_due": now}))


def give_back_stopped(hub: Hub, connection: str) -> None:
    """The same for the run that was just stopped because its process is asked to end: another one takes over."""
    with hub.store.write() as tx:
        newest = tx.find(Run, order=["-number"], limit=1, connection=connection)
        if newest and newest[0].state == "stopped":
            give_back_turns(tx, newest[0], hub.now())


def _list_scheduled(config: HubConfig) -> Mapping[tuple[str, str], timedelta]:
    return {
        (name, kind): timedelta(seconds=sync.every_s)
        for name, settings in config.connections.items()
        for kind, sync in settings.syncs.items()
        if sync.every_s
    }


def _list_quiet(tx: UnitOfWork, hub: Hub, names: Collection[str]) -> set[str]:
    """Connections that may be called and have no run under way."""
    busy = {run.connection for run in tx.find(Run, state="running")}
    return {name for name in names if name not in busy and not is_resting(tx, hub, name)}


def _call(tx: UnitOfWork, connection: str, kind: str, now: datetime) -> bool:
    known = tx.get(SyncState, lock=True, connection=connection, kind=kind)
    state = known or SyncState(connection=connection, kind=kind)
    if state.paused or (state.called_at is None and state.next_due is not None and state.next_due > now):
        return False
    if state.called_at is not None and now - state.called_at < timedelta(seconds=CALL_AGAIN_S):
        return False
    tx.save(state.model_copy(update={"called_at": now, "next_due": state.next_due or now}))
    return True


def _take(tx: UnitOfWork, connection: str, kind: str, now: datetime, every: timedelta | None) -> bool:
    """The next turn comes one interval after this one came, so that late starts do not add up."""
    state = tx.get(SyncState, lock=True, connection=connection, kind=kind)
    if state is None or state.called_at is None:
        return False
    following = None
    if every is not None:
        following = (state.next_due or now) + every
        following = following if following > now else now + every
    tx.save(state.model_copy(update={"called_at": None, "next_due": following}))
    return True
