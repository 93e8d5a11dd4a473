"""A list is worked on in pieces: wherever they are done, what comes of them is the same."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hub.identity.columns import sort_different, spread_here
from hub.identity.table import AccountTable, make_table
from hub.sync.dedupe.workers import MANY, open_crew, tell

SAMPLES = Path(__file__).parents[1] / "identity" / "samples"
NAMED = {
    "name": "name", "code": "uscc", "phone": "phone", "mail": "email", "site": "website", "address": "address",
    "province": "province", "city": "city", "person": "legal_person",
}  # fmt: skip


@pytest.fixture
def raw() -> dict[str, pl.Series]:
    with (SAMPLES / "companies.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {field: pl.Series(values=[row[name] for row in rows], dtype=pl.String) for field, name in NAMED.items()}


def columns_of(table: AccountTable) -> dict[str, list[int]]:
    return {name: np.asarray(values).tolist() for name, values in table.columns.items()}


def test_other_processes_read_texts_as_this_one_does(raw):
    told = []
    with open_crew(MANY) as crew:
        there = make_table(raw, tell(crew.spread, "normalise", lambda *step: told.append(step)))
    here = make_table(raw, spread_here)
    assert columns_of(there) == columns_of(here)
    assert told == [("normalise", done, 7) for done in range(1, 8)]


@pytest.mark.parametrize("values", [[], [3], [2, 1, 2, 2, 1], list(range(9, 0, -1))])
def test_numbers_are_told_apart_in_order(values):
    assert sort_different(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))
