"""One list of all that waits for a person."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.commands.output import show_money
from hub.commands.session import Session, answering


def todo(
    ctx: typer.Context,
    connection: Annotated[str | None, typer.Option(help="Only this connection.")] = None,
) -> None:
    """List what waits for a person: why, how much money is at stake, and the command that settles it."""
    with answering(ctx, "todo") as session:
        from hub.sync.todo import list_todo

        if connection is not None:
            session.hub.settings_of(connection)
        found = list_todo(session.hub, connection=connection)
        lang = session.options.lang
        session.items([{**vars(item), "text": item.text(lang)} for item in found])
        mine = [item for item in found if not item.informational]
        for item in mine:
            print_wait(session, item)
        session.say("cli.todo_count", count=len(mine))
        if len(mine) < len(found):
            session.say("cli.todo_approval", count=len(found) - len(mine))


def print_wait(session: Session, item: Any) -> None:
    """Three lines: what and how much, why, and the command that settles it (whole, to be copied)."""
    where = () if item.connection == "*" else (item.connection,)
    label = str(item.number or item.remote_id or "")
    parts = (*where, item.kind, label, show_money(item.amount, item.currency))
    session.write(f"{session.text(f'cli.wait_{item.kind_of_wait}')}: {' · '.join(part for part in parts if part)}")
    session.write(f"  {item.text(session.options.lang)}")
    session.write(f"  → {item.command}")
    session.write()


COMMANDS = {"todo": todo}
