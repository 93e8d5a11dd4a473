"""Reading a mailbox: the connector's records against a bare IMAPClient loop that fetches the same headers, on the same
Dovecot, in the same process."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from imapclient import IMAPClient

from connectors.imap.client import HEADER
from hub.testkit.mailboxes import MailServer
from tests.bench.measure import Cost, Verdict, measure, pick_best
from tests.connectors.imap.conftest import run_server
from tests.connectors.imap.office import Mailbox, open_connector, pull, write_mail

PAGE = 500
MUST, HOPE = 0.5, 0.7


def bench_mails(count: int, rounds: int) -> tuple[dict[str, Any], list[Verdict]]:
    """Processor time of the reader alone; Dovecot is a process of its own."""
    with run_server("dovecot") as server:
        mailbox = Mailbox(server, server.user)
        for start in range(0, count, 1000):
            numbers = range(start, min(start + 1000, count))
            mailbox.put_many([write_mail(f"关于订单 SO-{number:05d} 的交期", text="您好" * 100) for number in numbers])
        bare: list[Cost] = []
        ours: list[Cost] = []
        for _ in range(rounds):
            bare.append(measure(lambda: _check(read_bare(server), count)))
            ours.append(measure(lambda: _check(read_ours(server), count)))
        mailbox.close()
    ratios = [theirs.cpu_s / mine.cpu_s for theirs, mine in zip(bare, ours, strict=True)]
    figures = {
        "count": count,
        "rounds": rounds,
        "bare": _show(pick_best(bare), count),
        "ours": _show(pick_best(ours), count),
        "ratios": [round(ratio, 3) for ratio in ratios],
    }
    return figures, [Verdict("mails", round(statistics.median(ratios), 3), MUST, HOPE)]


def read_bare(server: MailServer) -> int:
    """Fetch, and look at nothing."""
    line = IMAPClient("127.0.0.1", port=server.port, ssl=False)
    line.login(server.user, server.password)
    line.select_folder("INBOX", readonly=True)
    uids: Sequence[int] = line.search()
    found = 0
    for start in range(0, len(uids), PAGE):
        found += len(line.fetch(uids[start : start + PAGE], [HEADER, "RFC822.SIZE", "INTERNALDATE"]))
    line.logout()
    return found


def read_ours(server: MailServer) -> int:
    """Every mail as a record: addresses, thread, numbers, time."""
    choices = {"bodies": "none", "folders": ("INBOX",), "numbers": (r"order SO-\d+",)}
    with open_connector(server, server.user, **choices) as connector:
        return len(pull(connector, limit=PAGE)[0])


def _check(found: int, count: int) -> None:
    assert found == count, f"{found} of {count} mails"


def _show(cost: Cost, count: int) -> dict[str, float]:
    return {
        **cost.per(count),
        "mails_per_s": round(count / cost.wall_s),
        "cpu_s_per_10000": round(cost.cpu_s / count * 10_000, 3),
    }
