"""Which way a field flows and whose value of it holds; spoken by the mappings and by the write protocol."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    BOTH = "both"


class Owner(StrEnum):
    """Whose value of a field holds."""

    HUB = "hub"
    REMOTE = "remote"
    SHARED = "shared"
