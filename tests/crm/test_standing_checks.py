"""Vouchers, opportunities and tasks: what is refused, and what the refusal names."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.crm.opportunity import STAGES
from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.kinds import find_kind
from hub.model.voucher import Voucher, VoucherLine

ID = UUID(int=7)
STAGE = next(iter(STAGES))


def line(key: str, *, debit: str = "0", credit: str = "0") -> VoucherLine:
    return VoucherLine(key=key, account_code=f"10{key}", debit=Decimal(debit), credit=Decimal(credit))


def make_voucher(*lines: VoucherLine, **more: Any) -> Voucher:
    told = {"ledger": "main", "number": "V1", "currency": "CNY", "booked_on": "2026-11-02", "lines": lines, **more}
    return Voucher.model_validate({**rules_for("voucher").complete(told), "id": ID})


def refuse(record: Any, previous: Any = None) -> RuleBroken:
    with pytest.raises(RuleBroken) as caught:
        rules_for(record.KIND).check(record, previous)
    return caught.value


BALANCED = (line("1", debit="113"), line("2", credit="100"), line("3", credit="13"))


def test_a_voucher_adds_up_both_sides() -> None:
    made = make_voucher(*BALANCED)
    assert (made.debit, made.credit) == (Decimal(113), Decimal(113))
    rules_for("voucher").check(made)
    rules_for("voucher").check(make_voucher())


@pytest.mark.parametrize(
    ("lines", "code", "params"),
    [
        ((line("1", debit="1"),), "voucher.too_few_lines", {"number": "V1", "count": 1}),
        ((line("1"), line("2", credit="1")), "voucher.one_side", {"number": "V1", "key": "1", "account": "101"}),
        (
            (line("1", debit="1", credit="1"), line("2", credit="1")),
            "voucher.one_side",
            {"number": "V1", "key": "1", "account": "101"},
        ),
        (
            (line("1", debit="1.001"), line("2", credit="1.001")),
            "voucher.too_fine",
            {"number": "V1", "key": "1", "amount": Decimal("1.001")},
        ),
        (
            (line("1", debit="2"), line("2", credit="1")),
            "voucher.unbalanced",
            {"number": "V1", "debit": Decimal(2), "credit": Decimal(1)},
        ),
    ],
)
def test_a_voucher_that_does_not_balance(lines: tuple[VoucherLine, ...], code: str, params: dict[str, Any]) -> None:
    told = refuse(make_voucher(*lines))
    assert (told.code, told.params) == (code, params)


def test_lines_of_a_voucher_have_keys_of_their_own() -> None:
    assert refuse(make_voucher(line("1", debit="1"), line("1", credit="1"))).params["kind"] == "voucher"


def test_a_posted_voucher_stays_as_it_is() -> None:
    posted = make_voucher(*BALANCED, state="posted")
    rules_for("voucher").check(posted, posted)
    rules_for("voucher").check(make_voucher(*BALANCED, state="posted", attachments=2), posted)
    told = refuse(make_voucher(*BALANCED, state="draft", word="转"), posted)
    assert (told.code, told.params) == ("voucher.posted", {"number": "V1", "fields": "word, state"})


def test_a_red_voucher_stands_in_the_same_ledger() -> None:
    red, other = make_voucher(*BALANCED, reverses_id=ID), make_voucher(*BALANCED, ledger="second", number="V2")
    with pytest.raises(RuleBroken) as caught:
        rules_for("voucher").check_relations(red, lambda kind, id: other)
    assert (caught.value.code, caught.value.params) == ("voucher.reverses_other", {"number": "V1", "other": "V2"})
    rules_for("voucher").check_relations(red, lambda kind, id: red)


@pytest.mark.parametrize(
    ("values", "code", "params"),
    [
        ({"stage": "nowhere"}, "opportunity.stage_unknown", {"stage": "nowhere"}),
        ({"probability": "1.1"}, "opportunity.probability_impossible", {"value": Decimal("1.1")}),
        ({"probability": "-0.1"}, "opportunity.probability_impossible", {"value": Decimal("-0.1")}),
        ({"amount": "-1"}, "opportunity.amount_negative", {"number": "O1", "value": Decimal(-1)}),
        ({"state": "lost"}, "crm.reason_missing", {"kind": "opportunity", "field": "lost_reason"}),
        ({"name": " "}, "crm.name_missing", {"kind": "opportunity"}),
    ],
)
def test_what_an_opportunity_cannot_be(values: dict[str, Any], code: str, params: dict[str, Any]) -> None:
    usual = {"id": ID, "name": "海岳", "number": "O1", "account_id": ID, "stage": STAGE, "currency": "CNY"}
    told = refuse(find_kind("opportunity").model_validate({**usual, **values}))
    assert told.code == code
    assert params.items() <= told.params.items()


@pytest.mark.parametrize("edge", ["0", "1"])
def test_an_estimate_may_be_certain(edge: str) -> None:
    told = {"id": ID, "name": "海岳", "account_id": ID, "stage": STAGE, "currency": "CNY", "probability": edge}
    rules_for("opportunity").check(find_kind("opportunity").model_validate(told))


@pytest.mark.parametrize("about", [{"about_kind": "order"}, {"about_id": ID}, {"about_kind": "cake", "about_id": ID}])
def test_a_task_is_about_a_record_or_about_none(about: dict[str, Any]) -> None:
    told = refuse(find_kind("task").model_validate({"id": ID, "subject": "回电", **about}))
    assert told.code == "task.about_unfit"
    assert told.params["kind"] == about.get("about_kind", "—")
    assert refuse(find_kind("task").model_validate({"id": ID, "subject": " "})).code == "task.subject_missing"
    rules_for("task").check(find_kind("task").model_validate({"id": ID, "subject": "回电"}))
