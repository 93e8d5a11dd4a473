"""While the hub runs, a new mail is taken in at once."""

from __future__ import annotations

import time

import pytest

from hub.runtime.home import find_home
from hub.runtime.up import ALL_PARTS, WEB, build_engine
from tests.connectors.imap.office import Mailbox, Office, write_mail

pytestmark = pytest.mark.servers
PATIENCE_S = 120.0


def test_new_mail_starts_a_run_at_once(office: Office, sales: Mailbox) -> None:
    for name in ("sales", "wang"):
        office.call("sync", "add", name, "activity", "--direction", "in", "--every", "1d")
    engine = build_engine(find_home(office.folder, {}), workers=2, parts=ALL_PARTS - {WEB})
    engine.start()
    try:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and len(office.records()) < 3:
            sales.put(write_mail("neu"))  # the first run comes by schedule; what follows is told by the server
            time.sleep(1.0)
        assert len(office.records()) >= 3, "a day has not passed"
    finally:
        engine.stop()
