"""Who belongs together, from what is known about pairs: best edge first, refused where a veto holds between any two
members. The result does not depend on the order in which records or edges come."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hub.identity.decide import Band

Member = TypeVar("Member", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Edge(Generic[Member]):
    """Two records that may be the same. ``tie``: tells edges of one weight apart by what the records say, the same in
    whatever order they come."""

    one: Member
    other: Member
    weight: int
    band: Band
    tie: str = ""


@dataclass(frozen=True, slots=True)
class Cluster(Generic[Member]):
    """``sure``: groups of members that were joined without a person, the largest first; ``members``: all of them. More
    than one group: they were joined by edges that a person should see."""

    members: tuple[Member, ...]
    sure: tuple[tuple[Member, ...], ...]


def cluster_pairs(
    edges: Iterable[Edge[Member]],
    is_vetoed: Callable[[Member, Member], bool],
    *,
    auto_only: bool = False,
) -> list[Cluster[Member]]:
    """Clusters of two and more. ``is_vetoed``: whether two members may never be one, told of any two."""
    ranked = sorted(edges, key=lambda edge: (edge.band is not Band.AUTO, -edge.weight, edge.tie))
    sure = _Groups[Member](is_vetoed)
    for edge in ranked:
        if edge.band is Band.AUTO:
            sure.join(edge.one, edge.other)
    every = sure.copy()
    for edge in ranked:
        if edge.band is Band.REVIEW and not auto_only:
            every.join(edge.one, edge.other)
    return [_make_cluster(members, sure) for members in every.list_groups() if len(members) > 1]


def _make_cluster(members: Sequence[Member], sure: _Groups[Member]) -> Cluster[Member]:
    groups = {id(group): group for group in map(sure.group_of, members)}
    return Cluster(tuple(members), tuple(sorted(map(tuple, groups.values()), key=len, reverse=True)))


class _Groups(Generic[Member]):
    def __init__(self, is_vetoed: Callable[[Member, Member], bool]) -> None:
        self._is_vetoed = is_vetoed
        self._group: dict[Member, list[Member]] = {}

    def copy(self) -> _Groups[Member]:
        other = _Groups(self._is_vetoed)
        for members in self.list_groups():
            fresh = list(members)
            other._group.update(dict.fromkeys(fresh, fresh))
        return other

    def group_of(self, member: Member) -> list[Member]:
        return self._group.setdefault(member, [member])

    def join(self, one: Member, other: Member) -> bool:
        """Whether the two are in one group now."""
        mine, theirs = self.group_of(one), self.group_of(other)
        if mine is theirs:
            return True
        if any(self._is_vetoed(left, right) for left in mine for right in theirs):
            return False
        less, more = (mine, theirs) if len(mine) < len(theirs) else (theirs, mine)
        more.extend(less)
        self._group.update(dict.fromkeys(less, more))
        return True

    def list_groups(self) -> list[list[Member]]:
        return list({id(group): group for group in self._group.values()}.values())
