"""Telling people: signed and to public addresses only, by mail, by a connector; once, and beside syncing."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigInvalid, NeedsConsent, Rejected, Transient
from hub.runtime.addresses import find_address, is_public
from hub.runtime.assemble import Outfit
from hub.runtime.home import Home
from hub.runtime.notify import Notifier, send_test
from hub.runtime.pool import HubPool
from hub.runtime.senders import check_target
from hub.runtime.up import SCHEDULER, build_engine
from hub.store.notify_rows import NotifyTarget, Told
from hub.store.rows import DeadRow, Run
from hub.sync.context import Hub
from hub.sync.pause import pause_connection, resume_connection
from hub.sync.telling import list_targets
from tests.runtime.listeners import Mailbox, Page, listen, make_certificate, serve_with, take_mail
from tests.runtime.stage import SANDBOX, TurnedClock, prepare_home

SECRET = "whsec_" + base64.b64encode(b"twenty-four bytes of key!!!!").decode()  # pragma: allowlist secret
PASSWORD = "canary-mail-5d41402abc4b2a76"  # pragma: allowlist secret
MINUTE_S, DAY_S = 60, 86_400


class Office:
    """A hub with somebody to be told."""

    def __init__(self, folder: Path, target: str, *, name: str = "ops", more: str = "") -> None:
        config = f'{SANDBOX}\n[notify]\nevery = "5m"\n{more}\n[notify.targets.{name}]\n{target}\n'
        secrets = {"NOTIFY_SECRET": SECRET, "MAIL_PASSWORD": PASSWORD}
        self.home = prepare_home(folder, config, secrets)
        self.clock = TurnedClock()
        self.pool = HubPool(self.home, Outfit(clock=self.clock))
        self.notifier = Notifier(self.pool)

    def look(self) -> dict[str, int]:
        return self.notifier.look()

    def with_hub(self, work: Callable[[Hub], Any]) -> Any:
        with self.pool.lend() as hub:
            return work(hub)

    def pause(self) -> None:
        """Something that waits for a person."""
        self.with_hub(lambda hub: pause_connection(hub, "erp", "li"))

    def resume(self) -> None:
        self.with_hub(lambda hub: resume_connection(hub, "erp", "li"))

    def put_aside(self, id: str, code: str = "sync.cannot_read") -> None:
        """Something else that does."""
        with self.pool.store.write() as tx:
            tx.save(
                DeadRow(
                    connection="erp", stream="partner", external_id=id, code=code, params={"problem": "?"},
                    first_at=self.clock.now(), last_at=self.clock.now(),
                )
            )  # fmt: skip

    def target(self) -> NotifyTarget:
        (row,) = self.with_hub(list_targets)
        found: NotifyTarget = row
        return found

    def check(self) -> None:
        with self.pool.lend() as hub:
            vault = self.pool.open_vault(hub)
            for name, target in hub.config.notify.targets.items():
                check_target(hub, name, target, vault.resolve)

    def send_test(self) -> None:
        with self.pool.lend() as hub:
            send_test(hub, self.pool.open_vault(hub), "ops")


@pytest.fixture
def make_office(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    made: list[Office] = []

    def make(target: str, **more: str) -> Office:
        made.append(Office(tmp_path, target, **more))
        return made[-1]

    yield make
    for office in made:
        office.pool.close()


@pytest.fixture
def page() -> Iterator[Page]:
    with listen(Page()) as page:
        yield page


def by_url(page: Page, *, private: bool = True) -> str:
    return f'url = "{page.url}"\nsecret = "env:NOTIFY_SECRET"\nprivate = {str(private).lower()}'


def read(page: Page) -> list[dict[str, Any]]:
    return [json.loads(body)["data"] for _, body in page.requests]


# ---------------------------------------------------------------- what is told, and when


def test_what_waits_is_told_once(make_office: Callable[..., Office], page: Page) -> None:
    office = make_office(by_url(page))
    first = office.look()
    told = len(read(page)[0]["items"]) if first else 0
    office.pause()
    office.clock.turn(5 * MINUTE_S)
    assert office.look() == {"ops": 1}
    (item,) = read(page)[-1]["items"]
    assert (item["about"], item["connection"], item["code"]) == ("todo", "erp", "sync.paused_by")
    assert item["command"] == "isthmus connection resume erp"
    assert "li" in item["text"]
    for _ in range(5):
        office.clock.turn(10 * MINUTE_S)
        assert office.look() == {}
    again = Notifier(office.pool)  # after a restart
    assert again.look() == {}
    assert len(page.requests) == 1 + bool(told)


def test_a_digest_not_a_storm(make_office: Callable[..., Office], page: Page) -> None:
    """However much comes up, one message in five minutes; with everything that is new since."""
    office = make_office(by_url(page))
    office.look()
    before = len(page.requests)
    office.clock.turn(5 * MINUTE_S)
    office.put_aside("P1")
    office.look()
    for number in range(2, 40):
        office.put_aside(f"P{number}")
        office.clock.turn(1)
        assert office.look() == {}
    office.clock.turn(5 * MINUTE_S)
    assert office.look() == {"ops": 38}
    assert len(page.requests) == before + 2
    last = read(page)[-1]
    assert last["count"] == 38
    assert len(last["items"]) == 20
    assert "18 more" in last["text"]


def test_the_same_thing_is_told_again_when_it_changed_or_after_a_day(
    make_office: Callable[..., Office], page: Page
) -> None:
    office = make_office(by_url(page))
    office.put_aside("P1")
    office.look()
    office.clock.turn(10 * MINUTE_S)
    office.put_aside("P1", code="sync.cannot_read_row")
    assert office.look() == {"ops": 1}
    office.clock.turn(DAY_S - 60)
    assert office.look() == {} or "P1" not in str(read(page)[-1])
    office.clock.turn(3600)
    office.look()
    assert "P1" in str(read(page)[-1])


def test_what_is_over_and_comes_back_is_told_anew(make_office: Callable[..., Office], page: Page) -> None:
    office = make_office(by_url(page))
    office.pause()
    office.look()
    office.clock.turn(10 * MINUTE_S)
    office.resume()
    office.look()
    office.clock.turn(10 * MINUTE_S)
    office.pause()
    assert office.look()["ops"] == 1


def test_two_schedulers_tell_it_once(make_office: Callable[..., Office], page: Page) -> None:
    office = make_office(by_url(page))
    office.pause()
    others = [Notifier(office.pool) for _ in range(4)]
    threads = [threading.Thread(target=one.look) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(page.requests) == 1


def test_runs_that_failed_and_silence_are_told_to_who_wants_them(
    make_office: Callable[..., Office], page: Page
) -> None:
    office = make_office(by_url(page), more='about = ["failed"]\nlanguage = "zh"')
    office.pause()
    assert office.look() == {}
    with office.pool.store.write() as tx:
        tx.insert(
            Run(
                id=tx.make_id(), number=7, connection="erp", kinds=["account"], actor="schedule", state="failed",
                started_at=office.clock.now(), ended_at=office.clock.now(), error_code="sdk.unreachable",
                error_params={"where": "GET /api"}, error_words="connection refused",
            )
        )  # fmt: skip
    assert office.look() == {"ops": 1}
    (item,) = read(page)[-1]["items"]
    assert (item["about"], item["command"], item["code"]) == ("failed", "isthmus run show 7", "sdk.unreachable")
    assert "件新的事项" in read(page)[-1]["title"]


def test_whoever_schedules_tells(make_office: Callable[..., Office], page: Page) -> None:
    office = make_office(by_url(page))
    office.pause()
    engine = build_engine(office.home, parts=frozenset({SCHEDULER}))
    engine.start()
    try:
        waited_s = 0.0
        while not page.requests and waited_s < 30:
            time.sleep(0.05)
            waited_s += 0.05
    finally:
        engine.stop()
    assert "sync.paused_by" in str(read(page))


# ---------------------------------------------------------------- an address


def test_a_message_is_signed_as_standard_webhooks_says(make_office: Callable[..., Office], page: Page) -> None:
    office = make_office(by_url(page))
    office.pause()
    office.look()
    headers, body = page.requests[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(office.clock.now().timestamp()))
    assert headers["host"] == page.url.split("/")[2]
    assert json.loads(body)["type"] == "isthmus.digest"


def test_a_failing_target_is_tried_again_and_shown(make_office: Callable[..., Office], page: Page) -> None:
    page.statuses = [503, 500, 204]
    office = make_office(by_url(page))
    office.pause()
    assert office.look() == {}
    assert (office.target().failures, office.target().error_code) == (1, "runtime.notify_refused")
    assert office.look() == {}, "not at once"
    office.clock.turn(61)
    office.look()
    assert office.target().failures == 2
    office.clock.turn(121)
    assert office.look()["ops"] >= 1
    assert (office.target().failures, office.target().sent_at) == (0, office.clock.now())
    ids = [headers["webhook-id"] for headers, _ in page.requests]
    assert len(set(ids)) == 1, "the receiver can tell that it is the same message"


def test_a_redirect_is_not_followed(make_office: Callable[..., Office], page: Page) -> None:
    with listen(Page()) as elsewhere:
        page.statuses, page.headers = [302], {"location": elsewhere.url}
        office = make_office(by_url(page))
        office.pause()
        office.look()
        assert office.target().error_code == "runtime.notify_refused"
        assert elsewhere.requests == []


def test_a_private_address_needs_a_word(make_office: Callable[..., Office], tmp_path: Path) -> None:
    with listen(Page(), serve_with(make_certificate(tmp_path))) as page:
        office = make_office(by_url(page, private=False))
        office.pause()
        office.look()
        assert office.target().error_code == "runtime.notify_private"
        assert page.requests == []
        with pytest.raises(Rejected) as caught:
            office.check()
        assert "localhost" in caught.value.text()


def test_tls_is_checked_for_the_name(
    make_office: Callable[..., Office], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    with listen(Page(), serve_with(certificate)) as page:
        office = make_office(by_url(page))
        office.pause()
        office.look()
        assert office.target().error_code == "runtime.notify_unreachable", "nobody vouches for this certificate"
        assert page.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        office.clock.turn(61)
        assert office.look()["ops"] >= 1


@pytest.mark.parametrize(
    ("text", "public"),
    [
        *(("8.8.8.8", True), ("2606:4700::1111", True)),
        *(("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False)),
        *(("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False)),
        *(("::1", False), ("fe80::1", False), ("fc00::1", False), ("::", False), ("ff02::1", False)),
        *(("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False)),
        *(("2001:0:0:0:0:0:80ff:fffe", False),),
    ],
)
def test_which_addresses_are_public(text: str, public: bool) -> None:
    assert is_public(ip_address(text)) is public


def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    with pytest.raises(Transient):
        find_address("no-such-host.invalid", 443, private=False)


# ---------------------------------------------------------------- a mailbox


def by_mail(box: Mailbox, tls: str, *, login: bool = False, host: str = "localhost") -> str:
    lines = [
        f'smtp = "{host}:{box.port}"', f'tls = "{tls}"', "private = true", 'sender = "isthmus@example.com"',
        'recipients = ["it@example.com", "li@example.com"]',
    ]  # fmt: skip
    if login:
        lines += ['login = "isthmus"', 'password = "env:MAIL_PASSWORD"']
    return "\n".join(lines)


def test_mail_is_sent_in_the_language_that_was_asked_for(make_office: Callable[..., Office]) -> None:
    with take_mail(Mailbox()) as box:
        office = make_office(by_mail(box, "none") + '\nlanguage = "zh"')
        office.pause()
        assert office.look()["ops"] >= 1
    (envelope,) = box.mails
    assert envelope.rcpt_tos == ["it@example.com", "li@example.com"]
    mail: Any = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert "件新的事项" in mail["subject"]
    assert "isthmus connection resume erp" in mail.get_content()
    assert mail["auto-submitted"] == "auto-generated"


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_login_goes_over_a_protected_line_alone(
    make_office: Callable[..., Office], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = serve_with(certificate)
    served: dict[str, Any] = {"starttls": context} if tls == "starttls" else {"tls": context}
    with take_mail(Mailbox(password=PASSWORD.encode()), **served) as box:
        office = make_office(by_mail(box, tls, login=True))
        office.pause()
        assert office.look()["ops"] >= 1
    assert box.logins == [(b"isthmus", PASSWORD.encode())]
    assert len(box.mails) == 1


def test_a_server_without_tls_gets_nothing(make_office: Callable[..., Office]) -> None:
    with take_mail(Mailbox()) as box:
        office = make_office(by_mail(box, "starttls"))
        office.pause()
        office.look()
        assert office.target().error_code == "runtime.notify_no_tls"
    assert box.mails == []


def test_a_refused_login_shows_no_password(
    make_office: Callable[..., Office],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with take_mail(Mailbox(password=b"another"), starttls=serve_with(certificate)) as box, caplog.at_level("INFO"):
        office = make_office(by_mail(box, "starttls", login=True))
        office.pause()
        office.look()
        with pytest.raises(NeedsConsent) as caught:
            office.send_test()
    assert office.target().error_code == "runtime.notify_login_refused"
    shown = f"{caught.value} {office.target()} {[vars(record) for record in caplog.records]}"
    assert "535" in shown
    assert PASSWORD not in shown


def test_a_mail_server_that_asks_to_come_back_is_asked_again(make_office: Callable[..., Office]) -> None:
    with take_mail(Mailbox(answers=["451 later, please"])) as box:
        office = make_office(by_mail(box, "none"))
        office.pause()
        office.look()
        assert office.target().error_code == "runtime.notify_mail_refused"
        office.clock.turn(61)
        assert office.look()["ops"] >= 1


# ---------------------------------------------------------------- a connector

ROBOT = """
from pathlib import Path
from hub.sdk import Connector, ConnectorConfig, Message, hookimpl

class Settings(ConnectorConfig):
    file: str = ""

class Robot(Connector):
    name = "robot"
    label = {"en": "Robot", "zh": "机器人"}
    Config = Settings

    def streams(self):
        return {}

    def sinks(self):
        return {}

    def check(self):
        return []

    def notify(self, message: Message) -> None:
        if not self.config.file:
            raise ValueError("no file")
        Path(self.config.file).write_text(message.text, encoding="utf-8")

@hookimpl
def isthmus_connector():
    return Robot
"""


def add_robot(home: Home, setting: str) -> None:
    (home.connectors / "robot").mkdir()
    (home.connectors / "robot" / "__init__.py").write_text(ROBOT, encoding="utf-8")
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(f'{text}\n[connections.robot]\nconnector = "robot"\n{setting}\n', encoding="utf-8")


def publish_again(office: Office) -> None:
    from hub.runtime.publish import publish

    publish(office.home, office.pool.store, office.clock, "test")


def test_a_connector_tells_people(make_office: Callable[..., Office], tmp_path: Path, page: Page) -> None:
    office = make_office(by_url(page))
    add_robot(office.home, f'file = "{tmp_path}/said.txt"')
    text = office.home.config_file.read_text(encoding="utf-8")
    office.home.config_file.write_text(text.replace(by_url(page), 'connection = "robot"'), encoding="utf-8")
    publish_again(office)
    office.pause()
    assert office.look()["ops"] >= 1
    assert "isthmus connection resume erp" in (tmp_path / "said.txt").read_text(encoding="utf-8")
    office.check()
    assert page.requests == []


def test_a_connector_that_fails_or_cannot_is_named(make_office: Callable[..., Office], page: Page) -> None:
    office = make_office(by_url(page))
    add_robot(office.home, "")
    text = office.home.config_file.read_text(encoding="utf-8")
    told = f'{by_url(page)}\n[notify.targets.robot]\nconnection = "robot"\n[notify.targets.erp]\nconnection = "erp"\n'
    office.home.config_file.write_text(text.replace(by_url(page), told), encoding="utf-8")
    publish_again(office)
    office.pause()
    assert set(office.look()) == {"ops"}, "one that fails keeps no other from being told"
    codes = {row.target: row.error_code for row in office.with_hub(list_targets)}
    assert codes == {"erp": "runtime.notify_cannot", "ops": None, "robot": "runtime.notify_unreachable"}


# ---------------------------------------------------------------- configuration


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ('url = "http://example.com/x"\nsecret = "env:NOTIFY_SECRET"', "https"),
        ('url = "https://example.com/x"', "secret"),
        ('url = "https://me:pw@example.com/x"\nsecret = "env:NOTIFY_SECRET"', "env:NAME"),  # pragma: allowlist secret
        ('url = "https://example.com/x"\nsecret = "plain-text"', "env:NAME"),  # pragma: allowlist secret
        ('smtp = "mail.example.com"', "sender"),
        ('smtp = "mail.example.com"\nsender = "a@b.c"\nrecipients = ["x"]', "address"),
        ('smtp = "smtp://mail"\nsender = "a@b.c"\nrecipients = ["a@b.c"]', "host:port"),
        (
            'smtp = "m"\ntls = "none"\nlogin = "x"\npassword = "env:X"\nsender = "a@b.c"\nrecipients = ["a@b.c"]',
            "login",
        ),
        ('smtp = "m"\nconnection = "erp"', "exactly one"),
        ("private = true", "exactly one"),
        ('connection = "nosuch"', "nosuch"),
    ],
)
def test_a_target_that_cannot_be_is_refused_with_its_line(tmp_path: Path, target: str, words: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        Office(tmp_path, target)
    assert words in caught.value.text()
    assert "plain-text-is-no-reference" not in caught.value.text()


def test_checking_sends_nothing_and_a_test_message_says_so(make_office: Callable[..., Office], page: Page) -> None:
    office = make_office(by_url(page))
    office.pause()
    office.check()
    assert page.requests == []
    office.send_test()
    assert "this is a test" in read(page)[0]["title"]
    with office.pool.store.read() as tx:
        assert tx.find(Told) == []


def test_a_short_key_is_no_key(make_office: Callable[..., Office], page: Page) -> None:
    office = make_office(by_url(page).replace("env:NOTIFY_SECRET", "env:SHORT"))
    office.home.environ["SHORT"] = "short"  # type: ignore[index]  # the environment of this home is a dict
    with pytest.raises(ConfigInvalid):
        office.check()
