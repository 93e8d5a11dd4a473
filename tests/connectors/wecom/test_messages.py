"""Telling people: by robot or app, in three forms, within the server's bounds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wecom.messages import cut_bytes
from hub.errors import ConfigInvalid, NeedsConsent, Rejected, Transient
from hub.sdk import Message, MessageItem
from tests.connectors.wecom.conftest import MakeCompany

ITEM = MessageItem("todo", "erp", "订单金额不符", "isthmus todo show 1", number="SO-1", amount="CNY 300.00")
DIGEST = Message("msg_1", "zh", "2 项待办", "订单金额不符\n回款未分配", [ITEM], 2)


def tell(make_company: MakeCompany, message: Message = DIGEST, **config: Any) -> Any:
    company = make_company(config=config)
    company.connector.notify(message)
    return company.corp


def test_the_robot_speaks_without_a_token(make_company: MakeCompany):
    company = make_company()
    company.connector.notify(DIGEST)
    assert [row["type"] for row in company.corp.said] == ["markdown"]
    assert "SO-1" in company.corp.said[0]["content"]
    assert company.api.gate.asked == 0


@pytest.mark.parametrize("form", ["text", "markdown", "card"])
def test_the_app_tells_in_each_form_and_the_same_digest_once(make_company: MakeCompany, form: str):
    company = make_company(config={"robot_key": None, "notify_to": "li.si|zhang.san", "notify_as": form})
    for _ in range(2):
        company.connector.notify(DIGEST)
    (sent,) = company.corp.sent
    assert sent["to"] == ["li.si", "zhang.san"]
    assert sent["type"] == {"card": "template_card"}.get(form, form)
    assert "2 项待办" in str(sent["content"])


def test_everybody_is_told(make_company: MakeCompany):
    corp = tell(make_company, robot_key=None, notify_to="@all")
    assert len(corp.sent[0]["to"]) == 4


def test_who_cannot_be_reached_is_named(make_company: MakeCompany):
    with pytest.raises(Rejected) as caught:
        tell(make_company, robot_key=None, notify_to="li.si|gone.away")
    assert caught.value.params["members"] == "gone.away"
    with pytest.raises(Rejected):
        tell(make_company, robot_key=None, notify_to="gone.away")


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"robot_key": None}, ConfigInvalid),
        ({"robot_key": "wrong"}, NeedsConsent),
        ({"robot_key": None, "notify_to": "li.si", "agent_id": 3}, NeedsConsent),
    ],
)
def test_what_a_person_has_to_mend(make_company: MakeCompany, config: Any, error: type[Exception]):
    with pytest.raises(error):
        tell(make_company, **config)


def test_a_robot_that_spoke_too_often_is_asked_later(make_company: MakeCompany):
    company = make_company(robot_per_minute=2)
    for _ in range(2):
        company.connector.notify(DIGEST)
    with pytest.raises(Transient) as caught:
        company.connector.notify(DIGEST)
    assert caught.value.retry_after_s == 60


def test_a_long_digest_ends_where_a_line_ends(make_company: MakeCompany):
    items = [MessageItem("todo", "erp", "订单金额不符" * 9, f"isthmus todo show {n}") for n in range(40)]
    corp = tell(make_company, Message("msg_2", "zh", "40 项待办", "x", items, 40))
    content = corp.said[0]["content"]
    assert len(content.encode()) <= 2048
    assert content.endswith("\n…")
    assert content.count("**") % 2 == 0


@given(st.text(max_size=900))
def test_a_cut_text_fits_and_begins_alike(text):
    cut = cut_bytes(text, 200)
    assert len(cut.encode()) <= 200
    assert cut == text or text.startswith(cut.removesuffix("\n…"))
