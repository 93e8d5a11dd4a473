from decimal import Decimal

import pytest

from hub.mapping.context import Refusal
from hub.mapping.path import (
    ABSENT,
    compile_list_opener,
    compile_list_reader,
    compile_reader,
    compile_writer,
    key_text,
    parse_path,
)

PARTY = {
    "id": 4,
    "currency": 1,
    "currency.": {"code": "CNY"},
    "owner": None,
    "identifiers": [{"type": "eu_vat", "code": "DE1"}, {"type": "cn_vat", "code": "9133"}],
    "contacts": [{"type": "phone", "primary": True, "value": "1"}, {"type": "phone", "primary": False, "value": "2"}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 4),
        ("'currency.'.code", "CNY"),
        ("identifiers[type=cn_vat].code", "9133"),
        ("contacts[type=phone,primary=false].value", "2"),
        ("contacts[type='phone', primary=true].value", "1"),
        ("identifiers[type=fr_vat].code", None),
        ("owner.name", None),
        ("nothing", ABSENT),
        ("nothing.at.all", ABSENT),
        ("nothing[a=b].c", ABSENT),
    ],
)
def test_reads(path, value):
    assert compile_reader(parse_path(path))(PARTY) == value


@pytest.mark.parametrize("path", ["id.code", "currency[type=x].code", "identifiers.code", "currency.code"])
def test_refuses_a_path_that_leads_through_a_plain_value(path):
    with pytest.raises(Refusal):
        compile_reader(parse_path(path))(PARTY)


@pytest.mark.parametrize("path", ["", "a.", ".a", "a..b", "a[b]", "a[=b]", "a[b=c", "a b", "a[b=c]d", "a['b'=c]"])
def test_refuses_what_is_no_path(path):
    with pytest.raises(ValueError):
        parse_path(path)


def test_writes_what_it_reads():
    written: dict = {}
    for path, value in [
        ("id", 4),
        ("'currency.'.code", "CNY"),
        ("contacts[type=phone,primary=true].value", "1"),
        ("contacts[type=phone,primary=true].note", "desk"),
        ("contacts[type=email].value", "a@b"),
        ("rank[no='1'].x", 1),
        ("rank[no=2].x", 2),
    ]:
        compile_writer(parse_path(path))(written, value)
        assert compile_reader(parse_path(path))(written) == value
    assert written == {
        "id": 4,
        "currency.": {"code": "CNY"},
        "contacts": [
            {"type": "phone", "primary": True, "value": "1", "note": "desk"},
            {"type": "email", "value": "a@b"},
        ],
        "rank": [{"no": "1", "x": 1}, {"no": 2, "x": 2}],
    }


def test_reads_and_opens_lists():
    select = compile_list_reader(parse_path("identifiers[type=cn_vat]"))
    assert select(PARTY) == [{"type": "cn_vat", "code": "9133"}]
    assert select({"identifiers": None}) is None
    assert select({}) is ABSENT
    written: dict = {}
    compile_list_opener(parse_path("a.lines"))(written).append({"id": 1})
    compile_list_opener(parse_path("a.lines"))(written).append({"id": 2})
    assert written == {"a": {"lines": [{"id": 1}, {"id": 2}]}}


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("a", "a", True),
        ("a", "a.b", True),
        ("a.b", "a.c", False),
        ("a[t=x].v", "a[t=y].v", False),
        ("a[t=x].v", "a[t=x].w", False),
        ("a[t=x].v", "a", True),
        ("currency", "'currency.'.code", False),
    ],
)
def test_knows_when_two_paths_meet(one, other, clash):
    assert parse_path(one).overlaps(parse_path(other)) is clash
    assert parse_path(other).overlaps(parse_path(one)) is clash


def test_keys_are_text_whatever_type_they_came_in():
    assert [key_text(raw) for raw in (" 0012 ", 12, True, False)] == ["0012", "12", "true", "false"]
    raw: object
    for raw in (1.5, {}, [], None, Decimal("sNaN"), Decimal("1E+99999")):
        with pytest.raises(Refusal):
            key_text(raw)
