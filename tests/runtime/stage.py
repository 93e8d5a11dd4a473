"""A home with a hub in it, and clocks that tests turn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.runtime.clock import SystemClock
from hub.runtime.home import Home, make_home
from hub.runtime.publish import publish
from hub.runtime.secrets import make_key
from hub.store import Store

SANDBOX = """
[connections.erp]
connector = "sandbox"
url = "http://127.0.0.1:9"
token = "env:SANDBOX_TOKEN"

[connections.erp.syncs.account]
every = "1m"

[connections.erp.syncs.order]
every = "5m"
"""
TOKEN = {"SANDBOX_TOKEN": "canary-5d41402abc4b2a76b9719d911017c592"}  # pragma: allowlist secret


class TurnedClock:
    """Time that stands still until somebody turns it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.turn(seconds)

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def prepare_home(folder: Path, config: str = "", environ: Mapping[str, str] | None = None) -> Home:
    """A home with key, database and ``config`` in force."""
    home = Home(folder / "home", {**TOKEN, **(environ or {})})
    make_home(home)
    make_key(home)
    home.config_file.write_text(home.config_file.read_text(encoding="utf-8") + config, encoding="utf-8")
    store = Store.open(home.database_url, clock=SystemClock())
    store.migrate()
    publish(home, store, SystemClock(), "test")
    store.close()
    return home
