"""Customers: states, identifiers, and the relations between them."""

from __future__ import annotations

from uuid import UUID

from hub.crm.checks import check_identifiers, check_line_keys, check_name, complete_identifiers
from hub.crm.pool import CLAIM, RELEASE, check_owner, stamp_owner
from hub.crm.rules import Finder, Rules, Transitions
from hub.errors import RuleBroken
from hub.model.party import Account, AccountState

TRANSITIONS: Transitions = {
    AccountState.PROSPECT: frozenset({AccountState.ACTIVE, AccountState.INACTIVE}),
    AccountState.ACTIVE: frozenset({AccountState.INACTIVE}),
    AccountState.INACTIVE: frozenset({AccountState.ACTIVE, AccountState.PROSPECT}),
}


def check(account: Account, previous: Account | None, remote: bool) -> None:
    """Name, identifiers, lines; an account is neither its own parent nor its own branch."""
    check_name("account", account.name)
    check_identifiers("account", account.identifiers)
    check_line_keys("account", "addresses", account.addresses)
    for field in ("parent_id", "branch_of_id"):
        if getattr(account, field) == account.id:
            raise RuleBroken("crm.own_relative", field=field, name=account.name)


def check_relations(account: Account, find: Finder) -> None:
    """No circle: whoever owns an account, or has it as a branch, must not lead back to it."""
    seen: set[UUID] = set()
    ahead = [(account.name, above) for above in _list_above(account)]
    while ahead:
        path, above = ahead.pop()
        if above == account.id:
            raise RuleBroken("crm.parent_circle", name=account.name, path=f"{path} → {account.name}")
        found = find("account", above) if above not in seen else None
        seen.add(above)
        if isinstance(found, Account):
            ahead.extend((f"{path} → {found.name}", further) for further in _list_above(found))


def _list_above(account: Account) -> list[UUID]:
    return [above for above in (account.parent_id, account.branch_of_id) if above is not None]


RULES = Rules(
    "account",
    TRANSITIONS,
    complete_identifiers,
    check,
    check_relations,
    stamping=stamp_owner,
    guarding=check_owner,
    actions=(CLAIM, RELEASE),
)
