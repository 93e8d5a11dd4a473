"""The vendor's own library as an independent client of the simulator: the same scenario through it and through the
connector has the same result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from k3cloud_webapi_sdk.main import K3CloudApiSdk  # type: ignore[import-untyped]  # the vendor ships no types

from connectors.kingdee.client import KingdeeClient
from connectors.kingdee.simulator import FORMS
from hub.errors import ConfigInvalid, Duplicate, Locked, OutcomeUnknown
from hub.sdk import Draft, Stage, Written
from tests.connectors.kingdee.conftest import Account

FORM = "SAL_SaleOrder"
VARIES = {"FID", "FBillNo", "FCreateDate", "FModifyDate", "FApproveDate", "F_ISTHMUS_REF", "FEntryID"}


class Oracle:
    """The library, asked and answered in Python values."""

    def __init__(self, account: Account) -> None:
        told = account.credentials
        self.sdk = K3CloudApiSdk(told["url"], timeout=20)
        self.sdk.InitConfig(told["account_set"], told["user"], told["app_id"], told["app_secret"], told["url"])

    def call(self, name: str, *values: Any) -> Any:
        return json.loads(getattr(self.sdk, name)(*values))

    def status(self, name: str, *values: Any) -> Mapping[str, Any]:
        answer = self.call(name, *values)
        while isinstance(answer, list):
            answer = answer[0]
        status: Mapping[str, Any] = answer["Result"]["ResponseStatus"]
        return status


@pytest.fixture
def oracle(account: Account, monkeypatch: pytest.MonkeyPatch) -> Oracle:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return Oracle(account)


def client_of(account: Account) -> KingdeeClient:
    found: KingdeeClient = account.connector._client
    return found


def theirs(number: str = "") -> dict[str, Any]:
    """An order as the vendor's examples save it."""
    line = {
        "FMaterialId": {"FNumber": "M0001"}, "FUnitID": {"FNumber": "Pcs"}, "FQty": 3, "FPrice": 10.5,
        "FEntryTaxRate": 13,
    }  # fmt: skip
    return {
        "FBillTypeID": {"FNUMBER": "XSDD01_SYS"}, "FBillNo": number, "FDate": "2026-11-02",
        "FSaleOrgId": {"FNumber": "100"}, "FCustId": {"FNumber": "C00001"}, "FSalerId": {"FNumber": "XSY001"},
        "FNote": "急", "FSaleOrderFinance": {"FSettleCurrId": {"FNumber": "PRE001"}, "FIsIncludedTax": False},
        "FSaleOrderEntry": [line],
    }  # fmt: skip


def ours() -> dict[str, Any]:
    """The same as a mapping writes it."""
    line = {
        "FMaterialId": {"Id": "100001"}, "FUnitID": {"FNumber": "Pcs"}, "FQty": "3", "FPrice": "10.5",
        "FEntryTaxRate": "13",
    }  # fmt: skip
    return {
        "FCustId": {"Id": "100001"}, "FDate": "2026-11-02", "FSettleCurrId": {"FNumber": "PRE001"}, "FNote": "急",
        "Lines": [line],
    }  # fmt: skip


def make_ours(account: Account, ref: str = "IH-1") -> str:
    (made,) = account.sink("order").create([Draft(ref, ours())])
    assert isinstance(made, Written), made
    return made.external_id


def plain(bill: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: [plain(row) for row in value] if isinstance(value, list) else value
        for key, value in bill.items()
        if key not in VARIES
    }


def test_a_query_has_the_same_rows(account, oracle):
    keys = ["FNumber", "FName", "FSOCIALCRECODE", "FUseOrgId.FNumber", "FModifyDate"]
    asked = {"FormId": "BD_Customer", "FieldKeys": ",".join(keys), "OrderString": "FNumber DESC", "Limit": 2}
    rows = client_of(account).query("BD_Customer", keys, "", "FNumber DESC", limit=2)
    assert oracle.call("ExecuteBillQuery", asked) == [list(row) for row in rows]
    assert oracle.call("BillQuery", asked) == [dict(zip(keys, row, strict=True)) for row in rows]


def test_a_saved_order_is_the_same_order(account, oracle):
    saved = oracle.status("Save", FORM, {"Model": theirs()})
    assert saved["IsSuccess"] is True
    mine = make_ours(account)
    one, other = (account.books.take(FORMS[FORM], int(id)) for id in (saved["SuccessEntitys"][0]["Id"], mine))
    assert plain(one) == plain(other)
    assert str(one["FBillAllAmount"]) == "35.60"  # 31.50 and 13 %: 4.095, half-up


def test_a_number_that_is_taken_is_refused_to_both(account, oracle, make_account):
    assert oracle.status("Save", FORM, {"Model": theirs("SO-1")})["IsSuccess"]
    again = oracle.status("Save", FORM, {"Model": theirs("SO-1")})
    assert (again["MsgCode"], again["Errors"][0]["FieldName"]) == (11, "FBillNo")
    assert again["Errors"][0]["Message"].startswith("违反字段唯一性要求")
    numbered = make_account(config={"reference_field": "FBillNo"})
    make_ours(numbered, "SO-1")
    (refused,) = numbered.sink("order").create([Draft("SO-1", ours())])
    assert type(refused) is Duplicate


def test_submit_and_audit_lead_both_to_the_same_place(account, oracle):
    saved = oracle.status("Save", FORM, {"Model": theirs()})["SuccessEntitys"][0]
    mine = make_ours(account)
    for operation in ("Submit", "Audit"):
        assert oracle.status(operation, FORM, {"Numbers": [saved["Number"]]})["IsSuccess"]
    account.sink("order").confirm(mine, if_version=None)
    assert [account.orders.fetch(str(id)).stage for id in (saved["Id"], mine)] == [Stage.EFFECTIVE] * 2
    edited = oracle.status("Save", FORM, {"Model": {"FID": saved["Id"], "FNote": "x"}, "IsDeleteEntry": False})
    assert "已审核" in edited["Errors"][0]["Message"]
    with pytest.raises(Locked, match="已审核"):
        account.sink("order").patch(mine, {"FNote": "x"}, if_version=None)
    assert oracle.status("UnAudit", FORM, {"Ids": str(saved["Id"])})["IsSuccess"]
    assert account.orders.fetch(str(saved["Id"])).payload["FDocumentStatus"] == "D"


def test_lines_that_are_not_sent_are_gone_unless_told_otherwise(account, oracle):
    rows = [*theirs()["FSaleOrderEntry"]] * 3
    saved = oracle.status("Save", FORM, {"Model": {**theirs(), "FSaleOrderEntry": rows}})["SuccessEntitys"][0]
    kept = account.orders.fetch(str(saved["Id"])).payload["Lines"]
    change = {"FID": saved["Id"], "FSaleOrderEntry": [{"FEntryID": int(kept[1]["FEntryID"]), "FQty": 9}]}
    oracle.status("Save", FORM, {"Model": change, "IsDeleteEntry": False})
    assert [line["FQty"] for line in account.orders.fetch(str(saved["Id"])).payload["Lines"]] == ["3", "9", "3"]
    account.sink("order").patch(str(saved["Id"]), {"FNote": "bleibt"}, if_version=None)
    assert len(account.orders.fetch(str(saved["Id"])).payload["Lines"]) == 3
    oracle.status("Save", FORM, {"Model": change})
    assert [line["FQty"] for line in account.orders.fetch(str(saved["Id"])).payload["Lines"]] == ["9"]


def test_a_restarted_server_has_lost_the_session_of_both(account, oracle):
    asked = {"FormId": FORM, "FieldKeys": "FID", "Limit": 1}
    assert oracle.call("ExecuteBillQuery", asked) == []
    assert account.orders.list_ids() == []
    account.api.sessions.lose_all()
    lost = oracle.status("ExecuteBillQuery", asked)
    assert (lost["MsgCode"], lost["Errors"][0]["Message"][:7]) == (1, "会话信息已丢失")
    assert account.orders.list_ids() == [], "ours takes a new session by itself"
    account.api.sessions.lose_all()
    (unknown,) = account.sink("account").create([Draft("IH-2", {"FName": "远山"})])
    assert type(unknown) is OutcomeUnknown, "whether a write was applied cannot be told from this answer"


def test_a_failed_query_stands_in_the_rows_and_is_known_as_one(account, oracle):
    asked = {"FormId": FORM, "FieldKeys": "FID,FNoSuchField", "Limit": 1}
    raw = oracle.call("ExecuteBillQuery", asked)
    assert raw[0][0]["Result"]["ResponseStatus"]["IsSuccess"] is False
    assert oracle.status("BillQuery", asked)["IsSuccess"] is False
    with pytest.raises(ConfigInvalid, match="FNoSuchField"):
        client_of(account).query(FORM, ["FID", "FNoSuchField"], "", "", limit=1)
    with pytest.raises(ConfigInvalid, match="SAL_Nothing"):
        client_of(account).query("SAL_Nothing", ["FID"], "", "", limit=1)


def test_the_end_row_is_counted_from_the_very_first(account, oracle):
    asked = {"FormId": "BD_MATERIAL", "FieldKeys": "FNumber", "OrderString": "FNumber"}
    assert oracle.call("ExecuteBillQuery", {**asked, "StartRow": 2, "Limit": 2, "TopRowCount": 2}) == []
    rest = [["M0003"], ["M0004"]]
    assert oracle.call("ExecuteBillQuery", {**asked, "StartRow": 2, "Limit": 2, "TopRowCount": 4}) == rest
    assert oracle.call("ExecuteBillQuery", {**asked, "StartRow": 2, "Limit": 2}) == rest
    assert client_of(account).query("BD_MATERIAL", ["FNumber"], "", "FNumber", start=2, limit=2) == rest


def test_what_is_missing_is_named_to_both(account, oracle):
    for key in ("FSaleOrgId", "FSalerId", "FCustId"):
        refused = oracle.status("Save", FORM, {"Model": {**theirs(), key: {"FNumber": ""}}})
        assert key in {error["FieldName"] for error in refused["Errors"]}
    line = {**theirs()["FSaleOrderEntry"][0], "FUnitID": {"FNumber": "dozen"}}
    refused = oracle.status("Save", FORM, {"Model": {**theirs(), "FSaleOrderEntry": [line]}})
    assert refused["Errors"][0]["FieldName"] == "FUnitID"
    payload = ours()
    payload["Lines"][0]["FUnitID"] = {"FNumber": "dozen"}
    (answer,) = account.sink("order").create([Draft("IH-3", payload)])
    assert "dozen" in str(answer)


def test_the_rest_of_the_library_works_too(account, oracle):
    assert oracle.call("GetDataCenters")[0]["Id"] == "acct01"
    both = oracle.status("BatchSave", FORM, {"Model": [theirs("B-1"), theirs("B-1")]})
    assert (both["IsSuccess"], len(both["SuccessEntitys"])) == (False, 1)
    shown = oracle.call("View", FORM, {"Number": "B-1"})
    assert shown["Result"]["Result"]["FNote"] == "急"
    info = oracle.call("QueryBusinessInfo", {"FormId": FORM})["Result"]["NeedReturnData"]
    assert "FNote" in {field["Key"] for field in info["Entrys"][0]["Fields"]}
    drafted = oracle.status("Draft", FORM, {"Model": {"FNote": "noch leer"}})["SuccessEntitys"][0]
    assert account.books.take(FORMS[FORM], drafted["Id"])["FDocumentStatus"] == "Z"
    assert oracle.status("ExcuteOperation", FORM, "Cancel", {"Numbers": ["B-1"]})["IsSuccess"]
    assert oracle.status("Delete", FORM, {"Ids": str(drafted["Id"])})["IsSuccess"]
    assert [record.stage for record in account.orders.read_page(None, None, 9).records] == [Stage.VOID]
