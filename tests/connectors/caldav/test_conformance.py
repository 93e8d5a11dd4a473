"""The connector keeps what it declares, on both servers."""

from __future__ import annotations

import pytest

from hub.testkit.conformance import make_suite
from tests.connectors.caldav.conftest import CalendarBench

pytestmark = pytest.mark.servers

TestRadicale = make_suite(CalendarBench("radicale"))
TestXandikos = make_suite(CalendarBench("xandikos"), leave_out=["credentials"])
"""Xandikos asks for no password over plain HTTP."""
