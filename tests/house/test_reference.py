from __future__ import annotations

import ast
import re

import pytest

from hub.commands.app import NOUNS, VERBS
from hub.commands.reference import FOLDER, render_pages
from hub.commands.reference.configuration import ENVIRONMENT, find_unit, list_keys, walk_tables
from hub.commands.reference.connectors import list_shipped
from hub.commands.reference.verbs import EXAMPLES, carry_out, compile_example
from hub.mapping import source as mapping_source
from hub.sync.config import HubConfig
from tests.house.source import fail_with, product_files, tree

PAGES = render_pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_page_is_fresh(name: str):
    stale = (FOLDER / name).read_text(encoding="utf-8") != PAGES[name]
    assert not stale, f"docs/reference/{name} is stale; run: python -m hub.commands.reference"


def test_no_page_is_left_over():
    assert {path.name for path in FOLDER.glob("*.md")} == PAGES.keys()


def test_the_commands_are_complete():
    for noun in NOUNS:
        for name in noun.COMMANDS:
            assert f"## `isthmus {noun.__name__.rpartition('.')[2]} {name}`" in PAGES["cli.md"]
    for verb in VERBS:
        for name in verb.COMMANDS:
            assert f"## `isthmus {name}`" in PAGES["cli.md"]


def test_every_key_of_the_configuration_says_what_it_means():
    keys = [(table, *key) for table, model in walk_tables(HubConfig) for key in list_keys(model)]
    assert len(keys) > 20
    offences = [f"{table} {key}" for table, key, _, meaning in keys if not meaning]
    fail_with(offences, "A key of isthmus.toml has its meaning in a docstring below the field.")
    bare = [
        f"{table} {key}" for table, key, field, _ in keys if is_number(field.annotation) and not find_unit(key, field)
    ]
    fail_with(bare, "A number has a unit: see UNITS in hub/commands/reference/configuration.py.")


def is_number(annotation: object) -> bool:
    return re.search(r"\b(int|float|Decimal)\b", str(annotation)) is not None


def test_every_variable_of_the_environment_is_told():
    told = {name for names in ENVIRONMENT for name in names.split(", ")}
    constants = [
        node.value for path in product_files() for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)
    ]
    used = {value for value in constants if isinstance(value, str) and re.fullmatch(r"ISTHMUS_[A-Z_]+", value)}
    assert used == {name for name in told if name.startswith("ISTHMUS_")}


def test_every_connector_and_every_verb_has_its_place():
    for name in list_shipped():
        assert f"\n## {name}" in PAGES["connectors.md"]
        assert (FOLDER.parent / "connectors" / f"{name}.md").exists(), "the catalogue links to its page"
    assert {"sandbox", "tryton"} <= set(list_shipped())
    assert tuple(EXAMPLES) == mapping_source.VERBS


@pytest.mark.parametrize("verb", mapping_source.VERBS)
def test_the_example_of_a_verb_uses_it(verb: str):
    """That it works is shown by writing the page: the example is carried out."""
    rules = compile_example(EXAMPLES[verb]).source.rules.values()
    assert any(verb in rule.verbs for rule in rules)
    here, _ = carry_out(EXAMPLES[verb])
    assert here
