from __future__ import annotations

from pathlib import Path

import pytest

from deploy.dist import build_wheel, make_offline
from tests.deploy.outside import Outside
from tests.deploy.repack import repack_pinned


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel, as ``make dist`` makes it."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def offline(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The offline folder; the wheels of others are made from what is installed here."""
    return make_offline(tmp_path_factory.mktemp("offline") / "isthmus", wheel, repack_pinned)


@pytest.fixture(scope="session")
def installed(offline: Path, tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """The program, installed by the folder's own script into an empty environment outside the clone."""
    outside = Outside(tmp_path_factory.mktemp("outside"))
    done = outside.run("sh", str(offline / "install.sh"), str(outside.environment))
    assert done.returncode == 0, done.stdout + done.stderr
    return outside
