"""The connector keeps what it declares."""

from __future__ import annotations

import pytest

from hub.testkit.conformance import make_suite
from tests.connectors.wecom.bench import WecomBench

pytestmark = pytest.mark.slow

TestWecom = make_suite(WecomBench())
