"""Who is told what, and when again: kept in rows, so that neither a restart nor a second scheduler repeats anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.errors import IsthmusError
from hub.locale import keep_params
from hub.store import UnitOfWork
from hub.store.notify_rows import NotifyTarget, Told
from hub.sync.context import Hub
from hub.sync.notices import Notice
from hub.sync.notify_config import NotifySettings

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
SENDING_TIME = timedelta(minutes=2)
"""Longer than any sending takes: until then nobody else tries."""


def may_tell(tx: UnitOfWork, target: str, now: datetime, every: timedelta) -> bool:
    """Whether a target's turn has come."""
    state = tx.get(NotifyTarget, target=target)
    if state is None:
        return True
    resting = state.not_before is not None and state.not_before > now
    return not resting and (state.sent_at is None or state.sent_at + every <= now)


def list_ready(hub: Hub) -> list[str]:
    """Targets whose turn has come: while there is none, nothing needs to be looked up."""
    settings = hub.config.notify
    if not settings.targets:
        return []
    now, every = hub.now(), timedelta(seconds=settings.every_s)
    with hub.store.read() as tx:
        return [name for name in sorted(settings.targets) if may_tell(tx, name, now, every)]


def claim_notices(
    hub: Hub, target: str, settings: NotifySettings, current: Sequence[Notice], holder: str
) -> list[Notice]:
    """What the target has not been told yet, or not lately; nothing when it is not its turn, or another process is
    telling it. What is over is forgotten, so that it is told when it comes back."""
    now = hub.now()
    with hub.store.write() as tx:
        if tx.acquire_lease(f"notify:{target}", holder, now + SENDING_TIME) is None:
            return []
        if not may_tell(tx, target, now, timedelta(seconds=settings.every_s)):
            tx.release_lease(f"notify:{target}", holder)
            return []
        told = {row.thing: row for row in tx.find(Told, target=target)}
        over = sorted(set(told) - {notice.thing for notice in current})
        if over:
            tx.delete(Told, target=target, thing__in=over)
        oldest = now - timedelta(seconds=settings.again_after_s)
        due = [notice for notice in current if _is_due(told.get(notice.thing), notice, oldest)]
        if not due:
            tx.release_lease(f"notify:{target}", holder)
        return due


def _is_due(row: Told | None, notice: Notice, oldest: datetime) -> bool:
    return row is None or row.print != notice.print or row.at <= oldest


def note_told(hub: Hub, target: str, notices: Sequence[Notice], holder: str) -> None:
    """The target took the message."""
    now = hub.now()
    with hub.store.write() as tx:
        for notice in notices:
            tx.save(Told(target=target, thing=notice.thing, print=notice.print, at=now))
        tx.save(NotifyTarget(target=target, sent_at=now))
        tx.release_lease(f"notify:{target}", holder)


def note_failure(hub: Hub, target: str, error: IsthmusError, holder: str) -> None:
    """It did not: tried again later, and later each time."""
    now = hub.now()
    with hub.store.write() as tx:
        state = tx.get(NotifyTarget, target=target, lock=True) or NotifyTarget(target=target)
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(state.failures, 10))
        tx.save(
            state.model_copy(
                update={
                    "failures": state.failures + 1,
                    "failing_since": state.failing_since or now,
                    "not_before": now + wait,
                    "error_code": error.code,
                    "error_params": keep_params(error.params),
                    "error_words": error.vendor,
                }
            )
        )
        tx.release_lease(f"notify:{target}", holder)


def list_targets(hub: Hub) -> list[NotifyTarget]:
    """How it goes with each configured target; one that nothing was ever sent to is blank."""
    with hub.store.read() as tx:
        rows = {row.target: row for row in tx.find(NotifyTarget)}
    return [rows.get(name, NotifyTarget(target=name)) for name in sorted(hub.config.notify.targets)]
