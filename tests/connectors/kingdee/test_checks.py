"""``connection check`` names exactly what is missing, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kingdee.checks import WRITTEN
from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.shapes import SHAPES
from connectors.kingdee.simulator import FORMS
from hub.locale import load_texts, render
from hub.sdk import CheckItem, Draft
from tests.connectors.kingdee.conftest import Account, MakeAccount


def wrong(account: Account) -> dict[str, CheckItem]:
    return {item.code: item for item in account.connector.check() if not item.ok}


def test_a_good_account_is_found_good_and_nothing_is_written(make_account):
    account = make_account(config={"vouchers": "true", "refunds": "true"})
    items = account.connector.check()
    assert all(item.ok for item in items)
    assert [item.code for item in items].count("kingdee.form_open") == len(SHAPES)
    assert account.api.writes == 0


@pytest.mark.parametrize(
    ("config", "code", "words"),
    [
        ({"account_set": "acct99"}, "kingdee.account_unknown", "acct01"),
        ({"user": "wang"}, "kingdee.login_wrong", "不是集成用户"),
        (
            {"app_secret": "f" * 32},
            "kingdee.login_wrong",
            "应用密钥",
        ),  # pragma: allowlist secret
        ({"app_id": "999999_AAECAwQF"}, "kingdee.login_wrong", "应用ID"),
        ({"app_id": "999999_AAECAwQF", "login": "login_by_secret"}, "kingdee.login_wrong", "应用ID"),
        ({"organisation": "999"}, "kingdee.organisation_unknown", "海岳精密"),
        ({"settle_type": "JSFS99"}, "kingdee.settle_type_unknown", "电汇"),
        ({"reference_field": "F_OTHER"}, "kingdee.reference_missing", "F_OTHER"),
    ],
)
def test_a_wrong_setting_is_named(make_account: MakeAccount, config: Any, code: str, words: str):
    found = wrong(make_account(config=config))[code]
    for language in ("zh", "en"):
        assert words in render(code, language, **found.params)


def test_a_field_that_nobody_made_is_named_for_every_form_that_is_written(make_account):
    asked = {"reference_field": "F_ISTHMUS_REF", "vouchers": "true", "refunds": "true"}
    account = make_account(custom_field="", config=asked)
    found = [item for item in account.connector.check() if item.code == "kingdee.reference_missing"]
    assert {item.params["form"] for item in found} == {shape.form for shape in WRITTEN}


def test_who_writes_no_vouchers_needs_nothing_for_them(make_account):
    assert wrong(make_account(denied="GL_VOUCHER.Query")) == {}


@pytest.mark.parametrize("form", [shape.form for shape in SHAPES])
def test_a_right_that_is_missing_is_named(make_account, form):
    found = wrong(make_account(denied=f"{form}.Query", config={"vouchers": "true", "refunds": "true"}))
    assert found.keys() == {"kingdee.form_closed"}
    assert found["kingdee.form_closed"].params["form"] == form
    assert "权限" in str(found["kingdee.form_closed"].params["words"])


def test_a_login_that_a_person_uses_is_noticed(account):
    order = account.order()
    books = account.books
    books.mark(FORMS["SAL_SaleOrder"], order["FID"], FCreatorId=books.find_user("integration"))
    assert wrong(account)["kingdee.person_login"].params["count"] == 1


def test_who_uses_the_login_is_not_told_where_nothing_shows_it(account):
    """Documents show a name, and that it is this one is the hub's reading alone."""
    told = {item.code: item for item in account.connector.check()}
    assert told["kingdee.login_untold"].params["user"] == "接口用户"
    assert "kingdee.own_login" not in told
    order = account.order()
    own = account.books.find_user("integration")
    account.books.mark(FORMS["SAL_SaleOrder"], order["FID"], FCreatorId=own, F_ISTHMUS_REF="IH-1")
    assert "kingdee.own_login" in {item.code for item in account.connector.check()}


def test_a_user_who_is_shown_by_another_name_is_no_stranger_once_it_is_given(make_account):
    for name, ours in (("", False), ("接口用户", True)):
        account = make_account(config={"user_name": name})
        payload = {"FName": "远山商贸", "FSOCIALCRECODE": ""}
        (made,) = account.sink("account").create([Draft("IH-1", payload)])
        assert account.connector.streams()["BD_Customer"].fetch(made.external_id).created_by_us is ours


def test_a_server_that_is_away_or_something_else(make_account):
    account = make_account()
    account.api.faults.order_next("read_lost", times=9)
    assert wrong(account).keys() == {"kingdee.unreachable"}
    other = make_account(config={"url": account.url.removesuffix("/k3cloud") + "/elsewhere"})
    assert wrong(other).keys() == {"kingdee.not_kingdee"}


def test_a_server_that_hides_its_account_sets_is_fine(make_account):
    assert wrong(make_account(lists_accounts=False)) == {}
    assert wrong(make_account(lists_accounts=False, config={"account_set": "acct99"})).keys() == {"kingdee.login_wrong"}


def test_every_text_and_question_is_there_in_both_languages():
    for language in ("en", "zh"):
        assert "kingdee.login_wrong" in load_texts(language)
    for name, field in KingdeeConfig.model_fields.items():
        assert field.description, name
        assert (field.json_schema_extra or {})["zh"], name  # type: ignore[index]  # never a function here


def test_a_missing_right_to_write_is_told_in_their_words(make_account):
    account = make_account(denied="BD_Customer.Save")
    (refused,) = account.sink("account").create([Draft("IH-1", {"FName": "远山"})])
    assert "保存" in refused.text("zh")
    assert refused.code == "kingdee.right_missing"
