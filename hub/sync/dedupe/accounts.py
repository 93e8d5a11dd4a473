"""Companies of a list, all at once in arrays."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import polars as pl

from hub.identity.blocking import count_keys, find_account_candidates
from hub.identity.columns import Numbers, spread_side_by_side
from hub.identity.decide import Decision, decide_pair
from hub.identity.grouping import choose_parents, group_accounts
from hub.identity.profile import AccountProfile, normalise_account
from hub.identity.scoring import Pairs, Scored, find_parents, score_accounts, split_by_veto
from hub.identity.table import AccountTable, make_table
from hub.sync.dedupe.answer import Answer
from hub.sync.dedupe.workers import Crew, Progress, open_crew, tell


def find_accounts(
    raw: Mapping[str, pl.Series], progress: Progress, *, auto_only: bool, ask: bool, crew: Crew | None = None
) -> Answer:
    with open_crew(len(raw["name"])) if crew is None else nullcontext(crew) as hands:
        table = make_table(raw, tell(hands.spread, "normalise", progress))
        progress("compare", 0, 3)
        many = hands.parts > 1
        found = find_account_candidates(table, hands.spread if many else spread_side_by_side, hands.parts)
        progress("compare", 1, 3)
        free, crossing = split_by_veto(Pairs(table, found.one, found.other))
        branch, parent = find_parents(crossing)
        counts = count_keys(table)
        scored = score_accounts(free, counts, hands.spread)
    progress("compare", 2, 3)
    grouping = group_accounts(table, scored, auto_only=auto_only)
    parents = choose_parents(table, grouping, branch, parent)
    questions = list_questions(raw, table, scored, counts) if ask else []
    progress("compare", 3, 3)
    return Answer(grouping.cluster, grouping.band, parents, questions, found.switched_off)


def list_questions(
    raw: Mapping[str, pl.Series], table: AccountTable, scored: Scored, counts: Mapping[str, Numbers]
) -> list[dict[str, Any]]:
    """What a person would be asked: the best edge between each two groups that needed nobody."""
    sure = group_accounts(table, scored, auto_only=True).cluster
    one, other = sure[scored.one], sure[scored.other]
    open_ = np.flatnonzero((one != other) & ~scored.auto)
    low, high = np.minimum(one, other)[open_].astype(np.int64), np.maximum(one, other)[open_]
    order = np.lexsort((-scored.weight[open_], low * table.count + high))
    keys = (low * table.count + high)[order]
    first = order[np.flatnonzero(np.concatenate(([True], np.diff(keys) != 0)))] if len(order) else order
    chosen = open_[first]
    chosen = chosen[np.argsort(-scored.weight[chosen], kind="stable")]
    return [
        _ask(raw, counts, left, right)
        for left, right in zip(scored.one[chosen].tolist(), scored.other[chosen].tolist(), strict=True)
    ]


def _ask(raw: Mapping[str, pl.Series], counts: Mapping[str, Numbers], one: int, other: int) -> dict[str, Any]:
    mine, theirs = profile_of(raw, one), profile_of(raw, other)
    known: dict[tuple[str, str], int] = {}
    for row, profile in ((one, mine), (other, theirs)):
        known["core", profile.name.core] = int(counts["core"][row])
        known["core_codes", profile.name.core] = int(counts["core_codes"][row])
        known["brand_sound", profile.name.brand_sound] = int(counts["brand"][row])
    decision = decide_pair(mine, theirs, lambda kind, value: known.get((kind, value), 0))
    return describe_question(decision, one, other, raw["name"][one], raw["name"][other])


def describe_question(decision: Decision, one: int, other: int, name: str, other_name: str) -> dict[str, Any]:
    shown = [
        f"{item.field} {item.level} {item.weight:+d}".replace("  ", " ") for item in decision.evidence if item.weight
    ]
    against = decision.against
    return {
        "one": one, "other": other, "name_1": name, "name_2": other_name, "weight": decision.weight,
        "evidence": "; ".join(shown),
        "against": f"{against.field} {against.level} {against.weight:+d}" if against is not None else "",
    }  # fmt: skip


def profile_of(raw: Mapping[str, pl.Series], row: int) -> AccountProfile:
    def get(field: str) -> str:
        return str(raw[field][row]) if field in raw else ""

    return normalise_account(
        name=get("name"), codes=[get("code")], phones=[get("phone")], mails=[get("mail")], website=get("site"),
        address=get("address"), province=get("province"), city=get("city"), legal_person=get("person"),
    )  # fmt: skip
