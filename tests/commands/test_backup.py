"""``isthmus backup`` and ``isthmus restore`` on a home."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.commands.stage import Erp, Terminal


def keep(terminal: Terminal, tmp_path: Path) -> Path:
    file = tmp_path / "kept.isthmus.tar.gz"
    terminal.call("backup", str(file))
    return file


def test_a_home_comes_back_on_another_machine(connected: Terminal, erp: Erp, tmp_path: Path):
    (connected.home / "mappings" / "erp").mkdir()
    (connected.home / "mappings" / "erp" / "note.txt").write_text("ours")
    connected.call("secret", "set", "erp.spare", "--from", "env:SANDBOX_TOKEN")
    erp.make_customer("海岳精密机械有限公司")
    connected.call("sync", "run", "erp", "--kind", "account")
    file = keep(connected, tmp_path)

    other = Terminal(tmp_path / "other")
    told = other.call("restore", str(file), "--yes")
    assert "master.key" in told.err, "the key is not in a backup"
    (other.home / "master.key").write_bytes((connected.home / "master.key").read_bytes())
    (other.home / "master.key").chmod(0o600)
    assert (other.home / "mappings" / "erp" / "note.txt").read_text() == "ours"
    assert other.json("secret", "list") == connected.json("secret", "list")
    assert other.json("record", "list", "account")["items"] == connected.json("record", "list", "account")["items"]
    other.call("apply")


def test_no_secret_lies_in_it(connected: Terminal, tmp_path: Path):
    connected.call("secret", "set", "erp.spare", "--from", "env:SANDBOX_TOKEN")
    key = (connected.home / "master.key").read_bytes().strip()
    (connected.home / "erp.secret").write_text("a password in a file")  # pragma: allowlist secret
    with tarfile.open(keep(connected, tmp_path)) as archive:
        names = archive.getnames()
        for member in archive.getmembers():
            source = archive.extractfile(member)
            assert source is not None
            body = source.read()
            assert key not in body, member.name
            assert b"canary-9f86d081884c7d659a2feaa0c55ad015" not in body, member.name  # pragma: allowlist secret
    assert "home/isthmus.toml" in names
    assert not {name for name in names if "key" in name or "secret" in name}


def test_nothing_is_replaced_unasked_and_a_file_not_overwritten(connected: Terminal, tmp_path: Path):
    file = keep(connected, tmp_path)
    before = file.read_bytes()
    assert "there already" in connected.call("backup", str(file), code=2).err
    assert file.read_bytes() == before
    assert "--yes" in connected.call("restore", str(file), code=1).err
    folder = tmp_path / "folder"
    folder.mkdir()
    told = connected.json("backup", str(folder))
    assert Path(told["item"]["file"]).parent == folder
    assert [path.name for path in folder.iterdir()] == [Path(told["item"]["file"]).name], "nothing half is left"


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_damaged_backup_changes_nothing(connected: Terminal, tmp_path: Path, place: int):
    file = keep(connected, tmp_path)
    body = bytearray(file.read_bytes())
    if place == 0:
        body = body[: len(body) // 2]
    elif place == 1:
        body = bytearray(b"no archive")
    else:
        # Sixteen bytes: a single bit may say the same (a run of noughts, from elsewhere), and does no damage then.
        at = len(body) * place // 4
        body[at : at + 16] = bytes(byte ^ 0xFF for byte in body[at : at + 16])
    file.write_bytes(body)
    database = (connected.home / "hub.sqlite").read_bytes()
    told = connected.call("restore", str(file), "--yes", code=2)
    assert "no whole backup" in told.err
    assert (connected.home / "hub.sqlite").read_bytes() == database


def test_a_damaged_database_is_replaced_and_kept_aside(connected: Terminal, tmp_path: Path):
    file = keep(connected, tmp_path)
    for path in connected.home.glob("hub.sqlite*"):
        path.unlink()
    (connected.home / "hub.sqlite").write_bytes(b"this is what a dying disk left" * 200)
    connected.call("restore", str(file), "--yes")
    connected.call("doctor", code=None)
    assert connected.json("connection", "list")["items"]
    assert list(connected.home.glob("hub.sqlite.damaged-*"))


def test_a_clone_says_that_it_rests(connected: Terminal, tmp_path: Path):
    clone = Terminal(tmp_path / "clone")
    told = clone.json("restore", str(keep(connected, tmp_path)), "--as-clone", "--yes")["item"]
    assert told["installation"] != told["manifest"]["installation"]
    assert told["before"] is None
    clone.call("resume", "--all")
