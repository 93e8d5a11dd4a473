"""The home folder: configuration, key, database, site mappings and the admin's own connectors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ConfigInvalid

CONFIG_NAME = "isthmus.toml"
STARTING_CONFIG = """\
# What this hub connects, made to be kept in git. `isthmus apply` checks it and puts it into force.
# Passwords and tokens are never written here, only where they are: "env:NAME", "file:PATH" or "secret:NAME".

[organisation]
name = "My company"
currency = "CNY"
zone = "Asia/Shanghai"

# [connections.erp]
# connector = "tryton"                # isthmus connector list
# zone = "Asia/Shanghai"              # for systems that send times without a zone
# url = "http://127.0.0.1:8000"       # isthmus connector show tryton: what it asks for
# database = "tryton"
# login = "isthmus"
# password = "env:ERP_PASSWORD"       # or kept encrypted here: isthmus secret set erp.password
# calls_per_s = 5                     # never more in any second, over all workers; 0.5 is one in two seconds
# calls_per_day = 20000               # then the connection rests until midnight in its zone
#
# [connections.erp.codes.unit]        # their code = our value
# "PCS" = "piece"
#
# [connections.erp.syncs.order]
# direction = "both"                  # in | out | both
# confirm = "save"                    # save | submit | audit: who approves what the hub makes there
# create = false                      # make customers there that could not be matched
# start_date = 2026-01-01             # older documents are never pushed
# every = "5m"                        # 30s | 5m | 1h; leave it out to run by hand only
# owners = { note = "shared" }        # hub | remote | shared
# guard = { lost = 0.1, changed = 0.3, minimum = 20 }  # shares of a kind; more than that waits for a person
# expect_change_every = "7d"          # longer without news is reported; leave it out to let the hub learn it
# cursor_kept = "30d"                 # how long that system remembers where we stopped reading
#
# [notify]                            # tell people what waits, without being asked
# language = "zh"                     # en | zh
# every = "15m"                       # one message in so long at most
# again_after = "1d"                  # what still waits is told again
#
# [notify.targets.office]             # a mailbox …
# smtp = "mail.example.com:587"       # tls = "starttls" | "implicit" | "none"
# login = "isthmus@example.com"
# password = "env:MAIL_PASSWORD"
# sender = "isthmus@example.com"
# recipients = ["it@example.com"]
#
# [notify.targets.pager]              # … or an address (Standard Webhooks), or a connection that tells people
# url = "https://example.com/isthmus"
# secret = "env:PAGER_SECRET"         # isthmus doctor --send-test tries them all
#
# [[custom_fields]]                   # fields of your own: isthmus record edit account C-1 --set custom.grade=A
# kind = "account"
# name = "grade"
# type = "choice"                     # text | integer | decimal | boolean | date | choice
# choices = ["A", "B", "C"]           # of a choice only
#
# Beside this file: mappings/<connection or connector>/<kind>.toml (changes to a mapping), codes/<connection>.toml
"""


@dataclass(frozen=True)
class Home:
    """Where everything of one installation lies. ``environ`` is a copy of the environment it was found in."""

    folder: Path
    environ: Mapping[str, str]

    @property
    def config_file(self) -> Path:
        return self.folder / CONFIG_NAME

    @property
    def key_file(self) -> Path:
        return self.folder / "master.key"

    @property
    def mappings(self) -> Path:
        return self.folder / "mappings"

    @property
    def codes(self) -> Path:
        return self.folder / "codes"

    @property
    def letters(self) -> Path:
        return self.folder / "letters"

    @property
    def connectors(self) -> Path:
        return self.folder / "connectors"

    @property
    def database_url(self) -> str:
        """``ISTHMUS_DATABASE_URL``, or SQLite inside the home."""
        return self.environ.get("ISTHMUS_DATABASE_URL") or f"sqlite:///{self.folder / 'hub.sqlite'}"

    @property
    def broker_url(self) -> str | None:
        """``ISTHMUS_BROKER_URL`` (``redis://…``), or None: the broker in this process."""
        return self.environ.get("ISTHMUS_BROKER_URL") or None

    @property
    def exists(self) -> bool:
        return self.config_file.is_file()

    def require(self) -> Home:
        """This home, or ``ConfigInvalid`` that names the command that makes one."""
        if not self.exists:
            raise ConfigInvalid("runtime.home_missing", home=self.folder)
        return self

    def require_database(self) -> str:
        """The address of the database. A machine that is given one needs no home: what it does is configured there."""
        if not self.environ.get("ISTHMUS_DATABASE_URL"):
            self.require()
        return self.database_url


def find_home(given: Path | None = None, environ: Mapping[str, str] | None = None) -> Home:
    """The home that was asked for: the argument, else ``ISTHMUS_HOME``, else ``~/.isthmus``."""
    found = dict(os.environ if environ is None else environ)
    folder = given or Path(found.get("ISTHMUS_HOME") or "~/.isthmus")
    return Home(folder.expanduser().absolute(), found)


def make_home(home: Home) -> list[Path]:
    """Make what is missing of a home and leave the rest alone; the files and folders that were made."""
    try:
        return _make_missing(home)
    except OSError as error:
        raise ConfigInvalid("runtime.home_unwritable", home=home.folder, vendor=error.strerror) from error


def _make_missing(home: Home) -> list[Path]:
    made = []
    for folder in (home.folder, home.mappings, home.connectors):
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700)
            made.append(folder)
    if not home.config_file.exists():
        home.config_file.write_text(STARTING_CONFIG, encoding="utf-8")
        made.append(home.config_file)
    return made
