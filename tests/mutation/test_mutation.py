"""Samples, intervals and what is broken how; that the tests of the project notice is what the command is for."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mutation.__main__ import interval
from tests.mutation.draw import draw_sample
from tests.mutation.mutants import list_mutants
from tests.mutation.tools import find_tools

SOURCE = '''"""Says nothing."""

__all__ = ["judge"]
Names = dict[str, int]


def judge(value: int | None = None, *, name: str = "a") -> str:
    """Says nothing either."""
    if isinstance(value, int) and value > 3:
        raise ValueError("too much")
    print(name)
    return name
'''


def test_every_place_is_as_likely_as_any_other():
    files = {"a": list(range(900)), "b": list(range(900, 990)), "c": list(range(990, 1000))}
    assert draw_sample(files, 0, 1) == list(range(1000))
    times = Counter(number for seed in range(40) for number in draw_sample(files, 100, seed))
    assert sum(times.values()) == 4000
    assert 3500 < sum(times[number] for number in files["a"]) < 3700
    assert 300 < sum(times[number] for number in files["b"]) < 420


def test_the_same_seed_draws_the_same_and_more_of_it():
    files = {"a": list(range(100)), "b": list(range(100, 150))}
    few, many = draw_sample(files, 30, 1), draw_sample(files, 60, 1)
    assert few == draw_sample(files, 30, 1)
    assert set(few) < set(many)
    assert few != draw_sample(files, 30, 2)


def test_what_a_sample_says_of_the_whole():
    low, high = interval(85, 100)
    assert (round(low, 3), round(high, 3)) == (0.767, 0.907)
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(10, 10)[1] == 1.0


@pytest.mark.skipif(find_tools() is None, reason="python -m tests.mutation installs what it needs")
def test_what_means_something_is_broken_and_nothing_else():
    found = list_mutants("hub/crm/judge.py", SOURCE)
    told = {mutant.tell() for mutant in found}
    assert "-    if isinstance(value, int) and value > 3:\n+    if isinstance(value, int) or value > 3:" in told
    assert "-    if isinstance(value, int) and value > 3:\n+    if isinstance(value, int) and value >= 3:" in told
    assert "-    print(name)\n+    pass" in told
    assert '-        raise ValueError("too much")\n+        pass' in told
    assert not {mutant.first for mutant in found} & {1, 3, 4, 8}, "docstrings, __all__ and aliases"
    assert not any("| str" in change or "isinstance(None" in change for change in told)
    for mutant in found:
        assert mutant.write() != SOURCE
        compile(mutant.write(), mutant.file, "exec")
