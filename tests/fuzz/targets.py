"""What reads texts of others: each target takes a source of chance and tries one input."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from connectors.caldav.connector import CalDavConnector
from connectors.imap.connector import ImapConnector
from connectors.kingdee.connector import KingdeeConnector
from connectors.qichacha.connector import QichachaConnector
from connectors.sandbox.connector import SandboxConnector
from connectors.smtp.connector import SmtpConnector
from connectors.tianyancha.connector import TianyanchaConnector
from connectors.tryton.connector import TrytonConnector
from connectors.webhook.connector import WebhookConnector
from connectors.webhook.simulator import PLAIN, SECRETS, sign
from connectors.wecom.connector import WecomConnector
from hub.mapping import Context, parse_mapping
from hub.mapping import Mapping as FieldMapping
from hub.sdk import Connector, Tools
from hub.sdk.webhooks import Call
from hub.sync.measure import Register
from hub.sync.shipped import compile_shipped, find_mapping_files
from tests.fuzz.calendars import list_calendar_targets
from tests.fuzz.callbacks import list_callback_targets
from tests.fuzz.lists import list_file_targets
from tests.fuzz.mails import list_mail_targets
from tests.fuzz.spoil import Try, spoil_bytes, spoil_json, spoil_value

GOLDEN = Path(__file__).parents[1] / "mapping" / "golden"
NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
MAPPED: tuple[type[Connector], ...] = (
    CalDavConnector, ImapConnector, KingdeeConnector, SandboxConnector, SmtpConnector, TrytonConnector,
    WebhookConnector,
)  # fmt: skip
SCHEMES = ("standard-webhooks", "stripe", "github", "shopify", "bearer")
EVENTS = {"order.*": "order", "order.deleted": {"kind": "order", "ends": "deleted"}}
SECRET = "fuzzing-1234567890"  # pragma: allowlist secret
CONFIGS: Mapping[type[Connector], Mapping[str, Any]] = {
    SandboxConnector: {"url": "http://127.0.0.1:9", "token": SECRET},
    TrytonConnector: {"url": "http://127.0.0.1:9", "database": "d", "login": "l", "password": SECRET},
    KingdeeConnector: {
        "url": "http://127.0.0.1:9/k3cloud", "account_set": "a", "user": "u", "app_id": "1_x",
        "app_secret": SECRET, "organisation": "100",
    },
    WecomConnector: {"url": "http://127.0.0.1:9", "corp_id": "ww1", "agent_id": 1, "secret": SECRET},
    QichachaConnector: {"url": "http://127.0.0.1:9", "app_key": "k", "secret_key": SECRET},
    TianyanchaConnector: {"url": "http://127.0.0.1:9", "token": SECRET},
    CalDavConnector: {
        "url": "http://127.0.0.1:9", "user": "u", "password": SECRET, "calendars": ("http://127.0.0.1:9/a/",),
        "private": True, "plain_http": True,
    },
}  # fmt: skip
"""Connectors that speak HTTP."""


class StillClock:
    """Waiting takes no time."""

    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        self._passed += 0.01
        return self._passed

    def sleep(self, seconds: float) -> None:
        self._passed += seconds


def list_targets() -> dict[str, Try]:
    """Name → target."""
    listed = (
        *(_list_mappings(), _list_sources(), _list_webhooks(), list_callback_targets(), _list_answers()),
        *(list_calendar_targets(), list_file_targets(), list_mail_targets()),
    )
    return dict(itertools.chain(*listed))


# ---------------------------------------------------------------- the mapping engine


def _list_mappings() -> Iterator[tuple[str, Try]]:
    for connector in MAPPED:
        for kind, mapping in compile_shipped(object.__new__(connector)).items():
            for path in sorted((GOLDEN / connector.name).glob(f"{kind}*.json")):
                golden = json.loads(path.read_text(encoding="utf-8"))
                yield f"mapping/{connector.name}/{path.stem}", partial(_map, mapping, golden.get("payload") or {})


def _map(mapping: FieldMapping, payload: Mapping[str, Any], draw: random.Random) -> None:
    register = Register()
    context = Context(
        zone=ZoneInfo("Asia/Shanghai"), codes={}, find_ref=register.find_ref, find_remote=register.find_remote,
        remote_line=lambda name, key: key,
    )  # fmt: skip
    spoiled = spoil_value(draw, payload)
    if isinstance(spoiled, dict):
        mapping.to_remote(mapping.to_canonical(spoiled, context).values, context)


def _list_sources() -> Iterator[tuple[str, Try]]:
    texts = [path.read_bytes() for connector in MAPPED for path in find_mapping_files(connector).values()]
    yield "mapping/text", lambda draw: _parse(draw.choice(texts), draw)


def _parse(text: bytes, draw: random.Random) -> None:
    parse_mapping(spoil_bytes(draw, text).decode("utf-8", "replace"), "site/order.toml")


# ---------------------------------------------------------------- calls of other systems


def _list_webhooks() -> Iterator[tuple[str, Try]]:
    for scheme in SCHEMES:
        secret = SECRETS.get(scheme, PLAIN)
        config = {"scheme": scheme, "secret": secret, "events": EVENTS}
        tools = Tools(clock=StillClock(), random=random.Random(1))
        receiver = WebhookConnector(WebhookConnector.Config.model_validate(config), tools).receiver()
        yield f"webhook/{scheme}", partial(_call, scheme, secret, receiver)


def _call(scheme: str, secret: str, receiver: Any, draw: random.Random) -> None:
    told = {"id": "evt_1", "type": "order.created", "data": {"id": "o7", "updated_at": "2026-11-02T08:00:00Z", "n": 1}}
    body = spoil_json(draw, told)
    signed = sign(scheme, secret, "evt_1", "order.created", int(NOW.timestamp()), body)
    headers = {name.lower(): text for name, text in signed.items()}
    if draw.random() < 0.5:
        name = draw.choice(list(headers))
        headers[name] = spoil_bytes(draw, headers[name].encode()).decode("latin-1")
    call = Call("POST", draw.choice(("/hooks/shop", "/hooks/shop?a=%ff", "")), headers, body, NOW)
    try:
        receiver.receive(call)
    finally:
        receiver.read(call)


# ---------------------------------------------------------------- answers of other systems


def _list_answers() -> Iterator[tuple[str, Try]]:
    for connector, config in CONFIGS.items():
        yield f"answer/{connector.name}", partial(_read_answers, connector, config, _find_payloads(connector.name))


def _find_payloads(name: str) -> list[Any]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((GOLDEN / name).glob("*.json"))]
    found = [json.loads(text).get("payload") or {} for text in texts]
    return found or [{"KeyNo": "1", "Name": "海岳精密", "CreditCode": "91310000MA1FL0XX0X"}]


def _read_answers(
    connector: type[Connector], config: Mapping[str, Any], payloads: list[Any], draw: random.Random
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        status = draw.choice((200, 200, 200, 200, 200, 207, 204, 301, 400, 401, 403, 404, 409, 429, 500, 503))
        kind = draw.choice(("application/json", "application/json", "text/html", "text/xml", ""))
        return httpx.Response(status, content=_make_answer(draw, payloads), headers={"content-type": kind})

    tools = Tools(
        clock=StillClock(), random=draw, zone=ZoneInfo("Asia/Shanghai"), transport=httpx.MockTransport(answer)
    )
    opened = connector(connector.Config.model_validate(config), tools)
    try:
        _ask(opened, draw)
    finally:
        opened.close()


def _make_answer(draw: random.Random, payloads: list[Any]) -> bytes:
    row = draw.choice(payloads)
    told = draw.choice((
        [row, row], {"items": [row], "next": None, "server_time": "2026-11-02T08:00:00Z"}, {"result": [row], "id": 1},
        {"Result": row, "Status": "200", "Message": ""}, {"result": row, "error_code": 0, "reason": "ok"},
        {"Result": {"ResponseStatus": {"IsSuccess": True, "Errors": []}}},
        {"errcode": 0, "errmsg": "ok", "access_token": "t", "expires_in": 7200},
        {"result": {"items": [row], "total": 1}, "error_code": 0}, [[1, "2026-11-02T08:00:00", "A"]], row,
        {"LoginResultType": 1, "KDSVCSessionId": "s"}, {"error": ["UserError", ["a", "b"]]}, [7, "session"],
    ))  # fmt: skip
    if draw.random() < 0.1:
        return spoil_bytes(draw, _MULTISTATUS)
    return spoil_json(draw, told)


_MULTISTATUS = b"""<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">
<d:response><d:href>/a/b.ics</d:href><d:propstat><d:status>HTTP/1.1 200 OK</d:status><d:prop><d:getetag>"1"</d:getetag>
<c:calendar-data>BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
DTSTART:20261102T080000Z
SUMMARY:x
END:VEVENT
END:VCALENDAR</c:calendar-data></d:prop></d:propstat></d:response></d:multistatus>"""


def _ask(connector: Connector, draw: random.Random) -> None:
    """One question: a page, a record, a search, the codes, a check."""
    streams, sinks = connector.streams(), connector.sinks()
    chance = draw.random()
    if streams and chance < 0.5:
        draw.choice(list(streams.values())).read_page(None, None, 10)
    elif streams and chance < 0.75:
        stream = draw.choice(list(streams.values()))
        if stream.fetches:
            stream.fetch("1")
    elif sinks and chance < 0.9:
        draw.choice(list(sinks.values())).find("I00101234567")
    else:
        connector.code_tables()
