"""Who belongs to whom among the customers, by what a business registry says: heads, owners and branches.

Only customers are joined, by credit code or by exact name; what would lead back to its own beginning is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from hub.identity.names import fold_name, is_branch_name
from hub.model.identifiers import clean_code
from hub.model.party import Account, IdentifierKind
from hub.sdk.registry import Company
from hub.store import UnitOfWork


def find_relations(tx: UnitOfWork, account: Account, company: Company) -> Iterator[tuple[str, UUID]]:
    """``branch_of_id`` and ``parent_id`` of the customer, where they are customers too."""
    named = _name_accounts(tx)
    for field, found in (
        ("branch_of_id", find_head(tx, named, company)),
        ("parent_id", _find_one(tx, named, company.parent_code, company.parent_name)),
    ):
        if found is not None and not _leads_back(tx, found, account.id):
            yield field, found


def find_head(tx: UnitOfWork, named: Sequence[tuple[str, UUID]], company: Company) -> UUID | None:
    """The customer that a branch belongs to: by the code that the registry tells, else the one with the longest name
    with which the branch's name begins."""
    if company.head_code:
        return _find_one(tx, named, company.head_code, "")
    if "分公司" not in company.type_text and not is_branch_name(company.name):
        return None
    full = fold_name(company.name)
    heads = [
        (len(name), id)
        for name, id in named
        if name and name != full and full.startswith(name) and not is_branch_name(name)
    ]
    return max(heads)[1] if heads else None


def list_branches(tx: UnitOfWork, account: Account, company: Company) -> list[UUID]:
    """Customers that the registry lists among the branches of this one, in the order of their ids."""
    wanted = {fold_name(name) for name in company.branches}
    if not wanted:
        return []
    found = {id for name, id in _name_accounts(tx) if name in wanted and id != account.id}
    return sorted(id for id in found if not _leads_back(tx, account.id, id))


def _find_one(tx: UnitOfWork, named: Sequence[tuple[str, UUID]], code: str, name: str) -> UUID | None:
    """The only customer with this code, else the only one of exactly this name."""
    if code:
        rows = tx.find_by_line(Account, "identifiers", kind=IdentifierKind.USCC.value, value=clean_code(code))
        if rows:
            return rows[0].id if len(rows) == 1 else None
    wanted = fold_name(name)
    same = [id for folded, id in named if wanted and folded == wanted]
    return same[0] if len(same) == 1 else None


def _name_accounts(tx: UnitOfWork) -> list[tuple[str, UUID]]:
    return [(fold_name(name), id) for id, name in tx.pluck(Account, ("id", "name"), deleted_at=None)]


def _leads_back(tx: UnitOfWork, start: UUID, end: UUID) -> bool:
    """Whether whoever stands above ``start`` is ``end``, at whatever height."""
    ahead, seen = [start], set[UUID]()
    while ahead:
        at = ahead.pop()
        if at == end:
            return True
        row = tx.get(Account, id=at) if at not in seen else None
        seen.add(at)
        if row is not None:
            ahead += [above for above in (row.parent_id, row.branch_of_id) if above is not None]
    return False
