"""Pairs of rows that share a key, from arrays of keys. Keys that too many rows share are narrowed or left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from hub.identity.columns import Numbers, Parts, Spread, sort_different, spread_side_by_side
from hub.identity.table import AccountTable

MOST = 50
"""So many rows may share a key; more say nothing."""
BRAND_MOST = 16
"""A brand is a weak key: where more share it, the place must agree too."""
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass
class Candidates:
    """``one`` < ``other``: rows, each pair once. ``switched_off``: kind of key → how many keys too many rows share."""

    one: Numbers
    other: Numbers
    switched_off: dict[str, int] = field(default_factory=dict)


def find_account_candidates(table: AccountTable, spread: Spread = spread_side_by_side, parts: int = 1) -> Candidates:
    """Pairs of companies that share one of the keys of ``make_keys``. ``parts``: each kind of key is cut into so many
    pieces of work, by what the key is; what comes of them together does not depend on it."""
    ways = _list_ways(table)
    tasks = [(pair_keys, _cut(way, part, parts, table.count)) for way in ways for part in range(parts)]
    found: list[Numbers] = []
    off: dict[str, int] = {}
    for (_, given), answer in zip(tasks, spread(tasks), strict=True):
        found.append(answer["pairs"])
        if answer["off"]:
            off[given["kind"]] = off.get(given["kind"], 0) + answer["off"]
    codes = sort_different(np.concatenate(found))
    count = table.count
    return Candidates((codes // count).astype(np.int32), (codes % count).astype(np.int32), off)


OWNED, SHARED, ACROSS = "owned", "shared", "across"


def _list_ways(table: AccountTable) -> list[Parts]:
    """How rows find each other. ``key``: a number for each row; ``finer``: what it is taken together with where too
    many share it; ``theirs``: another key, for rows whose one is another row's other one."""
    name = {key: table.of_name(key) for key in ("core_key", "alternate", "sound", "letters", "brand_sound")}
    area = np.where(table["place_size"] >= 4, table["place"] // 100, 0).astype(np.uint64)
    brand = name["brand_sound"]

    def share(kind: str, key: Numbers, finer: Numbers, most: int = MOST) -> Parts:
        return {"way": SHARED, "kind": kind, "key": key, "finer": finer, "most": most}

    found = [
        {"way": OWNED, "kind": "code", "key": table["uscc"] | table["parent_uscc"]},
        {"way": OWNED, "kind": "registration", "key": table["registration"]},
        share("organisation", table["organisation"], area),
        share("sound", name["sound"], area),
        share("letters", name["letters"], area),
        share("brand", brand, area, BRAND_MOST),
        {"way": ACROSS, "kind": "core", "key": name["alternate"], "theirs": name["core_key"]},
        share("phone", table["phone0"], brand),
        share("mail", table["box"], brand),
        share("domain", table["domain"], brand),
        share("street", _join(table["street"], area), brand),
    ]
    for half in ("half_first", "half_last"):  # a code with a slip in one half keeps the other one
        broken = np.where(table["broken"] != 0, table[half], np.uint64(0))
        found.append({"way": ACROSS, "kind": "code_half", "key": broken, "theirs": table[half]})
    if table["phone1"].any():
        found.append({"way": ACROSS, "kind": "phone", "key": table["phone1"], "theirs": table["phone0"]})
        found.append(share("phone", table["phone1"], brand))
    return found


def _cut(way: Parts, part: int, parts: int, count: int) -> Parts:
    """What belongs to one part by its key: rows that share a key are in one part."""
    keys: Parts = {name: way[name].astype(np.uint64) for name in ("key", "theirs") if name in way}
    if parts > 1:
        keys = {name: np.where(key % np.uint64(parts) == part, key, np.uint64(0)) for name, key in keys.items()}
    rows = np.flatnonzero(np.logical_or.reduce([key != 0 for key in keys.values()])).astype(np.int32)
    arrays = {name: key[rows] for name, key in keys.items()}
    if "finer" in way:
        arrays["finer"] = way["finer"][rows]
    return {**{name: way[name] for name in ("way", "kind", "most") if name in way}, **arrays, "rows": rows,
            "count": count}  # fmt: skip


def pair_keys(given: Parts) -> Parts:
    """``pairs``: as ``one * count + other``; ``off``: how many keys too many rows share."""
    rows, off = given["rows"], 0
    if given["way"] == OWNED:
        pairs = _pair_owned(given["key"])
    elif given["way"] == ACROSS:
        pairs = _pair_across(given["key"], given["theirs"])
    else:
        pairs, off = _pair_shared(given["key"], given["finer"], given["most"])
    size = max(len(rows), 1)
    return {"pairs": rows[pairs // size].astype(np.int64) * given["count"] + rows[pairs % size], "off": off}


def _join(key: Numbers, finer: Numbers) -> Numbers:
    """One key of two; 0 where one of them is missing."""
    return np.where((key == 0) | (finer == 0), np.uint64(0), (key * _ODD) ^ (finer * np.uint64(0xC2B2AE3D27D4EB4F)))


def _group(key: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """(rows with a key, ordered by it; where each group begins; how many are in it)."""
    rows = np.flatnonzero(key)
    rows = rows[np.argsort(key[rows], kind="stable")]
    ordered = key[rows]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(rows) else rows
    sizes = np.diff(np.append(starts, len(rows)))
    return rows, starts, sizes


def _pair_group(rows: Numbers, starts: Numbers, sizes: Numbers, count: int) -> Numbers:
    """Every pair within each group, as ``one * count + other``."""
    keep = sizes > 1
    starts, sizes = starts[keep], sizes[keep]
    found = []
    for gap in range(1, int(sizes.max(initial=1))):
        keep = sizes > gap
        starts, sizes = starts[keep], sizes[keep]
        lengths = sizes - gap
        first = np.repeat(starts - np.concatenate(([0], np.cumsum(lengths)[:-1])), lengths) + np.arange(lengths.sum())
        found.append(_encode(rows[first], rows[first + gap], count))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _encode(one: Numbers, other: Numbers, count: int) -> Numbers:
    low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other).astype(np.int64)
    return low * count + high


def _pair_shared(key: Numbers, finer: Numbers, most: int) -> tuple[Numbers, int]:
    """(all pairs of a key; where too many rows share it, of the key together with a second one; how many keys say
    nothing even so)."""
    rows, starts, sizes = _group(key)
    small = sizes <= most
    pairs = _pair_group(rows, starts[small], sizes[small], len(key))
    if small.all():
        return pairs, 0
    large = np.zeros(len(key), dtype=np.bool_)
    large[rows[np.repeat(~small, sizes)]] = True
    rows, starts, sizes = _group(np.where(large, _join(key, finer), np.uint64(0)))
    small = sizes <= MOST
    return np.concatenate((pairs, _pair_group(rows, starts[small], sizes[small], len(key)))), int((~small).sum())


def _pair_owned(key: Numbers) -> Numbers:
    """A key of one entity is followed however many rows carry it: beyond the limit each row with the next one."""
    rows, starts, sizes = _group(key)
    small = sizes <= MOST
    inside = np.repeat(~small, sizes)
    same = np.zeros(0, dtype=np.int64)
    if inside.any():
        large = rows[inside]
        next_same = key[large[1:]] == key[large[:-1]]
        same = _encode(large[:-1][next_same], large[1:][next_same], len(key))
    return np.concatenate((_pair_group(rows, starts[small], sizes[small], len(key)), same))


def _pair_across(mine: Numbers, theirs: Numbers) -> Numbers:
    """Rows whose one key is another row's other key."""
    asked = np.flatnonzero(mine)
    rows, starts, sizes = _group(theirs)
    if not len(asked) or not len(rows):
        return np.zeros(0, dtype=np.int64)
    heads = theirs[rows[starts]]
    at = np.searchsorted(heads, mine[asked])
    at[at == len(heads)] = 0
    hit = (heads[at] == mine[asked]) & (sizes[at] <= MOST)
    asked, at = asked[hit], at[hit]
    lengths = sizes[at]
    offset = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    one, other = np.repeat(asked, lengths), rows[np.repeat(starts[at], lengths) + offset]
    apart = one != other
    return _encode(one[apart], other[apart], len(mine))


def count_keys(table: AccountTable) -> Mapping[str, Numbers]:
    """How many rows carry the name (``core``) and the brand (``brand``) of each row, and how many different codes stand
    beside its name (``core_codes``)."""
    core, alternate = table.of_name("core_key"), table.of_name("alternate")
    extra = alternate[(alternate != 0) & (alternate != core)]
    beside = pl.DataFrame({"name": core, "code": table["uscc"]})
    several = beside.filter((pl.col("code") != 0) & (pl.col("name") != 0)).unique().group_by("name").len("codes")
    namesakes = beside.join(several, on="name", how="left", maintain_order="left")["codes"].fill_null(0)
    return {
        "core": _count_each(np.concatenate((core, extra)))[: len(core)],
        "brand": _count_each(table.of_name("brand_sound")),
        "core_codes": namesakes.to_numpy().astype(np.int64),
    }


def _count_each(keys: Numbers) -> Numbers:
    """How often each of them is there."""
    found: Numbers = pl.DataFrame({"key": keys}).select(pl.len().over("key"))["len"].to_numpy().astype(np.int64)
    return found
