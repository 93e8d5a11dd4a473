"""Invented companies. The numbers pass both of their check characters and belong to nobody we know of."""

from __future__ import annotations

import random
from itertools import count

from connectors.sandbox.simulator import make_uscc

_drawn = count()


def draw_uscc() -> str:
    """A 统一社会信用代码 that no other journey has."""
    return make_uscc(random.Random(f"journeys/{next(_drawn)}"))
