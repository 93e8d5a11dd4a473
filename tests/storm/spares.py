"""A create of the hub's that was applied twice, as by a proxy that sends again what it got no answer to."""

from __future__ import annotations

import random
from typing import Any

from connectors.sandbox.simulator import USER, SandboxErp
from connectors.sandbox.simulator.shapes import LINE_DEFAULTS
from tests.storm.other import is_foreign

KEPT = ("customer", "date", "note", "lines", "customer_ref", "currency")


def make_spare(erp: SandboxErp, chance: random.Random) -> str:
    """A second draft with the reference of a document that is there; what was made, in words."""
    ours = [row for row in erp.documents("sale") if row["our_ref"] and not is_foreign(row["our_ref"])]
    ours = [row for row in ours if row["created_by"] == USER and not row.get("deleted")]
    if not ours:
        return "no document that could be doubled"
    first: Any = chance.choice(ours)
    values = {name: first[name] for name in KEPT}
    values["lines"] = [{name: line[name] for name in LINE_DEFAULTS} for line in first["lines"]]
    made = erp.create("sale", values, USER, our_ref=first["our_ref"])
    return f"{made['id']} is applied once more, as {first['id']} was"
