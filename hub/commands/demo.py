"""A scenario from beginning to end, in a home of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.commands.session import answering

DEFAULT = "china"
PARTS = ("erp", "lists")
"""Folders that a scenario makes before anything else."""


def demo(
    ctx: typer.Context,
    scenario: Annotated[str, typer.Argument(help="Which scenario.")] = DEFAULT,
    seed: Annotated[int, typer.Option(help="Other data and other faults.")] = 7,
    folder: Annotated[Path, typer.Option(help="Where its home is made; nothing is written elsewhere.")] = Path(
        "demo-home"
    ),
) -> None:
    """Play a scenario: read, plan, run, edits on both sides, check. It calls public commands only."""
    with answering(ctx, "demo") as session:
        import importlib
        import importlib.util

        from hub.errors import NotFound

        if not scenario.isidentifier() or importlib.util.find_spec(f"hub.demo.{scenario}") is None:
            raise NotFound("cli.scenario_unknown", scenario=scenario)
        check_folder(folder)
        play = importlib.import_module(f"hub.demo.{scenario}").run
        outcome = play(folder.absolute(), seed=seed, lang=session.options.lang, as_json=session.options.as_json)
        session.item(outcome.item)
        session.exit_code = outcome.exit_code


def check_folder(folder: Path) -> None:
    """A scenario begins anew by emptying its folder, so it must be one that a scenario made, or an empty one."""
    from hub.errors import ConfigInvalid

    made_by_us = (folder / "home" / "isthmus.toml").is_file() or any((folder / name).is_dir() for name in PARTS)
    if folder.exists() and not (folder.is_dir() and (made_by_us or not any(folder.iterdir()))):
        raise ConfigInvalid("cli.folder_not_demo", folder=folder)


COMMANDS = {"demo": demo}
