"""What a person says about a new connection: options of the command line first, then questions for what is missing."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.commands.session import Session, ask, ask_secret
from hub.errors import ConfigInvalid, keep_secret

REFERENCES = ("env:", "file:", "secret:")


@dataclass
class Answers:
    """``values`` may be written into isthmus.toml. ``typed`` are secrets that a person typed, by key: they go into the
    database, encrypted. ``references`` names the keys whose value is a reference to a secret."""

    values: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    references: set[str] = field(default_factory=set)


def collect_answers(
    session: Session, connector: str, model: Any, fields: Sequence[Mapping[str, Any]], settings: Sequence[str]
) -> Answers:
    """All keys that a connection needs; ``ConfigInvalid`` when one is unknown, or missing and nobody can be asked."""
    answers = Answers()
    known = {row["key"]: row for row in fields}
    for key, value in (split_setting(text) for text in settings):
        root, _, inner = key.partition(".")
        if root not in known or (inner and known[root]["secret"]):
            raise ConfigInvalid("cli.key_unknown", key=key, connector=connector, known=", ".join(known) or "-")
        if inner:
            _take_inner(answers, root, inner, value)
        else:
            _take_setting(answers, key, value, secret=known[key]["secret"])
    missing = [row for row in fields if row["required"] and row["key"] not in answers.values]
    if missing and not sys.stdin.isatty():
        raise ConfigInvalid("cli.keys_missing", connector=connector, keys=", ".join(row["key"] for row in missing))
    for row in missing:
        _ask_field(session, answers, row)
    _give_types(model, answers)
    return answers


def split_setting(text: str) -> tuple[str, str]:
    """``key=value``; the text itself is not repeated, it might hold a secret."""
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise ConfigInvalid("cli.setting_shape")
    return key.strip(), value


def _take_inner(answers: Answers, root: str, inner: str, value: str) -> None:
    """``streams.account.key=编号`` is a value inside a table of tables."""
    table = answers.values.setdefault(root, {})
    *way, last = inner.split(".")
    for name in way:
        if not isinstance(table, dict):
            break
        table = table.setdefault(name, {})
    if not isinstance(table, dict) or isinstance(table.get(last), dict):
        raise ConfigInvalid("cli.key_twice", key=f"{root}.{inner}")
    table[last] = value


def _take_setting(answers: Answers, key: str, value: str, *, secret: bool) -> None:
    if secret and not value.startswith(REFERENCES):
        keep_secret(value)
        raise ConfigInvalid("cli.secret_on_line", key=key)
    if secret:
        answers.references.add(key)
    answers.values[key] = value


def _ask_field(session: Session, answers: Answers, row: Mapping[str, Any]) -> None:
    key, question = row["key"], row["question"]
    if not row["secret"]:
        answers.values[key] = ask(session, question)
        return
    value = ask_secret(question)
    if value.startswith(REFERENCES):
        answers.values[key] = value
        answers.references.add(key)
    else:
        keep_secret(value)
        answers.typed[key] = value


def _give_types(model: Any, answers: Answers) -> None:
    """Texts of the command line as the numbers and booleans that the connector declares."""
    from pydantic import TypeAdapter, ValidationError

    for key, text in list(answers.values.items()):
        if key in answers.references or isinstance(text, dict):
            continue
        try:
            value = TypeAdapter(model.model_fields[key].annotation).validate_python(text)
        except ValidationError:
            continue  # checking the whole configuration says it with file, line and fix
        answers.values[key] = value if isinstance(value, bool | int | float | str) else text
