"""One probe under way: what it makes, measures and takes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import IsthmusError, MappingError, NeedsConsent, OutcomeUnknown, Transient
from hub.protocol.semantics import ALL_FIELDS, Stage
from hub.store.rows import Probe
from hub.sync.context import Hub
from hub.sync.evidence import digest_declaration
from hub.sync.measure import Finding, Findings, Measured, Seen, Subject, ending, stages, writing
from hub.sync.measure.findings import bad, name_outcome, note
from hub.sync.measure.samples import make_sample
from hub.sync.trials import MADE_IN, Trial

ENDED = (Stage.VOID, Stage.GONE)


@dataclass(frozen=True)
class ProbeReport:
    """What was measured of one kind. ``removed``: nothing of the probe is left there."""

    connection: str
    measured: Measured
    removed: bool

    @property
    def passed(self) -> bool:
        return self.removed and not self.measured.bad and not self.measured.skipped


@dataclass
class Probing:
    """What every probe keeps in step: its row, the journal, and what it found."""

    hub: Hub
    connection: str
    subject: Subject
    actor: str
    ref: str = ""
    external_id: str = ""
    last: bool = True
    """No other form of the kind is to be tried after it."""

    def finish(self, findings: Sequence[Finding], removed: bool) -> ProbeReport:
        kind = self.subject.kind
        named = [finding.of(kind) for finding in findings]
        report = ProbeReport(self.connection, Measured("probe", kind, named), removed)
        facts = [
            {"fact": one.fact, "declared": one.declared, "measured": one.measured, "verdict": one.verdict.value}
            for one in named
            if one.fact
        ]
        self.keep(
            "probe.ended",
            left_ref=None if removed else self.ref,
            passed=report.passed and self.last,
            facts=facts,
            declaration=digest_declaration(self.subject.semantics),
        )
        return report

    def keep(self, action: str, told: dict[str, Any] | None = None, **update: Any) -> None:
        """The row and the journal: first, so that a crash leaves a trace; last, with what was found. ``told`` stands in
        the journal alone."""
        kind = self.subject.kind
        with self.hub.store.write() as tx:
            row = tx.get(Probe, connection=self.connection, kind=kind, lock=True)
            row = row or Probe(connection=self.connection, kind=kind, actor=self.actor, at=self.hub.now())
            tx.save(row.model_copy(update={"actor": self.actor, "at": self.hub.now(), **update}))
            shown = {name: value for name, value in update.items() if name in ("passed", "left_ref")}
            tx.journal(
                self.actor, action, connection=self.connection, kind=kind, remote_id=self.external_id or None,
                reference=self.ref, **shown, **(told or {}),
            )  # fmt: skip


@dataclass
class MakeProbing(Probing):
    """One document is made, measured and taken back."""

    trial: Trial = Trial.DRAFT

    @property
    def made_in(self) -> Stage:
        return MADE_IN[self.trial]

    def run(self) -> ProbeReport:
        subject = self.subject
        self.ref = subject.make_ref()
        values = make_sample(subject.kind, 1, subject.mapping.fields_out, subject.register.parents.get, subject.given)
        subject.write_payload(values)  # what cannot be said there is told before anything is written
        self.keep("probe.begun", left_ref=self.ref)
        try:
            self.external_id = subject.create(values, self.ref).external_id
        except OutcomeUnknown:
            raise  # there may be a document now, or later: the row keeps its reference
        except (Transient, NeedsConsent):
            self.keep("probe.ended", left_ref=None)
            raise
        except IsthmusError as refused:
            return self.finish([bad("measure.probe_refused", answer=name_outcome(refused))], removed=True)
        findings: list[Finding] = []
        try:
            for finding in self._measure(values):
                findings.append(finding)  # noqa: PERF402 - what was found before an error counts
        except (Transient, OutcomeUnknown, NeedsConsent):
            raise
        except IsthmusError as error:
            findings.append(bad("measure.raised", check="probe", words=name_outcome(error)))
        finally:  # whatever happened, an interruption by the keyboard too
            removed, ends = self._end()
        return self.finish([*findings, *ends], removed)

    def _measure(self, values: dict[str, Any]) -> Findings:
        """One after the other, each on the document as the one before left it."""
        subject, id, abilities = self.subject, self.external_id, writing.Abilities()
        yield from writing.measure_reference(subject, self.ref, id, abilities)
        seen = self._look()
        abilities.draft = seen.source.stage is Stage.DRAFT
        yield writing.judge_tier(subject.semantics.tier, abilities)
        yield from writing.compare_values(subject, values, seen.values)
        if seen.source.stage is not self.made_in:
            return
        fields = subject.semantics.editable.get(self.made_in, frozenset())
        yield from writing.measure_versions(subject, seen, fields, 10)
        yield from stages.measure_stage(subject, self._look(), 20)
        allowed = subject.compared if fields == ALL_FIELDS else fields
        yield from writing.measure_normalisers(subject, self._look(), allowed)

    def _look(self) -> Seen:
        found = self.subject.look(self.external_id)
        if found is None:
            raise MappingError("measure.vanished", id=self.external_id)
        return found

    def _end(self) -> tuple[bool, list[Finding]]:
        """Take it back. A document that somebody has touched or moved on is left alone and told."""
        source = self.subject.stream.fetch(self.external_id)
        findings: list[Finding] = []
        if source is not None and (source.stage is not self.made_in or source.touched_by_person):
            return False, [bad("measure.probe_touched", id=self.external_id, stage=source.stage.value)]
        if source is not None:
            seen = Seen(source, {})
            deletes = self.trial is Trial.DRAFT
            findings += ending.measure_delete(self.subject, seen) if deletes else self._cancel(seen)
            source = self.subject.stream.fetch(self.external_id)
        removed = source is None or source.stage in (Stage.GONE, *(ENDED if self.trial is Trial.VOID else ()))
        if removed:
            self.keep("probe.removed", left_ref=None)
        if self.trial is Trial.DRAFT and Stage.DRAFT in self.subject.semantics.voidable:
            findings.append(note("measure.void_untried"))
        return removed, findings

    def _cancel(self, seen: Seen) -> Findings:
        return ending.measure_void(self.subject, seen, self.ref)
