"""Reasons of a refusal are told in the reader's language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import RuleBroken
from hub.locale import Phrase, render
from hub.model.kinds import check_fields
from hub.model.refusal import explain_refusal, show_refused
from hub.model.values import Amount, Currency


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    needed: int
    text: str = ""
    flag: bool = False
    number: Decimal = Decimal(0)
    money: Amount = Decimal(0)
    currency: Currency = "CNY"
    day: date | None = None
    record: UUID | None = None
    size: int = Field(default=1, ge=1, le=9)
    choice: Literal["a", "b"] = "a"
    lines: tuple[str, ...] = ()
    table: dict[str, str] = {}
    word: str = Field(default="x", pattern="^x$")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"needed": "x"}, "请填写整数"),
        ({"nosuch": 1}, "没有这个名称"),
        ({"text": 1}, "请填写文本"),
        ({"flag": "perhaps"}, "请填写 true 或 false"),
        ({"number": "x"}, "请填写数字"),
        ({"money": "0.0000001"}, "小数位数超过 6 位"),
        ({"currency": "yuan"}, "ISO 4217"),
        ({"day": "2026-13-01"}, "请填写日期"),
        ({"record": "x"}, "请填写记录"),
        ({"size": 0}, "不得小于 1"),
        ({"size": 10}, "不得大于 9"),
        ({"choice": "c"}, "以下之一：a, b"),
        ({"lines": "x"}, "请填写列表"),
        ({"table": "x"}, "由名称和值组成的表"),
        ({"word": "y"}, "格式应为 ^x$"),
    ],
)
def test_each_reason_has_a_text_in_chinese(values, words):
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate({"needed": 1, **values})
    reason = explain_refusal(caught.value.errors()[0])
    assert isinstance(reason, Phrase)
    assert words in render(reason.code, "zh", **reason.params)


def test_what_is_missing_shows_no_table():
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate({})
    first = caught.value.errors()[0]
    assert show_refused(first) == ""
    assert explain_refusal(first) == "a value is needed"


def test_a_phrase_is_told_in_the_language_of_the_whole():
    with pytest.raises(RuleBroken) as caught:
        check_fields("product", {"list_price": "abc"})
    assert caught.value.text("en") == "product.list_price: “abc” is not accepted: give a number such as 12.50."
    assert caught.value.text("zh") == "product.list_price：不接受“abc”：请填写数字，例如 12.50。"
    assert "请" not in str(caught.value.params["what"])
