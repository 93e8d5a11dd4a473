"""Activities: times that fit together, series that stay where they are kept, and whose customer it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from hub.crm.actions import Look
from hub.crm.checks import check_line_keys
from hub.crm.rules import Finder, Link, Rules, Transitions
from hub.errors import RuleBroken
from hub.model.activity import Activity, ActivityState, Bounce, Part, Participant, Topic
from hub.model.kinds import Fields, load_kinds
from hub.model.party import Contact

TRANSITIONS: Transitions = {
    ActivityState.PLANNED: frozenset({ActivityState.DONE, ActivityState.VOID}),
    ActivityState.DONE: frozenset({ActivityState.PLANNED, ActivityState.VOID}),
    ActivityState.VOID: frozenset(),
}
TIMES = ("starts_at", "ends_at", "starts_on", "ends_on", "zone", "recurrence")


def complete(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """Addresses and numbers in small letters: they are looked up, and nobody tells them apart by capitals."""
    for name, field in (("people", "address"), ("mentions", "number"), ("bounces", "address")):
        if name in values:
            values[name] = tuple(row.model_copy(update={field: getattr(row, field).lower()}) for row in values[name])
    return values


def check(activity: Activity, previous: Activity | None, remote: bool) -> None:
    """Times in their order; a series is made, moved and ended where it is kept."""
    check_line_keys("activity", "people", activity.people)
    check_line_keys("activity", "topics", activity.topics)
    check_line_keys("activity", "mentions", activity.mentions)
    check_line_keys("activity", "attachments", activity.attachments)
    check_line_keys("activity", "bounces", activity.bounces)
    if remote:
        return
    if not activity.subject:
        raise RuleBroken("crm.value_missing", kind="activity", field="subject")
    if activity.recurrence and previous is None:
        raise RuleBroken("crm.series_made_here", subject=activity.subject)
    if previous is not None and (previous.recurrence or activity.recurrence):
        _check_series(activity, previous)
    _check_times(activity)


def _check_times(activity: Activity) -> None:
    """What another system shows is taken as it is; a person here is told what does not fit."""
    timed = (activity.starts_at, activity.ends_at)
    whole = (activity.starts_on, activity.ends_on)
    if any(timed) and any(whole):
        raise RuleBroken("crm.times_mixed", subject=activity.subject)
    for start, end in (timed, whole):
        if end is not None and (start is None or end < start):
            raise RuleBroken("crm.ends_before", subject=activity.subject, start=start or "—", end=end)


def _check_series(activity: Activity, previous: Activity) -> None:
    changed = [name for name in TIMES if getattr(activity, name) != getattr(previous, name)]
    ended = activity.state is ActivityState.VOID and previous.state is not ActivityState.VOID
    if changed or ended:
        raise RuleBroken("crm.series_kept_there", subject=activity.subject, fields=", ".join(changed) or "state")


def check_relations(activity: Activity, find: Finder) -> None:
    """What it is about is there."""
    for topic in activity.topics:
        if topic.kind not in load_kinds() or find(topic.kind, topic.record_id) is None:
            raise RuleBroken("crm.topic_unknown", subject=activity.subject, kind=topic.kind, id=topic.record_id)


# ---------------------------------------------------------------- whose it is


def link(values: Fields, previous: Activity | None, look: Look) -> dict[str, Any]:
    """Contacts and colleagues by the addresses of those who took part, and from them customer and owner where nobody
    gave one; what it is about by the numbers in it, and by what it answers. Only a whole address says who somebody is;
    nobody is made up. What was found once stays: a contact who changes companies takes no old meetings along."""
    answered = _find_answered(values, look)
    found = _link_topics(values, answered, look)
    if values.get("bounces"):
        found["bounces"] = _link_bounces(values["bounces"], look)
    people: tuple[Participant, ...] = values.get("people", ())
    linked = _link_people(people, previous, look) if people else ()
    if people:
        found["people"] = linked
        if "owner_id" not in values:
            organisers = (row.user_id for row in linked if row.part is Part.ORGANISER)
            found["owner_id"] = next((user for user in organisers if user is not None), None)
    if "account_id" not in values and (people or found):
        kept = previous.account_id if previous is not None else None
        topics: tuple[Topic, ...] = found.get("topics") or values.get("topics") or ()
        account = kept or _find_account(linked, look) or _find_topics_account(topics, look)
        found["account_id"] = account or (answered.account_id if answered is not None else None)
    return found


def _link_people(people: tuple[Participant, ...], previous: Activity | None, look: Look) -> tuple[Participant, ...]:
    known = {row.address: row for row in previous.people if row.address} if previous is not None else {}
    fresh = sorted({row.address for row in people if row.address and not _is_linked(known.get(row.address))})
    contacts = _find_alone(look, "contact", fresh)
    users = _find_alone(look, "user", fresh)
    return tuple(_link_person(row, known.get(row.address), contacts, users) for row in people)


def _link_bounces(bounces: tuple[Bounce, ...], look: Look) -> tuple[Bounce, ...]:
    contacts = _find_alone(look, "contact", sorted({row.address for row in bounces if row.contact_id is None}))
    return tuple(
        row if row.contact_id is not None else row.model_copy(update={"contact_id": contacts.get(row.address)})
        for row in bounces
    )


# ---------------------------------------------------------------- what it is about


def _find_answered(values: Fields, look: Look) -> Activity | None:
    """The mail that this one answers."""
    if not values.get("reply_to"):
        return None
    return next((row for row in look.find("activity", message_id=values["reply_to"], limit=1)), None)


def _link_topics(values: Fields, answered: Activity | None, look: Look) -> dict[str, Any]:
    """Where nobody said what it is about: the records whose numbers stand in it, and what the mail was about that it
    answers. The thread is that of the answered mail."""
    found: dict[str, Any] = {}
    if answered is not None and answered.thread_id:
        found["thread_id"] = answered.thread_id
    if "topics" in values or not (values.get("mentions") or answered is not None):
        return found
    topics = {row.record_id: row for row in (answered.topics if answered is not None else ())}
    wanted: dict[str, set[str]] = {}
    for row in values.get("mentions", ()):
        wanted.setdefault(row.kind, set()).update((row.number.lower(), row.number.upper()))
    for kind, numbers in sorted(wanted.items()):
        for record in look.find(kind, number__in=sorted(numbers)) if kind in MENTIONED else ():
            topics.setdefault(record.id, Topic(key=str(record.id), kind=kind, record_id=record.id))
    return {**found, "topics": tuple(topics.values())}


def _find_topics_account(topics: Iterable[Topic], look: Look) -> UUID | None:
    """The customer of everything that it is about."""
    records = (look.get(row.kind, row.record_id) for row in topics if row.kind in load_kinds())
    accounts = {found for record in records if (found := getattr(record, "account_id", None)) is not None}
    return accounts.pop() if len(accounts) == 1 else None


# ---------------------------------------------------------------- who took part


def _is_linked(row: Participant | None) -> bool:
    return row is not None and (row.contact_id is not None or row.user_id is not None)


def _find_alone(look: Look, kind: str, addresses: list[str]) -> dict[str, UUID]:
    """Address → the one record that has it; an address that several have says nothing."""
    having: dict[str, list[UUID]] = {}
    for record in look.find(kind, email__folded=addresses) if addresses else ():
        having.setdefault(record.email.lower(), []).append(record.id)
    return {address: ids[0] for address, ids in having.items() if len(ids) == 1}


def _link_person(
    row: Participant, known: Participant | None, contacts: Mapping[str, UUID], users: Mapping[str, UUID]
) -> Participant:
    contact = row.contact_id or (known.contact_id if known is not None else None) or contacts.get(row.address)
    user = row.user_id or (known.user_id if known is not None else None) or users.get(row.address)
    return row.model_copy(update={"contact_id": contact, "user_id": user})


def _find_account(people: Iterable[Participant], look: Look) -> UUID | None:
    """The one customer for whom those who took part speak; with several a person must say."""
    addresses = sorted({row.address for row in people if row.address and row.contact_id is None and not row.user_id})
    accounts = {record.id for record in look.find("account", email__folded=addresses)} if addresses else set()
    for row in people:
        contact = look.get("contact", row.contact_id) if row.contact_id is not None else None
        if isinstance(contact, Contact):
            accounts |= _list_accounts(contact)
    return accounts.pop() if len(accounts) == 1 else None


def _list_accounts(contact: Contact) -> set[UUID]:
    """The account that somebody mainly speaks for, else all of them."""
    primary = {line.account_id for line in contact.links if line.primary}
    return primary or {line.account_id for line in contact.links}


MENTIONED = ("contract", "invoice", "order", "quote", "ticket")
"""Kinds whose numbers people write into mails."""
LINKS = (
    *(Link(kind, "email", "people", "address") for kind in ("contact", "account", "user")),
    *(Link(kind, "number", "mentions", "number") for kind in MENTIONED),
    Link("contact", "email", "bounces", "address"),
)

RULES = Rules("activity", TRANSITIONS, complete, check, check_relations, links=LINKS, linking=link)
