"""Which fields a stage lets us change, and whether confirming names a version."""

from __future__ import annotations

from collections.abc import Callable

from hub.errors import IsthmusError, Rejected, Stale
from hub.protocol.semantics import Stage
from hub.sync.measure.findings import Finding, Findings, bad, beside, compare, name_outcome, note, ok
from hub.sync.measure.subject import Seen, Subject
from hub.sync.measure.writing import Outcome, allows, attempt, vary


def measure_stage(subject: Subject, seen: Seen, number: int) -> Findings:
    """Every field in the stage the document is in: a declared editable one must take a new value, any other must be
    refused."""
    stage = seen.source.stage
    declared = subject.semantics.editable.get(stage, frozenset())
    for name in sorted(vary(subject, seen, number)):
        current = subject.look(seen.source.external_id)
        if current is None or current.source.stage is not stage:
            yield bad("measure.stage_moved", stage=stage.value, field=name)
            return
        value = vary(subject, current, number).get(name)
        if value is None:
            continue
        outcome = attempt(lambda: subject.patch(current, {name: value}))  # noqa: B023 - called at once
        after = subject.look(seen.source.external_id)
        if after is None:
            yield bad("measure.vanished", id=seen.source.external_id)
            return
        kept = subject.show(name, after.values.get(name)) == subject.show(name, value)
        finding = _judge_field(name, stage, allows(declared, name), outcome, kept)
        taken = kept and not isinstance(outcome, IsthmusError)
        yield beside(finding, f"editable {stage.value} {name}", allows(declared, name), taken)


def _judge_field(name: str, stage: Stage, declared: bool, outcome: Outcome, kept: bool) -> Finding:
    told = {"field": name, "stage": stage.value, "answer": name_outcome(outcome)}
    refused = isinstance(outcome, Rejected)
    if isinstance(outcome, IsthmusError) and not refused:
        return bad("measure.refusal_class", what=f"{name} ({stage.value})", answer=name_outcome(outcome))
    if declared and not refused and kept:
        return ok("measure.field_kept", field=name)
    if declared:
        return bad("measure.not_editable", **told) if refused else bad("measure.edit_not_kept", **told)
    if refused and kept:
        return bad("measure.refused_but_written", **told)
    if refused:
        return ok("measure.refused_as_declared", **told)
    return note("measure.editable_undeclared" if kept else "measure.edit_ignored", **told)


def measure_confirm(subject: Subject, seen: Seen, edit: Callable[[], Seen]) -> Findings:
    """Confirming the version that was read, after an edit: refused as stale where that is declared; then the newest
    one, twice."""
    id, declared = seen.source.external_id, subject.semantics.confirms_version
    if seen.source.version is None:
        yield compare("confirms_version", declared, False, optimistic=declared)
        return
    newest = edit()
    outcome = attempt(lambda: subject.writer.confirm(id, if_version=seen.source.version))
    if isinstance(outcome, IsthmusError) and not isinstance(outcome, Stale):
        yield bad("measure.stale_class", answer=name_outcome(outcome))
        return
    yield compare("confirms_version", declared, isinstance(outcome, Stale), optimistic=declared)
    if isinstance(outcome, Stale):
        outcome = attempt(lambda: subject.writer.confirm(id, if_version=newest.source.version))
    after = subject.look(id)
    if isinstance(outcome, IsthmusError) or after is None or after.source.stage is not Stage.EFFECTIVE:
        yield bad("measure.confirm_untrue", answer=name_outcome(outcome))
    elif isinstance(again := attempt(lambda: subject.writer.confirm(id, if_version=None)), IsthmusError):
        yield bad("measure.not_idempotent", what="confirm", answer=name_outcome(again))


def measure_step(subject: Subject, seen: Seen, name: str, ends: tuple[Stage, ...]) -> Findings:
    """One step of the workflow (``submit``, ``confirm``, ``reopen``): the document is seen where it leads to, and the
    same step again is a success."""
    id = seen.source.external_id
    step = getattr(subject.writer, name)
    outcome = attempt(lambda: step(id, if_version=seen.source.version))
    after = subject.stream.fetch(id)
    stage = after.stage if after is not None else Stage.GONE
    if isinstance(outcome, IsthmusError) or stage not in ends:
        yield bad("measure.step_untrue", what=name, stage=stage.value, answer=name_outcome(outcome))
        return
    yield beside(ok("measure.steps_taken"), f"{name} {seen.source.stage.value}", True, True)
    if isinstance(again := attempt(lambda: step(id, if_version=None)), IsthmusError):
        yield bad("measure.not_idempotent", what=name, answer=name_outcome(again))
