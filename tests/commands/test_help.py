from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from typer.main import get_command

from hub.commands.app import build_app
from hub.commands.help import ENGLISH, list_help, translate_remark, write_english
from hub.locale import load_texts


def test_the_english_catalogue_says_what_the_program_says():
    assert ENGLISH.read_text(encoding="utf-8") == write_english(get_command(build_app()))


def test_every_command_and_option_has_a_chinese_text():
    texts = load_texts("zh")
    missing = [code for code, _ in list_help(get_command(build_app())) if code not in texts]
    assert missing == []


def test_help_is_in_the_readers_language():
    for words, environ in (([], {"LANG": "zh_CN.UTF-8"}), (["--lang", "zh"], {"LANG": "C"})):
        shown = subprocess.run(
            [sys.executable, "-m", "cli", *words, "sync", "plan", "--help"],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONUTF8": "1", "LC_ALL": "", **environ},
        ).stdout  # fmt: skip
        assert "只读取和判断，哪里都不写" in shown
        assert "Only this kind" not in shown
        assert shown.startswith("用法: isthmus sync plan")
        assert "连接的名称。  [必填]" in shown
        assert not re.search(r"Usage|Options|Arguments|Commands|required|default|Show this", shown)


def test_typers_own_words_are_the_ones_that_are_translated():
    """A newer Typer that says something else would bring English back into Chinese help."""
    root = get_command(build_app())
    shown = root.get_help(root.make_context("isthmus", [], resilient_parsing=True))
    texts = load_texts("en")
    for code in ("usage", "options", "commands", "help"):
        assert texts[f"cli.usage_word_{code}"] in shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Which scenario.  [default: tryton]", "Which scenario.  [默认: tryton]"),
        ("A name.  [required]", "A name.  [必填]"),
        ("[default: 4; 1<=x<=64]", "[默认: 4; 1<=x<=64]"),
        ("A plain text [with brackets] inside.", "A plain text [with brackets] inside."),
        ("Show this message and exit.", "显示本说明后结束。"),
    ],
)
def test_what_typer_adds_is_translated_too(text: str, told: str):
    english, chinese = load_texts("en"), load_texts("zh")
    words = {english[code]: chinese[code] for code in english if code.startswith("cli.usage_word_")}
    assert translate_remark(text, words) == told
