"""A plain HTTP server of pages that are written already: ``python -m tests.bench.server COUNT SIZE``.

It answers ``/api/<stream>?limit=…&after_id=…`` as the sandbox ERP does, costs next to nothing, and is a process of its
own, so that only the reader's work is measured.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.bench.source import ITEMS, KINDS, make_pages, write_page

ROOT = Path(__file__).parents[2]
Answers = dict[tuple[str, str], bytes]


def write_answers(count: int, size: int) -> Answers:
    """(stream, id of the last record before the page) → the page."""
    answers: Answers = {}
    for kind, stream in KINDS.items():
        pages = make_pages(kind, ITEMS if kind == "product" else count, size, partners=count)
        before = ""
        for number, page in enumerate(pages):
            answers[stream, before] = write_page(page, page[-1] if number + 1 < len(pages) else None)
            before = page[-1]["id"]
    return answers


def serve(answers: Answers) -> None:
    """Print the port, then answer until the process is ended."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            after = parse_qs(url.query).get("after_id", [""])[0]
            body = answers.get((url.path.rpartition("/")[2], after), b'{"items":[],"next":null}')
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


@contextmanager
def run_server(count: int, size: int) -> Iterator[str]:
    """Its address."""
    command = [sys.executable, "-m", "tests.bench.server", str(count), str(size)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    serve(write_answers(int(sys.argv[1]), int(sys.argv[2])))
