"""What runs did: each write to another system, with its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from hub.commands.output import shorten, write_csv
from hub.commands.session import Session, answering
from hub.errors import ConfigInvalid
from hub.locale import render_bare

SHOWN_STEPS = frozenset(
    {
        "create", "patch", "submit", "confirm", "reopen", "void", "begin_reverse", "adopt", "hold", "park", "tomb",
        "tell_merge",
    }
)  # fmt: skip
"""Steps of the write protocol that people ask about; the others only look or wait."""
WRITE_COLUMNS = ("sent_at", "kind", "label", "op", "outcome", "remote_id", "what", "error_code", "error_words")


def show_list(
    ctx: typer.Context, limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 20
) -> None:
    """List runs, newest first."""
    with answering(ctx, "run.list") as session:
        from hub.sync.run import list_runs

        runs = list_runs(session.hub, limit)
        session.items(runs)
        session.table(
            ["run", "connection", "kinds", "state", "started_at", "ended_at", "counts", "actor"],
            [
                (
                    row.number,
                    row.connection,
                    row.kinds,
                    session.text(f"cli.run_{row.state}"),
                    row.started_at,
                    row.ended_at,
                    show_counts(session, row.counts),
                    row.actor,
                )
                for row in runs
            ],
        )


def show(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(help="The run's number.")],
    writes: Annotated[bool, typer.Option("--writes", help="Also every write to the other system.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="The writes as CSV on stdout.")] = False,
) -> None:
    """Show one run: what it read, wrote and left."""
    with answering(ctx, "run.show") as session:
        from hub.sync.run import load_run

        run, attempts = load_run(session.hub, number)
        if as_csv:
            if session.options.as_json:
                raise ConfigInvalid("cli.csv_or_json")
            written = describe_writes(session, attempts)
            write_csv(WRITE_COLUMNS, ([row[column] for column in WRITE_COLUMNS] for row in written))
            return
        described = describe_writes(session, attempts) if writes else []
        alike = list_alike(session, run)
        session.item({"run": run, "alike": alike, **({"writes": described} if writes else {})})
        print_run(session, run)
        tell_alike(session, alike)
        if writes:
            rows = [show_write(session, row, attempt) for row, attempt in zip(described, attempts, strict=True)]
            session.table(list(rows[0]) if rows else WRITE_COLUMNS, [list(row.values()) for row in rows])


def list_alike(session: Session, run: Any) -> Sequence[Any]:
    """Customers and contacts that it brought, or left at the door, which could be others that are here."""
    from hub.sync.newcomers import list_of_run

    return list_of_run(session.hub, run)


def tell_alike(session: Session, found: Sequence[Any]) -> None:
    """Each with the records that it could be, and the command that answers."""
    for newcomer in found:
        phrase = newcomer.tell()
        session.say(phrase.code, **phrase.params)
        session.write(f"→ {newcomer.command}")


def show_write(session: Session, row: Mapping[str, Any], attempt: Any) -> dict[str, Any]:
    """One write as people read it."""
    words = [render_bare(attempt.error_code, session.options.lang) if attempt.error_code else "", attempt.error_words]
    return {
        "sent_at": attempt.sent_at,
        "kind": attempt.kind,
        "label": row["label"],
        "op": session.text(f"cli.next_{attempt.op}"),
        "outcome": session.text(f"cli.outcome_{attempt.outcome}"),
        "remote_id": attempt.remote_id,
        "what": " · ".join(part for part in (row["what"], *words) if part),
    }


def print_run(session: Session, run: Any, *, error: bool = True) -> None:
    """Head, counts and the error of a run (which a command that reports errors itself leaves out)."""
    state = session.text(f"cli.run_{run.state}")
    session.say("cli.run_head", number=run.number, connection=run.connection, kinds=", ".join(run.kinds), state=state)
    if done := show_counts(session, run.counts):
        session.write(done)
    if run.error_code and error:
        words = f" [{run.error_words}]" if run.error_words else ""
        session.write(session.text(run.error_code, **run.error_params) + words)


def show_counts(session: Session, counts: dict[str, int]) -> str:
    """``account: 12 created, 3 updated · there: 4 created``; steps that changed nothing are left out."""
    groups: dict[str, list[str]] = {}
    for name, count in counts.items():
        way, _, rest = name.partition(".")
        kind, _, outcome = rest.rpartition(".")
        if way == "in":
            groups.setdefault(kind, []).append(session.text(f"cli.in_{outcome}", count=count))
        elif rest in SHOWN_STEPS:
            groups.setdefault(session.text("cli.side_there"), []).append(session.text(f"cli.out_{rest}", count=count))
    return " · ".join(f"{group}: {', '.join(parts)}" for group, parts in groups.items())


def show_outcomes(session: Session, counts: Mapping[str, int]) -> str:
    """``12 unchanged, 3 updated``: what became of documents that were read."""
    return ", ".join(session.text(f"cli.in_{name}", count=count) for name, count in counts.items() if count)


def describe_writes(session: Session, attempts: Any) -> list[dict[str, Any]]:
    """Each write with what people call the record, and what was written."""
    from hub.commands.output import to_json
    from hub.model.kinds import find_kind
    from hub.protocol.binding import Binding

    described = []
    with session.store.read() as tx:
        for attempt in attempts:
            binding = tx.get(Binding, id=attempt.binding_id)
            record: Any = tx.get(find_kind(attempt.kind), id=binding.hub_id) if binding else None
            label = str(getattr(record, record.NUMBER) or getattr(record, "name", "")) if record else ""
            described.append({**to_json(attempt), "label": label, "what": summarise_write(attempt.summary)})
    return described


def summarise_write(summary: dict[str, Any]) -> str:
    """``phone: 1 → 2; note: – → urgent`` for a change, ``name: A; phone: 1`` for something new."""
    changed = [f"{name}: {shorten(old)} → {shorten(new)}" for name, (old, new) in summary.get("changes", {}).items()]
    new = {name: value for name, value in summary.get("new", {}).items() if value not in (None, "", [], {})}
    return "; ".join(changed + [f"{name}: {shorten(value)}" for name, value in new.items()])


COMMANDS = {"list": show_list, "show": show}
