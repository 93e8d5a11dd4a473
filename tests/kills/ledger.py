"""The ERP in a process of its own, with a wire to look into it."""

from __future__ import annotations

import multiprocessing
import random
from abc import ABC, abstractmethod
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


class Books(ABC):
    """An ERP of a town, and what stands in it: ``partner`` with ``name`` and ``street``, ``sale`` with ``gross`` and
    ``note``, ``payment`` with ``amount``; each with ``id`` and, where it is known, ``our_ref``."""

    connector: str
    secret: str
    others: Sequence[str] = ()
    """Names of customers that were there before; the hub takes them in."""
    looks_for_pass: int = 1
    """How often a town looks before time passes: what is asked while it does looks slow."""

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, str]:
        """Of the connection; the secret is in ``ERP_SECRET``."""

    @abstractmethod
    def documents(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """Everything of a kind, deleted documents too where the ERP keeps them."""

    def living(self, kind: str) -> list[Mapping[str, Any]]:
        return [row for row in self.documents(kind) if not row.get("deleted")]

    @abstractmethod
    def close(self) -> None: ...


class Ledger(Books):
    """A sandbox ERP."""

    connector, secret = "sandbox", TOKEN  # pragma: allowlist secret

    def __init__(self, **settings: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._wire, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, settings), daemon=True)
        self._process.start()
        self._url: str = self._wire.recv()

    @property
    def settings(self) -> Mapping[str, str]:
        return {"url": self._url, "token": "env:ERP_SECRET"}

    def documents(self, kind: str) -> Sequence[Mapping[str, Any]]:
        self._wire.send(kind)
        found: Sequence[Mapping[str, Any]] = self._wire.recv()
        return found

    def close(self) -> None:
        self._wire.send(None)
        self._process.join(20)
        if self._process.is_alive():
            self._process.kill()
