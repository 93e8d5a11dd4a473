"""One list of all that waits for a person."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.output import show_money
from hub.commands.session import answering


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
        if mine:
            session.table(
                ["wait", "connection", "kind", "number", "amount", "why", "command"],
                [
                    (
                        session.text(f"cli.wait_{item.kind_of_wait}"),
                        item.connection,
                        item.kind,
                        item.number or item.remote_id,
                        show_money(item.amount, item.currency),
                        item.text(lang),
                        item.command,
                    )
                    for item in mine
                ],
            )
        session.say("cli.todo_count", count=len(mine))
        if len(mine) < len(found):
            session.say("cli.todo_approval", count=len(found) - len(mine))


COMMANDS = {"todo": todo}
