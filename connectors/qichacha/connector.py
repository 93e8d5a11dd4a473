"""The 企查查 connector: a registry, and nothing to synchronise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectors.qichacha.client import QichachaClient
from connectors.qichacha.config import QichachaConfig
from connectors.qichacha.registry import QichachaRegistry
from hub.errors import IsthmusError, NegativeResult
from hub.sdk import CheckItem, Connector, Proof, Sink, Stream, Tools
from hub.sdk.registry import Registry

NOBODY = "91000000000000000A"
"""A code of no region, so nobody has it: most contracts do not bill what finds nothing."""


class QichachaConnector(Connector):
    """Looks companies up in the Chinese business register: fuzzy search and details, each call paid."""

    name = "qichacha"
    label: ClassVar[Mapping[str, str]] = {"en": "Qichacha", "zh": "企查查"}
    Config = QichachaConfig
    simulator: ClassVar[str] = "connectors.qichacha.simulator:simulator"
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.VECTORS, Proof.DOCUMENTS)}

    def __init__(self, config: QichachaConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._client = QichachaClient(config, tools)
        self._registry = QichachaRegistry(self._client, config)

    def streams(self) -> Mapping[str, Stream]:
        return {}

    def sinks(self) -> Mapping[str, Sink]:
        return {}

    def registry(self) -> Registry:
        return self._registry

    def check(self) -> Sequence[CheckItem]:
        """One search and one detail for nobody: each interface of a contract has a right of its own."""
        return [
            self._try(self.config.search_path, lambda: self._registry.search(NOBODY)),
            self._try(self.config.detail_path, lambda: self._registry.fetch(NOBODY)),
        ]

    def _try(self, path: str, call: object) -> CheckItem:
        try:
            call()  # type: ignore[operator]
        except NegativeResult:
            return CheckItem(True, "qichacha.works", {"path": path})
        except IsthmusError as error:
            return CheckItem(False, error.code, {**error.params, "path": path, "words": error.vendor or ""})
        return CheckItem(True, "qichacha.works", {"path": path})

    def close(self) -> None:
        self._client.close()
