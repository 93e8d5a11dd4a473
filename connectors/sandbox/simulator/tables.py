"""Documents with their history: what is true, and what a lagging reader can see of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

Document = Mapping[str, Any]
"""One version of one document in the shape the ERP shows; never changed after it was stored."""
Position = tuple[str, str]
"""(change time, id): a place in the change list."""


@dataclass(frozen=True, slots=True)
class _Version:
    document: Document
    visible_at: datetime


class ReferenceIndex:
    """Which documents were made with a reference: sorted, because searches ask for a beginning. Never shrinks."""

    def __init__(self) -> None:
        self._known: list[tuple[str, str]] = []

    def add(self, reference: str, id: str) -> None:
        insort(self._known, (reference, id))

    def starting_with(self, prefix: str) -> list[str]:
        """Ids of the documents whose reference starts like this, deleted ones too."""
        start = bisect_left(self._known, (prefix, ""))
        return [id for _, id in takewhile(lambda known: known[0].startswith(prefix), self._known[start:])]


class Table:
    """The documents of one kind. A deleted one stays, with ``deleted`` set."""

    def __init__(self) -> None:
        self._rows: dict[str, list[_Version]] = {}
        self._lagging: dict[str, datetime] = {}
        """Rows whose newest version some reader cannot see yet, with the time from which all can."""
        self._index: list[Position] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, document: Document, visible_at: datetime, now: datetime) -> None:
        """Store the next version of a document."""
        versions = self._rows.setdefault(document["id"], [])
        versions.append(_Version(document, visible_at))
        if visible_at > now:
            self._lagging[document["id"]] = max(visible_at, self._lagging.get(document["id"], visible_at))
        elif len(versions) > 1 and document["id"] not in self._lagging:
            del versions[:-1]
        self._index = None

    def newest(self, id: str) -> Document | None:
        """The truth."""
        versions = self._rows.get(id)
        return versions[-1].document if versions else None

    def visible(self, id: str, now: datetime) -> Document | None:
        """What a lagging reader sees: the newest version that has reached it."""
        self._settle(now)
        return self._visible(id, now)

    def _visible(self, id: str, now: datetime) -> Document | None:
        if id not in self._lagging:
            return self.newest(id)
        seen = [version.document for version in self._rows[id] if version.visible_at <= now]
        return seen[-1] if seen else None

    def all_newest(self) -> list[Document]:
        return [versions[-1].document for versions in self._rows.values()]

    def all_visible(self, now: datetime) -> list[Document]:
        self._settle(now)
        return [document for id in self._rows if (document := self._visible(id, now)) is not None]

    def changes(self, since: str, after: Position | None, limit: int, now: datetime) -> Sequence[Document]:
        """Visible documents changed at or after ``since``, in the order (change time, id), behind ``after``."""
        index = self._sort(now)
        start = bisect_left(index, (since, ""))
        if after is not None:
            start = max(start, bisect_right(index, after))
        found = [self._visible(id, now) for _, id in index[start : start + limit]]
        return [document for document in found if document is not None]

    def _sort(self, now: datetime) -> list[Position]:
        self._settle(now)
        if self._index is None:
            self._index = sorted((document["modified_at"], document["id"]) for document in self.all_visible(now))
        return self._index

    def _settle(self, now: datetime) -> None:
        """Forget versions that nobody sees any more. While anything lags, the sorted index holds for one instant."""
        if not self._lagging:
            return
        self._index = None
        for id in [id for id, until in self._lagging.items() if until <= now]:
            del self._lagging[id]
            del self._rows[id][:-1]
