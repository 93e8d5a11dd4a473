"""Pages lead somewhere, every page is found from the index, and the walks of the architecture page are true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.commands.reference import render_page
from tests.house.source import ROOT, fail_with, tracked_files, tree

DOCS = ROOT / "docs"
INDEX = DOCS / "README.md"
PAGES = sorted(path for path in tracked_files() if path.suffix == ".md")
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|mailto:)([^)\s]+)\)")
COMMAND = re.compile(r"(?:`|^|… )isthmus ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
ARCHITECTURE = DOCS / "architecture.md"
STEP = re.compile(r"^\d+\. `([\w/.]+)` \(([^)]*)\)", re.MULTILINE)
WALKS = ("One order in", "One order out")
MOST_FILES = 8


def read_page(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def list_links(path: Path) -> list[tuple[str, Path, str]]:
    """(link as written, file it leads to, anchor) of each link that stays in the project."""
    found = []
    for link in LINK.findall(FENCE.sub("", read_page(path))):
        target, _, anchor = link.partition("#")
        found.append((link, (path.parent / target).resolve() if target else path, anchor))
    return found


def list_anchors(path: Path) -> set[str]:
    """What a heading can be linked as."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", read_page(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_link_is_dead():
    offences = [
        f"{path.relative_to(ROOT)}: {link}"
        for path in PAGES
        for link, target, anchor in list_links(path)
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in list_anchors(target))
    ]
    fail_with(offences, "A link leads to a file, and to a heading in it.")


def test_every_page_is_found_from_the_index():
    found, waiting = {INDEX}, [INDEX]
    while waiting:
        page = waiting.pop()
        new = {target for _, target, _ in list_links(page) if target.suffix == ".md"} - found
        found |= new
        waiting += [path for path in new if path.exists()]
    lost = [str(path.relative_to(ROOT)) for path in PAGES if DOCS in path.parents and path not in found]
    fail_with(lost, "A page is linked from docs/README.md, or from a page that is.")


def test_every_command_on_a_page_exists():
    known = set(re.findall(r"^## `isthmus ([a-z ]+)`$", render_page("cli.md"), re.MULTILINE))
    groups = {name.partition(" ")[0] for name in known if " " in name}
    offences = [
        f"{path.relative_to(ROOT)}: isthmus {first} {second}"
        for path in PAGES
        for first, second in COMMAND.findall(read_page(path))
        if first not in known and f"{first} {second}" not in known and not (first in groups and not second)
    ]
    fail_with(offences, "A page shows a command that does not exist.")


def test_the_readme_leads_to_the_index():
    for name in ("README.md", "README.zh.md"):
        assert INDEX in {target for _, target, _ in list_links(ROOT / name)}, name


def test_the_rooms_are_the_rooms():
    table = section("The rooms")
    told = set(re.findall(r"`hub/(\w+)(?:\.py)?`", "\n".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))))
    here = {path.stem for path in (ROOT / "hub").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert told == here - {"__init__"}


def test_every_decision_is_listed():
    listed = {target for _, target, _ in list_links(ARCHITECTURE) if target.parent == DOCS / "decisions"}
    assert listed == set((DOCS / "decisions").glob("*.md"))


def section(title: str) -> str:
    return read_page(ARCHITECTURE).partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def list_steps(title: str) -> list[tuple[Path, list[str]]]:
    """(file, functions named) of each step of a walk."""
    return [(ROOT / file, re.findall(r"`([\w.]+)`", names)) for file, names in STEP.findall(section(title))]


@pytest.mark.parametrize("title", WALKS)
def test_a_walk_names_what_exists(title: str):
    steps = list_steps(title)
    assert len(steps) == len(re.findall(r"^\d+\. ", section(title), re.MULTILINE)), "every step is understood"
    assert 5 <= len({path for path, _ in steps}) <= MOST_FILES
    offences = [
        f"{path.relative_to(ROOT)} {name}"
        for path, names in steps
        for name in names
        if name not in set(list_names(path))
    ]
    fail_with(offences, f"docs/architecture.md, {title}: a function that is not there.")
    assert all(names for _, names in steps)


@pytest.mark.parametrize("title", WALKS)
def test_each_step_of_a_walk_is_called_by_one_before_it(title: str):
    steps = list_steps(title)
    entry = ROOT / "hub" / "sync" / "run.py"
    called = list_called(entry)
    if title == "One order in":
        # The connector stands first because the order comes from there; pull is what calls it.
        steps = [*steps[1:2], steps[0], *steps[2:]]
    for path, names in steps:
        own = list_called(path)
        lost = [name for name in names if name.rpartition(".")[2] not in called | own]
        assert lost == [], f"{path.relative_to(ROOT)}: nobody on the way calls {lost}"
        assert any(name.rpartition(".")[2] in called for name in names), f"nothing leads to {path.relative_to(ROOT)}"
        called |= own


def list_names(path: Path) -> Iterator[str]:
    """Functions, tables, and methods as ``Class.method``, of one file."""
    if not path.exists():
        return
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from (target.id for target in ast.walk(node) if isinstance(target, ast.Name))
        elif isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef))


def list_called(path: Path) -> set[str]:
    """Every name that a file uses, beside the ones that it defines."""
    names = {node.id for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
