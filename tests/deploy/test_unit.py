"""The systemd unit: read by systemd itself, and kept in step with the program that it starts."""

from __future__ import annotations

import configparser
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.runtime.up import GRACE_MS
from tests.deploy.outside import Outside
from tests.house.source import ROOT

UNIT = ROOT / "deploy" / "isthmus.service"
PARTS = ROOT / "deploy" / "isthmus@.service"
PROGRAM = "/usr/local/lib/isthmus/bin/isthmus"
MOST_EXPOSED = 20
"""Tenths of systemd's own measure, which goes from 0 to 10."""
PR_SET_MDWE = 65
KERNEL_REFUSES = ctypes.CDLL(None).prctl(PR_SET_MDWE + 1, 0, 0, 0, 0) >= 0
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


@pytest.fixture(params=[UNIT, PARTS], ids=["all", "parts"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit with a program that exists on this machine; of the template one instance."""
    copy = tmp_path / request.param.name.replace("@", "@worker")
    text = request.param.read_text(encoding="utf-8")
    copy.write_text(text.replace(PROGRAM, str(shutil.which("true"))), encoding="utf-8")
    return copy


def read_service(path: Path = UNIT) -> dict[str, str]:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names in a unit keep their capitals
    parser.read(path)
    return dict(parser["Service"])


@needs_systemd
def test_systemd_understands_it(unit: Path):
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_it_hardened(unit: Path):
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_it_owns_its_folder_and_stops_gently():
    service = read_service()
    assert service["DynamicUser"] == "yes"
    assert service["StateDirectory"] == "isthmus"
    assert service["Environment"] == "ISTHMUS_HOME=%S/isthmus"
    assert service["ProtectSystem"] == "strict"
    assert service["KillSignal"] == "SIGTERM", "what `up` listens to"
    assert int(service["TimeoutStopSec"]) * 1000 > GRACE_MS + 5000, "a stop is not cut short"
    assert service["RestartPreventExitStatus"] == "2", "a wrong configuration does not mend itself"


def test_the_parts_are_started_alike_and_need_no_home(installed: Outside):
    whole, parts = read_service(), read_service(PARTS)
    own = {"EnvironmentFile", "Environment", "ExecStart", "ExecStartPre", "StateDirectory", "StateDirectoryMode"}
    assert {name: value for name, value in whole.items() if name not in own} == {
        name: value for name, value in parts.items() if name not in own
    }
    assert "StateDirectory" not in parts
    program, instance, options = parts["ExecStart"].split()
    assert (program, instance, options) == (PROGRAM, "%i", "$ISTHMUS_OPTIONS")
    for part in ("serve", "worker", "scheduler"):
        assert installed.isthmus(part, "--help").returncode == 0


def test_it_starts_commands_that_exist(installed: Outside):
    service = read_service()
    for line in (service["ExecStartPre"], service["ExecStart"]):
        program, *words = line.split()
        assert program == PROGRAM
        assert installed.isthmus(*words, "--help").returncode == 0


@pytest.mark.skipif(not KERNEL_REFUSES, reason="this kernel cannot refuse memory that is writable and executable")
def test_the_hub_runs_without_writable_executable_memory(installed: Outside):
    """What ``MemoryDenyWriteExecute`` asks for; libraries with code of their own could need it."""
    installed.isthmus("init")
    log = installed.folder / "without.txt"
    refuse = f"import ctypes, os; ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0); "
    command = refuse + f"os.execv({installed.program!r}, ['isthmus', 'up', '--port', '0'])"
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, "-c", command], env=installed.environ, stdout=output, stderr=output)
    try:
        end = time.monotonic() + 60
        while "http://" not in log.read_text(encoding="utf-8") and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text(encoding="utf-8")
        assert '"event": "up"' in log.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()
