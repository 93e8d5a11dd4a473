"""Records of the hub: customers, contacts, products, orders…"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.commands import record_act
from hub.commands.record_act import label_of, print_next
from hub.commands.session import Session, answering
from hub.errors import ConfigInvalid

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
Kind = Annotated[str, typer.Argument(help="account, contact, product, order…")]
Which = Annotated[str, typer.Argument(help="Number, name, id or the beginning of one.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="field=value; repeat it. Lists and objects as JSON; references by number or name."),
]
FromFile = Annotated[
    Path | None, typer.Option("--from", help="A JSON object of fields (a list of them to create many); - reads stdin.")
]


def show_list(
    ctx: typer.Context,
    kind: Kind,
    text: Annotated[str | None, typer.Option(help="Only those whose number or name holds this.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """List records of a kind."""
    with answering(ctx, "record.list") as session:
        from hub.sync.records import list_records

        records = list_records(session.hub, kind, text=text, limit=limit)
        session.items(records)
        columns = _choose_columns(kind)
        session.table(columns, [_row(record, columns) for record in records])


def _choose_columns(kind: str) -> list[str]:
    from hub.model.kinds import find_kind

    model = find_kind(kind)
    called = [model.NUMBER, "number", "name", "subject"]
    wanted = [*called, "starts_at", model.DAY, "state", model.AMOUNT, "phone", "email"]
    return [name for name in dict.fromkeys(wanted) if name in model.model_fields]


def _row(record: Any, columns: list[str]) -> list[object]:
    from hub.commands.output import show_money

    return [
        show_money(getattr(record, column), record.currency) if column == record.AMOUNT else getattr(record, column)
        for column in columns
    ]


def show(
    ctx: typer.Context,
    kind: Kind,
    which: Which,
    explain: Annotated[bool, typer.Option("--explain", help="Also where each value comes from.")] = False,
) -> None:
    """Show one record."""
    with answering(ctx, "record.show") as session:
        from hub.sync.explain import explain_record
        from hub.sync.records import find_record

        record = find_record(session.hub, kind, which)
        origins = explain_record(session.hub, kind, record.id) if explain else []
        print_record(session, kind, record)
        following = print_next(session, record)
        session.item({"record": record, "next": following, **({"origins": origins} if explain else {})})
        if explain:
            session.write()
            print_origins(session, origins)


def print_record(session: Session, kind: str, record: Any) -> None:
    """Field by field; lists line by line."""
    values = name_references(session, kind, record)
    plain = {name: value for name, value in values.items() if value is not None and value not in ("", (), {})}
    currency = values.get("currency")
    session.write(f"{kind} {record.id} · {session.text('cli.head_revision')} {record.revision}")
    session.facts([(name, _show_field(type(record), name, value, currency)) for name, value in plain.items()])
    for name, lines in plain.items():
        if _is_lines(lines):
            columns = list(type(lines[0]).model_fields)
            session.write(f"\n{name}")
            rows = [
                [_show_field(type(line), name, getattr(line, name), currency) for name in columns] for line in lines
            ]
            session.plain_table(columns, rows)


def name_references(session: Session, kind: str, record: Any) -> dict[str, Any]:
    """The fields of a record; references by what people call the record, with its id behind it in --json only."""
    from hub.model.kinds import list_any_refs, list_fields, list_refs
    from hub.sync.show import name_record

    values = {name: getattr(record, name) for name in list_fields(kind)}
    with session.store.read() as tx:
        loose = ((name, values[by]) for name, by in list_any_refs(kind))
        for name, target in (*list_refs(kind), *loose):
            if values[name] is not None:
                values[name] = name_record(tx, target, values[name])
    return values


def _is_lines(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(type(value[0]), "model_fields")


def _show_field(model: Any, name: str, value: Any, currency: str | None) -> object:
    from decimal import Decimal

    from hub.commands.output import show_cell, show_money
    from hub.model.kinds import is_money

    if isinstance(value, Decimal):
        return show_money(value, currency) if currency and is_money(model, name) else f"{value.normalize():f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} = {inner}" for key, inner in value.items())
    return f"[{len(value)}]" if _is_lines(value) else show_cell(value)


def print_origins(session: Session, origins: Any) -> None:
    """Where each value comes from; empty ones that nobody claims are left out."""
    from hub.commands.output import shorten

    told = [row for row in origins if row.origin or row.value not in (None, "", (), {})]
    columns = ("field", "value", "source", "origin", "changed_at")
    session.table(columns, [[shorten(_read_time(getattr(row, column)), 60) for column in columns] for row in told])


def _read_time(value: Any) -> Any:
    """The time in a text that holds nothing else."""
    from datetime import datetime

    return datetime.fromisoformat(value) if isinstance(value, str) and _INSTANT.match(value) else value


def create(
    ctx: typer.Context,
    kind: Kind,
    settings: Settings = None,
    source: FromFile = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also when it could be a record that is here.")] = False,
) -> None:
    """Make a record in the hub. It is written to other systems by the next accepted sync."""
    with answering(ctx, "record.create") as session:
        from hub.commands.fields import resolve_references
        from hub.sync.records import create_record

        rows = _read_rows(settings, source)
        if len(rows) > 1:
            create_all(session, kind, rows, anyway=anyway)
            return
        values = resolve_references(session.hub, kind, rows[0])
        record = create_record(session.hub, kind, values, session.actor, anyway=anyway)
        session.item(record)
        session.say("cli.record_created", kind=kind, label=label_of(record), id=record.id)


def pin(
    ctx: typer.Context,
    kind: Kind,
    which: Which,
    settings: Settings = None,
    off: Annotated[list[str] | None, typer.Option("--off", help="Let this field go again; repeat it.")] = None,
) -> None:
    """Pin values: they hold against every source, whoever owns the field there, until they are let go."""
    with answering(ctx, "record.pin") as session:
        from hub.commands.fields import parse_fields, resolve_references
        from hub.sync.records import find_record, pin_fields

        if not settings and not off:
            raise ConfigInvalid("cli.no_fields")
        values = resolve_references(session.hub, kind, parse_fields(settings or []))
        record = find_record(session.hub, kind, which)
        record = pin_fields(session.hub, kind, record.id, values, off or [], session.actor)
        session.item(record)
        session.say("cli.record_pinned", kind=kind, label=label_of(record), fields=", ".join([*values, *(off or [])]))


def create_all(session: Session, kind: str, rows: list[dict[str, Any]], *, anyway: bool = False) -> None:
    """A list of records: each one that is refused is named with its place in the list, the rest goes on."""
    from hub.commands.fields import resolve_references
    from hub.errors import IsthmusError, RuleBroken
    from hub.sync.records import create_record

    made = []
    for place, row in enumerate(rows, 1):
        try:
            values = resolve_references(session.hub, kind, row)
            made.append(create_record(session.hub, kind, values, session.actor, anyway=anyway))
        except IsthmusError as error:
            session.fail(RuleBroken("cli.row_refused", place=place, what=error.text(session.options.lang)))
    session.items(made)
    session.say("cli.records_created", kind=kind, count=len(made), refused=len(rows) - len(made))


def edit(ctx: typer.Context, kind: Kind, which: Which, settings: Settings = None, source: FromFile = None) -> None:
    """Change fields of a record."""
    with answering(ctx, "record.edit") as session:
        from hub.commands.fields import resolve_references
        from hub.sync.records import edit_record, find_record

        found = find_record(session.hub, kind, which)
        rows = _read_rows(settings, source)
        if len(rows) != 1:
            raise ConfigInvalid("cli.json_no_object", where=source)
        changes = resolve_references(session.hub, kind, rows[0])
        record = edit_record(session.hub, kind, found.id, changes, session.actor)
        session.item(record)
        session.say("cli.record_edited", kind=kind, label=label_of(record), revision=record.revision)


def void(ctx: typer.Context, kind: Kind, which: Which) -> None:
    """Void a document, or delete a party or product (a tombstone stays)."""
    with answering(ctx, "record.void") as session:
        from hub.sync.records import find_record, void_record

        record = void_record(session.hub, kind, find_record(session.hub, kind, which).id, session.actor)
        session.item(record)
        session.say("cli.record_voided", kind=kind, label=label_of(record))


def _read_rows(settings: list[str] | None, source: Path | None) -> list[dict[str, Any]]:
    """Fields from --from and --set, the latter winning: one record, or each of a list."""
    from hub.commands.fields import parse_fields, read_rows

    values = parse_fields(settings or [])
    rows = [{**row, **values} for row in (read_rows(source) if source else [{}])]
    if not rows or not all(rows):
        raise ConfigInvalid("cli.no_fields")
    return rows


COMMANDS = {
    "list": show_list, "show": show, "create": create, "edit": edit, "pin": pin, "void": void, **record_act.COMMANDS
}  # fmt: skip
