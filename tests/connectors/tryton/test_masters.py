"""Writing parties and products to the real server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.errors import Duplicate, IsthmusError, Locked, OutcomeUnknown, Rejected, Stale
from hub.sdk import Draft, Stage, Tier, Written
from hub.testkit.fault_proxy import FaultProxy, calls
from tests.connectors.tryton.conftest import Bench, MakeConnector, next_reference

USCC, OTHER_USCC = "91310115921742180N", "9132050596792908XR"
PARTY: dict[str, Any] = {
    "name": "丰泽自动化有限公司",
    "contact_mechanisms": [
        {"type": "phone", "value": "0571-1"},
        {"type": "email", "value": "a@example.com"},
        {"type": "website", "value": ""},
    ],
    "identifiers": {"cn_vat": [{"code": USCC}], "eu_vat": []},
    "addresses": [
        {"kind": "main", "country": {"code": "CN"}, "city": "杭州", "street": "一路 2 号", "postal_code": ""},
    ],
}
PRODUCT: dict[str, Any] = {
    "template": {"name": "垫片", "default_uom": {"symbol": "u"}},
    "list_price_used": "0.35",
    "currency": "CNY",
    "tax_rate": "0.06",
    "description": "不锈钢",
}


def create(bench: Bench, kind: str, payload: dict[str, Any], ref: str | None = None) -> Written:
    result = bench.sink(kind).create([Draft(ref or next_reference(), payload)])[0]
    assert isinstance(result, Written), result
    return result


def refuse(bench: Bench, kind: str, payload: dict[str, Any]) -> IsthmusError:
    result = bench.sink(kind).create([Draft(next_reference(), payload)])[0]
    assert isinstance(result, IsthmusError)
    return result


def test_a_party_there_and_back(bench: Bench):
    ref = next_reference()
    written = create(bench, "account", PARTY, ref)
    record = bench.fetch("party", written.external_id)
    assert (record.version, record.reference, record.number) == (written.version, ref, written.number)
    assert (record.created_by_us, record.stage) == (True, Stage.EFFECTIVE)
    payload = record.payload
    assert payload["name"] == PARTY["name"]
    assert {item["type"]: item["value"] for item in payload["contact_mechanisms"]} == {
        "phone": "0571-1", "email": "a@example.com",
    }  # fmt: skip
    assert [item["code"] for item in payload["identifiers"]["cn_vat"]] == [USCC]
    address = payload["addresses"][0]
    assert (address["city"], address["street"], address["country"]["code"], address["kind"]) == (
        "杭州", "一路 2 号", "CN", "main",
    )  # fmt: skip


def test_a_patch_changes_what_it_names_and_nothing_else(bench: Bench):
    party = bench.make_party("改动公司", uscc=USCC, phone="021-1", email="old@example.com")
    bench.wang.edit_customer(party, contact_mechanisms=[["create", [{"type": "phone", "value": "021-second"}]]])
    before = bench.fetch("party", party)
    kept = before.payload["addresses"][0]
    bench.sink("account").patch(
        str(party),
        {
            "name": "改名公司",
            "contact_mechanisms": [{"type": "phone", "value": "021-2"}, {"type": "email", "value": ""}],
            "addresses": [
                {"id": str(kept["id"]), "kind": "delivery", "city": "苏州", "street": kept["street"]},
                {"kind": "invoice", "country": {"code": "CN"}, "city": "无锡", "street": "三路"},
            ],
            "identifiers": {"cn_vat": [{"code": OTHER_USCC}]},
        },
        if_version=before.version,
    )
    after = bench.fetch("party", party)
    payload = after.payload
    assert (payload["name"], payload["code"]) == ("改名公司", before.payload["code"])
    assert [(item["type"], item["value"]) for item in payload["contact_mechanisms"]] == [
        ("phone", "021-2"), ("phone", "021-second"),
    ]  # fmt: skip
    assert [(item["city"], item["kind"]) for item in payload["addresses"]] == [
        ("苏州", "delivery"),
        ("无锡", "invoice"),
    ]
    assert payload["addresses"][0]["country"]["code"] == "CN"
    assert [item["code"] for item in payload["identifiers"]["cn_vat"]] == [OTHER_USCC]
    assert after.version > before.version  # type: ignore[operator]


def test_what_is_taken_away_is_deactivated_and_our_reference_stays(bench: Bench):
    ref = next_reference()
    party = create(bench, "account", PARTY, ref).external_id
    bench.sink("account").patch(party, {"addresses": [], "identifiers": {"cn_vat": []}}, if_version=None)
    record = bench.fetch("party", party)
    assert (record.payload["addresses"], record.payload["identifiers"]["cn_vat"]) == ([], [])
    assert record.reference == ref
    hidden = bench.wang.call(
        "model.party.address.search", [["party", "=", int(party)], ["active", "=", False]], 0, None, None
    )
    assert len(hidden) == 1


def test_an_empty_patch_and_the_same_values_change_no_value(bench: Bench):
    party = create(bench, "account", PARTY).external_id
    before = bench.fetch("party", party).payload
    address = {**PARTY["addresses"][0], "id": str(before["addresses"][0]["id"])}
    identifier = {"code": USCC, "id": str(before["identifiers"]["cn_vat"][0]["id"])}
    bench.sink("account").patch(party, {}, if_version=None)
    bench.sink("account").patch(
        party, {**PARTY, "addresses": [address], "identifiers": {"cn_vat": [identifier]}}, if_version=None
    )
    after = bench.fetch("party", party).payload
    shown = ("name", "code")
    assert [after[name] for name in shown] == [before[name] for name in shown]
    assert [item["id"] for item in after["addresses"]] == [item["id"] for item in before["addresses"]]
    assert [item["id"] for item in after["identifiers"]["cn_vat"]] == [identifier_id(before)]
    assert len(after["contact_mechanisms"]) == len(before["contact_mechanisms"])


def identifier_id(payload: Any) -> int:
    return int(payload["identifiers"]["cn_vat"][0]["id"])


@pytest.mark.parametrize(
    ("path", "model", "values"),
    [
        ("addresses", "party.address", {"city": "苏州"}),
        ("contact_mechanisms", "party.contact_mechanism", {"value": "021-9"}),
        ("identifiers", "party.identifier", {"code": OTHER_USCC}),
    ],
)
def test_a_patch_after_a_change_of_a_child_is_stale(bench: Bench, path, model, values):
    party = bench.make_party("旧版公司", uscc=USCC, phone="021-1")
    seen = bench.fetch("party", party)
    child = bench.wang.read("party.party", [party], [path])[0][path][0]
    bench.wang.edit(model, child, **values)
    with pytest.raises(Stale):
        bench.sink("account").patch(str(party), {"name": "新名公司"}, if_version=seen.version)
    assert bench.fetch("party", party).payload["name"] == "旧版公司"


def test_a_change_between_look_and_write_is_refused_by_the_server(shaky: Bench, proxy: FaultProxy):
    """The lock covers the children: held at the proxy, the write arrives after a person's edit of the address."""
    import threading

    party = shaky.make_party("锁定公司")
    seen = shaky.fetch("party", party)
    address = seen.payload["addresses"][0]["id"]
    held = proxy.hold_next(calls("model.party.party.write"))
    outcome: list[BaseException] = []

    def write() -> None:
        try:
            shaky.sink("account").patch(str(party), {"name": "新名公司"}, if_version=seen.version)
        except Stale as error:
            outcome.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    assert held.arrived.wait(30)
    shaky.wang.edit("party.address", address, city="苏州")
    held.release()
    writer.join(30)
    assert [type(error) for error in outcome] == [Stale]
    assert shaky.fetch("party", party).payload["name"] == "锁定公司"


def test_an_inactive_party_is_locked(bench: Bench):
    party = bench.make_party("停用公司")
    bench.wang.edit_customer(party, active=False)
    with pytest.raises(Locked):
        bench.sink("account").patch(str(party), {"name": "改名公司"}, if_version=None)


def test_a_wrong_credit_code_is_refused_with_trytons_words(bench: Bench):
    error = refuse(bench, "account", {"name": "错码公司", "identifiers": {"cn_vat": [{"code": "913101159217421801"}]}})
    assert type(error) is Rejected
    assert "913101159217421801" in (error.vendor or "")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"name": "甲", "addresses": [{"kind": "main", "country": {"code": "XX"}}]}, "tryton.country_unknown"),
        (
            {"name": "甲", "addresses": [{"kind": "main", "subdivision": {"name": "不存在省"}}]},
            "tryton.province_unknown",
        ),
    ],
)
def test_what_trytons_tables_do_not_have_is_named(bench: Bench, payload, code):
    assert refuse(bench, "account", payload).code == code


def test_a_party_is_found_by_its_reference_and_by_its_credit_code(bench: Bench):
    ref = next_reference()
    ours = create(bench, "account", {"name": "找得到", "identifiers": {"eu_vat": [{"code": "DE136695976"}]}}, ref)
    assert [hit.external_id for hit in bench.sink("account").find(ref[:28].lower())] == [ours.external_id]
    assert bench.sink("account").find("IT99") == []
    assert bench.sink("account").find_by_identifier("uscc", "91330110336452189N") == []
    party = bench.make_party("另一家", uscc=OTHER_USCC)
    hits = bench.sink("account").find_by_identifier("uscc", OTHER_USCC)
    assert str(party) in [hit.external_id for hit in hits]
    assert [hit.external_id for hit in bench.sink("account").find_by_identifier("vat", "DE136695976")] == [
        ours.external_id
    ]
    assert bench.sink("account").find_by_identifier("uscc", "DE136695976") == []
    assert bench.sink("account").find_by_identifier("lei", "x") == ()
    bench.wang.edit_customer(party, active=False)
    hits = bench.sink("account").find_by_identifier("uscc", OTHER_USCC)
    assert str(party) not in [hit.external_id for hit in hits]


@pytest.mark.parametrize(("kind", "model"), [("account", "party.party"), ("product", "product.template")])
def test_a_persons_copy_carries_our_reference_and_is_not_ours(bench: Bench, kind: str, model: str):
    ref = next_reference()
    made = create(bench, kind, PARTY if kind == "account" else PRODUCT, ref)
    original = int(made.external_id)
    if kind == "product":
        original = bench.fetch("product", original).payload["template"]["id"]
    bench.wang.copy(model, original)
    hits = bench.sink(kind).find(ref)
    assert sorted((hit.created_by_us, hit.reference) for hit in hits) == [(False, ref), (True, ref)]
    assert [hit.external_id for hit in hits if hit.created_by_us] == [made.external_id]


def test_a_product_there_and_back(bench: Bench):
    ref = next_reference()
    written = create(bench, "product", {**PRODUCT, "code": f"GD-{ref[-6:]}"}, ref)
    record = bench.fetch("product", written.external_id)
    assert (record.version, record.reference, record.number) == (written.version, ref, f"GD-{ref[-6:]}")
    payload = record.payload
    assert (payload["template"]["name"], payload["list_price_used"], payload["currency"]) == ("垫片", "0.35", "CNY")
    assert (payload["tax_rate"], payload["template"]["account_category"]["name"]) == ("0.06", "Goods 6%")
    assert (payload["description"], payload["active"]) == ("不锈钢", True)
    bench.sink("product").patch(
        written.external_id,
        {"template": {"name": "垫圈", "default_uom": {"symbol": "u"}}, "list_price_used": "0.4", "description": "",
         "tax_rate": "0.13", "code": f"GE-{ref[-6:]}"},
        if_version=written.version,
    )  # fmt: skip
    payload = bench.fetch("product", written.external_id).payload
    assert (payload["template"]["name"], payload["list_price_used"], payload["tax_rate"]) == ("垫圈", "0.4", "0.13")
    assert (payload["description"] or "", payload["code"]) == ("", f"GE-{ref[-6:]}")


def test_a_patch_after_a_change_of_the_template_is_stale(bench: Bench):
    product = bench.make_product("10")
    seen = bench.fetch("product", product)
    bench.wang.edit("product.template", seen.payload["template"]["id"], list_price=Decimal(11))
    with pytest.raises(Stale):
        bench.sink("product").patch(str(product), {"description": "x"}, if_version=seen.version)
    assert bench.fetch("product", product).payload["description"] is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"template": {"name": "甲", "default_uom": {"symbol": "箱"}}}, "tryton.unit_unknown"),
        ({"template": {"name": "甲"}}, "tryton.unit_missing"),
        ({"currency": "EUR"}, "tryton.other_currency"),
        ({"tax_rate": "0.09"}, "tryton.category_ambiguous"),
        ({"list_price_used": "dear"}, "tryton.not_a_number"),
    ],
)
def test_what_a_product_needs_is_named(bench: Bench, change, code):
    assert refuse(bench, "product", {**PRODUCT, **change}).code == code


def test_the_category_of_new_products_can_be_named(make_connector: MakeConnector, bench: Bench):
    named = Bench(make_connector(product_category="Goods 13%"), bench.wang)
    made = create(named, "product", {**PRODUCT, "tax_rate": None})
    assert bench.fetch("product", made.external_id).payload["tax_rate"] == "0.13"
    unknown = Bench(make_connector(product_category="Goods 99%"), bench.wang)
    assert refuse(unknown, "product", PRODUCT).code == "tryton.category_unknown"


def test_the_code_of_a_family_of_variants_is_trytons(bench: Bench):
    product = bench.make_product("10")
    template = bench.fetch("product", product).payload["template"]["id"]
    bench.wang.call("model.product.product.create", [{"template": template, "suffix_code": "-R"}])
    with pytest.raises(Rejected) as refused:
        bench.sink("product").patch(str(product), {"code": "NEW"}, if_version=None)
    assert refused.value.code == "tryton.code_of_family"


@pytest.mark.parametrize("kind", ["account", "product"])
def test_codes_as_reference_are_unique(make_connector: MakeConnector, bench: Bench, kind: str):
    unique = Bench(make_connector(codes_as_reference=True), bench.wang)
    payload = PARTY if kind == "account" else {**PRODUCT, "code": "not this one"}
    ref = next_reference()
    made = create(unique, kind, payload, ref)
    assert unique.sink(kind).semantics.tier is Tier.UNIQUE
    assert (made.number, [hit.external_id for hit in unique.sink(kind).find(ref)]) == (ref, [made.external_id])
    again = unique.sink(kind).create([Draft(ref, payload)])[0]
    assert isinstance(again, Duplicate)
    assert len(unique.sink(kind).find(ref)) == 1


@pytest.mark.parametrize(("kind", "model"), [("account", "party.party"), ("product", "product.template")])
def test_after_a_lost_answer_the_search_finds_one(shaky: Bench, proxy: FaultProxy, kind: str, model: str):
    ref = next_reference()
    proxy.lose_next_answer(calls(f"model.{model}.create"))
    result = shaky.sink(kind).create([Draft(ref, PARTY if kind == "account" else PRODUCT)])[0]
    assert isinstance(result, OutcomeUnknown)
    hits = shaky.sink(kind).find(ref)
    assert [(hit.created_by_us, hit.reference) for hit in hits] == [(True, ref)]


def test_a_product_whose_id_cannot_be_read_is_unknown_and_found(shaky: Bench, proxy: FaultProxy):
    ref = next_reference()
    shaky.sink("product").find(ref)  # warms the tables up
    create(shaky, "product", PRODUCT)
    proxy.cut_next(calls("model.product.product.search_read"), times=3)
    assert isinstance(shaky.sink("product").create([Draft(ref, PRODUCT)])[0], OutcomeUnknown)
    assert len(shaky.sink("product").find(ref)) == 1


def test_a_write_whose_read_back_fails_is_a_success_without_a_version(shaky: Bench, proxy: FaultProxy):
    party = shaky.make_party("读回公司")
    proxy.cut_next(lambda request: calls("model.party.party.search_read")(request) and wrote(proxy), times=3)
    written = shaky.sink("account").patch(str(party), {"name": "改名公司"}, if_version=None)
    assert written == Written(str(party))
    assert shaky.fetch("party", party).payload["name"] == "改名公司"


def wrote(proxy: FaultProxy) -> bool:
    return any(seen.rpc_method == "model.party.party.write" for seen in proxy.log)


def test_masters_are_never_voided(bench: Bench):
    for kind in ("account", "product"):
        with pytest.raises(Locked):
            bench.sink(kind).void("1", if_version=None)


def test_what_is_not_there_is_refused(bench: Bench):
    with pytest.raises(Rejected) as gone:
        bench.sink("account").patch("999999", {"name": "x"}, if_version=None)
    assert gone.value.code == "tryton.gone"
    with pytest.raises(Rejected) as strange:
        bench.sink("account").patch("seven", {"name": "x"}, if_version=None)
    assert strange.value.code == "tryton.not_an_id"
