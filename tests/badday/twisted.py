"""An ERP whose answers are changed on their way, byte by byte where that is needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from hub.sdk.simulator import Request, Response
from tests.sync.scenes import Scene

Twist = Callable[[Request, Response], Response]
Spoiled = Mapping[str, Mapping[str, bytes]]
"""External id → field (``lines.text`` for one of the first line) → what stands there on the wire."""


class _Twisted:
    def __init__(self, api: Any, twist: Twist) -> None:
        self._api = api
        self._twist = twist

    def handle(self, request: Request) -> Response:
        return self._twist(request, self._api.handle(request))


@contextmanager
def twisted(scene: Scene, twist: Twist) -> Iterator[None]:
    """Answers of the scene's ERP are changed like this; afterwards they are as they should be."""
    usual = scene.api
    scene.api = _Twisted(usual, twist)  # type: ignore[assignment]  # it answers like one
    scene.hub = scene.make_hub()
    try:
        yield
    finally:
        scene.api = usual
        scene.hub = scene.make_hub()


def spoil(spoiled: Spoiled) -> Twist:
    """Single values of documents, wherever they are shown."""

    def twist(request: Request, answer: Response) -> Response:
        if request.method != "GET" or answer.status != 200:
            return answer
        body = json.loads(answer.body)
        tokens: dict[str, bytes] = {}
        for row in body.get("items", [body]):
            for path, raw in spoiled.get(str(row.get("id")), {}).items():
                holder, _, name = path.rpartition(".")
                mark = f"@@{len(tokens)}@@"
                (row[holder][0] if holder else row)[name] = mark
                tokens[mark] = raw
        text = json.dumps(body).encode()
        for mark, raw in tokens.items():
            text = text.replace(f'"{mark}"'.encode(), raw)
        return replace(answer, body=text)

    return twist


def answer_with(status: int, body: bytes, kind: str = "text/html", *, path: str = "") -> Twist:
    """Something else than what was asked for."""

    def twist(request: Request, answer: Response) -> Response:
        return Response(status, body, (("content-type", kind),)) if request.path.startswith(path) else answer

    return twist


def cut_off(_request: Request, answer: Response) -> Response:
    """The second half is missing."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])
