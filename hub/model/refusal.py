"""What a model refused, in the reader's language: the reasons that Pydantic gives, as texts of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.locale import Phrase

_CODES = {
    "missing": "model.refused_missing",
    "extra_forbidden": "model.refused_unknown",
    "string_type": "model.refused_text",
    "string_unicode": "model.refused_sign",
    "bool_type": "model.refused_boolean",
    "bool_parsing": "model.refused_boolean",
    "int_type": "model.refused_integer",
    "int_parsing": "model.refused_integer",
    "int_from_float": "model.refused_integer",
    "float_type": "model.refused_number",
    "float_parsing": "model.refused_number",
    "finite_number": "model.refused_number",
    "decimal_type": "model.refused_number",
    "decimal_parsing": "model.refused_number",
    "date_type": "model.refused_date",
    "date_parsing": "model.refused_date",
    "date_from_datetime_parsing": "model.refused_date",
    "date_from_datetime_inexact": "model.refused_date",
    "datetime_type": "model.refused_instant",
    "datetime_parsing": "model.refused_instant",
    "datetime_from_date_parsing": "model.refused_instant",
    "uuid_type": "model.refused_id",
    "uuid_parsing": "model.refused_id",
    "tuple_type": "model.refused_list",
    "list_type": "model.refused_list",
    "dict_type": "model.refused_table",
    "model_type": "model.refused_table",
    "model_attributes_type": "model.refused_table",
}
"""Pydantic's type of an error → our text."""
_PARAMETERS = {
    "greater_than_equal": ("model.refused_below", "ge"),
    "greater_than": ("model.refused_below", "gt"),
    "less_than_equal": ("model.refused_above", "le"),
    "less_than": ("model.refused_above", "lt"),
    "enum": ("model.refused_choice", "expected"),
    "literal_error": ("model.refused_choice", "expected"),
    "string_pattern_mismatch": ("model.refused_pattern", "pattern"),
}


def explain_refusal(error: Mapping[str, Any]) -> str:
    """The reason of one entry of ``ValidationError.errors()``, as a :class:`Phrase` where we have one."""
    name, context = str(error["type"]), error.get("ctx") or {}
    if name in _CODES:
        return Phrase(_CODES[name])
    if name in _PARAMETERS:
        code, key = _PARAMETERS[name]
        return Phrase(code, what=_tell_parameter(context[key]))
    reason = context.get("error")
    return give_reason(reason) if isinstance(reason, ValueError) else str(error["msg"])


def _tell_parameter(value: object) -> object:
    """A limit or a pattern as it is; ``'a', 'b' or 'c'`` as ``a, b, c``."""
    quoted = re.findall(r"'([^']*)'", str(value))
    return ", ".join(quoted) or value


def give_reason(error: ValueError) -> str:
    """What a check of ours said, as the :class:`Phrase` that it was given."""
    return error.args[0] if error.args and isinstance(error.args[0], Phrase) else str(error)


def show_refused(error: Mapping[str, Any]) -> object:
    """The value that was refused, where showing it helps: not of what is missing, and not a whole table."""
    value = error.get("input")
    return "" if error["type"] == "missing" else "…" if isinstance(value, dict) else value
