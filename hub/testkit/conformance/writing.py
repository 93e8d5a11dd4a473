"""Checks that write as the hub does, on a system that behaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.errors import IsthmusError, Rejected
from hub.protocol.semantics import ALL_FIELDS, Amend, Confirm, Stage, TellsMerge, Tier
from hub.sdk import Draft, Written
from hub.sync.measure import Findings, Subject, ending, reading, stages, telling, writing
from hub.sync.measure.findings import bad, compare, name_outcome, note, ok, skipped
from hub.sync.measure.subject import LIVING, mark_new
from hub.testkit.conformance.checks import check
from hub.testkit.conformance.lab import Lab, NoPerson

MOST_AT_ONCE = 50
MADE = 8
"""Documents made one after the other."""


@check(writes=True)
def check_round_trip(lab: Lab, kind: str) -> Findings:
    """What is created can be read again, and means the same."""
    subject, values = lab.subjects[kind], lab.sample(kind)
    if not subject.semantics.creates:
        yield from _measure_refusal(lab, kind)
        return
    _, written = lab.create(kind, values)
    seen = lab.look(kind, written.external_id)
    told = (written.version, seen.source.version) if subject.semantics.versioned else (None, None)
    if told[0] is not None and told[1] is not None and told[0] > told[1]:
        yield bad("measure.version_ahead", told=written.version, read=seen.source.version)
    yield from writing.compare_values(subject, values, seen.values)


def _measure_refusal(lab: Lab, kind: str) -> Findings:
    """Where records are made by people alone, a create is refused and nothing comes into being."""
    outcome = writing.attempt(lambda: lab.subjects[kind].create(lab.sample(kind)))
    yield compare("creates", False, isinstance(outcome, Written), optimistic=False)
    if not isinstance(outcome, Rejected | Written):
        yield bad("measure.refusal_class", what="create", answer=name_outcome(outcome))


@check(writes=True)
def check_patch(lab: Lab, kind: str) -> Findings:
    """A change writes what it names and leaves everything else as it was."""
    subject = lab.subjects[kind]
    _, seen = lab.make(kind)
    fields = subject.semantics.editable.get(seen.source.stage, frozenset())
    changes = writing.first_change(subject, seen, fields, lab.next_number())
    if not changes:
        yield skipped("measure.nothing_to_edit", stage=seen.source.stage.value)
        return
    subject.patch(seen, changes)
    after = lab.look(kind, seen.source.external_id)
    yield from writing.compare_values(subject, {**seen.values, **changes}, after.values)


@check(writes=True)
def check_tier(lab: Lab, kind: str) -> Findings:
    """Found by its reference; the same reference twice is refused or found twice; a draft is a draft: the declared tier
    is what the system keeps."""
    subject, abilities = lab.subjects[kind], writing.Abilities()
    if not subject.semantics.creates:
        yield ok("measure.not_created")
        return
    values = lab.sample(kind)
    ref, written = lab.create(kind, values)
    yield from writing.measure_reference(subject, ref, written.external_id, abilities)
    stage = lab.look(kind, written.external_id).source.stage
    abilities.draft = stage is Stage.DRAFT
    both = (values, lab.sample(kind))
    yield from writing.measure_unique(subject, ref, written.external_id, both, abilities)
    yield writing.judge_tier(subject.semantics.tier, abilities)


@check(writes=True)
def check_reference(lab: Lab, kind: str) -> Findings:
    """The reference is written at creation, survives edits, and a person's copy is not ours."""
    subject = lab.subjects[kind]
    if subject.semantics.tier is Tier.BLIND:
        yield ok("measure.no_reference")
        return
    ref, made = lab.make(kind)
    id = made.source.external_id
    lab.edit(kind, id)
    if (lab.look(kind, id).source.reference or "").upper() != ref.upper():
        yield bad("measure.reference_edited", ref=ref)
    yield ok("measure.reference_kept")
    copy = lab.act(lambda person: person.copy(kind, id), "copy")
    lab.wait_lag(kind)
    hits = {record.external_id: record for record in subject.writer.find(ref)}
    if id not in hits:
        yield bad("measure.reference_lost", ref=ref, id=id, field=subject.semantics.reference_field or "-")
    if copy in hits and hits[copy].created_by_us is not False and subject.semantics.shows_modifier:
        yield bad("measure.copy_taken_for_ours", id=copy)
    yield ok("measure.reference_steady")


@check(writes=True)
def check_versions(lab: Lab, kind: str) -> Findings:
    """Versions rise, an edit of an old version is ``Stale``, and change times are as fine as declared."""
    _, seen = lab.make(kind)
    subject = lab.subjects[kind]
    fields = subject.semantics.editable.get(seen.source.stage, frozenset())
    yield from writing.measure_versions(subject, seen, fields, lab.next_number() + 100)


@check(writes=True)
def check_confirm_version(lab: Lab, kind: str) -> Findings:
    """Confirming names the version that was read: an older one is ``Stale``."""
    subject = lab.subjects[kind]
    if subject.semantics.tier is not Tier.DRAFT or Confirm.AUDIT not in subject.semantics.confirms:
        yield ok("measure.not_confirmed_by_us")
        return
    _, seen = lab.make(kind)
    yield from stages.measure_confirm(subject, seen, lambda: lab.edit(kind, seen.source.external_id))


@check(writes=True)
def check_steps(lab: Lab, kind: str) -> Findings:
    """Submitting, confirming and reopening lead where they are declared to, and twice is as good as once."""
    subject, semantics = lab.subjects[kind], lab.subjects[kind].semantics
    if semantics.tier is not Tier.DRAFT:
        yield ok("measure.not_confirmed_by_us")
        return
    steps = {
        Confirm.SUBMIT: (Stage.DRAFT, "submit", (Stage.SUBMITTED, Stage.EFFECTIVE)),
        Confirm.AUDIT: (Stage.DRAFT, "confirm", (Stage.EFFECTIVE,)),
    }
    wanted = [step for confirm, step in steps.items() if confirm in semantics.confirms]
    wanted += [(Stage.EFFECTIVE, "reopen", (Stage.DRAFT,))] if semantics.amend is Amend.REOPEN else []
    for start, name, ends in wanted:
        found = lab.reach(kind, start)
        if found is None:
            yield skipped("measure.stage_unreached", stage=start.value)
        else:
            yield from stages.measure_step(subject, found[1], name, ends)
    yield ok("measure.steps_taken")


@check(writes=True)
def check_exclusive(lab: Lab, kind: str) -> Findings:
    """Where nobody but the hub may confirm its drafts, people cannot."""
    if not lab.subjects[kind].semantics.exclusive_confirm:
        yield ok("measure.confirmed_by_people")
        return
    theirs = lab.act(lambda person: person.create(kind), "create")
    lab.act(lambda person: person.bring(kind, theirs, Stage.EFFECTIVE), "bring")
    _, ours = lab.make(kind)
    id = ours.source.external_id
    try:
        lab.act(lambda person: person.bring(kind, id, Stage.EFFECTIVE), "bring")
    except NoPerson:  # which is as it should be: of their own documents they can
        yield compare("exclusive_confirm", True, True, optimistic=False)
        return
    kept = lab.look(kind, id).source.stage is not Stage.EFFECTIVE
    yield compare("exclusive_confirm", True, kept, optimistic=True)


@check(writes=True)
def check_lag(lab: Lab, kind: str) -> Findings:
    """Lists, searches and single reads show a write within the declared lag."""
    subject, worst_s, alone_s = lab.subjects[kind], 0.0, 0.0
    for _ in range(5):
        moment = lab.since(kind, lab.clock.now())
        id = lab.create(kind)[1].external_id
        single_s = writing.wait_until(subject, subject.stream.semantics.replica_lag_s, lambda: _is_there(subject, id))  # noqa: B023
        waited_s = writing.wait_until(subject, subject.semantics.lag_s, lambda: _is_listed(lab, kind, id, moment))  # noqa: B023
        if waited_s is None or single_s is None:
            yield bad("measure.never_listed", id=id)
            return
        worst_s, alone_s = max(worst_s, waited_s), max(alone_s, single_s)
    yield writing.judge_lag("lag_s", subject.semantics.lag_s, worst_s)
    yield writing.judge_lag("replica_lag_s", subject.stream.semantics.replica_lag_s, alone_s)


def _is_there(subject: Subject, id: str) -> bool:
    return not subject.stream.fetches or subject.stream.fetch(id) is not None


@check(writes=True)
def check_order(lab: Lab, kind: str) -> Findings:
    """Where changes are declared to come in the order of their commits, nothing older turns up later."""
    subject = lab.subjects[kind]
    if not subject.stream.semantics.commit_ordered:
        yield ok("measure.order_undeclared")
        return
    lab.tick(kind)
    moment = lab.since(kind, lab.clock.now())
    made: list[str] = []
    patience = range(round((subject.semantics.lag_s + writing.LEAST_PATIENCE_S) / writing.POLL_S))
    for _ in patience:
        if len(made) < MADE:
            made.append(lab.create(kind)[1].external_id)
        listed = {record.external_id for record in subject.stream.read_page(moment, None, 200).records}
        shown = [id in listed for id in made]
        if shown != sorted(shown, reverse=True):
            yield compare("commit_ordered", True, False, optimistic=True)
            return
        if len(made) == MADE and all(shown):
            break
        lab.clock.sleep(writing.POLL_S)
    yield compare("commit_ordered", True, True, optimistic=False)


def _is_listed(lab: Lab, kind: str, id: str, moment: datetime) -> bool:
    """On whichever page: where nothing tells what was changed, every list is the whole."""
    return id in reading.walk_pages(lab.subjects[kind].stream, 200, since=moment).ids


@check(writes=True)
def check_normalisers(lab: Lab, kind: str) -> Findings:
    """Long texts, capitals and spaces come back as the declared normalisers say, or are refused."""
    subject = lab.subjects[kind]
    _, seen = lab.make(kind)
    fields = subject.semantics.editable.get(seen.source.stage, frozenset())
    allowed = subject.compared if fields == ALL_FIELDS else fields
    yield from writing.measure_normalisers(subject, seen, allowed)
    yield ok("measure.normalisers_fine")


@check(writes=True)
def check_stages(lab: Lab, kind: str) -> Findings:
    """In every stage: what is declared editable is, and nothing else."""
    for stage in LIVING:
        found = lab.reach(kind, stage)
        if found is None:
            if stage in lab.subjects[kind].semantics.editable:
                yield skipped("measure.stage_unreached", stage=stage.value)
            continue
        yield from stages.measure_stage(lab.subjects[kind], found[1], lab.next_number() + 200)


@check(writes=True)
def check_ending(lab: Lab, kind: str) -> Findings:
    """In every stage: what is declared voidable and deletable is, twice is as good as once, and a void document is
    still found by its reference."""
    subject = lab.subjects[kind]
    for stage in LIVING:
        for measure in (ending.measure_void, ending.measure_delete):
            found = lab.reach(kind, stage)
            if found is not None:
                yield from measure(subject, found[1], found[0])
            elif stage in subject.semantics.voidable | subject.semantics.deletable:
                yield skipped("measure.stage_unreached", stage=stage.value)


@check(writes=True)
def check_telling(lab: Lab, kind: str) -> Findings:
    """Of two records that turn out to be one, what is declared can be said, said again and taken back, and is shown."""
    subject = lab.subjects[kind]
    if subject.semantics.tells_merge is TellsMerge.NOTHING:
        yield ok("measure.not_told")
        return
    yield from telling.measure_telling(subject, lab.make(kind)[1], lab.make(kind)[1])


@check(writes=True)
def check_batch(lab: Lab, kind: str) -> Findings:
    """Several at once: one result for each in order, and a refused one takes no other with it."""
    subject = lab.subjects[kind]
    if not subject.semantics.creates:
        yield ok("measure.not_created")
        return
    total = max(3, min(subject.semantics.batch_size, MOST_AT_ONCE))
    good = [subject.write_payload(mark_new(lab.sample(kind))) for _ in range(total)]
    wrong = lab.bench.refused(kind, good[0])
    payloads = good if wrong is None else [good[0], wrong, *good[2:]]
    drafts = [Draft(lab.make_ref(), payload) for payload in payloads]
    try:
        results = subject.writer.create(drafts)
    except IsthmusError as error:
        yield bad("measure.batch_raised", answer=name_outcome(error))
        return
    if len(results) != len(drafts):
        yield bad("measure.result_count", wanted=len(drafts), count=len(results))
        return
    yield from _judge_batch(lab, kind, drafts, results, refused=wrong is not None)


def _judge_batch(lab: Lab, kind: str, drafts: Sequence[Draft], results: Sequence[object], *, refused: bool) -> Findings:
    subject = lab.subjects[kind]
    taken = sum(isinstance(result, Written) for result in results)
    if subject.semantics.batch_atomic and refused:
        yield compare("batch_atomic", True, taken in (0, len(results)), optimistic=True)
        if not taken:
            return
    for place in (0, len(results) - 1):
        if not isinstance(result := results[place], Written):
            yield bad("measure.batch_good_failed", place=place + 1, answer=name_outcome(result))
        elif subject.semantics.tier is not Tier.BLIND:
            kept = lab.look(kind, result.external_id).source.reference or ""
            if kept.upper() != drafts[place].ref.upper():
                yield bad("measure.batch_order", place=place + 1)
    if not refused:
        yield note("measure.batch_none_refused")
    elif isinstance(results[1], Written):
        yield note("measure.batch_wrong_taken")
    else:
        yield ok("measure.batch_partial")


@check(writes=True)
def check_find(lab: Lab, kind: str) -> Findings:
    """A search for a reference that nothing has finds nothing, and by identifier it finds the party that has it."""
    subject = lab.subjects[kind]
    lab.make(kind)
    if subject.semantics.tier is not Tier.BLIND:
        hits = [record.external_id for record in subject.writer.find(lab.make_ref())]
        if hits:
            yield bad("measure.find_invents", ids=", ".join(hits[:3]))
    values = lab.sample(kind)
    if subject.semantics.creates and "identifiers" in values and "identifiers" in subject.compared:
        _, written = lab.create(kind, values)
        lab.wait_lag(kind)
        code = values["identifiers"][0]
        found = [one.external_id for one in subject.writer.find_by_identifier(code.kind.value, code.value)]
        if written.external_id not in found:
            yield bad("measure.identifier_unfound", value=code.value)
    yield ok("measure.find_honest")
