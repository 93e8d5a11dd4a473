"""A sample that takes its share from every file."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def draw_sample(by_file: Mapping[str, Sequence[T]], size: int, seed: int) -> list[T]:
    """``size`` of them, or all for 0; each file by its share, and at least one of each, so it may be some more. The
    same seed draws the same from a file that has not changed, and more of the same when more are asked for."""
    shares = share_out({name: len(items) for name, items in by_file.items()}, size)
    drawn: list[T] = []
    for name in sorted(by_file):
        places = list(range(len(by_file[name])))
        random.Random(f"{seed}/{name}").shuffle(places)
        drawn += [by_file[name][place] for place in sorted(places[: shares[name]])]
    return drawn


def share_out(counts: Mapping[str, int], size: int) -> dict[str, int]:
    """By the largest remainder."""
    total = sum(counts.values())
    if size <= 0 or size >= total:
        return dict(counts)
    exact = {name: count * size / total for name, count in counts.items()}
    shares = {name: min(counts[name], max(1, int(part))) for name, part in exact.items()}
    by_remainder = sorted(counts, key=lambda name: (shares[name] - exact[name], name))
    for name in by_remainder[: max(0, size - sum(shares.values()))]:
        shares[name] = min(counts[name], shares[name] + 1)
    return shares
