"""A sample of everything, in which every place is as likely as any other."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from heapq import nsmallest
from typing import TypeVar

T = TypeVar("T")


def draw_sample(by_file: Mapping[str, Sequence[T]], size: int, seed: int) -> list[T]:
    """``size`` of them, or all for 0, in the order of the files. The same seed draws the same from files that have not
    changed, and more of the same when more are asked for."""
    places = [(name, place) for name in sorted(by_file) for place in range(len(by_file[name]))]
    chosen = set(nsmallest(size, places, key=lambda place: _toss(seed, *place))) if size > 0 else set(places)
    return [by_file[name][place] for name, place in places if (name, place) in chosen]


def _toss(seed: int, name: str, place: int) -> float:
    """The same for the same place, whatever else there is to draw from."""
    return random.Random(f"{seed}/{name}/{place}").random()
