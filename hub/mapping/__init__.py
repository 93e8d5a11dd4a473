"""Declared field mappings: parse, merge, compile, apply, explain, lint. Pure."""

from hub.mapping.compiled import Mapping, compile_mapping
from hub.mapping.context import Context, Given, Mapped, MappingInvalid, Problem, show_raw
from hub.mapping.explain import Explained, Preview, ShownRule, explain_mapping, preview_mapping, show_mapping
from hub.mapping.given import check_given, load_given, read_raw
from hub.mapping.lint import lint_mapping
from hub.mapping.source import FieldRule, MappingSource, merge_layers, parse_mapping

__all__ = [
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
    "check_given",
    "compile_mapping",
    "explain_mapping",
    "lint_mapping",
    "load_given",
    "merge_layers",
    "parse_mapping",
    "preview_mapping",
    "read_raw",
    "show_mapping",
    "show_raw",
]
