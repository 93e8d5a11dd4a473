"""What a search for doubles comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What was found out: one entry for each row. ``cluster``: a row of the cluster; ``parent``: a row of the cluster
    that it is a branch of, or -1. ``questions``: rows of the review list."""

    cluster: Any
    band: Any
    parent: Any
    questions: list[dict[str, Any]]
    switched_off: Mapping[str, int]
