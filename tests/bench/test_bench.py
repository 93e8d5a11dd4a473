"""Each benchmark does its work, on both sides; how fast it is, nobody asserts here."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, update

from hub.store.tables import derive_tables
from tests.bench import loops, ours, outbound, pull, webhooks
from tests.bench.database import Databases
from tests.bench.measure import Cost, Verdict, describe_machine, measure, pick_best, read_rss_mb
from tests.bench.memory import LazyPages, pull_many
from tests.bench.run import USUAL, main
from tests.bench.same_rows import show_rows
from tests.bench.server import run_server
from tests.bench.source import ITEMS, make_pages, make_rows

COUNT = 30


@pytest.fixture
def databases(tmp_path: Path) -> Databases:
    return Databases("sqlite", tmp_path)


def test_both_sides_write_the_same_rows(databases: Databases) -> None:
    figures = pull.against_loop(databases, pull.Amount(COUNT, 1))
    assert set(figures) == {"account", "order"}
    assert figures["order"]["ratio"] > 0


def test_a_row_that_differs_is_seen(databases: Databases) -> None:
    company = pull.make_company(COUNT)
    shown = []
    for phone in (None, "changed"):
        with ours.open_hub(databases.make_url(), company) as hub:
            ours.pull(hub, "account")
            table = derive_tables()[0].tables["crm_account"]
            if phone is not None:
                with hub.store.engine.begin() as connection:
                    connection.execute(update(table).where(table.c.number == "C0000007").values(phone=phone))
            shown.append(show_rows(hub.store.engine))
    assert shown[0] != shown[1]
    assert {name for name in shown[0] if shown[0][name] != shown[1][name]} == {"crm_account"}


def test_a_loop_that_leaves_work_out_is_refused(databases: Databases) -> None:
    company = pull.make_company(COUNT)
    _, rows = pull.run_ours(databases, company)
    short = {**company, "order": company["order"][:0]}
    _, their_rows = pull.run_loop(databases, short)
    assert rows != their_rows
    assert rows["crm_order_line"] == 3 * COUNT
    assert rows["crm_account_identifier"] == rows["crm_account"] == COUNT
    assert rows["journal"] == rows["payload"] == rows["image"] == rows["binding"] == 2 * COUNT + ITEMS


def test_the_second_pull_writes_nothing(databases: Databases) -> None:
    with ours.open_hub(databases.make_url(), pull.make_company(COUNT)) as hub:
        pull._pull_all(hub, databases, COUNT)
        _, written = pull._pull_again(hub, databases, COUNT)
        assert written == 0
        table = derive_tables()[0].tables["image"]
        with hub.store.engine.begin() as connection:
            connection.execute(update(table).values(digest=""))  # so that everything is looked at in full
        _, written = pull._pull_again(hub, databases, COUNT)
        assert written == 2 * COUNT


def test_the_bare_loop_reads_what_our_connector_reads(databases: Databases) -> None:
    with run_server(COUNT, 20) as address:
        with ours.open_hub(databases.make_url(), {}, address) as hub:
            assert ours.pull(hub, "account") == {"created": COUNT}
        engine = create_engine(databases.make_url())
        loops.create_bare(engine)
        for stream, kind in (("partner", "account"), ("sale", "order"), ("sale", "order")):
            assert loops.load_bare(engine, address, stream, 20) == COUNT, kind
        with engine.connect() as connection:
            rows = connection.execute(select(loops.BARE["line"])).all()
    assert len(rows) == 3 * COUNT
    engine.dispose()


def test_records_are_the_same_each_time() -> None:
    assert list(make_rows("order", 5, partners=3)) == list(make_rows("order", 5, partners=3))
    assert [len(page) for page in make_pages("account", 45, 20)] == [20, 20, 5]
    lazy = LazyPages(1050)
    assert [len(lazy[at]) for at in range(len(lazy))] == [500, 500, 50]


def test_a_long_pull_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pull_many(f"sqlite:///{tmp_path}/hub.sqlite", 250)
    assert json.loads(capsys.readouterr().out) == {"told": {"created": 250}, "accounts": 250}


def test_costs_and_verdicts() -> None:
    best = pick_best([Cost(2.0, 0.5), Cost(1.0, 0.7)])
    assert (best.wall_s, best.cpu_s) == (1.0, 0.5)
    assert best.per(1000) == {"wall_us": 1000.0, "cpu_us": 500.0}
    assert measure(lambda: sum(range(100_000))).cpu_s > 0
    assert (Verdict("a", 0.5, 0.5).met, Verdict("a", 0.49, 0.5).met) == (True, False)
    assert (Verdict("a", 150, 150, at_most=True).met, Verdict("a", 151, 150, at_most=True).met) == (True, False)
    assert describe_machine()["cores"]


def test_memory_is_read() -> None:
    assert read_rss_mb(os.getpid()) > 10 or not Path("/proc").exists()
    assert read_rss_mb(2**22 + 1) == 0


@pytest.mark.parametrize(("value", "code"), [(3.0, 0), (1.9, 1)])
def test_a_missed_figure_ends_with_exit_code_1(value: float, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    benches = {"mapping": lambda asked: ({"ratio": value}, [Verdict("mapping", value, 2.0)])}
    assert main(["mapping", "--json"], benches) == code
    out = capsys.readouterr()
    document = json.loads(out.out)
    assert document["schema"] == "isthmus/bench.run/1"
    assert document["item"] == {"mapping": {"ratio": value}}
    assert [verdict["met"] for verdict in document["verdicts"]] == [code == 0]
    assert ("missed" in out.err) is bool(code)


def test_an_unknown_benchmark_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nonsense"])
    assert ended.value.code == 2
    assert "memory" not in USUAL


@pytest.mark.parametrize("case", outbound.CASES, ids=[case.name for case in outbound.CASES])
def test_no_document_needs_more_requests_than_its_tier(databases: Databases, case: outbound.Case) -> None:
    """The table of docs/protocol.md, to the request."""
    found = outbound.measure_case(databases, case, 3)
    assert found["requests"] == found["least"] == case.least
    assert found["cpu_ms"] > 0


def test_the_page_and_the_benchmark_name_the_same_least() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:3] == "| `"
    ]
    told = {(row[0], row[1]): int(row[7]) for row in rows if len(row) == 8 and row[7].isdigit()}
    for case in outbound.CASES:
        if not case.edits:
            confirm = case.confirm if case.tier == "draft" else "–"
            assert told[case.tier, confirm] == case.least


def test_calls_that_were_answered_are_kept_also_after_a_kill() -> None:
    figures, verdicts = webhooks.bench_webhooks(webhooks.Amount(count=200, rounds=1, killed=40), ["sqlite"])
    found = figures["sqlite"]
    assert found["durable"]["per_s"] > 0
    assert found["verify"]["per_s"] > 0
    assert found["killed"]["answered"] >= 40
    assert [verdict.value for verdict in verdicts if "missing" in verdict.name] == [0]
