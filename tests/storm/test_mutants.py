"""A storm that cannot fail proves nothing: every broken safeguard is noticed, here by one schedule each; the search for
it is ``python -m tests.storm --mutant NAME --seeds 0-N``."""

from __future__ import annotations

import pytest

from tests.storm.mutants import MUTANTS, Mutant
from tests.storm.run import Case, run_case


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=lambda mutant: mutant.name)
def test_a_broken_safeguard_is_noticed(mutant: Mutant):
    outcome = run_case(Case(mutant.kills, mutant.tier, mutant.confirm, mutant=mutant.name))
    assert outcome.violation is not None, f"{mutant.name} was not noticed: {outcome.setting.title}"
