"""Which mails of a folder are still to be read, asked for a stretch of UIDs at a time."""

from __future__ import annotations

from datetime import date

from connectors.imap.client import MailboxClient, Status

STRETCH = 10_000
"""The answer for a mailbox of any size would be one line, held in memory as a whole."""


class Listing:
    """The mails above ``last`` in one folder, as it was when it said ``status``. ``since``: what came to the mailbox
    earlier does not count."""

    def __init__(
        self, client: MailboxClient, folder: str, status: Status, last: int, since: date | None, stretch: int = STRETCH
    ) -> None:
        self.folder, self.status, self.last = folder, status, last
        self._client = client
        self._since = since
        self._asked = last
        self._stretch = stretch if status.following and status.count > stretch else 0
        self._ahead: list[int] = []
        self._at_end = False

    @property
    def ended(self) -> bool:
        """Whether every mail was taken."""
        return self._at_end and not self._ahead

    def take(self, limit: int) -> list[int]:
        """The next UIDs in rising order; none only at the end."""
        while not self._ahead and not self._at_end:
            self._ask()
        page, self._ahead = self._ahead[:limit], self._ahead[limit:]
        self.last = page[-1] if page else self.last
        return page

    def _ask(self) -> None:
        """The last stretch is open: what came since the folder was asked is read as well."""
        upto = self._asked + self._stretch
        self._at_end = not self._stretch or upto >= self.status.following - 1
        self._ahead = self._client.list_after(self.folder, self._asked, self._since, 0 if self._at_end else upto)
        self._asked = upto
        if len(self._ahead) < self._stretch // 4:
            self._stretch *= 2  # few of the numbers are in use
