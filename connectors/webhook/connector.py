"""The webhook connector: a receiver, and streams that nothing can be asked of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from connectors.webhook.config import RECEIVED, WebhookConfig
from connectors.webhook.receiver import WebhookReceiver, make_places, make_scheme
from hub.errors import ConfigInvalid
from hub.model.kinds import load_kinds
from hub.sdk import CheckItem, Connector, Page, Proof, Sink, SourceRecord, Stream, Tools
from hub.sdk.webhooks import Receiver, check_secret


class PushedStream(Stream):
    """Records of one kind that are pushed to us."""

    name = ""
    kind = ""
    fetches = False
    deletes = False

    def __init__(self, kind: str) -> None:
        self.kind = self.name = kind  # type: ignore[misc]  # the configuration names the kinds, not the class

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """Nothing: the system cannot be asked."""
        return Page(())

    def fetch(self, external_id: str) -> SourceRecord | None:
        """Never called: ``fetches`` is False."""
        raise NotImplementedError


class WebhookConnector(Connector):
    """Takes what a system pushes."""

    name = "webhook"
    label: ClassVar[Mapping[str, str]] = {"en": "Webhook (any system that pushes)", "zh": "Webhook（任何会推送的系统）"}
    Config = WebhookConfig
    simulator: ClassVar[str] = "connectors.webhook.simulator:simulator"
    pushed: ClassVar[frozenset[str]] = frozenset({"*"})
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.VECTORS,)}

    def __init__(self, config: WebhookConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        kinds = sorted({rule.kind for rule in config.events.values()})
        self._streams = {kind: PushedStream(kind) for kind in kinds}

    def streams(self) -> Mapping[str, Stream]:
        return self._streams

    def sinks(self) -> Mapping[str, Sink]:
        return {}

    def receiver(self) -> Receiver:
        if self.config.scheme == "hmac" and self.config.signature is None:
            raise ConfigInvalid("webhook.signature_missing")
        return WebhookReceiver(self.config, self.tools.zone)

    def check(self) -> Sequence[CheckItem]:
        """The configuration alone: nothing can be asked of a system that only pushes."""
        problems = list(self._list_problems())
        if problems:
            return problems
        places = make_places(self.config)
        told = {name: getattr(places, name) for name in ("type", "id", "version", "data")}
        kinds = ", ".join(self._streams)
        items = [
            CheckItem(True, "webhook.ready", {"scheme": self.config.scheme, "kinds": kinds}),
            CheckItem(True, "webhook.places", told),
        ]
        if places.version == RECEIVED:
            items.append(CheckItem(True, "webhook.order_of_arrival", {}))
        return items

    def _list_problems(self) -> Iterator[CheckItem]:
        config = self.config
        if config.scheme == "hmac" and config.signature is None:
            yield CheckItem(False, "webhook.signature_missing", ours=True)
            return
        if not config.events:
            yield CheckItem(False, "webhook.no_events", ours=True)
        for kind in self._streams:
            if kind not in load_kinds():
                told = {"kind": kind, "known": ", ".join(load_kinds())}
                yield CheckItem(False, "webhook.kind_unknown", told, ours=True)
        if config.scheme == "hubspot-v3" and not config.public_url:
            yield CheckItem(False, "webhook.no_public_url", ours=True)
        for name in ("secret", "second_secret"):
            value = getattr(config, name)
            try:
                if value is not None:
                    check_secret(make_scheme(config), value.get_secret_value())
            except ConfigInvalid as error:
                yield CheckItem(False, error.code, error.params, ours=True)
