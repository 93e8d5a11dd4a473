"""One kind of one connector under measurement, spoken to in canonical values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any
from uuid import UUID, uuid5

from hub.errors import IsthmusError, MappingError
from hub.mapping import Context
from hub.mapping import Mapping as FieldMapping
from hub.model.base import Line
from hub.protocol.compare import normalise_value
from hub.protocol.semantics import Stage, WriteSemantics
from hub.sdk import Clock, Draft, Sink, SourceRecord, Stream, Written
from hub.sync.places import find_unreadable, tell_problem, tell_unreadable

NAMESPACE = UUID("6f1d0f6c-6a0e-7c58-9d3f-1c5f0a3b7e21")
LIVING = (Stage.DRAFT, Stage.SUBMITTED, Stage.EFFECTIVE)


@dataclass
class Register:
    """Hub ids for remote ids, made up as they are asked for: a measurement needs no bindings."""

    known: dict[UUID, str] = field(default_factory=dict)
    parents: dict[str, UUID] = field(default_factory=dict)
    """Kind → the record that samples point at."""

    def find_ref(self, kind: str, external_id: str) -> UUID:
        made = uuid5(NAMESPACE, f"{kind}/{external_id}")
        self.known[made] = external_id
        return made

    def find_remote(self, kind: str, hub_id: UUID) -> str | None:
        return self.known.get(hub_id)

    def add_parent(self, kind: str, external_id: str) -> None:
        self.parents[kind] = self.find_ref(kind, external_id)


@dataclass(frozen=True)
class Seen:
    """A record as it stands there, translated."""

    source: SourceRecord
    values: Mapping[str, Any]


@dataclass
class Subject:
    """``sink`` is None for a kind that can only be read. ``given`` are values that the system insists on."""

    kind: str
    mapping: FieldMapping
    stream: Stream
    sink: Sink | None
    clock: Clock
    register: Register
    codes: Callable[[], Mapping[str, Mapping[str, str]]]
    zone: tzinfo
    make_ref: Callable[[], str]
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def writer(self) -> Sink:
        if self.sink is None:
            raise TypeError(f"{self.kind} cannot be written")
        return self.sink

    @property
    def semantics(self) -> WriteSemantics:
        return self.writer.semantics

    @property
    def compared(self) -> frozenset[str]:
        """Fields that are written and can be read again: those that a round trip can be judged by."""
        return self.mapping.fields_out & self.mapping.fields_in

    def make_context(self) -> Context:
        return Context(
            zone=self.zone,
            codes=self.codes(),
            find_ref=self.register.find_ref,
            find_remote=self.register.find_remote,
            remote_line=lambda name, key: None if key.startswith("new:") else key,
        )

    def write_payload(self, values: Mapping[str, Any], only: frozenset[str] | None = None) -> dict[str, Any]:
        """Values in the vendor's shape; ``MappingError`` names the field that cannot be said there."""
        payload, problems = self.mapping.to_remote(values, self.make_context(), only)
        if problems:
            raise MappingError("measure.unmappable", kind=self.kind, problem=problems[0].phrase())
        return payload

    def translate(self, source: SourceRecord) -> Seen:
        """Canonical values of a record; ``MappingError`` names the field that cannot be translated."""
        if (broken := find_unreadable(source)) is not None:
            raise _tell(*tell_unreadable(broken))
        mapped = self.mapping.to_canonical(source.payload, self.make_context())
        if mapped.problems and source.places:  # said as it is when the record comes in: by file, row and column
            raise _tell(*tell_problem(source, mapped.problems[0]))
        if mapped.problems:
            raise MappingError("measure.unmappable", kind=self.kind, problem=mapped.problems[0].phrase())
        return Seen(source, mapped.values)

    def create(self, values: Mapping[str, Any], ref: str | None = None) -> Written:
        """One new document; raises what the connector answered."""
        draft = Draft(ref or self.make_ref(), self.write_payload(mark_new(values)))
        return take_one(self.writer.create([draft]))

    def look(self, external_id: str) -> Seen | None:
        """The document as it stands, None when it is gone."""
        source = self.stream.fetch(external_id)
        return None if source is None or source.stage is Stage.GONE else self.translate(source)

    def patch(self, seen: Seen, values: Mapping[str, Any], *, if_version: int | None = None) -> Written:
        """Change only these fields."""
        merged = {**seen.values, **values}
        payload = self.write_payload(merged, frozenset(values))
        return self.writer.patch(seen.source.external_id, payload, if_version=if_version)

    def show(self, name: str, value: Any) -> Any:
        """The comparable form of a value, after what the declaration says that the system does to it."""
        return normalise_value(name, value, self.semantics.normalisers, self.mapping.line_fields)

    def project(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without what the other system has no place for."""
        return self.mapping.project(values)


def take_one(results: Any) -> Written:
    """The one result of a create for one document."""
    if not isinstance(results, list | tuple) or len(results) != 1:
        raise MappingError("measure.result_count", wanted=1, count=len(results))
    if isinstance(results[0], IsthmusError):
        raise results[0]
    written: Written = results[0]
    return written


def mark_new(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with line keys that no line of the other system has."""
    return {
        name: tuple(_mark_line(line) for line in value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


def _mark_line(line: Any) -> Any:
    if not isinstance(line, Line) or line.key.startswith("new:"):
        return line
    return line.model_copy(update={"key": f"new:{line.key}"})


def _tell(code: str, params: Mapping[str, Any]) -> MappingError:
    return MappingError(code, **params)
