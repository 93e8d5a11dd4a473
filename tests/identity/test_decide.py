"""Two records: vetoes, weights that add up, bands; symmetric, and the same one by one as all at once."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.identity import weights
from hub.identity.blocking import count_keys
from hub.identity.cluster import Edge, cluster_pairs
from hub.identity.columns import spread_here
from hub.identity.compare import NAME_LEVELS, PERSON_NAME_LEVELS
from hub.identity.decide import Band, decide_pair
from hub.identity.keys import make_keys
from hub.identity.profile import AccountProfile, normalise_account, normalise_contact
from hub.identity.scoring import Pairs, score_accounts, split_by_veto
from hub.identity.table import make_table

SAMPLES = Path(__file__).parent / "samples"
"""Some families of the project's own generated sets (2,000 companies and persons): invented numbers, public names."""
ONE, TWO = "91310109785165381K", "914403001922038216"  # pragma: allowlist secret


def read_rows(name):
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def make_account(row):
    return normalise_account(
        name=row["name"], codes=[row["uscc"]], phones=[row["phone"]], mails=[row["email"]], website=row["website"],
        address=row["address"], province=row["province"], city=row["city"], legal_person=row["legal_person"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def companies():
    return read_rows("companies.csv")


def decide(one, other, **more):
    return decide_pair(normalise_account(**one), normalise_account(**other), **more)


# ---------------------------------------------------------------- vetoes


def test_two_valid_codes_are_two_companies_whatever_else_agrees():
    same = {"name": "上海良辰贸易有限公司", "phones": ["13800138000"], "mails": ["li@liangchen.cn"]}
    found = decide({**same, "codes": [ONE]}, {**same, "codes": [TWO]})
    assert (found.band, found.veto) == (Band.SEPARATE, "identity.codes_differ")
    assert found.against is not None
    assert found.against.level == "identity.codes_differ"


def test_a_branch_is_related_to_its_parent_and_never_the_same():
    parent = {"name": "上海良辰贸易有限公司", "codes": [ONE]}
    found = decide({"name": "上海良辰贸易有限公司武汉分公司", "codes": [ONE]}, parent)
    assert (found.band, found.veto, found.relation) == (Band.SEPARATE, "identity.branch_differs", "branch_of")
    assert found.first_is_branch
    other = decide({"name": "北京启明科技有限公司武汉分公司"}, parent)
    assert (other.veto, other.relation) == ("identity.branch_differs", None)


def test_two_branches_in_two_places_are_two():
    one, other = ({"name": f"上海良辰贸易有限公司{place}分公司", "codes": [ONE]} for place in ("武汉", "长沙"))
    assert decide(one, other).veto == "identity.branches_differ"


def test_a_group_is_not_the_company_unless_the_code_says_so():
    group, company = {"name": "三门格林集团有限公司"}, {"name": "三门格林有限公司"}
    assert decide(group, company).veto == "identity.group_differs"
    assert decide({**group, "codes": [ONE]}, {**company, "codes": [ONE]}).band is Band.AUTO


def test_what_a_person_said_holds_and_documents_stand_above_it():
    same = {"name": "上海良辰贸易有限公司", "codes": [ONE]}
    assert decide(same, same).band is Band.AUTO
    assert decide(same, same, answers=["different"]).veto == "identity.said_different"
    assert decide(same, same, answers=["different", "same"]).band is Band.AUTO
    posted = decide(same, same, answers=["same"], vetoes=["identity.both_posted"])
    assert (posted.band, posted.veto) == (Band.SEPARATE, "identity.both_posted")


def test_two_whole_names_without_a_character_in_common_are_two_persons():
    one, other = (normalise_contact(name=name, phones=["13800138000"]) for name in ("李明", "王芳菲"))
    assert decide_pair(one, other).veto == "identity.names_differ"


def test_an_account_and_a_contact_are_never_compared():
    with pytest.raises(TypeError):
        decide_pair(normalise_account(name="良辰"), normalise_contact(name="良辰"))


# ---------------------------------------------------------------- weights and bands


@pytest.mark.parametrize(
    ("one", "other", "band"),
    [
        ("上海良辰贸易有限公司", "上海良辰贸易有限公司（老客户）", Band.AUTO),
        ("上海良辰贸易有限公司", "良辰贸易（上海）有限公司", Band.AUTO),
        ("上海市良辰贸易有限公司", "上海良晨贸易有限公司", Band.SEPARATE),
        ("华为", "华为", Band.REVIEW),
        ("上海良辰贸易有限公司", "上海良辰建材有限公司", Band.SEPARATE),
        ("上海良辰贸易有限公司", "武汉良辰贸易有限公司", Band.SEPARATE),
    ],
)
def test_bands_of_names_alone(one, other, band):
    assert decide({"name": one}, {"name": other}).band is band


def test_a_short_name_with_a_persons_own_number_is_beyond_doubt():
    one = {"name": "华为", "phones": ["13800138000"], "address": "深圳市坂雪岗大道1号"}
    other = {"name": "深圳华为技术有限公司", "phones": ["+86 138 0013 8000"], "address": "深圳市坂雪岗大道1号"}
    assert decide(one, other).band is Band.AUTO


def test_a_short_name_alone_only_proposes():
    short = {"name": "良辰", "address": "上海市世纪大道100号"}
    whole = {"name": "上海良辰贸易有限公司", "address": "上海市世纪大道100号", "legal_person": "李明"}
    assert decide({**short, "legal_person": "李明"}, whole).band is Band.REVIEW


def test_what_many_are_called_says_less():
    one = {"name": "上海良辰贸易有限公司"}
    rare, common = decide(one, one), decide(one, one, counts=lambda kind, value: 500)
    assert rare.weight > common.weight


def test_every_level_has_a_weight():
    assert set(weights.ACCOUNT["name"]) == set(NAME_LEVELS)
    assert set(weights.CONTACT["name"]) == set(PERSON_NAME_LEVELS)


def test_weights_add_up_and_the_order_does_not_matter(companies):
    profiles = [make_account(row) for row in companies[:60]]
    for one, other in combinations(profiles, 2):
        found, back = decide_pair(one, other), decide_pair(other, one)
        assert found.weight == sum(item.weight for item in found.evidence)
        assert found.version == weights.VERSION
        assert (found.band, found.weight, found.veto, found.relation) == (
            back.band, back.weight, back.veto, back.relation,
        )  # fmt: skip


def test_a_contact_is_the_same_in_another_company_by_mobile_and_name():
    one = normalise_contact(name="朱梓琳", phones=["13800138000"], company="上海良辰贸易有限公司")
    other = normalise_contact(name="Zilin Zhu", phones=["+86 138 0013 8000"], company="武汉启明科技有限公司")
    assert decide_pair(one, other).band is Band.AUTO
    assert decide_pair(other, one).weight == decide_pair(one, other).weight


def test_a_surname_with_a_title_is_a_question_and_of_two_such_persons_nobodys():
    part = normalise_contact(name="谢主任", company="上海良辰贸易有限公司")
    whole = normalise_contact(name="谢伟颖", company="上海良辰贸易有限公司")
    assert decide_pair(part, whole).band is Band.REVIEW
    assert decide_pair(part, whole, lambda kind, value: 2 * (kind == "surname_house_names")).band is Band.SEPARATE


def test_records_that_share_no_key_are_never_the_same_and_true_pairs_share_one(companies):
    profiles = [make_account(row) for row in companies]
    keys = [set(make_keys(profile)) for profile in profiles]
    true = [
        (a, b)
        for a, b in combinations(range(len(companies)), 2)
        if companies[a]["entity_id"] == companies[b]["entity_id"]
    ]
    found = sum(bool(keys[a] & keys[b]) for a, b in true)
    assert found >= 0.95 * len(true)


# ---------------------------------------------------------------- one by one and all at once


def table_of(rows):
    named = {
        "name": "name",
        "code": "uscc",
        "phone": "phone",
        "mail": "email",
        "site": "website",
        "person": "legal_person",
    }
    named |= {name: name for name in ("address", "province", "city")}
    raw = {field: pl.Series(values=[row[column] for row in rows], dtype=pl.String) for field, column in named.items()}
    return make_table(raw, spread_here)


def counts_of(profiles: list[AccountProfile]):
    found: dict[tuple[str, str], int] = {}
    codes: dict[str, set[str]] = {}
    for profile in profiles:
        for key in make_keys(profile):
            found[key.kind, key.value] = found.get((key.kind, key.value), 0) + 1
        if profile.uscc:
            codes.setdefault(profile.name.core, set()).add(profile.uscc)
    found |= {("core_codes", core): len(several) for core, several in codes.items()}
    return lambda kind, value: found.get((kind, value), 0)


def compare_both_ways(rows):
    profiles, table = [make_account(row) for row in rows], table_of(rows)
    pairs = np.array(list(combinations(range(len(rows)), 2)), dtype=np.int32).reshape(-1, 2)
    free, _ = split_by_veto(Pairs(table, pairs[:, 0], pairs[:, 1]))
    scored = score_accounts(free, count_keys(table))
    at_once = {
        (one, other): (weight, auto)
        for one, other, weight, auto in zip(
            scored.one.tolist(), scored.other.tolist(), scored.weight.tolist(), scored.auto.tolist(), strict=True
        )
    }
    counts = counts_of(profiles)
    for one, other in pairs.tolist():
        found = decide_pair(profiles[one], profiles[other], counts)
        kept = None if found.band is Band.SEPARATE else (found.weight, found.band is Band.AUTO)
        assert at_once.get((one, other)) == kept, (rows[one], rows[other], found)


def test_pairs_weigh_the_same_one_by_one_and_all_at_once(companies):
    compare_both_ways(companies)


WORDS = st.sampled_from(
    ["上海", "上海市", "武汉", "（上海）", "良辰", "启明", "良晨", "贸易", "建材", "服务", "集团", "有限公司",
     "股份有限公司", "分公司", "Liangchen ", "Trading ", "Co., Ltd.", " ", "【VIP】", ""]
)  # fmt: skip
RECORDS = st.fixed_dictionaries({
    "name": st.lists(WORDS, max_size=6).map("".join),
    "uscc": st.sampled_from(["", ONE, TWO, ONE[:-2] + "2K", "785165381", "441900503289261", "x"]),
    "phone": st.sampled_from(["", "13800138000", "+8613800138000", "021-22943501", "021-22943501/13800138000"]),
    "email": st.sampled_from(["", "info@liangchen.cn", "li@liangchen.cn", "123456@qq.com"]),
    "website": st.sampled_from(["", "www.liangchen.cn", "liangchen.com", "qiming.cn"]),
    "address": st.sampled_from(["", "上海市世纪大道100号", "世纪大道100号", "上海世级大道100号", "武汉市解放路1号"]),
    "province": st.sampled_from(["", "上海"]),
    "city": st.sampled_from(["", "武汉"]),
    "legal_person": st.sampled_from(["", "李明", "李鸣", "王芳"]),
})  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORDS, min_size=2, max_size=7))
def test_drawn_pairs_weigh_the_same_one_by_one_and_all_at_once(rows):
    compare_both_ways(rows)


# ---------------------------------------------------------------- clusters


EDGES = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(1, 30), st.booleans())
    .filter(lambda row: row[0] != row[1]),
    max_size=16, unique_by=lambda row: frozenset(row[:2]),
)  # fmt: skip
VETOES = st.sets(st.frozensets(st.integers(0, 7), min_size=2, max_size=2), max_size=5)


def make_edges(drawn):
    return [
        Edge(one, other, weight, Band.AUTO if auto else Band.REVIEW, f"{min(one, other)} {max(one, other)}")
        for one, other, weight, auto in drawn
    ]


def show(clusters):
    return {(frozenset(found.members), frozenset(map(frozenset, found.sure))) for found in clusters}


@given(EDGES, VETOES, st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_the_order_and_hold_no_veto(drawn, vetoes, rng):
    def is_vetoed(one, other):
        return frozenset((one, other)) in vetoes

    found = cluster_pairs(make_edges(drawn), is_vetoed)
    shuffled = [(b, a, weight, auto) if rng.random() < 0.5 else (a, b, weight, auto) for a, b, weight, auto in drawn]
    rng.shuffle(shuffled)
    assert show(cluster_pairs(make_edges(shuffled), is_vetoed)) == show(found)
    for group in found:
        assert not any(is_vetoed(one, other) for one, other in combinations(group.members, 2))


@given(EDGES, VETOES)
def test_clustering_components_one_by_one_equals_clustering_all(drawn, vetoes):
    """What is added later only touches the component that it is connected with: incremental equals batch."""

    def is_vetoed(one, other):
        return frozenset((one, other)) in vetoes

    whole = show(cluster_pairs(make_edges(drawn), is_vetoed))
    seen: list[Edge[int]] = []
    kept: set = set()
    for edge in make_edges(drawn):
        seen.append(edge)
        touched = {edge.one, edge.other}
        while True:
            more = {end for item in seen if {item.one, item.other} & touched for end in (item.one, item.other)}
            if more <= touched:
                break
            touched |= more
        component = [item for item in seen if item.one in touched]
        kept = {found for found in kept if not found[0] & touched} | show(cluster_pairs(component, is_vetoed))
    assert kept == whole
