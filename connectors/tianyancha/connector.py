"""The 天眼查 connector: a registry, and nothing to synchronise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectors.tianyancha.client import TianyanchaClient
from connectors.tianyancha.config import TianyanchaConfig
from connectors.tianyancha.registry import TianyanchaRegistry
from hub.errors import IsthmusError, NegativeResult
from hub.sdk import CheckItem, Connector, Proof, Sink, Stream, Tools
from hub.sdk.registry import Registry

NOBODY = "91000000000000000A"
"""A code of no region, so nobody has it: most contracts do not bill what finds nothing."""


class TianyanchaConnector(Connector):
    """Looks companies up in the Chinese business register: fuzzy search and details, each call paid."""

    name = "tianyancha"
    label: ClassVar[Mapping[str, str]] = {"en": "Tianyancha", "zh": "天眼查"}
    Config = TianyanchaConfig
    simulator: ClassVar[str] = "connectors.tianyancha.simulator:simulator"
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.DOCUMENTS,)}

    def __init__(self, config: TianyanchaConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._client = TianyanchaClient(config, tools)
        self._registry = TianyanchaRegistry(self._client, config)

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
            return CheckItem(True, "tianyancha.works", {"path": path})
        except IsthmusError as error:
            return CheckItem(False, error.code, {**error.params, "path": path, "words": error.vendor or ""})
        return CheckItem(True, "tianyancha.works", {"path": path})

    def close(self) -> None:
        self._client.close()
