"""Proposals for any connector: places inside a record, states, references, and what is not recognised."""

from __future__ import annotations

from hub.mapping import lint_mapping, parse_mapping
from hub.mapping.evidence import guess_type, look_at_values
from hub.mapping.suggest import Source, fold_heading, suggest_mapping

SOURCE = Source("partner", rows="_rows", functions=("amount",), key_columns={"account": ("客户编号",)})


def columns(kind: str, rows: list[dict[str, object]]) -> dict[str, str]:
    proposal = suggest_mapping(kind, rows, SOURCE, currency="CNY")
    return {field.field: field.column for field in proposal.fields}


def test_places_inside_a_record_are_named_as_paths():
    rows: list[dict[str, object]] = [
        {
            "id": 1,
            "name": "云帆有限公司",
            "contact": {"e.mail": "a@example.com", "phone": "021-55550100"},
            "tags": ["x"],
        }
    ]
    found = columns("account", rows)
    assert found["email"] == "contact.'e.mail'"
    assert found["phone"] == "contact.phone"
    assert found["name"] == "name"


def test_states_are_translated_by_the_words_that_occur():
    rows: list[dict[str, object]] = [{"名称": "云帆有限公司", "状态": word} for word in ("停用", "合作中", "怪")]
    proposal = suggest_mapping("account", rows, SOURCE, currency="CNY")
    state = next(field for field in proposal.fields if field.field == "state")
    assert '"停用" = "inactive"' in state.rule
    assert '"合作中" = "active"' in state.rule
    assert "怪" not in state.rule


def test_the_key_of_a_list_is_the_reference_in_another():
    rows: list[dict[str, object]] = [{"客户名称": "云帆有限公司", "客户编号": "0012", "订单号": "A1"}]
    assert columns("order", rows)["account_id"] == "客户编号"


def test_totals_beside_the_lines_of_a_document_are_no_lines():
    document: dict[str, object] = {"no": "A1", "net": "10", "lines": [{"quantity": "1", "price": "10"}]}
    proposal = suggest_mapping("order", [document], Source("sale"), currency="CNY")
    assert [field.field for field in proposal.fields if field.field.startswith("lines.")] == []
    assert {"lines.quantity", "lines.unit_price"} <= set(proposal.missing)


def test_each_column_serves_one_field():
    rows: list[dict[str, object]] = [{"电话": "021-55550100", "手机": "13800000000", "名称": "云帆有限公司"}]
    proposal = suggest_mapping("account", rows, SOURCE, currency="CNY")
    assert [field.column for field in proposal.fields if field.field == "phone"] == ["电话"]
    assert [item.column for item in proposal.unknown] == ["手机"]


def test_what_is_proposed_can_be_read_and_lints_clean():
    rows: list[dict[str, object]] = [
        {"客户编号": "1", "订单号": "A'1", "数量": "3", "单价(元)": "12.50", "行 [备注]": "x", "下单日期": "2026-01-05"}
    ]
    proposal = suggest_mapping("order", rows, SOURCE, currency="EUR")
    source = parse_mapping(proposal.text, "order.toml")
    functions = {name: (lambda value, record: value) for name in ("amount", "amount_out")}
    assert [problem.text() for problem in lint_mapping(source, functions, kind="order")] == []
    assert source.rules["currency"].verbs == {"default": "EUR"}
    assert source.rules["lines"].fields["unit_price"].verbs["from"] == "单价(元)"


def test_headings_are_compared_without_what_people_add():
    assert fold_heading("含税单价（元）*") == "含税单价"
    assert fold_heading("Customer  No.") == fold_heading("customer no")


def test_values_tell_what_a_column_is():
    seen = look_at_values(["91310115591693856A", "91310115591693856A", None])
    assert (seen.filled, seen.share("uscc"), seen.examples) == (2, 1.0, ("91310115591693856A",))
    assert guess_type(["1", "20"]) == "integer"
    assert guess_type(["0012"]) == "text"
    assert guess_type(["1.5", "2"]) == "decimal"
    assert guess_type(["A", "B", "A", "A", "B", "A"]) == "choice"
    assert guess_type(["2026-01-05"]) == "date"
