"""Addresses: division codes, and the street with its number."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from hub.identity.divisions import choose_place, is_long_name, match_place
from hub.identity.text import fold_text

_HOUSE = re.compile(r"^(.*?[0-9]+(?:-[0-9]+)?(?:号|弄|#))")
_LAST_NUMBER = re.compile(r"^(.*?(?:路|街|道|巷|弄|镇|村|区)[^0-9]{0,6}[0-9]+)")
_ROOM = re.compile(r"[0-9a-z]+(?:-[0-9a-z]+)?(?:号?楼|栋|幢|座|单元|层|室|房).*$")
_COUNTRY = re.compile(r"^(?:中国|中华人民共和国|china[ ,]*)")
_MARKS = re.compile(r"[\s,.;:()_]+")


class Address(NamedTuple):
    """``code``: of the smallest place that is named, 2, 4 or 6 digits. ``street``: road and number, without room."""

    code: str = ""
    street: str = ""


NOWHERE = Address()


@lru_cache(maxsize=2_048)
def parse_address(text: str, province: str = "", city: str = "") -> Address:
    """``province`` and ``city``: columns of their own, where there are. Never raises."""
    plain = _MARKS.sub("", _COUNTRY.sub("", fold_text(text))) if text else ""
    inside = find_code(province, "") if province else ""
    inside = find_code(city, inside) or inside if city else inside
    code, start = inside, 0
    while True:
        name = match_place(plain, start)
        if not name or (start and len(plain) - start <= len(name)):
            break
        place = choose_place(name, code) or (choose_place(name) if not start else None)
        if place is None or (
            not is_long_name(name)
            and start == 0
            and len(plain) > len(name) + 1
            and plain[start + len(name)] in "路街道巷大东西南北中"
        ):
            break
        code = place.code if len(place.code) >= len(code) or not place.code.startswith(code[:2]) else code
        start += len(name)
    return Address(code, _cut_street(plain[start:]))


@lru_cache(maxsize=2_048)
def find_code(name: str, inside: str) -> str:
    place = choose_place(fold_text(name).replace(" ", ""), inside) or choose_place(fold_text(name).replace(" ", ""))
    return place.code if place is not None else ""


def _cut_street(rest: str) -> str:
    """Up to the number of the house; else without floor and room."""
    found = _HOUSE.match(rest) or _LAST_NUMBER.match(rest)
    return found[1].rstrip("号弄#") if found is not None else _ROOM.sub("", rest)
