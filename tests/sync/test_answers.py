"""What the error of a write stands for."""

from __future__ import annotations

import pytest

from hub.errors import (
    ConfigInvalid,
    Duplicate,
    IsthmusError,
    Locked,
    MappingError,
    NeedsConsent,
    OutcomeUnknown,
    Rejected,
    Stale,
    Transient,
)
from hub.sync.answers import classify_error


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        (Duplicate, "duplicate"),
        (Stale, "stale"),
        (Locked, "locked"),
        (Rejected, "refused"),
        (Transient, "later"),
        (OutcomeUnknown, "unknown"),
        (NeedsConsent, "consent"),
        (ConfigInvalid, "unknown"),
        (MappingError, "unknown"),
        (IsthmusError, "unknown"),
    ],
)
def test_what_is_not_known_to_be_harmless_is_unknown(kind: type[IsthmusError], outcome: str) -> None:
    assert classify_error(kind("sync.test")) == outcome
