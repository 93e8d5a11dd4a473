"""Compute records anew after a mapping or a code table was changed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.commands.output import shorten, show_money, showing_progress
from hub.commands.session import Session, answering


def remap(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="account, contact, product, order…")],
    connections: Annotated[list[str] | None, typer.Option("--connection", help="Only this one; repeat it.")] = None,
    accept: Annotated[str | None, typer.Option(help="Write what this preview showed: its short id.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write it at once, without being asked.")] = False,
) -> None:
    """Show what a changed mapping or code table makes of records that were read before; write it when it is accepted.

    Nothing is fetched: the kept payloads are read anew. What differs from other systems afterwards is written there as
    any change is: by an accepted plan where the settings of the sync changed.
    """
    with answering(ctx, "remap") as session:
        from hub.sync.remap import accept_remap, load_remap, preview_remap

        with showing_progress(lambda step: session.text("cli.step_remap", kind=kind)) as progress:
            found = load_remap(session.hub, accept) if accept else None
            if found is not None and found.kind != kind:
                _refuse_kind(found, kind)
            shown = found or preview_remap(session.hub, kind, connections, session.actor, progress)
            done = accept_remap(session.hub, shown.label, session.actor, progress) if accept or yes else None
        session.item({"remap": done or shown})
        if found is None:
            print_preview(session, shown)
        if done is not None:
            print_done(session, done)
        elif shown.summary["counts"].get("changed"):
            session.say("cli.remap_next", kind=kind, label=shown.label)


def _refuse_kind(found: Any, kind: str) -> None:
    from hub.errors import ConfigInvalid

    raise ConfigInvalid("sync.remap_of_other", label=found.label, kind=found.kind, asked=kind)


def print_preview(session: Session, shown: Any) -> None:
    """How many records, then field by field with examples, the money, and what could not be computed."""
    counts = shown.summary["counts"]
    session.say(
        "cli.remap_head", kind=shown.kind, connections=", ".join(shown.connections), looked=counts.get("looked", 0),
        changed=counts.get("changed", 0), unreadable=counts.get("unreadable", 0), no_raw=counts.get("no_raw", 0),
    )  # fmt: skip
    rows = [
        (name, row["count"], row["emptied"], row["filled"], "; ".join(_show_example(item) for item in row["examples"]))
        for name, row in shown.summary["fields"].items()
    ]
    if rows:
        session.table(["field", "count", "emptied", "filled", "what"], rows)
    print_money(session, shown.summary["amounts"])
    for item in shown.summary["unreadable"]:
        session.write(f"{item['source']}: {session.text(item['code'], **item['params'])}")
    if shown.summary["no_raw"]:
        session.say("cli.remap_no_raw", sources=", ".join(shown.summary["no_raw"]), count=counts["no_raw"])


def _show_example(item: Any) -> str:
    return f"{item['number']}: {shorten(item['old'])} → {shorten(item['new'])}"


def print_money(session: Session, amounts: Any) -> None:
    """What the changed documents come to, before and after."""
    from decimal import Decimal

    for currency, (old, new) in amounts.items():
        before, after = (show_money(Decimal(text), currency) for text in (old, new))
        session.say("cli.remap_money", before=before, after=after)


def print_done(session: Session, done: Any) -> None:
    """What was written, and what happens next on each side."""
    from hub.sync.remap import list_next

    if not done.counts.get("changed") and not done.counts.get("unreadable"):
        session.say("cli.remap_nothing")
        return
    session.say("cli.remap_done", kind=done.kind, changed=done.counts.get("changed", 0))
    for connection, code in list_next(session.hub, done):
        count = done.summary["due"][connection]
        session.say("cli.remap_due", connection=connection, count=count)
        if code is not None:
            session.write(f"  {session.text(code, connection=connection, kind=done.kind)}")
        session.write(f"  → isthmus sync plan {connection} --kind {done.kind}")
    if done.counts.get("unreadable"):
        session.say("cli.remap_unreadable", count=done.counts["unreadable"])


COMMANDS = {"remap": remap}
