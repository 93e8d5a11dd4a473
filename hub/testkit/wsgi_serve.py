"""Serve a WSGI application of another virtual environment, one request at a time.

Run as a script, never imported: ``python -P wsgi_serve.py package.module:application HOST PORT``.
One at a time because Tryton on SQLite has no row locks: of 60 parties created by four threads 40 were refused for a
number drawn twice, and a sale confirmed twice at once got two invoices (measured, trytond 8.2.1). On PostgreSQL, where
companies run it, neither happens.
"""

import importlib
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def one_at_a_time(application: Application) -> Application:
    turn = threading.Lock()

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with turn:
            return list(application(environ, start_response))

    return serve


def main(target: str, host: str, port: str) -> None:
    module, _, name = target.partition(":")
    application: Application = getattr(importlib.import_module(module), name)
    serving = importlib.import_module("werkzeug.serving")
    serving.run_simple(host, int(port), one_at_a_time(application), threaded=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
