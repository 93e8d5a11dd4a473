"""What a rehearsal has asked of the other system, and what it would ask next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from hub.errors import ConnectorDefect
from hub.protocol.binding import Binding
from hub.protocol.snapshot import Intent, Search
from hub.sdk import SourceRecord
from hub.sync.ingest import Ingested


@dataclass
class Facts:
    """What has been asked of the other system so far."""

    records: Mapping[str, Sequence[SourceRecord]] = field(default_factory=dict)
    settled: Mapping[str, Mapping[str, Ingested]] = field(default_factory=dict)
    """Kind → those of them that say nothing new, by external id."""
    parents: dict[tuple[str, str], SourceRecord | None] = field(default_factory=dict)
    reads: dict[tuple[str, str], SourceRecord | None] = field(default_factory=dict)
    searches: dict[UUID, Search] = field(default_factory=dict)
    defects: dict[UUID | tuple[str, str], ConnectorDefect] = field(default_factory=dict)
    """Binding, or (kind, external id), about which the connector failed."""


@dataclass
class Needs:
    """What a rehearsal would have asked next."""

    parents: set[tuple[str, str]] = field(default_factory=set)
    reads: set[tuple[str, str]] = field(default_factory=set)
    searches: dict[UUID, tuple[Binding, Intent]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.parents or self.reads or self.searches)


@contextmanager
def noting(facts: Facts, about: UUID | tuple[str, str]) -> Iterator[None]:
    """A connector that fails on one record does not stop the plan of the others."""
    try:
        yield
    except ConnectorDefect as defect:
        facts.defects[about] = defect
