"""What ``connection check`` looks at: it changes nothing, and each finding names the cause or the folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.imap.choosing import choose_folders
from connectors.imap.client import MailboxClient
from connectors.imap.config import ImapConfig
from hub.errors import ConfigInvalid, NeedsConsent, Transient
from hub.sdk import CheckItem


def check_mailbox(client: MailboxClient, config: ImapConfig) -> Sequence[CheckItem]:
    """Every finding, up to the first that makes the rest unknowable."""
    found: list[CheckItem] = []
    try:
        for item in _look(client, config):
            found.append(item)  # noqa: PERF402 - what was found before an error counts
    except (Transient, NeedsConsent) as failed:
        words = failed.vendor or "—"
        found.append(CheckItem(False, failed.code, {**failed.params, "words": failed.params.get("words", words)}))
    except ConfigInvalid as wrong:
        found.append(CheckItem(False, wrong.code, wrong.params, ours=True))
    return found


def _look(client: MailboxClient, config: ImapConfig) -> Iterator[CheckItem]:
    known = client.list_folders()
    names = ", ".join(one.name for one in known if one.selectable)
    yield CheckItem(True, "imap.reached", {"host": config.host, "user": config.user, "folders": names})
    for folder in choose_folders(known, config):
        status = client.read_status(folder)
        client.search(folder, ["UID", "1"])
        yield CheckItem(True, "imap.folder_found", {"folder": folder, "count": status.count})
        if config.mark and not client.takes_flag(folder, config.mark):
            yield CheckItem(False, "imap.folder_readonly", {"folder": folder, "flag": config.mark, "user": config.user})
    for use in (name for name in config.folders if name.startswith("\\")):
        if not any(one.use.lower() == use.lower() for one in known):
            yield CheckItem(True, "imap.use_missing", {"use": use})
    if not client.tells_changes:
        yield CheckItem(True, "imap.no_condstore", {"host": config.host})
    if not client.can_idle:
        yield CheckItem(True, "imap.no_idle", {"host": config.host})
    if not config.own_domains:
        yield CheckItem(True, "imap.no_own_domains", {})
