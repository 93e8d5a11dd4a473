"""Declared field mappings: parse, merge, compile, apply, explain, lint. Pure."""

from hub.mapping.codes import (
    CodeField,
    CodeUse,
    check_code_value,
    find_codes,
    list_allowed,
    list_code_fields,
    read_codes,
    say_codes,
)
from hub.mapping.compiled import Mapping, compile_mapping
from hub.mapping.context import Context, Given, Mapped, MappingInvalid, Problem, show_raw
from hub.mapping.explain import Explained, Preview, ShownRule, explain_mapping, preview_mapping, show_mapping
from hub.mapping.given import check_given, load_given, read_raw
from hub.mapping.lint import lint_mapping
from hub.mapping.source import FieldRule, MappingSource, merge_layers, parse_mapping

__all__ = [
    "CodeField",
    "CodeUse",
    "Context",
    "Explained",
    "FieldRule",
    "Given",
    "Mapped",
    "Mapping",
    "MappingInvalid",
    "MappingSource",
    "Preview",
    "Problem",
    "ShownRule",
    "check_code_value",
    "check_given",
    "compile_mapping",
    "explain_mapping",
    "find_codes",
    "lint_mapping",
    "list_allowed",
    "list_code_fields",
    "load_given",
    "merge_layers",
    "parse_mapping",
    "preview_mapping",
    "read_codes",
    "read_raw",
    "say_codes",
    "show_mapping",
    "show_raw",
]
