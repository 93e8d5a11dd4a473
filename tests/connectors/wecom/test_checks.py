"""``connection check`` names exactly which right or setting is missing, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.wecom.config import WecomConfig
from hub.locale import load_texts, render
from hub.sdk import CheckItem
from tests.connectors.wecom.conftest import Company, MakeCompany


def wrong(company: Company) -> dict[str, CheckItem]:
    return {item.code: item for item in company.connector.check() if not item.ok}


def test_a_good_company_is_found_good_and_nothing_is_written(make_company: MakeCompany):
    company = make_company(customers=6)
    items = {item.code: item for item in company.connector.check()}
    assert all(item.ok for item in items.values())
    assert items["wecom.customers_seen"].params == {"members": 4, "customers": 6, "tags": 4}
    assert items["wecom.members_seen"].params["departments"] == 4
    assert {"wecom.calendar_found", "wecom.callbacks_ready", "wecom.agent_found"} <= items.keys()
    assert company.api.writes == []


@pytest.mark.parametrize(
    ("settings", "config", "code", "words"),
    [
        ({}, {"secret": "secret1"}, "wecom.login_refused", "40001"),  # pragma: allowlist secret
        ({}, {"corp_id": "ww0"}, "wecom.corp_wrong", "40013"),
        ({"trusted": False}, {}, "wecom.address_untrusted", "127.0.0.1"),
        ({"enabled": False}, {}, "wecom.app_disabled", "50003"),
        ({}, {"agent_id": 7}, "wecom.agent_wrong", "301002"),
        ({"denied": "externalcontact"}, {}, "wecom.right_customers", "48002"),
        ({"denied": "department"}, {}, "wecom.right_address_book", "48002"),
        ({"denied": "oa"}, {}, "wecom.right_calendar", "48002"),
        ({"followers_visible": False}, {}, "wecom.no_followers", "客户联系"),
        ({}, {"calendar": "wc-of-a-person"}, "wecom.calendar_unknown", "wc-of-a-person"),
        ({}, {"organiser": ""}, "wecom.organiser_missing", ""),
        ({}, {"aes_key": "short"}, "wecom.callback_settings", "43"),
        ({}, {"callback_token": None}, "wecom.callback_settings", "Token"),
    ],
)
def test_what_is_missing_is_named(make_company: MakeCompany, settings: Any, config: Any, code: str, words: str):
    found = wrong(make_company(config=config, **settings))
    assert found.keys() == {code}
    for language in ("zh", "en"):
        text = render(code, language, **found[code].params)
        assert words in text
        assert "{" not in text


def test_a_calendar_is_made_once_where_the_admin_says_new_and_its_id_is_told(make_company: MakeCompany):
    company = make_company(config={"calendar": "new", "organiser": ""})
    assert wrong(company).keys() == {"wecom.organiser_missing"}
    assert company.api.writes == []
    connector = company.open(organiser="li.si")
    there = set(company.corp.calendars)
    (item,) = [item for item in connector.check() if not item.ok]
    (made,) = set(company.corp.calendars) - there
    assert (item.code, item.params["calendar"], item.ours) == ("wecom.calendar_made", made, True)
    for language in ("zh", "en"):
        assert f"--set calendar={made}" in render(item.code, language, **item.params)
    assert connector.streams()["schedule"].read_page(None, None, 5).records == [], "not before its id is entered"
    company.api.faults.order_next("lost_after", lambda path: path == "oa/calendar/add")
    (item,) = [item for item in connector.check() if not item.ok]
    assert item.code == "wecom.calendar_unsure"
    stranger = [item.code for item in company.open(organiser="nobody").check() if not item.ok]
    assert stranger == ["wecom.right_calendar"]


def test_a_right_that_is_missing_stops_no_other_finding(make_company: MakeCompany):
    items = [item.code for item in make_company(denied="externalcontact,oa").connector.check()]
    assert {"wecom.right_customers", "wecom.right_calendar", "wecom.members_seen", "wecom.agent_found"} <= set(items)


def test_nobody_visible(company: Company):
    company.corp.members.clear()
    assert "wecom.nobody_visible" in wrong(company)


def test_without_calendar_and_callbacks_the_check_says_so_and_is_content(make_company: MakeCompany):
    company = make_company(config={"calendar": "", "callback_token": None, "aes_key": None, "agent_id": 0})
    items = {item.code: item.ok for item in company.connector.check()}
    assert all(items.values())
    assert {"wecom.calendar_unnamed", "wecom.no_callbacks"} <= items.keys()
    assert company.connector.receiver() is None


def test_a_server_that_is_away_blocked_or_something_else(make_company: MakeCompany):
    company = make_company()
    company.api.faults.order_next("read_lost", times=9)
    assert wrong(company).keys() == {"wecom.unreachable"}
    other = make_company(config={"url": company.credentials["url"].removesuffix("/cgi-bin") + "/elsewhere"})
    assert wrong(other).keys() <= {"wecom.not_wecom", "wecom.unreachable"}
    assert wrong(other)
    blocked = make_company()
    blocked.api.gate.blocked_until_s = blocked.clock.monotonic() + 3600
    assert wrong(blocked).keys() == {"wecom.address_blocked"}


def test_every_text_and_question_is_there_in_both_languages():
    for language in ("en", "zh"):
        assert "wecom.login_refused" in load_texts(language)
    for name, field in WecomConfig.model_fields.items():
        assert field.description, name
        assert (field.json_schema_extra or {})["zh"], name  # type: ignore[index]  # never a function here
