"""The connector's page tells the truth: it names every setting and fault, and its example runs."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from connectors.sandbox.simulator import FAULTS, SandboxSettings
from connectors.sandbox.simulator.people import ACTIONS
from connectors.sandbox.simulator.shapes import LINE_DEFAULTS, SHAPES
from tests.house.source import ROOT

PAGE = (ROOT / "docs" / "connectors" / "sandbox.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*(field.name for field in fields(SandboxSettings)), *FAULTS])
def test_settings_and_faults_are_described(name):
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("kind", SHAPES)
def test_fields_and_actions_are_named(kind):
    words = set(re.findall(r"\w+", PAGE))
    assert words >= {kind, *SHAPES[kind].defaults, *SHAPES[kind].computed, *LINE_DEFAULTS, *ACTIONS}


def test_the_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict = {}
    exec(example, names)  # noqa: S102 - our own page
    assert names["sale"]["created_by"] == "赵六"
    assert names["connector"].check()[0].ok
    names["connector"].close()
