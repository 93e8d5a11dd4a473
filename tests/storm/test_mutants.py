"""A storm that cannot fail proves nothing: every broken safeguard is noticed. The schedule that noticed it last comes
first; a seed repeats only at its commit, so when it no longer does, another is searched within the mutant's bound."""

from __future__ import annotations

import pytest

from tests.storm.mutants import MUTANTS, Mutant
from tests.storm.run import Case, run_case


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
def test_a_broken_safeguard_is_noticed(mutant: Mutant):
    seeds = dict.fromkeys((mutant.kills, *range(mutant.seeds)))
    outcomes = (run_case(Case(seed, mutant.tier, mutant.confirm, mutant=mutant.name)) for seed in seeds)
    noticed = (outcome.violation is not None and not outcome.defect for outcome in outcomes)
    assert any(noticed), f"{mutant.name} was not noticed in {mutant.seeds} schedules"
