"""Letters: what a template may name, how it is shown, and that half a sentence is never sent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.crm.letters import Letter, LetterTemplate, check_kind, fill, list_values, name_file, show
from hub.model.finance import InvoiceLine
from hub.model.party import Account, AccountState, Organisation, User
from hub.model.sales import OrderLine
from tests.crm.books import Books, make, refused

TODAY = date(2026, 11, 2)
ACME = Account(id=UUID(int=1), name="海岳精密", number="C-7", phone="0574-1", tags=("vip",))
WANG, OURS = User(id=UUID(int=2), name="王会计"), Organisation(id=UUID(int=3), name="宁波示例")
BOOKS = Books([ACME, WANG, OURS])


def bill(**more: Any) -> Any:
    line = InvoiceLine(key="1", quantity=Decimal(2), unit_price=Decimal(50), tax_rate=Decimal("0.13"))
    return make("invoice", 10, number="IN-1", account_id=ACME.id, currency="CNY", lines=(line,), **more)


def sell(**more: Any) -> Any:
    line = OrderLine(key="1", quantity=Decimal(2), unit_price=Decimal(50), tax_rate=Decimal("0.13"))
    return make("order", 10, number="SO-1", account_id=ACME.id, currency="CNY", lines=(line,), **more)


def test_a_document_says_what_it_is_and_whose() -> None:
    values = list_values(
        sell(owner_id=WANG.id, organisation_id=OURS.id, ordered_on=date(2026, 10, 1), rate=Decimal("1.00")),
        BOOKS, "our house", "李四", TODAY,
    )  # fmt: skip
    told = {name: values[name] for name in ("number", "customer", "contact", "owner", "company", "today", "currency")}
    assert told == {
        "number": "SO-1", "customer": "海岳精密", "contact": "李四", "owner": "王会计", "company": "宁波示例",
        "today": "2026-11-02", "currency": "CNY",
    }  # fmt: skip
    assert {name: values[name] for name in ("net", "gross", "amount", "open", "rate", "state", "ordered_on")} == {
        "net": "¥100.00", "gross": "¥113.00", "amount": "¥113.00", "open": "¥113.00", "rate": "1", "state": "draft",
        "ordered_on": "2026-10-01",
    }  # fmt: skip
    assert values["lines"] == values["account_id"] == "", "lists and references have no text"
    assert not values.keys() & {"id", "revision", "created_at", "updated_at", "deleted_at"}


def test_what_is_not_known_is_said_in_general() -> None:
    values = list_values(bill(), BOOKS, "our house", "", TODAY)
    assert (values["owner"], values["company"], values["contact"]) == ("our house", "our house", "海岳精密")
    alone = list_values(bill(), Books(), "our house", "", TODAY)
    assert (alone["customer"], alone["contact"]) == ("", "")


def test_what_is_open_is_neither_paid_nor_credited() -> None:
    invoice = bill().model_copy(update={"paid": Decimal(50), "credited": Decimal(13)})
    assert list_values(invoice, BOOKS, "", "", TODAY)["open"] == "¥50.00"


def test_a_letter_about_a_customer_is_to_that_customer() -> None:
    values = list_values(ACME, BOOKS, "our house", "", TODAY)
    assert (values["customer"], values["number"], values["phone"], values["tags"]) == ("海岳精密", "C-7", "0574-1", "")
    assert not {"amount", "open"} & values.keys(), "a customer comes to no amount"


def test_a_record_without_a_number_is_called_by_its_name() -> None:
    pool = make("pool", 5, name="华东公海")
    assert list_values(pool, BOOKS, "", "", TODAY)["number"] == "华东公海"


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal("1234.5"), "CNY", "¥1,234.50"),
        (Decimal("0.1300"), "", "0.13"),
        (Decimal("1E+2"), "", "100"),
        (datetime(2026, 3, 2, 9, 5, 59, tzinfo=UTC), "", "2026-03-02 09:05"),
        (date(2026, 3, 2), "", "2026-03-02"),
        (AccountState.ACTIVE, "", "active"),
        (30, "", "30"),
        ("海岳", "", "海岳"),
        (None, "", ""),
        (("a",), "CNY", ""),
        (UUID(int=1), "", ""),
    ],
)
def test_values_as_people_read_them(value: Any, currency: str, text: str) -> None:
    assert show(value, currency) == text


def test_a_template_is_filled_in_all_its_parts() -> None:
    template = LetterTemplate(
        kinds=("invoice",),
        subject=" $number\n of  ${customer} ",
        text="\nDear $contact,\n$$5\n ",
        html=" <b>$contact</b> ",
    )
    values = {"number": "IN-1", "customer": "A & B", "contact": "Li <li@a.example>\nBuyer"}
    assert fill(template, values, "due.toml") == Letter(
        "IN-1 of A & B",
        "Dear Li <li@a.example>\nBuyer,\n$5\n",
        "<b>Li &lt;li@a.example&gt;<br>Buyer</b>",
    )


@pytest.mark.parametrize(
    ("part", "text", "code", "params"),
    [
        ("subject", "5 $ off", "letter.dollar_alone", {"line": 1}),
        (
            "text",
            "one\n\ntwo $nobody",
            "letter.name_unknown",
            {"line": 3, "name": "nobody", "known": "contact, number"},
        ),
        ("html", "<p>\n${empty}", "letter.value_missing", {"line": 2, "name": "empty"}),
        ("text", "$$ and $empty", "letter.value_missing", {"line": 1, "name": "empty"}),
    ],
)
def test_a_template_that_cannot_be_filled_names_the_place(
    part: str, text: str, code: str, params: dict[str, Any]
) -> None:
    template = LetterTemplate.model_validate({"kinds": (), "subject": "s", "text": "t", part: text})
    with refused(code, file="due.toml", field=part, **params):
        fill(template, {"number": "1", "contact": "Li", "empty": ""}, "due.toml")


def test_a_template_is_for_its_kinds() -> None:
    template = LetterTemplate(kinds=("invoice", "order"), subject="", text="")
    assert (template.html, template.enclose, template.bulk) == ("", False, False)
    check_kind(template, "order", "due")
    with refused("letter.kind_unfit", name="due", kind="quote", known="invoice, order"):
        check_kind(template, "quote", "due")


@pytest.mark.parametrize(
    ("title", "number", "file"),
    [
        ("报价单", "QU-0001", "报价单-QU-0001.pdf"),
        ("Quote /", "A:1/2 ", "Quote-A-1-2.pdf"),
        ("-", "v1.2_b", "v1.2_b.pdf"),
    ],
)
def test_a_document_is_a_file_with_a_name_that_every_system_takes(title: str, number: str, file: str) -> None:
    assert name_file(title, number) == file
