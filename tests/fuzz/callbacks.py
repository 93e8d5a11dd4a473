"""Callbacks of 企业微信 that are nearly right: spoiled before they are sealed, after it, or in their address."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from connectors.wecom.config import WecomConfig
from connectors.wecom.receiver import WecomReceiver
from connectors.wecom.simulator.callbacks import write_xml
from connectors.wecom.simulator.crypto import encrypt, sign
from hub.sdk.webhooks import Call
from tests.connectors.wecom.conftest import VECTORS
from tests.fuzz.spoil import Try, spoil_bytes, spoil_value

EVENT = VECTORS["event"]
NOW = datetime.fromtimestamp(int(EVENT["timestamp"]), UTC)
TOLD = {"ToUserName": EVENT["receive_id"], "CreateTime": EVENT["timestamp"], "MsgType": "event"}
EVENTS = (
    {"Event": "change_external_contact", "ChangeType": "edit_external_contact", "ExternalUserID": "wm1"},
    {"Event": "change_contact", "ChangeType": "update_user", "UserID": "li", "NewUserID": "li2"},
    {"Event": "add_schedule", "ScheduleId": "s1", "CalId": "c1"},
)


def list_callback_targets() -> Iterator[tuple[str, Try]]:
    keys = {"secret": EVENT["token"], "callback_token": EVENT["token"], "aes_key": EVENT["encoding_aes_key"]}
    receiver = WecomReceiver(WecomConfig.model_validate({"corp_id": EVENT["receive_id"], **keys}))
    yield "webhook/wecom", partial(_call, receiver)


def _call(receiver: WecomReceiver, draw: random.Random) -> None:
    spoiled = spoil_value(draw, {**TOLD, **draw.choice(EVENTS)})
    fields = {str(name): str(text) for name, text in spoiled.items()} if isinstance(spoiled, dict) else {}
    plain = write_xml(fields).encode("utf-8", "replace")
    plain = spoil_bytes(draw, plain) if draw.random() < 0.4 else plain
    sealed = encrypt(EVENT["encoding_aes_key"], plain, EVENT["receive_id"], draw.randbytes(16))
    if draw.random() < 0.3:
        sealed = spoil_bytes(draw, sealed.encode()).decode("latin-1")
    times, nonce = EVENT["timestamp"], EVENT["nonce"]
    asked = {"msg_signature": sign(EVENT["token"], times, nonce, sealed), "timestamp": times, "nonce": nonce}
    if draw.random() < 0.2:
        name = draw.choice(list(asked))
        asked[name] = spoil_bytes(draw, asked[name].encode()).decode("latin-1")
    body = f"<xml><ToUserName><![CDATA[ww]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
    body = spoil_bytes(draw, body) if draw.random() < 0.3 else body
    method = draw.choice(("POST", "POST", "POST", "GET", "PUT"))
    asked |= {"echostr": sealed} if method == "GET" else {}
    call = Call(method, f"/hooks/wecom?{urlencode(asked)}", {}, body, NOW)
    try:
        receiver.receive(call)
    finally:
        receiver.read(call)
