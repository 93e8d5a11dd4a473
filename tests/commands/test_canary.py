"""A system that repeats our secret in everything it says: no output, log, row or file may show it; nor may any error,
log line or configuration that a connector makes with the kit, however the secret travels."""

from __future__ import annotations

import base64
import io
import json
import logging
import random
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pydantic import Field, SecretStr, ValidationError

from hub.errors import IsthmusError, Transient, conceal
from hub.runtime.clock import SystemClock
from hub.runtime.logs import JsonLines, write_failure, write_log
from hub.sdk import ConnectorConfig, HttpClient, Tools
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


# ---------------------------------------------------------------- the kit by itself


class Answers(ConnectorConfig):
    """A connector's configuration, made without the hub: nobody but the kit knows that there is a secret."""

    url: str
    password: SecretStr = Field(description="Password", json_schema_extra={"zh": "密码"})
    other: SecretStr | None = None


class Parrot:
    """Repeats everything it hears, after ``lead`` characters of its own, with ``status``."""

    def __init__(self) -> None:
        self.status = 400
        self.lead = 0

    def handle(self, request: Request) -> Response:
        heard = [request.target, *(f"{name}: {value}" for name, value in request.headers.items())]
        words = "#" * self.lead + " ".join(heard) + request.body.decode()
        return Response(self.status, words.encode(), (("content-type", "text/plain"),))


def make_secret(name: str) -> str:
    return f"canary+/{name}=" + format(random.Random(name).getrandbits(160), "040x")


Send = Callable[[HttpClient, str], Any]
WAYS: dict[str, Send] = {
    "bearer": lambda client, secret: client.read("GET", "/x", headers={"authorization": f"Bearer {secret}"}),
    "basic": lambda client, secret: client.read("GET", "/x", auth=httpx.BasicAuth("hub", secret)),
    "api_key": lambda client, secret: client.write("POST", "/x", headers={"x-api-key": secret}),
    "cookie": lambda client, secret: client.write("POST", "/x", headers={"cookie": f"lang=zh; session={secret}"}),
    "query": lambda client, secret: client.read("GET", "/x", params={"token": secret}),
    "path": lambda client, secret: client.write("POST", f"/x/{secret}/y"),
    "json": lambda client, secret: client.write("POST", "/x", json={"login": {"password": secret}}),
    "form": lambda client, secret: client.write("POST", "/x", data={"password": secret}),
}


def list_forms(secret: str) -> list[str]:
    """A secret, and what it looks like on the way."""
    basic = base64.b64encode(f"hub:{secret}".encode()).decode()
    return [secret, secret[8:24], httpx.QueryParams({"x": secret})["x"], json.dumps(secret)[1:-1], basic, basic[8:40]]


def tell_everything(error: BaseException) -> str:
    """All that anybody could print of an error that the kit made, in every language, and what the log says of it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("isthmus")
    logger.addHandler(handler)
    try:
        try:
            raise error
        except BaseException:  # what is raised does not matter here, only what is written down
            write_failure("canary")
            write_log("canary", words=str(error))
    finally:
        logger.removeHandler(handler)
    told = [str(error), repr(error), repr(error.args), *traceback.format_exception_only(error), stream.getvalue()]
    if isinstance(error, IsthmusError):
        told += [error.text("en"), error.text("zh"), repr(error.params), str(error.vendor)]
    return "\n".join(told)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_no_error_of_the_kit_shows_a_secret_however_it_travels(way: str, status: int):
    secret, parrot = make_secret(f"{way}{status}"), Parrot()
    parrot.status = status
    with serve(parrot.handle) as server:
        Answers(url=server.url, password=SecretStr(secret))
        client = HttpClient(server.url, Tools(clock=QuickClock(), random=random.Random(1)))
        with pytest.raises(IsthmusError) as caught:
            WAYS[way](client, secret)
        client.close()
    told = tell_everything(caught.value)
    assert "***" in told
    assert [form for form in list_forms(secret) if form in told] == []


@pytest.mark.parametrize("way", ["bearer", "basic", "json"])
def test_a_quotation_that_is_cut_inside_a_secret_shows_no_part_of_it(way: str):
    secret, parrot = make_secret(f"cut{way}"), Parrot()
    beginnings = [form[:9] for form in (secret, base64.b64encode(f"hub:{secret}".encode()).decode())]
    cut = 0
    with serve(parrot.handle) as server:
        Answers(url=server.url, password=SecretStr(secret))
        client = HttpClient(server.url, Tools(clock=QuickClock(), random=random.Random(1)))
        for lead in range(0, 300, 5):
            parrot.lead = lead
            with pytest.raises(IsthmusError) as caught:
                WAYS[way](client, secret)
            told = tell_everything(caught.value)
            assert not [form for form in beginnings if form in told]
            cut += str(caught.value.vendor).endswith("***")
        client.close()
    assert cut >= 3, "some of them were cut inside"


@pytest.mark.parametrize("way", WAYS)
def test_a_system_that_is_away_gives_nothing_away(way: str):
    secret = make_secret(f"away{way}")
    with serve(Parrot().handle) as server:
        url = server.url
    Answers(url=url, password=SecretStr(secret))
    client = HttpClient(url, Tools(clock=QuickClock(), random=random.Random(1)))
    with pytest.raises(Transient) as caught:
        WAYS[way](client, secret)
    client.close()
    assert [form for form in list_forms(secret) if form in tell_everything(caught.value)] == []


def test_a_connectors_own_errors_and_log_lines_are_silent_too():
    secret = make_secret("own")
    Answers(url="http://x", password=SecretStr("env:A_NAME"), other=SecretStr(secret))
    error = IsthmusError("sdk.rejected", vendor=f"wrong: {secret}", status=400, where=f"GET /?t={secret}")
    assert secret not in tell_everything(error)
    assert secret not in conceal(f"a line about {secret}")
    assert "env:A_NAME" in conceal("it stands in env:A_NAME"), "a reference is no secret"


def test_a_configuration_does_not_show_its_secrets():
    secret = make_secret("config")
    answers = Answers(url="http://x", password=SecretStr(secret))
    shown = [repr(answers), str(answers), answers.model_dump_json(), repr(answers.model_dump()), f"{answers}"]
    assert not [text for text in shown if secret in text]
    with pytest.raises(ValidationError, match="url") as caught:
        Answers.model_validate({"url": 3, "password": secret})
    assert secret not in json.dumps(caught.value.errors(include_input=False), default=str)


class QuickClock(SystemClock):
    """Does not wait for retries."""

    def sleep(self, seconds: float) -> None:
        pass
