"""Which column of a list says what, by its heading or as a person says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.errors import ConfigInvalid
from hub.mapping.suggest import fold_heading
from hub.mapping.synonyms import HEADINGS

RECORD_ID = "record_id"
_RECORD_ID = ("record_id", "记录编号", "记录号", "记录id")
_ACCOUNT = HEADINGS["account"]
_CONTACT = HEADINGS["contact"]
WORDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "account": {
        RECORD_ID: _RECORD_ID,
        "name": _ACCOUNT["name"],
        "code": (
            *_ACCOUNT["identifiers.uscc"], *_ACCOUNT["identifiers.vat"], "注册号", "工商注册号", "组织机构代码",
            "证照号码", "lei",
        ),
        "phone": (*_ACCOUNT["phone"], "mobile phone", "office phone", "移动电话", "办公电话", "总机"),
        "mail": _ACCOUNT["email"],
        "site": (*_ACCOUNT["website"], "域名", "domain"),
        "address": (*_ACCOUNT["addresses.street"], "所在地", "住所", "registered address", "office address"),
        "province": _ACCOUNT["addresses.province"],
        "city": _ACCOUNT["addresses.city"],
        "person": (
            "法定代表人", "法人代表", "法人", "法人姓名", "负责人", "legal person", "legal representative",
            "legal rep", "legal_person",
        ),
    },
    "contact": {
        RECORD_ID: _RECORD_ID,
        "name": (*_CONTACT["name"], "客户姓名", "person", "person name"),
        "phone": (*_CONTACT["mobile"], *_CONTACT["phone"], "联系方式", "办公电话", "phone number"),
        "mail": (*_CONTACT["email"], "email address"),
        "external_id": (
            "external_id", "external_userid", "wecom_external_id", "wecom id", "企业微信id", "外部联系人id",
            "微信号", "wechat",
            "wechat id", "unionid", "openid",
        ),
        "company": (*_ACCOUNT["name"][1:], "所属公司", "所在单位", "工作单位", "employer", "account"),
    },
}  # fmt: skip
"""Kind → field → headings. The first heading that fits a field comes first; phone takes every column that fits."""
SEVERAL = frozenset({"phone", "code", "mail"})
NEEDED = {"account": ("name",), "contact": ("name", "phone", "mail", "external_id")}
"""At least one of these must be there."""
OTHER_NAMES = {"email": "mail", "website": "site", "uscc": "code", "legal_person": "person", "mobile": "phone"}


def recognise_columns(kind: str, columns: Sequence[str], told: Mapping[str, str]) -> dict[str, list[str]]:
    """Field → columns. ``told``: column → field as a person says; an empty field leaves the column out.
    ``ConfigInvalid`` names a column or field that does not exist, and what is missing."""
    words = WORDS[kind]
    _check_told(columns, words, told)
    found: dict[str, list[str]] = {}
    for column, field in told.items():
        if field:
            found.setdefault(OTHER_NAMES.get(field, field), []).append(column)
    ranked = sorted(
        (rank, at, field, column)
        for at, column in enumerate(columns)
        if column not in told
        for field, named in words.items()
        if (rank := _rank(column, named)) is not None
    )
    taken: set[str] = set()
    for _, _, field, column in ranked:
        if column not in taken and (field not in found or field in SEVERAL):
            found.setdefault(field, []).append(column)
            taken.add(column)
    if not any(field in found for field in NEEDED[kind]):
        raise ConfigInvalid("dedupe.no_name", columns=", ".join(columns), fields=", ".join(NEEDED[kind]))
    return found


def _check_told(columns: Sequence[str], words: Mapping[str, Sequence[str]], told: Mapping[str, str]) -> None:
    for column, field in told.items():
        if column not in columns:
            raise ConfigInvalid("dedupe.column_unknown", column=column, columns=", ".join(columns))
        if field and OTHER_NAMES.get(field, field) not in words:
            raise ConfigInvalid("dedupe.field_unknown", field=field, fields=", ".join(words))


def _rank(column: str, words: Sequence[str]) -> tuple[int, int] | None:
    """How well a heading fits: as it stands, or ending in a word of Chinese (客户手机)."""
    heading = fold_heading(column)
    folded = [fold_heading(word) for word in words]
    if heading in folded:
        return 0, folded.index(heading)
    endings = [at for at, word in enumerate(folded) if len(word) > 1 and not word.isascii() and heading.endswith(word)]
    return (1, endings[0]) if endings else None
