"""Inputs that nobody meant: what reads others' texts answers with an error of the hub, quickly, or with a value."""
