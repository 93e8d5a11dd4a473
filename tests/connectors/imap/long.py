"""A mailbox of very many mails, written straight into the server's folder, and the hub that reads it in processes of
its own, one of which is killed on the way."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.store.rows import Run
from hub.testkit.mailboxes import UNPRIVILEGED_USERS, MailServer
from hub.testkit.platform import choose_user, hand_over
from tests.bench.measure import read_peak_mb
from tests.connectors.imap.office import Office, write_mail

LOOK_S = 0.05
_FIRST_S = 1_767_225_600


@dataclass(frozen=True)
class Reading:
    """What one process did: the counts of its run, the most memory it held, and how long it took."""

    counts: Mapping[str, int]
    peak_mb: float
    took_s: float


def fill_mailbox(server: MailServer, user: str, count: int) -> None:
    """As if they had come by and by: a file for each mail."""
    box = server.folder / "mail" / user
    owner = choose_user(UNPRIVILEGED_USERS)
    for folder in (box, *(box / name for name in ("cur", "new", "tmp"))):
        folder.mkdir(parents=True, exist_ok=True)
        if owner is not None:
            hand_over(folder, owner)
    for number in range(count):
        mail = write_mail(f"关于订单 SO-{number:06d} 的交期", id=f"{number}@haiyue.example", text="您好" * 100)
        (box / "cur" / f"{_FIRST_S + number}.M{number}.haiyue:2,S").write_bytes(mail)


class Reader:
    """The hub of one mailbox, called as people call it."""

    def __init__(self, folder: Path, server: MailServer, user: str) -> None:
        numbers = r"order SO-\d{6}"
        self.office = Office(folder, server, {"mail": {"user": user, "folders": "INBOX", "numbers": numbers}})
        self._command = [str(Path(sys.executable).parent / "isthmus"), "--home", str(folder)]

    def count(self) -> int:
        """Mails that are kept."""
        with self.office.hub.store.engine.connect() as line:
            return int(line.exec_driver_sql("SELECT count(*) FROM crm_activity").scalar_one())

    def kill_at(self, least: int) -> int:
        """Begin a run and kill it once so many mails are kept; how many were."""
        process = self._begin()
        while self.count() < least:
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(LOOK_S)
        process.kill()
        process.communicate()
        self._end_lease()
        return self.count()

    def _end_lease(self) -> None:
        """What two minutes of waiting would do: the next run begins when the lease of the dead one is over."""
        with self.office.hub.store.write() as tx:
            (run,) = tx.find(Run, state="running")
            tx.release_lease(f"run:{run.connection}", str(run.id))

    def read(self) -> Reading:
        """A whole run."""
        started = time.monotonic()
        process = self._begin()
        peak_mb = 0.0
        while process.poll() is None:
            peak_mb = max(peak_mb, read_peak_mb(process.pid))
            time.sleep(LOOK_S)
        told, said = process.communicate()
        assert process.returncode == 0, said or told
        counts = json.loads(told)["item"]["run"]["counts"]
        return Reading(counts, round(peak_mb, 1), round(time.monotonic() - started, 1))

    def _begin(self) -> subprocess.Popen[str]:
        command = [*self._command, "sync", "run", "mail", "--json"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def open_reader(server: MailServer, user: str) -> Iterator[Reader]:
    """In a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(Path(folder), server, user)
        try:
            yield reader
        finally:
            reader.office.close()
