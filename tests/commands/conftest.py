from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.stage import Erp, Terminal, running_erp


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A new home."""
    terminal = Terminal(tmp_path / "home")
    terminal.call("init")
    return terminal


@pytest.fixture
def erp() -> Iterator[Erp]:
    with running_erp() as erp:
        yield erp


@pytest.fixture
def connected(terminal: Terminal, erp: Erp) -> Terminal:
    """A home with the connection ``erp`` and its syncs."""
    terminal.call(
        "connection",
        "add",
        "erp",
        "--connector",
        "sandbox",
        "--set",
        f"url={erp.url}",
        "--set",
        "token=env:SANDBOX_TOKEN",
    )
    for kind in ("account", "product", "order"):
        terminal.call("sync", "add", "erp", kind)
    return terminal
