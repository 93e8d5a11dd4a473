"""Checks that only read, or read while people work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from hub.locale import Phrase
from hub.sdk import SourceRecord, Stage
from hub.sync.measure import Finding, Findings, outline, reading
from hub.sync.measure.findings import bad, compare, note, ok, skipped
from hub.sync.measure.writing import wait_until
from hub.sync.shipped import find_catalogue, read_catalogue
from hub.testkit.conformance.checks import check
from hub.testkit.conformance.lab import Lab, NoPerson

MANY = 1000
MANY_PAGE = 100
FEW = 7
FEW_PAGE = 2


@check()
def check_outline(lab: Lab, kind: str) -> Findings:
    """Label, questions, texts, mapping and declaration are there, in both languages, and fit together."""
    yield from outline.judge_config(lab.bench.connector)
    folder = find_catalogue(lab.bench.connector)
    yield from outline.judge_catalogue(folder, read_catalogue(folder))
    yield from outline.judge_outline(lab.connector, lab.subjects, kind)


@check()
def check_account(lab: Lab, kind: str) -> Findings:
    """``check()`` finds a good account good, writes nothing, and speaks both languages."""
    items = lab.connector.check()
    before = lab.faults.writes  # a login that opens a session may count as a write, once
    lab.connector.check()
    if lab.faults.writes > before:
        yield bad("measure.check_writes")
    if not items:
        yield bad("measure.check_empty")
    for item in items:
        if not item.ok:
            yield bad("measure.check_complains", code=item.code)
    yield from outline.judge_codes([item.code for item in items])
    yield ok("measure.check_fine")


@check()
def check_page(lab: Lab, kind: str) -> Findings:
    """A page names its records, tells their times and versions, and every record can be translated."""
    _have_some(lab, kind, 2)
    yield from reading.measure_page(lab.subjects[kind])


@check()
def check_fetch(lab: Lab, kind: str) -> Findings:
    """One record alone is what the list shows; one that does not exist is None, not an error."""
    _have_some(lab, kind, 2)
    yield from reading.measure_fetch(lab.subjects[kind])


@check()
def check_since(lab: Lab, kind: str) -> Findings:
    """Reading since a moment includes what changed at that very moment."""
    _have_some(lab, kind, 2)
    yield from reading.measure_since(lab.subjects[kind])


@check()
def check_list_ids(lab: Lab, kind: str) -> Findings:
    """The list of ids is complete, and a deleted record is in neither list nor fetch."""
    _have_some(lab, kind, 2)
    subject = lab.subjects[kind]
    yield from reading.measure_ids(subject)
    id = lab.act(lambda person: person.create(kind), "create")
    lab.wait_lag(kind)
    lab.tick(kind)
    moment = lab.clock.now()
    lab.act(lambda person: person.delete(kind, id), "delete")
    lab.wait_lag(kind)
    since = lab.since(kind, moment)
    gone = [one for one in reading.walk_pages(subject.stream, MANY_PAGE, since=since).records if one.external_id == id]
    declared = subject.stream.semantics.lists_deleted
    shown = any(one.stage is Stage.GONE for one in gone)
    yield compare("lists_deleted", declared, shown, optimistic=declared)
    if any(one.stage is not Stage.GONE for one in gone):
        yield bad("measure.deleted_shown", id=id)
    left = subject.stream.fetch(id) if subject.stream.fetches else None
    if left is not None and left.stage is not Stage.GONE:
        yield bad("measure.deleted_shown", id=id)
    if id in (subject.stream.list_ids() or ()):
        yield bad("measure.deleted_listed", id=id)
    yield ok("measure.deleted_gone")


@check()
def check_resume(lab: Lab, kind: str) -> Findings:
    """A pull that stops in the middle goes on in another process where it was."""
    _have_some(lab, kind, FEW)
    again = lab.open().streams()[lab.subjects[kind].stream.name]
    yield from reading.measure_resume(lab.subjects[kind], again)


@check()
def check_tokens(lab: Lab, kind: str) -> Findings:
    """Where a stream hands out a token, the pull that begins there shows what was made, changed and deleted since."""
    stream = lab.subjects[kind].stream
    ids = _have_some(lab, kind, 3)
    token = reading.walk_pages(stream, FEW_PAGE).pages[-1].resume
    if token is None:
        yield ok("measure.tokens_none")
        return
    _edit(lab, kind, ids[0])
    gone = {ids[1]} if _delete(lab, kind, ids[1]) else set[str]()
    made = _make_one(lab, kind)
    lab.wait_lag(kind)
    walk = reading.walk_pages(stream, FEW_PAGE, position=json.loads(json.dumps(token)))
    told = {record.external_id: record.stage for record in walk.records}
    missed = {ids[0], made, *gone} - told.keys()
    living = {id for id in gone if told.get(id) not in (None, Stage.GONE)}
    if missed or living:
        yield bad("measure.tokens_missed", ids=", ".join(sorted(missed | living)))
    if again := sorted(told.keys() - {ids[0], made, *gone}):
        yield note("measure.tokens_repeat", ids=", ".join(again[: reading.SHOWN]))
    yield ok("measure.tokens_whole")


def _delete(lab: Lab, kind: str, id: str) -> bool:
    """Whether a person could."""
    try:
        lab.act(lambda person: person.delete(kind, id), "delete")
    except NoPerson:
        return False
    return True


@check()
def check_paging_under_insert(lab: Lab, kind: str) -> Findings:
    """Records made and changed while a pull is under way: none of the old ones is missed, and the next pull shows
    every change."""
    ids = _have_some(lab, kind, FEW)
    subject, stream = lab.subjects[kind], lab.subjects[kind].stream
    lab.tick(kind)
    first = stream.read_page(None, None, FEW_PAGE)
    changed = [*ids[:1], *ids[-1:]]
    for id in dict.fromkeys(changed):
        _edit(lab, kind, id)
    made = _make_one(lab, kind)
    lab.wait_lag(kind)
    if first.position is None:
        yield bad("measure.position_missing", limit=FEW_PAGE)
        return
    rest = reading.walk_pages(stream, FEW_PAGE, position=json.loads(json.dumps(first.position)))
    pages = [first, *rest.pages]
    if not rest.ended:
        yield bad("measure.paging_endless", pages=len(pages))
        return
    seen = {record.external_id for page in pages for record in page.records}
    if missed := sorted(set(ids) - seen):
        yield bad("measure.paging_missed", ids=", ".join(missed[:3]))
    high = max((page.high_water for page in pages if page.high_water is not None), default=None)
    if high is None:
        yield skipped("measure.no_change_times")
        return
    semantics = subject.semantics if subject.sink is not None else None
    overlap_s = semantics.lag_s + semantics.granularity_s if semantics is not None else 0.0
    following = reading.walk_pages(stream, MANY_PAGE, since=high - timedelta(seconds=overlap_s))
    shown = [*rest.records, *following.records]
    lost = [id for id in {*changed, made} if not _shows_newest(shown, lab.look(kind, id).source)]
    yield bad("measure.change_lost", ids=", ".join(sorted(lost))) if lost else ok("measure.paging_whole")


def _shows_newest(records: Sequence[SourceRecord], newest: SourceRecord) -> bool:
    return any(
        record.external_id == newest.external_id and dict(record.payload) == dict(newest.payload) for record in records
    )


@check()
def check_one_timestamp(lab: Lab, kind: str) -> Findings:
    """1,000 records of one change time are all read, once each, in pages of 100."""
    subject = lab.subjects[kind]
    lab.wait_lag(kind)
    began = lab.clock.now()
    ids = list(lab.act(lambda person: person.create_many(kind, MANY), "create_many"))
    lab.wait_lag(kind)
    walk = reading.walk_pages(subject.stream, MANY_PAGE, since=lab.since(kind, began), most_pages=4 * MANY // MANY_PAGE)
    found = [id for id in walk.ids if id in set(ids)]
    if not walk.ended:
        yield bad("measure.paging_endless", pages=len(walk.pages))
    elif missed := sorted(set(ids) - set(found)):
        yield bad("measure.ties_missed", count=len(missed), total=len(ids))
    elif len(found) > len(set(found)):
        yield bad("measure.ties_twice", count=len(found) - len(set(found)))
    times = {record.modified_at for record in walk.records if record.external_id in set(ids)}
    if len(times) > 1:
        yield note("measure.ties_spread", count=len(times))
    yield ok("measure.ties_whole", total=len(ids))


@check()
def check_authors(lab: Lab, kind: str) -> Findings:
    """What a person made, what we made and a person touched, and what only we touched are told apart."""
    subject = lab.subjects[kind]
    theirs = lab.look(kind, lab.act(lambda person: person.create(kind), "create")).source
    if subject.sink is None or not subject.semantics.shows_modifier:
        shown = [theirs.created_by_us, theirs.touched_by_person]
        yield ok("measure.authors_unknown") if None in shown else note("measure.authors_shown")
        return
    if theirs.created_by_us is not False:
        yield bad(
            "measure.author_wrong",
            whose=Phrase("measure.whose_theirs"),
            fact="created_by_us",
            found=theirs.created_by_us,
        )
    _, made = lab.make(kind)
    id = made.source.external_id
    for fact, wanted in (("created_by_us", True), ("touched_by_person", False), ("changed_by_us", True)):
        if getattr(made.source, fact) is not wanted:
            yield bad(
                "measure.author_wrong", whose=Phrase("measure.whose_ours"), fact=fact, found=getattr(made.source, fact)
            )
    lab.act(lambda person: person.edit(kind, id), "edit")
    touched = lab.look(kind, id).source
    for fact, wanted in (("created_by_us", True), ("touched_by_person", True), ("changed_by_us", False)):
        if getattr(touched, fact) is not wanted:
            yield bad(
                "measure.author_wrong", whose=Phrase("measure.whose_touched"), fact=fact, found=getattr(touched, fact)
            )
    yield ok("measure.authors_told")


def _mistake(whose: str, fact: str, record: SourceRecord) -> Finding:
    people = Phrase(f"measure.whose_{whose}")
    return bad("measure.author_wrong", whose=people, fact=fact, found=getattr(record, fact))


@check()
def check_children(lab: Lab, kind: str) -> Findings:
    """A changed line moves its document: the document comes up again and its version rises."""
    subject = lab.subjects[kind]
    id = lab.act(lambda person: person.create(kind), "create")
    was = lab.look(kind, id)
    before = was.source
    lab.wait_lag(kind)
    lab.tick(kind)
    moment = lab.clock.now()
    lab.act(lambda person: person.edit_line(kind, id), "edit_line")
    lab.wait_lag(kind)
    seen = lab.look(kind, id)
    after = seen.source
    lists = subject.mapping.lists.keys()
    if all(seen.values.get(name) == was.values.get(name) for name in lists):
        yield bad("measure.child_unseen", id=id)
    rises = subject.sink is not None and subject.semantics.versioned
    if before.version == after.version is not None or (rises and (after.version or 0) < (before.version or 0)):
        yield bad("measure.child_version", id=id, version=before.version)
    since = max(lab.since(kind, moment), before.modified_at or moment)
    shown = wait_until(subject, 0.0, lambda: id in reading.walk_pages(subject.stream, MANY_PAGE, since=since).ids)
    later = after.modified_at is None or before.modified_at is None or after.modified_at > before.modified_at
    if shown is None or not later:
        yield bad("measure.child_hidden", id=id)
    yield ok("measure.child_moves")


def _have_some(lab: Lab, kind: str, count: int) -> list[str]:
    """At least so many records of a kind, made by whoever can."""
    made = [_make_one(lab, kind) for _ in range(count)]
    lab.wait_lag(kind)
    return made


def _make_one(lab: Lab, kind: str) -> str:
    if lab.subjects[kind].sink is not None:
        return lab.create(kind)[1].external_id
    return lab.act(lambda person: person.create(kind), "create")


def _edit(lab: Lab, kind: str, id: str) -> None:
    """A change by a person where there is one, else by us."""
    try:
        lab.act(lambda person: person.edit(kind, id), "edit")
    except NoPerson:
        if lab.subjects[kind].sink is None:
            raise
        lab.edit(kind, id)
