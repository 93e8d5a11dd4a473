"""The wheel holds everything, and works where there is nothing else."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

from deploy.dist import build_wheel, find_needed, select_pins
from tests.deploy.outside import Outside
from tests.deploy.repack import write_stranger
from tests.house.source import ROOT, tracked_files

SHIPPED = ("hub", "connectors", "mappings", "cli.py")


def test_the_wheel_holds_every_file_of_the_product(wheel: Path):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {str(path.relative_to(ROOT)) for path in tracked_files() if path.relative_to(ROOT).parts[0] in SHIPPED}
    assert held == ours
    assert {Path(name).suffix for name in held} >= {".py", ".toml", ".sql", ".html", ".typed"}, "data files too"


def test_the_wheel_is_the_same_whenever_it_is_made(tmp_path: Path):
    first, second = build_wheel(tmp_path / "first"), build_wheel(tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()


def test_the_licence_and_the_command_are_in_the_wheel(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        assert "licenses/LICENSE" in names
        assert "isthmus = cli:main" in archive.read(names["entry_points.txt"]).decode()


def test_every_dependency_is_declared_and_pinned():
    needed = find_needed("isthmus")
    assert {"httpx", "psycopg-binary", "pydantic-core", "sqlalchemy"} <= needed
    assert not {"pytest", "mypy", "hatchling"} & needed, "what only we need is not installed elsewhere"
    pins = select_pins((ROOT / "requirements.lock").read_text(encoding="utf-8"), needed)
    assert len(re.findall(r"^\S+==", pins, re.MULTILINE)) == len(needed)
    with pytest.raises(ValueError, match="does not pin nobody-has-this"):
        select_pins(pins, {"httpx", "nobody-has-this"})


def test_the_environment_is_apart_from_the_clone(installed: Outside):
    seen = installed.python("import sys, hub, cli; print(sys.path, hub.__file__, cli.__file__)")
    assert str(ROOT) not in seen
    assert str(installed.environment) in seen
    done = installed.run(str(installed.environment / "bin" / "python"), "-m", "pip", "check")
    assert done.returncode == 0, done.stdout


def test_the_first_commands_work(installed: Outside):
    assert "connection" in installed.isthmus("--help").stdout
    assert installed.isthmus("--version").stdout.startswith("isthmus ")
    assert installed.isthmus("init").returncode == 0
    listed = json.loads(installed.isthmus("connector", "list", "--json").stdout)["items"]
    rows = {row["name"]: row for row in listed}
    assert rows["sandbox"]["origin"] == "built-in"
    assert {"account", "order", "product"} <= set(rows["tryton"]["kinds"]), "the mappings are there"
    doctor = installed.isthmus("doctor", "--lang", "zh")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert re.search(r"[\u4e00-\u9fff]", doctor.stdout), "the Chinese texts are there"
    assert "密码" in installed.isthmus("connector", "show", "tryton", "--lang", "zh").stdout


def test_a_connector_of_ones_own_is_written_and_found(installed: Outside, tmp_path: Path):
    home = {"ISTHMUS_HOME": str(tmp_path / "home")}
    installed.isthmus("init", **home)
    done = installed.isthmus("connector", "new", "acme", **home)
    assert done.returncode == 0, done.stderr
    listed = json.loads(installed.isthmus("connector", "list", "--json", **home).stdout)["items"]
    assert {row["name"]: row["origin"] for row in listed}["acme"] == "site"
    assert (tmp_path / "home" / "connectors" / "acme" / "__init__.py").exists()


def test_servers_start_and_stop(installed: Outside):
    installed.isthmus("init")
    _run_until_it_answers(installed, ["up", "--port", "0"], "/healthz", 200)
    _run_until_it_answers(installed, ["simulate", "sandbox", "--port", "0", "--seed", "7"], "/api/partner/ids", 401)


def _run_until_it_answers(outside: Outside, words: list[str], path: str, status: int) -> None:
    said = outside.folder / f"{words[0]}.txt"
    with said.open("w") as output:
        process = subprocess.Popen(
            [outside.program, *words], cwd=outside.folder, env=outside.environ, stdout=output, stderr=output
        )
    try:
        url = _find_address(process, said)
        assert httpx.get(url + path, trust_env=False, timeout=30).status_code == status
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, said.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()


def _find_address(process: subprocess.Popen[bytes], said: Path) -> str:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+(?=\D)", said.read_text(encoding="utf-8")):
            return found[0]
        time.sleep(0.05)
    raise AssertionError(said.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["hub", "connectors", "mappings"])
def test_a_package_of_somebody_else_is_named_in_one_sentence(installed: Outside, name: str):
    folder = installed.folder / f"stranger-{name}"
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "__init__.py").write_text("", encoding="utf-8")
    done = installed.isthmus("connector", "list", PYTHONPATH=str(folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert f"“{name}”" in done.stderr
    assert "environment of its own" in done.stderr


def test_installing_over_us_is_noticed_too(offline: Path, tmp_path: Path):
    """Somebody installs a distribution with a package ``hub`` into our environment; pip lets it overwrite ours."""
    outside = Outside(tmp_path)
    assert outside.run("sh", str(offline / "install.sh"), str(outside.environment)).returncode == 0
    stranger = write_stranger(tmp_path, "hub")
    pip = [str(outside.environment / "bin" / "python"), "-m", "pip"]
    assert outside.run(*pip, "install", "--no-index", str(stranger)).returncode == 0
    done = outside.isthmus("--help")
    assert done.returncode == 2
    assert "“hub”" in done.stderr


def test_plain_pip_installs_the_wheel(offline: Path, tmp_path: Path):
    """As the page says, with the dependencies looked up by name."""
    outside = Outside(tmp_path)
    python = str(outside.environment / "bin" / "python")
    (wheel,) = (offline / "wheels").glob("isthmus-*.whl")
    assert outside.run("python3", "-m", "venv", str(outside.environment)).returncode == 0
    find = ["--no-index", "--find-links", str(offline / "wheels")]
    done = outside.run(python, "-m", "pip", "install", *find, str(wheel))
    assert done.returncode == 0, done.stderr
    assert outside.isthmus("init").returncode == 0
    assert outside.isthmus("doctor").returncode == 0


def test_uv_installs_it_as_a_tool(offline: Path, tmp_path: Path):
    """As the page says, without the network."""
    outside = Outside(tmp_path)
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert uv, "uv is one of our own tools: make setup"
    (wheel,) = (offline / "wheels").glob("isthmus-*.whl")
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    find = ["--offline", "--no-config", "--no-index", "--find-links", str(offline / "wheels"), "--no-python-downloads"]
    done = outside.run(uv, "tool", "install", *find, str(wheel), **places)
    assert done.returncode == 0, done.stderr
    program = str(tmp_path / "bin" / "isthmus")
    assert outside.run(program, "init").returncode == 0
    assert outside.run(program, "doctor").returncode == 0


def test_what_needs_a_clone_says_so(installed: Outside):
    done = installed.isthmus("demo", "tryton")
    assert done.returncode == 2
    assert "from a clone of the project" in done.stderr
