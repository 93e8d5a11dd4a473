"""Traces: kept, read again, made smaller, run again; and a long run that goes on where it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.storm import record
from tests.storm.run import Case, run_case
from tests.storm.traces import Trace, minimise, read_ranges, read_traces, save_trace, write_ranges

ONCE = [trace for trace in read_traces() if trace.case.mutant is None]
"""What once broke the hub."""


def test_a_trace_is_kept_and_read_again(tmp_path: Path):
    trace = Trace(Case(7, "draft", "save", "refuse", (("rewind", True),)), (1, 4), "lost: an order")
    save_trace(trace, tmp_path)
    assert read_traces(tmp_path) == [trace]


def test_steps_are_written_as_ranges():
    assert write_ranges((0, 1, 2, 7, 9, 10)) == "0-2 7 9-10"
    assert read_ranges("0-2 7 9-10") == (0, 1, 2, 7, 9, 10)
    assert read_ranges(write_ranges(())) == ()


def test_only_the_steps_that_matter_are_kept():
    tries: list[Sequence[int]] = []

    def fails(steps: Sequence[int]) -> bool:
        tries.append(steps)
        return {3, 17, 80} <= set(steps)

    assert minimise(range(90), fails) == (3, 17, 80)
    assert len(tries) < 90


def test_what_is_left_out_of_a_schedule_changes_nothing_before_it():
    case = Case(3, "blind", "save", "refuse")
    some, more = run_case(case, range(8)), run_case(case, range(9))
    assert some.violation is None
    assert more.violation is None
    assert more.story[:20] == some.story[:20]


@pytest.mark.slow
@pytest.mark.parametrize("trace", ONCE, ids=lambda trace: f"{trace.case.seed} {trace.case.tier}")
def test_what_broke_once_holds(trace: Trace):
    outcome = trace.run()
    assert outcome.violation is None, outcome.show()


def test_a_long_run_goes_on_where_it_was_cut_off(tmp_path: Path):
    file = tmp_path / "run.jsonl"
    asked = [str(file), "--crossings", "10000000", "--size", "1", "--parts", "1", "--jobs", "1", "--first", "3"]
    assert record.main(asked) == 0
    file.write_text(file.read_text() + '{"command": "cut o')
    assert record.main(asked) == 0
    first, second = (json.loads(line) for line in file.read_text().splitlines())
    assert (first["command"], second["command"]) == ("--seeds 3-3", "--seeds 3-3 --rewind")
    assert record.sum_up([first, second])["schedules"] == 2
