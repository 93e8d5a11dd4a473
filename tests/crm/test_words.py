"""What a refusal names: the kind, the field and the values by which a person finds the record; and lists of which each
row has a key of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.crm.activity import MENTIONED
from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.activity import Activity
from hub.model.finance import Invoice, InvoiceLine, InvoiceType
from hub.model.kinds import find_kind, load_kinds

NINE, TEN = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 10, tzinfo=UTC)
CUSTOMER, OTHER = UUID(int=1), UUID(int=2)


def refuse(kind: str, **values: Any) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        rules_for(kind).check(find_kind(kind).model_validate({"id": UUID(int=7), **values}))
    return caught.value


def test_an_activity_without_a_subject_is_named() -> None:
    assert refuse("activity").params == {"kind": "activity", "field": "subject"}


def test_times_in_the_wrong_order_are_both_named() -> None:
    told = refuse("activity", subject="拜访", starts_at=TEN, ends_at=NINE)
    assert told.params == {"subject": "拜访", "start": TEN, "end": NINE}
    assert refuse("activity", subject="拜访", ends_at=NINE).params["start"] == "—"


@pytest.mark.parametrize("field", ["people", "topics", "mentions", "attachments", "bounces"])
def test_every_list_of_an_activity_has_keys_of_its_own(field: str) -> None:
    row = Activity.model_fields[field].annotation.__args__[0].model_construct(key="1")  # type: ignore[union-attr]
    activity = Activity(id=UUID(int=7), subject="拜访").model_copy(update={field: (row, row)})
    with pytest.raises(RuleBroken) as caught:
        rules_for("activity").check(activity)
    assert caught.value.params["field"] == field


def test_mails_name_documents_of_these_kinds() -> None:
    assert set(MENTIONED) == {"contract", "invoice", "order", "quote", "ticket"}
    assert set(MENTIONED) <= set(load_kinds())


def make_invoice(number: int, type: InvoiceType, price: str, **more: Any) -> Invoice:
    line = InvoiceLine(key="1", quantity=Decimal(1), unit_price=Decimal(price))
    told = {"account_id": CUSTOMER, "currency": "CNY", "lines": (line,), "number": f"R{number}", "type": type, **more}
    completed = rules_for("invoice").complete(told)
    return Invoice.model_validate({"state": "posted", **completed, "id": UUID(int=number)})


@pytest.mark.parametrize("other", [{"account_id": OTHER}, {"currency": "EUR"}, {"state": "draft"}])
def test_a_credit_note_fits_in_every_respect(other: dict[str, Any]) -> None:
    invoice = make_invoice(3, InvoiceType.INVOICE, "100", **other)
    note = make_invoice(4, InvoiceType.CREDIT_NOTE, "-100", reverses_id=invoice.id)
    with pytest.raises(RuleBroken) as caught:
        rules_for("invoice").check_relations(note, lambda kind, id: invoice)
    assert caught.value.params == {"number": "R4", "other": "R3"}


def test_an_invoice_takes_nothing_back() -> None:
    note = make_invoice(4, InvoiceType.INVOICE, "100", reverses_id=UUID(int=3))
    with pytest.raises(RuleBroken) as caught:
        rules_for("invoice").check(note)
    assert caught.value.params == {"kind": "invoice", "type": "invoice"}


CODES = ({"key": "1", "kind": "uscc", "value": "914403001922038216"},
         {"key": "2", "kind": "uscc", "value": "9144030071526726XG"})  # fmt: skip
KEYED: list[tuple[str, str, dict[str, Any]]] = [
    ("account", "addresses", {"name": "海岳"}),
    ("account", "identifiers", {"name": "海岳"}),
    ("contact", "links", {"name": "王芳"}),
    ("contact", "identifiers", {"name": "王芳"}),
    ("lead", "identifiers", {"name": "海岳"}),
    ("organisation", "identifiers", {"name": "海岳"}),
    ("delivery", "lines", {}),
    ("invoice", "lines", {"account_id": CUSTOMER, "currency": "CNY"}),
    ("order", "lines", {"account_id": CUSTOMER, "currency": "CNY"}),
    ("quote", "lines", {"account_id": CUSTOMER, "currency": "CNY"}),
    ("payment", "allocations", {"account_id": CUSTOMER, "currency": "CNY", "amount": Decimal(1)}),
]


@pytest.mark.parametrize(("kind", "field", "values"), KEYED)
def test_two_rows_of_one_key_are_named(kind: str, field: str, values: dict[str, Any]) -> None:
    model = find_kind(kind)
    line = model.model_fields[field].annotation.__args__[0]  # type: ignore[union-attr]
    whole = model.model_validate({"id": UUID(int=7), **values})
    row = line.model_construct(key="7", kind="other", value="A1")
    with pytest.raises(RuleBroken) as caught:
        rules_for(kind).check(whole.model_copy(update={field: (row, row)}))
    assert caught.value.code == "crm.line_key_twice"
    assert caught.value.params == {"kind": kind, "field": field, "key": "7"}


@pytest.mark.parametrize("kind", ["account", "contact", "lead", "organisation"])
def test_two_legal_entities_are_named(kind: str) -> None:
    told = refuse(
        kind, name="海岳", identifiers=rules_for(kind).complete({"identifiers": read_codes(kind)})["identifiers"]
    )
    assert told.code == "crm.two_credit_codes"
    assert told.params == {"kind": kind, "codes": "914403001922038216, 9144030071526726XG"}


def read_codes(kind: str) -> Any:
    whole = find_kind(kind).model_validate({"id": UUID(int=7), "name": "海岳", "identifiers": CODES})
    return whole.identifiers  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "kind", ["account", "contact", "lead", "opportunity", "organisation", "pool", "product", "user"]
)
def test_a_record_without_a_name_is_called_by_its_kind(kind: str) -> None:
    more = {"account_id": CUSTOMER, "currency": "CNY", "stage": "need"} if kind == "opportunity" else {}
    told = refuse(kind, name=" ", **more)
    assert (told.code, told.params) == ("crm.name_missing", {"kind": kind})


def test_the_newest_report_on_an_address_counts() -> None:
    def report(minute: int, reason: str, **more: Any) -> Activity:
        row = {
            "key": "1",
            "address": "li@a.example",
            "status": "5.1",
            "reason": reason,
            "contact_id": UUID(int=7),
            **more,
        }
        return Activity.model_validate(
            {"id": UUID(int=minute), "starts_at": NINE.replace(minute=minute), "bounces": [row]}
        )

    derive = rules_for("contact").deriving
    old, new = report(1, "full"), report(2, "gone")
    others = [report(5, "x", contact_id=CUSTOMER), report(6, "x", address="old@a.example")]
    void = report(7, "x").model_copy(update={"state": "void"})
    values = {"email": "Li@A.example"}
    told = derive(UUID(int=7), values, {"activity": [new, old, *others, void]})
    assert told == {"undeliverable": "5.1 gone"}
    assert derive(UUID(int=7), values, {"activity": [*others, void]}) == {"undeliverable": ""}
    assert derive(UUID(int=7), {}, {"activity": [new]}) == {"undeliverable": ""}


def test_a_contact_has_one_link_to_a_customer_and_one_primary() -> None:
    links = [{"key": "1", "account_id": CUSTOMER}, {"key": "2", "account_id": CUSTOMER}]
    told = refuse("contact", name="王芳", links=links)
    assert (told.code, told.params) == ("crm.link_twice", {"name": "王芳"})
    both = [{"key": "1", "account_id": CUSTOMER, "primary": True}, {"key": "2", "account_id": OTHER, "primary": True}]
    told = refuse("contact", name="王芳", links=both)
    assert (told.code, told.params) == ("crm.primary_twice", {"name": "王芳"})


def test_a_contact_with_the_same_code_twice_is_refused() -> None:
    rows = tuple({"key": key, "kind": "other", "value": "A1"} for key in ("1", "1"))
    told = refuse("contact", name="王芳", identifiers=rows)
    assert told.params["kind"] == "contact"
