"""Declared field mappings: parse, merge, compile, apply, explain, lint. Pure."""

from hub.mapping.compiled import Mapping, compile_mapping
from hub.mapping.context import Context, Mapped, MappingInvalid, Problem
from hub.mapping.lint import lint_mapping
from hub.mapping.source import FieldRule, MappingSource, merge_layers, parse_mapping

__all__ = [
    "Context",
    "FieldRule",
    "Mapped",
    "Mapping",
    "MappingInvalid",
    "MappingSource",
    "Problem",
    "compile_mapping",
    "lint_mapping",
    "merge_layers",
    "parse_mapping",
]
