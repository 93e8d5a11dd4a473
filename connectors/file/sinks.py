"""What can be written: the lists that the hub keeps in its folder, one for each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.file.drawing import LINES
from connectors.file.ledger import Entry, Ledger
from connectors.file.streams import LINE, make_record
from hub.errors import Duplicate, IsthmusError, Rejected
from hub.sdk import (
    ALL_FIELDS,
    Amend,
    Clock,
    Confirm,
    Draft,
    Sink,
    SourceRecord,
    Stage,
    Tier,
    WriteSemantics,
    Written,
)

IDENTIFIERS = ("uscc", "vat")


class ListSink(Sink):
    """A list of one kind. Its reference is unique because the folder's own database says so."""

    kind = ""
    stream = ""

    def __init__(self, kind: str, ledger: Ledger, clock: Clock, *, voids: bool) -> None:
        self.kind = self.stream = kind  # type: ignore[misc]  # the configuration names the kinds, not the class
        self._ledger = ledger
        self._clock = clock
        self._voids = voids

    @property
    def semantics(self) -> WriteSemantics:
        return WriteSemantics(
            tier=Tier.UNIQUE,
            reference_field="系统标识 / Reference",
            confirms=frozenset({Confirm.SAVE}),
            amend=Amend.REFUSE,
            editable={Stage.EFFECTIVE: ALL_FIELDS},
            voidable=frozenset({Stage.EFFECTIVE}) if self._voids else frozenset(),
            compare_and_set=True,
            shows_modifier=True,
            versioned=True,
            d_max_s=30.0,
            lag_s=0.0,
            granularity_s=0.0,
        )

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        results: list[Written | IsthmusError] = []
        for draft in drafts:
            try:
                entry = self._ledger.add(self.kind, draft.ref, _number_lines(draft.payload, {}))
            except Duplicate as exists:
                results.append(exists)
            else:
                results.append(make_written(entry))
        return results

    def patch(self, external_id: str, payload: Mapping[str, Any], *, if_version: int | None) -> Written:
        old = self._ledger.get(self.kind, external_id)
        changes = _number_lines(payload, old.payload if old else {})
        return make_written(self._ledger.change(self.kind, external_id, changes, if_version))

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        if not self._voids:
            raise Rejected("file.cannot_void", kind=self.kind, id=external_id)
        return make_written(self._ledger.void(self.kind, external_id, if_version))

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        started = self._clock.now()
        return [make_record(self.stream, entry, started) for entry in self._ledger.find(self.kind, ref_prefix)]

    def find_by_identifier(self, kind: str, value: str) -> Sequence[SourceRecord]:
        if kind not in IDENTIFIERS:
            return ()
        started = self._clock.now()
        return [make_record(self.stream, entry, started) for entry in self._ledger.find_by(self.kind, kind, value)]


def make_written(entry: Entry) -> Written:
    return Written(entry.id, entry.version, entry.id)


def _number_lines(payload: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with an id for each line that has none; ids are never used twice."""
    lines = payload.get(LINES)
    if not isinstance(lines, list):
        return dict(payload)
    last = int(old.get("last_line", 0))
    numbered = []
    for line in lines:
        known = line.get(LINE)
        last = last if known else last + 1
        numbered.append({**line, LINE: str(known or last)})
    return {**payload, LINES: numbered, "last_line": last}
