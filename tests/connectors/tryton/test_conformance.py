"""The Tryton connector keeps what it declares, on a real server."""

from __future__ import annotations

import pytest

from hub.testkit.conformance import Verdict, make_suite, measure
from tests.conftest import prepare_tryton
from tests.testkit.tryton_bench import TrytonBench

pytestmark = pytest.mark.servers

WITH_CODES = ("outline", "round_trip", "tier", "reference", "normalisers", "stages", "timeout_after_commit")

KINDS = ("account", "product", "order", "payment")
"""Shipments and invoices are read only and made by confirming sales; tests/journeys/test_payments.py follows them."""

TestTryton = make_suite(TrytonBench(prepare_tryton), kinds=KINDS)


def test_codes_that_hold_the_reference_make_it_unique():
    report = measure(
        TrytonBench(prepare_tryton, codes_as_reference=True), kinds=["account", "product"], checks=WITH_CODES
    )
    assert [done.sentences() for done in report.checks if done.bad] == []
    tiers = {finding.kind: finding for finding in report.facts() if finding.fact == "tier"}
    assert {kind: (one.measured, one.verdict) for kind, one in tiers.items()} == {
        "account": ("unique", Verdict.OK),
        "product": ("unique", Verdict.OK),
    }
