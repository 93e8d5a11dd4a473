"""Contracts: approval, validity, reminders of their end, and how much of them has been carried out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.crm.actions import Action, Asked, Make, Taken
from hub.crm.checks import check_reason
from hub.crm.figures import check_rate
from hub.crm.rules import Fed, Feeder, Room, Rules, Transitions
from hub.crm.settlement import convert
from hub.errors import RuleBroken
from hub.locale import render
from hub.model.contract import Contract, ContractState
from hub.model.kinds import Fields
from hub.model.money import add_exactly
from hub.model.sales import Order, OrderState

TRANSITIONS: Transitions = {
    ContractState.DRAFT: frozenset({ContractState.SUBMITTED, ContractState.VOID}),
    ContractState.SUBMITTED: frozenset(
        {ContractState.APPROVED, ContractState.REJECTED, ContractState.DRAFT, ContractState.VOID}
    ),
    ContractState.REJECTED: frozenset({ContractState.DRAFT, ContractState.VOID}),
    # Back to draft: the approval is taken back (反审核).
    ContractState.APPROVED: frozenset({ContractState.CLOSED, ContractState.DRAFT, ContractState.VOID}),
    ContractState.CLOSED: frozenset({ContractState.APPROVED}),
    ContractState.VOID: frozenset(),
}
FROZEN = ("account_id", "currency", "rate", "amount", "valid_from", "valid_until")
ORDERED = (OrderState.SUBMITTED, OrderState.APPROVED, OrderState.CLOSED)
IN_FORCE = frozenset({ContractState.APPROVED})


def check(contract: Contract, previous: Contract | None, remote: bool) -> None:
    """Whoever approves sees what is approved: a validity, and nothing changes afterwards without going back."""
    check_rate(contract)
    if contract.amount < 0:
        raise RuleBroken("contract.amount_negative", number=contract.number, value=contract.amount)
    since, until = contract.valid_from, contract.valid_until
    if since and until and until < since:
        raise RuleBroken("contract.dates", number=contract.number, since=since, until=until)
    if remote:
        return
    check_reason("contract", "rejected_reason", contract.state is ContractState.REJECTED, contract.rejected_reason)
    settled = contract.state in (ContractState.SUBMITTED, ContractState.APPROVED)
    if settled and (since is None or until is None):
        raise RuleBroken("contract.dates_missing", number=contract.number, state=contract.state.value)
    if previous is not None and previous.state not in (ContractState.DRAFT, ContractState.REJECTED):
        changed = [name for name in FROZEN if getattr(contract, name) != getattr(previous, name)]
        if changed:
            raise RuleBroken(
                "contract.frozen", number=contract.number, fields=", ".join(changed), state=previous.state.value
            )


def derive(record_id: UUID, values: Fields, fed: Fed) -> dict[str, Any]:
    """What was ordered under it, and what was paid on those orders."""
    orders = [order for order in fed.get("order", ()) if order.state in ORDERED]
    return {
        "ordered": add_exactly([convert(row.gross, row.currency, row.rate, values) for row in orders]),
        "received": add_exactly([convert(row.paid, row.currency, row.rate, values) for row in orders]),
    }


def measure(contract: Contract, fed: Fed) -> tuple[Room, ...]:
    """No more is ordered under a contract with an amount than that."""
    if not contract.amount:
        return ()
    ordered = derive(contract.id, dict(contract), fed)["ordered"]
    return (Room(contract.number, contract.amount, ordered, refusal="contract.amount_exceeded"),)


def check_order(order: Order, contract: Contract) -> None:
    """An order under a contract is the same customer's, and of a day on which the contract is in force."""
    if order.account_id != contract.account_id:
        raise RuleBroken("contract.other_customer", order=order.number, number=contract.number)
    day, since, until = order.ordered_on, contract.valid_from, contract.valid_until
    outside = day is not None and ((since is not None and day < since) or (until is not None and day > until))
    if contract.state not in IN_FORCE or outside:
        raise RuleBroken(
            "contract.not_in_force", order=order.number, number=contract.number, state=contract.state.value,
            since=since or "—", until=until or "—",
        )  # fmt: skip


def remind(contract: Contract, asked: Asked) -> Taken:
    """One task before its end, for each end that it has."""
    until = contract.valid_until
    if until is None or contract.remind_days == 0:
        return Taken()
    cause = f"contract.ends {until}"
    known = asked.look.find("task", about_id=contract.id, cause=cause)
    if known or not until - timedelta(days=contract.remind_days) <= asked.at.today:
        return Taken(results=tuple(("task", row.id) for row in known))
    label = " ".join(filter(None, (contract.number, contract.name)))
    values = {
        "subject": render("contract.task_subject", asked.lang, label=label, until=until),
        "owner_id": contract.owner_id,
        "account_id": contract.account_id,
        "due_on": until,
        "about_kind": "contract",
        "about_id": contract.id,
        "cause": cause,
    }
    made = Make("task", asked.new_id(), values)
    return Taken((made,), (("task", made.id),))


RULES = Rules(
    "contract",
    TRANSITIONS,
    checking=check,
    feeders=(Feeder("order", "contract_id"),),
    deriving=derive,
    measuring=measure,
    actions=(Action("remind", remind, states=IN_FORCE, daily={"state": ContractState.APPROVED, "remind_days__gt": 0}),),
)
