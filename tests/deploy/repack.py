"""Wheels made again from what is installed here, so that an offline folder can be tried without a package index."""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import canonicalize_name

NOT_PACKED = {"RECORD", "INSTALLER", "REQUESTED"}
"""What pip writes itself."""


def repack_pinned(pins: str, folder: Path) -> None:
    """As ``deploy.dist.download``: one wheel for each pin."""
    for name, version in re.findall(r"^([a-zA-Z0-9._-]+)==([^ ;\\\n]+)", pins, re.MULTILINE):
        installed = distribution(name)
        assert installed.version == version, f"{name}: run make setup"
        repack(installed, folder)


def repack(installed: Distribution, folder: Path) -> Path:
    """A wheel of one installed distribution; pip makes its programs again from the entry points."""
    stem = f"{canonicalize_name(installed.name).replace('-', '_')}-{installed.version}"
    wheel = folder / f"{stem}-{_find_tag(installed)}.whl"
    names = []
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in installed.files or ():
            if (
                ".." not in file.parts
                and file.suffix != ".pyc"
                and file.name not in ("RECORD", "INSTALLER", "REQUESTED")
            ):
                archive.write(str(file.locate()), str(file))
                names.append(str(file))
        record = next(str(file.parent / "RECORD") for file in installed.files or () if file.name == "METADATA")
        archive.writestr(record, "".join(f"{name},,\n" for name in [*names, record]))
    return wheel


def _find_tag(installed: Distribution) -> str:
    tags = re.findall(r"^Tag: (\S+)", installed.read_text("WHEEL") or "", re.MULTILINE)
    ours = [str(tag) for tag in sys_tags()]
    return min((tag for tag in tags if tag in ours), key=ours.index)


def write_stranger(folder: Path, name: str) -> Path:
    """A wheel of somebody else whose package is called ``name``."""
    wheel = folder / f"stranger_{name}-1.0-py3-none-any.whl"
    told = f"stranger_{name}-1.0.dist-info"
    contents = {
        f"{name}/__init__.py": "VERSION = '1.0'\n",
        f"{told}/METADATA": f"Metadata-Version: 2.1\nName: stranger-{name}\nVersion: 1.0\n",
        f"{told}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
        archive.writestr(f"{told}/RECORD", "".join(f"{path},,\n" for path in [*contents, f"{told}/RECORD"]))
    return wheel
