"""``/hooks/{connection}``: calls of other systems, proved on their raw bytes, written down, then answered.

Whoever cannot prove who he is gets 401, whether the connection exists or not. What is answered with 2xx is on the disk.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hub.errors import ConnectorDefect, IsthmusError, RuleBroken, Transient, Unauthentic
from hub.runtime.group_commit import GroupCommit
from hub.runtime.logs import write_log
from hub.runtime.up import Engine
from hub.sdk.webhooks import Call, Received, Receiver, find_scheme, verify_call
from hub.sync.events import make_event
from hub.web.doors import Door, Doors

PATH = "/hooks/{connection}"
METHODS = ["POST", "GET", "OPTIONS"]
BODY_TIME_S = 10.0
"""A body that is not here by then is not waited for."""
RETRY_S = 5
NO_STORE = {"cache-control": "no-store"}
_SCHEME = find_scheme("standard-webhooks")
_NOBODY = "whsec_" + secrets.token_hex(16)


_UNREAD = frozenset({400, 408, 413, 415})
"""What is left of the body would be taken for the next call."""


class _Refused(Exception):
    """The call ends here with this status."""

    def __init__(self, status: int, retry_s: float | None = None) -> None:
        self.status = status
        self.headers = {} if retry_s is None else {"retry-after": str(max(1, math.ceil(retry_s)))}
        if status in _UNREAD:
            self.headers["connection"] = "close"


@dataclass
class Reception:
    """Takes the calls of one process. ``commit`` writes them down."""

    engine: Engine
    doors: Doors
    commit: GroupCommit

    @classmethod
    def of(cls, engine: Engine) -> Reception:
        """The usual one."""
        pool = engine.pool
        return cls(engine, Doors(pool), GroupCommit(pool.store, engine.actors.hint_events))

    def stop(self) -> None:
        """Write what waits, then end."""
        self.commit.stop()
        self.doors.stop()

    async def answer(self, request: Request) -> Response:
        """The endpoint."""
        name = request.path_params["connection"]
        try:
            return await self._take(name, request)
        except _Refused as refused:
            return Response(status_code=refused.status, headers={**NO_STORE, **refused.headers})
        except Unauthentic as error:
            write_log("hooks.refused", connection=name, code=error.code)
            return Response(status_code=401, headers=NO_STORE)
        except RuleBroken as error:
            write_log("hooks.unstorable", connection=name, code=error.code)
            return Response(status_code=400, headers=NO_STORE)
        except IsthmusError as error:
            # The sender is to come again: the store is away, or our own code or configuration failed.
            wait_s = error.retry_after_s if isinstance(error, Transient) else None
            retry = {"retry-after": str(max(1, math.ceil(wait_s or RETRY_S)))}
            if isinstance(error, ConnectorDefect):
                write_log("hooks.defect", connection=name, code=error.code)
            return Response(status_code=503, headers={**NO_STORE, **retry})

    async def _take(self, name: str, request: Request) -> Response:
        door = await self.doors.find(name)
        if door is not None and door.receiver is None:
            raise _Refused(503, RETRY_S)
        body = await read_body(request, door.receiver.max_body if door and door.receiver else Receiver.max_body)
        call = make_call(request, body, self)
        if door is None or door.receiver is None:
            _refuse_stranger(call)
            raise Unauthentic("sdk.call_signature")
        received = door.receiver.receive(call)
        if received.keep:
            await self._keep(name, door, door.receiver, call, received)
        return _answer(received)

    async def _keep(self, name: str, door: Door, receiver: Receiver, call: Call, received: Received) -> None:
        wait_s = door.limit.take(asyncio.get_running_loop().time())
        if wait_s > 0:
            raise _Refused(429, wait_s)
        await self.commit.keep(make_event(self.engine.pool.store, name, receiver, call, received))


async def read_body(request: Request, most: int) -> bytes:
    """The whole body, or an end: 413 too long (also when it says nothing about its length), 415 compressed, 408 too
    slow, 400 cut off."""
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise _Refused(415)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _Refused(413)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_TIME_S):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise _Refused(413)
                parts.append(part)
    except TimeoutError as error:
        raise _Refused(408) from error
    except ClientDisconnect as error:
        raise _Refused(400) from error
    return b"".join(parts)


def make_call(request: Request, body: bytes, reception: Reception) -> Call:
    """What the connector sees. Neither Host nor any X-Forwarded header decides anything."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope.get("query_string", b"")
    target = (path + (b"?" + query if query else b"")).decode("latin-1")
    return Call(request.method, target, headers, body, reception.engine.pool.clock.now())


def _refuse_stranger(call: Call) -> None:
    """As much work as for a connection that exists, so that time does not tell which ones do."""
    verify_call(_SCHEME, call, [_NOBODY])


def _answer(received: Received) -> Response:
    answer = received.answer
    if answer is None:
        return Response(status_code=200, headers=NO_STORE)
    headers = {**NO_STORE, **dict(answer.headers)}
    return Response(answer.body, answer.status, headers, media_type=answer.content_type)
