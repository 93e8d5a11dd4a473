from __future__ import annotations

import ast
import re

import pytest

from hub.commands.app import NOUNS, VERBS
from hub.commands.reference import FOLDER, PAGES, render_page
from hub.commands.reference.configuration import ENVIRONMENT, find_unit, list_keys, walk_tables
from hub.commands.reference.connectors import ABSENT, list_shipped
from hub.commands.reference.errors import list_explained, list_reasons, read_notes, split_text
from hub.commands.reference.verbs import EXAMPLES, carry_out, compile_example
from hub.locale import load_texts
from hub.mapping import source as mapping_source
from hub.runtime.plugins import load_connector
from hub.sdk import Connector
from hub.sync.config import HubConfig
from tests.house.source import fail_with, product_files, tree


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_page_is_fresh(name: str):
    stale = (FOLDER / name).read_text(encoding="utf-8") != render_page(name)
    assert not stale, f"docs/reference/{name} is stale; run: python -m hub.commands.reference"


def test_no_page_is_left_over():
    assert {path.name for path in FOLDER.glob("*.md")} == PAGES.keys()


def test_the_commands_are_complete():
    for noun in NOUNS:
        for name in noun.COMMANDS:
            assert f"## `isthmus {noun.__name__.rpartition('.')[2]} {name}`" in render_page("cli.md")
    for verb in VERBS:
        for name in verb.COMMANDS:
            assert f"## `isthmus {name}`" in render_page("cli.md")


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


def test_the_labels_of_metrics_are_told():
    """Also of a metric that a new hub has no sample of."""
    rows = dict(re.findall(r"^\| `(\w+)` \| \w+ \| ([^|]*) \|", render_page("metrics.md"), re.MULTILINE))
    assert rows["isthmus_due"] == "–"
    assert rows["isthmus_attempts_total"] == "outcome"
    assert rows["isthmus_calls_today"] == "connection"


def test_every_variable_of_the_environment_is_told():
    told = {name for names in ENVIRONMENT for name in names.split(", ")}
    constants = [
        node.value for path in product_files() for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)
    ]
    used = {value for value in constants if isinstance(value, str) and re.fullmatch(r"ISTHMUS_[A-Z_]+", value)}
    assert used == {name for name in told if name.startswith("ISTHMUS_")}


def test_every_connector_and_every_verb_has_its_place():
    for name in list_shipped():
        assert f"\n## {name}" in render_page("connectors.md")
        assert (FOLDER.parent / "connectors" / f"{name}.md").exists(), "the catalogue links to its page"
    assert {"sandbox", "tryton"} <= set(list_shipped())
    assert tuple(EXAMPLES) == mapping_source.VERBS


@pytest.mark.parametrize("name", list_shipped())
def test_a_connector_says_of_which_kinds_it_is_told_and_what_proves_them(name: str):
    """Otherwise the catalogue would promise a webhook that nobody takes."""
    loaded = load_connector(name, ABSENT)
    assert bool(loaded.pushed) == (loaded.receiver is not Connector.receiver)
    kinds = set(list_mapped(name))
    assert loaded.pushed <= {*kinds, "*"}
    assert set(loaded.proved_by) <= {*kinds, "*"}
    assert loaded.proved_by["*"]


def list_mapped(name: str) -> list[str]:
    return re.findall(rf"^### {name}: (\w+)$", render_page("mapped.md"), re.MULTILINE)


@pytest.mark.parametrize("verb", mapping_source.VERBS)
def test_the_example_of_a_verb_uses_it(verb: str):
    """That it works is shown by writing the page: the example is carried out."""
    rules = compile_example(EXAMPLES[verb]).source.rules.values()
    assert any(verb in rule.verbs for rule in rules)
    here, _ = carry_out(EXAMPLES[verb])
    assert here


def test_every_error_has_a_cause_and_a_cure():
    explained = list_explained(read_notes())
    assert len(explained) > 200
    assert {"runtime.home_missing", "crm.custom_date", "tryton.unit_unknown", "sync.veto_one_branch"} <= {
        item.code for item in explained
    }, "codes from tables and with computed names too"
    bare = [item.code for item in explained if not (item.cause and item.cure)]
    fail_with(bare, "An error says what to do in its text, or has a cure in docs/reference/errors.toml.")


def test_no_note_is_left_over():
    raised = list_explained({})
    known = {item.code for item in raised} | set(list_reasons(raised))
    fail_with(sorted(read_notes().keys() - known), "docs/reference/errors.toml explains a code that nobody can meet.")
    assert all(note.keys() <= {"cause", "cure"} for note in read_notes().values())


def test_every_command_that_a_text_names_exists():
    known = set(re.findall(r"^## `isthmus ([a-z ]+)`$", render_page("cli.md"), re.MULTILINE))
    groups = {name.partition(" ")[0] for name in known if " " in name}
    texts = {word: text for word, text in load_texts("en").items() if not word.startswith("help.")}
    texts["errors.toml"] = (FOLDER / "errors.toml").read_text(encoding="utf-8")
    offences = [
        f"{code}: isthmus {first} {second}"
        for code, text in texts.items()
        for first, second in re.findall(r"(?<![Ii]nstall )\bisthmus ([a-z]+)(?: ([a-z]+))?", text)
        if first not in known and (first not in groups or f"{first} {second}" not in known)
    ]
    fail_with(offences, "A text names a command that does not exist.")


@pytest.mark.parametrize(
    ("text", "cause", "cure"),
    [
        ("There is no x “{x}”; known: {known}.", "There is no x “{x}”.", "Use one of: {known}."),
        ("It is so. Do this.", "It is so.", "Do this."),
        ("{kind} “{record}” is void.", "{kind} “{record}” is void.", ""),
        ("No answer came; nothing was written.", "No answer came; nothing was written.", ""),
    ],
)
def test_a_text_falls_into_cause_and_cure(text: str, cause: str, cure: str):
    assert split_text(text) == (cause, cure)
