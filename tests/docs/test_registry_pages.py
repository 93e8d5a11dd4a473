"""The pages of the registries, typed from top to bottom beside their simulators."""

from __future__ import annotations

import importlib
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.sdk.simulator import load_simulator
from tests.commands.stage import Terminal
from tests.docs.pages import list_commands

NAMES = ("qichacha", "tianyancha")
SECRETS = {"qichacha": "secret_key", "tianyancha": "token"}


class Story:
    """A home with a connection called ``reg`` and a customer C-1 that the register knows."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        connector = importlib.import_module(f"connectors.{name}").isthmus_connector()
        simulator = load_simulator(connector)
        assert simulator is not None
        self.running = simulator.start(0, 5, {}, {"companies": "12"})
        made = importlib.import_module(f"connectors.{name}.simulator").make_companies(12, 5)
        self.companies: list[dict[str, Any]] = made
        self.terminal = Terminal(folder / "home")
        self.terminal.call("init")
        told = dict(self.running.credentials)
        (self.terminal.home / "key").write_text(told.pop(SECRETS[name]), "utf-8")
        told[SECRETS[name]] = "file:key"
        words = [word for key, value in told.items() for word in ("--set", f"{key}={value}")]
        self.terminal.call("connection", "add", "reg", "--connector", name, *words)
        self.add("C-1", 0)

    def add(self, number: str, place: int) -> None:
        row = self.companies[place]
        company, code = row.get("Name") or row["name"], row.get("CreditCode") or row["creditCode"]
        codes = json.dumps([{"kind": "uscc", "value": code}])
        words = ("--set", f"name={company}", "--set", f"number={number}", "--set", f"identifiers={codes}")
        self.terminal.call("record", "create", "account", *words)


@pytest.fixture(params=NAMES)
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    story = Story(tmp_path, request.param)
    yield story
    story.running.stop()


@pytest.mark.parametrize("ending", [".md", ".zh.md"])
def test_the_page_can_be_followed(story: Story, ending: str) -> None:
    story.add("C-2", 1)
    said = {}
    for command in list_commands(f"docs/connectors/{story.name}{ending}", "isthmus"):
        if "simulate" in command or "--take" in command:
            continue  # the one runs until it is stopped, the other is typed below
        said[command] = story.terminal.call(*shlex.split(command)[1:]).out
    assert "Nothing was called" in said["isthmus enrich C-1"]
    assert "¥0.50" in said["isthmus enrich C-1"]
    assert "filled from reg" in said["isthmus enrich C-1 --yes"]
    assert "legal_representative" in said["isthmus record show account C-1 --explain"]
    assert "C-2" in said["isthmus enrich --limit 5 --yes"]
    assert "C-1" not in said["isthmus enrich --limit 5 --yes"]


def test_programs_get_the_plan_and_what_came_of_it(story: Story) -> None:
    plan = story.terminal.json("enrich", "C-1")["item"]
    assert (plan["plan"]["calls"], plan["plan"]["cost"], plan["done"]) == (1, "0.50", None)
    done = story.terminal.json("enrich", "C-1", "--yes")["item"]["done"]
    assert done[0]["outcome"] == "filled"
    assert {row["verdict"] for row in done[0]["proposals"]} == {"fills", "same"}
    assert story.terminal.json("enrich", "C-1")["item"]["plan"]["calls"] == 0


def test_a_person_chooses_from_the_list(story: Story) -> None:
    story.terminal.call("record", "create", "account", "--set", "name=有限公司", "--set", "number=C-9")
    said = story.terminal.call("enrich", "C-9", "--yes").out
    assert "--take" in said
    row = story.companies[2]
    code = row.get("CreditCode") or row["creditCode"]
    assert "filled from reg" in story.terminal.call("enrich", "C-9", "--take", code, "--yes").out
    assert story.terminal.call("enrich", "C-9", "--connection", "nobody", code=2).err
