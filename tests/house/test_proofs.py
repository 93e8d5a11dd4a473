"""What the catalogue says of a kind (“proved by”) is shown by a test that exists."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from hub.commands.reference.connectors import ABSENT, list_shipped
from hub.runtime.plugins import load_connector
from hub.sdk import Proof
from tests.house.source import ROOT, fail_with
from tests.house.test_reference import list_mapped

TESTS = ROOT / "tests"
SEEN_BY_NOBODY = Proof.DOCUMENTS
"""Says that there is no test."""


def read_proofs(name: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Kind → proof → the tests that show it, as ``proofs.toml`` beside the tests of a connector names them."""
    file = TESTS / "connectors" / name / "proofs.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def list_claims(name: str) -> set[tuple[str, Proof]]:
    """Every kind with each of its proofs, the kinds that go by ``*`` too."""
    loaded = load_connector(name, ABSENT)
    kinds = {*list_mapped(name), *loaded.proved_by} - {"*"} or {"*"}
    return {(kind, proof) for kind in kinds for proof in loaded.proved_by.get(kind, loaded.proved_by["*"])}


def find_tests(name: str, kind: str, proof: Proof) -> Sequence[str]:
    told = read_proofs(name)
    return told.get(kind, {}).get(proof.value) or told.get("*", {}).get(proof.value, ())


def has_test(folder: Path, named: str) -> bool:
    """``test_file.py::name`` beside the table, or ``tests/…/test_file.py::name``: a function, or a class."""
    file, _, test = named.partition("::")
    path = ROOT / file if "/" in file else folder / file
    if not path.exists() or not test.lower().startswith("test"):
        return False
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return test in found


@pytest.mark.parametrize("name", list_shipped())
def test_every_proof_that_is_claimed_names_its_test(name: str):
    claims = {(kind, proof) for kind, proof in list_claims(name) if proof is not SEEN_BY_NOBODY}
    bare = [f"{name} {kind}: {proof.value}" for kind, proof in sorted(claims) if not find_tests(name, kind, proof)]
    fail_with(bare, "Name the test in tests/connectors/NAME/proofs.toml, or claim less in proved_by.")


@pytest.mark.parametrize("name", list_shipped())
def test_every_test_that_is_named_exists_and_shows_a_claim(name: str):
    claims = list_claims(name)
    told = read_proofs(name)
    gone = [
        f"{name} {kind}: {named}"
        for kind, proofs in told.items()
        for tests in proofs.values()
        for named in tests
        if not has_test(TESTS / "connectors" / name, named)
    ]
    fail_with(gone, "proofs.toml names a test that does not exist.")
    idle = [
        f"{name} {kind}: {proof}"
        for kind, proofs in told.items()
        for proof in proofs
        if not any(proof == claimed.value and kind in (about, "*") for about, claimed in claims)
    ]
    fail_with(idle, "proofs.toml shows what no kind claims.")


def test_a_test_that_is_not_there_is_noticed():
    folder = TESTS / "house"
    assert has_test(folder, "test_proofs.py::test_a_test_that_is_not_there_is_noticed")
    assert has_test(folder, "tests/connectors/sandbox/test_conformance.py::TestOnAPort")
    for named in ("test_proofs.py::test_of_nothing", "test_proofs.py", "test_nothing.py::test_x"):
        assert not has_test(folder, named)
