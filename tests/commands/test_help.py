from __future__ import annotations

import os
import subprocess
import sys

from typer.main import get_command

from hub.commands.app import build_app
from hub.commands.help import ENGLISH, list_help, write_english
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
