"""Probe: one marked draft on the admin's own account, measured and removed again.

The draft carries a reference of an installation of its own, so that a sync that happens to run meanwhile takes it for
another hub's: it is never imported, adopted or deleted. The row ``Probe`` holds its reference until it is gone;
whatever interrupts a probe, the next one removes what it left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.errors import ConfigInvalid, IsthmusError, MappingError, NeedsConsent, OutcomeUnknown, Transient
from hub.model.kinds import find_kind, list_line_refs
from hub.protocol.reference import INSTALLATION_LENGTH, PREFIX
from hub.protocol.semantics import ALL_FIELDS, Stage, Tier
from hub.sdk import SourceRecord
from hub.store.rows import Probe
from hub.sync.context import Hub, OpenConnection
from hub.sync.evidence import digest_declaration
from hub.sync.measure import Finding, Findings, Measured, Seen, Subject, ending, stages, writing
from hub.sync.measure.findings import bad, name_outcome, note
from hub.sync.measure.samples import make_sample
from hub.sync.pause import check_paused
from hub.sync.subjects import PROBERS, choose_parents, make_subject

LEASE_S = 600.0


@dataclass(frozen=True)
class ProbeReport:
    """What was measured of one kind. ``removed``: nothing of the probe is left there."""

    connection: str
    measured: Measured
    removed: bool

    @property
    def passed(self) -> bool:
        return self.removed and not self.measured.bad and not self.measured.skipped


def choose_probes(hub: Hub, connection: str, kinds: Sequence[str] | None) -> list[str]:
    """The kinds that have a sync and can be probed, or those asked for (a sync may come later). ``ConfigInvalid`` when
    none can, or one that was asked for cannot."""
    conn = hub.open(connection)
    if kinds:
        for kind in kinds:
            check_removable(conn, kind)
        return list(dict.fromkeys(kinds))
    synced = sorted(conn.settings.syncs.keys() & conn.sinks.keys() & conn.mappings.keys())
    found = [kind for kind in synced if is_removable(conn, kind)]
    if not found:
        raise ConfigInvalid("sync.probe_nothing", connection=connection)
    return found


def is_removable(conn: OpenConnection, kind: str) -> bool:
    semantics = conn.sinks[kind].semantics
    return semantics.tier is Tier.DRAFT and Stage.DRAFT in semantics.deletable


def check_removable(conn: OpenConnection, kind: str) -> None:
    """``ConfigInvalid`` where a probe would stay for ever."""
    if kind not in conn.sinks or kind not in conn.mappings:
        known = ", ".join(sorted(set(conn.sinks) & set(conn.mappings))) or "-"
        raise ConfigInvalid("sync.probe_kind_unknown", connection=conn.name, kind=kind, known=known)
    if not is_removable(conn, kind):
        raise ConfigInvalid("sync.probe_stays", connection=conn.name, kind=kind)


def probe_kind(hub: Hub, connection: str, kind: str, actor: str) -> ProbeReport:
    """Make one draft, measure, remove it. Raises ``ConfigInvalid`` before anything is written where it cannot be done,
    ``Transient`` or ``OutcomeUnknown`` when the system went away in the middle: the next probe removes what is left."""
    check_paused(hub, connection)
    conn = hub.open(connection)
    check_removable(conn, kind)
    subject = make_subject(hub, conn, kind)
    holder = str(hub.new_id())
    with hub.store.write() as tx:
        until = hub.now() + timedelta(seconds=LEASE_S)
        if tx.acquire_lease(f"probe:{connection}", holder, until) is None:
            raise Transient("sync.probe_under_way", connection=connection)
    try:
        remove_left(hub, subject, connection, actor)
        choose_parents(hub, conn, subject)
        subject.given = {**subject.given, **borrow_values(hub, subject)}
        return _Probing(hub, connection, subject, actor).run()
    finally:
        with hub.store.write() as tx:
            tx.release_lease(f"probe:{connection}", holder)


def borrow_values(hub: Hub, subject: Subject) -> dict[str, Any]:
    """Values of a kind for which none can be made up, such as accounts of a ledger: those of its newest record, about
    the parents that the probe has. ``ConfigInvalid`` when there is no record yet."""
    model = find_kind(subject.kind)
    wanted: frozenset[str] = getattr(model, "BORROWED", frozenset())
    if not wanted:
        return {}
    with hub.store.read() as tx:
        found = tx.find(model, deleted_at=None, order=["-id"], limit=1)
    if not found:
        raise ConfigInvalid("sync.probe_needs_record", kind=subject.kind)
    values = {name: getattr(found[0], name) for name in wanted}
    return {name: _adopt_parents(subject, value) for name, value in values.items()}


def _adopt_parents(subject: Subject, value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return tuple(
        line.model_copy(
            update={
                name: subject.register.parents.get(kind)
                for name, kind in list_line_refs(type(line))
                if getattr(line, name) is not None
            }
        )
        for line in value
    )


def remove_left(hub: Hub, subject: Subject, connection: str, actor: str) -> None:
    """What an interrupted probe left there. ``ConfigInvalid`` when it cannot be removed any more."""
    with hub.store.read() as tx:
        row = tx.get(Probe, connection=connection, kind=subject.kind)
    if row is None or row.left_ref is None:
        return
    hits = subject.writer.find(row.left_ref)
    late = row.at + timedelta(seconds=subject.semantics.d_max_s + subject.semantics.lag_s)
    if not hits and hub.now() < late:
        wait_s = (late - hub.now()).total_seconds()
        raise Transient("sync.probe_unsure", retry_after_s=wait_s, connection=connection, seconds=round(wait_s) + 1)
    for record in hits:
        if not _remove(subject, record):
            raise ConfigInvalid(
                "sync.probe_left", connection=connection, kind=subject.kind, number=record.number or record.external_id
            )
    with hub.store.write() as tx:
        tx.save(row.model_copy(update={"left_ref": None}))
        tx.journal(actor, "probe.cleared", connection=connection, kind=subject.kind, reference=row.left_ref)


def _remove(subject: Subject, record: SourceRecord) -> bool:
    """Delete a draft of ours that nobody touched; whether it is gone."""
    if record.stage in (Stage.GONE, Stage.VOID):
        return True
    parsed = (record.reference or "").upper()[len(PREFIX) : len(PREFIX) + INSTALLATION_LENGTH]
    if record.stage is not Stage.DRAFT or record.touched_by_person or record.created_by_us is False:
        return False
    if parsed not in PROBERS:
        return False
    subject.writer.delete(record.external_id, if_version=None)
    left = subject.stream.fetch(record.external_id)
    return left is None or left.stage is Stage.GONE


class _Probing:
    """One probe under way."""

    def __init__(self, hub: Hub, connection: str, subject: Subject, actor: str) -> None:
        self.hub = hub
        self.connection = connection
        self.subject = subject
        self.actor = actor
        self.ref = subject.make_ref()
        self.external_id = ""

    def run(self) -> ProbeReport:
        subject = self.subject
        fields = subject.mapping.fields_out
        values = make_sample(subject.kind, 1, fields, subject.register.parents.get, subject.given)
        subject.write_payload(values)  # what cannot be said there is told before anything is written
        self._note("probe.begun", left_ref=self.ref)
        try:
            self.external_id = subject.create(values, self.ref).external_id
        except OutcomeUnknown:
            raise  # there may be a draft now, or later: the row keeps its reference
        except (Transient, NeedsConsent):
            self._note("probe.ended", left_ref=None)
            raise
        except IsthmusError as refused:
            return self._finish([bad("measure.probe_refused", answer=name_outcome(refused))], removed=True)
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
        return self._finish([*findings, *ends], removed)

    def _measure(self, values: dict[str, Any]) -> Findings:
        """One after the other, each on the draft as the one before left it."""
        subject, id, abilities = self.subject, self.external_id, writing.Abilities()
        yield from writing.measure_reference(subject, self.ref, id, abilities)
        seen = self._look()
        abilities.draft = seen.source.stage is Stage.DRAFT
        yield writing.judge_tier(subject.semantics.tier, abilities)
        yield from writing.compare_values(subject, values, seen.values)
        if not abilities.draft:
            return
        fields = subject.semantics.editable.get(Stage.DRAFT, frozenset())
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
        """Remove the draft. A document that somebody has touched or moved on is left alone and told."""
        source = self.subject.stream.fetch(self.external_id)
        findings: list[Finding] = []
        if source is not None and (source.stage is not Stage.DRAFT or source.touched_by_person):
            return False, [bad("measure.probe_touched", id=self.external_id, stage=source.stage.value)]
        if source is not None:
            findings += ending.measure_delete(self.subject, Seen(source, {}))
            source = self.subject.stream.fetch(self.external_id)
        removed = source is None or source.stage is Stage.GONE
        if removed:
            self._note("probe.removed", left_ref=None)
        if Stage.DRAFT in self.subject.semantics.voidable:
            findings.append(note("measure.void_untried"))
        return removed, findings

    def _finish(self, findings: list[Finding], removed: bool) -> ProbeReport:
        kind = self.subject.kind
        named = [finding.of(kind) for finding in findings]
        report = ProbeReport(self.connection, Measured("probe", kind, named), removed)
        facts = [
            {"fact": one.fact, "declared": one.declared, "measured": one.measured, "verdict": one.verdict.value}
            for one in named
            if one.fact
        ]
        self._note(
            "probe.ended",
            left_ref=None if removed else self.ref,
            passed=report.passed,
            facts=facts,
            declaration=digest_declaration(self.subject.semantics),
        )
        return report

    def _note(self, action: str, **update: Any) -> None:
        """Keep the row and the journal in step: first, so that a crash leaves a trace; last, with what was found."""
        kind = self.subject.kind
        with self.hub.store.write() as tx:
            row = tx.get(Probe, connection=self.connection, kind=kind, lock=True)
            row = row or Probe(connection=self.connection, kind=kind, actor=self.actor, at=self.hub.now())
            tx.save(row.model_copy(update={"actor": self.actor, "at": self.hub.now(), **update}))
            told = {name: value for name, value in update.items() if name in ("passed", "left_ref")}
            tx.journal(
                self.actor, action, connection=self.connection, kind=kind, remote_id=self.external_id or None,
                reference=self.ref, **told,
            )  # fmt: skip
