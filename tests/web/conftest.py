from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from hub.runtime.assemble import Outfit
from hub.runtime.up import Engine, build_engine
from hub.web.app import make_app
from tests.journeys.shop_home import write_shop
from tests.runtime.stage import TurnedClock, prepare_home

SECRET = "whsec_c2hvcCBzZWNyZXQgb2YgdGhlIHNpbXVsYXRvcg=="  # pragma: allowlist secret
SHOP = (
    write_shop(
        'second_secret = "env:SHOP_SECRET_2"',
        "max_body_kb = 8",
        'origin = "shop.example.com"',
    )
    + """
[connections.calm]
connector = "webhook"
scheme = "github"
secret = "env:CHAT_SECRET"
accepts_per_s = 0.01

[connections.chat]
connector = "webhook"
scheme = "slack"
secret = "env:CHAT_SECRET"

[connections.broken]
connector = "webhook"
secret = "env:NOT_SET"
"""
)
ENVIRON = {
    "SHOP_SECRET": SECRET,
    "SHOP_SECRET_2": "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=",  # pragma: allowlist secret
    "CHAT_SECRET": "chat-secret-of-the-tests",  # pragma: allowlist secret
}


@pytest.fixture
def hook_clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def hook_engine(tmp_path: Path, hook_clock: TurnedClock) -> Iterator[Engine]:
    """A hub that a shop and a chat may call; nobody works in it."""
    home = prepare_home(tmp_path, SHOP, ENVIRON)
    engine = build_engine(home, workers=1, outfit=Outfit(clock=hook_clock))
    yield engine
    engine.stop()


@pytest.fixture
def hook_address(hook_engine: Engine) -> Iterator[tuple[str, int]]:
    """Where it listens."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(make_app(hook_engine), log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield ("127.0.0.1", listener.getsockname()[1])
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def caller(hook_address: tuple[str, int]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{hook_address[0]}:{hook_address[1]}", timeout=30, trust_env=False) as client:
        yield client
