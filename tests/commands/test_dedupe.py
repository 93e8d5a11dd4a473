"""``isthmus dedupe``: any list in, the same list with clusters out; no home is needed."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from itertools import combinations
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from hub.commands.app import build_app

SAMPLES = Path(__file__).parents[1] / "identity" / "samples"
HEADINGS = {
    "name": "客户名称", "uscc": "税号", "phone": "联系电话", "email": "邮箱", "website": "网址", "address": "公司地址",
    "legal_person": "法人",
}  # fmt: skip


def dedupe(*words):
    """(exit code, the JSON document, what was said beside it)."""
    result = CliRunner().invoke(build_app(), ["dedupe", *map(str, words), "--json"])
    return result.exit_code, json.loads(result.stdout), result.stderr


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def groups(rows):
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["cluster_id"], set()).add(row["record_id"])
    return {frozenset(members) for members in found.values()}


def pairs(rows, key):
    return {
        frozenset((one["record_id"], other["record_id"]))
        for one, other in combinations(rows, 2)
        if one[key] and one[key] == other[key]
    }


@pytest.fixture
def companies():
    return SAMPLES / "companies.csv"


def test_every_row_comes_back_in_its_order_with_cluster_band_and_relation(tmp_path, companies):
    out, review = tmp_path / "out.csv", tmp_path / "review.csv"
    code, answer, said = dedupe(companies, "--kind", "account", "--out", out, "--review", review)
    rows, given = read(out), read(companies)
    assert (code, answer["schema"], answer["item"]["rows"]) == (0, "isthmus/dedupe/1", len(given))
    assert [row["record_id"] for row in rows] == [row["record_id"] for row in given]
    assert [row["name"] for row in rows] == [row["name"] for row in given]
    assert {row["band"] for row in rows} == {"auto", "review", "single"}
    sizes = Counter(row["cluster_id"] for row in rows)
    assert all((sizes[row["cluster_id"]] == 1) == (row["band"] == "single") for row in rows)
    told = [row for row in rows if row["relation"]]
    named = {row["cluster_id"]: row["entity_id"] for row in rows}
    assert len(told) >= 10
    assert all(named[row["relation"].removeprefix("branch_of:")] == row["rel_parent"] for row in told)
    assert len(read(review)) == answer["item"]["questions"] > 0
    assert "7/7" in said


def test_what_it_finds_is_right(tmp_path, companies):
    dedupe(companies, "--kind", "account", "--out", tmp_path / "all.csv")
    dedupe(companies, "--kind", "account", "--out", tmp_path / "sure.csv", "--auto-only")
    rows, sure = read(tmp_path / "all.csv"), read(tmp_path / "sure.csv")
    true, found, certain = pairs(rows, "entity_id"), pairs(rows, "cluster_id"), pairs(sure, "cluster_id")
    assert len(found & true) >= 0.9 * len(true)
    assert len(found - true) <= 0.03 * len(found)
    assert not certain - true
    assert {row["band"] for row in sure} == {"auto", "single"}
    auto = pairs([row for row in rows if row["band"] == "auto"], "cluster_id")
    assert auto <= certain


def test_contacts_too(tmp_path):
    code, _, _ = dedupe(SAMPLES / "contacts.csv", "--kind", "contact", "--out", tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    true, found = pairs(rows, "person_id"), pairs(rows, "cluster_id")
    assert code == 0
    assert len(found & true) >= 0.85 * len(true)
    assert len(found - true) <= 0.01 * len(found)


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "jsonl", "parquet"])
def test_forms_headings_and_order_make_no_difference(tmp_path, companies, suffix):
    from hub.sync.dedupe.sheets import write_frame

    given = read(companies)
    random.Random(5).shuffle(given)
    frame = pl.DataFrame(given).select(["record_id", *HEADINGS]).rename(HEADINGS)
    source, out = tmp_path / f"名单.{suffix}", tmp_path / f"out.{suffix}"
    write_frame(source, frame)
    code, answer, _ = dedupe(source, "--kind", "account", "--out", out)
    assert code == 0
    assert set(answer["item"]["columns"]) == {
        "record_id", "name", "code", "phone", "mail", "site", "address", "person",
    }  # fmt: skip
    again = tmp_path / "again.csv"
    dedupe(out, "--kind", "account", "--out", again)
    plain = tmp_path / "plain.csv"
    write_frame(tmp_path / "unshuffled.csv", pl.DataFrame(read(companies)).select(["record_id", *HEADINGS]))
    dedupe(tmp_path / "unshuffled.csv", "--kind", "account", "--out", plain)
    assert groups(read(again)) == groups(read(plain))


def test_rows_without_an_id_are_counted_and_columns_can_be_told(tmp_path):
    source, out = tmp_path / "list.csv", tmp_path / "out.csv"
    source.write_text(
        "谁,号\n上海良辰贸易有限公司,021-22943501\n良辰贸易（上海）有限公司,021-22943501转12\n武汉启明科技有限公司,\n",
        "utf-8",
    )
    code, answer, _ = dedupe(source, "--kind", "account", "--out", out)
    assert (code, answer["errors"][0]["code"]) == (2, "dedupe.no_name")
    code, _, _ = dedupe(
        source, "--kind", "account", "--out", out, "--map", "谁=name", "--map", "号=phone"
    )  # fmt: skip
    rows = read(out)
    assert code == 0
    assert [row["record_id"] for row in rows] == ["1", "2", "3"]
    assert [row["cluster_id"] for row in rows] == ["C1", "C1", "C3"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--kind", "order"), "dedupe.kind_unknown"),
        (("--kind", "account", "--map", "nothing=name"), "dedupe.column_unknown"),
        (("--kind", "account", "--map", "name=colour"), "dedupe.field_unknown"),
        (("--kind", "account", "--map", "name"), "dedupe.map_broken"),
    ],
)
def test_what_is_asked_wrongly_is_named(tmp_path, companies, words, code):
    found, answer, _ = dedupe(companies, "--out", tmp_path / "out.csv", *words)
    assert (found, answer["errors"][0]["code"]) == (2, code)
    assert not (tmp_path / "out.csv").exists()


def test_no_cell_of_the_answer_is_calculated(tmp_path):
    source, out = tmp_path / "list.csv", tmp_path / "out.csv"
    source.write_text("name,note\n上海良辰贸易有限公司,'=1+1\n武汉启明科技有限公司,-5\n", "utf-8")
    dedupe(source, "--kind", "account", "--out", out)
    assert [row["note"] for row in read(out)] == ["'=1+1", "-5"]
