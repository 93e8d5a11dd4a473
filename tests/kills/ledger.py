"""The ERP in a process of its own, with a wire to look into it."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from connectors.sandbox.simulator import SandboxErp, SandboxSettings, serve_sandbox

TOKEN = "a-town-of-kills"  # pragma: allowlist secret


def _run(wire: Connection, settings: Mapping[str, Any]) -> None:
    erp = SandboxErp(SandboxSettings(token=TOKEN, **settings), rng=random.Random(4))
    with serve_sandbox(erp) as server:
        wire.send(server.url)
        while (kind := wire.recv()) is not None:
            wire.send([dict(row) for row in erp.documents(kind)])


class Ledger:
    """A sandbox ERP, and what stands in its books."""

    def __init__(self, **settings: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._wire, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, settings), daemon=True)
        self._process.start()
        self.url: str = self._wire.recv()

    def documents(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """Everything of a kind, deleted documents too."""
        self._wire.send(kind)
        found: Sequence[Mapping[str, Any]] = self._wire.recv()
        return found

    def living(self, kind: str) -> list[Mapping[str, Any]]:
        return [row for row in self.documents(kind) if not row.get("deleted")]

    def close(self) -> None:
        self._wire.send(None)
        self._process.join(20)
        if self._process.is_alive():
            self._process.kill()
