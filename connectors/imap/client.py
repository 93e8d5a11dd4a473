"""One mailbox over IMAP as calls: what goes over the line, and what each failure means. Nothing about the hub. Folders
are opened for reading only, but by ``add_flag`` and ``takes_flag``, called where an admin asked for a flag."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, IMAPClientReadOnlyError

from connectors.imap.answers import fetch_parts
from connectors.imap.config import ImapConfig
from connectors.imap.headers import NAMES
from connectors.imap.opening import NO_IMAP, connect, end_line, log_in
from connectors.imap.refusals import explain_refusal
from connectors.imap.uids import cut_uids, write_uids
from hub.errors import ConfigInvalid, IsthmusError, Rejected, Transient
from hub.sdk import Tools

T = TypeVar("T")
HEADER = f"BODY.PEEK[HEADER.FIELDS ({' '.join(NAMES)})]"
_HEADER_KEY = re.compile(rb"BODY\[HEADER", re.IGNORECASE)
_SPECIAL = ("\\Sent", "\\Junk", "\\Trash", "\\Drafts", "\\Archive", "\\All", "\\Flagged")
_BY_NAME = {
    "\\Sent": ("sent", "sent items", "sent messages", "sent mail", "已发送", "已发送邮件", "发件箱"),
    "\\Junk": ("junk", "spam", "junk e-mail", "垃圾邮件", "垃圾箱"),
    "\\Trash": ("trash", "deleted items", "deleted messages", "已删除", "已删除邮件"),
    "\\Drafts": ("drafts", "草稿", "草稿箱"),
}
"""What folders are called where the server does not say what they are for."""
IDLE_S = 25 * 60.0
"""A server may end an IDLE after half an hour."""
_NEWS = frozenset({b"EXISTS", b"EXPUNGE", b"VANISHED"})
"""Flags are not read, our own least of all."""


@dataclass(frozen=True)
class Folder:
    """A folder as the server lists it: ``use`` is what it is for (``\\Sent``), empty for ordinary ones."""

    name: str
    use: str
    selectable: bool


@dataclass(frozen=True)
class Status:
    """What a folder says of itself without being opened. ``modseq`` is 0 where the server has none."""

    validity: int
    following: int
    """The UID that the next mail will get."""
    count: int
    modseq: int


@dataclass(frozen=True)
class Fetched:
    """Head and size of one mail; ``received_at`` is when it came into the mailbox, aware."""

    uid: int
    head: bytes
    size: int
    received_at: datetime | None


class MailboxClient:
    """One account. Raises ``Transient`` (nothing can be reached, the line broke), ``NeedsConsent`` (the login is
    refused, with the cause as far as the server names it) or ``ConfigInvalid``."""

    def __init__(self, config: ImapConfig, tools: Tools) -> None:
        self._config = config
        self._tools = tools
        self._line: IMAPClient | None = None
        self._selected = ""
        self._folders: list[Folder] | None = None

    @property
    def tells_changes(self) -> bool:
        """Whether the server counts changes (CONDSTORE)."""
        return self._ask_plainly(lambda line: bool(line.has_capability("CONDSTORE")))

    @property
    def tells_vanished(self) -> bool:
        """Whether it tells what was removed since (QRESYNC)."""
        return self._ask_plainly(lambda line: bool(line.has_capability("QRESYNC")))

    def close(self) -> None:
        line, self._line, self._selected, self._folders = self._line, None, "", None
        if line is not None:
            with suppress(OSError, IMAPClientError, *NO_IMAP):
                line.logout()
            end_line(line)  # also when it did not say goodbye

    # ------------------------------------------------------------ folders

    def list_folders(self) -> list[Folder]:
        """All folders of the account."""
        if self._folders is None:
            self._folders = self._ask_plainly(lambda line: [_read_folder(*told) for told in line.list_folders()])
        return self._folders

    def read_status(self, folder: str) -> Status:
        """What it says of itself; ``ConfigInvalid`` when there is no such folder."""
        if self._selected:
            self._ask(self._leave)  # a server speaks of the folder as it was opened, though it may be no more
        items = ["UIDVALIDITY", "UIDNEXT", "MESSAGES", *(["HIGHESTMODSEQ"] if self.tells_changes else [])]
        try:
            return self._ask(lambda line: _read_status(line.folder_status(folder, items)))
        except IMAPClientError as refused:
            raise self._explain_folder(folder, refused) from refused

    def search(self, folder: str, criteria: Sequence[Any]) -> list[int]:
        """UIDs of a folder in rising order."""
        try:
            return sorted(self._in_folder(folder, lambda line: line.search(list(criteria))))
        except IMAPClientError as refused:
            raise Transient("imap.folder_refused", folder=folder, vendor=str(refused)[:300]) from refused

    def list_after(self, folder: str, last: int, since: date | None, upto: int = 0) -> list[int]:
        """UIDs above ``last``, and not above ``upto`` if given, in rising order. A server shows the highest one even
        when nothing is above ``last``."""
        criteria: list[Any] = ["UID", f"{last + 1}:{upto or '*'}", *(["SINCE", since] if since is not None else [])]
        return [uid for uid in self.search(folder, criteria) if uid > last]

    def list_vanished(self, folder: str, modseq: int, last: int) -> str:
        """The UIDs up to ``last`` that were removed since ``modseq`` (RFC 7162), as a set: it may name any number that
        is in no use. Only where ``tells_vanished``."""

        def ask(line: IMAPClient) -> str:
            # IMAPClient has no word for it: it stays among what was said beside the answer.
            known = line._imap.untagged_responses
            known.pop("VANISHED", None)
            line._command_and_check("FETCH", "1:*", "(UID)", f"(CHANGEDSINCE {max(modseq, 1)} VANISHED)", uid=True)
            known.pop("FETCH", None)
            told = b",".join(known.pop("VANISHED", None) or ())
            return cut_uids(told.decode("ascii", "replace").replace("(EARLIER)", ""), last)

        return self._in_folder(folder, ask)

    # ------------------------------------------------------------ mails

    def fetch_heads(self, folder: str, uids: Sequence[int]) -> list[Fetched]:
        """Heads of those that are still there, in the order of their UIDs."""
        told = self._fetch(folder, uids, [HEADER, "RFC822.SIZE", "INTERNALDATE"], _make_fetched)
        wanted = set(uids)
        found = (told[uid] for uid in sorted(told) if uid in wanted)
        return [one for one in found if one is not None]

    def fetch_contents(self, folder: str, uids: Sequence[int], start: int, most_bytes: int) -> dict[int, bytes]:
        """UID → ``most_bytes`` of the mail from ``start`` on; fewer at its end, none behind it."""
        items = [f"BODY.PEEK[]<{start}.{most_bytes}>"]
        return self._fetch(folder, uids, items, lambda _, parts: _find(parts, b"BODY[]"))

    def _fetch(
        self, folder: str, uids: Sequence[int], items: Sequence[str], read: Callable[[int, Mapping[bytes, Any]], T]
    ) -> dict[int, T]:
        """``Rejected`` for what the server cannot or will not show, or shows in a way that nobody can read."""

        def ask(line: IMAPClient) -> dict[int, T]:
            return {uid: read(uid, parts) for uid, parts in fetch_parts(line, uids, items).items()}

        try:
            return self._in_folder(folder, ask)
        except IMAPClientError as refused:
            raise Rejected("imap.mail_refused", folder=folder, vendor=str(refused)[:300]) from refused

    # ------------------------------------------------------------ flags

    def takes_flag(self, folder: str, flag: str) -> bool:
        """Whether mails of the folder may be given it, as far as the server tells without being asked to."""
        return self._writing(folder, lambda line, opened: _allows(opened, flag))

    def add_flag(self, folder: str, validity: int, uids: Sequence[int], flag: str) -> bool:
        """Give it to mails that lie there still; False where that is not allowed, or the folder is another one now."""

        def add(line: IMAPClient, opened: Mapping[bytes, Any]) -> bool:
            if int(opened.get(b"UIDVALIDITY", 0)) != validity or not _allows(opened, flag):
                return False
            line.add_flags(write_uids(uids), [flag], silent=True)
            return True

        return self._writing(folder, add)

    def _writing(self, folder: str, act: Callable[[IMAPClient, Mapping[bytes, Any]], bool]) -> bool:
        """With the folder opened for writing, and opened for reading only again behind it: closing it as it is would
        remove what people have only marked as deleted. False for what the server refuses."""

        def select(line: IMAPClient) -> bool:
            self._leave(line)
            try:
                done = act(line, line.select_folder(folder))
            except IMAPClientReadOnlyError:  # it counts among broken lines there
                done = False
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                done = False
            line.select_folder(folder, readonly=True)
            self._selected = folder
            return done

        try:
            return self._ask(select)
        except IMAPClientError:
            return False

    # ------------------------------------------------------------ waiting

    def wait_for_change(self, folder: str, stopped: Callable[[], bool], step_s: float = 1.0) -> bool:
        """True when something changed in the folder; False when it was told to stop, or the server wants to be asked
        anew (``IDLE_S``). Only where the server knows IDLE."""

        def wait(line: IMAPClient) -> bool:
            line.idle()
            try:
                waited_s = 0.0
                while not stopped() and waited_s < IDLE_S:
                    told = line.idle_check(timeout=step_s)
                    if any(_NEWS.intersection(part[:2]) for part in told):
                        return True
                    if any(part and part[0] == b"BYE" for part in told):
                        raise IMAPClientAbortError("BYE")
                    waited_s += step_s
                return False
            finally:
                with suppress(OSError, IMAPClientError):
                    line.idle_done()

        return self._in_folder(folder, wait)

    @property
    def can_idle(self) -> bool:
        return self._ask_plainly(lambda line: bool(line.has_capability("IDLE")))

    # ------------------------------------------------------------ the line

    def _in_folder(self, folder: str, ask: Callable[[IMAPClient], T]) -> T:
        def select(line: IMAPClient) -> T:
            if self._selected != folder:
                self._leave(line)
                try:
                    line.select_folder(folder, readonly=True)
                except IMAPClientAbortError:
                    raise
                except IMAPClientError as refused:
                    self._selected = ""
                    raise self._explain_folder(folder, refused) from refused
                self._selected = folder
            return ask(line)

        return self._ask(select)

    def _leave(self, line: IMAPClient) -> None:
        """Opened for reading only, so that closing removes nothing."""
        selected, self._selected = self._selected, ""
        if selected:
            with suppress(IMAPClientError, *NO_IMAP):  # who will not is asked to open another one instead
                line.unselect_folder() if line.has_capability("UNSELECT") else line.close_folder()

    def _ask(self, ask: Callable[[IMAPClient], T]) -> T:
        """Within the budget of the connection; once more over a new line when the old one turns out to be dead.
        ``IMAPClientError``: the server will not, or says what nobody can read."""
        for attempt in (1, 2):
            had_line = self._line is not None
            try:
                with self._tools.budget.call():
                    return ask(self._open())
            except (IMAPClientAbortError, OSError) as broken:
                self._drop()
                if attempt == 2 or not had_line:
                    raise Transient("imap.line_broken", vendor=str(broken)[:300], host=self._config.host) from broken
            except NO_IMAP as odd:
                self._drop()
                raise IMAPClientError(f"no IMAP: {odd}") from odd
        raise AssertionError("unreachable")

    def _ask_plainly(self, ask: Callable[[IMAPClient], T]) -> T:
        """What no server refuses: whatever it says instead, the line is broken."""
        try:
            return self._ask(ask)
        except IMAPClientError as odd:
            self._drop()
            raise Transient("imap.line_broken", vendor=str(odd)[:300], host=self._config.host) from odd

    def _drop(self) -> None:
        line, self._line, self._selected = self._line, None, ""
        if line is not None:
            end_line(line)

    def _open(self) -> IMAPClient:
        if self._line is None:
            line = connect(self._config)
            with ExitStack() as unless_it_works:
                unless_it_works.callback(end_line, line)
                log_in(line, self._config, self._tools)
                unless_it_works.pop_all()
            self._line, self._selected = line, ""
        return self._line

    def _explain_folder(self, folder: str, refused: IMAPClientError) -> IsthmusError:
        words = str(refused)
        told = explain_refusal(self._config, words)
        if told.code == "imap.id_required":
            return told
        known = [one.name for one in self.list_folders()]
        if folder not in known and folder.upper() != "INBOX":
            return ConfigInvalid("imap.folder_missing", folder=folder, known=", ".join(known[:40]), vendor=words[:200])
        return Transient("imap.folder_refused", folder=folder, vendor=words[:300])


@contextmanager
def open_mailbox(config: ImapConfig, tools: Tools) -> Iterator[MailboxClient]:
    """A line of its own, closed at the end."""
    client = MailboxClient(config, tools)
    try:
        yield client
    finally:
        client.close()


def _find_use(flags: Sequence[bytes], name: str) -> str:
    told = {flag.decode("ascii", "replace").lower() for flag in flags}
    for use in _SPECIAL:
        if use.lower() in told:
            return use
    last = re.split(r"[/.]", name)[-1].lower()
    return next((use for use, names in _BY_NAME.items() if last in names), "")


def _read_folder(flags: Sequence[bytes], _separator: bytes, name: str | int) -> Folder:
    return Folder(str(name), _find_use(flags, str(name)), b"\\noselect" not in {flag.lower() for flag in flags})


def _read_status(told: Mapping[bytes, Any]) -> Status:
    names = (b"UIDVALIDITY", b"UIDNEXT", b"MESSAGES", b"HIGHESTMODSEQ")
    validity, following, count, modseq = (int(told.get(name, 0)) for name in names)
    return Status(validity, following, count, modseq)


def _allows(opened: Mapping[bytes, Any], flag: str) -> bool:
    """By PERMANENTFLAGS; a server that says nothing allows everything (RFC 9051, 7.3.1)."""
    told = opened.get(b"PERMANENTFLAGS")
    known = {one.lower() for one in told} if told is not None else {b"\\*", flag.lower().encode()}
    return flag.lower().encode() in known or (b"\\*" in known and not flag.startswith("\\"))


def _make_fetched(uid: int, parts: Mapping[bytes, Any]) -> Fetched | None:
    """None for a mail of which nothing is told."""
    if not parts:
        return None
    head = next((value for key, value in parts.items() if _HEADER_KEY.match(key)), b"") or b""
    received_at = parts.get(b"INTERNALDATE")
    if not isinstance(head, bytes) or not isinstance(received_at, datetime | None):
        raise TypeError("no head, or no time")
    if received_at is not None:
        received_at.utcoffset()  # raises for an offset of more than a day
    return Fetched(uid, head, int(parts.get(b"RFC822.SIZE") or 0), received_at)


def _find(parts: Mapping[bytes, Any], name: bytes) -> bytes:
    found = next((value or b"" for key, value in parts.items() if key.upper().startswith(name)), b"")
    if not isinstance(found, bytes):
        raise TypeError("no text")
    return found
