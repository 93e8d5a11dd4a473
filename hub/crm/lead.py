"""Leads: their states, and what becomes of one."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from hub.crm.actions import Action, Alike, Asked, Change, Make, Taken
from hub.crm.checks import check_identifiers, check_name, check_reason, complete_identifiers
from hub.crm.pool import CLAIM, RELEASE, check_owner, stamp_owner
from hub.crm.rules import Rules, Transitions
from hub.errors import RuleBroken
from hub.model.lead import Lead, LeadState
from hub.model.party import Account, Contact
from hub.model.values import Amount, Ref, Value

TRANSITIONS: Transitions = {
    LeadState.NEW: frozenset({LeadState.WORKING, LeadState.QUALIFIED, LeadState.CONVERTED, LeadState.LOST}),
    LeadState.WORKING: frozenset({LeadState.QUALIFIED, LeadState.CONVERTED, LeadState.LOST}),
    LeadState.QUALIFIED: frozenset({LeadState.WORKING, LeadState.CONVERTED, LeadState.LOST}),
    LeadState.CONVERTED: frozenset(),
    LeadState.LOST: frozenset({LeadState.WORKING}),
}
OPEN = frozenset({LeadState.NEW, LeadState.WORKING, LeadState.QUALIFIED})


def check(lead: Lead, previous: Lead | None, remote: bool) -> None:
    """A lost one says why; a converted one names the customer that it became."""
    check_name("lead", lead.name)
    check_identifiers("lead", lead.identifiers)
    if remote:
        return
    check_reason("lead", "lost_reason", lead.state is LeadState.LOST, lead.lost_reason)
    if lead.state is LeadState.CONVERTED and lead.account_id is None:
        raise RuleBroken("lead.convert_first", number=lead.number)


class Conversion(Value):
    """Empty: a new one is made where none that is known looks alike."""

    account_id: Annotated[UUID | None, Ref("account")] = None
    new_account: bool = False
    """Make one, whatever looks alike."""
    contact_id: Annotated[UUID | None, Ref("contact")] = None
    new_contact: bool = False
    opportunity: str = ""
    """Its name; empty: what the lead wants."""
    amount: Amount | None = None
    without_opportunity: bool = False


def convert(lead: Lead, asked: Asked) -> Taken:
    """The customer, the person and the opportunity, made or chosen; once."""
    if lead.state is LeadState.CONVERTED:
        return Taken(results=_list_results(lead.account_id, lead.contact_id, lead.opportunity_id))
    steps: list[Make | Change] = []
    account_id = _choose_account(lead, asked, steps)
    contact_id = _choose_contact(lead, asked, account_id, steps)
    opportunity_id = _open_opportunity(lead, asked, account_id, contact_id, steps)
    became = {"account_id": account_id, "contact_id": contact_id, "opportunity_id": opportunity_id}
    steps.append(Change("lead", lead.id, {**became, "state": LeadState.CONVERTED}))
    return Taken(tuple(steps), _list_results(account_id, contact_id, opportunity_id))


def _list_results(*ids: UUID | None) -> tuple[tuple[str, UUID], ...]:
    kinds = ("account", "contact", "opportunity")
    return tuple((kind, id) for kind, id in zip(kinds, ids, strict=True) if id is not None)


def _choose_account(lead: Lead, asked: Asked, steps: list[Make | Change]) -> UUID:
    options: Conversion = asked.options
    _check_one(lead, "account", options.account_id, options.new_account)
    if options.account_id is not None:
        return options.account_id
    values = {name: getattr(lead, name) for name in ("name", "phone", "website", "identifiers", "owner_id")}
    values |= {"email": "" if lead.person else lead.email, "state": "prospect"}
    if not options.new_account:
        _check_none_alike(lead, "account", asked.look.find_alike("account", {**values, "email": lead.email}))
    made = Make("account", asked.new_id(), values)
    steps.append(made)
    return made.id


def _choose_contact(lead: Lead, asked: Asked, account_id: UUID, steps: list[Make | Change]) -> UUID | None:
    options: Conversion = asked.options
    _check_one(lead, "contact", options.contact_id, options.new_contact)
    if options.contact_id is not None:
        steps += _link(asked, options.contact_id, account_id)
        return options.contact_id
    if not lead.person:
        return None
    values: dict[str, Any] = {name: getattr(lead, name) for name in ("title", "mobile", "phone", "email")}
    values |= {"name": lead.person, "links": [{"account_id": account_id, "primary": True}]}
    if not options.new_contact:
        _check_none_alike(lead, "contact", asked.look.find_alike("contact", values))
    made = Make("contact", asked.new_id(), values)
    steps.append(made)
    return made.id


def _link(asked: Asked, contact_id: UUID, account_id: UUID) -> list[Change]:
    """The person also works for the customer."""
    contact = asked.look.get("contact", contact_id)
    if not isinstance(contact, Contact) or any(link.account_id == account_id for link in contact.links):
        return []
    links: list[dict[str, Any]] = [link.model_dump() for link in contact.links]
    added = {"key": f"lead-{account_id}", "account_id": account_id, "primary": not links}
    return [Change("contact", contact_id, {"links": [*links, added]})]


def _open_opportunity(
    lead: Lead, asked: Asked, account_id: UUID, contact_id: UUID | None, steps: list[Make | Change]
) -> UUID | None:
    options: Conversion = asked.options
    if options.without_opportunity:
        return None
    account = asked.look.get("account", account_id)
    owner = lead.owner_id or (account.owner_id if isinstance(account, Account) else None)
    values = {
        "name": options.opportunity or lead.wants or lead.name,
        "account_id": account_id,
        "contact_id": contact_id,
        "owner_id": owner,
        "source": lead.source,
    }
    if options.amount is not None:
        values["amount"] = options.amount
    made = Make("opportunity", asked.new_id(), values)
    steps.append(made)
    return made.id


def _check_one(lead: Lead, kind: str, chosen: UUID | None, new: bool) -> None:
    if chosen is not None and new:
        raise RuleBroken("lead.choose_one", number=lead.number, kind=kind)


def _check_none_alike(lead: Lead, kind: str, found: Any) -> None:
    """Who looks alike is shown, and a person says."""
    alikes: list[Alike] = list(found)
    if alikes:
        names = "; ".join(f"{alike.label} [{str(alike.record_id)[:13]}] ({alike.signs})" for alike in alikes)
        raise RuleBroken("lead.alike", number=lead.number, kind=kind, candidates=names)


RULES = Rules(
    "lead",
    TRANSITIONS,
    complete_identifiers,
    check,
    stamping=stamp_owner,
    guarding=check_owner,
    actions=(Action("convert", convert, Conversion, OPEN | {LeadState.CONVERTED}), CLAIM, RELEASE),
)
