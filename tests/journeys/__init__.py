"""Journeys: a hub, an ERP and people, from the first edit to equal totals."""

import pytest

pytest.register_assert_rewrite("tests.journeys.checks", "tests.journeys.desk")
