"""A line that somebody listens in on: it leads to a real server, and keeps what the client says."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from hub.testkit.mailboxes import MailServer


@contextmanager
def listen_in(server: MailServer) -> Iterator[tuple[MailServer, list[str]]]:
    """The same server at another port, and the commands that come by, each without its tag."""
    commands: list[str] = []

    class Tapped(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", server.port)) as upstream:
                back = threading.Thread(target=_carry, args=(upstream, self.connection))
                back.start()
                while line := self.rfile.readline():
                    commands.append(line.decode("utf-8", "replace").strip().partition(" ")[2])
                    upstream.sendall(line)
                with suppress(OSError):
                    upstream.shutdown(socket.SHUT_WR)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tapped) as tap:
        thread = threading.Thread(target=tap.serve_forever, args=(0.02,))
        thread.start()
        yield replace(server, port=tap.server_address[1]), commands
        tap.shutdown()
        thread.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(1 << 16):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
