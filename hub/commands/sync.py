"""Syncs: one kind of one connection, planned before it runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.commands.guards import guards, name_alarms, print_mass
from hub.commands.output import shorten, show_money, showing_progress
from hub.commands.session import Session, answering

Connection = Annotated[str, typer.Argument(help="The connection's name.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; repeat it.")]
SHOWN_ITEMS = 60
ADOPT_ORDER = ("refused", "differs", "ambiguous", "here", "there")
"""What needs a look first."""
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def add(
    ctx: typer.Context,
    connection: Connection,
    kind: Annotated[str, typer.Argument(help="account, contact, product, order…")],
    direction: Annotated[str | None, typer.Option(help="in, out or both.")] = None,
    confirm: Annotated[str | None, typer.Option(help="save, submit or audit: who approves what we make there.")] = None,
    create: Annotated[bool | None, typer.Option(help="Make customers there that could not be matched.")] = None,
    start_date: Annotated[str | None, typer.Option(help="YYYY-MM-DD: older documents are never pushed.")] = None,
    every: Annotated[str | None, typer.Option(help="30s, 5m, 1h: run by itself; else by hand only.")] = None,
) -> None:
    """Add a sync, or change the named settings of one: edits isthmus.toml and applies it."""
    with answering(ctx, "sync.add") as session:
        from hub.runtime.connecting import save_sync

        session.hub.settings_of(connection)
        given = {
            "direction": direction,
            "confirm": confirm,
            "create": create,
            "start_date": parse_date(start_date),
            "every": every,
        }
        values = {key: value for key, value in given.items() if value is not None}
        published = save_sync(session.home, session.store, connection, kind, values, session.actor)
        session.item({"connection": connection, "kind": kind, "version": published.number})
        session.say("cli.sync_added", connection=connection, kind=kind, number=published.number)


def parse_date(text: str | None) -> Any:
    from datetime import date

    from hub.errors import ConfigInvalid

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise ConfigInvalid("cli.not_a_date", value=text) from error


def show_list(ctx: typer.Context) -> None:
    """List the syncs and their settings."""
    with answering(ctx, "sync.list") as session:
        from hub.runtime.settings import list_syncs

        rows = [
            {"connection": name, "kind": kind, **settings.model_dump(mode="json")}
            for name, kind, settings in list_syncs(session.hub.config)
        ]
        session.items(rows)
        columns = ("connection", "kind", "direction", "confirm", "create", "start_date", "every_s")
        session.table(columns, [[row[column] for column in columns] for row in rows])


def status(ctx: typer.Context) -> None:
    """Show how each sync stands: accepted plan, last run, next run, what is due, what waits, and alarms."""
    with answering(ctx, "sync.status") as session:
        from hub.sync.status import list_syncs

        rows = list_syncs(session.hub)
        session.items(rows)
        columns = (
            "connection", "kind", "direction", "confirm", "accepted", "paused", "last_run_at", "next_due",
            "due_count", "waiting_count",
        )  # fmt: skip
        session.table(
            [*columns, "alarms"],
            [
                [
                    *(tell_setting(session, column, getattr(row, column)) for column in columns),
                    name_alarms(session, row.alarms),
                ]
                for row in rows
            ],
        )
        print_failing(session)


def tell_setting(session: Session, name: str, value: object) -> object:
    """A choice of the configuration in the reader's language; everything else as it is."""
    return session.text(f"cli.{name}_{value}") if name in ("direction", "confirm") else value


def print_failing(session: Session) -> None:
    """Who should be told and cannot be."""
    from hub.sync.telling import list_targets

    targets = list_targets(session.hub)
    session.item({"notify": [row.model_dump(exclude={"error_params"}) for row in targets]})
    for row in targets:
        if row.failures and row.error_code is not None:
            what = session.text(row.error_code, **row.error_params)
            session.say("cli.notify_fails", target=row.target, failures=row.failures, what=what)


def plan(
    ctx: typer.Context,
    connection: Connection,
    kinds: Kinds = None,
    out: Annotated[bool, typer.Option("--out", help="Only what would be written to the other system.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Name every document, not the first {SHOWN_ITEMS}.")
    ] = False,
) -> None:
    """Read and decide, write nothing anywhere: what a run would create, change, void or hold, and why."""
    with answering(ctx, "sync.plan") as session:
        from hub.sync.plan import make_plan

        view = make_plan(session.hub, connection, kinds, session.actor, out_only=out)
        session.item({"plan": view.plan, "items": list(view.items)})
        print_plan(session, view, limit=None if everything else SHOWN_ITEMS)


def print_plan(session: Session, view: Any, *, limit: int | None) -> None:
    """Sums by kind and action first, then each document."""
    session.say("cli.plan_head", label=view.plan.label, connection=view.plan.connection, count=len(view.items))
    for mass in view.plan.masses:
        print_mass(session, mass)
    for row in view.plan.codes:
        print_coverage(session, row)
    if view.items:
        session.table(["kind", "where", "action", "count", "amount"], summarise_plan(session, view.items))
    shown = view.items if limit is None else view.items[:limit]
    if shown:
        session.write()
        session.table(
            ["kind", "where", "action", "number", "amount", "what"], [_plan_row(session, item) for item in shown]
        )
    if len(shown) < len(view.items):
        session.say("cli.plan_more", count=len(view.items) - len(shown))
    session.say("cli.plan_next", connection=view.plan.connection, label=view.plan.label)


def print_coverage(session: Session, row: Any) -> None:
    """How many of the codes that a kind uses are known, and what is held for the others."""
    from decimal import Decimal

    told = [
        session.text("codes.table_known", table=table, known=known, used=used)
        for table, (known, used) in row["tables"].items()
    ]
    line = session.text("codes.coverage", kind=row["kind"], tables=", ".join(told))
    if row["held"]:
        money = ", ".join(show_money(Decimal(amount), currency) for currency, amount in sorted(row["amounts"].items()))
        line += session.text("codes.held", count=row["held"], money=money)
    session.write(line)


def summarise_plan(session: Session, items: Any) -> list[list[object]]:
    """One row for each kind, side, action and currency."""
    from decimal import Decimal

    from hub.sync.plan import name_group

    sums: dict[tuple[str, str, str, str], tuple[int, Decimal]] = {}
    for item in items:
        group = (item.kind, item.side, name_group(item.action, item.reason), item.currency or "")
        count, total = sums.get(group, (0, Decimal(0)))
        sums[group] = (count + 1, total + (item.amount or 0))
    return [
        [
            kind,
            session.text(f"cli.side_{side}"),
            session.text(f"cli.action_{action}"),
            count,
            show_money(total, currency),
        ]
        for (kind, side, action, currency), (count, total) in sorted(sums.items())
    ]


def _plan_row(session: Session, item: Any) -> list[object]:
    told = item.changes.items()
    if item.action == "import":  # a record that is new here has nothing to compare with
        told = [(name, change) for name, change in told if name == "name"]
    changes = "; ".join(show_change(field, old, new) for field, (old, new) in told if not _is_empty(old, new))
    reason = session.text(item.reason, **item.reason_params) if item.reason else ""
    return [
        item.kind,
        session.text(f"cli.side_{item.side}"),
        session.text(f"cli.action_{item.action}"),
        item.label,
        show_money(item.amount, item.currency),
        " · ".join(part for part in (reason, changes) if part),
    ]


def _is_empty(old: Any, new: Any) -> bool:
    return old in _EMPTY and new in _EMPTY


def show_change(field: str, old: Any, new: Any) -> str:
    """``phone: 1 → 2``; what is new is shown alone."""
    return f"{field}: {shorten(new)}" if old is None else f"{field}: {shorten(old)} → {shorten(new)}"


def run(
    ctx: typer.Context,
    connection: Connection,
    kinds: Kinds = None,
    accept: Annotated[str | None, typer.Option(help="The plan you have read and accept: its short id.")] = None,
) -> None:
    """Read what changed there, then write what an accepted plan allows."""
    with answering(ctx, "sync.run") as session:
        from hub.sync.run import run_sync

        with showing_progress(lambda step: name_step(session, step)) as progress:
            report = run_sync(session.hub, connection, kinds, session.actor, accept=accept, progress=progress)
        print_report(session, report)


def print_report(session: Session, report: Any) -> None:
    """What a run did. Errors of the other system and kinds that may not be pushed leave an exit code."""
    from hub.commands.run import list_alike, print_run, tell_alike
    from hub.errors import RuleBroken

    alike = list_alike(session, report.run)
    session.item({"run": report.run, "refused": report.refused, "alike": alike})
    print_run(session, report.run, error=not report.errors)
    tell_alike(session, alike)
    for error in report.errors:
        session.fail(error)
    for kind, code in report.refused.items():
        session.fail(RuleBroken(code, connection=report.run.connection, kind=kind))
    session.say("cli.run_next", number=report.run.number)


def name_step(session: Session, step: str) -> str:
    """What a run is doing now: waiting for another one, reading a kind, or writing."""
    if step in ("push", "wait"):
        return session.text("cli.step_push" if step == "push" else "cli.step_wait")
    return session.text("cli.step_read", kind=step)


def adopt(
    ctx: typer.Context,
    connection: Connection,
    kinds: Kinds = None,
    by: Annotated[
        str | None, typer.Option(help="identifier, number, or a file of pairs (CSV, XLSX); else one after the other.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="YYYY-MM-DD: leave out older documents.")] = None,
    everything: Annotated[bool, typer.Option("--all", help=f"Name every one, not the first {SHOWN_ITEMS}.")] = False,
) -> None:
    """Bind what both sides have already; writes to neither. Shows what differs, what is in doubt, what only one has."""
    with answering(ctx, "sync.adopt") as session:
        from pathlib import Path

        from hub.errors import ConfigInvalid, RuleBroken
        from hub.identity.pairing import RULES
        from hub.sync.adopt import adopt as adopt_connection
        from hub.sync.pairs_file import read_pairs

        day = parse_date(since)
        if by is not None and by not in RULES and not Path(by).exists():
            raise ConfigInvalid("cli.by_unknown", value=by, known=", ".join(RULES))
        pairs = read_pairs(Path(by)) if by is not None and by not in RULES else ()
        rule = by if by in RULES else None
        with showing_progress(lambda step: session.text("cli.step_read", kind=step)) as progress:
            report = adopt_connection(
                session.hub, connection, kinds, session.actor, by=rule, pairs=pairs, since=day, progress=progress
            )
        session.item(report)
        print_adoption(session, connection, report, limit=None if everything else SHOWN_ITEMS)
        if unbound := sum(item.outcome == "refused" for item in report.items):
            session.fail(RuleBroken("sync.pairs_unbound", count=unbound))


def print_adoption(session: Session, connection: str, report: Any, *, limit: int | None) -> None:
    """Both sides by what became of them, then each one that needs a look."""
    rows = [
        (
            told.kind, session.text(f"cli.adopt_{outcome}"), total.here, _show_amounts(total.amounts_here), total.there,
            _show_amounts(total.amounts_there),
        )
        for told in report.kinds
        for outcome, total in sorted(told.sums.items())
    ]  # fmt: skip
    session.table(["kind", "action", "here", "amount_here", "there", "amount_there"], rows)
    wanted = [item for item in report.items if item.outcome != "bound"]
    shown = sorted(wanted, key=lambda item: ADOPT_ORDER.index(item.outcome))[:limit]
    if shown:
        session.write()
        session.table(
            ["kind", "action", "number", "amount_here", "amount_there", "what"],
            [_adopt_row(session, item) for item in shown],
        )
    if len(shown) < len(wanted):
        session.say("cli.plan_more", count=len(wanted) - len(shown))
    for told in report.kinds:
        if told.older:
            session.say("cli.adopt_older", kind=told.kind, count=told.older)
    session.say("cli.adopt_next", connection=connection)


def _adopt_row(session: Session, item: Any) -> list[object]:
    return [
        item.kind,
        session.text(f"cli.adopt_{item.outcome}"),
        item.label,
        show_money(item.amount, item.currency),
        show_money(item.amount_there, item.currency),
        session.text(item.code, **item.params) if item.code else item.remote_id or item.record_id,
    ]


def _show_amounts(amounts: Any) -> str:
    return ", ".join(show_money(total, currency) for currency, total in sorted(amounts.items()))


def sweep(ctx: typer.Context, connection: Connection) -> None:
    """Look at every document there again: find deletions and anything that a feed or an answer lost."""
    with answering(ctx, "sync.sweep") as session:
        from hub.commands.run import show_outcomes
        from hub.sync.sweep import sweep_connection

        report = sweep_connection(session.hub, connection, actor=session.actor)
        session.item(report)
        session.say("cli.swept", connection=connection, reads=report.reads)
        session.write(show_outcomes(session, report.counts))
        for stop in report.stops:
            session.fail(stop)


COMMANDS = {
    "add": add,
    "guards": guards,
    "adopt": adopt,
    "list": show_list,
    "plan": plan,
    "run": run,
    "status": status,
    "sweep": sweep,
}
