from __future__ import annotations

from hub.commands.app import NOUNS, VERBS
from hub.commands.reference import PAGE, render_reference


def test_the_reference_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == render_reference(), "run: python -m hub.commands.reference"


def test_the_reference_names_every_command():
    page = render_reference()
    for noun in NOUNS:
        for name in noun.COMMANDS:
            assert f"## `isthmus {noun.__name__.rpartition('.')[2]} {name}`" in page
    for verb in VERBS:
        for name in verb.COMMANDS:
            assert f"## `isthmus {name}`" in page
