"""A probe where nothing can be made: texts of one record that is there lose their last character and get it back.

What they were before stands in the journal before anything is written; whatever interrupts a probe, the next one puts
back what still reads as the last one left it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.errors import ConfigInvalid, IsthmusError, MappingError, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.protocol.semantics import Stage
from hub.store.rows import JournalEntry, Probe
from hub.sync.context import Hub
from hub.sync.measure import Finding, Findings, Seen, Subject, Verdict
from hub.sync.measure.findings import bad, beside, name_outcome, note, ok
from hub.sync.measure.writing import allows, attempt
from hub.sync.probing import ProbeReport, Probing

MOST_PAGES, ROWS = 10, 50
FORMED = frozenset({"mobile", "phone", "email", "website", "currency"})
"""Texts of which a system may refuse one that is too short."""
BEGUN = "probe.begun"
Values = Mapping[str, Any]


@dataclass
class EditProbing(Probing):
    """One record is changed and put back."""

    before: dict[str, Any] = field(default_factory=dict)
    """Field → value, as it was and shall be again."""

    def run(self) -> ProbeReport:
        seen, shortened = choose_edited(self.subject, self.connection)
        self.external_id = self.ref = seen.source.external_id
        self.before = {name: seen.values[name] for name in shortened}
        told = {name: list(value) if isinstance(value, tuple) else value for name, value in self.before.items()}
        self.keep(BEGUN, {"before": told}, left_ref=self.ref)
        findings: list[Finding] = []
        try:
            for name, value in shortened.items():
                findings += self._try(name, value)
        except (Transient, OutcomeUnknown, NeedsConsent):
            raise
        except IsthmusError as error:
            findings.append(bad("measure.raised", check="probe", words=name_outcome(error)))
        finally:  # whatever happened, an interruption by the keyboard too
            left = put_back(self.subject, self.external_id, self.before)
        if not any(finding.fact and finding.verdict is Verdict.OK for finding in findings):
            findings.append(bad("measure.nothing_taken"))
        findings += [bad("measure.not_put_back", field=name, id=self.external_id) for name in left]
        allowed = self.subject.semantics.editable.get(Stage.EFFECTIVE, frozenset())
        untried = sorted(name for name in self.subject.compared - shortened.keys() if allows(allowed, name))
        findings += [note("measure.field_untried", field=name) for name in untried]
        if not left:
            self.keep("probe.removed", left_ref=None)
        return self.finish(findings, removed=not left)

    def _try(self, name: str, value: Any) -> Findings:
        """One field: changed, looked at, put back."""
        subject, fact = self.subject, f"editable {Stage.EFFECTIVE.value} {name}"
        outcome = attempt(lambda: subject.patch(look_at(subject, self.external_id), {name: value}))
        if isinstance(outcome, Transient | OutcomeUnknown | NeedsConsent):
            raise outcome
        if isinstance(outcome, Rejected) and not outcome.vendor:  # the connector's own rule about this very record
            yield note("measure.text_refused", field=name, answer=name_outcome(outcome))
            return
        if isinstance(outcome, IsthmusError):
            told = {"field": name, "stage": Stage.EFFECTIVE.value, "answer": name_outcome(outcome)}
            yield beside(bad("measure.not_editable", **told), fact, True, False)
            return
        kept = is_shown(subject, look_at(subject, self.external_id), name, value)
        told = {"field": name, "stage": Stage.EFFECTIVE.value, "answer": name_outcome(outcome)}
        finding = ok("measure.field_kept", field=name) if kept else bad("measure.edit_not_kept", **told)
        yield beside(finding, fact, True, kept)
        left = put_back(subject, self.external_id, {name: self.before[name]})
        yield beside(ok("measure.put_back", field=name), f"put back {name}", True, not left)


def choose_edited(subject: Subject, connection: str) -> tuple[Seen, dict[str, Any]]:
    """The record of which most texts can lose a character, and what they read then. ``ConfigInvalid`` without any."""
    best: tuple[Seen, dict[str, Any]] | None = None
    position: Any = None
    for _ in range(MOST_PAGES):
        page = subject.stream.read_page(None, position, ROWS)
        for record in page.records:
            if record.stage is not Stage.EFFECTIVE:
                continue
            try:
                seen = subject.translate(record)
            except MappingError:
                continue
            shortened = shorten_texts(subject, seen.values)
            if shortened and (best is None or len(shortened) > len(best[1])):
                best = seen, shortened
        position = page.position
        if position is None or best is not None:
            break
    if best is None:
        raise ConfigInvalid("sync.probe_needs_text", connection=connection, kind=subject.kind)
    return best


def shorten_texts(subject: Subject, values: Values) -> dict[str, Any]:
    """Field → its text without the last character, or its list of texts without the last one. What another field shows
    as well may be that one's: it is left alone."""
    allowed = subject.semantics.editable.get(Stage.EFFECTIVE, frozenset())
    shown = list(values.values())
    found: dict[str, Any] = {}
    for name in sorted(subject.compared - FORMED):
        value = values.get(name)
        texts = isinstance(value, tuple) and value and all(isinstance(item, str) for item in value)
        own = isinstance(value, str) and len(value) > 1 and shown.count(value) == 1 and cut(value)
        if allows(allowed, name) and (texts or own):
            found[name] = cut(value)
    return found


def put_back(subject: Subject, external_id: str, before: Values) -> list[str]:
    """Give every text its value again that does not show it; the fields that still do not."""
    left = []
    for name, value in before.items():
        seen = subject.look(external_id)
        if seen is None or is_shown(subject, seen, name, value):
            continue
        attempt(lambda seen=seen, name=name, value=value: subject.patch(seen, {name: value}))  # type: ignore[misc]
        after = subject.look(external_id)
        if after is not None and not is_shown(subject, after, name, value):
            left.append(name)
    return left


def is_shown(subject: Subject, seen: Seen, name: str, value: Any) -> bool:
    shown = seen.values.get(name)
    if isinstance(value, tuple) and isinstance(shown, tuple | list | None):
        return sorted(value) == sorted(shown or ())
    return bool(subject.show(name, shown) == subject.show(name, value))


def look_at(subject: Subject, external_id: str) -> Seen:
    found = subject.look(external_id)
    if found is None:
        raise MappingError("measure.vanished", id=external_id)
    return found


def restore_left(hub: Hub, subject: Subject, row: Probe, actor: str) -> None:
    """What an interrupted probe left changed; a text that somebody has written anew since is theirs. ``ConfigInvalid``
    when it cannot be put back."""
    before = find_before(hub, row)
    seen = subject.look(row.left_ref or "")
    ours = {} if seen is None else {
        name: value for name, value in before.items() if is_shown(subject, seen, name, cut(value))
    }  # fmt: skip
    left = put_back(subject, row.left_ref or "", ours)
    if left:
        values = "; ".join(f"{name} = {before[name]}" for name in left)
        raise ConfigInvalid(
            "sync.probe_changed", connection=row.connection, kind=row.kind, id=row.left_ref, values=values
        )
    with hub.store.write() as tx:
        tx.save(row.model_copy(update={"left_ref": None}))
        tx.journal(actor, "probe.cleared", connection=row.connection, kind=row.kind, reference=row.left_ref)


def cut(value: Any) -> Any:
    """What the probe writes for a moment."""
    return value[:-1] if isinstance(value, tuple) else str(value)[:-1].rstrip()


def find_before(hub: Hub, row: Probe) -> dict[str, Any]:
    """The values that the journal noted when that probe began."""
    with hub.store.read() as tx:
        told = tx.find(
            JournalEntry, connection=row.connection, record_kind=row.kind, action=BEGUN, order=["-id"], limit=1
        )
    noted = told[0].detail.get("before", {}) if told else {}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in noted.items()}
