"""Which mails are meant, and what a mail speaks of: the admin's choices applied to one mail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate

from connectors.imap.client import Folder
from connectors.imap.config import ImapConfig
from connectors.imap.headers import Head
from hub.errors import ConfigInvalid

_MOST_MENTIONS = 20


def choose_folders(known: list[Folder], config: ImapConfig) -> list[str]:
    """The names of the folders that are meant, in the order of the configuration; ``ConfigInvalid`` for one that is not
    there. A folder for a special use may be missing: not everybody keeps what was sent."""
    skipped = {name for wanted in config.skip_folders for name in _match(known, wanted)}
    chosen: dict[str, None] = {}
    for wanted in config.folders:
        if wanted == "*":
            chosen.update({one.name: None for one in known if one.selectable and one.name not in skipped})
            continue
        found = _match(known, wanted)
        if not found and not wanted.startswith("\\"):
            names = ", ".join(one.name for one in known)
            raise ConfigInvalid("imap.folder_missing", folder=wanted, known=names[:1000])
        chosen.update(dict.fromkeys(found))
    return list(chosen)


def _match(known: Iterable[Folder], wanted: str) -> list[str]:
    if wanted.startswith("\\"):
        return [one.name for one in known if one.use.lower() == wanted.lower()]
    fold = wanted.upper() == "INBOX"
    return [one.name for one in known if one.name == wanted or (fold and one.name.upper() == "INBOX")]


class Choice:
    """Compiled once for a connection."""

    def __init__(self, config: ImapConfig) -> None:
        self._own = frozenset(config.own_domains)
        self._me = config.user.lower()
        self._internal = config.internal
        self._senders = [re.compile(translate(one.lower())) for one in config.skip_senders]
        self._subjects = [re.compile(translate(one), re.IGNORECASE) for one in config.skip_subjects]
        self._patterns = config.list_patterns()

    def leaves_out(self, head: Head) -> bool:
        """Whether the mail is none of the hub's business."""
        if head.is_report:  # a returned mail comes from our own server
            return False
        among_us = bool(self._own and head.people) and all(self.is_own(address) for _, _, address in head.people)
        if among_us and self._internal == "skip":
            return True
        sender = head.sender[1]
        return any(one.match(sender) for one in self._senders) or any(one.match(head.subject) for one in self._subjects)

    def is_own(self, address: str) -> bool:
        return address == self._me or address.rpartition("@")[2] in self._own

    def list_mentions(self, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(kind, number in small letters) of what is spoken of, in the order in which it stands there."""
        seen: dict[tuple[str, str], None] = {}
        for text in texts:
            for kind, pattern in self._patterns:
                for match in pattern.finditer(text):
                    number = (match[1] if pattern.groups else match[0]) or ""
                    if number.strip() and len(seen) < _MOST_MENTIONS:
                        seen[kind, number.strip().lower()] = None
        yield from seen
