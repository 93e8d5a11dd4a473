"""Probe: one marked document on the admin's own account, measured and taken back again; where nothing can be made, a
text of one record.

What is made carries a reference of an installation of its own, so that a sync that happens to run meanwhile takes it
for another hub's: it is never imported, adopted or deleted. The row ``Probe`` holds its reference until it is gone;
whatever interrupts a probe, the next one removes what it left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hub.errors import ConfigInvalid, Transient
from hub.model.kinds import find_kind, list_line_refs
from hub.protocol.reference import INSTALLATION_LENGTH, PREFIX
from hub.sdk import SourceRecord
from hub.store.rows import Probe
from hub.sync.context import Hub, OpenConnection
from hub.sync.measure import Finding, Subject
from hub.sync.pause import check_paused
from hub.sync.probe_edit import EditProbing, restore_left
from hub.sync.probing import ENDED, MakeProbing, ProbeReport
from hub.sync.subjects import PROBERS, choose_parents, make_subject
from hub.sync.trials import MADE_IN, Trial, choose_trial

LEASE_S = 600.0


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
    """Whether what a probe does there can be taken back."""
    return choose_trial(conn.sinks[kind].semantics) is not None


def check_removable(conn: OpenConnection, kind: str) -> None:
    """``ConfigInvalid`` where a probe would stay for ever."""
    if kind not in conn.sinks or kind not in conn.mappings:
        known = ", ".join(sorted(set(conn.sinks) & set(conn.mappings))) or "-"
        raise ConfigInvalid("sync.probe_kind_unknown", connection=conn.name, kind=kind, known=known)
    if not is_removable(conn, kind):
        raise ConfigInvalid("sync.probe_stays", connection=conn.name, kind=kind)


def probe_kind(hub: Hub, connection: str, kind: str, actor: str) -> ProbeReport:
    """Make one, measure, take it back. Raises ``ConfigInvalid`` before anything is written where it cannot be done,
    ``Transient`` or ``OutcomeUnknown`` when the system went away in the middle: the next probe removes what is left."""
    check_paused(hub, connection)
    conn = hub.open(connection)
    check_removable(conn, kind)
    subject = make_subject(hub, conn, kind)
    trial = choose_trial(subject.semantics) or Trial.DRAFT
    holder = str(hub.new_id())
    with hub.store.write() as tx:
        until = hub.now() + timedelta(seconds=LEASE_S)
        if tx.acquire_lease(f"probe:{connection}", holder, until) is None:
            raise Transient("sync.probe_under_way", connection=connection)
    try:
        remove_left(hub, subject, trial, connection, actor)
        if trial is Trial.EDIT:
            return EditProbing(hub, connection, subject, actor).run()
        choose_parents(hub, conn, subject, optional=trial is Trial.DRAFT)
        subject.given = {**subject.given, **borrow_values(hub, subject)}
        return _probe_forms(hub, connection, subject, actor, trial)
    finally:
        with hub.store.write() as tx:
            tx.release_lease(f"probe:{connection}", holder)


def _probe_forms(hub: Hub, connection: str, subject: Subject, actor: str, trial: Trial) -> ProbeReport:
    """Each form that the kind stands on; the first that is not as declared ends it. Nothing passes before the last."""
    common, forms = subject.given, list(subject.writer.variants) or [{}]
    findings: list[Finding] = []
    while True:
        subject.given = {**common, **forms.pop(0)}
        report = MakeProbing(hub, connection, subject, actor, trial=trial, last=not forms).run()
        findings += report.measured.findings
        if not forms or not report.passed:
            return replace(report, measured=replace(report.measured, findings=findings))


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


def remove_left(hub: Hub, subject: Subject, trial: Trial, connection: str, actor: str) -> None:
    """What an interrupted probe left there. ``ConfigInvalid`` when it cannot be removed any more."""
    with hub.store.read() as tx:
        row = tx.get(Probe, connection=connection, kind=subject.kind)
    if row is None or row.left_ref is None:
        return
    if trial is Trial.EDIT:
        restore_left(hub, subject, row, actor)
        return
    hits = subject.writer.find(row.left_ref)
    late = row.at + timedelta(seconds=subject.semantics.d_max_s + subject.semantics.lag_s)
    if not hits and hub.now() < late:
        wait_s = (late - hub.now()).total_seconds()
        raise Transient("sync.probe_unsure", retry_after_s=wait_s, connection=connection, seconds=round(wait_s) + 1)
    for record in hits:
        if not _remove(subject, trial, record):
            raise ConfigInvalid(
                "sync.probe_left", connection=connection, kind=subject.kind, number=record.number or record.external_id
            )
    with hub.store.write() as tx:
        tx.save(row.model_copy(update={"left_ref": None}))
        tx.journal(actor, "probe.cleared", connection=connection, kind=subject.kind, reference=row.left_ref)


def _remove(subject: Subject, trial: Trial, record: SourceRecord) -> bool:
    """Take back one of ours that nobody touched; whether it is gone, or cancelled."""
    if record.stage in ENDED:
        return True
    parsed = (record.reference or "").upper()[len(PREFIX) : len(PREFIX) + INSTALLATION_LENGTH]
    if record.stage is not MADE_IN[trial] or record.touched_by_person or record.created_by_us is False:
        return False
    if parsed not in PROBERS:
        return False
    if trial is Trial.DRAFT:
        subject.writer.delete(record.external_id, if_version=None)
    else:
        subject.writer.void(record.external_id, if_version=None)
    left = subject.stream.fetch(record.external_id)
    return left is None or left.stage in ENDED
