"""A long mailbox from the first mail to the last, by the command line: its memory against that of a tenth of it, a run
that is killed and one that goes on, and a last one that finds nothing to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hub.testkit.mailboxes import MailServer
from tests.bench.measure import Verdict
from tests.connectors.imap.conftest import run_server
from tests.connectors.imap.long import Reading, fill_mailbox, open_reader

LIMIT_MB = 150
GROWTH = 1.15
KILLED_AFTER = 0.2
"""Of the mails; the run that goes on reads the others."""


@dataclass(frozen=True)
class Story:
    """``killed_at``: mails that were kept when the first run was killed; ``rest``: the run that went on; ``again``:
    one more; ``kept``: mails at the end."""

    killed_at: int
    rest: Reading
    again: Reading
    kept: int


def read_whole(server: MailServer, user: str) -> Reading:
    """In one go."""
    with open_reader(server, user) as reader:
        return reader.read()


def read_killed(server: MailServer, user: str, count: int) -> Story:
    """With a kill on the way."""
    with open_reader(server, user) as reader:
        killed_at = reader.kill_at(int(count * KILLED_AFTER))
        return Story(killed_at, reader.read(), reader.read(), reader.count())


def bench_mailbox(count: int) -> tuple[dict[str, Any], list[Verdict]]:
    """Dovecot is a process of its own: its memory is not counted."""
    with run_server("dovecot") as server:
        short, long = server.users
        fill_mailbox(server, short, count // 10)
        fill_mailbox(server, long, count)
        tenth = read_whole(server, short)
        story = read_killed(server, long, count)
    if (story.kept, story.rest.counts.get("in.activity.created")) != (count, count - story.killed_at):
        raise SystemExit(f"the runs did not do their work: {story}")
    growth = round(story.rest.peak_mb / tenth.peak_mb, 2)
    rest = count - story.killed_at
    figures = {
        "mails": count, "tenth": asdict(tenth), **asdict(story), "growth": growth,
        "mails_per_s": round(rest / story.rest.took_s),
    }  # fmt: skip
    verdicts = [
        Verdict("mailbox/peak_mb", story.rest.peak_mb, LIMIT_MB, at_most=True),
        Verdict("mailbox/growth", growth, GROWTH, at_most=True),
        Verdict("mailbox/written_again", sum(story.again.counts.values()), 0, at_most=True),
    ]
    return figures, verdicts
