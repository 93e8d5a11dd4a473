"""The pages of docs/reference, written from the program itself: ``python -m hub.commands.reference`` in a checkout."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "docs" / "reference"
PAGES = {
    "cli.md": "cli",
    "configuration.md": "configuration",
    "errors.md": "errors",
    "mapping-verbs.md": "verbs",
    "metrics.md": "metrics",
    "connectors.md": "connectors",
    "mapped.md": "mapped",
    "sdk.md": "sdk",
}
"""File name → module of this package."""


@cache
def render_page(name: str) -> str:
    """The text of one page."""
    text: str = import_module(f"{__name__}.{PAGES[name]}").render()
    return text
