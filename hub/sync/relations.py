"""References between records, wherever a kind has them: in a field, in a line, to a kind or to any kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args
from uuid import UUID

from hub.model.base import Line
from hub.model.kinds import (
    find_kind,
    list_any_refs,
    list_fields,
    list_line_any_refs,
    list_line_refs,
    list_refs,
    load_kinds,
)
from hub.store import UnitOfWork
from hub.sync.aliases import IDENTIFIED, find_roots, has_merges

Roots = Mapping[str, Mapping[UUID, UUID]]
"""Kind → merged record → what stands for it."""


@dataclass(frozen=True)
class Link:
    """Where a kind refers to records: ``field``, inside the lines of ``lines`` ("" for a plain field); to ``kind``, or
    to the kind that the field ``by`` names."""

    field: str
    lines: str = ""
    kind: str = ""
    by: str = ""

    def kind_of(self, holder: Any) -> str:
        """The kind that a record's values, or a line, refer to."""
        if not self.by:
            return self.kind
        return str((holder.get(self.by) if isinstance(holder, Mapping) else getattr(holder, self.by)) or "")


@cache
def list_links(kind: str) -> tuple[Link, ...]:
    """Every place where records of a kind refer to others."""
    found = [Link(field, kind=target) for field, target in list_refs(kind)]
    found += [Link(field, by=by) for field, by in list_any_refs(kind)]
    for lines, line in _list_line_models(kind):
        found += [Link(field, lines, kind=target) for field, target in list_line_refs(line)]
        found += [Link(field, lines, by=by) for field, by in list_line_any_refs(line)]
    return tuple(found)


def _list_line_models(kind: str) -> Iterator[tuple[str, type[Line]]]:
    for name, info in list_fields(kind).items():
        for line in get_args(info.annotation):
            if isinstance(line, type) and issubclass(line, Line):
                yield name, line


@cache
def _list_party_links(kind: str) -> tuple[Link, ...]:
    return tuple(link for link in list_links(kind) if link.by or link.kind in IDENTIFIED)


def list_refs_of(kind: str, values: Mapping[str, Any]) -> Iterator[tuple[Link, str, UUID]]:
    """(where, kind, id) of every reference in a record's values that could be to a merged record."""
    for link in _list_party_links(kind):
        for holder in (values.get(link.lines) or ()) if link.lines else (values,):
            id_ = holder.get(link.field) if isinstance(holder, Mapping) else getattr(holder, link.field)
            if id_ is not None and (target := link.kind_of(holder)) in IDENTIFIED:
                yield link, target, id_


def follow_refs(tx: UnitOfWork, kind: str, record_id: UUID, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a record with every reference to a merged record as one to what became of it. What sources said
    stays as they said it."""
    if not _list_party_links(kind) or not has_merges(tx):
        return values
    found = dict(values)
    wanted: dict[str, set[UUID]] = {}
    for _, target, id_ in list_refs_of(kind, found):
        wanted.setdefault(target, set()).add(id_)
    roots = {target: moved for target, ids in wanted.items() if (moved := find_roots(tx, target, ids))}
    for link in _list_party_links(kind):
        if link.lines:
            found.update({link.lines: _follow_lines(link, found[link.lines], roots)} if found.get(link.lines) else {})
        elif (named := found.get(link.field)) is not None:
            target = link.kind_of(found)
            leads = roots.get(target, {}).get(named, named)
            # nobody is a branch of himself, even where two were found to be one
            found[link.field] = leads if (target, leads) != (kind, record_id) else None
    return found


def _follow_lines(link: Link, rows: tuple[Any, ...], roots: Roots) -> tuple[Any, ...]:
    """Lines that come to share what no two lines share are one line: the one that counts more."""
    moved = [_follow_line(link, row, roots) for row in rows]
    distinct = type(rows[0]).DISTINCT
    if not distinct or all(new is old for new, old in zip(moved, rows, strict=True)):
        return tuple(moved)
    kept: dict[tuple[Any, ...], Any] = {}
    for row in moved:
        key = tuple(getattr(row, field) for field in distinct)
        if key not in kept or (getattr(row, "primary", False) and not kept[key].primary):
            kept[key] = row
    return tuple(kept.values())


def _follow_line(link: Link, row: Any, roots: Roots) -> Any:
    root: UUID | None = roots.get(link.kind_of(row), {}).get(getattr(row, link.field))
    return row if root is None else row.model_copy(update={link.field: root})


@dataclass(frozen=True)
class Place:
    """A record that refers to another one."""

    kind: str
    record_id: UUID


def list_referring(tx: UnitOfWork, kind: str, record_id: UUID) -> list[Place]:
    """Every living record that refers to this one, each once, in the order of kinds and ids."""
    found: set[Place] = set()
    for name in load_kinds():
        for link in list_links(name):
            if link.by or link.kind == kind:
                found |= {Place(name, id_) for id_ in _list_holders(tx, name, link, kind, record_id)}
    return sorted(found, key=lambda place: (place.kind, place.record_id))


def _list_holders(tx: UnitOfWork, name: str, link: Link, kind: str, record_id: UUID) -> Iterator[UUID]:
    where: dict[str, Any] = {link.field: record_id, **({link.by: kind} if link.by else {})}
    if link.lines:
        return (row.id for row in tx.find_by_line(find_kind(name), link.lines, **where))
    return (row.id for row in tx.pluck(find_kind(name), ("id",), deleted_at=None, **where))
