"""Credentials in fixtures of the Chinese systems are invented ones, so that nobody's can slip in among them."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator

import pytest

from hub.sdk.simulator import load_simulator
from tests.house.source import fail_with, place, python_files, tree

NAMES = ("kingdee", "wecom", "qichacha", "tianyancha")
INVENTED = frozenset(
    {
        "0123456789abcdef0123456789abcdef",  # pragma: allowlist secret
        "069A00EC361E2653601E78DD0AA799E7",  # pragma: allowlist secret
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",  # pragma: allowlist secret
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",  # pragma: allowlist secret
        *("QDG6eK", "appkey1", "hubtoken", "invented-secret", "secret1"),
    }
)
"""Copied from ``test-vectors.json`` of the project's fact sheets: credentials that never were anybody's, and two that
the documentation of WeCom prints as its example."""
WRONG = frozenset({"nobody", "other", "short", "with-dash", "wrong"})
"""Words that a test gives where it wants to be refused."""


def list_secret_fields() -> set[str]:
    models = [importlib.import_module(f"connectors.{name}").isthmus_connector().Config for name in NAMES]
    return {
        field
        for model in models
        for field, told in model.model_fields.items()
        if "SecretStr" in str(told.annotation)
    }  # fmt: skip


def list_given(module: ast.AST) -> Iterator[tuple[ast.AST, str, str]]:
    """(where, name, text) of every constant that is given to a name: an argument, a key, an assignment, a default."""
    for node in ast.walk(module):
        pairs: list[tuple[object, ast.AST | None]] = []
        if isinstance(node, ast.keyword):
            pairs = [(node.arg, node.value)]
        elif isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
            pairs = list(zip(keys, node.values, strict=True))
        elif isinstance(node, ast.Assign):
            pairs = [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            pairs = [(node.target.id, node.value)]
        for name, value in pairs:
            if isinstance(name, str) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value, name.lower(), value.value


def is_invented(text: str) -> bool:
    return text in INVENTED | WRONG or text == "" or text.startswith(("env:", "file:"))


def list_offences(module: ast.AST, fields: set[str]) -> list[tuple[ast.AST, str]]:
    return [(node, name) for node, name, text in list_given(module) if name in fields and not is_invented(text)]


def test_fixtures_hold_invented_credentials_only() -> None:
    fields = list_secret_fields()
    assert {"app_secret", "secret", "secret_key", "token"} <= fields
    rooms = tuple(f"{root}/{name}/" for root in ("connectors", "tests/connectors") for name in NAMES)
    files = [path for path in python_files() if any(room in path.as_posix() for room in rooms)]
    assert len(files) > 20
    offences = [
        f"{place(path, node)} gives {name} a value that is not among the invented ones"
        for path in files
        for node, name in list_offences(tree(path), fields)
    ]
    fail_with(offences, "Fixtures use the invented credentials of the test vectors, and no others.")


@pytest.mark.parametrize("name", NAMES)
def test_a_simulator_has_invented_credentials_only(name: str) -> None:
    connector = importlib.import_module(f"connectors.{name}").isthmus_connector()
    simulator = load_simulator(connector)
    assert simulator is not None
    running = simulator.start(0, 1, {}, {})
    running.stop()
    told = {field: value for field, value in running.credentials.items() if field in list_secret_fields()}
    assert told
    assert {field: value for field, value in told.items() if value not in INVENTED} == {}


def test_a_real_one_would_be_found() -> None:
    fields = list_secret_fields()
    forms = ('Config(token="{}")', '{{"secret_key": "{}"}}', 'TOKEN = "{}"', 'token: str = "{}"')
    given = [form.format("9f8e7d") for form in forms]
    for text in given:
        assert len(list_offences(ast.parse(text), fields)) == 1
    assert list_offences(ast.parse('Config(token="hubtoken", name="9f8e7d")'), fields) == []
