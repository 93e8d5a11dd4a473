"""Enrichment: what a business registry says about a customer becomes one more source of its record.

It is the humblest of them: it fills what nobody else says anything about, and only tells where it differs. The ladder:
the credit code, if its check digit is right; the exact name; else a list from which a person chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.errors import NotReady, RuleBroken
from hub.identity.names import fold_name
from hub.model.identifiers import clean_code, complete_identifier, is_valid_uscc
from hub.model.kinds import encode_fields
from hub.model.money import add_exactly
from hub.model.party import Account, Address, Identifier, IdentifierKind
from hub.sdk.registry import Api, Company
from hub.store import UnitOfWork
from hub.store.registry_rows import Lookup
from hub.store.rows import Image
from hub.sync.lookups import Desk, Spent, read_companies
from hub.sync.pause import check_paused
from hub.sync.relatives import find_relations, list_branches
from hub.sync.resolve import REGISTRY, rebuild_record

KIND = "account"
PREFIX = "attributes."
ATTRIBUTES = {
    "registry_name": "name", "registry_status": "status", "registry_status_text": "status_text",
    "legal_representative": "legal_person", "registered_capital": "capital", "founded_on": "founded_on",
    "industry": "industry", "registered_address": "address", "former_names": "former_names",
    "registry_owner": "parent_name",
}  # fmt: skip
"""Attribute of a customer → the field of a company that it comes from."""
FIELDS = {
    "identifiers": "credit_code", "addresses": "address", "phone": "phone",
    "branch_of_id": "head_code, type_text, name", "parent_id": "parent_code, parent_name",
    **{f"{PREFIX}{name}": of for name, of in ATTRIBUTES.items()},
}  # fmt: skip
"""The same of every field that a registry fills."""
HEAD = "head/"
"""Before the id of a company whose snapshot says that the customer is a branch of it."""


@dataclass(frozen=True)
class Step:
    """What looking one customer up would take. ``ask``: ``detail`` by its code, ``search`` by its name and then its
    details, ``kept`` (the answer is at hand), ``waits`` (the registry wants to be asked later), ``bad_code`` (corrected
    first)."""

    account_id: UUID
    label: str
    ask: str
    key: str
    calls: int
    cost: Decimal


@dataclass(frozen=True)
class EnrichPlan:
    """Nothing was called yet: at most so many paid calls, at most so much money."""

    connection: str
    steps: tuple[Step, ...]
    spent: Spent

    @property
    def calls(self) -> int:
        return sum(step.calls for step in self.steps)

    @property
    def cost(self) -> Decimal:
        return add_exactly([step.cost for step in self.steps])


@dataclass(frozen=True)
class Proposal:
    """One field. ``verdict``: ``fills`` (nobody said anything), ``same``, ``differs`` (left as it is: yours holds)."""

    field: str
    current: str
    proposed: str
    verdict: str


@dataclass(frozen=True)
class Enriched:
    """What came of one customer. ``outcome``: ``filled``, ``unchanged``, ``none`` (the registry knows no such company),
    ``choose`` (among ``candidates``), ``waits`` (no answer yet: not before ``as_of``), ``bad_code``."""

    account_id: UUID
    label: str
    outcome: str
    company: Company | None = None
    as_of: datetime | None = None
    proposals: tuple[Proposal, ...] = ()
    candidates: tuple[Company, ...] = ()
    due: tuple[UUID, ...] = field(default=(), repr=False)


def plan_enrichment(desk: Desk, accounts: Sequence[Account], *, again: bool = False, take: str = "") -> EnrichPlan:
    """What looking these customers up would take."""
    with desk.hub.store.read() as tx:
        steps = tuple(_plan_step(tx, desk, account, again=again, take=take) for account in accounts)
        return EnrichPlan(desk.connection, steps, desk.tell_spent(tx))


def list_due_accounts(desk: Desk, limit: int) -> list[Account]:
    """Customers whose snapshot of this registry is missing or too old, the oldest first; those that it does not know
    are left alone while that is good."""
    old = desk.hub.now() - timedelta(days=desk.terms.hit_days)
    with desk.hub.store.read() as tx:
        fresh = {
            row.record_id
            for row in tx.find(Image, record_kind=KIND, connection=desk.connection, stream=REGISTRY, at__gt=old)
            if not (row.external_id or "").startswith(HEAD)
        }
        found: list[Account] = []
        after = UUID(int=0)
        while len(found) < limit:
            page = tx.find(Account, deleted_at=None, id__gt=after, order=["id"], limit=500)
            found += [row for row in page if row.id not in fresh and _is_open(tx, desk, row)]
            if len(page) < 500:
                break
            after = page[-1].id
    return found[:limit]


def _is_open(tx: UnitOfWork, desk: Desk, account: Account) -> bool:
    step = _plan_step(tx, desk, account, again=False)
    return step.calls > 0 or (step.ask == "kept" and _is_known(tx, desk, step))


def _is_known(tx: UnitOfWork, desk: Desk, step: Step) -> bool:
    row = desk.peek(tx, Api.DETAIL, step.key)
    return row is not None and row.found


def _plan_step(tx: UnitOfWork, desk: Desk, account: Account, *, again: bool, take: str = "") -> Step:
    code, wrong = (take, "") if take else find_code(account)

    def make(ask: str, key: str, *apis: Api) -> Step:
        return Step(account.id, _label(account), ask, key, len(apis), add_exactly([desk.price(api) for api in apis]))

    def make_call(ask: str, key: str, *apis: Api) -> Step:
        return make("waits", key) if desk.find_wait(tx, apis[0], key) is not None else make(ask, key, *apis)

    if wrong and not code:
        return make("bad_code", wrong)
    if code:
        kept = not again and desk.peek(tx, Api.DETAIL, code) is not None
        return make("kept", code) if kept else make_call("detail", code, Api.DETAIL)
    listed = None if again else desk.peek(tx, Api.SEARCH, account.name)
    if listed is None:
        return make_call("search", account.name, Api.SEARCH, Api.DETAIL)
    exact = choose_exact(account.name, read_companies(listed))
    if exact is None or desk.peek(tx, Api.DETAIL, exact.credit_code or exact.name) is not None:
        return make("kept", exact.credit_code or exact.name if exact else account.name)
    return make_call("detail", exact.credit_code or exact.name, Api.DETAIL)


def find_code(account: Account) -> tuple[str, str]:
    """(the credit code if its check digit is right, else empty; a code that is wrong, else empty)."""
    codes = [clean_code(item.value) for item in account.identifiers if item.kind is IdentifierKind.USCC]
    right = [code for code in codes if is_valid_uscc(code)]
    return (right[0] if right else ""), next((code for code in codes if code not in right), "")


def choose_exact(name: str, hits: Sequence[Company]) -> Company | None:
    """The only company of exactly this name, now or before; brackets of both widths are alike."""
    wanted = fold_name(name)
    exact = [hit for hit in hits if fold_name(hit.name) == wanted]
    exact = exact or [hit for hit in hits if wanted in map(fold_name, hit.former_names)]
    return exact[0] if len(exact) == 1 else None


def enrich_accounts(
    desk: Desk, accounts: Sequence[Account], actor: str, *, again: bool = False, take: str = ""
) -> Iterator[Enriched]:
    """Look the customers up one after the other. ``take``: the company that a person chose, by code or name. An error
    of the registry or of the budget ends it; what was done before stays."""
    check_paused(desk.hub, desk.connection)
    for account in accounts:
        try:
            yield _enrich_one(desk, account, actor, again=again, take=take)
        except NotReady as error:  # about this one alone
            if error.whole:
                raise
            later = desk.hub.now() + timedelta(seconds=error.retry_after_s)
            yield Enriched(account.id, _label(account), "waits", as_of=later)


def _enrich_one(desk: Desk, account: Account, actor: str, *, again: bool, take: str) -> Enriched:
    code, wrong = find_code(account)
    if wrong and not code and not take:
        return Enriched(account.id, _label(account), "bad_code")
    if take and _looks_like_code(take) and not is_valid_uscc(clean_code(take)):
        raise RuleBroken("enrich.code_wrong", code=take)
    key = take or code
    if not key:
        listed = desk.ask(Api.SEARCH, account.name, again=again)
        hits = read_companies(listed)
        exact = choose_exact(account.name, hits)
        if exact is None:
            return Enriched(
                account.id, _label(account), "choose" if hits else "none", as_of=listed.at, candidates=tuple(hits)
            )
        key = exact.credit_code or exact.name
    row = desk.ask(Api.DETAIL, key, again=again)
    if not row.found:
        return Enriched(account.id, _label(account), "none", as_of=row.at)
    return keep_snapshot(desk, account.id, row, actor)


def _looks_like_code(text: str) -> bool:
    return len(clean_code(text)) == 18 and clean_code(text).isascii()


def keep_snapshot(desk: Desk, account_id: UUID, row: Lookup, actor: str) -> Enriched:
    """The company becomes an image of the customer, and the record is computed anew. The snapshot of another company
    that this registry had before goes."""
    (company,) = read_companies(row)

    def keep(tx: UnitOfWork) -> Enriched:
        account = tx.get(Account, id=account_id, lock=True)
        if account is None or account.deleted_at is not None:
            raise RuleBroken("enrich.account_gone", account=str(account_id))
        values = make_values(tx, account, company, desk.connection, row.at)
        proposals = tuple(_compare(account, values))
        source = f"{desk.connection}/{REGISTRY}/{company.key}"
        values = _leave_given(tx, account, values)
        _drop_others(tx, desk.connection, account_id, source)
        _save_image(tx, desk, account_id, source, company.key, encode_fields(KIND, values), row.at)
        done = rebuild_record(tx, desk.hub, KIND, account_id, actor=actor, cause=None, run_id=None)
        outcome = "filled" if done.changes else "unchanged"
        due = (*done.due, *_keep_branches(tx, desk, account, company, row.at, actor))
        return Enriched(account_id, _label(account), outcome, company, row.at, proposals, due=due)

    done = desk.hub.store.carry_out(keep)
    desk.hub.hint(done.due)
    return done


def _keep_branches(
    tx: UnitOfWork, desk: Desk, account: Account, company: Company, at: datetime, actor: str
) -> Iterator[UUID]:
    """Customers that are branches of this one learn it, those that are none any more lose it. What a customer's own
    snapshot says counts beside it."""
    key = f"{HEAD}{company.key}"
    source = f"{desk.connection}/{REGISTRY}/{key}"
    listed = list_branches(tx, account, company)
    told = tx.find(Image, connection=desk.connection, stream=REGISTRY, external_id=key)
    before = [image.record_id for image in told]
    for branch_id in sorted({*before, *listed}):
        tx.get(Account, id=branch_id, lock=True)
        if branch_id in listed:
            values = encode_fields(KIND, {"branch_of_id": account.id})
            _save_image(tx, desk, branch_id, source, key, values, at)
        else:
            tx.delete(Image, record_kind=KIND, record_id=branch_id, source=source)
        yield from rebuild_record(tx, desk.hub, KIND, branch_id, actor=actor, cause=None, run_id=None).due


def _leave_given(tx: UnitOfWork, account: Account, values: dict[str, Any]) -> dict[str, Any]:
    """Without the attributes that somebody else gave, all at once with others: those hide no single one."""
    images = tx.find(Image, record_kind=KIND, record_id=account.id, stream=REGISTRY)
    ours = {(name, value) for image in images for name, value in image.values.items() if name.startswith(PREFIX)}
    given = {f"{PREFIX}{name}": value for name, value in account.attributes.items() if value}
    return {name: value for name, value in values.items() if name not in given or (name, given[name]) in ours}


def _drop_others(tx: UnitOfWork, connection: str, account_id: UUID, source: str) -> None:
    for image in tx.find(Image, record_kind=KIND, record_id=account_id, connection=connection, stream=REGISTRY):
        if image.source != source and not (image.external_id or "").startswith(HEAD):
            tx.delete(Image, record_kind=KIND, record_id=account_id, source=image.source)


def _save_image(
    tx: UnitOfWork, desk: Desk, account_id: UUID, source: str, key: str, values: dict[str, Any], at: datetime
) -> None:
    old = tx.get(Image, record_kind=KIND, record_id=account_id, source=source)
    before, when = (old.values, old.changed) if old is not None else ({}, {})
    now = desk.hub.now().isoformat()
    changed = {
        name: when.get(name, now) if before.get(name) == value else now for name, value in values.items()
    }  # fmt: skip
    tx.save(
        Image(
            record_kind=KIND, record_id=account_id, source=source, connection=desk.connection, stream=REGISTRY,
            external_id=key, values=values, origins=dict.fromkeys(values, f"{desk.connection} {at.date()}"),
            changed=changed, at=at,
        )
    )  # fmt: skip


def make_values(tx: UnitOfWork, account: Account, company: Company, connection: str, at: datetime) -> dict[str, Any]:
    """What the company says about the customer, as fields of the record; empty ones are left out."""
    values: dict[str, Any] = {"phone": company.phone}
    if is_valid_uscc(clean_code(company.credit_code)):
        item = Identifier(key="registry", kind=IdentifierKind.USCC, value=clean_code(company.credit_code))
        values["identifiers"] = (complete_identifier(item),)
    if company.address:
        values["addresses"] = (Address(key="registry", kind="registered", country="CN", street=company.address),)
    values |= find_relations(tx, account, company)
    capital = "" if company.capital is None else f"{company.capital.normalize():f} {company.capital_currency}".strip()
    told = {name: str(getattr(company, of) or "") for name, of in ATTRIBUTES.items()}
    told |= {
        "registry_status": company.status.value, "registered_capital": capital,
        "former_names": "; ".join(company.former_names), "registry_source": connection,
        "registry_read_on": at.date().isoformat(),
    }  # fmt: skip
    values |= {f"{PREFIX}{name}": text for name, text in told.items()}
    return {name: value for name, value in values.items() if value not in ("", None)}


def _compare(account: Account, values: dict[str, Any]) -> Iterator[Proposal]:
    for name, value in values.items():
        current = account.attributes.get(name.removeprefix(PREFIX), "") if name.startswith(PREFIX) else None
        current = getattr(account, name) if current is None else current
        shown, proposed = _show(current), _show(value)
        verdict = "fills" if not shown else "same" if shown == proposed else "differs"
        yield Proposal(name, shown, proposed, verdict)
    if fold_name(account.name) != fold_name(str(values[f"{PREFIX}registry_name"])):
        yield Proposal("name", account.name, str(values[f"{PREFIX}registry_name"]), "differs")


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        texts = (getattr(item, "value", "") or " ".join(_list_parts(item)) for item in value)
        return ", ".join(text for text in texts if text)
    return "" if value is None else str(value)


def _list_parts(address: Any) -> list[str]:
    return [part for part in (address.province, address.city, address.street) if part]


def _label(account: Account) -> str:
    return " ".join(part for part in (account.number, account.name) if part)
