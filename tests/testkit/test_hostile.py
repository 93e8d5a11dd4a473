"""Every check can fail, and fails for its own reason: a connector with one vice at a time."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from hub.locale import LANGUAGES
from hub.sync.measure import Verdict, outline
from hub.sync.shipped import read_catalogue
from hub.testkit.conformance import measure
from hub.testkit.conformance.checks import CHECKS
from hub.testkit.conformance.lab import open_lab
from tests.house.source import ROOT
from tests.testkit.sandbox_bench import SandboxBench
from tests.testkit.vices import VICES


@pytest.mark.parametrize("name", VICES)
def test_a_vice_is_found_for_what_it_is(name: str) -> None:
    vice = VICES[name]
    report = measure(vice.make_bench(), kinds=[vice.kind], checks=[vice.check])
    found = [finding for done in report.checks for finding in done.bad]
    assert vice.code in {one.code for one in found}, "\n".join(report.lines())
    assert {one.code for one in found} <= {vice.code, *vice.also}, "\n".join(report.lines())
    if vice.fact:
        assert vice.fact in {one.fact for one in found if one.code == vice.code}
    assert all(one.text(lang) != one.code for one in found for lang in LANGUAGES)


def test_every_check_has_a_vice_that_it_finds() -> None:
    assert {vice.check for vice in VICES.values()} == set(CHECKS)


SHOWN_BELOW = {"measure.catalogue_missing", "measure.catalogue_uneven", "measure.mapping_missing"}
"""What is missing beside the code, which no object can leave out."""


def test_texts_that_are_missing_are_named(tmp_path: Path) -> None:
    assert [one.code for one in outline.judge_catalogue(None, {})] == ["measure.catalogue_missing"]
    for lang, name in (("en", "here"), ("zh", "there")):
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "acme.toml").write_text(f'{name} = "…"\n', encoding="utf-8")
    found = list(outline.judge_catalogue(tmp_path, read_catalogue(tmp_path)))
    uneven = [one.params["code"] for one in found if one.code == "measure.catalogue_uneven"]
    assert uneven == ["acme.here", "acme.there"]


def test_a_mapping_that_is_missing_is_named() -> None:
    with open_lab(SandboxBench()) as lab:
        found = list(outline.judge_outline(lab.connector, {}, "order"))
    assert [one.code for one in found] == ["measure.mapping_missing"]


def test_every_reproach_has_a_vice_that_earns_it() -> None:
    reproached = {vice.code for vice in VICES.values()}
    assert sorted(set(list_reproaches()) - reproached - SHOWN_BELOW) == []


def list_reproaches() -> list[str]:
    """The codes that the measures and checks call bad."""
    files = [*(ROOT / "hub/sync/measure").glob("*.py"), *(ROOT / "hub/testkit/conformance").glob("*.py")]
    calls = [
        node
        for path in files
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "bad" and node.args
    ]
    return [call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)]  # type: ignore[misc]


def test_a_careful_declaration_passes_with_a_remark() -> None:
    careful = {"compare_and_set": False, "lag_s": 2.0, "granularity_s": 1.0, "shows_modifier": False}
    checks = [name for name in CHECKS if name != "account"]  # which compares with what the ERP says of itself
    report = measure(SandboxBench(careful), kinds=["order"], checks=checks)
    assert [done.sentences() for done in report.checks if done.bad] == []
    remarks = {one.fact for one in report.facts() if one.verdict is Verdict.NOTE}
    assert {"compare_and_set", "granularity_s"} <= remarks


def test_a_careful_tier_passes_with_a_remark() -> None:
    report = measure(SandboxBench({"tier": "plain"}, tier="unique"), kinds=["order"], checks=["tier"])
    (tier,) = [one for one in report.facts() if one.fact == "tier"]
    assert (tier.declared, tier.measured, tier.verdict) == ("plain", "unique", Verdict.NOTE)
