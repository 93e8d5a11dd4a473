"""Persons of a list, pair by pair."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import polars as pl

from hub.identity.cluster import Cluster, Edge, cluster_pairs
from hub.identity.decide import Band, Decision, decide_pair, find_contact_veto
from hub.identity.keys import NEVER_OFF, Key, list_surname_houses, make_keys
from hub.identity.profile import ContactProfile, normalise_contact
from hub.sync.dedupe.accounts import describe_question
from hub.sync.dedupe.answer import Answer
from hub.sync.dedupe.workers import Progress

MOST = 60
"""So many persons may share a key; more say nothing."""
STEP = 20_000


def find_contacts(raw: Mapping[str, pl.Series], progress: Progress, *, auto_only: bool, ask: bool) -> Answer:
    profiles = _normalise(raw, progress)
    pairs, counts, off = find_contact_candidates(profiles)
    decided = []
    for at, (one, other) in enumerate(pairs):
        if at % STEP == 0:
            progress("compare", at, len(pairs))
        decision = decide_pair(profiles[one], profiles[other], lambda kind, value: counts[kind, value])
        if decision.band is not Band.SEPARATE:
            decided.append((one, other, decision))
    progress("compare", len(pairs), len(pairs))
    edges = [_make_edge(profiles, one, other, decision) for one, other, decision in decided]
    clusters = cluster_pairs(
        edges, lambda one, other: find_contact_veto(profiles[one], profiles[other]) is not None, auto_only=auto_only
    )
    cluster, band = _spread_out(len(profiles), clusters)
    questions = _list_questions(raw, decided, clusters) if ask else []
    return Answer(cluster, band, np.full(len(profiles), -1), questions, off)


def _normalise(raw: Mapping[str, pl.Series], progress: Progress) -> list[ContactProfile]:
    count = len(next(iter(raw.values())))
    fields = {name: raw[name].to_list() if name in raw else [""] * count for name in _FIELDS}
    found = []
    for at, (name, phone, mail, external, company) in enumerate(zip(*fields.values(), strict=True)):
        if at % STEP == 0:
            progress("normalise", at, count)
        found.append(normalise_contact(name=name, phones=[phone], mails=[mail], external_id=external, company=company))
    progress("normalise", count, count)
    return found


_FIELDS = ("name", "phone", "mail", "external_id", "company")


def find_contact_candidates(
    profiles: Sequence[ContactProfile],
) -> tuple[list[tuple[int, int]], Counter[tuple[str, str]], dict[str, int]]:
    """(pairs that share a key, how many carry each key, kind of key → how many were switched off)."""
    holders: defaultdict[Key, list[int]] = defaultdict(list)
    for at, profile in enumerate(profiles):
        for key in make_keys(profile):
            holders[key].append(at)
    off: Counter[str] = Counter()
    pairs: set[tuple[int, int]] = set()
    for key, rows in holders.items():
        if len(rows) > MOST and key.kind not in NEVER_OFF:
            off[key.kind] += 1
        elif len(rows) > MOST:
            pairs.update(pairwise(rows))
        else:
            pairs.update(combinations(rows, 2))
    counts: Counter[tuple[str, str]] = Counter({(key.kind, key.value): len(rows) for key, rows in holders.items()})
    for value, names in _find_surname_mates(profiles).items():
        counts["surname_house_names", value] = len(names)
    return sorted(pairs), counts, dict(off)


def _find_surname_mates(profiles: Sequence[ContactProfile]) -> Mapping[str, set[str]]:
    """Surname and house → the whole names that are known there."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for profile in profiles:
        if not profile.name.partial:
            for value in list_surname_houses(profile):
                found[value].add(profile.name.sound)
    return found


def _make_edge(profiles: Sequence[ContactProfile], one: int, other: int, decision: Decision) -> Edge[int]:
    tie = " ".join(sorted((repr(profiles[one]), repr(profiles[other]))))
    return Edge(one, other, decision.weight, decision.band, tie)


def _spread_out(count: int, clusters: Sequence[Cluster[int]]) -> tuple[Any, Any]:
    cluster, band = np.arange(count), np.zeros(count, dtype=np.int8)
    for found in clusters:
        cluster[list(found.members)] = min(found.members)
        band[list(found.members)] = 2
        if len(found.sure[0]) > 1:
            band[list(found.sure[0])] = 1
    return cluster, band


def _list_questions(
    raw: Mapping[str, pl.Series], decided: Sequence[tuple[int, int, Decision]], clusters: Sequence[Cluster[int]]
) -> list[dict[str, Any]]:
    group = {member: at for found in clusters for at, sure in enumerate(found.sure) for member in sure}
    named = {member: id(found) for found in clusters for member in found.members}
    best: dict[tuple[Any, Any], tuple[int, int, Decision]] = {}
    for one, other, decision in sorted(decided, key=lambda row: -row[2].weight):
        mine, theirs = (named.get(one), group.get(one, one)), (named.get(other), group.get(other, other))
        if mine != theirs:
            best.setdefault((mine, theirs) if str(mine) < str(theirs) else (theirs, mine), (one, other, decision))
    names = raw["name"] if "name" in raw else next(iter(raw.values()))
    return [describe_question(row[2], row[0], row[1], names[row[0]], names[row[1]]) for row in best.values()]
