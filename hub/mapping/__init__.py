"""Declared field mappings: parse, compile, apply, explain, lint. Pure."""
