"""The web part of a hub on a free port, as ``isthmus serve`` runs it: ``python -m tests.bench.hook_server HOME MODE``.

MODE ``durable`` is the product; ``verify`` does all the same but writes nothing down.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from hub.runtime.home import find_home
from hub.runtime.up import WEB, build_engine, run_engine
from hub.store.event_rows import Event
from hub.web import hooks
from hub.web.app import make_app


class OnlyVerify:
    """Stands where the group commit stands: an event is made and forgotten."""

    def __init__(self, *_: object) -> None:
        """Needs nothing."""

    async def keep(self, event: Event) -> None:
        """Forget it."""

    def stop(self) -> None:
        """Nothing waits."""


def main(folder: str, mode: str) -> None:
    """Print the port, then answer until the process is ended."""
    if mode == "verify":
        vars(hooks)["GroupCommit"] = OnlyVerify  # it has the same three methods
    engine = build_engine(find_home(Path(folder)), parts=frozenset({WEB}))
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def ready(_: str) -> None:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()

    run_engine(engine, make_app, listener=listener, ready=ready)


if __name__ == "__main__":
    main(*sys.argv[1:3])
