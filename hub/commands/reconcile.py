"""Compare both sides, document by document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.output import shorten, show_money, showing_progress, write_csv
from hub.commands.session import Session, answering
from hub.errors import ConfigInvalid

if TYPE_CHECKING:
    from hub.sync.findings import Finding
    from hub.sync.reconcile import Reconciliation

SHOWN = 40
CSV_COLUMNS = (
    "explained", "kind", "sort", "number", "remote_id", "day", "currency", "amount_here", "amount_there", "fields",
    "reason", "command",
)  # fmt: skip


def reconcile(
    ctx: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection's name.")],
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; repeat it.")] = None,
    since: Annotated[str | None, typer.Option(help="YYYY-MM-DD: leave out older documents.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Every difference as CSV on stdout.")] = False,
    everything: Annotated[bool, typer.Option("--all", help=f"Name every one, not the first {SHOWN}.")] = False,
) -> None:
    """Compare the hub and the other system, document by document; writes to neither. Exit code 1: some difference is
    explained by nothing that waits."""
    with answering(ctx, "reconcile") as session:
        from hub.commands.sync import parse_date
        from hub.sync.reconcile import reconcile as compare

        if as_csv and session.options.as_json:
            raise ConfigInvalid("cli.csv_or_json")
        day = parse_date(since)
        with showing_progress(lambda step: session.text("cli.step_read", kind=step)) as progress:
            found = compare(session.hub, connection, kinds, since=day, progress=progress)
        session.exit_code = 0 if found.agrees else 1
        if as_csv:
            write_csv(CSV_COLUMNS, (list_cells(session, row) for row in (*found.findings, *found.explained)))
            return
        session.items(found.rows)
        session.item(describe(session, found))
        print_found(session, found, limit=None if everything else SHOWN)


def describe(session: Session, found: Reconciliation) -> dict[str, Any]:
    """Everything beside the rows, as programs read it."""
    return {
        "agrees": found.agrees,
        "days": found.days,
        "findings": [describe_finding(session, row) for row in found.findings],
        "explained": [describe_finding(session, row) for row in found.explained],
        "reasons": [{"why": why, "code": code, "count": n} for (why, code), n in sorted(found.reasons.items())],
    }


def describe_finding(session: Session, row: Finding) -> dict[str, Any]:
    return {**vars(row), "text": tell_reason(session, row)}


def tell_reason(session: Session, row: Finding) -> str:
    """Why it is as it should be, in one sentence."""
    return session.text(row.code, **row.params) if row.code else ""


def print_found(session: Session, found: Reconciliation, *, limit: int | None) -> None:
    """Sums first, then the days and documents that differ, then what explains the rest."""
    session.table(
        ["kind", "hub", "remote", "waiting", "hub_sum", "remote_sum", "waiting_sum", "unexplained"],
        [
            (
                row.kind, row.hub_count, row.remote_count, row.waiting_count, show_money(row.hub_sum, row.currency),
                show_money(row.remote_sum, row.currency), show_money(row.waiting_sum, row.currency),
                show_money(row.unexplained_sum, row.currency) if row.currency else row.unexplained_count,
            )
            for row in found.rows
        ],
    )  # fmt: skip
    print_days(session, found, limit)
    if found.findings:
        session.write()
        session.say("cli.reconcile_unexplained", count=len(found.findings))
        shown = found.findings[:limit]
        session.table(
            ["kind", "sort", "number", "what", "amount_here", "amount_there", "command"],
            [show_finding(session, row) for row in shown],
        )
        if len(shown) < len(found.findings):
            session.say("cli.reconcile_more", count=len(found.findings) - len(shown))
    print_reasons(session, found)
    session.write()
    session.say("cli.reconcile_good" if found.agrees else "cli.reconcile_bad", count=len(found.findings))


def print_days(session: Session, found: Reconciliation, limit: int | None) -> None:
    """The days whose counts or sums differ, explained or not."""
    days = [row for row in found.days if row.day is not None and row.differs]
    if not days:
        return
    session.write()
    session.say("cli.reconcile_days", count=len(days))
    session.table(
        ["kind", "day", "hub", "remote", "hub_sum", "remote_sum"],
        [
            (
                row.kind, row.day, row.hub_count, row.remote_count, show_money(row.hub_sum, row.currency),
                show_money(row.remote_sum, row.currency),
            )
            for row in days[-limit if limit else 0 :]
        ],
    )  # fmt: skip


def print_reasons(session: Session, found: Reconciliation) -> None:
    """What explains the rest: how often, and one example of each."""
    if not found.reasons:
        return
    first: dict[tuple[str, str], Finding] = {}
    for row in found.explained:
        first.setdefault((row.why, row.code), row)
    session.write()
    session.say("cli.reconcile_explained", count=sum(found.reasons.values()))
    session.table(
        ["why", "count", "examples", "what", "command"],
        [
            (session.text(f"cli.why_{why}"), count, first[why, code].label, tell_reason(session, first[why, code]),
             first[why, code].command)
            for (why, code), count in sorted(found.reasons.items(), key=lambda item: -item[1])
            if (why, code) in first
        ],
    )  # fmt: skip


def show_finding(session: Session, row: Finding) -> list[object]:
    """One line of the table."""
    return [
        row.kind, session.text(f"cli.sort_{row.sort}"), row.label, show_what(row),
        show_money(row.amount_here, row.currency), show_money(row.amount_there, row.currency), row.command,
    ]  # fmt: skip


def show_what(row: Finding) -> str:
    """``phone: 1 ≠ 2``, and what else belongs to it."""
    told = list(_show_fields(row.fields))
    if row.others:
        told.append(", ".join(row.others))
    elif not told and row.remote_id is not None:
        told.append(row.remote_id)
    return "; ".join(told)


def _show_fields(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, (here, there) in fields.items():
        yield f"{name}: {shorten(here)} ≠ {shorten(there)}"


def list_cells(session: Session, row: Finding) -> list[object]:
    """One line of the CSV."""
    return [
        "yes" if row.explained else "no", row.kind, row.sort, row.label, row.remote_id, row.day, row.currency,
        row.amount_here, row.amount_there, show_what(row), tell_reason(session, row), row.command,
    ]  # fmt: skip


COMMANDS = {"reconcile": reconcile}
