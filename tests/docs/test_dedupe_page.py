"""The page about lists, typed from top to bottom where its lists lie."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.commands.app import build_app
from hub.sdk.tables import open_table, write_table
from hub.sync.dedupe.recognise import WORDS
from tests.docs.pages import list_commands, list_mentions

PAGE = "docs/guides/dedupe.md"
SAMPLES = Path(__file__).parents[1] / "identity" / "samples"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    companies = read(SAMPLES / "companies.csv")
    for name, sample in (("customers.csv", "companies.csv"), ("people.csv", "contacts.csv")):
        (tmp_path / name).write_bytes((SAMPLES / sample).read_bytes())
    rows = [(row["name"], row["phone"], row["address"]) for row in companies[:60]]
    write_table(tmp_path / "old.xlsx", ["往来单位", "备注2", "开户行"], rows)
    return tmp_path


@pytest.mark.slow
def test_the_page_can_be_followed(folder: Path) -> None:
    said = {}
    for command in list_commands(PAGE, "isthmus dedupe"):
        result = CliRunner().invoke(build_app(), [*shlex.split(command)[1:], "--json"])
        expected = 2 if "--shared" in command else 0  # there is no home here
        assert result.exit_code == expected, (command, result.output)
        said[command] = json.loads(result.stdout)
    given, found, certain = (read(folder / name) for name in ("customers.csv", "clustered.csv", "certain.csv"))
    assert [row["name"] for row in found] == [row["name"] for row in given]
    assert {row["band"] for row in found} == {"auto", "review", "single"}
    assert {row["band"] for row in certain} == {"auto", "single"}
    assert any(row["relation"].startswith("branch_of:C") for row in found)
    questions = read(folder / "questions.csv")
    weights = [int(row["weight"]) for row in questions]
    assert len(weights) > 1
    assert weights == sorted(weights, reverse=True)
    (old,) = (answer["item"] for command, answer in said.items() if "old.xlsx" in command)
    assert old["columns"] == {"name": ["往来单位"], "phone": ["备注2"]}
    with open_table(folder / "old-clustered.xlsx") as table:
        assert {"cluster_id", "band", "relation", "开户行"} <= set(table.facts.columns)


def test_the_page_names_every_field() -> None:
    fields = {field for words in WORDS.values() for field in words}
    assert fields <= set(list_mentions(PAGE))
