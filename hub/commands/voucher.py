"""Vouchers (凭证) of business documents: what would be booked, and making it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.output import Amount, show_money
from hub.commands.session import Session, answering

if TYPE_CHECKING:
    from hub.model.sales import Order
    from hub.sync.vouchers import Outcome

OrderText = Annotated[str, typer.Argument(help="The order's number, id or the beginning of one.")]


def preview(ctx: typer.Context, order: OrderText) -> None:
    """Show the entries of everything that happened to an order, before anything is written."""
    with answering(ctx, "voucher.preview") as session:
        from hub.sync.vouchers import preview_vouchers

        found = preview_vouchers(session.hub, _find_order(session, order))
        session.items([describe(session, outcome) for outcome in found])
        for outcome in found:
            print_outcome(session, outcome, entries=True)
        if any(outcome.action in ("make", "edit", "reverse", "void") for outcome in found):
            session.say("voucher.next_make", order=order)


def make(
    ctx: typer.Context,
    order: Annotated[str | None, typer.Argument(help="Only for this order's documents; else for all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be made and changed.")] = False,
) -> None:
    """Make the vouchers that are missing, as drafts. Saying it twice makes nothing twice; what changed after it was
    posted gets a red voucher and a new one."""
    with answering(ctx, "voucher.make") as session:
        from hub.sync.vouchers import make_vouchers

        named = None if order is None else _find_order(session, order)
        done = list(make_vouchers(session.hub, session.actor, order=named, dry_run=dry_run))
        session.items([describe(session, outcome) for outcome in done])
        for outcome in done:
            if outcome.reason is None:
                print_outcome(session, outcome, entries=dry_run)
            else:
                session.fail(outcome.reason)
        made = [outcome for outcome in done if outcome.reason is None]
        session.say("voucher.shown" if dry_run else "voucher.done", count=len(made), held=len(done) - len(made))


def show_list(
    ctx: typer.Context,
    order: Annotated[str | None, typer.Argument(help="Only those of this order's documents.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """List vouchers: of what, how much, and whether they are posted. The newest come first."""
    with answering(ctx, "voucher.list") as session:
        from hub.sync.vouchers import list_vouchers

        found = list_vouchers(session.hub, None if order is None else _find_order(session, order), limit=limit)
        session.items([{**row.voucher.model_dump(), "source": row.source} for row in found])
        heads = ["number", "booked_on", "ledger", "trigger", "source", "state", "posted_number", "debit"]
        session.plain_table(heads, [_row(row.voucher, row.source) for row in found])


def _row(voucher: Any, source: str) -> list[object]:
    return [
        voucher.number, voucher.booked_on, voucher.ledger, voucher.trigger.value, source, voucher.state.value,
        voucher.posted_number, show_money(voucher.debit, voucher.currency),
    ]  # fmt: skip


def _find_order(session: Session, text: str) -> Order:
    from hub.model.sales import Order
    from hub.sync.records import find_record

    found = find_record(session.hub, "order", text)
    assert isinstance(found, Order)  # noqa: S101  # find_record returns what it was asked for
    return found


def describe(session: Session, outcome: Outcome) -> dict[str, Any]:
    """An outcome as programs read it."""
    reason = outcome.reason
    return {
        "ledger": outcome.ledger, "trigger": outcome.trigger.value, "kind": outcome.kind, "source": outcome.source,
        "source_id": outcome.source_id, "action": outcome.action, "booked_on": outcome.booked_on,
        "currency": outcome.currency, "lines": outcome.lines, "vouchers": outcome.vouchers,
        "reason": None if reason is None else {"code": reason.code, "text": reason.text(session.options.lang)},
    }  # fmt: skip


def print_outcome(session: Session, outcome: Outcome, *, entries: bool) -> None:
    session.say(
        f"voucher.action_{outcome.action}",
        kind=outcome.kind, source=outcome.source, trigger=outcome.trigger.value, ledger=outcome.ledger,
        day=str(outcome.booked_on or ""), vouchers=", ".join(outcome.vouchers),
        reason="" if outcome.reason is None else outcome.reason.text(session.options.lang),
    )  # fmt: skip
    if entries and outcome.lines:
        _print_entries(session, outcome)


def _print_entries(session: Session, outcome: Outcome) -> None:
    """借 and 贷 side by side, with their sums."""
    heads = [session.text(f"voucher.head_{name}") for name in ("debit", "credit", "account", "summary")]
    rows: list[Sequence[object]] = [
        [_side(line.debit, outcome), _side(line.credit, outcome), f"{line.account_code} {line.role}", line.summary]
        for line in outcome.lines
    ]
    debit, credit = (sum(getattr(line, side) for line in outcome.lines) for side in ("debit", "credit"))
    rows.append([_side(debit, outcome), _side(credit, outcome), session.text("voucher.total"), ""])
    session.plain_table(heads, rows)
    session.write()


def _side(amount: Any, outcome: Outcome) -> Amount:
    return show_money(amount, outcome.currency) if amount else Amount("")


COMMANDS = {"preview": preview, "make": make, "list": show_list}
