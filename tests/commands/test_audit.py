"""``isthmus audit`` and ``isthmus record erase`` on a home."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from hub.runtime.assemble import open_store
from hub.runtime.clock import SystemClock
from hub.runtime.home import find_home
from hub.sync.audit import seal_journal
from tests.commands.stage import Terminal


def seal_all(terminal: Terminal) -> None:
    """As two minutes later."""
    store = open_store(find_home(terminal.home, {}))
    seal_journal(store, SystemClock().now() + timedelta(minutes=3), lambda count: b"\1" * count)
    store.close()


def test_what_somebody_did_to_the_journal_is_told(terminal: Terminal):
    terminal.call("record", "create", "account", "--set", "name=海岳精密")
    seal_all(terminal)
    head = terminal.call("audit", "head").out.strip()
    told = terminal.json("audit", "verify", "--head", head)["item"]
    assert (told["valid"], told["findings"]) == (True, [])
    with closing(sqlite3.connect(terminal.home / "hub.sqlite")) as connection, connection:
        connection.execute("UPDATE journal SET actor = 'cli:nobody' WHERE action = 'record.created'")
        connection.execute("DELETE FROM journal_seal")
        connection.execute("DELETE FROM setting WHERE name = 'journal_head'")
    assert "end of the journal is missing" in terminal.call("audit", "verify", "--head", head, code=1).out
    assert terminal.json("audit", "verify", "--head", head, code=1)["item"]["valid"] is False
    terminal.call("audit", "verify", "--head", "nothing", code=2)


def test_a_changed_entry_is_named(terminal: Terminal):
    terminal.call("record", "create", "account", "--set", "name=海岳精密")
    seal_all(terminal)
    with closing(sqlite3.connect(terminal.home / "hub.sqlite")) as connection, connection:
        (id,) = connection.execute("SELECT id FROM journal ORDER BY id DESC LIMIT 1").fetchone()
        connection.execute("UPDATE journal SET actor = 'cli:nobody' WHERE id = ?", (id,))
    assert id in terminal.call("audit", "verify", code=1).out


@pytest.mark.parametrize("words", [("nobody",), ("01a2b3c4-0000-7000-8000-000000000000",)])
def test_nobody_is_erased_by_a_name_or_unasked(terminal: Terminal, words: tuple[str, ...]):
    assert "--yes" in terminal.call("record", "erase", "contact", "01a2b3c4-0000-7000-8000-000000000000", code=1).err
    assert terminal.call("record", "erase", "contact", *words, "--yes", code=None).exit_code in (1, 2)
