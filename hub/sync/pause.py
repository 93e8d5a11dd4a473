"""Stop and go on: one connection, or everything. A pause stops calls to other systems; nothing that waits is lost."""

from __future__ import annotations

from hub.errors import RuleBroken, Transient
from hub.locale import Phrase
from hub.store import UnitOfWork
from hub.store.rows import ConnectionState, Setting
from hub.sync.context import Hub

RESTED: dict[str, object] = {"failures": 0, "not_before": None, "wait_code": None, "wait_params": {}}
"""A connection that answers again."""
PAUSED_ALL = "paused_all"
"""Name of the setting that says who stopped everything, and when."""


def pause_connection(hub: Hub, connection: str, actor: str) -> None:
    """Make no call to this system until a person resumes it. The reason of an earlier pause stays."""
    hub.settings_of(connection)
    with hub.store.write() as tx:
        state = _load_state(tx, connection)
        if state.paused:
            return
        params = {"connection": connection, "actor": actor, "at": _show_now(hub)}
        reason = {"pause_code": "sync.paused_by", "pause_params": params}
        tx.save(state.model_copy(update={"paused": True, **reason}))
        tx.journal(actor, "connection.paused", connection=connection)


def resume_connection(hub: Hub, connection: str, actor: str) -> None:
    """Go on with this system at once, whatever stopped it: a person, missing rights, or failures."""
    hub.settings_of(connection)
    with hub.store.write() as tx:
        state = _load_state(tx, connection)
        if not state.paused and state.not_before is None and not state.failures:
            return
        was = state.pause_code
        calm: dict[str, object] = {"paused": False, "pause_code": None, "pause_params": {}}
        tx.save(state.model_copy(update=calm | RESTED))
        tx.journal(actor, "connection.resumed", connection=connection, was=was)


def _load_state(tx: UnitOfWork, connection: str) -> ConnectionState:
    found = tx.get(ConnectionState, connection=connection, lock=True)
    return found or ConnectionState(connection=connection)


def pause_all(hub: Hub, actor: str) -> None:
    """Make no call to any system until a person resumes everything."""
    with hub.store.write() as tx:
        if tx.get(Setting, name=PAUSED_ALL, lock=True) is None:
            tx.save(Setting(name=PAUSED_ALL, value={"actor": actor, "at": _show_now(hub)}))
            tx.journal(actor, "hub.paused")


def resume_all(hub: Hub, actor: str) -> None:
    """Go on; connections that were paused one by one stay so."""
    with hub.store.write() as tx:
        if tx.delete(Setting, name=PAUSED_ALL):
            tx.journal(actor, "hub.resumed")


def _show_now(hub: Hub) -> str:
    return hub.now().isoformat(timespec="seconds")


def read_pause_all(tx: UnitOfWork) -> dict[str, str] | None:
    """Who stopped everything (``actor``) and when (``at``), or None."""
    row = tx.get(Setting, name=PAUSED_ALL)
    return None if row is None else {name: str(value) for name, value in row.value.items()}


def is_paused(hub: Hub, connection: str | None = None) -> bool:
    """Whether everything is paused; with ``connection``, whether that one may not be called for either reason."""
    with hub.store.read() as tx:
        if read_pause_all(tx) is not None:
            return True
        state = tx.get(ConnectionState, connection=connection) if connection is not None else None
    return state is not None and state.paused


def is_resting(tx: UnitOfWork, hub: Hub, connection: str) -> bool:
    """Whether no call may be made now: paused by a person or for missing rights, throttled, or away."""
    state = tx.get(ConnectionState, connection=connection)
    return read_pause_all(tx) is not None or (state is not None and rests(state, hub))


def rests(state: ConnectionState, hub: Hub) -> bool:
    """The same of a state that was read already, without the pause of everything."""
    return state.paused or (state.not_before is not None and state.not_before > hub.now())


def check_paused(hub: Hub, connection: str) -> None:
    """``RuleBroken`` names who or what paused, and the command that goes on; ``Transient`` as :func:`check_rest`."""
    hub.settings_of(connection)
    with hub.store.read() as tx:
        everything = read_pause_all(tx)
        state = tx.get(ConnectionState, connection=connection)
    if everything is not None:
        raise RuleBroken("sync.all_paused", **everything)
    if state is not None and state.paused:
        if state.pause_code == "sync.paused_by":
            raise RuleBroken("sync.paused_by", **state.pause_params)
        raise RuleBroken("sync.connection_paused", connection=connection, reason=state.pause_code or "-")
    check_rest(hub, connection)


def check_rest(hub: Hub, connection: str) -> None:
    """``Transient`` says that the other system, or the call budget, asked to be left alone until some time. A system
    that is merely away may be tried, and a paused one may be looked at."""
    with hub.store.read() as tx:
        state = tx.get(ConnectionState, connection=connection)
    if state is not None and state.wait_code and state.not_before is not None and rests(state, hub):
        until = state.not_before.astimezone(hub.zone_of(connection)).isoformat(sep=" ", timespec="seconds")
        wait_s = (state.not_before - hub.now()).total_seconds()
        params = {"connection": connection, "reason": Phrase(state.wait_code, **state.wait_params), "until": until}
        raise Transient("sync.connection_rests", retry_after_s=wait_s, **params)
