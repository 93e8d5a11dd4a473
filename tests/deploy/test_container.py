"""The container file says what it must. No image is built here: that needs a container engine and Debian's packages."""

from __future__ import annotations

import ast
import json
import re

import pytest
from typer.main import get_command

from deploy.dist import COMPANIONS
from hub.commands.app import build_app
from hub.runtime.up import DEFAULT_PORT
from tests.house.source import ROOT

FILE = ROOT / "deploy" / "Containerfile"
INSTRUCTIONS = {
    *("FROM", "RUN", "COPY", "ENV", "USER", "VOLUME", "WORKDIR"),
    *("EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
}


def read_stages() -> list[list[tuple[str, str]]]:
    """(instruction, argument) of each stage; continued lines are joined."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines() if line.strip()]
    stages: list[list[tuple[str, str]]] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest.strip()))
    return stages


def last(word: str) -> str:
    return next(rest for found, rest in reversed(read_stages()[-1]) if found == word)


def test_only_instructions_that_every_builder_knows():
    assert {word for stage in read_stages() for word, _ in stage} <= INSTRUCTIONS


def test_both_stages_begin_with_the_same_slim_debian():
    bases = {stage[0][1].split()[0] for stage in read_stages()}
    assert len(bases) == 1
    assert re.fullmatch(r"debian:\d+-slim", bases.pop())


def test_every_package_list_is_removed_in_the_layer_that_fetched_it():
    runs = [rest for stage in read_stages() for word, rest in stage if word == "RUN" and "apt-get" in rest]
    assert runs
    assert all("--no-install-recommends" in run and "rm -rf /var/lib/apt/lists/*" in run for run in runs)


def test_it_runs_as_nobody_in_particular():
    words = [word for word, _ in read_stages()[-1]]
    uid, _, gid = last("USER").partition(":")
    assert (uid + gid).isdigit(), "numbers, so that an orchestrator can check that it is not root"
    assert int(uid) > 0
    assert f"--uid {uid}" in last("RUN")
    assert "RUN" not in words[words.index("USER") :]


def test_the_home_is_a_volume_of_that_user():
    home = last("VOLUME")
    assert f"ISTHMUS_HOME={home}" in last("ENV")
    assert last("WORKDIR") == home
    assert f"install -d -o isthmus -g isthmus -m 0700 {home}" in last("RUN")


def test_the_program_is_where_it_was_installed():
    installed = re.search(r"install\.sh (\S+)", next(rest for word, rest in read_stages()[0] if "install.sh" in rest))
    assert installed
    assert last("COPY") == f"--from=build {installed[1]} {installed[1]}", "an environment cannot be moved"
    assert f"PATH={installed[1]}/bin:" in last("ENV")
    assert {"install.sh", "Containerfile"} <= set(COMPANIONS), "the build context is the offline folder"


def test_it_starts_a_command_that_exists():
    assert json.loads(last("ENTRYPOINT")) == ["isthmus"]
    word, *options = json.loads(last("CMD"))
    command = get_command(build_app()).commands[word]  # type: ignore[attr-defined]  # a group has commands
    context = command.make_context(word, list(options), resilient_parsing=True)
    assert context.params["host"] == "0.0.0.0"
    assert last("EXPOSE") == str(DEFAULT_PORT)
    assert last("STOPSIGNAL") == "SIGTERM"


def test_the_health_check_asks_the_hub_and_needs_no_program_but_python():
    kind, _, words = last("HEALTHCHECK").partition(" CMD ")
    program, flag, code = json.loads(words)
    assert (program, flag) == ("python3", "-c")
    ast.parse(code)
    assert f"http://127.0.0.1:{DEFAULT_PORT}/healthz" in code
    assert "--interval" in kind


@pytest.mark.parametrize(
    "forbidden", ["curl", "sudo", "chmod 777", ":latest", "ADD ", "--privileged", "TOKEN", "PASSWORD"]
)
def test_nothing_that_does_not_belong(forbidden: str):
    assert forbidden not in FILE.read_text(encoding="utf-8")
