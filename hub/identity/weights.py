"""Weights of evidence, in points: ten points double the odds that two records are the same. Data only.

Every change of a weight or a threshold is a new version: decisions keep the version that they were made by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERSION: Final = "2026-11-22.1"
Weights = Mapping[str, Mapping[str, int]]

ACCOUNT: Weights = {
    "name": {
        "missing": 0, "same": 80, "same_short": 45, "sound": 70, "slip": 50, "short": 45, "trade_less": 10,
        "trade_part": 20, "trade_other": -20, "one_other": -20, "similar": -10, "other": -60, "latin_trade": 60,
        "latin_brand": 45, "latin_other": -40,
    },
    "form": {"unknown": 0, "same": 5, "other": -15},
    "place": {
        "unknown": 0, "same": 15, "within": 10, "other": -60, "seat_same": 15, "seat_within": 5, "seat_other": -45,
    },
    "code": {
        "unknown": 0, "same": 200, "near": 120, "organisation": 120, "registration": 150, "registration_other": -60,
        "other": -50,
    },
    "reach": {
        "unknown": 0, "personal_twice": 70, "personal_house": 60, "personal": 55, "house_line": 55, "house": 45,
        "line": 30, "house_other": -30,
    },
    "street": {"unknown": 0, "same": 35, "other": -15},
    "person": {"unknown": 0, "same": 25, "other": -10},
    "common": {},
}  # fmt: skip
ACCOUNT_BASE: Final = -60
"""Before anything is compared: two records that share a key are mostly not the same."""
COMMON: Mapping[str, int] = {"core": -5, "brand": -5}
"""For each doubling of the number of records that carry the name or the brand."""
AUTO: Final = 70
REVIEW: Final = 10

CONTACT: Weights = {
    "name": {
        "missing": 0, "same": 60, "sound": 50, "slip": 35, "partial": 15, "one_other": -20, "other": -90,
    },
    "own": {"unknown": 0, "both": 150, "mobile": 110, "box": 110, "other": -40},
    "external": {"unknown": 0, "same": 150, "other": -80},
    "house": {
        "unknown": 0, "same": 40, "house_line": 45, "house": 35, "line": 30, "short": 25, "similar": 5, "other": -20,
    },
    "common": {},
}  # fmt: skip
CONTACT_BASE: Final = -60
CONTACT_COMMON: Final = -5
"""For each doubling of the number of records with the name of the person."""
CONTACT_AUTO: Final = 60
CONTACT_REVIEW: Final = 20
