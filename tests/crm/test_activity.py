"""Activities: times, series, and whose customer they are about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from hub.crm.activity import link
from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.activity import Activity, ActivityState, Participant
from hub.model.party import Account, Contact, ContactLink, User

RULES = rules_for("activity")
NINE, TEN = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)
ACME, BETA = UUID(int=11), UUID(int=12)


def make(**values: Any) -> Activity:
    return Activity.model_validate({"id": UUID(int=1), "subject": "拜访海岳", **values})


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"subject": ""}, "crm.value_missing"),
    ({"starts_at": TEN, "ends_at": NINE}, "crm.ends_before"),
    ({"ends_at": NINE}, "crm.ends_before"),
    ({"starts_on": date(2026, 3, 2), "ends_on": date(2026, 3, 1)}, "crm.ends_before"),
    ({"starts_at": NINE, "starts_on": date(2026, 3, 2)}, "crm.times_mixed"),
    ({"recurrence": "RRULE:FREQ=DAILY"}, "crm.series_made_here"),
    ({"people": [{"key": "1"}, {"key": "1"}]}, "crm.line_key_twice"),
]


@pytest.mark.parametrize(("values", "code"), REFUSED)
def test_what_a_person_here_is_refused(values: Mapping[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as caught:
        RULES.check(make(**values))
    assert caught.value.code == code


def test_what_a_calendar_shows_is_taken_as_it_is() -> None:
    RULES.check(make(subject="", starts_at=TEN, ends_at=NINE, recurrence="RRULE:FREQ=DAILY"), remote=True)


@pytest.mark.parametrize(
    "changes", [{"starts_at": TEN}, {"recurrence": ""}, {"zone": "UTC"}, {"state": ActivityState.VOID}], ids=str
)
def test_a_series_is_not_moved_or_ended_here(changes: Mapping[str, Any]) -> None:
    series = make(starts_at=NINE, recurrence="RRULE:FREQ=WEEKLY")
    with pytest.raises(RuleBroken, match="series"):
        RULES.check(series.model_copy(update=changes), series)
    RULES.check(series.model_copy(update={"text": "bring samples"}), series)
    RULES.check(series.model_copy(update=changes), series, remote=True)


def test_what_it_is_about_must_be_there() -> None:
    about = make(topics=[{"key": "1", "kind": "order", "record_id": UUID(int=7)}])
    RULES.check_relations(about, lambda kind, id: make())
    for wrong in (about, make(topics=[{"key": "1", "kind": "dream", "record_id": UUID(int=7)}])):
        with pytest.raises(RuleBroken, match="does not exist"):
            RULES.check_relations(wrong, lambda kind, id: None)


class Directory:
    """Some records, as rules look at them."""

    def __init__(self, *records: Any) -> None:
        self.records = records

    def get(self, kind: str, record_id: UUID) -> Any:
        return next((row for row in self.records if (row.KIND, row.id) == (kind, record_id)), None)

    def find(self, kind: str, **where: Any) -> list[Any]:
        return [row for row in self.records if kind == row.KIND and row.email.lower() in where["email__folded"]]


def make_contact(number: int, email: str, *accounts: UUID, primary: UUID | None = None) -> Contact:
    links = tuple(ContactLink(key=str(id), account_id=id, primary=id == primary) for id in accounts)
    return Contact(id=UUID(int=number), name=f"李 {number}", email=email, links=links)


def find(
    *people: str | Participant, among: Directory, previous: Activity | None = None, **given: Any
) -> dict[str, Any]:
    rows = [row if isinstance(row, Participant) else Participant(key=row, address=row) for row in people]
    return link({"people": tuple(rows), **given}, previous, among)  # type: ignore[arg-type]


LI = make_contact(1, "Li@Acme.example", ACME)


def test_an_address_leads_to_the_contact_and_to_its_customer() -> None:
    found = find("li@acme.example", among=Directory(LI))
    assert found["people"][0].contact_id == LI.id
    assert found["account_id"] == ACME


def test_the_customers_own_address_does_too() -> None:
    account = Account(id=ACME, name="Acme", email="office@acme.example")
    assert find("office@acme.example", among=Directory(account))["account_id"] == ACME


@pytest.mark.parametrize("address", ["somebody@acme.example", "li@gmail.com", "li@acme.example.org"])
def test_nothing_but_the_whole_address_says_who_somebody_is(address: str) -> None:
    found = find(address, among=Directory(LI, Account(id=ACME, name="Acme", email="office@acme.example")))
    assert found["account_id"] is None
    assert found["people"][0].contact_id is None


def test_people_of_two_customers_leave_the_choice_to_a_person() -> None:
    among = Directory(LI, make_contact(2, "wu@beta.example", BETA))
    assert find("li@acme.example", "wu@beta.example", among=among)["account_id"] is None
    assert "account_id" not in find("li@acme.example", among=among, account_id=BETA)


def test_the_account_that_somebody_mainly_speaks_for() -> None:
    both = make_contact(3, "both@example.org", ACME, BETA)
    assert find("both@example.org", among=Directory(both))["account_id"] is None
    mainly = make_contact(3, "both@example.org", ACME, BETA, primary=BETA)
    assert find("both@example.org", among=Directory(mainly))["account_id"] == BETA


def test_an_address_that_two_have_says_nothing() -> None:
    among = Directory(LI, make_contact(2, "li@acme.example", BETA))
    assert find("li@acme.example", among=among)["account_id"] is None


def test_the_organiser_among_us_is_the_owner_and_no_customer() -> None:
    wang = User(id=UUID(int=5), name="王", email="wang@our.example")
    organiser = Participant.model_validate({"key": "1", "address": "wang@our.example", "part": "organiser"})
    found = find(organiser, "li@acme.example", among=Directory(LI, wang))
    assert (found["owner_id"], found["account_id"]) == (wang.id, ACME)


def test_who_changes_companies_takes_no_old_meetings_along() -> None:
    first = find("li@acme.example", among=Directory(LI))
    meeting = make(people=first["people"], account_id=first["account_id"])
    moved = Directory(make_contact(1, "li@beta.example", BETA))
    again = find("li@acme.example", among=moved, previous=meeting)
    assert (again["people"], again["account_id"]) == (first["people"], ACME)


def test_addresses_have_one_spelling() -> None:
    values = RULES.complete({"people": (Participant(key="1", address="Li@Acme.EXAMPLE"),)})
    assert values["people"][0].address == "li@acme.example"
