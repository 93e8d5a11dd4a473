"""Voiding and deleting: what is declared possible must be, and doing it twice is as good as once."""

from __future__ import annotations

from hub.errors import IsthmusError, Rejected
from hub.protocol.semantics import Stage, Tier
from hub.sdk import Written
from hub.sync.measure.findings import Findings, bad, beside, name_outcome, note, ok
from hub.sync.measure.subject import Seen, Subject
from hub.sync.measure.writing import Outcome, attempt, is_found, wait_until


def measure_void(subject: Subject, seen: Seen, ref: str | None = None) -> Findings:
    """Voiding where the stage is declared voidable: seen void, still found by its reference, void again a success.
    Gone instead, where a system is declared to have no void documents."""
    stage, id = seen.source.stage, seen.source.external_id
    outcome = attempt(lambda: subject.writer.void(id, if_version=seen.source.version))
    declared = stage in subject.semantics.voidable
    after = subject.stream.fetch(id)
    removes = subject.semantics.void_removes
    gone = after is None or after.stage is Stage.GONE
    void = gone if removes else after is not None and after.stage is Stage.VOID
    yield from _judge_ending("void", stage, declared, outcome, void)
    if not void:
        return
    if isinstance(again := attempt(lambda: subject.writer.void(id, if_version=None)), IsthmusError):
        yield bad("measure.not_idempotent", what="void", answer=name_outcome(again))
    if ref is not None and subject.semantics.tier is not Tier.BLIND and not removes:
        found = wait_until(subject, subject.semantics.lag_s, lambda: is_found(subject, ref, id))
        yield ok("measure.void_found") if found is not None else bad("measure.void_hidden", ref=ref)


def measure_delete(subject: Subject, seen: Seen, ref: str | None = None) -> Findings:
    """Deleting where the stage is declared deletable: gone afterwards, gone again a success."""
    stage, id = seen.source.stage, seen.source.external_id
    outcome = attempt(lambda: _delete(subject, id, seen.source.version))
    declared = stage in subject.semantics.deletable
    after = subject.stream.fetch(id)
    gone = after is None or after.stage is Stage.GONE
    yield from _judge_ending("delete", stage, declared, outcome, gone)
    if gone and isinstance(again := attempt(lambda: _delete(subject, id, None)), IsthmusError):
        yield bad("measure.not_idempotent", what="delete", answer=name_outcome(again))


def _delete(subject: Subject, id: str, if_version: int | None) -> Written:
    subject.writer.delete(id, if_version=if_version)
    return Written(id)


def _judge_ending(what: str, stage: Stage, declared: bool, outcome: Outcome, ended: bool) -> Findings:
    told = {"what": what, "stage": stage.value, "answer": name_outcome(outcome)}
    refused = isinstance(outcome, Rejected)
    if isinstance(outcome, IsthmusError) and not refused:
        finding = bad("measure.refusal_class", what=f"{what} ({stage.value})", answer=name_outcome(outcome))
    elif refused == ended:
        finding = bad("measure.ending_untrue", **told)
    elif declared == ended:
        finding = ok("measure.ending_as_declared", **told)
    else:
        finding = bad("measure.ending_refused", **told) if declared else note("measure.ending_possible", **told)
    yield beside(finding, f"{what} {stage.value}", declared, ended)
