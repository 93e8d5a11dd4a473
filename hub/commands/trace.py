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
        lang = session.options.lang
        events = [{**vars(event), "text": event.text(lang)} for event in view.events]
        session.item({"record": view.record, "kind": view.record.KIND, "events": events})
        label = getattr(view.record, view.record.NUMBER) or number
        session.write(f"{view.record.KIND} {label} · {view.record.id}")
        session.table(["at", "connection", "what"], [(row["at"], row["connection"], row["text"]) for row in events])


COMMANDS = {"trace": trace}
