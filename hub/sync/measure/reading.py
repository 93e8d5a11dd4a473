"""Measures that only read: pages, positions, versions, translations. Safe on any account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.errors import IsthmusError, MappingError
from hub.locale import Phrase
from hub.protocol.semantics import Stage
from hub.sdk import Page, SourceRecord, Stream
from hub.sync.measure.findings import Findings, bad, compare, name_outcome, note, ok, skipped
from hub.sync.measure.subject import Subject

UNKNOWN_IDS = ("no-such-record-0", "999999999")
SHOWN = 3


@dataclass(frozen=True)
class Walk:
    """The pages of a stream from some place on; ``ended`` False when ``most_pages`` were not enough."""

    pages: Sequence[Page]
    ended: bool

    @property
    def records(self) -> list[SourceRecord]:
        return [record for page in self.pages for record in page.records]

    @property
    def ids(self) -> list[str]:
        return [record.external_id for record in self.records]

    @property
    def high_water(self) -> datetime | None:
        return max((page.high_water for page in self.pages if page.high_water is not None), default=None)


def walk_pages(
    stream: Stream, limit: int, *, since: datetime | None = None, position: Any = None, most_pages: int = 10_000
) -> Walk:
    """Page after page, each position through JSON as the hub keeps it. Ends when a position comes back a second
    time."""
    pages: list[Page] = []
    seen: set[str] = set()
    while len(pages) < most_pages:
        page = stream.read_page(since, position, limit)
        pages.append(page)
        if page.position is None:
            return Walk(pages, True)
        text = json.dumps(page.position)
        if text in seen:
            return Walk(pages, False)
        seen.add(text)
        position = json.loads(text)
    return Walk(pages, False)


def measure_page(subject: Subject, limit: int = 20) -> Findings:
    """What one page tells: identities, times, versions, and whether the mapping can read it."""
    started = subject.clock.now()
    page = subject.stream.read_page(None, None, limit)
    if not page.records:
        yield skipped("measure.nothing_there")
        return
    ids = [record.external_id for record in page.records]
    if len(set(ids)) < len(ids) or not all(ids):
        yield bad("measure.ids_twice", ids=", ".join(sorted(ids)[:SHOWN]))
    if any(record.read_at < started for record in page.records):
        yield bad("measure.read_at_early")
    yield from _judge_times(page)
    yield from _judge_versions(subject, page)
    yield from _judge_payloads(subject, page)


def _judge_times(page: Page) -> Findings:
    times = [record.modified_at for record in page.records if record.modified_at is not None]
    naive = [time for time in [*times, page.high_water] if time is not None and time.tzinfo is None]
    if naive:
        yield bad("measure.time_naive", time=str(naive[0]))
    elif len(times) < len(page.records):
        yield note("measure.time_missing", count=len(page.records) - len(times))
    elif page.high_water is None:
        yield bad("measure.high_water_missing")
    elif page.high_water > max(times):
        yield bad("measure.high_water_ahead", high=page.high_water.isoformat(), newest=max(times).isoformat())
    else:
        yield ok("measure.times_fine")


def _judge_versions(subject: Subject, page: Page) -> Findings:
    if subject.sink is None:
        return
    semantics = subject.semantics
    told = all(record.version is not None for record in page.records)
    if semantics.versioned or not told:  # versions that only differ do not show here whether they rise
        yield compare("versioned", semantics.versioned, told, optimistic=semantics.versioned)
    known = [record.created_by_us for record in page.records]
    shows = all(value is not None for value in known)
    yield compare(
        "shows_modifier", subject.semantics.shows_modifier, shows, optimistic=subject.semantics.shows_modifier
    )


def _judge_payloads(subject: Subject, page: Page) -> Findings:
    broken: list[tuple[str, MappingError]] = []
    for record in page.records:
        if floats := list(_find_floats(record.payload)):
            yield bad("measure.payload_float", path=floats[0], id=record.external_id)
            return
        if (key := subject.mapping.read_key(record.payload)) != record.external_id:
            yield bad("measure.key_differs", id=record.external_id, key=key or "-")
            return
        if record.stage is Stage.GONE:
            continue
        try:
            subject.translate(record)
        except MappingError as error:
            broken.append((record.external_id, error))
    if broken:
        id, first = broken[0]
        words = Phrase(first.code, **first.params)
        yield bad("measure.untranslatable", count=len(broken), total=len(page.records), id=id, words=words)
    else:
        yield ok("measure.translated", total=len(page.records))


def _find_floats(value: Any, path: str = "") -> Iterator[str]:
    """Paths at which a binary fraction stands; money must not go through one."""
    if isinstance(value, float):
        yield path or "."
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _find_floats(item, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _find_floats(item, path + "[]")


def measure_fetch(subject: Subject) -> Findings:
    """One record alone is the same as in the list, and one that does not exist is None."""
    if not subject.stream.fetches:
        yield skipped("measure.cannot_fetch")
        return
    page = subject.stream.read_page(None, None, 5)
    rising = subject.sink is None or subject.semantics.versioned
    for record in page.records:
        if record.stage is Stage.GONE:
            continue
        alone = subject.stream.fetch(record.external_id)
        if alone is None:
            yield bad("measure.fetch_none", id=record.external_id)
        elif rising and record.version is not None and alone.version is not None and alone.version < record.version:
            yield bad("measure.fetch_older", id=record.external_id, alone=alone.version, listed=record.version)
        elif alone.version == record.version and dict(alone.payload) != dict(record.payload):
            yield bad("measure.fetch_differs", id=record.external_id)
        else:
            yield ok("measure.fetch_agrees")
    for id in UNKNOWN_IDS:
        try:
            found = subject.stream.fetch(id)
        except IsthmusError as error:
            yield bad("measure.unknown_raises", id=id, answer=name_outcome(error))
        else:
            yield ok("measure.unknown_none") if found is None else bad("measure.unknown_found", id=id)


def measure_resume(subject: Subject, again: Stream, limit: int = 2, most_pages: int = 4) -> Findings:
    """A pull that stops in the middle goes on where it was, in another process (``again``): the position says all."""
    whole = walk_pages(subject.stream, limit, most_pages=most_pages)
    if len(whole.pages) < 2:
        yield skipped("measure.one_page", limit=limit)
        return
    position = json.loads(json.dumps(whole.pages[0].position))
    rest = walk_pages(again, limit, position=position, most_pages=most_pages - 1)
    wanted = [record.external_id for page in whole.pages[1:] for record in page.records]
    if rest.ids != wanted:
        yield bad("measure.resume_differs", wanted=", ".join(wanted[:SHOWN]), found=", ".join(rest.ids[:SHOWN]) or "-")
    elif len(set(whole.ids)) < len(whole.ids):
        yield bad("measure.paged_twice", ids=", ".join(sorted({id for id in whole.ids if whole.ids.count(id) > 1})))
    else:
        yield ok("measure.resumed")


def measure_since(subject: Subject, most_pages: int = 20) -> Findings:
    """Reading from a record's own change time shows that record: *at* or after, or changes are lost for ever."""
    page = subject.stream.read_page(None, None, 20)
    dated = [record for record in page.records if record.modified_at is not None]
    if not dated:
        yield skipped("measure.no_change_times")
        return
    newest = max(dated, key=lambda record: record.modified_at or record.read_at)
    found = walk_pages(subject.stream, 200, since=newest.modified_at, most_pages=most_pages)
    if newest.external_id in found.ids:
        yield ok("measure.since_inclusive")
    elif not found.ended:
        yield skipped("measure.too_many", count=len(found.ids))
    else:
        yield bad("measure.since_exclusive", id=newest.external_id, time=str(newest.modified_at))


def measure_ids(subject: Subject) -> Findings:
    """The list of ids holds what the pages hold; without it deletions are never noticed."""
    ids = subject.stream.list_ids()
    if ids is None:
        yield note("measure.ids_unlisted")
        return
    page = subject.stream.read_page(None, None, 20)
    missing = [one.external_id for one in page.records if one.stage is not Stage.GONE and one.external_id not in ids]
    if missing:
        yield bad("measure.ids_missing", ids=", ".join(missing[:SHOWN]))
    elif len(set(ids)) < len(ids):
        yield bad("measure.ids_twice", ids=", ".join(sorted(ids)[:SHOWN]))
    else:
        yield ok("measure.ids_complete", count=len(ids))
