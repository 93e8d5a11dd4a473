"""On a real terminal and in real processes: secrets are typed unseen, progress goes to stderr, signals end politely."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.commands.stage import TOKEN, Erp, Terminal

PROGRAM = str(Path(sys.executable).parent / "isthmus")
ENVIRON = {**os.environ, "LANG": "C", "SANDBOX_TOKEN": TOKEN}


class Typist:
    """A person at a terminal: reads what is shown, types when asked."""

    def __init__(self, *words: str) -> None:
        self.screen = ""
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [PROGRAM, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**ENVIRON, "COLUMNS": "200"},
            start_new_session=True,
        )
        os.close(slave)

    def answer(self, question: str, text: str) -> None:
        end = time.monotonic() + 60
        while question not in self.screen:
            assert self._read(1) or time.monotonic() < end, self.screen
        self.screen = self.screen.replace(question, "(asked)")
        os.write(self._master, f"{text}\n".encode())

    def finish(self) -> int:
        while self._read(60):
            pass
        os.close(self._master)
        return self._process.wait(timeout=60)

    def _read(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], timeout_s)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other end was closed
            return False
        self.screen += data.decode("utf-8", "replace")
        return bool(data)


def test_questions_are_asked_and_the_secret_is_not_shown(terminal: Terminal, erp: Erp):
    person = Typist("--home", str(terminal.home), "connection", "add", "erp", "--connector", "sandbox")
    person.answer("Address of the ERP", erp.url)
    person.answer("Access token", TOKEN)
    assert person.finish() == 0, person.screen
    assert TOKEN not in person.screen
    written = (terminal.home / "isthmus.toml").read_text(encoding="utf-8")
    assert 'token = "secret:erp.token"' in written
    assert terminal.json("secret", "list")["items"] == [{"name": "erp.token"}]
    assert all(item["ok"] for item in terminal.json("connection", "check", "erp")["items"])
    for path in terminal.home.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_a_secret_is_replaced_unseen(terminal: Terminal):
    person = Typist("--home", str(terminal.home), "secret", "set", "erp.token")
    person.answer("erp.token", TOKEN)
    assert person.finish() == 0, person.screen
    assert TOKEN not in person.screen


def test_a_secret_is_not_asked_for_where_it_could_be_seen(terminal: Terminal):
    assert "env:NAME" in terminal.call("secret", "set", "erp.token", code=2, stdin=f"{TOKEN}\n").err
    answer = terminal.call("secret", "set", "erp.token", "--from", TOKEN, code=2)
    assert TOKEN not in answer.err
    assert terminal.json("secret", "set", "erp.token", "--from", "env:SANDBOX_TOKEN")["item"]["reference"] == (
        "secret:erp.token"
    )


def run(terminal: Terminal, *words: str) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, "--home", str(terminal.home), *words]
    return subprocess.run(command, env=ENVIRON, capture_output=True, text=True, check=False)


def test_progress_is_plain_lines_on_stderr_off_a_terminal(connected: Terminal, erp: Erp):
    erp.make_customer("海岳精密机械有限公司")
    done = run(connected, "sync", "run", "erp", "--kind", "account", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["item"]["run"]["state"] == "done"
    assert "reading account 1\n" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_simulator_runs_until_it_is_asked_to_stop(terminal: Terminal, number: signal.Signals):
    command = [PROGRAM, "--home", str(terminal.home), "simulate", "sandbox", "--json", "--option", "customers=3"]
    with subprocess.Popen(command, env=ENVIRON, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        item = json.loads(process.stdout.readline())["item"]
        assert httpx.get(item["url"]).status_code < 500
        process.send_signal(number)
        assert process.wait(timeout=60) == 0


def test_a_simulator_says_in_one_line_of_json_how_to_reach_it(terminal: Terminal):
    command = [PROGRAM, "--home", str(terminal.home), "simulate", "sandbox", "--faults", "0.2,late=0"]
    with subprocess.Popen(
        command, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["credentials"].keys() >= {"token"}
        assert httpx.get(ready["url"]).status_code < 600
        process.terminate()
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize(
    "words", [("--option", "nosuch=1"), ("--faults", "nosuch=0.5"), ("--faults", "lost=often"), ("--option", "novalue")]
)
def test_a_wrong_simulator_option_is_named(terminal: Terminal, words: tuple[str, str]):
    terminal.call("simulate", "sandbox", *words, code=2)


def test_a_reader_that_goes_away_is_no_defect(connected: Terminal):
    shell = f"'{PROGRAM}' --home '{connected.home}' connector show sandbox | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shell}"], env=ENVIRON, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


def test_a_probe_asks_before_it_writes(connected: Terminal, erp: Erp):
    erp.make_customer("海岳精密机械有限公司")
    for answer, code, sales in (("n", 2, 0), ("y", 0, 1)):
        person = Typist("--home", str(connected.home), "connection", "probe", "erp")
        person.answer("Probe erp (order)?", answer)
        assert person.finish() == code, person.screen
        assert erp.count_sales() == sales
    assert all(sale.get("deleted") for sale in erp.erp.documents("sale"))
