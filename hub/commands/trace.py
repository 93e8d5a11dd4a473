"""Follow one record through the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.session import answering


def trace(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="Number, name or id of a record.")],
    kind: Annotated[str | None, typer.Option(help="Its kind, when the number is not enough.")] = None,
) -> None:
    """Tell what happened to one record, here and in every other system, in order."""
    with answering(ctx, "trace") as session:
        from hub.sync.trace import trace_number

        view = trace_number(session.hub, number, kind)
        session.item({"record": view.record, "kind": type(view.record).KIND, "events": view.events})
        session.write(f"{type(view.record).KIND} {number} · {view.record.id}")
        session.table(
            ["at", "what", "connection", "detail"],
            [(event.at, event.what, event.connection, event.detail) for event in view.events],
        )


COMMANDS = {"trace": trace}
