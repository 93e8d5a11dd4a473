"""Declared field mappings: parse, merge, compile, apply, explain, lint. Pure."""

from hub.mapping.compiled import Mapping, compile_mapping
from hub.mapping.context import Context, Mapped, MappingInvalid, Problem
from hub.mapping.explain import Explained, Preview, ShownRule, explain_mapping, preview_mapping, show_mapping
from hub.mapping.lint import lint_mapping
from hub.mapping.source import FieldRule, MappingSource, merge_layers, parse_mapping

__all__ = [
    "Context",
    "Explained",
    "FieldRule",
    "Mapped",
    "Mapping",
    "MappingInvalid",
    "MappingSource",
    "Preview",
    "Problem",
    "ShownRule",
    "compile_mapping",
    "explain_mapping",
    "lint_mapping",
    "merge_layers",
    "parse_mapping",
    "preview_mapping",
    "show_mapping",
]
