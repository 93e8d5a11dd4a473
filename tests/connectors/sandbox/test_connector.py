"""The connector against the simulated ERP, in process and over a real port."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import USER
from hub.errors import Duplicate, Locked, Rejected, Stale, Transient
from hub.locale import load_texts
from hub.sdk import ALL_FIELDS, Amend, CheckItem, Confirm, Draft, Stage, Tier, Written

LINE = {"text": "螺栓", "quantity": "2", "price": "1.25", "tax_percent": "13"}


def codes(items: list[CheckItem]) -> list[tuple[bool, str]]:
    return [(item.ok, item.code) for item in items]


def test_check_finds_nothing_wrong_and_says_who_we_are(bench):
    assert codes(bench.connector.check()) == [(True, "sandbox.reached"), (True, "sandbox.as_declared")]


def test_check_finds_a_wrong_token(make_bench):
    bench = make_bench(config={"token": "other"})
    assert codes(bench.connector.check())[-1] == (False, "sandbox.token_refused")


def test_check_finds_a_declaration_that_is_too_optimistic(make_bench):
    bench = make_bench(tier="plain", config={"tier": "unique", "user": "robot"})
    found = {item.params["what"]: item.params["found"] for item in bench.connector.check() if not item.ok}
    assert found == {"sale_reference": "free", "user": USER}


def test_check_finds_a_server_that_is_away(bench):
    bench.faults.order_next("read_lost", times=3)
    assert codes(bench.connector.check()) == [(False, "sandbox.unreachable")]


def test_check_finds_a_server_that_is_something_else(make_bench):
    assert codes(make_bench(path="/elsewhere").connector.check()) == [(False, "sandbox.not_a_sandbox")]


def test_every_finding_has_a_text_in_both_languages(bench):
    for language in ("en", "zh"):
        texts = load_texts(language)
        for item in bench.connector.check():
            assert item.code in texts


def test_every_question_is_asked_in_both_languages():
    for name, field in SandboxConnector.Config.model_fields.items():
        assert field.description, name
        assert (field.json_schema_extra or {})["zh"], name  # type: ignore[index]  # never a function here


def test_a_sale_goes_there_and_comes_back(bench):
    customer = bench.add_partner()
    (written,) = bench.sale.create([Draft("R1", {"customer": customer, "note": "急", "lines": [LINE]})])
    assert written == Written("S1", 1, "SO0001")
    record = bench.sales.fetch("S1")
    assert record.payload["gross"] == "2.83"
    assert (record.reference, record.number, record.version, record.stage) == ("R1", "SO0001", 1, Stage.DRAFT)
    assert (record.created_by_us, record.changed_by_us, record.touched_by_person) == (True, True, False)
    assert record.read_at == record.modified_at == bench.clock.now()
    assert bench.sale.find("R") == [record]
    assert bench.sales.read_page(None, None, 10).records == [record]


def test_the_stages_of_a_sale(bench):
    id = bench.add_sale()
    stages = []
    for action in ("create", "submit", "approve", "close"):
        if action != "create":
            bench.person.do(action, id)
        stages.append(bench.sales.fetch(id).stage)
    assert stages == [Stage.DRAFT, Stage.SUBMITTED, Stage.EFFECTIVE, Stage.EFFECTIVE]
    other = bench.add_sale()
    bench.person.void(other)
    assert bench.sales.fetch(other).stage is Stage.VOID
    assert [record.stage for record in bench.sale.find("R")] == []


def test_a_person_is_seen_in_the_record(bench):
    (written,) = bench.sale.create([Draft("R1", {"customer": bench.add_partner()})])
    bench.person.edit("sale", written.external_id, note="人工")
    record = bench.sales.fetch(written.external_id)
    assert (record.created_by_us, record.changed_by_us, record.touched_by_person) == (True, False, True)
    bench.person.approve(written.external_id)
    bench.person.invoice(written.external_id)
    assert bench.sales.fetch(written.external_id).live_children is True


def test_an_erp_that_does_not_show_modifiers_and_versions(make_bench):
    bench = make_bench(shows_modifier=False, versioned=False)
    (written,) = bench.sale.create([Draft("R1", {"customer": bench.add_partner()})])
    assert written.version is None
    record = bench.sales.fetch(written.external_id)
    assert (record.created_by_us, record.changed_by_us, record.touched_by_person) == (None, None, None)
    assert record.version is None
    assert (bench.sale.semantics.shows_modifier, bench.sale.semantics.versioned) == (False, False)


def test_a_patch_changes_what_it_names(bench):
    id = bench.add_sale(note="vorher")
    line = bench.sales.fetch(id).payload["lines"][0]
    written = bench.sale.patch(id, {"lines": [{"id": line["id"], "quantity": "4"}, LINE]}, if_version=1)
    assert written.version == 2
    after = bench.sales.fetch(id).payload
    assert after["note"] == "vorher"
    assert [line["quantity"] for line in after["lines"]] == ["4", "2"]


def test_every_refusal_has_its_class(make_bench):
    bench = make_bench(tier="unique", amend="refuse")
    customer = bench.add_partner()
    bench.sale.create([Draft("R1", {"customer": customer})])
    (again,) = bench.sale.create([Draft("R1", {"customer": customer})])
    assert type(again) is Duplicate
    (bad,) = bench.sale.create([Draft("R2", {"customer": "P99"})])
    assert type(bad) is Rejected
    assert "P99" in (bad.vendor or "")
    with pytest.raises(Locked, match="approved"):
        bench.sale.patch("S1", {"date": "2026-12-01"}, if_version=None)
    with pytest.raises(Stale):
        bench.sale.patch("S1", {"note": "x"}, if_version=9)
    with pytest.raises(Rejected, match="S99"):
        bench.sale.patch("S99", {"note": "x"}, if_version=None)


def test_the_steps_of_the_workflow(make_bench):
    bench = make_bench(amend="reopen")
    (written,) = bench.sale.create([Draft("R1", {"customer": bench.add_partner()})])
    id = written.external_id
    assert bench.sale.submit(id, if_version=1).version == 2
    assert bench.sale.submit(id, if_version=1).version == 2
    with pytest.raises(Stale):
        bench.sale.confirm(id, if_version=1)
    assert bench.sale.confirm(id, if_version=2).version == 3
    assert bench.sale.reopen(id, if_version=None).version == 4
    assert bench.sale.void(id, if_version=None).version == 5
    assert bench.sales.fetch(id).stage is Stage.VOID


def test_a_delete_of_what_is_gone_is_done(bench):
    id = bench.add_sale()
    bench.sale.delete(id, if_version=None)
    bench.sale.delete(id, if_version=None)
    assert bench.sales.fetch(id) is None
    assert bench.sales.list_ids() == []


def test_a_batch_has_a_result_for_each_item(make_bench):
    bench = make_bench(tier="unique", config={"batch_size": 20})
    customer = bench.add_partner()
    bench.faults.order_next("item_refused")
    drafts = [
        Draft(ref, {"customer": to}) for ref, to in (("R0", customer), ("R1", customer), ("R1", customer), ("R2", "?"))
    ]
    results = bench.sale.create(drafts)
    assert [type(result) for result in results] == [Transient, Written, Duplicate, Rejected]
    assert [sale["our_ref"] for sale in bench.erp.documents("sale")] == ["R1"]


def test_a_tier_without_references_sends_and_finds_none(make_bench):
    bench = make_bench(tier="blind", master_tier="blind")
    (written,) = bench.sale.create([Draft("R1", {"customer": bench.add_partner()})])
    assert isinstance(written, Written)
    assert bench.sales.fetch(written.external_id).reference is None
    assert bench.sale.find("R1") == ()
    assert bench.sale.semantics.reference_field is None


def test_partners_are_found_by_their_registration_number(bench):
    id = bench.add_partner(tax_id="91310115591693856A")
    bench.add_partner()
    assert [record.external_id for record in bench.partner.find_by_identifier("uscc", "91310115591693856A")] == [id]
    assert bench.partner.find_by_identifier("lei", "91310115591693856A") == ()
    with pytest.raises(Locked):
        bench.partner.void(id, if_version=None)


def test_pages_follow_each_other_without_gap_and_without_repetition(make_bench):
    bench = make_bench(max_page=3)
    ids = [bench.add_sale() for _ in range(8)]  # all with the same change time
    seen, position = [], None
    while True:
        page = bench.sales.read_page(None, position, 100)
        seen += [record.external_id for record in page.records]
        if page.position is None:
            break
        if len(seen) == 3:
            bench.clock.sleep(1)
            ids.append(bench.add_sale())
            bench.person.edit("sale", ids[0], note="wandert ans Ende")
        position = page.position
    assert seen == [*ids[:8], ids[0], ids[8]]
    assert page.high_water == bench.clock.now()


def test_only_what_changed_since_is_read(bench):
    bench.add_sale()
    bench.clock.sleep(5)
    second = bench.add_sale()
    since = bench.clock.now()
    assert [record.external_id for record in bench.sales.read_page(since, None, 9).records] == [second]
    assert bench.sales.read_page(since + timedelta(seconds=1), None, 9).records == []
    assert bench.sales.read_page(since + timedelta(seconds=1), None, 9).high_water is None


def test_deleted_documents_are_in_the_list_where_the_erp_says_so(make_bench):
    for listed, stages in ((False, []), (True, [Stage.GONE])):
        bench = make_bench(lists_deleted=listed)
        bench.person.delete("sale", bench.add_sale())
        assert [record.stage for record in bench.sales.read_page(None, None, 9).records] == stages


@pytest.mark.parametrize(
    ("tier", "amend", "draft", "effective", "voidable", "declared"),
    [
        ("draft", "refuse", ALL_FIELDS, {"note", "reference"}, {Stage.DRAFT}, Amend.REFUSE),
        ("draft", "free", ALL_FIELDS, ALL_FIELDS, {Stage.DRAFT, Stage.EFFECTIVE}, Amend.REFUSE),
        ("plain", "reverse", None, {"note", "reference"}, {Stage.EFFECTIVE}, Amend.REVERSE),
        ("unique", "park", None, {"note", "reference"}, set(), Amend.PARK),
    ],
)
def test_the_declaration_follows_the_settings(make_bench, tier, amend, draft, effective, voidable, declared):
    semantics = make_bench(tier=tier, amend=amend).sale.semantics
    assert semantics.tier is Tier(tier)
    assert semantics.editable.get(Stage.DRAFT) == draft
    assert semantics.editable[Stage.EFFECTIVE] == effective
    assert Stage.SUBMITTED not in semantics.editable
    assert semantics.voidable == voidable
    assert semantics.amend is declared
    assert semantics.confirms == (set(Confirm) if tier == "draft" else {Confirm.SAVE})


def test_what_the_erp_keeps_is_what_the_declaration_says(make_bench):
    bench = make_bench(text_max=6, text_upper=True)
    note = "  abcde f "
    (written,) = bench.sale.create([Draft("R1", {"customer": bench.add_partner(), "note": note})])
    kept = bench.sales.fetch(written.external_id).payload["note"]
    assert kept == bench.sale.semantics.normalisers["note"].apply(note) == "ABCDE"


def test_requests_carry_a_name_that_the_erp_keeps(bench):
    bench.sales.list_ids()
    bench.sales.list_ids()
    first, second = [trace.request_id for trace in bench.api.requests]
    assert len(first) == 12
    assert first != second


def test_the_config_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="tier"):
        SandboxConnector.Config.model_validate({"url": "http://x", "token": "t", "tier": "best"})
