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


def test_a_contact_with_the_same_code_twice_is_refused() -> None:
    rows = tuple({"key": key, "kind": "other", "value": "A1"} for key in ("1", "1"))
    told = refuse("contact", name="王芳", identifiers=rows)
    assert told.params["kind"] == "contact"
