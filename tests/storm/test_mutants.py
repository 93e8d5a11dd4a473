"""A storm that cannot fail proves nothing: every broken safeguard must be noticed within its number of seeds."""

from __future__ import annotations

import pytest

from hub.sync.steps import STEPS
from tests.storm.mutants import MUTANTS, Mutant
from tests.storm.run import run_setting


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_safeguard_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch):
    for op, step in mutant.steps.items():
        monkeypatch.setitem(STEPS, op, step)
    settings = (mutant.make_setting(seed) for seed in range(mutant.seeds))
    outcomes = (run_setting(setting, distort=mutant.distort) for setting in settings)
    noticed = (outcome.violation is not None and not outcome.defect for outcome in outcomes)
    assert any(noticed), f"{mutant.name} was not noticed in {mutant.seeds} schedules"
