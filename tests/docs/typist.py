"""Types commands into the real program quickly: ``python -m tests.docs.typist`` imports the program once, and forks a
process of its own for each command that is asked for on its standard input.

Hundreds of commands are typed by the tests of the pages, and most of the time of each would go into imports. That the
installed program starts by itself is shown by ``tests/commands/test_app.py`` and ``tests/deploy``.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cli
import connectors
import hub

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).parent / "isthmus")


def import_all(package: ModuleType) -> None:
    """Everything that a command may come to import."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__") and "migrations" not in found.name:
            importlib.import_module(found.name)


def run_command(order: Mapping[str, Any]) -> int:
    """Be the program, as it is when it was just started with these words."""
    os.environ.clear()
    os.environ.update(order["environ"])
    os.chdir(order["folder"])
    for number, (name, mode) in enumerate(((os.devnull, "r"), (order["out"], "w"), (order["err"], "w"))):
        with Path(name).open(mode) as file:
            os.dup2(file.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, closefd=False) for number, mode in enumerate(("r", "w", "w"))
    )
    sys.argv = [PROGRAM, *order["words"]]
    try:
        cli.main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def fork_command(order: Mapping[str, Any]) -> int:
    """How the command ended."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    try:
        status = run_command(order)
        threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter does when it ends
        atexit._run_exitfuncs()
    except BaseException:  # a forked child must never go on as its parent
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    import_all(hub)
    import_all(connectors)
    for line in sys.stdin:
        print(fork_command(json.loads(line)), flush=True)


class Typist:
    """Where commands are typed, from the tests' side."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.docs.typist"]
        pipe = subprocess.PIPE
        environ = {**os.environ, "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, env=environ)

    def type(self, words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run ``isthmus`` with these words to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with tempfile.TemporaryDirectory() as said:
            out, err = Path(said, "out"), Path(said, "err")
            order = {"words": list(words), "folder": str(folder), "environ": dict(environ)}
            print(json.dumps({**order, "out": str(out), "err": str(err)}), file=self._process.stdin, flush=True)
            status = int(self._process.stdout.readline())
            printed, told = (path.read_text(encoding="utf-8") for path in (out, err))
        return subprocess.CompletedProcess([PROGRAM, *words], status, printed, told)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


@cache
def find_typist() -> Typist:
    """One for all tests of this process; it goes with it."""
    typist = Typist()
    atexit.register(typist.close)
    return typist


if __name__ == "__main__":
    main()
