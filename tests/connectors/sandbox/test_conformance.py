"""The sandbox keeps what it declares: every tier, every way to amend, and the ways in which real systems are worse."""

from __future__ import annotations

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import SandboxSettings
from hub.testkit.conformance import SimulatorBench, make_suite
from tests.testkit.sandbox_bench import SandboxBench

TestDraftRefuse = make_suite(SandboxBench())
TestDraftReopen = make_suite(SandboxBench(amend="reopen", master_tier="plain"))
TestDraftReverse = make_suite(SandboxBench(amend="reverse", text_max=20, text_upper=True))
TestDraftPark = make_suite(SandboxBench(amend="park", rounding="document", exclusive_confirm=True))
TestDraftFree = make_suite(SandboxBench(amend="free", lists_deleted=True))
TestUnique = make_suite(SandboxBench(tier="unique", tells_merge="note"))
TestPlain = make_suite(SandboxBench(tier="plain", amend="reverse", master_tier="plain", tells_merge="call"))
TestBlind = make_suite(SandboxBench(tier="blind", master_tier="blind"))
TestSlow = make_suite(SandboxBench({"batch_size": 5}, lag_s=3.0, granularity_s=1.0))
TestMute = make_suite(
    SandboxBench(versioned=False, compare_and_set=False, confirms_version=False, shows_modifier=False)
)
TestOnAPort = make_suite(SimulatorBench(SandboxConnector, {"customers": "3", "items": "2", "sales": "3"}))


def test_the_default_bench_is_the_default_erp():
    assert SandboxSettings().tier == SandboxConnector.Config.model_fields["tier"].default
