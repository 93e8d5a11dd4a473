"""Follow one record through the hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hub.commands.output import show_money
from hub.commands.session import Session, answering

if TYPE_CHECKING:
    from hub.model.base import Entity


def trace(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="Number, name or id of a record, here or there.")],
    kind: Annotated[str | None, typer.Option(help="Its kind, when the number is not enough.")] = None,
) -> None:
    """Tell what happened to one record, here and in every other system, in order; with what hangs on it, such as the
    payments of an order. Several that fit are listed (exit code 1)."""
    with answering(ctx, "trace") as session:
        from hub.sync.trace import list_matches, trace_number

        matches = list_matches(session.hub, number, kind)
        if len(matches) > 1:
            print_matches(session, number, matches)
            return
        view = trace_number(
            session.hub, str(matches[0].id) if matches else number, matches[0].KIND if matches else kind
        )
        lang = session.options.lang
        events = [{**vars(event), "text": event.text(lang)} for event in view.events]
        about = view.record.KIND if view.record is not None else None
        hanging = [{"kind": child.KIND, "id": child.id} for child in view.hanging]
        session.item({"record": view.record, "kind": about, "label": view.label, "hanging": hanging, "events": events})
        if view.record is not None:
            session.write(f"{about} {view.label} · {view.record.id}")
        else:
            session.say("cli.trace_outside", number=number)
        session.table(["at", "connection", "what"], [(row["at"], row["connection"], row["text"]) for row in events])


def print_matches(session: Session, number: str, matches: Sequence[Entity]) -> None:
    """Which records it could be, each with the command that follows it."""
    from hub.sync.show import describe_record

    session.exit_code = 1
    rows = []
    for record in matches:
        label, amount, currency = describe_record(record, str(record.id))
        name = str(getattr(record, "name", ""))
        command = f"isthmus trace {record.id} --kind {record.KIND}"
        rows.append((record.KIND, label, name, show_money(amount, currency), command))
    session.items([{"kind": record.KIND, "id": record.id, "record": record} for record in matches])
    session.say("cli.trace_several", number=number, count=len(matches))
    session.table(["kind", "number", "name", "amount", "command"], rows)


COMMANDS = {"trace": trace}
