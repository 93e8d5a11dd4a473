"""Vices: how records are read."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from hub.errors import Rejected
from hub.sdk import Page, ReadSemantics
from tests.testkit.hostile import (
    Spoil,
    Vice,
    facts_as,
    fetching,
    is_header_same,
    over,
    paging,
    payload_as,
    remember,
    showing,
    stream_with,
)

replace = dataclasses.replace


def forget_place(self: Any, page: Page) -> Page:
    """The place is kept in the object, not in the position."""
    self.place = page.position if page.position is not None else None
    return replace(page, position="further" if page.position is not None else None)


@over
def read_by_memory(base: Any) -> Any:
    def read_page(self: Any, since: Any, position: Any, limit: int) -> Page:
        was = getattr(self, "place", None) if position == "further" else None
        page: Page = base.read_page(self, since, was, limit)
        return forget_place(self, page)

    return read_page


@over
def read_by_deaf_token(base: Any) -> Any:
    """The token is that of the moment in which it is asked, so that nothing ever changed since."""

    def read_page(self: Any, since: Any, position: Any, limit: int) -> Page:
        if position == "token":
            return Page([], None, None, "token")
        page: Page = base.read_page(self, since, position, limit)
        return page if page.position is not None else replace(page, resume="token")

    return read_page


@over
def read_by_offset(base: Any) -> Any:
    """Pages by counting, as ``LIMIT … OFFSET …`` does."""

    def read_page(self: Any, since: Any, position: Any, limit: int) -> Page:
        start = position or 0
        whole: list[Any] = []
        place = None
        while len(whole) < start + limit:
            page = base.read_page(self, since, place, 200)
            whole += page.records
            place = page.position
            if place is None:
                break
        shown = whole[start : start + limit]
        times = [record.modified_at for record in shown]
        return Page(shown, start + limit if len(whole) > start + limit else None, max(times, default=None))

    return read_page


@over
def read_by_time(base: Any) -> Any:
    """The position is a time alone: what shares it with the last record of a page is passed over."""

    def read_page(self: Any, since: Any, position: Any, limit: int) -> Page:
        page: Page = base.read_page(self, since, [position, "~"] if position else None, limit)
        return replace(page, position=page.position[0] if page.position else None)

    return read_page


@over
def read_twice(base: Any) -> Any:
    """Each page begins with the last record of the one before."""

    def read_page(self: Any, since: Any, position: Any, limit: int) -> Page:
        page: Page = base.read_page(self, since, position, limit)
        if page.position is None or len(page.records) < 2:
            return page
        last = page.records[-2]
        return replace(page, position=[last.payload["modified_at"], last.external_id])

    return read_page


@over
def read_after(base: Any) -> Any:
    """``since`` is taken for "later than"."""

    def read_page(self: Any, since: Any, position: Any, limit: int) -> Page:
        start = since + timedelta(microseconds=1) if since is not None else None
        page: Page = base.read_page(self, start, position, limit)
        return page

    return read_page


@over
def list_some(base: Any) -> Any:
    return lambda self: base.list_ids(self)[1:]


@over
def list_all_ever(base: Any) -> Any:
    def list_ids(self: Any) -> Any:
        self.ever = list(dict.fromkeys([*getattr(self, "ever", ()), *base.list_ids(self), "S999"]))
        return [f"S{number}" for number in range(1, 2000)]

    return list_ids


@over
def fetch_strictly(base: Any) -> Any:
    """A record that does not exist is an error."""

    def fetch(self: Any, id: str) -> Any:
        found = base.fetch(self, id)
        if found is None:
            raise Rejected("sandbox.not_found", vendor=id)
        return found

    return fetch


def shift_version(by: int) -> Spoil:
    return fetching(lambda self, id, found: found and replace(found, version=(found.version or 0) + by))


@over
def remember_shown(base: Any) -> Any:
    def fetch(self: Any, id: str) -> Any:
        found = base.fetch(self, id)
        if found is None and id.startswith("S") and id[1:].isdigit():
            some = base.read_page(self, None, None, 1).records[0]
            return replace(some, external_id=id)
        return found

    return fetch


def same_lines(first: Any, record: Any) -> Any:
    return replace(record, payload={**record.payload, "lines": first.payload["lines"]})


def freeze(**names: str) -> Spoil:
    """A fact keeps its first value while only lines change."""

    def change(first: Any, record: Any) -> Any:
        if not is_header_same(first, record):
            return record
        return replace(record, **{name: getattr(first, name) for name in names})

    return remember(change)


def read_frozen(base: Any) -> Any:
    """A pull shows the records as they were when it began, and moves the cursor to its end."""

    def read_page(self: Any, since: Any, position: Any, limit: int) -> Page:
        if position is None:
            self.frozen, place = [], None
            while True:
                page = base.read_page(self, since, place, 200)
                self.frozen += page.records
                place = page.position
                if place is None:
                    break
        start = position or 0
        more = start + limit if len(self.frozen) > start + limit else None
        return Page(self.frozen[start : start + limit], more, self._clock.now() + timedelta(seconds=1))

    return read_page


def read_from_time(base: Any) -> Any:
    """The position is a time alone, and the page begins at it."""

    def read_page(self: Any, since: Any, position: Any, limit: int) -> Page:
        page: Page = base.read_page(self, since, [position, ""] if position else None, limit)
        return replace(page, position=page.position[0] if page.position else None)

    return read_page


def _naive(record: Any) -> Any:
    return record.modified_at.replace(tzinfo=None)


def refuse_to_read(self: Any, page: Page) -> Page:
    raise Rejected("sandbox.rejected", vendor="not today")


READING = {
    "refuses to be read": Vice("page", "measure.raised", paging(refuse_to_read)),
    "sends money as a binary fraction": Vice(
        "page", "measure.payload_float", payload_as(lambda payload: {**payload, "gross": float(payload["gross"])})
    ),
    "sends times without a zone": Vice(
        "page", "measure.time_naive", showing(lambda record: replace(record, modified_at=_naive(record)))
    ),
    "moves the cursor ahead": Vice(
        "page",
        "measure.high_water_ahead",
        paging(lambda self, page: replace(page, high_water=self._clock.now() + timedelta(hours=1))),
    ),
    "moves no cursor": Vice(
        "page", "measure.high_water_missing", paging(lambda self, page: replace(page, high_water=None))
    ),
    "says that it read earlier than it did": Vice(
        "page",
        "measure.read_at_early",
        showing(lambda record: replace(record, read_at=record.read_at - timedelta(hours=1))),
    ),
    "gives one id to several": Vice(
        "page", "measure.ids_twice", facts_as(external_id="S1"), also=("measure.key_differs",)
    ),
    "calls records otherwise than its mapping": Vice(
        "page", "measure.key_differs", showing(lambda record: replace(record, external_id="x" + record.external_id))
    ),
    "sends a state that the mapping does not know": Vice(
        "page", "measure.untranslatable", payload_as(lambda payload: {**payload, "status": "frozen"})
    ),
    "does not find what it lists": Vice("fetch", "measure.fetch_none", fetching(lambda self, id, found: None)),
    "reads single records from an old copy": Vice("fetch", "measure.fetch_older", shift_version(-1)),
    "reads other fields singly": Vice(
        "fetch",
        "measure.fetch_differs",
        fetching(lambda self, id, found: found and replace(found, payload={**found.payload, "note": "…"})),
    ),
    "raises for what does not exist": Vice("fetch", "measure.unknown_raises", stream_with(fetch=fetch_strictly)),
    "finds what does not exist": Vice(
        "fetch",
        "measure.unknown_found",
        fetching(lambda self, id, found: found or self.read_page(None, None, 1).records[0]),
    ),
    "takes since for later": Vice("since", "measure.since_exclusive", stream_with(read_page=read_after)),
    "lists some of its ids": Vice("list_ids", "measure.ids_missing", stream_with(list_ids=list_some)),
    "claims to list the deleted": Vice(
        "list_ids",
        "measure.too_optimistic",
        stream_with(semantics=property(lambda self: ReadSemantics(lists_deleted=True))),
        fact="lists_deleted",
    ),
    "lists ids of the deleted": Vice("list_ids", "measure.deleted_listed", stream_with(list_ids=list_all_ever)),
    "shows the deleted": Vice("list_ids", "measure.deleted_shown", stream_with(fetch=remember_shown)),
    "keeps its place in memory": Vice("resume", "measure.resume_differs", stream_with(read_page=read_by_memory)),
    "reads the last of each page again": Vice("resume", "measure.paged_twice", stream_with(read_page=read_twice)),
    "hands out a token that hears nothing": Vice(
        "tokens", "measure.tokens_missed", stream_with(read_page=read_by_deaf_token)
    ),
    "pages by counting": Vice("paging_under_insert", "measure.paging_missed", stream_with(read_page=read_by_offset)),
    "never comes to an end": Vice(
        "paging_under_insert", "measure.paging_endless", paging(lambda self, page: replace(page, position=["2026", ""]))
    ),
    "stops after a page": Vice(
        "paging_under_insert", "measure.position_missing", paging(lambda self, page: replace(page, position=None))
    ),
    "loses what changes meanwhile": Vice(
        "paging_under_insert", "measure.change_lost", stream_with(read_page=over(read_frozen))
    ),
    "passes over what shares a time": Vice("one_timestamp", "measure.ties_missed", stream_with(read_page=read_by_time)),
    "reads what shares a time again": Vice("one_timestamp", "measure.ties_twice", stream_with(read_page=read_twice)),
    "cannot page through one instant": Vice(
        "one_timestamp", "measure.paging_endless", stream_with(read_page=over(read_from_time))
    ),
    "takes everything for its own": Vice("authors", "measure.author_wrong", facts_as(created_by_us=True)),
    "does not see people's hands": Vice("authors", "measure.author_wrong", facts_as(touched_by_person=False)),
    "reads no new lines": Vice("children", "measure.child_unseen", remember(same_lines), also=()),
    "counts no lines in its version": Vice("children", "measure.child_version", freeze(version="")),
    "does not move a document for its lines": Vice("children", "measure.child_hidden", freeze(modified_at="")),
}
