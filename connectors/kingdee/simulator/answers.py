"""What the server's answers look like: always HTTP 200 with the outcome inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kingdee.simulator.books import Bill
from connectors.kingdee.simulator.forms import Form
from connectors.kingdee.simulator.refusals import BillRefused
from hub.sdk.simulator import Response

GARBAGE = Response(200, b"<html><body><h1>502 Bad Gateway</h1></body></html>", (("content-type", "text/html"),))
BROKEN = Response(500, "服务器内部错误".encode(), (("content-type", "text/plain"),))


def write_failure(refused: BillRefused) -> dict[str, Any]:
    errors = [{"FieldName": item.field or None, "Message": item.message, "DIndex": 0} for item in refused.complaints]
    status = {
        "ErrorCode": 500, "IsSuccess": False, "Errors": errors, "SuccessEntitys": [], "SuccessMessages": [],
        "MsgCode": refused.code,
    }  # fmt: skip
    return {"Result": {"ResponseStatus": status}}


def write_success(form: Form, bills: Sequence[Bill], failed: Sequence[BillRefused] = ()) -> dict[str, Any]:
    """A write that succeeded; in a batch, ``failed`` are those that did not, and the whole is no success then."""
    entities = [
        {"Id": bill[form.id_key], "Number": bill[form.number_key], "DIndex": place} for place, bill in enumerate(bills)
    ]
    errors = [{"FieldName": item.field or None, "Message": item.message, "DIndex": 0}
              for refused in failed for item in refused.complaints]  # fmt: skip
    status: dict[str, Any] = {
        "IsSuccess": not failed, "Errors": errors, "SuccessEntitys": entities, "SuccessMessages": [], "MsgCode": 0,
    }  # fmt: skip
    if failed:
        status |= {"ErrorCode": 500, "MsgCode": failed[0].code}
    first: Mapping[str, Any] = entities[0] if entities else {"Id": "", "Number": ""}
    told: dict[str, Any] = {"Id": first["Id"], "Number": first["Number"], "NeedReturnData": [{}]}
    return {"Result": {"ResponseStatus": status, **told}}


def write_login(session_id: str, account: str, user: str) -> dict[str, Any]:
    context = {
        "UserToken": session_id,
        "UserName": user,
        "DBid": account,
        "UserLocale": "zh-CN",
        "CustomName": "海岳精密",
    }
    return {
        "Message": None, "MessageCode": "CheckPasswordPolicy", "LoginResultType": 1, "Context": context,
        "KDSVCSessionId": session_id, "IsSuccessByAPI": True,
    }  # fmt: skip


def write_login_refusal(words: str) -> dict[str, Any]:
    return {
        "Message": words, "MessageCode": None, "LoginResultType": 0, "Context": None, "KDSVCSessionId": "",
        "IsSuccessByAPI": False,
    }  # fmt: skip


def describe_form(form: Form, custom_field: str) -> dict[str, Any]:
    """``QueryBusinessInfo``: the fields of a form, list by list."""

    def describe(entity: str) -> list[Mapping[str, Any]]:
        fields: list[Mapping[str, Any]] = [
            {"Key": item.key, "Name": [{"Key": 2052, "Value": item.label}], "MustInput": int(item.required)}
            for item in form.of(entity)
        ]
        if custom_field and not entity:
            fields.append({"Key": custom_field, "Name": [{"Key": 2052, "Value": "集成参考号"}], "MustInput": 0})
        return fields

    entries = [{"Key": name or "FBillHead", "Fields": describe(name)} for name in ("", *form.entities)]
    status = {"IsSuccess": True, "Errors": [], "SuccessEntitys": [], "SuccessMessages": [], "MsgCode": 0}
    return {"Result": {"ResponseStatus": status, "NeedReturnData": {"Id": form.name, "Entrys": entries}}}
