"""One list of all that waits for a person: why, how much money is at stake, and the command that settles it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.errors import ConfigInvalid, NotFound
from hub.sync.context import Hub
from hub.sync.gather import gather
from hub.sync.waits import ID_LENGTH, TodoItem, find_missing_code

SHORTEST = 4
"""Characters of an id that people are shown at least."""


@dataclass(frozen=True)
class TodoFilter:
    """Which entries are meant; None or empty: all. ``code`` is a reason, with or without its room, also one inside the
    reason. ``since``: began to wait then or later. ``dropped``: those that a person gave up, instead of those that
    wait. ``missing_code``: for want of a line in a code table."""

    connection: str | None = None
    kind: str | None = None
    code: str | None = None
    since: datetime | None = None
    dropped: bool = False
    missing_code: bool = False

    def fits(self, item: TodoItem) -> bool:
        """Whether the entry is one of those that are meant."""
        return (
            (self.connection is None or item.connection in (self.connection, "*"))
            and (self.kind is None or item.kind == self.kind)
            and (self.code is None or any(_is_code(code, self.code) for code in list_codes(item.code, item.params)))
            and (self.since is None or (item.since is not None and item.since >= self.since))
            and (item.kind_of_wait == "dropped") == self.dropped
            and (not self.missing_code or find_missing_code(item.params) is not None)
        )


ALL = TodoFilter()


def _is_code(code: str, wanted: str) -> bool:
    return wanted in (code, code.partition(".")[2])


def list_codes(code: str, params: Mapping[str, Any]) -> Iterator[str]:
    """A reason and the reasons inside it."""
    yield code
    for value in params.values():
        if isinstance(value, dict) and "code" in value:
            yield from list_codes(value["code"], value["params"])


def list_todo(
    hub: Hub, chosen: TodoFilter = ALL, *, connection: str | None = None, limit: int | None = None
) -> list[TodoItem]:
    """What waits (on one connection): most money first, then the oldest; what is only to be counted comes last. Sends
    nothing."""
    chosen = chosen if connection is None else replace(chosen, connection=connection)
    found = [item for item in _list_all(hub) if chosen.fits(item)]
    return found if limit is None else found[:limit]


def _list_all(hub: Hub) -> list[TodoItem]:
    """Everything, each with the shortest beginning of its id that no other shares."""
    found = sorted(gather(hub, set(hub.config.connections)), key=_rank)
    shorts = shorten_ids([item.id for item in found])
    return [
        replace(item, short=shorts[item.id], command=item.command.replace("{id}", shorts[item.id])) for item in found
    ]


def shorten_ids(ids: Sequence[str]) -> dict[str, str]:
    """Id → its shortest beginning that no other of the ids shares."""
    ordered = sorted(set(ids))
    shorts = {}
    for place, id_ in enumerate(ordered):
        beside = ordered[max(0, place - 1) : place] + ordered[place + 1 : place + 2]
        length = max((_count_shared(id_, other) + 1 for other in beside), default=SHORTEST)
        shorts[id_] = id_[: min(max(length, SHORTEST), ID_LENGTH)]
    return shorts


def _count_shared(one: str, other: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def _rank(item: TodoItem) -> tuple[bool, Decimal, bool, str]:
    since = item.since.isoformat() if item.since else ""
    return item.informational, -abs(item.base_amount or Decimal(0)), item.since is None, since


def find_item(hub: Hub, text: str) -> TodoItem:
    """The entry with this id, or this beginning of one; also by the id of its binding. ``NotFound``, or
    ``ConfigInvalid`` when several begin so."""
    wanted = text.strip().lower()
    items = _list_all(hub)
    found = [item for item in items if wanted and item.id.startswith(wanted)]
    if not found and len(wanted) >= ID_LENGTH:
        bare = wanted.replace("-", "")
        found = [item for item in items if item.binding_id and item.binding_id.hex.startswith(bare)]
        found = found[:1] if len({item.binding_id for item in found}) == 1 else found
    if not found:
        raise NotFound("todo.unknown", text=text)
    if len(found) > 1:
        raise ConfigInvalid("todo.ambiguous", text=text, ids=", ".join(item.short for item in found[:6]))
    return found[0]


__all__ = ["ALL", "TodoFilter", "TodoItem", "find_item", "list_todo", "shorten_ids"]
