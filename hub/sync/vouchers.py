"""Vouchers of business documents: what would be booked, and making it; one for each event of a document, and no second
one however often this is done.

A draft follows its document. A posted voucher never changes: when its document does, a red voucher takes it back and a
new one is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any
from uuid import UUID

from hub.crm.ledger import LedgerSettings, VoucherRule
from hub.crm.posting import Posting, post_event, reverse_lines
from hub.errors import ConfigInvalid, IsthmusError, RuleBroken
from hub.locale import render
from hub.model.base import Entity
from hub.model.finance import Delivery, Invoice, Payment
from hub.model.kinds import find_kind
from hub.model.sales import Order
from hub.model.voucher import Voucher, VoucherLine, VoucherState, VoucherTrigger
from hub.store import UnitOfWork
from hub.sync.context import Hub
from hub.sync.ledger_events import COUNTING, gather_event, list_triggers
from hub.sync.records import apply_create, apply_edit, apply_void
from hub.sync.resolve import Rebuilt
from hub.sync.voucher_holds import DROPPED, Holds, drop_rows, keep_hold, load_holds

PAGE = 200
NOBODY = UUID(int=0)
ONE_DAY = timedelta(days=1)
FOLDER = Path(__file__).parent / "ledgers"


@dataclass(frozen=True)
class Outcome:
    """What becomes, or became, of one event of one document in one ledger.

    ``action``: ``make``, ``edit`` (a draft), ``reverse`` (red and new, or red alone), ``void`` (a draft), ``done``
    (booked already), ``none`` (no event yet, or the ledger has no rule for it), ``held`` (``reason`` says why),
    ``dropped`` (held, and given up by a person).
    """

    ledger: str
    trigger: VoucherTrigger
    kind: str
    source_id: UUID
    source: str
    action: str
    currency: str
    booked_on: date | None = None
    lines: tuple[VoucherLine, ...] = ()
    vouchers: tuple[str, ...] = ()
    """Numbers of the vouchers that there are."""
    reason: IsthmusError | None = None
    basis: str = field(default="", repr=False)
    due: tuple[UUID, ...] = field(default=(), repr=False)
    known: bool = field(default=False, repr=False)
    """It was held for this very reason before."""


@cache
def load_rules(name: str) -> tuple[VoucherRule, ...]:
    """The shipped rules of one accounting standard."""
    rules = loads((FOLDER / f"{name}.toml").read_text("utf-8"))["rules"]
    return tuple(VoucherRule.model_validate(rule) for rule in rules)


def preview_vouchers(hub: Hub, order: Order) -> list[Outcome]:
    """Every event of an order, its deliveries, its invoices and its money, with the entries it would have now."""
    with hub.store.read() as tx:
        return [
            outcome
            for record in list_documents(tx, order)
            for outcome in weigh_document(tx, hub, list_ledgers(hub), record, load_holds(tx, record.id))
        ]


def list_ledgers(hub: Hub) -> Sequence[str]:
    """Names of the ledgers; ``ConfigInvalid`` when there is none."""
    if not hub.config.ledgers:
        raise ConfigInvalid("voucher.no_ledger")
    return sorted(hub.config.ledgers)


def list_documents(tx: UnitOfWork, order: Order) -> list[Entity]:
    """An order and all that names it: deliveries, invoices, and money for it or for one of its invoices."""
    deliveries = tx.find(Delivery, order_id=order.id, order=["id"])
    invoices = tx.find_by_line(Invoice, "lines", order_id=order.id)
    money = list(tx.find_by_line(Payment, "allocations", order_id=order.id))
    for invoice in invoices:
        money += tx.find_by_line(Payment, "allocations", invoice_id=invoice.id)
    unique = {row.id: row for row in sorted(money, key=lambda row: row.id)}
    return [order, *deliveries, *invoices, *unique.values()]


@dataclass(frozen=True)
class Listed:
    """A voucher and the number of the document that it was made of."""

    voucher: Voucher
    source: str


def list_vouchers(hub: Hub, order: Order | None, *, limit: int = 50) -> list[Listed]:
    """The newest vouchers, or those of an order's documents."""
    with hub.store.read() as tx:
        if order is None:
            found = list(tx.find(Voucher, order=["-id"], limit=limit))
        else:
            ids = [record.id for record in list_documents(tx, order)]
            found = list(tx.find(Voucher, source_id__in=ids, order=["-id"], limit=limit))
        return [Listed(row, _name_source(tx, row)) for row in found]


def _name_source(tx: UnitOfWork, voucher: Voucher) -> str:
    record = tx.get(find_kind(voucher.source_kind), id=voucher.source_id) if voucher.source_id is not None else None
    return str(getattr(record, "number", "") or voucher.source_id or "")


def make_vouchers(
    hub: Hub,
    actor: str,
    *,
    order: Order | None = None,
    since: datetime | None = None,
    dry_run: bool = False,
    ledgers: Sequence[str] | None = None,
) -> Iterator[Outcome]:
    """Make what is missing and mend what no longer fits: of one order's documents, of those that changed ``since``, or
    of all. Each document is a transaction of its own; what cannot be booked is an outcome with its reason."""
    names = list_ledgers(hub) if ledgers is None else ledgers
    for kind, record_id in _list_sources(hub, names, order, since):
        yield from book_source(hub, names, kind, record_id, actor, dry_run=dry_run)


def _list_sources(
    hub: Hub, names: Sequence[str], order: Order | None, since: datetime | None
) -> Iterator[tuple[str, UUID]]:
    if order is not None:
        with hub.store.read() as tx:
            found = [(record.KIND, record.id) for record in list_documents(tx, order)]
        yield from found
        return
    first = min((hub.config.ledgers[name].since for name in names), default=None)
    for kind in COUNTING if first is not None else ():
        model, after = find_kind(kind), NOBODY
        where: dict[str, Any] = {f"{model.DAY}__ge": first}
        if since is not None:
            where["updated_at__ge"] = since
        while True:
            with hub.store.read() as tx:
                page = [row.id for row in tx.find(model, order=["id"], limit=PAGE, id__gt=after, **where)]
            yield from ((kind, record_id) for record_id in page)
            if len(page) < PAGE:
                break
            after = page[-1]


def book_source(
    hub: Hub, names: Sequence[str], kind: str, record_id: UUID, actor: str, *, dry_run: bool
) -> list[Outcome]:
    """What becomes of one document; it is locked before its vouchers are looked at, so two at once make one."""

    def book(tx: UnitOfWork) -> list[Outcome]:
        record = tx.get(find_kind(kind), id=record_id, lock=True)
        holds = load_holds(tx, record_id)
        if record is None:
            drop_rows(tx, list(holds.values()))
            return []
        return [_carry_out(tx, hub, outcome, holds, actor) for outcome in weigh_document(tx, hub, names, record, holds)]

    if dry_run:
        with hub.store.rehearse() as tx:
            done = book(tx)
    else:
        done = hub.store.carry_out(book)
        hub.hint([binding_id for outcome in done for binding_id in outcome.due])
    return [outcome for outcome in done if outcome.action not in ("none", "done", "dropped")]


def weigh_document(tx: UnitOfWork, hub: Hub, names: Sequence[str], record: Entity, holds: Holds) -> Iterator[Outcome]:
    """What is to be done about every event of a document, one after the other: what is done about one counts for the
    next."""
    for trigger in list_triggers(record):
        for name in names:
            outcome, hold = weigh_event(tx, hub, name, record, trigger), holds.get((name, trigger.value))
            yield replace(outcome, action=DROPPED, lines=()) if hold and hold.state == DROPPED else outcome


def weigh_event(tx: UnitOfWork, hub: Hub, name: str, record: Entity, trigger: VoucherTrigger) -> Outcome:
    """What is to be done about one event of a document; nothing is written."""
    ledger, ours = hub.config.ledgers[name], hub.config.organisation.currency
    number = str(getattr(record, "number", "") or record.id)
    blank = Outcome(name, trigger, record.KIND, record.id, number, "none", ours)
    booked = find_booked(tx, name, record.id)
    live = next((voucher for voucher in booked if voucher.trigger is trigger), None)
    if live is not None:
        blank = replace(blank, action="done", booked_on=live.booked_on, lines=live.lines, vouchers=(live.number,))
    rule = ledger.find_rule(trigger, load_rules(ledger.rules))
    day = getattr(record, record.DAY)
    if rule is None or day is None or day < ledger.since:  # what a ledger does not book (any more) stays as it is
        return blank
    try:
        posting = _post(tx, hub, ledger, rule, record, trigger, booked)
        return _compare(hub, ledger, blank, posting, live)
    except RuleBroken as error:
        return replace(blank, action="held", reason=error)


def _compare(
    hub: Hub, ledger: LedgerSettings, blank: Outcome, posting: Posting | None, live: Voucher | None
) -> Outcome:
    """A draft follows its document and the ledger's settings; a posted voucher its document alone."""
    if live is None:
        return blank if posting is None else _plan(hub, ledger, blank, posting, "make")
    same = posting is not None and posting.basis == live.basis
    if same and (live.state is not VoucherState.DRAFT or _tell_lines(posting.lines) == _tell_lines(live.lines)):  # type: ignore[union-attr]
        return blank
    if live.state is VoucherState.SUBMITTED:
        raise RuleBroken("voucher.in_approval", number=live.number, source=blank.source)
    draft = live.state is VoucherState.DRAFT
    if posting is None:
        return replace(blank, action="void" if draft else "reverse", lines=())
    return _plan(hub, ledger, blank, posting, "edit" if draft else "reverse")


def _tell_lines(lines: Sequence[VoucherLine]) -> list[dict[str, Any]]:
    return [line.model_dump(exclude={"key", "summary"}) for line in lines]


def find_booked(tx: UnitOfWork, name: str, source_id: UUID) -> list[Voucher]:
    """The living vouchers of a document in a ledger, the newest first: neither void, nor red, nor taken back."""
    found = [row for row in tx.find(Voucher, source_id=source_id, order=["-id"]) if row.ledger == name]
    living = [row for row in found if row.state is not VoucherState.VOID and row.deleted_at is None]
    taken = {row.reverses_id for row in living}
    return [row for row in living if row.reverses_id is None and row.id not in taken]


def _post(
    tx: UnitOfWork,
    hub: Hub,
    ledger: LedgerSettings,
    rule: VoucherRule,
    record: Entity,
    trigger: VoucherTrigger,
    booked: Sequence[Voucher],
) -> Posting | None:
    event = gather_event(tx, hub, ledger, record, trigger, booked)
    if event is None:
        return None
    if trigger is VoucherTrigger.OFFSET:  # an allocation has no day of its own
        known = next((row.booked_on for row in booked if row.trigger is trigger), None)
        event = replace(event, day=known or hub.moment("").today)
    return post_event(event, rule, ledger, hub.config.organisation.currency)


def _plan(hub: Hub, ledger: LedgerSettings, blank: Outcome, posting: Posting, action: str) -> Outcome:
    """The outcome with its entries and its day, which is in no closed period."""
    day, through = posting.event.day, hub.config.organisation.closed_through
    if through is not None and day <= through:
        if ledger.closed == "hold":
            raise RuleBroken("voucher.period_closed", source=blank.source, day=str(day), through=str(through))
        day = through + ONE_DAY
    return replace(blank, action=action, booked_on=day, lines=posting.lines, basis=posting.basis)


def _carry_out(tx: UnitOfWork, hub: Hub, outcome: Outcome, holds: Holds, actor: str) -> Outcome:
    if outcome.action in ("make", "edit", "void", "reverse"):
        try:
            with tx.savepoint():
                outcome = _write(tx, hub, outcome, actor)
        except RuleBroken as error:  # one that cannot be booked keeps no other
            outcome = replace(outcome, action="held", reason=error)
    if outcome.action == DROPPED:
        return outcome
    known = keep_hold(tx, hub, outcome, holds.get((outcome.ledger, outcome.trigger.value)))
    return replace(outcome, known=known)


def _write(tx: UnitOfWork, hub: Hub, outcome: Outcome, actor: str) -> Outcome:
    ledger = hub.config.ledgers[outcome.ledger]
    booked = find_booked(tx, outcome.ledger, outcome.source_id)
    live = next((row for row in booked if row.trigger is outcome.trigger), None)
    done: list[Rebuilt] = []
    if live is not None and outcome.action == "void":
        done.append(apply_void(tx, hub, "voucher", live, actor))
    elif live is not None and outcome.action == "edit":
        kept = {"booked_on": outcome.booked_on, "lines": outcome.lines, "basis": outcome.basis, "word": ledger.word}
        done.append(apply_edit(tx, hub, "voucher", live.id, kept, actor))
    elif live is not None:
        done.append(apply_create(tx, hub, "voucher", _make_red(hub, ledger, live), actor))
    if outcome.action in ("make", "reverse") and outcome.lines:
        done.append(apply_create(tx, hub, "voucher", _make_values(tx, ledger, outcome), actor))
    numbers = dict.fromkeys([*outcome.vouchers, *(str(row.record.number) for row in done)])  # type: ignore[attr-defined]
    return replace(outcome, vouchers=tuple(numbers), due=tuple(id for row in done for id in row.due))


def _make_values(tx: UnitOfWork, ledger: LedgerSettings, outcome: Outcome) -> Mapping[str, Any]:
    record = tx.get(find_kind(outcome.kind), id=outcome.source_id)
    return {
        "ledger": outcome.ledger, "word": ledger.word, "trigger": outcome.trigger, "source_kind": outcome.kind,
        "source_id": outcome.source_id, "basis": outcome.basis, "booked_on": outcome.booked_on,
        "organisation_id": getattr(record, "organisation_id", None), "currency": outcome.currency,
        "lines": outcome.lines,
    }  # fmt: skip


def _make_red(hub: Hub, ledger: LedgerSettings, live: Voucher) -> Mapping[str, Any]:
    """The voucher that takes a posted one back, dated today, or on the first open day."""
    day, through = hub.moment("").today, hub.config.organisation.closed_through
    copied = ("ledger", "word", "trigger", "source_kind", "source_id", "organisation_id", "currency")
    return {
        **{name: getattr(live, name) for name in copied},
        "booked_on": through + ONE_DAY if through is not None and day <= through else day,
        "reverses_id": live.id,
        "lines": reverse_lines(live.lines, ledger.red, _mark_red(hub, live)),
    }


def _mark_red(hub: Hub, live: Voucher) -> str:
    label = live.posted_number or live.number
    return render("voucher.red_mark", hub.config.organisation.language, number=label, day=str(live.booked_on))
