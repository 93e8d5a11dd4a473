"""What is known of mutants, kept until their file changes: a line of JSON for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hub.testkit.environment import take_digest
from tests.mutation.mutants import Mutant
from tests.mutation.tools import CACHE


class Results:
    """``room`` and ``seed`` choose the file; the last line about a mutant counts."""

    def __init__(self, room: str, seed: int) -> None:
        self._file = CACHE / "results" / f"{room}-{seed}.jsonl"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch()
        lines = self._file.read_text(encoding="utf-8").splitlines()
        self._rows = {row["key"]: row for row in map(json.loads, lines)}

    def knows(self, mutant: Mutant, *, again: bool) -> bool:
        row = self._rows.get(self._key(mutant))
        return row is not None and (row["outcome"] == "killed" or not again)

    def add(self, mutant: Mutant, found: dict[str, Any]) -> dict[str, Any]:
        key = self._key(mutant)
        row = {"key": key, "name": mutant.name, "operator": mutant.operator, "change": mutant.tell(), **found}
        return self._keep(row)

    def _keep(self, row: dict[str, Any]) -> dict[str, Any]:
        self._rows[row["key"]] = row
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return row

    def asks_types(self, mutant: Mutant) -> bool:
        """No test noticed it, and the type check was not asked yet."""
        row = self._rows.get(self._key(mutant))
        return row is not None and row["outcome"] != "killed" and "types" not in row

    def add_types(self, mutant: Mutant, refused: bool) -> dict[str, Any]:
        return self._keep({**self._rows[self._key(mutant)], "types": refused})

    def rows_of(self, mutants: Sequence[Mutant]) -> list[dict[str, Any]]:
        return [self._rows[self._key(mutant)] for mutant in mutants if self._key(mutant) in self._rows]

    @staticmethod
    def _key(mutant: Mutant) -> str:
        return take_digest(mutant.file, mutant.module.code, mutant.number, mutant.operator)
