"""A search for doubles as jobs on PostgreSQL and Redis: the same answer as that of one process."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import dramatiq
import numpy as np
import polars as pl
import pytest

from hub.identity.columns import Parts, encode, run_task
from hub.runtime.actors import declare_actors
from hub.runtime.assemble import Outfit
from hub.runtime.broker import open_broker
from hub.runtime.pool import HubPool
from hub.store.identity_rows import BatchPiece
from hub.sync.dedupe.pieces import PARTS, make_shared_crew, pack, unpack, work_piece
from hub.sync.dedupe.run import Wanted, dedupe_list
from hub.sync.dedupe.workers import Crew
from hub.testkit.servers import PostgresServer, RedisServer
from tests.runtime.stage import prepare_home

SAMPLE = Path(__file__).parents[1] / "identity" / "samples" / "companies.csv"
CROWD = 60
"""More than may share a key: its switchboard is followed only together with the brand."""
LONG_S = 120.0
"""Nobody waits so long: what is done in these tests is done by workers."""


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """The sample, and a crowd at one switchboard, in an order of its own."""
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    blank = dict.fromkeys(rows[0], "")
    brands = ("海岳", "江北", "华瑞")
    for at in range(CROWD):
        name = f"{brands[at % 3]}{'精密' if at % 2 else ''}机械有限公司"
        rows.append({**blank, "record_id": f"X{at}", "name": name, "phone": "021-52345678", "address": f"人民路{at}号"})
    random.Random(7).shuffle(rows)
    path = tmp_path / "companies.parquet"
    pl.DataFrame(rows).write_parquet(path)
    return path


@pytest.fixture
def pool(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[HubPool]:
    name = f"pieces_{uuid4().hex}"
    url = postgres_server.create_database(name)
    pool = HubPool(prepare_home(tmp_path, "", {"ISTHMUS_DATABASE_URL": url}), Outfit())
    yield pool
    pool.close()
    postgres_server.drop_database(name)


def find_doubles(source: Path, crew: Crew | None) -> tuple[pl.DataFrame, dict[str, int]]:
    out = source.with_name("out.parquet")
    result = dedupe_list(Wanted(source, out), lambda step, done, total: None, crew)
    return pl.read_parquet(out), dict(result.switched_off)


@contextmanager
def workers(broker: dramatiq.Broker, count: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(count):
            worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=100)
            worker.start()
            stack.callback(worker.stop)
        yield


@pytest.mark.parametrize("count", [1, 2])
def test_workers_find_what_one_process_finds(pool, redis_server: RedisServer, listed, count):
    alone, off = find_doubles(listed, None)
    broker = open_broker(redis_server.url)
    broker.flush_all()
    actors = declare_actors(broker, pool)
    with pool.lend() as hub, workers(broker, count):
        shared, off_shared = find_doubles(listed, make_shared_crew(hub, actors.call_pieces, LONG_S))
    assert shared.equals(alone)
    assert off_shared == off
    assert set(alone["band"]) == {"single", "auto", "review"}
    with pool.store.read() as tx:
        assert tx.count(BatchPiece) == 0


def test_what_no_message_reached_is_done_all_the_same(pool, listed):
    """A lost message, a message twice, and a piece that nobody wants any more."""
    heard: list[UUID] = []

    def tell(ids):
        heard.extend(ids)
        if len(heard) % 3:
            return
        assert work_piece(pool.store, heard[-1])
        assert not work_piece(pool.store, heard[-1])

    with pool.lend() as hub:
        shared, _ = find_doubles(listed, make_shared_crew(hub, tell, patience_s=0.0))
    assert shared.equals(find_doubles(listed, None)[0])
    assert len(heard) > 10 * PARTS
    assert not any(work_piece(pool.store, id_) for id_ in heard)


def test_a_piece_is_kept_without_anything_that_could_be_run():
    given: Parts = {"kind": "name", "texts": pl.Series(values=["上海海岳有限公司", "", "两行\n名称"]), "most": 3}
    kept = unpack(pack(given))
    assert (kept["kind"], kept["most"], kept["texts"].to_list()) == ("name", 3, given["texts"].to_list())
    parts = run_task((encode, kept))
    again = unpack(pack(parts))
    assert set(again) == set(parts)
    for name, value in parts.items():
        same = again[name].equals(value) if isinstance(value, pl.Series) else np.array_equal(again[name], value)
        assert same, name
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        pack({"rows": np.array([object()])})
