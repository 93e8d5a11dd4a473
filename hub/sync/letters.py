"""Writing letters: a mail that is planned, about a record. It leaves when a person accepts a plan that names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from hub.crm.letters import LetterTemplate, check_kind, fill, list_values, name_file
from hub.crm.paper import Paper
from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.activity import Activity, ActivityState, ActivityType, Way
from hub.model.base import Entity
from hub.model.party import Account, Contact
from hub.store import UnitOfWork
from hub.store.rows import Enclosure
from hub.sync.context import Hub
from hub.sync.looking import TxLook
from hub.sync.printing import lay_out_record
from hub.sync.records import apply_create

PDF = "application/pdf"
NO_MAILING = "no-mailing"
"""The tag of contacts and accounts that want no mails to many."""
MARK = "letter"
"""The attribute of a mail that names the template."""


@dataclass(frozen=True)
class Recipient:
    address: str
    name: str = ""
    contact: Contact | None = None


@dataclass(frozen=True)
class Order:
    """What is to be written: ``file`` names the template for messages. ``draw`` makes a PDF of a paper."""

    name: str
    file: str
    lang: str
    template: LetterTemplate
    draw: Callable[[Paper], bytes]
    to: Sequence[str] = ()
    """Other addresses than those that the record leads to."""
    anyway: bool = False
    """Also to an address from which mails came back, and also when the same letter waits to be sent."""


def write_letter(hub: Hub, record: Entity, order: Order, actor: str) -> Activity:
    """Make the mail; nothing is sent. ``RuleBroken`` where nobody can be written to, or nobody wants it."""
    check_kind(order.template, record.KIND, order.name)
    body = _draw(hub, record, order)

    def work(tx: UnitOfWork) -> tuple[Any, Sequence[UUID]]:
        people = _find_recipients(tx, record, order)
        if not order.anyway:
            _check_first(tx, record, order)
        values = _compose(hub, tx, record, order, people)
        if body is not None:
            paper, content = body
            digest = sha256(content).hexdigest()
            if tx.get(Enclosure, digest=digest) is None:
                tx.insert(Enclosure(digest=digest, media_type=PDF, body=content, at=hub.now()))
            name = name_file(paper.title, paper.number)
            values["attachments"] = [
                {"key": digest[:16], "name": name, "media_type": PDF, "size": len(content), "digest": digest}
            ]
        done = apply_create(tx, hub, "activity", values, actor)
        return done.record, done.due

    made, due = hub.store.carry_out(work)
    hub.hint(due)
    found: Activity = made
    return found


def _draw(hub: Hub, record: Entity, order: Order) -> tuple[Paper, bytes] | None:
    if not order.template.enclose or rules_for(record.KIND).printing is None:
        return None
    paper = lay_out_record(hub, record.KIND, record.id, order.lang)
    return paper, order.draw(paper)


def _compose(hub: Hub, tx: UnitOfWork, record: Entity, order: Order, people: Sequence[Recipient]) -> dict[str, Any]:
    ours, today = hub.config.organisation.name, hub.moment("").today
    letter = fill(order.template, list_values(record, TxLook(tx), ours, people[0].name, today), order.file)
    account = record.id if record.KIND == "account" else getattr(record, "account_id", None)
    rows = [{"key": one.address, "address": one.address, "name": one.name} for one in people]
    return {
        "type": ActivityType.MAIL,
        "way": Way.OUT,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "bulk": order.template.bulk,
        "people": rows,
        "topics": [{"key": str(record.id), "kind": record.KIND, "record_id": str(record.id)}],
        "attributes": {MARK: order.name},
        **({"account_id": str(account)} if account is not None else {}),
        **({"owner_id": str(owner)} if (owner := getattr(record, "owner_id", None)) is not None else {}),
    }


def _check_first(tx: UnitOfWork, record: Entity, order: Order) -> None:
    """One of the same kind that waits would be a second letter about the same thing."""
    for found in tx.find_by_line(Activity, "topics", record_id=record.id):
        waits = found.state is ActivityState.PLANNED and found.way is Way.OUT
        if waits and found.attributes.get(MARK) == order.name:
            raise RuleBroken("letter.waits_already", name=order.name, number=found.number, subject=found.subject)


# ---------------------------------------------------------------- to whom


def _find_recipients(tx: UnitOfWork, record: Entity, order: Order) -> list[Recipient]:
    found = [_find_person(tx, one) for one in order.to] if order.to else _find_natural(tx, record)
    label = str(getattr(record, record.NUMBER, "") or record.id)
    if not found:
        raise RuleBroken("letter.nobody", kind=record.KIND, label=label)
    if order.template.bulk and any(_declines(tx, record, one) for one in found):
        raise RuleBroken("letter.not_wanted", label=label, tag=NO_MAILING)
    for one in found:
        if one.contact is not None and one.contact.undeliverable and not order.anyway:
            raise RuleBroken("letter.came_back", address=one.address, reason=one.contact.undeliverable)
    return found


def _find_person(tx: UnitOfWork, address: str) -> Recipient:
    folded = address.strip().lower()
    contacts = tx.find(Contact, email__folded=[folded], limit=2)
    known = contacts[0] if len(contacts) == 1 else None
    return Recipient(folded, known.name if known is not None else "", known)


def _find_natural(tx: UnitOfWork, record: Entity) -> list[Recipient]:
    """The person whom the record names; else the one who mainly speaks for the customer; else the customer's own
    address; else the only person there who has one."""
    contact = record if isinstance(record, Contact) else None
    if (contact_id := getattr(record, "contact_id", None)) is not None:
        contact = tx.get(Contact, id=contact_id)
    if contact is not None and contact.email:
        return [Recipient(contact.email.lower(), contact.name, contact)]
    account_id = record.id if isinstance(record, Account) else getattr(record, "account_id", None)
    account = tx.get(Account, id=account_id) if account_id is not None else None
    if account is None:
        return []
    people = [one for one in tx.find_by_line(Contact, "links", account_id=account.id) if one.email]
    first = [one for one in people if any(row.primary and row.account_id == account.id for row in one.links)]
    if len(first) != 1 and account.email:
        return [Recipient(account.email.lower())]
    chosen = first if len(first) == 1 else people
    return [Recipient(one.email.lower(), one.name, one) for one in chosen] if len(chosen) == 1 else []


def _declines(tx: UnitOfWork, record: Entity, one: Recipient) -> bool:
    account_id = getattr(record, "account_id", None)
    account = tx.get(Account, id=account_id) if account_id is not None else record
    tags = {*getattr(account, "tags", ()), *(one.contact.tags if one.contact is not None else ())}
    return NO_MAILING in tags
