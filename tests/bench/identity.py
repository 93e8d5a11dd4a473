"""Who is the same: how right and how quick, on labelled lists beside plain rules and Splink in the same run."""

from __future__ import annotations

import importlib.util
import os
import resource
import threading
import time
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from hub.identity.columns import spread_here
from hub.identity.company import parse_company_name
from hub.identity.grouping import find_components
from hub.identity.keys import make_keys
from hub.identity.profile import normalise_account
from hub.identity.table import AccountTable, make_table
from hub.sync.dedupe.run import Wanted, dedupe_list
from tests.bench.identity_damage import DAMAGE, damage, tell_interval
from tests.bench.measure import Verdict, read_rss_mb

COMPANIES, PERSONS, ALIASES = "zh_company_50k.parquet", "zh_contact_50k.parquet", "zh_listed_alias.csv.gz"
SMALL, MILLION = "zh_company_2k.parquet", "zh_company_1m.parquet"
SEEDS = (1, 2, 3, 4, 5)
Labels = Sequence[Hashable]


@dataclass(frozen=True)
class Quality:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    def show(self) -> dict[str, float]:
        return {"f1": round(self.f1, 4), "precision": round(self.precision, 4), "recall": round(self.recall, 4)}


def score(found: Labels, true: Labels) -> Quality:
    """Of all pairs of rows, also of those that came together by way of a third."""
    said, held, both = (_count_pairs(Counter(labels)) for labels in (found, true, list(zip(found, true, strict=True))))
    return Quality(both / max(said, 1), both / max(held, 1))


def _count_pairs(sizes: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def only_auto(frame: pl.DataFrame) -> list[Hashable]:
    """What was merged without a person; every other row stands alone."""
    rows = zip(frame["cluster_id"], frame["band"], strict=True)
    return [cluster if band == "auto" else at for at, (cluster, band) in enumerate(rows)]


def count_family_errors(labels: Labels, frame: pl.DataFrame) -> int:
    """Pairs of two companies that are branch, parent or sister of each other."""
    entity, parent, kind = (frame[name].to_list() for name in ("entity_id", "rel_parent", "kind"))
    groups: dict[Hashable, list[int]] = {}
    for at, label in enumerate(labels):
        groups.setdefault(label, []).append(at)
    wrong = 0
    for rows in groups.values():
        for place, one in enumerate(rows):
            for other in rows[place + 1 :]:
                family = bool(parent[one] or parent[other]) or "sister" in (kind[one], kind[other])
                wrong += entity[one] != entity[other] and family
    return wrong


def dedupe(source: Path, kind: str, out: Path, **more: Any) -> tuple[pl.DataFrame, float]:
    """(the answer, seconds from file to file)."""
    began = time.perf_counter()
    dedupe_list(Wanted(source, out, kind, **more), lambda step, done, total: None)
    return pl.read_parquet(out), time.perf_counter() - began


# ---------------------------------------------------------------- yardsticks


def texts_of(frame: pl.DataFrame) -> AccountTable:
    named = {"name": "name", "code": "uscc", "phone": "phone", "mail": "email", "site": "website"}
    named |= {"address": "address", "province": "province", "city": "city", "person": "legal_person"}
    return make_table({field: frame[column].fill_null("") for field, column in named.items()}, spread_here)


def apply_plain_rules(table: AccountTable) -> list[Hashable]:
    """The same valid code, or the same normal name."""
    edges = [_chain(table["uscc"]), _chain(table.of_name("normal"))]
    one, other = (np.concatenate(ends) for ends in zip(*edges, strict=True))
    found: list[Hashable] = find_components(table.count, one, other).tolist()
    return found


def _chain(key: Any) -> tuple[Any, Any]:
    rows = np.flatnonzero(key)
    rows = rows[np.argsort(key[rows], kind="stable")].astype(np.int32)
    same = key[rows[1:]] == key[rows[:-1]]
    return rows[:-1][same], rows[1:][same]


def run_splink(table: AccountTable, threshold: float) -> tuple[list[Hashable], float] | None:
    """(clusters, seconds) of Splink with DuckDB on our normalised columns, trained as its guide says; None where it is
    not installed."""
    if importlib.util.find_spec("splink") is None:
        return None
    import duckdb  # type: ignore[import-not-found]  # a peer, installed by `make bench` alone
    import splink.comparison_library as cl  # type: ignore[import-not-found]
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    columns = {
        "core": table.names["core"].gather(table.ids["name"]), "uscc": table["uscc"], "phone": table["phone0"],
        "domain": table["domain"], "street": table["street"], "person": table["person"], "place": table["place"],
        "brand": table.of_name("brand_sound"),
    }  # fmt: skip
    frame = pl.DataFrame(columns).with_row_index("unique_id")
    frame = frame.with_columns(pl.col(name).replace(0, None) for name in columns if name != "core")
    began = time.perf_counter()
    api = DuckDBAPI(connection=duckdb.connect())
    keys = ("uscc", "core", "phone", "domain", "street")
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[*(block_on(key) for key in keys), block_on("brand", "place")],
        comparisons=[
            cl.JaroWinklerAtThresholds("core", [0.95, 0.85]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("uscc"), cl.ExactMatch("place"), cl.ExactMatch("person"), cl.ExactMatch("street"),
            cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
            cl.ExactMatch("domain").configure(term_frequency_adjustments=True),
        ],
    )  # fmt: skip
    linker = Linker(api.register(frame.to_arrow()), settings)
    linker.training.estimate_probability_two_random_records_match([block_on("uscc")], recall=0.5)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for key in ("uscc", "core"):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(key))
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=threshold)
    rows = found.as_duckdbpyrelation().select("unique_id, cluster_id").fetchall()
    took = time.perf_counter() - began
    return [cluster for _, cluster in sorted(rows)], took


SPLINK_THRESHOLDS = (0.9, 0.99, 0.999)


# ---------------------------------------------------------------- the benchmark


def bench_identity(data: Path | None, out: Path, *, quick: bool) -> tuple[dict[str, Any], list[Verdict]]:
    """``data``: the folder with the labelled lists. ``quick``: nothing of a million rows."""
    if data is None or not data.is_dir():
        raise SystemExit("identity needs the folder with the labelled lists: --data DIR")
    figures: dict[str, Any] = {}
    verdicts: list[Verdict] = []
    for part in (bench_companies, bench_persons, bench_aliases, bench_damage):
        shown, found = part(data, out)
        figures |= shown
        verdicts += found
    if not quick and (data / MILLION).is_file():
        shown, found = bench_million(data, out)
        figures |= shown
        verdicts += found
    return figures, verdicts


def bench_companies(data: Path, out: Path) -> tuple[dict[str, Any], list[Verdict]]:
    frame, took = dedupe(data / COMPANIES, "account", out / "companies.parquet")
    true, table = frame["entity_id"].to_list(), texts_of(frame)
    whole, auto = score(frame["cluster_id"].to_list(), true), score(only_auto(frame), true)
    family = count_family_errors(only_auto(frame), frame)
    splink = [run_splink(table, threshold) for threshold in SPLINK_THRESHOLDS]
    shown = {
        "ours": whole.show(), "ours_auto": auto.show(), "family_errors_auto": family, "seconds": round(took, 2),
        "branch_of": _score_branches(frame), "plain_rules": score(apply_plain_rules(table), true).show(),
        "splink": {
            str(threshold): score(run[0], true).show()
            for threshold, run in zip(SPLINK_THRESHOLDS, splink, strict=True)
            if run is not None
        },
    }  # fmt: skip
    return {"companies": shown}, [
        Verdict("companies_f1", round(whole.f1, 4), 0.94),
        Verdict("companies_auto_precision", round(auto.precision, 4), 0.995),
        Verdict("companies_auto_recall", round(auto.recall, 4), 0.80),
        Verdict("companies_family_errors", family, 20, at_most=True),
    ]


def _score_branches(frame: pl.DataFrame) -> dict[str, float]:
    named: dict[str, Counter[str]] = {}
    for cluster, entity in zip(frame["cluster_id"], frame["entity_id"], strict=True):
        named.setdefault(cluster, Counter())[entity] += 1
    said = right = 0
    for relation, parent in zip(frame["relation"], frame["rel_parent"], strict=True):
        if relation:
            said += 1
            right += named[relation.removeprefix("branch_of:")].most_common(1)[0][0] == parent
    true = sum(bool(parent) for parent in frame["rel_parent"])
    return {"said": said, "right": right, "true": true}


def bench_persons(data: Path, out: Path) -> tuple[dict[str, Any], list[Verdict]]:
    frame, took = dedupe(data / PERSONS, "contact", out / "persons.parquet")
    true = frame["person_id"].to_list()
    whole, auto = score(frame["cluster_id"].to_list(), true), score(only_auto(frame), true)
    shown = {"ours": whole.show(), "ours_auto": auto.show(), "seconds": round(took, 2)}
    return {"contacts": shown}, [
        Verdict("contacts_f1", round(whole.f1, 4), 0.93),
        Verdict("contacts_precision", round(whole.precision, 4), 0.995),
    ]


def bench_aliases(data: Path, out: Path) -> tuple[dict[str, Any], list[Verdict]]:
    """Short, whole and English names of listed companies: how many find each other, and what is merged wrongly."""
    pairs = pl.read_csv(data / ALIASES, infer_schema=False).drop_nulls()
    short, whole, english = "short_name", "full_name", "english_name"
    keys = {
        name: [set(make_keys(normalise_account(name=text))) for text in pairs[name]] for name in (short, whole, english)
    }
    recall = {
        name: round(sum(bool(a & b) for a, b in zip(keys[name], keys[whole], strict=True)) / len(pairs), 4)
        for name in (short, english)
    }
    names = pl.concat([pairs[short].alias("name"), pairs[whole].alias("name")])
    owner = [*range(len(pairs)), *range(len(pairs))]
    source = out / "aliases_in.parquet"
    pl.DataFrame({"name": names}).write_parquet(source)
    frame, _ = dedupe(source, "account", out / "aliases.parquet", auto_only=True)
    normal = [parse_company_name(name).normal for name in names]
    groups: dict[str, set[tuple[int, str]]] = {}
    for cluster, who, name in zip(frame["cluster_id"], owner, normal, strict=True):
        groups.setdefault(cluster, set()).add((who, name))
    wrong = sum(len({who for who, _ in rows}) > 1 and len({name for _, name in rows}) > 1 for rows in groups.values())
    shown = {"pairs": len(pairs), "candidate_recall": recall, "wrong_merges": wrong}
    return {"aliases": shown}, [Verdict("aliases_wrong_merges", wrong, 0, at_most=True)]


def bench_damage(data: Path, out: Path) -> tuple[dict[str, Any], list[Verdict]]:
    """The small list with a third of its rows damaged in ways that the lists do not have: each way, and all of them."""
    frame = pl.read_parquet(data / SMALL)
    true, source = frame["entity_id"].to_list(), out / "damaged.parquet"
    found: dict[str, Any] = {}
    for name, kinds in {**{kind: [kind] for kind in DAMAGE}, "all": list(DAMAGE)}.items():
        f1, precision = [], []
        for seed in SEEDS if name == "all" else SEEDS[:1]:
            damage(frame, seed, kinds, 0.33).write_parquet(source)
            answer, _ = dedupe(source, "account", out / "undone.parquet")
            f1.append(score(answer["cluster_id"].to_list(), true).f1)
            precision.append(score(only_auto(answer), true).precision)
        found[name] = {"f1": tell_interval(f1), "auto_precision": tell_interval(precision)}
    return {"damage": found}, []


def bench_million(data: Path, out: Path) -> tuple[dict[str, Any], list[Verdict]]:
    """From the file to clusters: ours, and Splink on the same normalised columns, whose making counts for both. The
    ratio is of processor seconds, of all processes: what else runs here does not change it much. ``seconds`` are those
    that one waits: ours from file to file, Splink's without the normalising."""
    began = _cpu_s()
    with watch_peak() as peak:
        frame, took = dedupe(data / MILLION, "account", out / "million.parquet")
    ours = _cpu_s() - began
    true, rows = frame["entity_id"].to_list(), len(frame)
    f1 = score(frame["cluster_id"].to_list(), true).f1
    shown: dict[str, Any] = {
        "rows": rows, "seconds": round(took, 1), "cpu_seconds": round(ours, 1), "f1": round(f1, 4),
        "peak_gb": round(peak[0], 2),
    }  # fmt: skip
    verdicts = [Verdict("million_peak_gb", round(peak[0], 2), 2.0, hope=1.5, at_most=True)]
    began = _cpu_s()
    table = texts_of(frame)
    normalised = _cpu_s() - began
    run = run_splink(table, SPLINK_THRESHOLDS[-1])
    theirs = _cpu_s() - began
    if run is not None:
        quality = score(run[0], true).show()
        shown["splink"] = {
            "cpu_seconds": round(theirs, 1), "normalising": round(normalised, 1), "seconds": round(run[1], 1),
            **quality,
        }  # fmt: skip
        verdicts.append(Verdict("million_times_splink", round(theirs / ours, 2), 1.5, hope=3.0))
        verdicts.append(Verdict("million_f1_over_splink", round(f1 - quality["f1"], 4), 0.0))
    return {"million": shown}, verdicts


@contextmanager
def watch_peak() -> Iterator[list[float]]:
    """The most that this process and its children held together, in GB; complete when the block is left."""
    peak, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.1):
            held = sum(map(read_rss_mb, (os.getpid(), *_list_children())))
            peak[0] = max(peak[0], held / 1e3)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _list_children() -> list[int]:
    found = [path.read_text().split() for path in Path("/proc/self/task").glob("*/children") if path.exists()]
    return [int(pid) for pids in found for pid in pids]


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
