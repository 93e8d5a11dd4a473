"""The sample company is believable, valid and the same for everybody."""

from __future__ import annotations

import random
import string

from stdnum.cn import uscc

from connectors.sandbox.simulator import SandboxErp, make_uscc, seed_company


def test_registration_numbers_are_valid():
    rng = random.Random(5)
    for _ in range(500):
        number = make_uscc(rng)
        assert uscc.is_valid(number), number
        organisation = number[8:17]
        values = string.digits + string.ascii_uppercase
        weighted = sum(w * values.index(c) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), organisation[:8], strict=True))
        check = "10" if organisation[8] == "X" else organisation[8]
        assert (weighted + int(check)) % 11 == 0, number


def test_the_company_has_what_was_asked_for(clock):
    erp = SandboxErp(clock=clock)
    seed_company(erp, customers=25, items=14, sales=40)
    partners, items, sales = (erp.documents(kind) for kind in ("partner", "item", "sale"))
    assert (len(partners), len(items), len(sales)) == (25, 14, 40)
    assert len({partner["tax_id"] for partner in partners}) == 25
    assert all(uscc.is_valid(partner["tax_id"]) for partner in partners)
    assert {sale["status"] for sale in sales} >= {"draft", "approved"}
    assert {document["created_by"] for document in (*partners, *items, *sales)} == {"王销售"}


def test_the_same_seed_makes_the_same_company(clock):
    def documents(seed: int):
        erp = SandboxErp(clock=clock)
        seed_company(erp, customers=8, items=4, sales=9, seed=seed)
        return [erp.documents(kind) for kind in ("partner", "item", "sale")]

    assert documents(1) == documents(1)
    assert documents(1) != documents(2)
