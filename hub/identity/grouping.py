"""Clusters of a whole table. Where no veto can hold between members, a component of the graph is a cluster; elsewhere
the edges are taken one by one, the best first, as ``cluster_pairs`` does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hub.identity.cluster import Edge, cluster_pairs
from hub.identity.columns import Numbers, sort_different
from hub.identity.compare import is_inside
from hub.identity.decide import Band
from hub.identity.scoring import Scored
from hub.identity.table import AccountTable

SINGLE, AUTO, REVIEW = 0, 1, 2


@dataclass
class Grouping:
    """One entry for each row. ``cluster``: its cluster, named by one of its rows. ``band``: single, auto (joined only
    by what needs no person) or review."""

    cluster: Numbers
    band: Numbers


def group_accounts(table: AccountTable, scored: Scored, *, auto_only: bool) -> Grouping:
    chosen = scored.auto if auto_only else np.ones(len(scored.one), dtype=np.bool_)
    edges = Scored(scored.one[chosen], scored.other[chosen], scored.weight[chosen], scored.auto[chosen])
    cluster = find_components(table.count, edges.one, edges.other)
    doubtful = _find_doubtful(table, cluster)[cluster]
    plain = ~doubtful[edges.one]
    sure = find_components(table.count, edges.one[edges.auto & plain], edges.other[edges.auto & plain])
    cluster = np.where(doubtful, np.arange(table.count, dtype=cluster.dtype), cluster)
    _group_doubtful(table, edges, np.flatnonzero(~plain), cluster, sure)
    return Grouping(cluster, find_bands(cluster, sure, table["content"]))


def find_components(count: int, one: Numbers, other: Numbers) -> Numbers:
    """Row → the smallest row that it is connected with."""
    label = np.arange(count, dtype=np.int32)
    while len(one):
        mine, theirs = label[one], label[other]
        apart = mine != theirs
        if not apart.any():
            break
        one, other, mine, theirs = one[apart], other[apart], mine[apart], theirs[apart]
        low, high = np.minimum(mine, theirs), np.maximum(mine, theirs)
        np.minimum.at(label, high, low)
        while True:
            shorter = label[label]
            if (shorter == label).all():
                break
            label = shorter
    return label


def _find_doubtful(table: AccountTable, cluster: Numbers) -> Numbers:
    """Name of a cluster → whether two of its members may be kept apart by a veto; false for what names none."""
    order = np.argsort(cluster, kind="stable")
    heads = np.flatnonzero(np.concatenate(([True], np.diff(cluster[order]) != 0)))
    doubt = np.zeros(len(heads), dtype=np.bool_)
    codes = table["uscc"][order]
    least = np.where(codes == 0, np.uint64(2**64 - 1), codes)
    doubt |= np.minimum.reduceat(least, heads) < np.maximum.reduceat(codes, heads)
    for part in ("branch", "branch_place", "group"):
        values = table.of_name(part)[order]
        doubt |= np.minimum.reduceat(values, heads) != np.maximum.reduceat(values, heads)
    found = np.zeros(table.count, dtype=np.bool_)
    found[cluster[order][heads]] = doubt
    return found


def _group_doubtful(table: AccountTable, edges: Scored, chosen: Numbers, cluster: Numbers, sure: Numbers) -> None:
    if not len(chosen):
        return
    content = table["content"]
    one, other = edges.one[chosen], edges.other[chosen]
    low, high = np.minimum(content[one], content[other]), np.maximum(content[one], content[other])
    found = cluster_pairs(
        (
            Edge(left, right, weight, Band.AUTO if auto else Band.REVIEW, f"{first:020d} {second:020d}")
            for left, right, weight, auto, first, second in zip(
                one.tolist(), other.tolist(), edges.weight[chosen].tolist(), edges.auto[chosen].tolist(),
                low.tolist(), high.tolist(), strict=True,
            )
        ),
        make_veto(table, sort_different(np.concatenate((one, other)))),
    )  # fmt: skip
    for group in found:
        cluster[list(group.members)] = min(group.members)
        for members in group.sure:
            sure[list(members)] = min(members)


def make_veto(table: AccountTable, rows: Numbers) -> Callable[[int, int], bool]:
    """``find_account_veto`` for rows of a table."""
    columns = [table["uscc"][rows].tolist()]
    name_id = table.ids["name"][rows]
    columns += [
        table.names[part][name_id].tolist() for part in ("branch", "branch_place", "group", "latin", "complete")
    ]
    facts = dict(zip(rows.tolist(), zip(*columns, strict=True), strict=True))

    def is_vetoed(one: int, other: int) -> bool:
        code, branch, place, group, latin, complete = facts[one]
        code_, branch_, place_, group_, latin_, complete_ = facts[other]
        if branch != branch_:
            return True
        if branch and place != place_ and not is_inside(_branch_codes(table, one), _branch_codes(table, other)):
            return True
        if code and code_:
            return bool(code != code_)
        return group != group_ and not latin and not latin_ and bool(complete_ if group else complete)

    return is_vetoed


def _branch_codes(table: AccountTable, row: int) -> tuple[str, ...]:
    name = table.ids["name"][row]
    codes, sizes = table.names["codes"][name, 2:].tolist(), table.names["code_sizes"][name, 2:].tolist()
    return tuple(f"{code:06d}"[:size] for code, size in zip(codes, sizes, strict=True) if size)


def find_bands(cluster: Numbers, sure: Numbers, content: Numbers) -> Numbers:
    """In each cluster the largest group that needed no person is ``auto``; what joined it by a question ``review``."""
    count = len(cluster)
    size = np.bincount(cluster, minlength=count)
    sure_size = np.bincount(sure, minlength=count)
    first = np.full(count, np.uint64(2**64 - 1))
    np.minimum.at(first, sure, content)
    groups = sort_different(sure)
    order = groups[np.lexsort((first[groups], -sure_size[groups], cluster[groups]))]
    best = order[np.flatnonzero(np.concatenate(([True], np.diff(cluster[order]) != 0)))]
    leading = np.zeros(count, dtype=np.bool_)
    leading[best] = True
    auto = leading[sure] & (sure_size[sure] > 1)
    return np.where(size[cluster] < 2, SINGLE, np.where(auto, AUTO, REVIEW)).astype(np.int8)


def choose_parents(table: AccountTable, grouping: Grouping, branch: Numbers, parent: Numbers) -> Numbers:
    """Row → a row of the cluster that it is a branch of; -1 for none. Where several fit: the parent whose code the
    branch carries, then the larger cluster, then by content."""
    found = np.full(table.count, -1, dtype=np.int32)
    if not len(branch):
        return found
    size = np.bincount(grouping.cluster, minlength=table.count)
    owned = (table["parent_uscc"][branch] != 0) & (table["parent_uscc"][branch] == table["uscc"][parent])
    order = np.lexsort((table["content"][parent], -size[grouping.cluster[parent]], ~owned))
    found[branch[order[::-1]]] = grouping.cluster[parent[order[::-1]]]
    # What one record of a branch tells holds for all of them.
    told = np.flatnonzero(found >= 0)
    shared = np.full(table.count, -1, dtype=np.int32)
    shared[grouping.cluster[told]] = found[told]
    return np.where(found >= 0, found, shared[grouping.cluster])
