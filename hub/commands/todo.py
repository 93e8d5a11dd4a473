"""What waits for a person: why, how much money is at stake, and everything that settles it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.output import show_money
from hub.commands.session import Session, answering, confirm
from hub.errors import ConfigInvalid, RuleBroken

if TYPE_CHECKING:
    from datetime import datetime

    from hub.sync.todo import TodoFilter

Which = Annotated[str, typer.Argument(help="An entry's id, or the beginning of it.")]
Connection = Annotated[str | None, typer.Option(help="Only this connection.")]
Kind = Annotated[str | None, typer.Option(help="Only this kind.")]
Code = Annotated[str | None, typer.Option(help="Only this reason: needs_match, code_unknown…")]
Since = Annotated[
    str | None, typer.Option(help="Only what began to wait then or later: 2026-11-01, or 2h, 7d: so long ago.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="field=value; repeat it. Of a line: lines[17].unit=box. References by number or name."),
]


def show_list(
    ctx: typer.Context,
    connection: Connection = None,
    kind: Kind = None,
    code: Code = None,
    since: Since = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    dropped: Annotated[bool, typer.Option("--dropped", help="What was given up, instead.")] = False,
    decided: Annotated[bool, typer.Option("--decided", help="What people decided, instead; the newest first.")] = False,
) -> None:
    """List what waits for a person: why, how much money is at stake, and the command that settles it."""
    if ctx.invoked_subcommand is not None:
        return
    with answering(ctx, "todo") as session:
        if decided:
            list_decided(session, limit or 50)
            return
        from hub.sync.todo import list_todo

        found = list_todo(session.hub, choose(session, connection, kind, code, since, dropped=dropped), limit=limit)
        session.items([describe(session, item) for item in found])
        mine = [item for item in found if not item.informational]
        locate = find_cells(session, mine)
        for item in mine:
            print_wait(session, item, locate(item))
        session.say("cli.todo_count", count=len(mine))
        if len(mine) < len(found):
            session.say("cli.todo_approval", count=len(found) - len(mine))


def choose(
    session: Session, connection: str | None, kind: str | None, code: str | None, since: str | None, *,
    dropped: bool = False,
) -> TodoFilter:  # fmt: skip
    """The filter that the options make."""
    from hub.model.kinds import find_kind
    from hub.sync.todo import TodoFilter

    if connection is not None:
        session.hub.settings_of(connection)
    if kind is not None:
        find_kind(kind)
    if code is not None:
        check_code(session, code)
    begin = read_since(session, since) if since is not None else None
    return TodoFilter(connection=connection, kind=kind, code=code, since=begin, dropped=dropped)


def check_code(session: Session, code: str) -> None:
    """``ConfigInvalid`` for a reason that there is not; it names those that something waits for now."""
    from hub.locale import load_texts
    from hub.sync.todo import list_codes, list_todo

    texts = load_texts("en")
    if code in texts or any(name.partition(".")[2] == code for name in texts):
        return
    known = sorted({name for item in list_todo(session.hub) for name in list_codes(item.code, item.params)})
    raise ConfigInvalid("todo.code_unknown", code=code, known=", ".join(known) or "-")


def read_since(session: Session, text: str) -> datetime:
    """A day or an instant of the company's zone, or how long ago."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    from hub.runtime.settings import parse_duration

    try:
        return session.hub.now() - timedelta(seconds=parse_duration(text))
    except ValueError:
        pass  # not a duration: a day, or an instant
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigInvalid("todo.not_a_time", value=text) from error
    return given if given.tzinfo else given.replace(tzinfo=ZoneInfo(session.hub.config.organisation.zone))


def describe(session: Session, item: Any) -> dict[str, Any]:
    """An entry as programs read it."""
    return {"id": item.id, **vars(item), "text": item.text(session.options.lang)}


def find_cells(session: Session, items: Sequence[Any]) -> Callable[[Any], Any]:
    """Entry → where the code that it waits for is filled in, or None."""
    from hub.sync.codes import locate_cells
    from hub.sync.waits import find_missing_code

    wanting = {item.connection for item in items if find_missing_code(item.params) is not None}
    known = {name: locate_cells(session.hub, name) for name in sorted(wanting)}
    return lambda item: known[item.connection](item.params) if item.connection in known else None


def print_wait(session: Session, item: Any, cell: Any = None) -> None:
    """What and how much, why, where to fill a code in, and the command that settles it (whole, to be copied)."""
    session.write(f"{item.short} {name_wait(session, item)}")
    session.write(f"  {item.text(session.options.lang)}")
    if cell is not None:
        session.write("  " + session.text("todo.say_cell", file="codes.xlsx", **vars(cell)))
    if item.kind_of_wait == "dropped":
        session.say("todo.say_given_up", actor=item.params.get("actor", "-"), reason=item.params.get("reason") or "-")
    session.write(f"  → {item.command}")
    session.write()


def name_wait(session: Session, item: Any) -> str:
    """What waits, of which record, and how much money."""
    where = () if item.connection == "*" else (item.connection,)
    label = str(item.number or item.remote_id or "")
    parts = (*where, item.kind, label, show_money(item.amount, item.currency))
    return f"{session.text(f'cli.wait_{item.kind_of_wait}')}: {' · '.join(part for part in parts if part)}"


def list_decided(session: Session, limit: int) -> None:
    """What people decided; the newest first."""
    from hub.sync.decisions import list_decisions

    rows = list_decisions(session.hub, limit)
    session.items([row.model_dump(exclude={"before", "after"}) for row in rows])
    session.table(
        ["id", "at", "actor", "action", "connection", "kind", "number", "value", "why"],
        [
            (row.item, row.at, row.actor, _name_verb(session, row), row.connection, row.kind, row.label, row.choice,
             row.reason)
            for row in rows
        ],
    )  # fmt: skip


def _name_verb(session: Session, row: Any) -> str:
    verb = session.text(f"todo.verb_{row.verb}")
    return verb if row.undone_at is None else session.text("todo.verb_undone", verb=verb, actor=row.undone_by)


def show(ctx: typer.Context, which: Which) -> None:
    """Show everything about one entry: both values field by field, evidence, history, and what each choice would do."""
    with answering(ctx, "todo.show") as session:
        from hub.commands.dossier import describe_dossier, print_dossier
        from hub.sync.dossier import show_item
        from hub.sync.todo import find_item

        dossier = show_item(session.hub, find_item(session.hub, which))
        session.item(describe_dossier(session, dossier))
        print_dossier(session, dossier)


def take(
    ctx: typer.Context,
    which: Which,
    choice: Annotated[str, typer.Argument(help="hub: ours; remote: theirs; else a value for one field.")],
    field: Annotated[str | None, typer.Option(help="Decide this field alone.")] = None,
) -> None:
    """Decide what differs: ours, theirs, or a value of your own, which becomes an edit in the hub."""
    with answering(ctx, "todo.take") as session:
        from hub.sync.handle import SIDES, take_item
        from hub.sync.todo import find_item

        item = find_item(session.hub, which)
        binding = take_item(session.hub, item, choice, session.actor, field_name=field)
        session.item({"id": item.id, "choice": choice, "field": field, "binding": binding})
        told = session.text(f"cli.take_{choice}") if choice in SIDES else choice
        session.say("todo.say_taken", what=name_wait(session, item), choice=told)
        session.say("todo.say_undo", id=item.short)


def drop(
    ctx: typer.Context,
    which: Which,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")],
) -> None:
    """Give up this write or this import, with a reason. Nothing is deleted there; it can be undone."""
    with answering(ctx, "todo.drop") as session:
        from hub.sync.handle import drop_item
        from hub.sync.todo import find_item

        if not reason.strip():
            raise ConfigInvalid("todo.reason_missing")
        item = find_item(session.hub, which)
        drop_item(session.hub, item, reason, session.actor)
        session.item({"id": item.id, "dropped": True, "reason": reason})
        session.say("todo.say_dropped", what=name_wait(session, item))
        session.say("todo.say_undo", id=item.short)


def undo(ctx: typer.Context, which: Which) -> None:
    """Take the newest decision about an entry back: everything is as it was, or the reason why it cannot be."""
    with answering(ctx, "todo.undo") as session:
        from hub.sync.decisions import undo_decision

        done = undo_decision(session.hub, which, session.actor)
        session.item(done.model_dump(exclude={"before", "after"}))
        verb = session.text(f"todo.verb_{done.verb}")
        session.say("todo.say_undone", verb=verb, number=done.label or done.item, choice=done.choice or done.reason)


def edit(
    ctx: typer.Context,
    which: Which,
    settings: Settings = None,
    source: Annotated[Path | None, typer.Option("--from", help="A JSON object of fields; - reads stdin.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Apply it without asking.")] = False,
) -> None:
    """Correct a record that waits, or what the hub understood of one there; old and new are shown first."""
    with answering(ctx, "todo.edit") as session:
        from hub.commands.dossier import print_changes
        from hub.commands.fields import parse_fields, read_rows, resolve_references
        from hub.sync.correct import edit_item, preview_edit
        from hub.sync.todo import find_item

        item = find_item(session.hub, which)
        rows = read_rows(source) if source is not None else [{}]
        values = {**rows[0], **parse_fields(settings or [])}
        if len(rows) != 1 or not values:
            raise ConfigInvalid("cli.no_fields")
        values = resolve_references(session.hub, item.kind, values)
        seen = preview_edit(session.hub, item, values, session.actor)
        print_changes(session, seen.changes)
        apply = confirm(session, "todo.say_confirm", yes=yes)
        session.item({"id": item.id, "changes": seen.changes, "applied": apply})
        if not apply:
            raise RuleBroken("todo.say_not_applied")
        edit_item(session.hub, item, values, session.actor)
        session.say("todo.say_edited", what=name_wait(session, item))
        session.say("todo.say_undo", id=item.short)


def retry(
    ctx: typer.Context,
    which: Annotated[list[str] | None, typer.Argument(help="Ids of entries; else what the options choose.")] = None,
    connection: Connection = None,
    kind: Kind = None,
    code: Code = None,
    since: Since = None,
) -> None:
    """Try again: read it there again, or write it again with the reference that it has."""
    with answering(ctx, "todo.retry") as session:
        from hub.sync.handle import list_verbs
        from hub.sync.retry import retry_items
        from hub.sync.todo import find_item, list_todo

        if which:
            items = [find_item(session.hub, text) for text in which]
        elif any((connection, kind, code, since)):
            chosen = choose(session, connection, kind, code, since)
            items = [item for item in list_todo(session.hub, chosen) if "retry" in list_verbs(item)]
        else:
            raise ConfigInvalid("todo.retry_what")
        print_retried(session, retry_items(session.hub, items, session.actor), named=bool(which))


def replay(
    ctx: typer.Context, connection: Connection = None, kind: Kind = None, code: Code = None, since: Since = None
) -> None:
    """Take in again, from what was read before, all that could not be taken in, and make due what could not be written.

    Asks no other system. Every write keeps its reference, so that nothing is made twice; the next run, or the running
    hub, sends it.
    """
    with answering(ctx, "todo.replay") as session:
        from hub.sync.retry import replay_items

        print_retried(session, replay_items(session.hub, choose(session, connection, kind, code, since), session.actor))


def print_retried(session: Session, done: Any, *, named: bool = False) -> None:
    """What became of each. An entry that was named and still waits leaves exit code 1, one that failed there 3."""
    lang = session.options.lang
    rows = [
        {
            "id": tried.item.id,
            "outcome": tried.outcome,
            "code": tried.code,
            "text": tried.text(lang),
            "done": tried.done,
        }
        for tried in done
    ]
    session.items(rows)
    for tried in done:
        label = f"{tried.item.short} {name_wait(session, tried.item)}"
        session.write(f"{label}: {session.text(f'todo.retried_{tried.outcome}')}")
        if tried.code:
            session.write(f"  {tried.text(lang)}")
    left = [tried for tried in done if not tried.done]
    session.say("todo.retried", done=len(done) - len(left), left=len(left))
    if any(tried.outcome == "failed" for tried in left):
        session.exit_code = 3
    elif named and left:
        session.exit_code = 1


ALONE = show_list
COMMANDS = {
    "show": show, "take": take, "retry": retry, "drop": drop, "edit": edit, "replay": replay, "undo": undo,
}  # fmt: skip
