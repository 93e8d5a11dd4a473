"""Telling a system that two of its records are one: it shows what was said, once and again, and takes it back."""

from __future__ import annotations

from hub.errors import IsthmusError
from hub.sync.measure.findings import Findings, bad, name_outcome, ok
from hub.sync.measure.subject import Seen, Subject
from hub.sync.measure.writing import attempt, compare_values


def measure_telling(subject: Subject, seen: Seen, other: Seen) -> Findings:
    """``other`` is said to be part of ``seen``, twice, and then none any more."""
    id, into = other.source.external_id, seen.source.external_id
    for wanted in (into, into, None):
        now = subject.stream.fetch(id)
        version = now.version if now is not None else None
        outcome = attempt(lambda: subject.writer.tell_merge(id, wanted, if_version=version))  # noqa: B023
        if isinstance(outcome, IsthmusError):
            yield bad("measure.telling_refused", id=id, into=wanted or "-", answer=name_outcome(outcome))
            return
        shown = subject.look(id)
        if shown is None or (shown.source.merged_into or None) != wanted:
            yield bad("measure.telling_unshown", id=id, into=wanted or "-")
            return
        yield from compare_values(subject, other.values, shown.values)
    yield ok("measure.telling_kept")
