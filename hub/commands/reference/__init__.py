"""The pages of docs/reference, written from the program itself: ``python -m hub.commands.reference`` in a checkout."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[3] / "docs" / "reference"


def render_pages() -> dict[str, str]:
    """File name → text of every page."""
    from hub.commands.reference import cli, configuration, connectors, metrics, verbs

    return {
        "cli.md": cli.render(),
        "configuration.md": configuration.render(),
        "connectors.md": connectors.render(),
        "mapping-verbs.md": verbs.render(),
        "metrics.md": metrics.render(),
    }
