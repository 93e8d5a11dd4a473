"""A folder outside the clone, with an environment that knows nothing of the clone or of this machine's pip."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HIDDEN = ("ISTHMUS_", "LC_", "PIP_", "PYTHON", "VIRTUAL_ENV", "UV_")


@dataclass(frozen=True)
class Outside:
    """Runs programs in ``folder``, which is also the home of whoever runs them."""

    folder: Path

    @property
    def environment(self) -> Path:
        return self.folder / "environment"

    @property
    def program(self) -> str:
        return str(self.environment / "bin" / "isthmus")

    @property
    def environ(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
        return {**kept, "HOME": str(self.folder), "LANG": "C.UTF-8", "PIP_CONFIG_FILE": os.devnull}

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=self.folder,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def isthmus(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.program, *words, **environ)

    def python(self, code: str, **environ: str) -> str:
        done = self.run(str(self.environment / "bin" / "python"), "-c", code, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
