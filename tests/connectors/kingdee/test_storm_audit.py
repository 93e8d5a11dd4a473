"""Storms over HTTP against the account, with faults and the accountant; the hub audits by itself."""

from __future__ import annotations

import pytest

from tests.connectors.kingdee.storms import blow_all


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_storms_break_no_promise() -> None:
    blow_all("audit")
