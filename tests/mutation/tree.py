"""A copy of the project, to be broken."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutation.tools import ROOT


@contextmanager
def copied() -> Iterator[Path]:
    """Everything that git knows or would take up, as it stands now; away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="isthmus-mutation-"))
    try:
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
        for name in listed.decode().split("\0"):
            if name and (ROOT / name).is_file():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
        # Some tests ask git which files are ours.
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
