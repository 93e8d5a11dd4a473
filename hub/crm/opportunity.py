"""Opportunities: stages with their chances, the end with its reason, and the way there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub.crm.actions import Moment
from hub.crm.checks import check_name, check_reason
from hub.crm.rules import Rules, Transitions
from hub.errors import RuleBroken
from hub.model.kinds import Fields
from hub.model.money import multiply_exactly, round_money
from hub.model.opportunity import Opportunity, OpportunityState, StageEntry

TRANSITIONS: Transitions = {
    OpportunityState.OPEN: frozenset({OpportunityState.WON, OpportunityState.LOST}),
    OpportunityState.WON: frozenset({OpportunityState.OPEN}),
    OpportunityState.LOST: frozenset({OpportunityState.OPEN}),
}
STAGES: Mapping[str, Decimal] = {
    "contact": Decimal("0.1"),
    "need": Decimal("0.25"),
    "proposal": Decimal("0.5"),
    "negotiation": Decimal("0.75"),
    "decision": Decimal("0.9"),
}
"""In their order, each with its probability. A deal may skip one, or go back."""
FIRST = next(iter(STAGES))
ENDS = {OpportunityState.WON: Decimal(1), OpportunityState.LOST: Decimal(0)}


def complete(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """The stage, the chance that follows from it, and the weighted amount."""
    values["stage"] = values.get("stage") or FIRST
    values["chance"] = _find_chance(values)
    amount = multiply_exactly(values.get("amount", Decimal(0)), values["chance"])
    values["weighted"] = round_money(amount, values["currency"]) if "currency" in values else amount
    return values


def _find_chance(values: Fields) -> Decimal:
    state = values.get("state", OpportunityState.OPEN)
    if state in ENDS:
        return ENDS[OpportunityState(state)]
    told: Decimal | None = values.get("probability")
    return STAGES.get(values["stage"], Decimal(0)) if told is None else told


def check(opportunity: Opportunity, previous: Opportunity | None, remote: bool) -> None:
    """A known stage, an estimate that is a ratio, an amount that is not negative, and a reason for a loss."""
    check_name("opportunity", opportunity.name)
    if opportunity.stage not in STAGES:
        raise RuleBroken("opportunity.stage_unknown", stage=opportunity.stage, known=", ".join(STAGES))
    if opportunity.probability is not None and not 0 <= opportunity.probability <= 1:
        raise RuleBroken("opportunity.probability_impossible", value=opportunity.probability)
    if opportunity.amount < 0:
        raise RuleBroken("opportunity.amount_negative", number=opportunity.number, value=opportunity.amount)
    if not remote:
        lost = opportunity.state is OpportunityState.LOST
        check_reason("opportunity", "lost_reason", lost, opportunity.lost_reason)


def stamp(values: Fields, previous: Opportunity | None, at: Moment) -> dict[str, Any]:
    """A line for every stage and every end that it came to."""
    told = previous.history if previous is not None else ()
    state = OpportunityState(values.get("state", OpportunityState.OPEN))
    stage = values["stage"]
    if told and (told[-1].stage, told[-1].state) == (stage, state):
        return {"history": told}
    entry = StageEntry(
        key=str(len(told) + 1), stage=stage, state=state, chance=values["chance"],
        amount=values.get("amount", Decimal(0)), at=at.now, by=at.actor,
    )  # fmt: skip
    return {"history": (*told, entry)}


RULES = Rules("opportunity", TRANSITIONS, complete, check, stamping=stamp)
