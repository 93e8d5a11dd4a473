"""From a list to a list with clusters."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.errors import ConfigInvalid
from hub.sync.dedupe.answer import Answer

if TYPE_CHECKING:
    import polars as pl

    from hub.sync.dedupe.workers import Crew, Progress

KINDS = ("account", "contact")
BANDS = ("single", "auto", "review")
ADDED = ("record_id", "cluster_id", "band", "relation")


@dataclass(frozen=True)
class Wanted:
    """``source`` → ``target``; ``review``: a CSV with the questions. ``told``: column → field."""

    source: Path
    target: Path
    kind: str = "account"
    review: Path | None = None
    auto_only: bool = False
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """Counts. ``columns``: field → where it was read from; ``switched_off``: kind of key → how many were left out."""

    rows: int
    clusters: int
    bands: Mapping[str, int]
    branches: int
    questions: int
    columns: Mapping[str, list[str]]
    switched_off: Mapping[str, int]


def require_extra() -> None:
    """``ConfigInvalid`` where the extra is not installed."""
    missing = [name for name in ("numpy", "polars") if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigInvalid("dedupe.extra_missing", missing=", ".join(missing))


def dedupe_list(wanted: Wanted, progress: Progress, crew: Crew | None = None) -> Result:
    """Reads, compares, writes. ``crew``: who does the work of a list of companies; None: this machine.
    ``ConfigInvalid`` names what is wrong with file, column or field."""
    require_extra()
    from hub.identity.columns import without_collector

    with without_collector():
        return _dedupe(wanted, progress, crew)


def _dedupe(wanted: Wanted, progress: Progress, crew: Crew | None) -> Result:
    from hub.sync.dedupe.recognise import RECORD_ID, recognise_columns
    from hub.sync.dedupe.sheets import check_form, list_columns, read_columns, write_frame

    check_form(wanted.target)
    columns = recognise_columns(wanted.kind, list_columns(wanted.source), wanted.told)
    used = [name for field_, names in columns.items() for name in names if field_ != RECORD_ID]
    progress("read", 0, 1)
    raw = _join_columns(read_columns(wanted.source, used), columns)
    progress("read", 1, 1)
    rows = len(next(iter(raw.values()))) if raw else 0
    answer = _find(wanted, raw, progress, crew)
    del raw
    progress("write", 0, 1)
    frame = read_columns(wanted.source)
    whole = _add_columns(frame, columns.get(RECORD_ID), answer)
    write_frame(wanted.target, whole)
    if wanted.review is not None:
        _write_review(wanted.review, whole["record_id"].to_list(), answer.questions)
    progress("write", 1, 1)
    bands = _count_each(answer.band, len(BANDS))
    clusters = sum(size > 0 for size in _count_each(answer.cluster, 1))
    return Result(
        rows, clusters, dict(zip(BANDS, bands, strict=True)), int((answer.parent >= 0).sum()), len(answer.questions),
        columns, answer.switched_off,
    )  # fmt: skip


def _find(wanted: Wanted, raw: Mapping[str, pl.Series], progress: Progress, crew: Crew | None) -> Answer:
    ask = wanted.review is not None
    if wanted.kind == "account":
        from hub.sync.dedupe.accounts import find_accounts

        return find_accounts(raw, progress, auto_only=wanted.auto_only, ask=ask, crew=crew)
    from hub.sync.dedupe.contacts import find_contacts

    return find_contacts(raw, progress, auto_only=wanted.auto_only, ask=ask)


def _join_columns(frame: pl.DataFrame, columns: Mapping[str, list[str]]) -> dict[str, pl.Series]:
    """One text for each field: of several telephones all, of several codes the first."""
    import polars as pl

    found = {}
    for field_, names in columns.items():
        if field_ == "record_id":
            continue
        parts = [pl.col(name) for name in names]
        if len(parts) == 1:
            chosen = parts[0]
        elif field_ == "phone":
            chosen = pl.concat_str(parts, separator="/").str.strip_chars("/ ")
        else:
            chosen = pl.coalesce([pl.when(part != "").then(part) for part in parts]).fill_null("")
        found[field_] = frame.select(chosen.alias(field_))[field_]
    return found


def _add_columns(frame: pl.DataFrame, record_id: list[str] | None, answer: Answer) -> pl.DataFrame:
    """Every row as it came, and behind it its record_id, cluster_id, band and relation."""
    import numpy as np
    import polars as pl

    count = len(frame)
    ids = frame[record_id[0]] if record_id else pl.Series(values=np.arange(1, count + 1)).cast(pl.String)
    # A cluster is called by the first of its rows.
    first = np.full(count, count, dtype=np.int64)
    np.minimum.at(first, answer.cluster, np.arange(count))
    names = "C" + (pl.Series(values=first + 1)).cast(pl.String)
    cluster = names.gather(answer.cluster)
    parent = np.where(answer.parent >= 0, answer.cluster[np.maximum(answer.parent, 0)], 0) if count else answer.parent
    of = pl.Series(values=answer.parent >= 0)
    relation = ("branch_of:" + names.gather(parent)).zip_with(of, pl.Series(values=[""]).new_from_index(0, count))
    added = {
        "record_id": ids.alias("record_id"), "cluster_id": cluster.alias("cluster_id"),
        "band": pl.Series("band", list(BANDS)).gather(answer.band), "relation": relation.alias("relation"),
    }  # fmt: skip
    rest = [name for name in frame.columns if name not in added and name not in (record_id or ())]
    return frame.select(rest).with_columns(list(added.values()))


def _count_each(numbers: Any, most: int) -> list[int]:
    """How often each number from 0 on is there, up to ``most`` of them at least."""
    import numpy as np

    found: list[int] = np.bincount(numbers, minlength=most).tolist()
    return found


QUESTION_COLUMNS = (
    "question", "weight", "record_id_1", "name_1", "record_id_2", "name_2", "evidence", "against",
)  # fmt: skip


def _write_review(path: Path, ids: list[str], questions: list[dict[str, Any]]) -> None:
    from hub.sdk.tables import write_table

    rows = (
        (
            at, row["weight"], ids[row["one"]], row["name_1"], ids[row["other"]], row["name_2"], row["evidence"],
            row["against"],
        )
        for at, row in enumerate(questions, start=1)
    )  # fmt: skip
    write_table(path, QUESTION_COLUMNS, rows)
