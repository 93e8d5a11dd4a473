"""The page about conformance tells the truth: its examples run, and its table is the list of checks."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.testkit.conformance import Verdict, measure
from hub.testkit.conformance.checks import CHECKS
from tests.docs.pages import read_page

PAGE = read_page("docs/conformance.md")


def test_the_table_is_the_list_of_checks():
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, flags=re.MULTILINE))
    checks = {one.name: " ".join(one.about.split()).replace("``", "`") for one in CHECKS.values()}
    assert told == checks


@pytest.mark.slow
def test_the_examples_run():
    short, long = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(short, names)  # noqa: S102 - our own page
    exec(long, names)  # noqa: S102 - our own page
    assert {f"test_{name}" for name in CHECKS} <= set(dir(names["TestSandbox"]))
    report = measure(names["bench"], kinds=["account"], checks=["authors", "page", "round_trip"])
    assert {finding.verdict for done in report.checks for finding in done.findings} == {Verdict.OK}
