"""Weights of many pairs at once: what ``decide_pair`` says of each, in arrays. A test holds the two together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hub.identity import compare, weights
from hub.identity.columns import FORMS, PIECE, Numbers, Parts, Spread, Task, spread_here
from hub.identity.decide import BY_BRAND, FULL, OWN, PROVEN, WHOLE
from hub.identity.table import AccountTable, pick_names, read_names

NAMES = compare.NAME_LEVELS
_RANK = {level: place for place, level in enumerate(NAMES)}
_NAME_WEIGHTS = np.array([weights.ACCOUNT["name"][level] for level in NAMES], dtype=np.int32)
_BEST_OTHER = max(
    weights.ACCOUNT["name"][level]
    for level in NAMES
    if level not in (compare.EXACT, compare.SAME, compare.SAME_BRAND, compare.SAME_SHORT)
)
_WHOLE = np.array([level in WHOLE for level in NAMES], dtype=np.bool_)
_PROVEN = np.array([weights.ACCOUNT["code"][level] for level in PROVEN])
_OWN = np.array([weights.ACCOUNT["reach"][level] for level in OWN])


@dataclass
class Scored:
    """Pairs that are no less than a question. ``weight``: as ``Decision.weight``; ``auto``: needs no person."""

    one: Numbers
    other: Numbers
    weight: Numbers
    auto: Numbers


class Pairs:
    """The columns of a table, seen from both sides of some pairs."""

    def __init__(self, table: AccountTable, one: Numbers, other: Numbers) -> None:
        self.table, self.one, self.other = table, one, other
        self.name_one, self.name_other = table.ids["name"][one], table.ids["name"][other]

    def get(self, column: str) -> tuple[Numbers, Numbers]:
        values = self.table[column]
        return values[self.one], values[self.other]

    def get_name(self, part: str) -> tuple[Numbers, Numbers]:
        values = self.table.names[part]
        return values[self.name_one], values[self.name_other]

    def equal(self, column: str) -> Numbers:
        mine, theirs = self.get(column)
        same: Numbers = (mine == theirs) & (mine != 0)
        return same

    def keep(self, chosen: Numbers) -> Pairs:
        return Pairs(self.table, self.one[chosen], self.other[chosen])


# ---------------------------------------------------------------- vetoes


def split_by_veto(pairs: Pairs) -> tuple[Pairs, Pairs]:
    """(pairs without a veto, pairs of a branch and a company that is none)."""
    mine, theirs = pairs.get_name("branch")
    crossing = (mine != 0) != (theirs != 0)
    one, other = pairs.get("uscc")
    apart = (one != 0) & (other != 0) & (one != other)
    free = ~crossing & ~apart
    free &= ~((mine != 0) & free & _branches_differ(pairs, mine, theirs))
    free &= (one == other) & (one != 0) | ~_groups_differ(pairs)
    return pairs.keep(np.flatnonzero(free)), pairs.keep(np.flatnonzero(crossing))


def _branches_differ(pairs: Pairs, mine: Numbers, theirs: Numbers) -> Numbers:
    one, other = pairs.get_name("branch_place")
    differ = one != other
    asked = np.flatnonzero(differ & (mine != 0) & (theirs != 0))
    if len(asked):
        differ[asked] = ~_are_inside(pairs.keep(asked), 2)
    apart: Numbers = (mine != theirs) | differ
    return apart


def _groups_differ(pairs: Pairs) -> Numbers:
    mine, theirs = pairs.get_name("group")
    latin_one, latin_other = pairs.get_name("latin")
    complete_one, complete_other = pairs.get_name("complete")
    apart: Numbers = (mine != theirs) & ~latin_one & ~latin_other & np.where(mine, complete_other, complete_one)
    return apart


def _are_inside(pairs: Pairs, first: int) -> Numbers:
    """Whether one of the places that a name may mean lies in one of the other's. ``first``: 0 region, 2 branch."""
    codes_one, codes_other = pairs.get_name("codes")
    sizes_one, sizes_other = pairs.get_name("code_sizes")
    found = np.zeros(len(pairs.one), dtype=np.bool_)
    for mine in (first, first + 1):
        for theirs in (first, first + 1):
            found |= _is_part(codes_one[:, mine], sizes_one[:, mine], codes_other[:, theirs], sizes_other[:, theirs])
    return found


def _is_part(one: Numbers, one_size: Numbers, other: Numbers, other_size: Numbers) -> Numbers:
    size = np.minimum(one_size, other_size)
    scale = (10 ** (6 - size.astype(np.int32))).astype(np.int32)
    part: Numbers = (size > 0) & (one // scale == other // scale)
    return part


# ---------------------------------------------------------------- weights of the fields beside the name


def _pick(field: str, chosen: Mapping[str, Numbers], count: int) -> Numbers:
    """The weight of the first level whose condition holds."""
    found = np.full(count, weights.ACCOUNT[field]["unknown"], dtype=np.int32)
    for level, holds in reversed(list(chosen.items())):
        found[holds] = weights.ACCOUNT[field][level]
    return found


def _weigh_forms(pairs: Pairs) -> Numbers:
    one, other = pairs.get_name("form")
    latin_one, latin_other = pairs.get_name("latin")
    known = (one > FORMS["company"]) & (other > FORMS["company"]) & ~latin_one & ~latin_other
    return _pick("form", {"same": known & (one == other), "other": known}, len(one))


def _weigh_places(pairs: Pairs) -> Numbers:
    branch = pairs.get_name("branch")[0] != 0
    names = [
        np.where(branch, at, region)
        for at, region in zip(*map(pairs.get_name, ("branch_place", "region")), strict=True)
    ]
    latin = pairs.get_name("latin")
    named = (names[0] != 0) & (names[1] != 0) & ~latin[0] & ~latin[1]
    same = named & (names[0] == names[1])
    within = np.zeros(len(same), dtype=np.bool_)
    asked = np.flatnonzero(named & ~same)
    if len(asked):
        narrowed = pairs.keep(asked)
        within[asked] = np.where(branch[asked], _are_inside(narrowed, 2), _are_inside(narrowed, 0))
    (one, other), (size_one, size_other) = pairs.get("place"), pairs.get("place_size")
    seated = ~named & (size_one > 0) & (size_other > 0)
    part = seated & _is_part(one, size_one, other, size_other)
    equal = seated & (one == other) & (size_one == size_other)
    chosen = {
        "same": same, "within": within, "other": named, "seat_same": equal | (part & (size_one > 2) & (size_other > 2)),
        "seat_within": part, "seat_other": seated,
    }  # fmt: skip
    return _pick("place", chosen, len(same))


def _weigh_codes(pairs: Pairs) -> Numbers:
    same, organisation = pairs.equal("uscc"), pairs.equal("organisation")
    broken_one, broken_other = pairs.get("broken")
    uscc_one, uscc_other = pairs.get("uscc")
    mine, theirs = np.where(uscc_one != 0, uscc_one, broken_one), np.where(uscc_other != 0, uscc_other, broken_other)
    both = ((broken_one != 0) | (broken_other != 0)) & (mine != 0) & (theirs != 0)
    near = both & (mine == theirs)
    asked = np.flatnonzero(both & ~near & ~organisation)
    if len(asked):
        near[asked] = _compare_texts(pairs.keep(asked), "code", "code", _is_near_code)
    registered = [column != 0 for column in pairs.get("registration")]
    chosen = {
        "same": same, "organisation": organisation, "near": near, "other": both,
        "registration": pairs.equal("registration"), "registration_other": registered[0] & registered[1],
    }  # fmt: skip
    return _pick("code", chosen, len(same))


def _is_near_code(one: str, other: str) -> bool:
    return compare.count_edits(one, other, 2) <= 2


def _weigh_reach(pairs: Pairs) -> Numbers:
    mobile = np.zeros(len(pairs.one), dtype=np.bool_)
    line = mobile.copy()
    for mine in (0, 1):
        for theirs in (0, 1):
            one, other = pairs.table[f"phone{mine}"][pairs.one], pairs.table[f"phone{theirs}"][pairs.other]
            same = (one == other) & (one != 0)
            moving = pairs.table[f"mobile{mine}"][pairs.one]
            mobile |= same & moving
            line |= same & ~moving
    line &= ~mobile
    box, house = pairs.equal("box"), pairs.equal("domain")
    one, other = pairs.get("domain")
    apart = (one != 0) & (other != 0) & ~house & ~mobile & ~box & ~line
    asked = np.flatnonzero(apart)
    if len(asked):
        apart[asked] = ~_compare_texts(pairs.keep(asked), "domain", None, compare.is_near_domain)
    chosen = {
        "personal_twice": mobile & box, "personal_house": (mobile | box) & (house | line), "personal": mobile | box,
        "house_line": house & line, "house": house, "line": line, "house_other": apart,
    }  # fmt: skip
    return _pick("reach", chosen, len(mobile))


def _weigh_streets(pairs: Pairs) -> Numbers:
    one, other = pairs.get("street")
    both = (one != 0) & (other != 0)
    (code_one, code_other), (size_one, size_other) = pairs.get("address_code"), pairs.get("address_size")
    apart = (size_one > 0) & (size_other > 0) & ~_is_part(code_one, size_one, code_other, size_other)
    same = both & ~apart & (one == other)
    near = np.zeros(len(both), dtype=np.bool_)
    asked = np.flatnonzero(both & ~apart & ~same)
    if len(asked):
        near[asked] = _compare_texts(pairs.keep(asked), "street", "address", compare.is_near_street)
    return _pick("street", {"same": same, "near": near, "other": both}, len(both))


def _weigh_people(pairs: Pairs) -> Numbers:
    one, other = pairs.get("person")
    both, same = (one != 0) & (other != 0), pairs.equal("person")
    near = np.zeros(len(both), dtype=np.bool_)
    asked = np.flatnonzero(both & ~same)
    if len(asked):
        near[asked] = _compare_texts(pairs.keep(asked), "person", "person", _is_near_sound)
    return _pick("person", {"same": same, "near": near, "other": both}, len(both))


def _is_near_sound(one: str, other: str) -> bool:
    return compare.count_edits(one, other, 1) <= 1


def _compare_texts(pairs: Pairs, kind: str, ids: str | None, holds: Callable[[str, str], bool]) -> Numbers:
    """A question about two texts, asked once for each two different ones."""
    texts = pairs.table.texts[kind]
    key = pairs.table.ids[ids] if ids is not None else None
    one = pairs.one if key is None else key[pairs.one]
    other = pairs.other if key is None else key[pairs.other]
    left, right = texts.gather(one).to_list(), texts.gather(other).to_list()
    known: dict[tuple[str, str], bool] = {}
    found = np.zeros(len(left), dtype=np.bool_)
    for at, pair in enumerate(zip(left, right, strict=True)):
        answer = known.get(pair)
        if answer is None:
            answer = known[pair] = holds(*pair)
        found[at] = answer
    return found


# ---------------------------------------------------------------- the name, and all together


_LATER = {"form": _weigh_forms, "street": _weigh_streets, "person": _weigh_people}
_MOST_LATER = sum(max(weights.ACCOUNT[field].values()) for field in _LATER)


def score_accounts(pairs: Pairs, counts: Mapping[str, Numbers], spread: Spread = spread_here) -> Scored:
    """The pairs without a veto that are worth a question, with their weights."""
    codes, reach = _weigh_codes(pairs), _weigh_reach(pairs)
    beyond = np.isin(codes, _PROVEN) | np.isin(reach, _OWN)
    weight = weights.ACCOUNT_BASE + codes + reach + _weigh_places(pairs)
    level = _find_easy_levels(pairs)
    ceiling = np.where(level >= 0, _NAME_WEIGHTS[level], _BEST_OTHER)
    # Most pairs cannot become a question any more: nothing further is asked about them.
    kept = np.flatnonzero(weight + ceiling + _MOST_LATER >= weights.REVIEW)
    pairs, weight, beyond, level, ceiling = pairs.keep(kept), weight[kept], beyond[kept], level[kept], ceiling[kept]
    for weigh in _LATER.values():
        weight += weigh(pairs)
    kept = np.flatnonzero(weight + ceiling >= weights.REVIEW)
    pairs, weight, beyond, level = pairs.keep(kept), weight[kept], beyond[kept], level[kept]
    hard = np.flatnonzero(level < 0)
    if len(hard):
        level[hard] = _find_hard_levels(pairs.keep(hard), spread)
    weight += _NAME_WEIGHTS[level] + _weigh_commonness(pairs, level, counts)
    auto = (weight >= weights.AUTO) & (beyond | _WHOLE[level])
    kept = np.flatnonzero(weight >= weights.REVIEW)
    return Scored(pairs.one[kept], pairs.other[kept], weight[kept], auto[kept])


def _find_easy_levels(pairs: Pairs) -> Numbers:
    """Levels that numbers tell; -1 for the others."""
    one, other = pairs.get_name("core_key")
    alternate_one, alternate_other = pairs.get_name("alternate")
    long_one, long_other = (
        np.where(long != 0, long, core) for long, core in ((alternate_one, one), (alternate_other, other))
    )
    same = (one == other) | (long_one == long_other) | (one == alternate_other) | (alternate_one == other)
    whole = pairs.get_name("whole")[0]
    complete_one, complete_other = pairs.get_name("complete")
    level = np.full(len(one), -1, dtype=np.int8)
    group_one, group_other = pairs.get_name("group")
    named = (complete_one | group_one) & (complete_other | group_other)
    short = np.where(named, _RANK[compare.SAME_BRAND], _RANK[compare.SAME_SHORT])
    normal_one, normal_other = pairs.get_name("normal")
    told = np.where(whole, _RANK[compare.SAME], short)
    exact = named & (normal_one == normal_other) & (pairs.get_name("region")[0] != 0)
    level[same] = np.where(exact, _RANK[compare.EXACT], told)[same]
    level[(one == 0) | (other == 0)] = _RANK[compare.NO_NAME]
    return level


def _find_hard_levels(pairs: Pairs, spread: Spread) -> Numbers:
    """By ``compare_names``, once for each two different names."""
    count = len(pairs.table.names["brand_size"])
    low, high = np.minimum(pairs.name_one, pairs.name_other), np.maximum(pairs.name_one, pairs.name_other)
    keys, where = np.unique(low.astype(np.int64) * count + high, return_inverse=True)
    tasks: list[Task] = []
    for at in range(0, len(keys), PIECE):
        piece = keys[at : at + PIECE]
        wanted, place = np.unique(np.concatenate((piece // count, piece % count)), return_inverse=True)
        tasks.append((rank_names, {**pick_names(pairs.table.names, wanted), "place": place.astype(np.int32)}))
    found: Numbers = np.concatenate([answer["level"] for answer in spread(tasks)])[where]
    return found


def rank_names(given: Parts) -> Parts:
    """Levels of pairs of names; the first half of the places are the one names, the second half the others."""
    one, other = np.split(given["place"], 2)
    names = read_names(given, *_find_spoken(given, one, other))
    ranks = (
        _RANK[compare.compare_names(names[mine], names[theirs])]
        for mine, theirs in zip(one.tolist(), other.tolist(), strict=True)
    )
    return {"level": np.fromiter(ranks, np.int8, len(one))}


def _find_spoken(given: Parts, one: Numbers, other: Numbers) -> tuple[Numbers, Numbers]:
    """(names whose sounds decide: the two are of one length, or of two scripts; those of two scripts)."""
    latin, size = given["latin"], given["core"].str.len_chars().to_numpy()
    spoken, mixed = np.zeros(len(latin), dtype=np.bool_), np.zeros(len(latin), dtype=np.bool_)
    across = latin[one] != latin[other]
    asked = across | (size[one] == size[other])
    for chosen, told in ((across, mixed), (asked, spoken)):
        told[one[chosen]] = told[other[chosen]] = True
    return spoken, mixed


def _weigh_commonness(pairs: Pairs, level: Numbers, counts: Mapping[str, Numbers]) -> Numbers:
    full = np.isin(level, [_RANK[name] for name in FULL])
    brand = np.isin(level, [_RANK[name] for name in BY_BRAND])
    core = np.minimum(counts["core"][pairs.one], counts["core"][pairs.other])
    shared = np.maximum(counts["brand"][pairs.one], counts["brand"][pairs.other])
    namesakes = np.maximum(counts["core_codes"][pairs.one], counts["core_codes"][pairs.other])
    found: Numbers = (
        np.where(full, _doublings(core) * weights.COMMON["core"], 0)
        + np.where(brand, _doublings(shared) * weights.COMMON["brand"], 0)
        + np.where(full & (namesakes > 1), weights.NAMESAKES, 0)
    ).astype(np.int32)
    return found


def _doublings(counts: Numbers) -> Numbers:
    """How often one doubles to the count, whole times."""
    return (np.frexp(np.maximum(counts, 1).astype(np.float64))[1] - 1).astype(np.int32)


def find_parents(pairs: Pairs) -> tuple[Numbers, Numbers]:
    """(branches, their parents) among pairs of a branch and a company: by the code or by the name before the marker."""
    branch_first = pairs.get_name("branch")[0] != 0
    branch, parent = np.where(branch_first, pairs.one, pairs.other), np.where(branch_first, pairs.other, pairs.one)
    sorted_ = Pairs(pairs.table, branch, parent)
    borrowed = pairs.table["parent_uscc"][branch]
    owned = (borrowed != 0) & (borrowed == pairs.table["uscc"][parent])
    one, other = sorted_.get_name("core_key")
    region_one, region_other = sorted_.get_name("region")
    apart = (region_one != 0) & (region_other != 0) & (region_one != region_other)
    asked = np.flatnonzero(apart)
    if len(asked):
        apart[asked] = ~_are_inside(sorted_.keep(asked), 0)
    named = (one == other) & (one != 0) & ~apart & ~_groups_differ(sorted_)
    found = owned | named
    order = np.flatnonzero(found)
    return branch[order], parent[order]
