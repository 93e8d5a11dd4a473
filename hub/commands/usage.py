"""A line that makes no sense: which word of it is wrong, in the reader's language, for people or as JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import typer

from hub.commands import output
from hub.errors import ConfigInvalid
from hub.locale import LANGUAGES, Phrase

USAGE_ERROR: Any = typer.BadParameter.__bases__[0]
"""Typer brings its own copy of Click and exports this class only through its children."""
_QUOTED = re.compile(r"['\"]([^'\"]*)['\"]")
_CODES = {
    "NoSuchOption": "cli.usage_option",
    "BadOptionUsage": "cli.usage_option",
    "MissingParameter": "cli.usage_missing",
    "NoArgsIsHelpError": "cli.usage_nothing",
}
_BEGINNINGS = {
    "No such command": "cli.usage_command",
    "No such option": "cli.usage_option",
    "Got unexpected extra": "cli.usage_extra",
    "Missing command": "cli.usage_nothing",
    "Missing": "cli.usage_missing",
}


def choose_language(asked: str | None, environ: Mapping[str, str]) -> str:
    """``--lang``, else the locale of the environment, else English."""
    if asked is not None:
        if asked not in LANGUAGES:
            raise typer.BadParameter(Phrase("cli.usage_choice", choices=", ".join(LANGUAGES)), param_hint="--lang")
        return asked
    named = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh" if named.lower().startswith("zh") else "en"


def tell_usage_error(error: Any, words: Sequence[str]) -> int:
    """Print what is wrong with ``words`` (options of the whole program in front) and return the exit code."""
    from hub.commands.session import describe_error, print_document

    lang = find_language(words)
    path = error.ctx.command_path if error.ctx is not None else "isthmus"
    told = explain_usage(error)
    if type(error).__name__ == "NoArgsIsHelpError" and "--json" not in words:
        output.write_line(error.ctx.get_help())
        return told.exit_code
    if "--json" in words:
        schema = ".".join(path.split()[1:]) or "usage"
        print_document(schema, {}, [describe_error(told, lang)])
    output.write_error(told.text(lang))
    output.write_remark(ConfigInvalid("cli.usage_help", path=path).text(lang))
    return told.exit_code


def explain_usage(error: Any) -> ConfigInvalid:
    """The error of ours that says the same."""
    message = str(error.message)
    code = _CODES.get(type(error).__name__)
    code = code or next((code for words, code in _BEGINNINGS.items() if message.startswith(words)), None)
    name = getattr(error, "option_name", None) or _name_parameter(error) or _first_quoted(message)
    if code is not None:
        return ConfigInvalid(code, name=name)
    return ConfigInvalid("cli.usage_value", name=name, what=_find_reason(error))


def _name_parameter(error: Any) -> str:
    hint = getattr(error, "param_hint", None) or ""
    parameter = getattr(error, "param", None)
    if parameter is not None and not hint:
        hint = parameter.get_error_hint()
    return str(hint if isinstance(hint, str) else " / ".join(hint)).replace("'", "")


def _first_quoted(message: str) -> str:
    found = re.search(r"\(([^()]*)\)$", message) or _QUOTED.search(message)
    return found[1] if found else message


def _find_reason(error: Any) -> str:
    """Why the value is refused: Typer checks values with Pydantic."""
    from pydantic import ValidationError

    from hub.model.refusal import explain_refusal

    cause = error.__cause__ or error.__context__
    if isinstance(cause, ValidationError):
        return explain_refusal(cause.errors()[0])
    return error.message if isinstance(error.message, Phrase) else str(error.message)


def find_language(words: Sequence[str]) -> str:
    joined = [word.partition("=")[2] for word in words if word.startswith("--lang=")]
    apart = [after for word, after in pairwise(words) if word == "--lang"]
    asked = next((lang for lang in (*joined, *apart) if lang in LANGUAGES), None)
    return choose_language(asked, os.environ)
