"""The reading part of the conformance suite on the admin's own account: nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.errors import ConfigInvalid, IsthmusError, NeedsConsent, Transient
from hub.sync.context import Hub
from hub.sync.measure import Findings, Measured, Subject, outline, reading
from hub.sync.measure.findings import bad, name_outcome
from hub.sync.subjects import make_subject


def inspect_reading(hub: Hub, connection: str) -> list[Measured]:
    """What reading each configured kind shows: identities, times, versions, paging, translation. Raises ``Transient``
    or ``NeedsConsent`` when the system cannot be asked at all."""
    conn = hub.open(connection)
    kinds = [kind for kind in sorted(conn.settings.syncs) if kind in conn.mappings]
    subjects = {kind: make_subject(hub, conn, kind) for kind in kinds if conn.mapping_of(kind).stream in conn.streams}
    other = hub.opener(connection)
    try:
        looks: Mapping[str, Callable[[Subject], Findings]] = {
            "outline": lambda subject: outline.judge_outline(conn.connector, subjects, subject.kind),
            "page": reading.measure_page,
            "fetch": reading.measure_fetch,
            "since": lambda subject: reading.measure_since(subject, most_pages=2),
            "resume": lambda subject: reading.measure_resume(subject, other.streams[subject.stream.name]),
        }
        return [_look(name, subject, look) for subject in subjects.values() for name, look in looks.items()]
    finally:
        other.connector.close()


def _look(name: str, subject: Subject, look: Callable[[Subject], Findings]) -> Measured:
    found = []
    try:
        for finding in look(subject):
            found.append(finding.of(subject.kind))  # noqa: PERF401 - what was found before an error counts
    except (Transient, NeedsConsent, ConfigInvalid):
        raise
    except IsthmusError as error:
        found.append(bad("measure.raised", check=name, words=name_outcome(error)).of(subject.kind))
    return Measured(name, subject.kind, found)
