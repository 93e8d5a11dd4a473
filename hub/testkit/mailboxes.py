"""Two real IMAP servers: Dovecot, from Debian's package, and pymap, which knows no CONDSTORE, from an environment of
its own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hub.locale import render
from hub.testkit.certificates import Certificate
from hub.testkit.environment import install_lock, keep_folder, take_digest
from hub.testkit.platform import NoUser, User, choose_user, hand_over, hold_alone
from hub.testkit.servers import Server, ServerMissing, free_port, launch_program, start_server

LOCK_FILE = Path(__file__).parents[2] / "tests" / "locks" / "mail.lock"
"""Not part of the wheel: tests run from a clone."""
USER = "sales@haiyue.example"
UNPRIVILEGED_USERS = ("nobody",)
PACKAGES = ("dovecot-core", "dovecot-imapd")
SPECIAL_FOLDERS = ("Sent", "Junk", "Trash", "Drafts")


_SERVICES = (
    "service imap-login {",
    "  chroot =",
    "  inet_listener imap {",
    "    address = 127.0.0.1",
    "    port = @PORT@",
    "  }",
    "  inet_listener imaps {",
    "    address = 127.0.0.1",
    "    port = @TLS_PORT@",
    "  }",
    "}",
    "service anvil {",
    "  chroot =",
    "}",
)
"""Two services that Debian locks in, which takes root."""


@dataclass
class MailServer(Server):
    """``users`` are mailboxes; all have the same ``password``. ``apart``: each has a mailbox of its own. ``tls_port``:
    where TLS is spoken from the first byte; 0: nowhere."""

    name: str
    users: Sequence[str]
    password: str
    apart: bool
    tls_port: int = 0

    @property
    def user(self) -> str:
        return self.users[0]


@dataclass(frozen=True)
class DovecotPackage:
    """Where Debian's package lies: ``/`` where it is installed, else a folder into which it was taken apart."""

    root: Path

    @property
    def program(self) -> Path:
        return self.root / "usr/sbin/dovecot"

    @property
    def doveconf(self) -> Path:
        return self.root / "usr/bin/doveconf"

    @property
    def library(self) -> Path:
        return self.root / "usr/lib/dovecot"


# ---------------------------------------------------------------- getting them


def provision_dovecot(cache_dir: Path, *, progress: Callable[[str], None]) -> DovecotPackage:
    """Debian's package where it is installed; else it is fetched with ``apt-get download`` and taken apart below
    ``cache_dir``, which needs no root."""
    installed = DovecotPackage(Path("/"))
    if installed.program.exists() and (installed.library / "imap").exists():
        return installed
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ServerMissing("testkit_mailboxes.dovecot_missing", words="apt-get")
    folder = cache_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)

    def install(new: Path) -> None:
        progress(render("testkit_mailboxes.fetching_dovecot", "en"))
        _run(["apt-get", "-q", "download", *PACKAGES], new)
        for package in sorted(new.glob("*.deb")):
            _run(["dpkg-deb", "-x", str(package), str(new)], new)
            package.unlink()
        _loosen(DovecotPackage(new).library / "libdovecot.so.0.0.0")

    with hold_alone(folder / "dovecot.busy"):
        return DovecotPackage(keep_folder(folder / "dovecot", install))


def _loosen(library: Path) -> None:
    """Debian's folder of modules is written into the library; services look beside their own folder instead."""
    fixed, beside = b"/usr/lib/dovecot/modules\0", b"../modules\0"
    library.write_bytes(library.read_bytes().replace(fixed, beside.ljust(len(fixed), b"\0")))


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, errors="replace")
    if done.returncode:
        raise ServerMissing("testkit_mailboxes.dovecot_missing", words=(done.stderr or done.stdout).strip()[-300:])


def provision_pymap(cache_dir: Path, *, progress: Callable[[str], None], lock_file: Path = LOCK_FILE) -> Path:
    """The Python that pymap runs on; some seconds the first time. Several processes may call it at once."""
    if not lock_file.exists():
        raise ServerMissing("testkit_mailboxes.lock_missing", file=str(lock_file))
    folder = cache_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    name = f"pymap-{take_digest(lock_file.read_bytes(), sys.version_info[:2])}"

    def install(new: Path) -> None:
        progress(render("testkit_mailboxes.installing", "en"))
        if words := install_lock(new, lock_file, folder / "pymap-install.log"):
            raise ServerMissing("testkit_mailboxes.not_installable", words=words)

    with hold_alone(folder / "pymap.busy"):
        return keep_folder(folder / name, install) / "bin" / "python"


# ---------------------------------------------------------------- running them


def start_dovecot(
    package: DovecotPackage,
    folder: Path,
    *,
    users: Sequence[str] = (USER,),
    introspection_url: str = "",
    certificate: Certificate | None = None,
) -> MailServer:
    """Dovecot over maildirs below ``folder/mail/<user>``, whose path must be short. ``introspection_url``: where tokens
    are asked about (RFC 7662), for XOAUTH2. ``certificate``: for TLS and STARTTLS; none: neither is spoken."""
    owner = _choose_owner()
    folder.mkdir(parents=True, exist_ok=True)
    password = f"isthmus-{take_digest(str(folder))}"
    programs = _reachable(package, folder, owner)
    text = _configure(folder, programs.library, owner, users, password)
    text += _configure_tls(folder, certificate) + _configure_tokens(folder, introspection_url)
    for name in ("run", "state", "mail"):
        (folder / name).mkdir(exist_ok=True)
    if not (folder / "modules").exists():
        (folder / "modules").symlink_to(programs.library / "modules")
    for path in (folder, *(folder / name for name in ("run", "state", "mail"))):
        if owner is not None:
            hand_over(path, owner)

    def launch(port: int) -> MailServer:
        config = folder / "dovecot.conf"
        tls_port = free_port() if certificate is not None else 0
        config.write_text(text.replace("@PORT@", str(port)).replace("@TLS_PORT@", str(tls_port)), encoding="utf-8")
        # What dovecot does first is to look for doveconf where Debian puts it; so doveconf is asked to begin.
        begin = [str(programs.doveconf), "-f", "service=master", "-c", str(config), "-m", "master", "-e"]
        command = [*begin, str(programs.program), "-F", "-c", str(config)]
        libraries = f"LD_LIBRARY_PATH={programs.library}:{programs.library}/modules/old-stats"
        process = launch_program(["env", libraries, *command], folder, owner)
        url = f"imap://127.0.0.1:{port}"
        return MailServer(url, port, folder, process, signal.SIGTERM, "dovecot", list(users), password, True, tls_port)

    return start_server("dovecot", launch, _greets)


def _configure(folder: Path, library: Path, owner: User | None, users: Sequence[str], password: str) -> str:
    mine = folder.stat()
    uid, gid = (owner.uid, owner.gid) if owner is not None else (mine.st_uid, mine.st_gid)
    name = owner.name if owner is not None else folder.owner()
    (folder / "users").write_text("".join(f"{user}:{{PLAIN}}{password}::::::\n" for user in users), encoding="utf-8")
    lines = [
        "protocols = imap",
        "import_environment = TZ LD_LIBRARY_PATH",
        "disable_plaintext_auth = no",
        "auth_mechanisms = plain login xoauth2 oauthbearer",
        "auth_failure_delay = 0",
        f"base_dir = {folder}/run",
        f"state_dir = {folder}/state",
        f"log_path = {folder}/dovecot.log",
        f"libexec_dir = {library}",
        f"mail_plugin_dir = {library}/modules",
        f"login_plugin_dir = {library}/modules/login",
        f"default_internal_user = {name}",
        "default_internal_group =",
        f"default_login_user = {name}",
        "default_vsz_limit = 2G",
        "mail_max_userip_connections = 100",
        "first_valid_uid = 1",
        "first_valid_gid = 1",
        f"mail_location = maildir:{folder}/mail/%u:LAYOUT=fs",
        "passdb {",
        "  driver = passwd-file",
        f"  args = username_format=%u {folder}/users",
        "}",
        "userdb {",
        "  driver = static",
        f"  args = uid={uid} gid={gid} home={folder}/mail/%u",
        "}",
        *_SERVICES,
        "namespace inbox {",
        "  inbox = yes",
        "  separator = /",
        *(f"  mailbox {one} {{\n    auto = create\n    special_use = \\{one}\n  }}" for one in SPECIAL_FOLDERS),
        "}",
    ]
    return "\n".join([*lines, ""])


def _configure_tls(folder: Path, certificate: Certificate | None) -> str:
    if certificate is None:
        return "ssl = no\n"
    served = folder / "server.pem"
    served.write_bytes(certificate.chain.read_bytes())
    return f"ssl = yes\nssl_cert = <{served}\nssl_key = <{served}\n"


def _configure_tokens(folder: Path, introspection_url: str) -> str:
    if not introspection_url:
        return ""
    asked = f"introspection_mode = post\nintrospection_url = {introspection_url}\nusername_attribute = email\n"
    (folder / "oauth2.conf").write_text(asked, encoding="utf-8")
    mechanisms = "mechanisms = xoauth2 oauthbearer"
    return f"passdb {{\n  driver = oauth2\n  {mechanisms}\n  args = {folder}/oauth2.conf\n}}\n"


def _choose_owner() -> User | None:
    try:
        return choose_user(UNPRIVILEGED_USERS)
    except NoUser as error:
        raise ServerMissing("testkit_mailboxes.dovecot_missing", words=", ".join(UNPRIVILEGED_USERS)) from error


def _reachable(package: DovecotPackage, folder: Path, owner: User | None) -> DovecotPackage:
    """The same where the user who runs it may read: a copy when the way there is closed to others."""
    way = (package.library, *package.library.parents)
    if owner is None or all(part.stat().st_mode & 0o001 for part in way):
        return package
    copied = DovecotPackage(folder / "programs")
    if not copied.root.exists():
        shutil.copytree(package.library, copied.library, symlinks=True)
        for mine, theirs in ((package.program, copied.program), (package.doveconf, copied.doveconf)):
            theirs.parent.mkdir(parents=True)
            shutil.copy2(mine, theirs)
    return copied


def start_pymap(python: Path, folder: Path) -> MailServer:
    """pymap with one mailbox in memory. It knows neither CONDSTORE nor QRESYNC."""
    folder.mkdir(parents=True, exist_ok=True)
    password = f"isthmus-{take_digest(str(folder))}"
    login = ["--demo-user", USER, "--demo-password", password]

    def launch(port: int) -> MailServer:
        where = ["--host", "127.0.0.1", "--port", str(port), "--no-tls"]
        services = ["--no-service", "managesieve", "--no-service", "admin"]
        begin = [str(python), "-c", "from pymap.main import main; main()"]
        command = [*begin, *where, *services, "dict", *login]
        process = launch_program(command, folder, None)
        url = f"imap://127.0.0.1:{port}"
        return MailServer(url, port, folder, process, signal.SIGTERM, "pymap", [USER], password, False)

    return start_server("pymap", launch, _greets)


def _greets(server: MailServer) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=5.0) as line:
        return line.recv(64).startswith(b"* OK")
    return False
