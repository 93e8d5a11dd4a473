"""A system that repeats our secret in everything it says: no output, log, row or file may show it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.sdk.simulator import Request, Response, Server, serve
from tests.commands.stage import TOKEN, Erp, Terminal


class Gossip:
    """Answers everything with the credentials that came with the request."""

    def __init__(self) -> None:
        self.status = 400
        self.heard = ""

    def handle(self, request: Request) -> Response:
        self.heard = " ".join(request.headers.values())
        body = f'{{"message": "refused: {self.heard}"}}'.encode()
        return Response(self.status, body, (("content-type", "application/json"),))


@pytest.fixture
def gossip() -> Gossip:
    return Gossip()


@pytest.fixture
def gossip_server(gossip: Gossip) -> Iterator[Server]:
    with serve(gossip.handle) as server:
        yield server


def check_silence(terminal: Terminal) -> None:
    assert TOKEN not in terminal.said
    for path in terminal.home.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_gossiping_system_gives_nothing_away(
    connected: Terminal, erp: Erp, gossip: Gossip, gossip_server: Server, status: int
):
    erp.make_customer("海岳精密机械有限公司")
    connected.call("sync", "run", "erp", "--kind", "account")
    gossip.status = status
    config = connected.home / "isthmus.toml"
    config.write_text(config.read_text(encoding="utf-8").replace(erp.url, gossip_server.url), encoding="utf-8")
    connected.call("apply")
    connected.call("record", "edit", "account", "海岳精密机械有限公司", "--set", "phone=021-5555")
    for words in ("connection check erp", "sync plan erp", "sync run erp", "sync sweep erp", "doctor", "reconcile erp"):
        connected.call(*words.split(), code=None)
        connected.call(*words.split(), "--json", code=None)
    for words in (
        "todo",
        "run list",
        "run show 2 --writes",
        "sync status",
        "connection list",
        "trace 海岳精密机械有限公司",
    ):
        connected.call(*words.split(), code=None)
    assert TOKEN in gossip.heard, "it was told the secret, so it could have repeated it"
    check_silence(connected)
