"""The CalDAV connector: puts client, stream and sink together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectors.caldav.checks import check_account
from connectors.caldav.client import CalDavClient
from connectors.caldav.config import CalDavConfig
from connectors.caldav.feeds import FeedStream
from connectors.caldav.sinks import EventSink, TodoSink
from connectors.caldav.streams import EventStream, TodoStream
from hub.sdk import CheckItem, Connector, Proof, Sink, Stream, Tools


class CalDavConnector(Connector):
    """Reads and writes the events of one account's calendars."""

    name = "caldav"
    label: ClassVar[Mapping[str, str]] = {"en": "Calendars (CalDAV)", "zh": "日历（CalDAV）"}
    Config = CalDavConfig
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.SERVER,)}

    def __init__(self, config: CalDavConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._feed = FeedStream(config, tools) if config.protocol == "feed" else None
        self._client = CalDavClient(config, tools)
        self._events = EventStream(self._client, config, tools)
        self._todos = TodoStream(self._client, config, tools)
        sinks = (
            EventSink(self._client, self._events, config, tools),
            TodoSink(self._client, self._todos, config, tools),
        )
        self._sinks: dict[str, Sink] = {sink.kind: sink for sink in sinks}

    def streams(self) -> Mapping[str, Stream]:
        if self._feed is not None:
            return {self._feed.name: self._feed}
        return {self._events.name: self._events, self._todos.name: self._todos}

    def sinks(self) -> Mapping[str, Sink]:
        return {} if self._feed is not None else self._sinks

    def check(self) -> Sequence[CheckItem]:
        return self._feed.check() if self._feed is not None else check_account(self._client, self.config)

    def close(self) -> None:
        self._client.close()
        if self._feed is not None:
            self._feed.close()
