"""Activities: what they are about and whose they are, told exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from hub.crm.activity import LINKS, TIMES
from hub.crm.rules import Link, rules_for
from hub.model.activity import Bounce, Mention, Participant, Topic
from hub.model.party import Account, Contact, ContactLink, User
from tests.crm.books import Books, make, refused

RULES = rules_for("activity")
ACME, BETA = UUID(int=11), UUID(int=12)
NINE, TEN = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)
LI = Contact(id=UUID(int=1), name="李", email="Li@Acme.example", links=(ContactLink(key="1", account_id=ACME),))
WU = Contact(id=UUID(int=2), name="吴", email="wu@beta.example", links=(ContactLink(key="1", account_id=BETA),))
WANG = User(id=UUID(int=5), name="王", email="wang@our.example")


def order(id_: int, number: str, account: UUID = ACME) -> Any:
    return make("order", id_, number=number, account_id=account, currency="CNY")


SO1, SO2 = order(31, "SO-1"), order(32, "so-2", BETA)
QUOTE = make("quote", 33, number="QU-1", account_id=ACME, currency="CNY")


def link(books: Books, previous: Any = None, **values: Any) -> dict[str, Any]:
    return RULES.linking(values, previous, books)


def mention(*numbers: str, kind: str = "order") -> tuple[Mention, ...]:
    return tuple(Mention(key=number, kind=kind, number=number) for number in numbers)


def topic(record: Any) -> Topic:
    return Topic(key=str(record.id), kind=record.KIND, record_id=record.id)


def mail(**more: Any) -> Any:
    return make("activity", 50, **{"subject": "Re", "message_id": "m1", "thread_id": "t1", **more})


def test_a_number_in_a_mail_leads_to_the_document_and_its_customer() -> None:
    books = Books([SO1, SO2, QUOTE])
    assert link(books, mentions=mention("so-1")) == {"topics": (topic(SO1),), "account_id": ACME}
    assert link(books, mentions=mention("SO-2")) == {"topics": (topic(SO2),), "account_id": BETA}
    both = mention("so-1") + mention("qu-1", kind="quote")
    assert link(books, mentions=both) == {"topics": (topic(SO1), topic(QUOTE)), "account_id": ACME}
    two = link(books, mentions=mention("so-1", "so-2"))
    assert two == {"topics": (topic(SO1), topic(SO2)), "account_id": None}, "two customers: a person must say"


def test_a_number_that_nothing_has_leads_nowhere() -> None:
    books = Books([SO1, make("opportunity", 60, number="SO-1", name="x", account_id=ACME, currency="CNY")])
    assert link(books, mentions=mention("so-9")) == {"topics": (), "account_id": None}
    assert link(books, mentions=mention("so-1", kind="opportunity")) == {"topics": (), "account_id": None}
    assert link(books) == {}


def test_what_somebody_said_stays() -> None:
    books = Books([SO1, SO2])
    assert link(books, mentions=mention("so-1"), topics=(topic(SO2),)) == {}
    assert link(books, mentions=mention("so-1"), account_id=BETA) == {"topics": (topic(SO1),)}
    known = mail(account_id=BETA)
    assert link(books, known, mentions=mention("so-1"))["account_id"] == BETA


def test_an_answer_belongs_to_what_it_answers() -> None:
    first = mail(topics=(topic(SO2),), account_id=BETA)
    books = Books([mail(message_id="m0", account_id=ACME), first, SO1, SO2])
    told = {"thread_id": "t1", "topics": (topic(SO2),), "account_id": BETA}
    assert link(books, reply_to="m1") == told
    assert link(books, reply_to="m9") == {}
    more = link(books, reply_to="m1", mentions=mention("so-1", "so-2"))
    assert more["topics"] == (topic(SO2), topic(SO1)), "each once"
    plain = mail(thread_id="", account_id=ACME)
    assert link(Books([plain]), reply_to="m1") == {"topics": (), "account_id": ACME}
    assert link(books, reply_to="m1", topics=(topic(SO1),)) == {"thread_id": "t1", "account_id": ACME}


def test_the_customer_of_a_known_topic_is_found_only_with_something_to_link() -> None:
    books = Books([SO1, LI])
    row = Participant(key="1", address="nobody@x.example")
    assert link(books, people=(row,), topics=(topic(SO1),))["account_id"] == ACME
    strange = Topic.model_construct(key="1", kind="dream", record_id=ACME)
    assert link(books, people=(row,), topics=(strange,))["account_id"] is None


def test_people_come_before_what_it_is_about() -> None:
    row = Participant(key="1", address="wu@beta.example")
    found = link(Books([WU, SO1]), people=(row,), mentions=mention("so-1"))
    assert found == {
        "topics": (topic(SO1),), "people": (row.model_copy(update={"contact_id": WU.id}),), "owner_id": None,
        "account_id": BETA,
    }  # fmt: skip


def test_who_took_part_and_whose_it_is() -> None:
    rows = (
        Participant.model_validate({"key": "1", "address": "wang@our.example", "part": "organiser"}),
        Participant(key="2", address="li@acme.example"),
        Participant(key="3", name="somebody without an address"),
    )
    found = link(Books([LI, WANG]), people=rows)
    assert [(row.contact_id, row.user_id) for row in found["people"]] == [(None, WANG.id), (LI.id, None), (None, None)]
    assert (found["owner_id"], found["account_id"]) == (WANG.id, ACME)
    assert "owner_id" not in link(Books([LI, WANG]), people=rows, owner_id=LI.id)


def test_what_was_given_or_known_comes_first() -> None:
    given = Participant(key="1", address="li@acme.example", contact_id=WU.id, user_id=WANG.id)
    (row,) = link(Books([LI, WU]), people=(given,))["people"]
    assert (row.contact_id, row.user_id) == (WU.id, WANG.id)
    asked = Participant(key="1", address="li@acme.example")
    for known in ({"contact_id": WU.id}, {"user_id": WANG.id}):
        books = Books([LI, WU])
        before = mail(people=(asked.model_copy(update=known),))
        (row,) = link(books, before, people=(asked,))["people"]
        assert {name: getattr(row, name) for name in known} == known
        assert row.contact_id != LI.id, "who was somebody once is not looked up again"
    (row,) = link(Books([LI, WU]), mail(people=(asked,)), people=(asked,))["people"]
    assert row.contact_id == LI.id, "who was nobody is"


def test_who_is_one_of_ours_speaks_for_no_customer() -> None:
    account = Account(id=BETA, name="Beta", email="wang@our.example")
    row = Participant(key="1", address="wang@our.example")
    assert link(Books([WANG, account]), people=(row,))["account_id"] is None
    assert link(Books([account]), people=(row,))["account_id"] == BETA


def test_a_bounce_leads_to_the_contact() -> None:
    rows = (Bounce(key="1", address="li@acme.example"), Bounce(key="2", address="x@x.example"))
    known = Bounce(key="3", address="somebody@beta.example", contact_id=WU.id)
    found = link(Books([LI, WU]), bounces=(*rows, known))
    assert found == {"bounces": (rows[0].model_copy(update={"contact_id": LI.id}), rows[1], known), "account_id": None}


def test_by_what_records_find_their_activities_again() -> None:
    assert set(LINKS) == {
        *(Link(kind, "email", "people", "address") for kind in ("contact", "account", "user")),
        *(Link(kind, "number", "mentions", "number") for kind in ("contract", "invoice", "order", "quote", "ticket")),
        Link("contact", "email", "bounces", "address"),
    }
    assert RULES.links == LINKS


def test_what_is_looked_up_has_one_spelling() -> None:
    rows: dict[str, Any] = {
        "people": (Participant(key="1", address="LI@a.example"),), "mentions": mention("SO-1"),
        "bounces": (Bounce(key="1", address="LI@a.example"),),
    }  # fmt: skip
    found = RULES.complete(rows)
    assert [found["people"][0].address, found["bounces"][0].address] == ["li@a.example"] * 2
    assert found["mentions"][0].number == "so-1"


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("values", "code", "params"),
    [
        ({"starts_at": NINE, "starts_on": date(2026, 3, 2)}, "crm.times_mixed", {}),
        ({"starts_at": NINE, "ends_at": NINE, "ends_on": date(2026, 3, 2)}, "crm.times_mixed", {}),
        ({"starts_at": TEN, "ends_at": NINE}, "crm.ends_before", {"start": TEN, "end": NINE}),
        ({"ends_on": date(2026, 3, 2)}, "crm.ends_before", {"start": "—", "end": date(2026, 3, 2)}),
        ({"recurrence": "RRULE:FREQ=DAILY"}, "crm.series_made_here", {}),
    ],
)
def test_times_that_do_not_fit(values: dict[str, Any], code: str, params: dict[str, Any]) -> None:
    with refused(code, subject="拜访", **params):
        RULES.check(make("activity", 1, subject="拜访", **values))


def test_times_that_fit() -> None:
    for values in ({"starts_at": NINE, "ends_at": NINE}, {"starts_on": date(2026, 3, 2)}, {"starts_at": NINE}):
        RULES.check(make("activity", 1, subject="拜访", **values))


def test_a_series_is_changed_where_it_is_kept() -> None:
    plain = make("activity", 1, subject="例会", starts_at=NINE, ends_at=NINE)
    series = plain.model_copy(update={"recurrence": "RRULE:FREQ=WEEKLY"})
    changes = {
        "starts_at": TEN, "ends_at": TEN, "starts_on": date(2026, 1, 1), "ends_on": date(2026, 1, 1), "zone": "UTC",
        "recurrence": "",
    }  # fmt: skip
    assert tuple(changes) == TIMES
    for name, value in changes.items():
        with refused("crm.series_kept_there", subject="例会", fields=name):
            RULES.check(series.model_copy(update={name: value}), series)
    with refused("crm.series_kept_there", subject="例会", fields="recurrence"):
        RULES.check(series, plain)
    with refused("crm.series_kept_there", subject="例会", fields="starts_at, zone"):
        RULES.check(series.model_copy(update={"starts_at": TEN, "zone": "UTC"}), series)
    void = type(series.state)("void")
    with refused("crm.series_kept_there", subject="例会", fields="state"):
        RULES.check(series.model_copy(update={"state": void}), series)
    ended = series.model_copy(update={"state": void})
    RULES.check(ended.model_copy(update={"text": "x"}), ended)
    RULES.check(plain.model_copy(update={"starts_at": NINE, "zone": "UTC"}), plain)


def test_what_it_is_about_is_named_when_it_is_not_there() -> None:
    about = mail(topics=(topic(SO1),))
    RULES.check_relations(about, Books([SO1]).get)
    with refused("crm.topic_unknown", subject="Re", kind="order", id=SO1.id):
        RULES.check_relations(about, Books([SO2]).get)
