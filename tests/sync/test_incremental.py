"""What comes in one by one ends as what comes in at once, in whatever order, and as a list does.

How many records are called so is evidence, too, and grows while they come in. It counts by doublings, so the tests keep
to where it stands still.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.identity import normalise_account
from hub.identity.decide import find_account_veto
from hub.model.party import Account
from hub.store.identity_rows import CandidateKey, Merge
from hub.sync.aliases import find_roots
from hub.sync.candidate_keys import digest_key, make_profile
from hub.sync.candidates import list_names
from hub.sync.dedupe.accounts import find_accounts
from hub.sync.records import create_record
from hub.sync.review import scan_identity
from tests.sync.parties import open_scene
from tests.sync.scenes import Scene

NAMES = (
    "上海海岳精密机械有限公司", "海岳精密机械有限公司（上海）", "海岳精密机械", "上海海嶽精密機械有限公司", "海岳",
    "宁波江北贸易有限公司", "江北贸易", "上海海岳精密机械有限公司苏州分公司",
)  # fmt: skip
ROWS = st.fixed_dictionaries({
    "name": st.sampled_from(NAMES),
    "phone": st.sampled_from(("", "13812345678", "13987654321", "021-52345678")),
    "email": st.sampled_from(("", "wangfang@haiyue-jm.example", "info@jiangbei.example")),
})  # fmt: skip
STRANGERS = 8
"""So many others are called so, whatever comes: 8 to 15 are as common."""
Row = Mapping[str, str]

pytestmark = pytest.mark.slow


def make(scene: Scene, row: Row) -> Account:
    made = create_record(scene.hub, "account", dict(row), "li", anyway=True)
    assert isinstance(made, Account)
    return made


def part(scene: Scene, made: Sequence[Account]) -> set[frozenset[int]]:
    """Places of the rows that are one record now."""
    with scene.hub.store.read() as tx:
        roots = find_roots(tx, "account", [record.id for record in made])
    groups: dict[object, set[int]] = {}
    for at, record in enumerate(made):
        groups.setdefault(roots.get(record.id, record.id), set()).add(at)
    return {frozenset(group) for group in groups.values()}


def take_in(
    rows: Sequence[Row], order: Sequence[int], *, one_by_one: bool, strangers: bool = True
) -> set[frozenset[int]]:
    """How they end, by their places in ``rows``."""
    with tempfile.TemporaryDirectory() as folder, open_scene(Path(folder), "sqlite://") as scene:
        made = []
        if strangers:
            keep_strangers(scene)
        for place in order:
            scene.clock.pass_time(0.01)  # ids of one moment are in no order
            made.append(make(scene, rows[place]))
            if one_by_one:
                scan_identity(scene.hub, "scan")
        scan_identity(scene.hub, "scan")
        check_vetoes(scene)
        found = part(scene, made)
        return {frozenset(order[at] for at in group) for group in found}


def keep_strangers(scene: Scene) -> None:
    """Carriers of every name that are compared with nobody."""
    keys = {key for name in NAMES for key in list_names(normalise_account(name=name)) if key.value}
    with scene.hub.store.write() as tx:
        for key in sorted(keys):
            for _ in range(STRANGERS):
                tx.save(CandidateKey(key=digest_key("account", key), record_id=scene.hub.new_id()))


def check_vetoes(scene: Scene) -> None:
    """No two that a veto keeps apart are one."""
    with scene.hub.store.read() as tx:
        rows = tx.find(Merge, record_kind="account", undone_at=None)
        ids = {id_ for row in rows for id_ in (row.loser_id, row.root_id)}
        records = {record.id: record for record in tx.find(Account, id__in=sorted(ids), with_deleted=True)}
        profiles = {id_: make_profile(tx, "account", record.__dict__) for id_, record in records.items()}
    for row in rows:
        group = [other.loser_id for other in rows if other.root_id == row.root_id]
        for other_id in group:
            veto, _ = find_account_veto(profiles[row.loser_id], profiles[other_id])  # type: ignore[arg-type]
            assert veto is None


def list_at_once(rows: Sequence[Row]) -> set[frozenset[int]]:
    """What the batch makes of the same rows."""
    raw = {
        "name": pl.Series([row["name"] for row in rows]), "phone": pl.Series([row["phone"] for row in rows]),
        "mail": pl.Series([row["email"] for row in rows]),
    }  # fmt: skip
    found = find_accounts(raw, lambda *step: None, auto_only=True, ask=False).cluster.tolist()
    return {frozenset(at for at, name in enumerate(found) if name == cluster) for cluster in found}


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_one_by_one_at_once_and_in_any_order(rows: list[Row], draw: random.Random) -> None:
    order = list(range(len(rows)))
    at_once = take_in(rows, order, one_by_one=False)
    draw.shuffle(order)
    assert take_in(rows, order, one_by_one=True) == at_once


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, min_size=2, max_size=3))
def test_the_hub_finds_what_is_found_in_a_list(rows: list[Row]) -> None:
    """Up to three are as common, seen by twos or all at once."""
    assert take_in(rows, range(len(rows)), one_by_one=True, strangers=False) == list_at_once(rows)
