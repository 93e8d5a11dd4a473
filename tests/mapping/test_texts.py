"""Whatever goes wrong, a person reads what and how to mend it, in both languages."""

import re
from pathlib import Path

import pytest

import hub.mapping
from hub.locale import load_texts
from hub.mapping import Problem

WITHOUT_FIX = {"mapping.problem", "mapping.problem_of_rule", "mapping.invalid"}


def used_codes():
    folder = Path(hub.mapping.__file__).parent
    return {
        code for path in folder.glob("*.py") for code in re.findall(r'"(mapping\.[a-z_]+)"', path.read_text("utf-8"))
    }


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_code_has_its_text_and_its_fix(lang):
    texts = {code for code in load_texts(lang) if code.startswith("mapping.")}
    wanted = used_codes() | {f"{code}_fix" for code in used_codes() - WITHOUT_FIX}
    assert texts == wanted


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_problem_says_file_line_field_value_rule_and_fix(lang):
    problem = Problem("mapping.value_unknown", "site.toml", 12, "state", "weird", 'state = "s"', params={"known": "a"})
    text = problem.text(lang)
    for part in ("site.toml:12", "state", "weird", 'state = "s"', "otherwise"):
        assert part in text
    assert problem.fix(lang) in text
