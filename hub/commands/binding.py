"""Bindings: which record of the hub is which document there, and how writing it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from hub.commands.session import Session, answering

Which = Annotated[str, typer.Argument(help="A binding's id, or the beginning of it.")]
SHOWN = (
    "id", "connection", "kind", "hub_id", "ref", "remote_id", "remote_number", "ours", "state", "stage", "dirty",
    "void_wanted", "attempts", "sent_at", "not_before", "updated_at",
)  # fmt: skip
COLUMNS = ("id", "connection", "kind", "number", "remote_id", "remote_number", "state", "dirty", "parked")


def show_list(
    ctx: typer.Context,
    connection: Annotated[str | None, typer.Option(help="Only this connection.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    state: Annotated[str | None, typer.Option(help="Only this state: new, waiting, bound, tomb…")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 100,
) -> None:
    """List bindings."""
    with answering(ctx, "binding.list") as session:
        from hub.sync.bindings import list_bindings

        rows = list_bindings(session.hub, connection=connection, kind=kind, state=state, limit=limit)
        session.items(rows)
        session.table(COLUMNS, list_rows(session, rows))


def list_rows(session: Session, rows: Sequence[Any]) -> list[list[object]]:
    """The columns of the list; records by what people call them."""
    from hub.sync.show import name_record

    shown: list[list[object]] = []
    with session.store.read() as tx:
        for row in rows:
            values = {"number": name_record(tx, row.kind, row.hub_id), "parked": bool(row.parked)}
            shown.append([values.get(name, getattr(row, name, None)) for name in COLUMNS])
    return shown


def show(ctx: typer.Context, which: Which) -> None:
    """Show one binding, and what the hub would do next with it and why."""
    with answering(ctx, "binding.show") as session:
        from hub.sync.bindings import show_binding

        view = show_binding(session.hub, which)
        session.item(view)
        print_binding(session, view)


def print_binding(session: Session, view: Any) -> None:
    """What comes next and why, then what people ask about; --json has every field."""
    binding = view.binding
    step = session.text(f"cli.next_{view.next_step}")
    session.say("cli.binding_next", step=step, why=view.text(session.options.lang))
    session.facts([("number", view.number), *((name, getattr(binding, name)) for name in SHOWN)])
    if view.changes:
        session.facts(list(view.changes.items()))
    for reason, fields in group_held(binding.held).items():
        session.say("cli.binding_held", fields=", ".join(fields), why=session.text(reason, **binding.parked_params))
    if binding.parked:
        session.say("cli.binding_parked", why=session.text(binding.parked, **binding.parked_params))


def group_held(held: Mapping[str, str]) -> dict[str, list[str]]:
    """Reason → the fields that are held for it (``*``: the whole document)."""
    groups: dict[str, list[str]] = {}
    for field, reason in sorted(held.items()):
        groups.setdefault(reason, []).append(field)
    return groups


def add(
    ctx: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection's name.")],
    kind: Annotated[str, typer.Argument(help="account, order…")],
    record: Annotated[str, typer.Argument(help="The record here: number, name or id.")],
    remote_id: Annotated[str, typer.Argument(help="The document's id there.")],
) -> None:
    """Say that a record here and a document there are the same; written to neither."""
    with answering(ctx, "binding.add") as session:
        from hub.sync.bindings import add_binding

        binding = add_binding(session.hub, connection, kind, record, remote_id, session.actor)
        session.item(binding)
        session.say("cli.binding_added", record=record, remote_id=remote_id, id=binding.id)


def remove(ctx: typer.Context, which: Which) -> None:
    """Part a record from its document; both stay as they are."""
    with answering(ctx, "binding.remove") as session:
        from hub.sync.bindings import remove_binding, show_binding

        binding = show_binding(session.hub, which).binding
        remove_binding(session.hub, binding.id, session.actor)
        session.item({"id": binding.id, "removed": True})
        session.say("cli.binding_removed", id=binding.id)


COMMANDS = {"list": show_list, "show": show, "add": add, "remove": remove}
