"""Count and add up both sides."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.output import show_money
from hub.commands.session import answering


def reconcile(
    ctx: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection's name.")],
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; repeat it.")] = None,
) -> None:
    """Compare counts and sums of the hub and the other system; what waits explains the difference, or does not."""
    with answering(ctx, "reconcile") as session:
        from hub.sync.reconcile import reconcile as compare

        rows = compare(session.hub, connection, kinds)
        session.items(rows)
        session.table(
            ["kind", "hub", "remote", "waiting", "hub_sum", "remote_sum", "waiting_sum", "unexplained"],
            [
                (
                    row.kind,
                    row.hub_count,
                    row.remote_count,
                    row.waiting_count,
                    show_money(row.hub_sum, row.currency),
                    show_money(row.remote_sum, row.currency),
                    show_money(row.waiting_sum, row.currency),
                    show_money(row.unexplained_sum, row.currency) if row.currency else row.unexplained_count,
                )
                for row in rows
            ],
        )
        if any(row.unexplained_count or row.unexplained_sum or row.unexplained for row in rows):
            session.exit_code = 1
            session.say("cli.reconcile_bad")
            for row in rows:
                if row.unexplained:
                    session.write(f"{row.kind}: {', '.join(row.unexplained)}")
        else:
            session.say("cli.reconcile_good")


COMMANDS = {"reconcile": reconcile}
