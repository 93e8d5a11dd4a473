"""What can be written: events and tasks, one request for each, over the very version that was read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from icalendar import Calendar

from connectors.caldav.client import CalDavClient, Stored
from connectors.caldav.config import CalDavConfig
from connectors.caldav.edits import cancel_event, edit_event, edit_todo, make_event, make_todo
from connectors.caldav.parsing import read_calendar
from connectors.caldav.shapes import is_cancelled, list_todos, pick_event
from connectors.caldav.streams import EventStream, TodoStream
from hub.errors import IsthmusError, MappingError, Rejected, Stale
from hub.sdk import (
    Amend,
    Confirm,
    Draft,
    Sink,
    SourceRecord,
    Stage,
    Tier,
    Tools,
    WriteSemantics,
    Written,
    digest_version,
)


class ObjectSink(Sink):
    """The UID and the name of a thing in a calendar are the hub's reference: a server has each of them once."""

    editable: ClassVar[frozenset[str]]
    void_removes: ClassVar[bool] = False

    def __init__(
        self, client: CalDavClient, stream: EventStream | TodoStream, config: CalDavConfig, tools: Tools
    ) -> None:
        self._client = client
        self._stream = stream
        self._config = config
        self._clock = tools.clock
        self._zone = tools.zone

    @property
    def semantics(self) -> WriteSemantics:
        return WriteSemantics(
            tier=Tier.UNIQUE,
            reference_field="UID",
            confirms=frozenset({Confirm.SAVE}),
            amend=Amend.REFUSE,
            editable={Stage.EFFECTIVE: self.editable},
            voidable=frozenset({Stage.EFFECTIVE}),
            void_removes=self.void_removes,
            compare_and_set=True,
            versioned=False,
            d_max_s=self._config.server_timeout_s,
        )

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        results: list[Written | IsthmusError] = []
        for draft in drafts:
            try:
                path = f"{self._stream.target.path}{draft.ref}.ics"
                results.append(self._tell(path, self._client.create(path, self._make(draft))))
            except IsthmusError as failed:
                results.append(failed)
        return results

    @abstractmethod
    def _make(self, draft: Draft) -> bytes:
        """The text of a new one."""

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        """A person may have moved it to another calendar, so it is looked for in all of them."""
        wanted = ref_prefix.upper()
        return [hit for hit in self._stream.search(ref_prefix) if (hit.reference or "").upper().startswith(wanted)]

    def _rewrite(
        self, external_id: str, if_version: int | None, change: Callable[[Calendar, str], bytes | None]
    ) -> Written:
        """Read it, change what is named, write it over what was read. ``change`` is given the calendar and the name of
        an instance; None from it: it is so already."""
        path, _, instance = external_id.partition("#")
        stored = self._read(path, if_version)
        if stored is None:
            raise Rejected("caldav.gone", path=external_id)
        try:
            text = change(read_calendar(stored.text), instance)
        except MappingError as broken:
            raise Rejected(broken.code, vendor=broken.vendor, **broken.params) from broken
        if text is None:
            return Written(external_id, digest_version(stored.etag))
        return self._tell(external_id, self._client.replace(stored, text))

    def _read(self, path: str, if_version: int | None) -> Stored | None:
        """What is about to be changed; ``Stale`` when it is not of that version any more."""
        stored = self._client.get(path)
        if stored is not None and if_version is not None and digest_version(stored.etag) != if_version:
            raise Stale("caldav.stale")
        return stored

    def _tell(self, path: str, etag: str) -> Written:
        """A server that changed what it was given tells no version: then the next reading does."""
        return Written(path, digest_version(etag) if etag else None)


class EventSink(ObjectSink):
    """Events; also instances of a series that people changed."""

    kind = "activity"
    stream = "event"

    editable = frozenset(
        {"subject", "text", "location", "type", "starts_at", "ends_at", "starts_on", "ends_on", "zone"}
    )

    def _make(self, draft: Draft) -> bytes:
        return make_event(draft.ref, draft.payload, self._zone, self._clock.now())

    def patch(self, external_id: str, payload: Mapping[str, Any], *, if_version: int | None) -> Written:
        def edit(calendar: Calendar, instance: str) -> bytes | None:
            event = pick_event(calendar, instance)
            if event is None:
                raise Rejected("caldav.gone", path=external_id)
            return edit_event(calendar, event, payload, self._zone, self._clock.now())

        return self._rewrite(external_id, if_version, edit)

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        def cancel(calendar: Calendar, instance: str) -> bytes | None:
            event = pick_event(calendar, instance)
            done = event is None or is_cancelled(event)
            return None if event is None or done else cancel_event(calendar, event, self._clock.now())

        return self._rewrite(external_id, if_version, cancel)


class TodoSink(ObjectSink):
    """Tasks."""

    kind = "task"
    stream = "todo"

    editable = frozenset({"subject", "note", "due_on", "state"})
    void_removes = True

    def _make(self, draft: Draft) -> bytes:
        return make_todo(draft.ref, draft.payload, self._clock.now())

    def patch(self, external_id: str, payload: Mapping[str, Any], *, if_version: int | None) -> Written:
        def edit(calendar: Calendar, instance: str) -> bytes | None:
            todos = list_todos(calendar)
            return edit_todo(calendar, todos[0], payload, self._clock.now()) if todos else None

        return self._rewrite(external_id, if_version, edit)

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        """A task that was deleted here is removed; one that is dropped is only marked (``state``)."""
        stored = self._read(external_id, if_version)
        if stored is None:
            return Written(external_id)
        self._client.remove(stored)
        return Written(external_id)
