"""Weights of evidence, in points: ten points double the odds that two records are the same. Data only.

Every change of a weight or a threshold is a new version: decisions keep the version that they were made by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERSION: Final = "2026-11-22.2"
Weights = Mapping[str, Mapping[str, int]]

ACCOUNT: Weights = {
    "name": {
        "missing": -20, "exact": 104, "same": 68, "same_brand": 43, "same_short": 28, "sound": 30, "sound_brand": -11,
        "slip": 57, "short": 25, "trade_less": -13, "trade_part": 24, "trade_other": -80, "one_other": -12,
        "similar": 10, "other": -45, "latin_trade": 40, "latin_brand": 12, "latin_other": 0,
    },
    "form": {"unknown": 0, "same": 0, "other": -1},
    "place": {
        "unknown": 0, "same": 25, "within": -10, "other": -80, "seat_same": 27, "seat_within": 21, "seat_other": -59,
    },
    "code": {
        "unknown": 0, "same": 161, "near": 70, "organisation": 119, "registration": 120, "registration_other": -30,
        "other": -60,
    },
    "reach": {
        "unknown": 0, "personal_twice": 75, "personal_house": 73, "personal": 74, "house_line": 20, "house": 8,
        "line": 29, "house_other": -45,
    },
    "street": {"unknown": 0, "same": 24, "near": 5, "other": -55},
    "person": {"unknown": 0, "same": 21, "near": 0, "other": -45},
}  # fmt: skip
ACCOUNT_BASE: Final = -16
"""Before anything is compared: two records that share a key are mostly not the same."""
COMMON: Mapping[str, int] = {"core": -11, "brand": -8}
"""For each doubling of the number of records that carry the name or the brand."""
NAMESAKES: Final = -13
"""For a name that several legal entities are known to carry."""
AUTO: Final = 66
REVIEW: Final = 10

CONTACT: Weights = {
    "name": {"missing": 0, "same": 90, "sound": 75, "slip": 10, "partial": 5, "one_other": -40, "other": -90},
    "own": {"unknown": 0, "both": 140, "mobile": 120, "box": 118, "other": -40},
    "external": {"unknown": 0, "same": 125, "other": -60},
    "house": {
        "unknown": 0, "same": 84, "house_line": 60, "house": 75, "line": 64, "short": 82, "similar": 52, "other": -30,
    },
}  # fmt: skip
CONTACT_BASE: Final = -45
CONTACT_COMMON: Final = -20
"""For each doubling of the number of records with the name of the person."""
CONTACT_AUTO: Final = 60
CONTACT_REVIEW: Final = 40
