"""A second hub on the same ERP: the same login, references of another installation."""

from __future__ import annotations

import random
from uuid import UUID

from connectors.sandbox.simulator import USER, ErpRefused, SandboxErp
from hub.model.ids import RANDOM_BITS, make_uuid7
from hub.protocol.reference import make_reference, parse_reference

INSTALLATION = "Z09"
LIMIT = 3


def is_foreign(reference: str) -> bool:
    """Whether a reference is the other hub's."""
    parsed = parse_reference(reference)
    return parsed is not None and parsed.installation == INSTALLATION


class OtherHub:
    """It makes documents, and edits and confirms its own."""

    def __init__(self, erp: SandboxErp, chance: random.Random) -> None:
        self._erp = erp
        self._chance = chance
        self.made: list[str] = []
        self.writes = 0
        """How many entries of the ERP's log are its."""

    def act(self, known: list[UUID]) -> str:
        """``known``: records of our hub; a copied database gives it the same ids."""
        before = len(self._erp.log)
        try:
            return self._edit() if self.made and self._chance.random() < 0.5 else self._make(known)
        except ErpRefused as refused:
            return f"refused to the other hub: {refused.message}"
        finally:
            self.writes += len(self._erp.log) - before

    def _make(self, known: list[UUID]) -> str:
        partners = [row for row in self._erp.documents("partner") if not row.get("deleted")]
        if len(self.made) >= LIMIT or not partners or self._erp.settings.tier == "blind":
            return "the other hub has nothing to make"
        fresh = make_uuid7(self._erp.clock.now(), self._chance.getrandbits(RANDOM_BITS))
        id_ = self._chance.choice(known) if known and self._chance.random() < 0.5 else fresh
        line = {"text": "theirs", "quantity": "1", "price": "5.00", "tax_percent": "13"}
        values = {"customer": self._chance.choice(partners)["id"], "note": f"z{len(self.made)}", "lines": [line]}
        made = self._erp.create("sale", values, USER, our_ref=make_reference(INSTALLATION, id_))
        self.made.append(made["id"])
        return f"{made['id']} made by the other hub"

    def _edit(self) -> str:
        id_ = self._chance.choice(self.made)
        if self._chance.random() < 0.5:
            self._erp.act("approve", id_, USER)
            return f"{id_} approved by the other hub"
        self._erp.change("sale", id_, {"note": f"z{self._chance.randrange(1000)}"}, USER)
        return f"{id_} edited by the other hub"
