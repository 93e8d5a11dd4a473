"""Places of China by name: province, city, county (GB/T 2260)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from hub.identity.division_table import DIVISIONS
from hub.identity.text import fold_text, spell

_ENDINGS = ("特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "林区", "新区", "省", "市", "县", "盟", "旗")
_PEOPLES = (
    "蒙古族", "蒙古", "回族", "藏族", "维吾尔族", "维吾尔", "苗族", "彝族", "壮族", "布依族", "朝鲜族", "满族",
    "侗族", "瑶族", "白族",
    "土家族", "哈尼族", "哈萨克族", "哈萨克", "傣族", "黎族", "傈僳族", "佤族", "畲族", "拉祜族", "水族", "东乡族",
    "纳西族", "景颇族",
    "柯尔克孜族", "柯尔克孜", "土族", "达斡尔族", "仫佬族", "羌族", "布朗族", "撒拉族", "毛南族", "仡佬族",
    "锡伯族", "锡伯", "塔吉克族",
    "塔吉克", "怒族", "裕固族", "保安族", "独龙族", "鄂伦春族", "普米族", "各族",
)  # fmt: skip
LONGEST = 15
SHORT, FULL = 0, 1


@dataclass(frozen=True, slots=True)
class Place:
    """``code``: 2, 4 or 6 digits for province, city, county. ``name``: without 省, 市, 县 …"""

    code: str
    name: str


@cache
def _table() -> tuple[Mapping[str, tuple[Place, ...]], Mapping[str, str]]:
    """Name, long or short → the places that it may mean, the greater first; code → long name."""
    found: dict[str, list[Place]] = {}
    names: dict[str, str] = {}
    first, *cities = DIVISIONS.strip(";").split(";")
    for entry in first.split():
        _add(found, names, entry[:2], entry[2:])
    rows = [row.split() for row in cities]
    for row in rows:
        if row and len(row[0]) > 4:
            _add(found, names, row[0][:4], row[0][4:])
    for row in rows:
        for entry in row[1:]:
            _add(found, names, row[0][:4] + entry[:2], entry[2:])
    for name in [name for name in found if fold_text(name) != name]:  # 乾县: folded as a traditional character
        found.setdefault(fold_text(name), []).extend(found[name])
    return {name: tuple(dict.fromkeys(places)) for name, places in found.items()}, names


def _add(found: dict[str, list[Place]], names: dict[str, str], code: str, name: str) -> None:
    short = shorten_place(name)
    names[code] = name
    found.setdefault(name, []).append(Place(code, short))
    # The short name of a district (和平, 新华, 长安) is a brand more often than a place.
    if len(short) > 1 and short != name and not (len(code) == 6 and name.endswith("区") and "自治" not in name):
        found.setdefault(short, []).append(Place(code, short))
        # Names of before: a county that has become a city or a district, and the county around a city.
        for ending in ("市", "县", "区") if len(code) == 6 else ("县",) if len(code) == 4 else ():
            found.setdefault(short + ending, []).append(Place(code, short))
    elif len(code) == 6 and len(short) > 1 and short != name:
        for ending in ("市", "县"):
            found.setdefault(short + ending, []).append(Place(code, short))


def shorten_place(name: str) -> str:
    """``芜湖市`` → ``芜湖``, ``宁夏回族自治区`` → ``宁夏``; what would be one character stays long."""
    short = name
    for ending in _ENDINGS:
        if short.endswith(ending):
            short = short[: -len(ending)]
            break
    else:
        short = short.removesuffix("区")
    while True:
        people = next((word for word in _PEOPLES if short.endswith(word) and len(short) > len(word) + 1), None)
        if people is None:
            break
        short = short[: -len(people)]
    return short if len(short) > 1 else name


def find_places(name: str) -> Sequence[Place]:
    """The places that a name may mean, greater ones first; none for anything else."""
    return _table()[0].get(name, ())


def is_long_name(name: str) -> bool:
    """Whether the name says what kind of place it is (市, 县 …)."""
    return name.endswith(("省", "市", "县", "区", "州", "盟", "旗"))


@cache
def _beginnings() -> Mapping[str, tuple[int, ...]]:
    """The first two characters of a name → the lengths of the names that begin so, the longest first."""
    lengths: dict[str, set[int]] = {}
    for name in _table()[0]:
        lengths.setdefault(name[:2], set()).add(len(name))
    return {start: tuple(sorted(found, reverse=True)) for start, found in lengths.items()}


def match_place(text: str, at: int = 0) -> str:
    """The longest name of a place that stands at a position; empty for none."""
    lengths = _beginnings().get(text[at : at + 2])
    if lengths is not None:
        names = _table()[0]
        for length in lengths:
            name = text[at : at + length]
            if len(name) == length and name in names:
                return name
    return ""


def choose_place(name: str, inside: str = "") -> Place | None:
    """The place that is meant: within ``inside`` (a code) where one is known; else the greatest."""
    found = find_places(name)
    if inside:
        for place in found:
            if place.code.startswith(inside) or inside.startswith(place.code):
                return place
        return None
    # Of several districts or counties of one name none is meant for certain.
    certain = len(found) == 1 or (bool(found) and len(found[0].code) < 6)
    return found[0] if certain else None


def name_division(code: str) -> str:
    """The long name of a code of 2, 4 or 6 digits; empty for an unknown one."""
    return _table()[1].get(code, "")


@cache
def spelled_places() -> frozenset[str]:
    """Short names of provinces, cities and counties in pinyin."""
    return frozenset(spell(name) for name in _table()[0] if 2 <= len(name) <= 4 and not is_long_name(name))


_FULL_CODE = re.compile(r"[1-8][0-9]{5}")


def clean_division(code: str) -> str:
    """A division code of six digits without its empty ends: ``440300`` → ``4403``; empty for what is none."""
    if not _FULL_CODE.fullmatch(code):
        return ""
    trimmed = code[:2] if code[2:] == "0000" else code[:4] if code[4:] == "00" else code
    return trimmed if trimmed in _table()[1] or trimmed[:4] in _table()[1] else trimmed[:2]
