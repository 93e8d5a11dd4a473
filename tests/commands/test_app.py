"""The command line as a whole: quick, ours, in both languages, and documented."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from hub.commands.app import NOUNS, VERBS, hoist_options
from hub.commands.run import SHOWN_STEPS
from hub.commands.usage import choose_language
from hub.errors import IsthmusError, Locked
from hub.locale import load_texts
from hub.protocol.decide import Action, Op
from hub.runtime.metrics import RUN_STATES
from hub.sync.accept import name_action
from hub.sync.answers import classify_error
from tests.commands.stage import Terminal

ROOT = Path(__file__).parents[2]
TEXT = re.compile(r"cli\.(?!md$)[a-z_]+")
# Pydantic is not among them: Typer itself uses it.
HEAVY = {
    "sqlalchemy",
    "httpx",
    "dramatiq",
    "rich",
    "starlette",
    "uvicorn",
    "cryptography",
    "alembic",
    "redis",
}
PRINT_MODULES = (
    "import sys, cli\n"
    "sys.argv = ['isthmus', *{words!r}]\n"
    "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
    "print(*sorted(sys.modules), file=sys.stderr)\n"
)


def run_python(code: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "words", [["--help"], *([noun.__name__.rpartition(".")[2], "--help"] for noun in NOUNS), ["up", "--help"]]
)
def test_help_imports_nothing_heavy(words: list[str]):
    done = run_python(PRINT_MODULES.format(words=words))
    assert "Usage: isthmus" in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "typer" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("package", ["hub", "connectors", "mappings"])
@pytest.mark.parametrize("content", [None, "", "ISTHMUS = 'something else'\n"])
def test_a_foreign_package_is_refused_in_one_sentence(tmp_path: Path, package: str, content: str | None):
    shutil.copy(ROOT / "cli.py", tmp_path)
    for name in ("hub", "connectors", "mappings"):
        text = content if name == package else "ISTHMUS = 'isthmus'\n"
        if text is not None:
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").write_text(text)
    code = "import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]; import cli; cli.main()"
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"“{package}”" in done.stderr
    assert "Traceback" not in done.stderr


def test_options_of_the_program_may_stand_anywhere():
    words = ["sync", "plan", "erp", "--json", "--home", "here", "--lang=zh", "--kind", "order"]
    assert hoist_options(words) == ["--json", "--home", "here", "--lang=zh", "sync", "plan", "erp", "--kind", "order"]
    assert hoist_options(["trace", "--", "--json"]) == ["trace", "--", "--json"]
    assert hoist_options(["todo", "--home"]) == ["--home", "todo"]


@pytest.mark.parametrize(
    ("asked", "environ", "lang"),
    [
        ("zh", {"LANG": "en_US.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        (None, {}, "en"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language(asked: str | None, environ: dict[str, str], lang: str):
    assert choose_language(asked, environ) == lang


def test_an_unknown_language_is_a_usage_error(terminal: Terminal):
    terminal.call("todo", "--lang", "fr", code=2)


def test_every_command_says_what_it_does():
    for module in (*NOUNS, *VERBS):
        assert module.__doc__
        for name, function in module.COMMANDS.items():
            assert function.__doc__, f"{module.__name__}.{name}"


def test_every_text_that_a_command_names_is_in_the_catalogue():
    known = load_texts("en")
    for path in sorted((ROOT / "hub" / "commands").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        beginnings = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in beginnings:
                told = node.value in known or _begins_some(node.value, known)
                assert told or not TEXT.fullmatch(node.value), f"{path.name}: {node.value}"


def _begins_some(text: str, known: Iterable[str]) -> bool:
    """Whether it is the common beginning of several codes."""
    return text.endswith("_") and any(code.startswith(text) for code in known)


def test_every_head_of_a_table_is_in_the_catalogue():
    known = load_texts("en")
    for path in sorted((ROOT / "hub" / "commands").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "table":
                heads = node.args[0].elts if isinstance(node.args[0], ast.List) else []
                for head in heads:
                    if isinstance(head, ast.Starred):
                        continue  # its parts are named where they are made
                    assert isinstance(head, ast.Constant)
                    assert f"cli.head_{head.value!s}" in known, f"{path.name}: {head.value!s}"


def test_the_version(terminal: Terminal):
    assert terminal.call("--version").out.startswith("isthmus ")


def test_json_is_one_document_even_when_it_fails(tmp_path: Path):
    document = Terminal(tmp_path / "nowhere").json("todo", code=2)
    assert document["schema"] == "isthmus/todo/1"
    assert [error["code"] for error in document["errors"]] == ["runtime.home_missing"]
    assert document["errors"][0]["exit_code"] == 2


def test_errors_speak_the_language_of_the_reader(tmp_path: Path):
    nowhere = Terminal(tmp_path / "nowhere")
    assert "There is no home" in nowhere.call("todo", code=2).err
    assert "主目录" in nowhere.call("todo", "--lang", "zh", code=2).err


def test_the_real_program_answers(tmp_path: Path):
    command = [str(Path(sys.executable).parent / "isthmus"), "--home", str(tmp_path / "home"), "init", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["schema"] == "isthmus/init/1"


def test_every_word_of_the_protocol_has_a_text():
    known = load_texts("en")
    assert {f"cli.out_{step}" for step in SHOWN_STEPS} <= set(known)
    assert {step.value for step in Op} >= SHOWN_STEPS
    assert {f"cli.action_{name_action(Action(op))}" for op in Op} <= set(known)
    assert {f"cli.run_{state}" for state in RUN_STATES} | {f"web.run_{state}" for state in RUN_STATES} <= set(known)


def test_every_answer_to_a_write_has_a_text():
    known = load_texts("en")
    outcomes = {
        "sent",
        "ok",
        "fenced",
        *(classify_error(kind("sdk.unreachable")) for kind in IsthmusError.__subclasses__()),
    }
    outcomes |= {classify_error(Locked("sdk.unreachable"))}
    assert {f"cli.outcome_{outcome}" for outcome in outcomes} <= set(known)
    assert {f"{room}_{op.value}" for op in Op for room in ("cli.next", "sync.op")} <= set(known)
