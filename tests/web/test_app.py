from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import uvicorn

from hub.runtime.assemble import Outfit
from hub.runtime.up import Engine, build_engine
from hub.store.rows import DeadRow, Run
from hub.sync.pause import pause_all
from hub.sync.resolve import make_binding
from hub.web.app import make_app
from hub.web.language import choose_language
from tests.runtime.stage import SANDBOX, TOKEN, TurnedClock, prepare_home


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def engine(tmp_path: Path, clock: TurnedClock) -> Iterator[Engine]:
    engine = build_engine(prepare_home(tmp_path, SANDBOX), workers=1, outfit=Outfit(clock=clock))
    assert engine.worker is not None
    engine.worker.start()
    yield engine
    engine.stop()


@pytest.fixture
def client(engine: Engine) -> Iterator[httpx.Client]:
    """Talks to the application on a real port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(engine), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


def test_healthz_needs_nothing(client: httpx.Client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_readyz_tells_what_is_not_ready(client: httpx.Client, engine: Engine, clock: TurnedClock):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = {"database": True, "workers": True, "scheduler": False}
    assert answer.json() == {"ready": False, "checks": checks, "broker": True}
    assert engine.scheduler is not None
    engine.scheduler.tick()
    assert client.get("/readyz").status_code == 200
    clock.turn(31)
    assert client.get("/readyz").json()["checks"]["scheduler"] is False


def test_metrics_are_computed_from_the_database(client: httpx.Client, engine: Engine, clock: TurnedClock):
    with engine.pool.lend() as hub:
        run = Run(
            id=hub.new_id(), number=1, connection="erp", kinds=["order"], actor="t", state="done", started_at=hub.now()
        )
        with hub.store.write() as tx:
            tx.insert(run)
            tx.insert(make_binding(hub, "erp", "account", hub.new_id()))  # without a hint, so that no worker takes it
    clock.turn(90)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert "isthmus_due 1.0" in lines
    assert "isthmus_oldest_due_age_seconds 90.0" in lines
    assert 'isthmus_runs{state="done"} 1.0' in lines
    assert 'isthmus_attempts_total{outcome="ok"} 0.0' in lines
    assert 'isthmus_calls_today{connection="erp"} 0.0' in lines
    assert 'isthmus_events{state="new"} 0.0' in lines


def test_the_status_page_shows_syncs_runs_and_what_waits(client: httpx.Client, engine: Engine):
    with engine.pool.lend() as hub:
        run = Run(
            id=hub.new_id(), number=41, connection="erp", kinds=["order"], actor="t", state="failed",
            started_at=hub.now(), ended_at=hub.now() + timedelta(seconds=3), error_code="sdk.unreachable",
            error_params={"where": "GET /sales"},
        )  # fmt: skip
        with hub.store.write() as tx:
            tx.insert(run)
    page = client.get("/?lang=en").text
    assert "GET /sales" in page
    assert ">41<" in page
    assert "isthmus sync plan erp" in page
    assert "web.head" not in page
    assert "cli." not in page


def test_the_page_speaks_the_language_of_the_reader(client: httpx.Client):
    assert "等待人工处理" in client.get("/", headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}).text
    english = client.get("/", headers={"accept-language": "fr,en;q=0.5,zh;q=0.1"})
    assert "Waits for a person" in english.text
    assert english.headers["content-language"] == "en"
    assert "等待人工处理" in client.get("/?lang=zh", headers={"accept-language": "en"}).text


def test_words_of_other_systems_are_escaped(client: httpx.Client, engine: Engine):
    with engine.pool.lend() as hub, hub.store.write() as tx:
        tx.insert(
            DeadRow(
                connection="erp", stream="sale", external_id="<script>alert(1)</script>", code="model.field_unknown",
                params={"kind": "order", "field": "<b>"}, first_at=hub.now(), last_at=hub.now(),
            )
        )  # fmt: skip
    page = client.get("/").text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "<b>" not in page


def test_the_page_says_that_everything_is_paused(client: httpx.Client, engine: Engine):
    assert "resume --all" not in client.get("/").text
    with engine.pool.lend() as hub:
        pause_all(hub, "test")
    assert "resume --all" in client.get("/").text


def test_the_page_only_reads(client: httpx.Client):
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)("/").status_code == 405
    policy = client.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")


def test_no_page_shows_a_secret(client: httpx.Client, engine: Engine):
    with engine.pool.lend() as hub:
        hub.open("erp")
    for path in ("/", "/readyz", "/metrics", "/healthz"):
        assert TOKEN["SANDBOX_TOKEN"] not in client.get(path).text


@pytest.mark.parametrize(
    ("asked", "accepted", "lang"),
    [
        (None, None, "en"),
        (None, "", "en"),
        ("zh", "en", "zh"),
        ("fr", "zh", "zh"),
        (None, "de, zh-TW;q=0.7, en;q=0.3", "zh"),
        (None, "zh;q=broken, en", "en"),
        (None, "*", "en"),
    ],
)
def test_choosing_a_language(asked: str | None, accepted: str | None, lang: str):
    assert choose_language(asked, accepted) == lang
