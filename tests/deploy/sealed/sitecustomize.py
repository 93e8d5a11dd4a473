"""Python imports this at its start, in every process that inherits PYTHONPATH. Whoever speaks to another machine, or
asks for its address, is refused, and the attempt is noted in the file that SEALED names."""

from __future__ import annotations

import os
import sys
from typing import Any

LOOPBACK = ("127.", "::1", "localhost")
WATCHED = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.bind": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}
"""Event → which argument holds the address."""


def note(line: str) -> None:
    handle = os.open(os.environ["SEALED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in WATCHED:
        return
    address = arguments[WATCHED[event]]
    host = address[0] if isinstance(address, tuple) else address
    if (
        host is None
        or str(host).startswith(LOOPBACK)
        or (event == "socket.connect" and isinstance(address, str | bytes))
    ):
        return
    note(f"{event} {host}")
    raise PermissionError(f"sealed: {event} {host}")


note("begin")
sys.addaudithook(refuse)
