"""What guards stopped and watches noticed, with the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from hub.commands.output import shorten, show_money
from hub.commands.session import Session, answering


def guards(
    ctx: typer.Context,
    connection: Annotated[str | None, typer.Argument(help="Only this connection.")] = None,
) -> None:
    """Show changes that were stopped because they are too many, with examples and money, and quiet streams."""
    with answering(ctx, "sync.guards") as session:
        from hub.sync.stops import describe_stop
        from hub.sync.watch import list_alarms, list_stops

        hub = session.hub
        if connection is not None:
            hub.settings_of(connection)
        wanted = None if connection is None else {connection}
        with session.store.read() as tx:
            stops = list_stops(tx, hub, wanted)
            alarms = list_alarms(tx, hub, wanted)
        session.item(
            {
                "stops": [{**stop.model_dump(), "text": _tell(session, describe_stop(stop))} for stop in stops],
                "alarms": [{**vars(row), "text": session.text(row.code, **row.params)} for row in alarms],
            }
        )
        for stop in stops:
            print_mass(session, stop.model_dump())
        for row in alarms:
            session.write(session.text(row.code, **row.params))
            session.write(f"  → {row.command}\n")
        if not stops and not alarms:
            session.say("cli.guards_none")
        elif stops:
            session.exit_code = 1


def _tell(session: Session, told: tuple[str, dict[str, Any]]) -> str:
    return session.text(told[0], **told[1])


def print_mass(session: Session, mass: Any) -> None:
    """The sentence, then how many by field, the money, and some of the records with old and new values."""
    from decimal import Decimal

    from hub.store.guard_rows import MassStop
    from hub.sync.stops import describe_stop

    stop = MassStop.model_validate(mass)
    session.write(_tell(session, describe_stop(stop)))
    if stop.fields:
        fields = ", ".join(f"{name} × {count}" for name, count in sorted(stop.fields.items(), key=lambda row: -row[1]))
        session.say("cli.guard_fields", fields=fields)
    if stop.amounts:
        money = ", ".join(show_money(Decimal(text), code) for code, text in stop.amounts.items())
        session.say("cli.guard_money", money=money)
    rows = [[item["number"], _show_example_money(item), _show_changes(item["changes"])] for item in stop.examples]
    if rows:
        session.table(["number", "amount", "what"], rows)
    session.write()


def _show_example_money(item: Any) -> str:
    from decimal import Decimal

    return show_money(Decimal(item["amount"]), item["currency"]) if item["amount"] is not None else ""


def _show_changes(changes: Any) -> str:
    return "; ".join(f"{name}: {shorten(old)} → {shorten(new)}" for name, (old, new) in changes.items())


def name_alarms(session: Session, codes: Sequence[str]) -> str:
    """Each alarm in two words."""
    return ", ".join(session.text(f"cli.alarm_{code.partition('.')[2]}") for code in codes)
