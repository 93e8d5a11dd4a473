"""Calls of a shop over many connections at once, each sending its next call when the last one was answered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from connectors.webhook.simulator import sign

_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Shot:
    """One call: the sender's id, and the request as it goes over the line."""

    id: str
    request: bytes


@dataclass
class Volley:
    """What came of the calls. ``waits_s``: from sending to the answer's end; ``kept``: ids that were told 2xx."""

    wall_s: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    refused: int = 0
    cut: int = 0

    @property
    def per_s(self) -> float:
        return len(self.kept) / self.wall_s

    def find_wait_ms(self, share: float) -> float:
        """So many of the calls waited no longer than this."""
        ordered = sorted(self.waits_s)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 1)


def load_shots(count: int, secret: str, name: str) -> list[Shot]:
    """Signed now; good for five minutes. Each is about an order of half a kilobyte."""
    now_s = int(time.time())
    shots = []
    for place in range(count):
        id_ = f"{name}-{place}"
        lines = [{"id": str(line), "name": "轴承 6204", "quantity": 2, "unit_price": "12.50"} for line in range(3)]
        data = {"id": f"o{place}", "updated_at": place, "number": f"SH-{place:06}", "currency": "CNY", "lines": lines}
        body = json.dumps({"type": "order.updated", "data": data}).encode()
        headers = {**sign("standard-webhooks", secret, id_, "order.updated", now_s, body), "Host": "hub"}
        lines_ = [f"{key}: {value}" for key, value in {**headers, "Content-Length": str(len(body))}.items()]
        head = "\r\n".join(["POST /hooks/shop HTTP/1.1", "Content-Type: application/json", *lines_])
        shots.append(Shot(id_, head.encode() + _END + body))
    return shots


class _Line(asyncio.Protocol):
    """One connection. It ends when there is nothing left to send, or the other side cuts it."""

    def __init__(self, shots: list[Shot], volley: Volley, done: asyncio.Future[None]) -> None:
        self._shots, self._volley, self._done = shots, volley, done
        self._shot: Shot | None = None
        self._sent_at = 0.0
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send_next()

    def _send_next(self) -> None:
        assert self._transport is not None
        if not self._shots:
            self._shot = None
            self._transport.close()
            return
        self._shot = self._shots.pop()
        self._sent_at = time.perf_counter()
        self._transport.write(self._shot.request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if not self._heard.endswith(_END):  # answers have no body
            return
        assert self._shot is not None
        if self._heard.startswith(b"HTTP/1.1 2"):
            self._volley.waits_s.append(time.perf_counter() - self._sent_at)
            self._volley.kept.append(self._shot.id)
        else:
            self._volley.refused += 1
        self._heard = b""
        self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._shot is not None:
            self._volley.cut += 1
        if not self._done.done():
            self._done.set_result(None)


async def _fire(port: int, shots: list[Shot], connections: int, volley: Volley) -> None:
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(connections)]
    started = time.perf_counter()
    for end in ends:
        try:
            await loop.create_connection(partial(_Line, shots, volley, end), "127.0.0.1", port)
        except OSError:
            volley.cut += 1
            end.set_result(None)
    await asyncio.gather(*ends)
    volley.wall_s = time.perf_counter() - started


def fire(port: int, shots: Sequence[Shot], connections: int, volley: Volley | None = None) -> Volley:
    """Send them all; ends early when every connection was cut. ``volley`` can be watched from another thread."""
    volley = volley or Volley()
    asyncio.run(_fire(port, list(reversed(shots)), connections, volley))
    return volley
