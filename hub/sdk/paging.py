"""Five ways in which systems hand out long lists, each as one small function for ``Stream.read_page``.

Every function asks for one part of the list through ``ask`` and gives back a :class:`Part`: the rows, and the position
of the next part as JSON (None at the end). Positions are opaque to the hub and survive a restart.

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        started = self._clock.now()
        part = by_keyset(lambda after, size: self._client.list(since, after, size), position, limit, key=read_key)
        return make_page([self.make_record(row, started) for row in part.rows], part.position)

Lists change while they are read. A list must be sorted by a key that tells rows apart, such as (change time, id), in
rising order; then a row that changes meanwhile moves to the end and is met there. Under that condition every function
shows each row at least once; rows shown twice are harmless.

Systems cut the size that we ask for without a word, so a short page is no end: the list ends with an empty one.
``max_size``, the largest page that the system's documents promise, saves that last call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from hub.errors import CursorExpired, Rejected, Transient
from hub.sdk.connector import Page, SourceRecord
from hub.sdk.links import find_link

Row = Any
Key = Callable[[Row], Any]
"""The sort key of a row as JSON: a number, a text, or a list of them. Keys compare in the order of the list."""


@dataclass(frozen=True)
class Part:
    """Some rows of a list as the system sent them; ``position`` is where the next part begins, None at the end."""

    rows: Sequence[Row]
    """In the order of the list."""
    position: Any = None
    """JSON that says where to go on."""


def by_keyset(
    ask: Callable[[Any, int], Sequence[Row]], position: Any, limit: int, *, key: Key, max_size: int | None = None
) -> Part:
    """``ask(after, size)``: rows whose key is greater than ``after`` (None: from the start). The best way there is."""
    size = min(limit, max_size or limit)
    rows = ask(position, size)
    if _is_last(rows, size, max_size):
        return Part(rows)
    last = _plain(key(rows[-1]))
    if last == position:
        raise Transient("sdk.paging_stuck", position=position)
    return Part(rows, last)


def by_offset(
    ask: Callable[[int, int], Sequence[Row]], position: Any, limit: int, *, key: Key, max_size: int | None = None
) -> Part:
    """``ask(offset, size)``: rows from the ``offset``-th on, the first being 0. Parts overlap by one row, so that a row
    that slipped to an earlier place (because another one moved away) is noticed, and looked for."""
    size = max(2, min(limit, max_size or limit))
    offset, last = position or (0, None)
    start = max(0, offset - 1)
    rows = ask(start, size)
    while last is not None and start > 0 and not (rows and _plain(key(rows[0])) <= last):
        start = max(0, start - size + 1)
        rows = ask(start, size)
    fresh = [row for row in rows if last is None or _plain(key(row)) > last]
    is_seam_alone = last is not None and len(rows) == 1 and not fresh
    if is_seam_alone or _is_last(rows, size, max_size):
        return Part(fresh)
    return Part(fresh, [start + len(rows), _plain(key(fresh[-1])) if fresh else last])


def by_number(
    ask: Callable[[int, int], Sequence[Row]],
    position: Any,
    limit: int,
    *,
    key: Key,
    first: int = 1,
    max_size: int | None = None,
) -> Part:
    """``ask(number, size)``: the page of that number; ``first`` is the number of the first one (0 or 1).

    After each page the one before it is read again, which doubles the calls: only so is a row noticed that slipped
    into it. Where the system knows keysets or cursors, take them.
    """
    number, last, size = position or (first, None, min(limit, max_size or limit))
    rows = ask(number, size)
    fresh = [row for row in rows if last is None or _plain(key(row)) > last]
    earlier: Sequence[Row] = ()
    before = number
    while last is not None and before > first and not (earlier and _plain(key(earlier[0])) <= last):
        before -= 1
        earlier = ask(before, size)
        fresh = [*(row for row in earlier if _plain(key(row)) > last), *fresh]
    repeats = before == number - 1 and [key(row) for row in rows] == [key(row) for row in earlier]
    if repeats or _is_last(rows, size, max_size):
        return Part(fresh)
    return Part(fresh, [number + 1, max(_plain(key(row)) for row in fresh) if fresh else last, size])


def by_cursor(
    ask: Callable[[Any, int], tuple[Sequence[Row], Any]],
    position: Any,
    limit: int,
    *,
    is_expired: Callable[[Rejected], bool] = lambda refused: False,
) -> Part:
    """``ask(cursor, size)``: (rows, next cursor); the first cursor is None, and so is the one after the end.

    A cursor is the system's own and may be forgotten there: ``is_expired`` knows the refusal that says so, which
    becomes ``CursorExpired`` (the hub reads everything again, and looks for deletions).
    """
    try:
        rows, following = ask(position, limit)
    except Rejected as refused:
        if is_expired(refused):
            raise CursorExpired("sdk.cursor_expired", vendor=refused.vendor) from refused
        raise
    if following is not None and following == position:
        raise Transient("sdk.paging_stuck", position=position)
    return Part(rows, following or None)


def by_link(
    ask: Callable[[str], tuple[Sequence[Row], str | None]], position: Any, start: str, *, base_url: str
) -> Part:
    """``ask(path)``: (rows, address of the next page or None). ``start`` is the path of the first page.

    The next address may come from a ``Link`` header (``find_next_link``) or from the body; relative ones are taken
    from the page that named them. An address on another host is refused: our credentials would go there.
    """
    path = start if position is None else str(position)
    rows, following = ask(path)
    if not following:
        return Part(rows)
    there = keep_to_host(base_url, path, following)
    if there == path:
        raise Transient("sdk.paging_stuck", position=path)
    return Part(rows, there)


def find_next_link(headers: Mapping[str, str]) -> str | None:
    """The address behind ``rel="next"`` of a ``Link`` header (RFC 8288), as it stands there; None without one."""
    return find_link(headers.get("link", ""), "next")


def keep_to_host(base_url: str, path: str, address: str) -> str:
    """``address`` as path and query below the host of ``base_url``; ``Rejected`` when it leads elsewhere."""
    root = urljoin(base_url if base_url.endswith("/") else base_url + "/", path.lstrip("/"))
    there, home = urlsplit(urljoin(root, address)), urlsplit(base_url)
    if (there.scheme, there.hostname, there.port) != (home.scheme, home.hostname, home.port):
        raise Rejected("sdk.next_page_elsewhere", address=address, home=home.hostname)
    whole = there.path + (f"?{there.query}" if there.query else "")
    prefix = home.path.rstrip("/")
    return whole.removeprefix(prefix) if whole.startswith(f"{prefix}/") else whole


def read_all(read: Callable[[Any], Part]) -> list[Row]:
    """Every row of a list, part after part: ``read(position)`` is one of the functions above. For ``list_ids`` of
    systems that can only list whole records."""
    part = read(None)
    rows = list(part.rows)
    while part.position is not None:
        part = read(part.position)
        rows += part.rows
    return rows


def make_page(records: Sequence[SourceRecord], position: Any) -> Page:
    """A page whose ``high_water`` is the newest change on it."""
    times = [record.modified_at for record in records if record.modified_at is not None]
    return Page(records, position, max(times, default=None))


def _is_last(rows: Sequence[Row], size: int, max_size: int | None) -> bool:
    return not rows or (max_size is not None and len(rows) < size)


def _plain(key: Any) -> Any:
    """As it comes back from JSON, so that a position compares with a fresh key."""
    return [_plain(part) for part in key] if isinstance(key, tuple | list) else key
