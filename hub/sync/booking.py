"""Ledgers that book by themselves: what changed, and what was held, as long as it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hub.errors import IsthmusError
from hub.store.rows import Setting
from hub.store.voucher_rows import VoucherHold
from hub.sync.context import Hub
from hub.sync.voucher_holds import list_held
from hub.sync.vouchers import NOBODY, Outcome, book_source, make_vouchers

SETTING, ACTOR = "vouchers", "vouchers"
AUTOMATIC_EVERY = timedelta(minutes=1)
LOOK_BACK = timedelta(minutes=10)
"""Longer than any transaction takes between reading the clock and its end."""
HELD_AT_ONCE = 500
"""So many held events are tried again each time, one after the other; all of them once a period is opened or closed."""


def book_changed(hub: Hub, *, at_once: int = HELD_AT_ONCE) -> list[Outcome]:
    """What ledgers that book by themselves have to do about documents that changed since the last time, and about what
    was held; at most once in ``AUTOMATIC_EVERY``. Under other settings of a ledger everything is looked at anew. What
    is held for the same reason as before is not told again."""
    names = sorted(name for name, ledger in hub.config.ledgers.items() if ledger.automatic)
    now, settings, closed = hub.now(), _print_ledgers(hub, names), str(hub.config.organisation.closed_through)
    with hub.store.read() as tx:
        row = tx.get(Setting, name=SETTING)
    told = row.value if row is not None else {}
    last = datetime.fromisoformat(told["at"]) if told.get("settings") == settings else None
    if not names or (last is not None and now - last < AUTOMATIC_EVERY):
        return []
    after, done = UUID(told.get("held_after", NOBODY.hex)), list[Outcome]()
    if last is not None:  # else they are among all the others
        done, after = _try_held(hub, names, after, None if told["closed"] != closed else at_once)
    done += make_vouchers(hub, ACTOR, since=None if last is None else last - LOOK_BACK, ledgers=names)
    with hub.store.write() as tx:
        kept = {"at": now.isoformat(), "settings": settings, "closed": closed, "held_after": after.hex}
        tx.save(Setting(name=SETTING, value=kept))
    return [outcome for outcome in done if not outcome.known]


def _print_ledgers(hub: Hub, names: Sequence[str]) -> str:
    """Fingerprint of what decides how they book."""
    told = "\n".join(f"{name} {hub.config.ledgers[name].model_dump_json()}" for name in names)
    return hashlib.sha256(f"{hub.config.organisation.currency}\n{told}".encode()).hexdigest()[:24]


def _try_held(hub: Hub, names: Sequence[str], after: UUID, at_once: int | None) -> tuple[list[Outcome], UUID]:
    """(what became of held events: of so many after an id, or of all; the id where the next time begins)."""
    done: list[Outcome] = []
    after = NOBODY if at_once is None else after
    while True:
        page = list_held(hub, names, after, at_once or HELD_AT_ONCE)
        if at_once is not None and not page:  # the turn begins anew
            page = list_held(hub, names, NOBODY, at_once)
        for kind, source_id in page:
            done += book_source(hub, names, kind, source_id, ACTOR, dry_run=False)
        after = page[-1][1] if page else NOBODY
        if at_once is not None or not page:
            return done, after


def try_again(hub: Hub, hold: VoucherHold, actor: str) -> IsthmusError | None:
    """Book a held event, or tell why it cannot be booked."""
    done = book_source(hub, [hold.ledger], hold.source_kind, hold.source_id, actor, dry_run=False)
    return next((outcome.reason for outcome in done if outcome.trigger.value == hold.trigger), None)
