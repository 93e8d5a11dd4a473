"""Code tables: which of their codes mean which of our values, and which are missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.commands.output import show_money, showing_progress
from hub.commands.session import Session, answering, confirm
from hub.errors import RuleBroken

Connection = Annotated[str, typer.Argument(help="The connection's name.")]


def missing(
    ctx: typer.Context,
    connection: Connection,
    out: Annotated[
        Path | None, typer.Option(help="Write a workbook (.xlsx) with one sheet for each table, to be filled.")
    ] = None,
) -> None:
    """List codes that are in use and not known, in both directions, with what waits for them; fetches no document."""
    with answering(ctx, "codes.missing") as session:
        from hub.sync.codes import show_coverage, survey_codes

        with showing_progress(lambda kind: session.text("cli.step_codes", kind=kind)) as progress:
            survey = survey_codes(session.hub, connection, progress)
        found = [entry for table in survey.tables for entry in table.missing]
        session.items([describe_entry(entry) for entry in found])
        if not survey.reached:
            session.note("codes.asked_nobody", connection=connection)
        from hub.commands.sync import print_coverage

        for row in survey.coverage:
            print_coverage(session, show_coverage(row))
        if not found:
            session.say("codes.none_missing", connection=connection)
        else:
            columns = ["table", "their_code", "hub_value", "what", "count", "amount", "fields", "examples"]
            session.table(columns, [row_of(session, entry) for entry in found])
        if out is not None:
            save_book(session, survey, out, only_missing=True)


def describe_entry(entry: Any) -> dict[str, Any]:
    """One code or value as programs read it."""
    return {**vars(entry), "fields": sorted(entry.fields)}


def row_of(session: Session, entry: Any) -> list[object]:
    """One code there, or value here, that has no counterpart."""
    state = "ambiguous" if entry.codes else "waits" if entry.waiting else "missing"
    sides = (entry.value, "") if entry.way == "in" else ("", entry.value)
    money = ", ".join(show_money(amount, currency) for currency, amount in sorted(entry.amounts.items()))
    told = session.text(f"codes.state_{state}", codes=", ".join(entry.codes))
    return [
        entry.table, *sides, told, entry.count, money, ", ".join(sorted(entry.fields)), ", ".join(entry.examples),
    ]  # fmt: skip


def save_book(session: Session, survey: Any, out: Path, *, only_missing: bool) -> None:
    """The workbook, and what is in it."""
    from hub.runtime.codes_book import write_book

    sheets = write_book(out, survey, only_missing=only_missing)
    if not sheets:
        session.say("codes.book_not_needed", file=out)
        return
    count = sum(len(table.missing) for table in survey.tables)
    session.say("codes.book_written", file=out, sheets=sheets, missing=count)


def export(
    ctx: typer.Context,
    connection: Connection,
    out: Annotated[Path | None, typer.Option(help="Write all tables as a workbook (.xlsx).")] = None,
) -> None:
    """Show every code that is known, or write all tables as a workbook, known and missing codes together."""
    with answering(ctx, "codes.export") as session:
        from hub.sync.codes import survey_codes

        survey = survey_codes(session.hub, connection)
        rows = [(table.table, code, value) for table in survey.tables for code, value in sorted(table.known.items())]
        session.items([dict(zip(("table", "code", "value"), row, strict=True)) for row in rows])
        if out is None:
            session.table(["table", "their_code", "hub_value"], rows)
        else:
            save_book(session, survey, out, only_missing=False)


def import_book(
    ctx: typer.Context,
    connection: Connection,
    file: Annotated[Path, typer.Argument(help="The workbook that was filled.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge it and show what would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Apply it without asking.")] = False,
) -> None:
    """Take a filled workbook over: judge every cell, show what changes, put it into force, and take in what waited."""
    with answering(ctx, "codes.import") as session:
        from hub.runtime.code_files import list_changes
        from hub.runtime.codes_book import read_book
        from hub.sync.codes import survey_codes

        survey = survey_codes(session.hub, connection)
        wanted = read_book(file, survey)
        changes = list_changes({table.table: table.known for table in survey.tables}, wanted)
        session.item({"changes": changes, "applied": False, "replayed": []})
        if not changes:
            session.say("codes.nothing_new", file=file)
            return
        rows = [(change.table, change.code, change.old or "", change.new or "–") for change in changes]
        session.table(["table", "their_code", "old", "new"], rows)
        if dry_run:
            session.say("codes.dry_run")
        elif confirm(session, "codes.confirm", yes=yes):
            apply_changes(session, connection, changes)
        else:
            raise RuleBroken("codes.not_applied")


def apply_changes(session: Session, connection: str, changes: Sequence[Any]) -> None:
    """Write, publish, keep what was accepted where that is safe, and take in what waited for these codes."""
    from hub.commands.todo import print_retried
    from hub.runtime.assemble import open_hub
    from hub.runtime.code_files import save_codes
    from hub.sync.accept import carry_acceptance
    from hub.sync.retry import replay_items
    from hub.sync.todo import TodoFilter

    published = save_codes(session.home, session.store, connection, changes, session.actor)
    session.say("codes.added", connection=connection, count=len(changes), number=published.number)
    after = open_hub(session.home, store=session.store)
    try:
        if all(change.adds for change in changes):
            kinds = carry_acceptance(session.hub, after, connection, session.actor)
            if kinds:
                session.say("codes.carried", kinds=", ".join(kinds))
        else:
            session.say("codes.plan_again", connection=connection)
        done = replay_items(after, TodoFilter(connection=connection, missing_code=True), session.actor)
        print_retried(session, done)
        replayed = [{"id": tried.item.id, "outcome": tried.outcome} for tried in done]
        session.item({"changes": list(changes), "applied": True, "replayed": replayed})
    finally:
        after.close()


COMMANDS = {"missing": missing, "export": export, "import": import_book}
