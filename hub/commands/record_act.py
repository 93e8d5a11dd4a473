"""``record act`` and what a record allows next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.session import Session, answering
from hub.errors import ConfigInvalid

if TYPE_CHECKING:
    from hub.sync.actions import Acted

Kind = Annotated[str, typer.Argument(help="account, lead, quote, contract…")]
Which = Annotated[str, typer.Argument(help="Number, name, id or the beginning of one.")]
Options = Annotated[
    list[str] | None,
    typer.Option("--set", help="option=value; repeat it. References by number or name."),
]


def act(
    ctx: typer.Context,
    kind: Kind,
    which: Which,
    action: Annotated[str, typer.Argument(help="What to do: convert, claim, accept…; record show names them.")],
    settings: Options = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be made and changed.")] = False,
) -> None:
    """Do more with a record than edit it: convert a lead, claim a customer, accept a quote. Doing it twice makes
    nothing twice."""
    with answering(ctx, "record.act") as session:
        from hub.commands.fields import parse_fields, resolve_options
        from hub.crm.actions import find_action
        from hub.crm.rules import rules_for
        from hub.sync.actions import act_on_record
        from hub.sync.records import find_record

        found = find_record(session.hub, kind, which)
        options = find_action(kind, rules_for(kind).actions, action).options
        values = resolve_options(session.hub, options, parse_fields(settings or []))
        done = act_on_record(session.hub, kind, found.id, action, values, session.actor, dry_run=dry_run)
        session.item(
            {
                "record": done.record,
                **{name: [_name(row) for row in getattr(done, name)] for name in ("made", "changed", "results")},
                "dry_run": dry_run,
            }
        )
        print_acted(session, done, dry_run=dry_run)
        for row, error in done.refused:
            session.note("cli.daily_refused", kind=row.KIND, label=label_of(row))
            session.fail(error)


def _name(record: Any) -> dict[str, Any]:
    """How programs read what an action touched."""
    return {"kind": record.KIND, "id": record.id, "label": label_of(record), "revision": record.revision}


def label_of(record: Any) -> str:
    return str(getattr(record, type(record).NUMBER, "") or getattr(record, "name", "") or record.id)


def print_acted(session: Session, done: Acted, *, dry_run: bool) -> None:
    told = [("act_made", row) for row in done.made] + [("act_changed", row) for row in done.changed]
    for code, row in told:
        session.say(f"cli.{code}", kind=row.KIND, label=label_of(row), id=row.id)
    if not told:
        names = ", ".join(f"{row.KIND} {label_of(row)}" for row in done.results)
        session.say("cli.act_nothing_left" if names else "cli.act_nothing", names=names)
    elif dry_run:
        session.say("cli.act_only_shown")
    if done.more:
        session.say("cli.act_more")


def print_next(session: Session, record: Any) -> dict[str, Any]:
    """Where the state may go and what can be done, with its options; the same as data."""
    from hub.crm.rules import rules_for
    from hub.sync.actions import describe_next

    told = describe_next(record)
    texts = {action.name: session.text(action.text_code) for action in rules_for(record.KIND).actions}
    if told.transitions:
        session.say("cli.next_states", states=", ".join(told.transitions))
    for name in told.actions:
        options = " ".join(
            f"--set {option[:-1]}=…" if option.endswith("!") else f"[--set {option}=…]" for option in told.options[name]
        )
        session.say("cli.next_action", name=name, what=texts[name], options=options)
    actions = [
        {"name": name, "text": texts[name], "options": [option.rstrip("!") for option in told.options[name]]}
        for name in told.actions
    ]
    return {"transitions": told.transitions, "actions": actions}


def do_day(ctx: typer.Context) -> None:
    """Do now what `isthmus up` does by itself once a day: pools take back what nobody works on, contracts remind of
    their end. Doing it again does nothing twice."""
    with answering(ctx, "record.daily") as session:
        from hub.sync.daily import do_daily

        result = do_daily(session.hub, again=True, actor=session.actor)
        rows = [{"kind": kind, "action": name, "count": count} for (kind, name), count in sorted(result.done.items())]
        session.items(rows)
        for row in rows:
            session.say("cli.daily_done", **row)
        for kind, label, error in result.refused:
            session.note("cli.daily_refused", kind=kind, label=label)
            session.fail(error)
        if not any(row["count"] for row in rows) and not result.refused:
            session.say("cli.act_nothing")


def print_out(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="quote")],
    which: Which,
    out: Annotated[Path, typer.Option(help="The PDF file to write.")],
    font: Annotated[
        Path | None, typer.Option(help="A TrueType file to embed; else the reader's own Chinese font is used.")
    ] = None,
) -> None:
    """Write a document as PDF, in the language of --lang."""
    with answering(ctx, "record.print") as session:
        from hub.runtime.pdf import draw_pdf
        from hub.sync.printing import lay_out_record
        from hub.sync.records import find_record

        record = find_record(session.hub, kind, which)
        lang = session.options.lang
        body = draw_pdf(lay_out_record(session.hub, kind, record.id, lang), lang, font)
        try:
            out.write_bytes(body)
        except OSError as error:
            raise ConfigInvalid("cli.file_unwritable", file=out, what=error.strerror or type(error).__name__) from error
        session.item({"kind": kind, "id": record.id, "file": str(out), "bytes": len(body)})
        session.say("cli.printed", label=label_of(record), file=out)


def erase(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="contact, account…")],
    record_id: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person's data for good: every copy that the hub has of a deleted party. The journal stays valid."""
    with answering(ctx, "record.erase") as session:
        from uuid import UUID

        from hub.commands.session import confirm
        from hub.errors import NotFound, RuleBroken
        from hub.sync.erase import erase_record

        try:
            id = UUID(record_id)
        except ValueError as error:  # a name is no way to say whom: the wrong one cannot be brought back
            raise NotFound("sync.record_unknown", kind=kind, text=record_id) from error
        if not confirm(session, "erase.ask", yes=yes, kind=kind, id=id):
            raise RuleBroken("erase.unconfirmed")
        counts = erase_record(session.hub, kind, id, session.actor)
        session.item({"kind": kind, "id": id, "rows": counts})
        session.say("erase.done", kind=kind, id=id, rows=sum(counts.values()))


COMMANDS = {"act": act, "daily": do_day, "print": print_out, "erase": erase}
