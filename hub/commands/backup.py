"""Keep everything in one file, and put it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.commands.session import answering, confirm
from hub.errors import RuleBroken


def backup(
    ctx: typer.Context, target: Annotated[Path, typer.Argument(help="A file that is not there yet, or a folder.")]
) -> None:
    """Keep database, configuration, mappings and code tables in one file, while the hub runs; never the master key."""
    with answering(ctx, "backup") as session:
        from hub.runtime.backup import make_backup
        from hub.runtime.clock import SystemClock

        kept = make_backup(session.home, session.store, SystemClock(), target)
        session.item(kept)
        session.say("backup.kept", file=kept.file, rows=kept.rows, size=f"{kept.size / 1e6:.1f}")
        session.say("backup.key")


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `isthmus backup` made.")],
    as_clone: Annotated[
        bool, typer.Option("--as-clone", help="As a hub of its own beside the original, whose documents it leaves.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the place of this hub, which is kept as a backup itself. Nothing is written twice by that."""
    with answering(ctx, "restore") as session:
        from hub.runtime.restore import restore_backup

        question = "backup.ask_clone" if as_clone else "backup.ask"
        if not confirm(session, question, yes=yes, file=file, home=session.home.folder):
            raise RuleBroken("backup.unconfirmed")
        done = restore_backup(session.home, file, session.actor, as_clone=as_clone)
        session.item(done)
        if done.before is not None:
            session.say("backup.before", file=done.before.file)
        session.say("backup.done", taken_at=done.manifest.taken_at[:19], installation=done.installation)
        told = "backup.cloned" if as_clone else "backup.looks"
        session.say(told, documents=done.documents)
        if not done.same_key:
            session.note("backup.other_key", file=session.home.key_file)
        for reference in done.missing:
            session.note("backup.missing", reference=reference)


COMMANDS = {"backup": backup, "restore": restore}
