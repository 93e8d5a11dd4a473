"""Makes ``dist/`` (``make dist``): our wheel, and a folder from which it installs where there is no network.

The folder fits the Python version and the platform of the machine that makes it, and no other.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Callable, Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parents[1]
COMPANIONS = ("install.sh", "Containerfile", "isthmus.service", "isthmus@.service", "isthmus.env")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PLATFORM = sysconfig.get_platform()
Fetch = Callable[[str, Path], None]
"""Puts the wheels that the text of a lock names into a folder."""


def build_wheel(folder: Path) -> Path:
    """Our wheel, made without network and without a build environment."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("isthmus-*.whl")
    return wheel


def find_needed(name: str) -> set[str]:
    """The distributions that ``name`` needs on this machine, itself left out, by what their own metadata says."""
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(name), "")]
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        for text in distribution(item[0]).requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": item[1]}):
                found = canonicalize_name(needed.name)
                waiting += [(found, extra) for extra in ("", *needed.extras)]
    return {found for found, _ in seen} - {canonicalize_name(name)}


def select_pins(lock: str, names: Iterable[str]) -> str:
    """The entries of a lock, hashes included, that pin these names; ``ValueError`` when one is not pinned."""
    wanted = set(names)
    entries = re.findall(r"^[a-zA-Z0-9](?:[^\n]*\\\n)*[^\n]*\n?", lock, re.MULTILINE)
    chosen = [entry for entry in entries if canonicalize_name(re.split(r"[=\[ ]", entry)[0]) in wanted]
    missing = wanted - {canonicalize_name(re.split(r"[=\[ ]", entry)[0]) for entry in chosen}
    if missing:
        raise ValueError(f"requirements.lock does not pin {', '.join(sorted(missing))}: make lock")
    return "".join(chosen)


def download(pins: str, folder: Path) -> None:
    """Wheels from the index that this machine's pip is configured for, each checked by its hash."""
    listed = folder / "pins.txt"
    listed.write_text(pins, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "-r", str(listed), "-d", str(folder)]
    subprocess.run(command, check=True)
    listed.unlink()


def make_offline(folder: Path, wheel: Path, fetch: Fetch = download) -> Path:
    """A folder with our wheel, the wheels that it needs, their hashes and the script that installs them."""
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    fetch(select_pins(lock, find_needed("isthmus")), wheels)
    shutil.copy(wheel, wheels)
    for name in COMPANIONS:
        shutil.copy(ROOT / "deploy" / name, folder)
    shutil.copy(ROOT / "docs" / "install.md", folder / "README.md")
    (folder / "PYTHON").write_text(f"{PYTHON} {PLATFORM}\n", encoding="utf-8")
    (folder / "requirements.txt").write_text("".join(map(_pin, sorted(wheels.glob("*.whl")))), encoding="utf-8")
    write_sums(folder, "**/*")
    return folder


def _pin(wheel: Path) -> str:
    name, version, _, _ = parse_wheel_filename(wheel.name)
    return f"{name}=={version} --hash=sha256:{_digest(wheel)}\n"


def write_sums(folder: Path, pattern: str) -> None:
    """``SHA256SUMS`` of the other files of a folder, as ``sha256sum --check`` reads it."""
    sums = folder / "SHA256SUMS"
    files = sorted(path for path in folder.glob(pattern) if path.is_file() and path != sums)
    sums.write_text("".join(f"{_digest(path)}  {path.relative_to(folder)}\n" for path in files), encoding="utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    try:
        wheel = build_wheel(dist)
        version = parse_wheel_filename(wheel.name)[1]
        name = f"isthmus-{version}-offline-{PLATFORM}-python{PYTHON}"
        folder = make_offline(dist / name, wheel)
    except subprocess.CalledProcessError as error:
        sys.exit(f"make dist: this ended with {error.returncode}: {' '.join(error.cmd[2:])}; what it said stands above")
    with tarfile.open(dist / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(folder, name)
    write_sums(dist, "*")
    sys.stdout.write(f"{wheel}\n{dist / name}.tar.gz\nto install: sh {dist / name}/install.sh FOLDER\n")


if __name__ == "__main__":
    main()
