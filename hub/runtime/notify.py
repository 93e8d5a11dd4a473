"""Tells people what waits, beside everything else: a thread of its own, whose trouble stops no sync."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from datetime import datetime

from hub.errors import IsthmusError
from hub.runtime.logs import outlive, write_log
from hub.runtime.pool import HubPool
from hub.runtime.schedule import make_holder
from hub.runtime.secrets import Vault
from hub.runtime.senders import send_message
from hub.store.notify_rows import NotifyTarget
from hub.sync.context import Hub
from hub.sync.notices import Notice, compose_message, list_notices, make_test_message
from hub.sync.telling import claim_notices, list_ready, note_failure, note_told

LOOK_EVERY_S = 30.0


def tell_targets(hub: Hub, vault: Vault, holder: str) -> dict[str, int]:
    """Tell each target what is new for it, as often as it wants; target → how many things it was told."""
    settings = hub.config.notify
    ready = list_ready(hub)
    if not ready:
        return {}
    everything = list_notices(hub)
    told = {}
    for name in ready:
        target = settings.targets[name]
        wanted = [notice for notice in everything if notice.about in (target.about or settings.about)]
        due = claim_notices(hub, name, settings, wanted, holder)
        if due and _tell(hub, vault, name, due, holder):
            told[name] = len(due)
    return told


def _tell(hub: Hub, vault: Vault, name: str, due: Sequence[Notice], holder: str) -> bool:
    settings = hub.config.notify
    target = settings.targets[name]
    with hub.store.read() as tx:
        state = tx.get(NotifyTarget, target=name)
    id_ = _make_id(hub.installation, name, due, state.sent_at if state is not None else None)
    message = compose_message(hub.installation, due, target.language or settings.language, id_)
    try:
        send_message(hub, name, target, message, vault.resolve)
    except IsthmusError as error:
        note_failure(hub, name, error, holder)
        write_log("notify.failed", target=name, code=error.code, words=error.text())
        return False
    note_told(hub, name, due, holder)
    write_log("notify.told", target=name, count=len(due))
    return True


def _make_id(installation: str, name: str, due: Sequence[Notice], last: datetime | None) -> str:
    """The same for the same message, until one was taken."""
    parts = [installation, name, str(last), *(f"{notice.thing} {notice.print}" for notice in due)]
    return f"msg_{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:32]}"


def send_test(hub: Hub, vault: Vault, name: str) -> None:
    """Send a message that says that it is a test; the error of a target that does not take it."""
    settings = hub.config.notify
    target = settings.targets[name]
    message = make_test_message(hub.installation, target.language or settings.language, f"msg_{hub.new_id().hex}")
    send_message(hub, name, target, message, vault.resolve)


class Notifier:
    """The thread. Two of them, in one process or in several, tell nothing twice: the rows say what was told."""

    def __init__(self, pool: HubPool, *, look_every_s: float = LOOK_EVERY_S) -> None:
        self._pool = pool
        self._look_every_s = look_every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="notifier", daemon=True)
        self.holder = make_holder()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """A message under way ends within its time limit; nothing waits for it longer."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * self._look_every_s)

    def look(self) -> dict[str, int]:
        """One round."""
        with self._pool.lend() as hub:
            return tell_targets(hub, self._pool.open_vault(hub), self.holder)

    def _loop(self) -> None:
        while not self._stop.is_set():
            with outlive("notify"):
                self.look()
            self._stop.wait(self._look_every_s)
