"""What a page in a batch comes to, with its quick path for newcomers, is what record by record comes to: companies in
which customers share codes, twins, edits, cancellations and hub records, drawn by seed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.simulator import ErpRefused, make_uscc
from hub.errors import IsthmusError
from hub.sdk import SourceRecord
from hub.store.rows import DeadRow, IdentityVerdict, Sign
from hub.sync.intake import take_in
from hub.sync.records import create_record
from tests.sync.scenes import KINDS, Scene, make_line
from tests.sync.test_intake import read, show_rows

NAMES = ("甲公司", "乙公司", "丙有限公司", "甲公司北京分公司", "丁")
DIRECTIONS: tuple[dict[str, str], ...] = ({}, {"direction": "in"}, {"order": "out"})
ROUNDS = 4
_DRAWN = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=:\d\d)\.\d+(?=Z)|(?<=\[')[0-9a-f]{24}(?='\])")
"""Ids, fractions of seconds, fingerprints of values with ids in them."""


class Company:
    """The other system and the hub beside it, changed by chance."""

    def __init__(self, scene: Scene, chance: random.Random) -> None:
        self.scene, self.chance = scene, chance
        self.codes = [*(make_uscc(chance) for _ in range(4)), "123", "", "", ""]

    def change(self) -> None:
        """Something happens there or here; what is refused does not happen."""
        self.scene.clock.pass_time(1)
        choices = (
            self.add_customer,
            self.edit_customer,
            self.add_sale,
            self.end_sale,
            self.add_account,
            self.add_order,
        )
        weights = (30, 20, 22, 10, 10, 8)
        try:
            self.chance.choices(choices, weights)[0]()
        except (ErpRefused, IsthmusError, IndexError):
            self.add_customer()

    def add_customer(self) -> None:
        pick = self.chance.choice
        self.scene.wang.create("partner", name=pick(NAMES), tax_id=pick(self.codes), phone=pick(["", "021-1"]))
        self.scene.make_item(pick(["轴承", "x"]), pick(["12.50", "10"]))

    def edit_customer(self) -> None:
        partner = self.chance.choice(self.scene.erp.documents("partner"))
        field, values = self.chance.choice([("tax_id", self.codes), ("name", NAMES)])
        self.scene.wang.edit("partner", partner["id"], **{field: self.chance.choice(values)})

    def add_sale(self) -> None:
        pick = self.chance.choice
        item, partner = pick(self.scene.erp.documents("item")), pick(self.scene.erp.documents("partner"))
        line = {"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": pick(["13", "13", "13", "300"])}
        status = pick(["draft", "submitted", "approved"])
        self.scene.wang.create("sale", status=status, customer=partner["id"], lines=[line])

    def end_sale(self) -> None:
        sale = self.chance.choice(self.scene.erp.documents("sale"))
        if self.chance.random() < 0.7:
            self.scene.wang.void(sale["id"])
        else:
            self.scene.wang.delete("sale", sale["id"])

    def add_account(self) -> None:
        code = self.chance.choice(self.codes)
        codes = {"identifiers": [{"kind": "uscc", "value": code}]} if len(code) > 5 else {}
        create_record(self.scene.hub, "account", {"name": self.chance.choice(NAMES), **codes}, "li")

    def add_order(self) -> None:
        account = self.chance.choice(sorted(self.scene.records("account"), key=lambda row: row.id))
        product = self.chance.choice(sorted(self.scene.records("product"), key=lambda row: row.id))
        create_record(self.scene.hub, "order", {"account_id": account.id, "lines": [make_line(product, "2")]}, "li")

    def cut_pages(self, records: Sequence[SourceRecord]) -> list[list[SourceRecord]]:
        """In any order, one of them perhaps twice."""
        rows = self.chance.sample(records, len(records))
        if rows and self.chance.random() < 0.3:
            rows.append(self.chance.choice(rows))
        size = self.chance.randint(1, 6)
        return [rows[start : start + size] for start in range(0, len(rows), size)]


def play(folder: Path, seed: int, *, is_batch: bool) -> list[Any]:
    """Everything that can be seen of it, without ids and times."""
    chance, shown = random.Random(seed), []
    directions = DIRECTIONS[seed % len(DIRECTIONS)]
    syncs = {kind: {"direction": directions.get(kind, directions.get("direction", "both"))} for kind in KINDS}
    scene = Scene(folder, seed=seed, erp={}, syncs=syncs)
    company = Company(scene, chance)
    try:
        for _ in range(ROUNDS):
            for _ in range(chance.randint(2, 9)):
                company.change()
            if chance.random() < 0.4:
                scene.clock.pass_time(5)
                scene.push(1)
            scene.clock.pass_time(3)
            for kind in KINDS:
                for page in company.cut_pages(read(scene, kind)):
                    with scene.store.write_batch() if is_batch else scene.store.write() as tx:
                        dones = take_in(tx, scene.hub, scene.hub.open("erp"), kind, page, "test")
                    shown.append((kind, [done.outcome for done in dones]))
        rows: list[Any] = [(row.source, row.verdict, row.undone_at is None) for row in scene.rows(IdentityVerdict)]
        rows += [(row.stream, row.external_id, row.state, row.code) for row in scene.rows(DeadRow)]
        rows += [(row.record_kind, row.side != "", row.sign) for row in scene.rows(Sign)]
        return [*shown, *sorted(_DRAWN.sub("…", text) for text in [*map(repr, rows), *show_rows(scene)])]
    finally:
        scene.hub.close()
        scene.store.close()


@pytest.mark.parametrize("seed", range(18))
def test_a_page_of_anything_is_taken_in_as_record_by_record(tmp_path: Path, seed: int) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "batch").mkdir()
    assert play(tmp_path / "batch", seed, is_batch=True) == play(tmp_path / "plain", seed, is_batch=False)
