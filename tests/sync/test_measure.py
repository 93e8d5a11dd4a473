"""Measures, without any system: samples of every kind, what a loss is called, how a declaration is judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.model.identifiers import is_valid_uscc
from hub.model.kinds import check_fields, list_fields, load_kinds
from hub.protocol.semantics import Tier, WriteSemantics
from hub.sync.measure import Finding, Measured, Report, Verdict, writing
from hub.sync.measure.findings import compare, show_plain
from hub.sync.measure.samples import make_sample, make_uscc
from hub.sync.measure.writing import Abilities, explain_loss, judge_granularity, judge_lag, judge_tier

PARENT = UUID("01900000-0000-7000-8000-000000000001")
NOON = datetime(2026, 11, 1, 12, 0, 0, 123_457, tzinfo=UTC)


@pytest.mark.parametrize("kind", load_kinds())
def test_every_kind_has_samples_that_differ(kind: str) -> None:
    fields = frozenset(list_fields(kind))
    first, second = (make_sample(kind, number, fields, lambda parent: PARENT) for number in (1, 2))
    assert check_fields(kind, first) == first
    assert first.keys() == second.keys()
    assert any(first[name] != second[name] for name in first)


def test_what_a_system_insists_on_is_taken() -> None:
    given = {"currency": "EUR", "lines.unit": "u", "note": None}
    fields = frozenset({"currency", "lines", "note", "reference"})
    sample = make_sample("order", 3, fields, lambda kind: None, given)
    assert (sample["currency"], sample["lines"][0].unit) == ("EUR", "u")
    assert "note" not in sample
    assert sample["lines"][0].product_id is None
    assert "probe" in sample["reference"].lower()


def test_invented_identifiers_are_valid_and_differ() -> None:
    codes = [make_uscc(number) for number in range(200)]
    assert all(map(is_valid_uscc, codes))
    assert len(set(codes)) == 200


@pytest.mark.parametrize(
    ("sent", "kept", "words"),
    [
        ("a longer text", "a lon", "Normaliser(max_length=5)"),
        ("aBc", "ABC", "Normaliser(case='upper')"),
        ("aBc", "abc", "Normaliser(case='lower')"),
        ("abc", "", ""),
        ("abc", "xyz", ""),
        (3, 4, ""),
    ],
)
def test_a_loss_is_called_what_it_could_be_declared_as(sent: Any, kept: Any, words: str) -> None:
    assert explain_loss(sent, kept) == words


def list_stamps(step_s: float) -> list[datetime]:
    """Change times of a clock with this step, a few seconds long."""
    moments = [NOON + timedelta(seconds=0.731 * place) for place in range(6)]
    if not step_s:
        return moments
    step = timedelta(seconds=step_s)
    midnight = NOON.replace(hour=0, minute=0, second=0, microsecond=0)
    return [midnight + (moment - midnight) // step * step for moment in moments]


@pytest.mark.parametrize("step_s", [0.0, 0.01, 0.5, 1.0, 2.0, 60.0])
@pytest.mark.parametrize("declared_s", [0.0, 1.0, 60.0])
def test_the_step_of_change_times_is_measured(step_s: float, declared_s: float) -> None:
    semantics = WriteSemantics(Tier.PLAIN, granularity_s=declared_s)
    finding = judge_granularity(semantics, list_stamps(step_s), took_s=4.0)
    assert finding.verdict is verdict_of(min(step_s, 4.0) if step_s > 4 else step_s, declared_s)


def verdict_of(seen: float, declared: float) -> Verdict:
    if seen > declared:
        return Verdict.BAD
    return Verdict.OK if seen == declared or (seen == 4.0 and declared == 60.0) else Verdict.NOTE


@pytest.mark.parametrize(
    ("declared_s", "waited_s", "verdict"),
    [
        (0.0, 0.0, Verdict.OK),
        (0.0, 0.2, Verdict.OK),
        (0.0, 3.0, Verdict.BAD),
        (5.0, 3.0, Verdict.OK),
        (5.0, 0.0, Verdict.NOTE),
    ],
)
def test_a_lag_is_judged(declared_s: float, waited_s: float, verdict: Verdict) -> None:
    assert judge_lag("lag_s", declared_s, waited_s).verdict is verdict


@pytest.mark.parametrize("declared", Tier)
@pytest.mark.parametrize("unique", [True, False, None])
@pytest.mark.parametrize("draft", [True, False])
@pytest.mark.parametrize("searchable", [True, False])
def test_a_tier_never_passes_for_more_than_it_is(
    declared: Tier, unique: bool | None, draft: bool, searchable: bool
) -> None:
    finding = judge_tier(declared, Abilities(searchable, unique, draft))
    keeps = {
        Tier.UNIQUE: searchable and unique is True,
        Tier.DRAFT: searchable and draft,
        Tier.PLAIN: searchable,
        Tier.BLIND: True,
    }[declared]
    if finding.verdict in (Verdict.OK, Verdict.NOTE):
        assert keeps
    if finding.verdict is Verdict.BAD:
        assert not keeps


def test_a_declaration_is_judged_by_what_it_promises() -> None:
    assert compare("compare_and_set", True, True, optimistic=True).verdict is Verdict.OK
    assert compare("compare_and_set", True, False, optimistic=True).verdict is Verdict.BAD
    assert compare("compare_and_set", False, True, optimistic=False).verdict is Verdict.NOTE
    assert (show_plain(True), show_plain(0.5), show_plain(None), show_plain(frozenset("ba"))) == (
        "yes",
        "0.5",
        "-",
        "a, b",
    )


def test_a_report_shows_facts_and_remarks_in_both_languages() -> None:
    fact = compare("tier", "unique", "plain", optimistic=True).of("order")
    remark = Finding(Verdict.NOTE, "measure.ids_unlisted").of("order")
    fine = Finding(Verdict.OK, "measure.times_fine").of("order")
    report = Report("acme", [Measured("tier", "order", [fact]), Measured("page", "order", [remark, fine])])
    shown = "\n".join(report.lines())
    assert "order  tier  unique    plain     bad" in shown
    assert "tier is declared as unique, but plain was seen" in shown
    assert "cannot list its ids" in shown
    assert "aware" not in shown, "what is fine needs no words"
    assert "实测" in "\n".join(report.lines("zh"))


def test_a_version_that_only_rises_is_newer() -> None:
    assert writing.is_newer(1, 2)
    assert not writing.is_newer(2, 2)
    assert not writing.is_newer(None, 2)
