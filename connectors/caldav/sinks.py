"""What can be written: events, one request for each, over the very version that was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from icalendar import Calendar

from connectors.caldav.client import CalDavClient
from connectors.caldav.config import CalDavConfig
from connectors.caldav.edits import cancel_event, edit_event, make_event
from connectors.caldav.shapes import is_cancelled, list_events, read_calendar
from connectors.caldav.streams import EventStream
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

EDITABLE = frozenset(
    {"subject", "text", "location", "type", "starts_at", "ends_at", "starts_on", "ends_on", "zone"}
)  # fmt: skip


class EventSink(Sink):
    """The UID and the name of an event are the hub's reference: a server has each of them once."""

    kind = "activity"
    stream = "event"

    def __init__(self, client: CalDavClient, stream: EventStream, config: CalDavConfig, tools: Tools) -> None:
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
            editable={Stage.EFFECTIVE: EDITABLE},
            voidable=frozenset({Stage.EFFECTIVE}),
            compare_and_set=True,
            versioned=False,
            d_max_s=self._config.server_timeout_s,
        )

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        results: list[Written | IsthmusError] = []
        for draft in drafts:
            try:
                results.append(self._create_one(draft))
            except IsthmusError as failed:
                results.append(failed)
        return results

    def _create_one(self, draft: Draft) -> Written:
        path = f"{self._stream.target.path}{draft.ref}.ics"
        text = make_event(draft.ref, draft.payload, self._zone, self._clock.now())
        return self._tell(path, self._client.create(path, text))

    def patch(self, external_id: str, payload: Mapping[str, Any], *, if_version: int | None) -> Written:
        now = self._clock.now()
        return self._rewrite(external_id, if_version, lambda calendar: edit_event(calendar, payload, self._zone, now))

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        def cancel(calendar: Calendar) -> bytes | None:
            done = is_cancelled(list_events(calendar)[0])
            return None if done else cancel_event(calendar, self._clock.now())

        return self._rewrite(external_id, if_version, cancel)

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        """A person may have moved it to another calendar, so it is looked for in all of them."""
        wanted = ref_prefix.upper()
        return [hit for hit in self._stream.search(ref_prefix) if (hit.reference or "").upper().startswith(wanted)]

    def _rewrite(self, external_id: str, if_version: int | None, change: Callable[[Calendar], bytes | None]) -> Written:
        """Read it, change what is named, write it over what was read. None from ``change``: it is so already."""
        stored = self._client.get(external_id)
        if stored is None:
            raise Rejected("caldav.gone", path=external_id)
        if if_version is not None and digest_version(stored.etag) != if_version:
            raise Stale("caldav.stale")
        try:
            calendar = read_calendar(stored.text)
            text = change(calendar) if list_events(calendar) else None
        except MappingError as broken:
            raise Rejected(broken.code, vendor=broken.vendor, **broken.params) from broken
        if text is None:
            return Written(external_id, digest_version(stored.etag))
        return self._tell(external_id, self._client.replace(stored, text))

    def _tell(self, path: str, etag: str) -> Written:
        """A server that changed what it was given tells no version: then the next reading does."""
        return Written(path, digest_version(etag) if etag else None)
