"""Takes the calls: proves them, answers handshakes, and says which records they bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from connectors.webhook.config import RECEIVED, EventConfig, WebhookConfig, match_type
from connectors.webhook.reading import (
    PLACES,
    STANDARD,
    Places,
    find_place,
    list_documents,
    read_body,
    read_text,
    read_version,
)
from hub.errors import MappingError, Unauthentic
from hub.sdk import SourceRecord, Stage
from hub.sdk.webhooks import Answer, Call, Notice, Received, Receiver, Scheme, find_scheme, verify_call

STAGES = {"": Stage.EFFECTIVE, "deleted": Stage.GONE, "void": Stage.VOID}
ASKS = "webhook-request-origin"
CHALLENGE = "url_verification"


class WebhookReceiver(Receiver):
    """One for each connection."""

    def __init__(self, config: WebhookConfig, zone: tzinfo) -> None:
        self._config = config
        self._zone = zone
        self._scheme = make_scheme(config)
        self._places = make_places(config)
        given = (config.secret, config.second_secret)
        self._secrets = [one.get_secret_value() for one in given if one is not None and one.get_secret_value()]
        self.max_body = config.max_body
        self.per_s = config.accepts_per_s
        self.unkept_headers = Receiver.unkept_headers | {self._scheme.header.lower()}  # type: ignore[misc]

    # ------------------------------------------------------------ proving

    def receive(self, call: Call) -> Received:
        if call.method == "OPTIONS":
            return self._greet(call)
        if call.method != "POST":
            raise Unauthentic("sdk.call_unsigned", header=self._scheme.header)
        config = self._config
        verify_call(self._scheme, call, self._secrets, tolerance_s=config.tolerance_s, public_url=config.public_url)
        challenge = self._find_challenge(call)
        if challenge is not None:
            return Received(answer=Answer(body=challenge.encode()), keep=False)
        return Received(self._find_delivery(call))

    def _greet(self, call: Call) -> Received:
        """CloudEvents asks beforehand whether its events are wanted (http-webhook.md, 4)."""
        origin = call.headers.get(ASKS, "")
        if not origin or self._config.origin not in ("*", origin):
            raise Unauthentic("sdk.call_unsigned", header=ASKS)
        allowed = (("webhook-allowed-origin", origin), ("webhook-allowed-rate", "*"), ("allow", "POST, OPTIONS"))
        return Received(answer=Answer(headers=allowed), keep=False)

    def _find_challenge(self, call: Call) -> str | None:
        """What Slack wants to hear back when an address is entered there."""
        if self._config.scheme != "slack" or CHALLENGE.encode() not in call.body:
            return None
        body = self._peek(call)
        is_challenge = isinstance(body, dict) and body.get("type") == CHALLENGE
        return read_text(body.get("challenge")) if is_challenge else None

    def _find_delivery(self, call: Call) -> str | None:
        """The sender's id of this delivery; None where it gives none."""
        place = self._config.delivery or self._scheme.delivery
        if not place:
            return self._find_cloud_id(call)
        body = None if place.startswith("header:") else self._peek(call)
        return read_text(find_place(body, place, call)) or None

    def _find_cloud_id(self, call: Call) -> str | None:
        source, id = call.headers.get("ce-source"), call.headers.get("ce-id")
        return f"{source} {id}" if source and id else None

    def _peek(self, call: Call) -> Any:
        try:
            return read_body(call)
        except MappingError:
            return None  # it proved itself, so it is kept, and reading it says what is wrong

    # ------------------------------------------------------------ reading

    def read(self, call: Call) -> Sequence[Notice]:
        documents = list_documents(call, read_body(call), self._places.each)
        notices = [self._read_one(document, call) for document in documents]
        return [notice for notice in notices if notice is not None]

    def _read_one(self, document: Any, call: Call) -> Notice | None:
        name = read_text(find_place(document, self._places.type, call))
        if not name:
            raise MappingError("webhook.no_type", path=self._places.type)
        rule = self._find_rule(name)
        if rule is None:
            if any(match_type(pattern, name) for pattern in self._config.ignore):
                return None
            raise MappingError("webhook.type_unknown", type=name)
        places = self._places_of(rule)
        id = read_text(find_place(document, places.id, call))
        if not id:
            raise MappingError("webhook.no_id", path=places.id, type=name)
        return Notice(rule.kind, id, self._make_record(document, call, rule, places, id, name))

    def _find_rule(self, name: str) -> EventConfig | None:
        """The rule that says the type in full, else the one with the longest pattern."""
        events = self._config.events
        if name in events:
            return events[name]
        fitting = [pattern for pattern in events if match_type(pattern, name)]
        return events[max(fitting, key=len)] if fitting else None

    def _places_of(self, rule: EventConfig) -> Places:
        given = {"id": rule.id, "version": rule.version, "data": rule.data}
        return replace(self._places, **{name: path for name, path in given.items() if path})

    def _make_record(
        self, document: Any, call: Call, rule: EventConfig, places: Places, id: str, name: str
    ) -> SourceRecord:
        payload = find_place(document, places.data, call)
        if not isinstance(payload, dict):
            if rule.ends != "deleted":
                raise MappingError("webhook.no_data", path=places.data, type=name)
            payload = {}
        stage = STAGES[rule.ends]
        return SourceRecord(
            stream=rule.kind,
            external_id=id,
            payload=payload if stage is not Stage.GONE else {},
            read_at=call.received_at,
            version=self._find_version(document, call, places, name),
            stage=stage,
        )

    def _find_version(self, document: Any, call: Call, places: Places, name: str) -> int | None:
        """Without one, what was overtaken on its way could not be told from what is new."""
        if places.version == RECEIVED:
            return None
        version = read_version(find_place(document, places.version, call), self._zone)
        if version is None:
            raise MappingError("webhook.no_version", path=places.version, type=name)
        return version


def make_scheme(config: WebhookConfig) -> Scheme:
    """How the calls of this connection are proved."""
    if config.scheme == "hmac" and config.signature is not None:
        return config.signature.make()
    if config.scheme == "bearer" and config.bearer is not None:
        return config.bearer.make()
    return find_scheme(config.scheme)


def make_places(config: WebhookConfig) -> Places:
    """Where things stand in the events of this connection."""
    usual = PLACES.get(config.scheme, STANDARD)
    given = {name: getattr(config, name) for name in ("type", "id", "version", "data", "each")}
    return replace(usual, **{name: path for name, path in given.items() if path})
