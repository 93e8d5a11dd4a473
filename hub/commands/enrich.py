"""Enrichment of customers from a business registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.commands.output import show_money
from hub.commands.session import Session, answering, confirm

if TYPE_CHECKING:
    from hub.model.party import Account
    from hub.sync.enrich import Enriched, EnrichPlan
    from hub.sync.lookups import Desk


def enrich(
    ctx: typer.Context,
    account: Annotated[
        str | None, typer.Argument(help="Number, name or id of a customer; else those that are due.")
    ] = None,
    connection: Annotated[str | None, typer.Option(help="The registry to ask, where there are several.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many customers.")] = 20,
    take: Annotated[str, typer.Option(help="The company that you chose: its credit code or exact name.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Ask anew although the answer at hand is still good.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Make the paid calls without asking.")] = False,
) -> None:
    """Fill what is missing about customers from a business registry. Each call costs, so first it is shown how many
    there would be; a value that somebody gave is never replaced."""
    with answering(ctx, "enrich") as session:
        from hub.sync.enrich import list_due_accounts, plan_enrichment
        from hub.sync.lookups import open_desk

        desk = open_desk(session.hub, connection)
        accounts = list_due_accounts(desk, limit) if account is None else [_find(session, account)]
        plan = plan_enrichment(desk, accounts, again=again, take=take)
        told = describe_plan(plan)
        session.item({"plan": told, "done": None})
        print_plan(session, plan)
        if not plan.calls or confirm(session, "enrich.ask", yes=yes, calls=plan.calls, cost=_money(plan.cost)):
            done = run(session, desk, accounts, again=again, take=take)
            session.item({"plan": told, "done": [describe(one) for one in done]})
        else:
            session.say("enrich.nothing_called")


def run(session: Session, desk: Desk, accounts: Sequence[Account], *, again: bool, take: str) -> list[Enriched]:
    """Each customer as it is done; the error that ended it, if any, comes last."""
    from hub.errors import IsthmusError
    from hub.sync.enrich import enrich_accounts

    done: list[Enriched] = []
    try:
        for one in enrich_accounts(desk, accounts, session.actor, again=again, take=take):
            done.append(one)
            print_one(session, one, desk.connection)
    except IsthmusError as error:
        session.fail(error)
    with session.store.read() as tx:
        spent = desk.tell_spent(tx)
    session.say(
        "enrich.spent", calls=spent.calls_today, cost=_money(spent.cost_today), month=_money(spent.cost_month),
        left=min(spent.left_today, spent.left_month),
    )  # fmt: skip
    return done


def _find(session: Session, text: str) -> Account:
    from hub.model.party import Account
    from hub.sync.records import find_record

    found = find_record(session.hub, "account", text)
    assert isinstance(found, Account)  # noqa: S101  # find_record returns what it was asked for
    return found


def _money(amount: Any) -> str:
    from hub.sync.lookups import CURRENCY

    return show_money(amount, CURRENCY)


def describe_plan(plan: EnrichPlan) -> dict[str, Any]:
    """A plan as programs read it."""
    return {
        "connection": plan.connection, "calls": plan.calls, "cost": plan.cost, "currency": "CNY", "steps": plan.steps,
        "left_today": plan.spent.left_today, "left_month": plan.spent.left_month,
    }  # fmt: skip


def describe(one: Enriched) -> dict[str, Any]:
    """What came of a customer as programs read it."""
    names = ("account_id", "label", "outcome", "company", "as_of", "proposals", "candidates")
    return {name: getattr(one, name) for name in names}


def print_plan(session: Session, plan: EnrichPlan) -> None:
    rows = [[step.label, session.text(f"enrich.ask_{step.ask}"), step.key, step.calls] for step in plan.steps]
    heads = [session.text(f"enrich.head_{name}") for name in ("customer", "how", "by", "calls")]
    session.plain_table(heads, rows)
    session.say(
        "enrich.plan", calls=plan.calls, cost=_money(plan.cost), day=plan.spent.left_today, month=plan.spent.left_month
    )  # fmt: skip


def print_one(session: Session, one: Enriched, connection: str) -> None:
    """What was filled, what differs, or from whom to choose."""
    as_of = "" if one.as_of is None else str(one.as_of.date())
    if one.as_of is not None and one.outcome == "waits":
        as_of = one.as_of.astimezone(session.hub.zone_of(connection)).isoformat(sep=" ", timespec="minutes")
    session.say(f"enrich.outcome_{one.outcome}", label=one.label, connection=connection, as_of=as_of)
    for hit in one.candidates:
        session.write(f"  {hit.credit_code or '-'}  {hit.name}  {hit.status_text}")
    for row in one.proposals:
        if row.verdict != "same":
            session.write(f"  {session.text(f'enrich.verdict_{row.verdict}')}  {row.field}: {row.proposed}")


COMMANDS = {"enrich": enrich}
