"""Tells the hub what people did: encrypted, signed, three times if need be. Calls of the API are not told."""

from __future__ import annotations

import http.client
import queue
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

from connectors.wecom.simulator.corp import Corp
from connectors.wecom.simulator.crypto import encrypt, sign
from connectors.wecom.simulator.faults import CALLBACK_FAULTS, Faults

MOST_TRIES = 3
ANSWER_S = 5.0
ECHO_S = 1.0
LOOK_S, ENTER_S = 0.05, 0.5
NUMBERS = ("CreateTime", "AgentID")


@dataclass
class Delivery:
    """One event on its way; ``plain`` is the XML inside."""

    plain: str
    tries: int = 0


@dataclass
class CallbackLedger:
    """What came of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)
    """The events that were told 200."""
    lost: list[str] = field(default_factory=list)
    """Given up after the last try."""


class Callbacks:
    """One address, entered by the administrator. ``push_all`` delivers what waits."""

    def __init__(self, corp: Corp, faults: Faults | None = None) -> None:
        self._corp = corp
        self._faults = faults or Faults()
        self._queue: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.url = ""
        self.echo_s, self.answer_s = ECHO_S, ANSWER_S
        """How long the vendor waits; longer where a busy machine must not matter."""
        self.ledger = CallbackLedger()
        corp.tell = self.add

    def enter(self, url: str) -> bool:
        """What happens when the administrator saves the address: it must echo what only the hub can read."""
        echo = str(self._corp.random.getrandbits(62))
        query = self._make_query(self._encrypt(echo), "echostr")
        status, body = self._call("GET", url, query, b"", self.echo_s)
        if status != 200 or body != echo.encode():
            return False
        self.url = url
        return True

    def add(self, event: Mapping[str, str]) -> None:
        """Something happened."""
        told = {"ToUserName": self._corp.settings.corp_id, "FromUserName": "sys",
                "CreateTime": str(self._corp.now_s()), "MsgType": "event", **event}  # fmt: skip
        if self.url:
            self._queue.put(Delivery(write_xml(told)))

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    def push_all(self) -> None:
        """Deliver what waits, each as often as the vendor would."""
        while not self._queue.empty() and not self._stop.is_set():
            self._deliver(self._queue.get())

    def begin(self, target: str = "") -> None:
        """Deliver by itself from now on. ``target`` is entered again and again until it proves itself."""
        self._thread = threading.Thread(target=self._live, args=(target,), name="wecom-callbacks", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _live(self, target: str) -> None:
        while not self._stop.wait(LOOK_S if self.url or not target else ENTER_S):
            if target and not self.url:
                self.enter(target)
            self.push_all()

    def _deliver(self, one: Delivery) -> None:
        fault = self._faults.draw(CALLBACK_FAULTS, "callback")
        if fault == "callback_forged":
            self.ledger.statuses[self._post(one.plain, "0" * 40)] += 1
        heard = fault != "callback_repeated"
        while one.tries < MOST_TRIES:
            one.tries += 1
            status = self._post(one.plain)
            self.ledger.statuses[status] += 1
            if status == 200 and heard:
                self.ledger.accepted.append(one.plain)
                return
            heard = True
        self.ledger.lost.append(one.plain)

    def _post(self, plain: str, signature: str = "") -> int:
        """The status; 0 when no answer came in time."""
        encrypted = self._encrypt(plain)
        corp, agent = self._corp.settings.corp_id, self._corp.settings.agent_id
        body = (
            f"<xml><ToUserName><![CDATA[{corp}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
            f"<AgentID><![CDATA[{agent}]]></AgentID></xml>"
        )
        query = self._make_query(encrypted)
        if signature:
            query["msg_signature"] = signature
        return self._call("POST", self.url, query, body.encode(), self.answer_s)[0]

    def _encrypt(self, plain: str) -> str:
        settings = self._corp.settings
        return encrypt(settings.aes_key, plain.encode(), settings.corp_id, self._corp.random.randbytes(16))

    def _make_query(self, encrypted: str, name: str = "") -> dict[str, str]:
        timestamp, nonce = str(self._corp.now_s()), str(self._corp.random.getrandbits(31))
        signature = sign(self._corp.settings.callback_token, timestamp, nonce, encrypted)
        told = {"msg_signature": signature, "timestamp": timestamp, "nonce": nonce}
        return told | ({name: encrypted} if name else {})

    def _call(self, method: str, url: str, query: Mapping[str, str], body: bytes, limit_s: float) -> tuple[int, bytes]:
        there = urlsplit(url)
        line = http.client.HTTPConnection(there.hostname or "", there.port, timeout=limit_s)
        try:
            line.request(method, f"{there.path}?{urlencode(query)}", body, {"content-type": "text/xml"})
            answer = line.getresponse()
            return answer.status, answer.read()
        except (TimeoutError, OSError, http.client.HTTPException):
            return 0, b""
        finally:
            line.close()


def write_xml(event: Mapping[str, str]) -> str:
    """As the vendor writes it: texts in CDATA, numbers bare."""
    parts = [
        f"<{name}>{escape(value)}</{name}>" if name in NUMBERS else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in event.items()
    ]
    return f"<xml>{''.join(parts)}</xml>"
