"""What only some operating systems have stays in one module, which knows an alternative for each."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import ROOT, dotted, fail_with, place, product_files, tree

LISTED = ROOT / "hub" / "testkit" / "platform.py"
MODULES = {"fcntl", "grp", "msvcrt", "posix", "pty", "pwd", "resource", "termios", "tty", "winreg"}
NAMES = {
    *("AF_UNIX", "SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGALRM"),
    *("fork", "forkpty", "killpg", "setsid", "setpgid", "geteuid", "getuid", "chown", "getpgid", "mkfifo", "setitimer"),
}
SYSTEM_MODULES = {"os", "signal", "socket", "asyncio", "multiprocessing"}
ARGUMENTS = {"preexec_fn", "start_new_session", "process_group", "pass_fds"}


def find_uses(node: ast.AST) -> Iterator[str]:
    """What ``node`` itself uses of the list."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in MODULES)
    elif isinstance(node, ast.ImportFrom):
        if node.module in MODULES:
            yield str(node.module)
        elif node.module in SYSTEM_MODULES:
            yield from (alias.name for alias in node.names if alias.name in NAMES)
    elif isinstance(node, ast.Attribute):
        module, _, name = dotted(node).rpartition(".")
        if name in NAMES and module.rpartition(".")[2] in {*SYSTEM_MODULES, "Signals"}:
            yield f"{module}.{name}"
    elif isinstance(node, ast.Call):
        yield from (word.arg for word in node.keywords if word.arg in ARGUMENTS)
        first = node.args[0] if node.args else None
        if dotted(node.func).endswith(("get_context", "set_start_method")) and isinstance(first, ast.Constant):
            yield from ["multiprocessing fork"] if str(first.value).startswith("fork") else []


def test_only_the_listed_module_knows_the_platform():
    offences = [
        f"{place(path, node)} uses {use}"
        for path in product_files()
        if path != LISTED
        for node in ast.walk(tree(path))
        for use in find_uses(node)
    ]
    fail_with(
        offences, f"This exists on some systems only; put it, with an alternative, into {LISTED.relative_to(ROOT)}."
    )


def test_the_listed_module_asks_which_platform_it_is_on():
    uses = {use for node in ast.walk(tree(LISTED)) for use in find_uses(node)}
    assert {"fcntl", "pwd", "os.geteuid", "os.chown"} == uses, "a list that nobody reads any more becomes shorter"
    guards = [node for node in ast.walk(tree(LISTED)) if isinstance(node, ast.If) and "platform" in ast.dump(node.test)]
    assert len(guards) >= 4


def test_the_rule_sees_what_it_should_see():
    text = """
import fcntl, os, signal, socket
from os import fork
os.kill(1, signal.SIGKILL)
socket.socket(socket.AF_UNIX)
signal.Signals.SIGKILL
subprocess.Popen([], preexec_fn=None)
multiprocessing.get_context("fork")
os.path.join("fork"); signal.SIGTERM; multiprocessing.get_context("spawn"); self.fork()
"""
    found = [use for node in ast.walk(ast.parse(text)) for use in find_uses(node)]
    assert sorted(found) == sorted(
        [
            "fcntl",
            "fork",
            "signal.SIGKILL",
            "socket.AF_UNIX",
            "signal.Signals.SIGKILL",
            "preexec_fn",
            "multiprocessing fork",
        ]
    )
