"""Callbacks over HTTP: the vendor's own library takes what the company sends and sends what the hub's door takes; the
vendor's limits; an address where nobody answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pytest

from connectors.wecom.simulator import Corp, Person, WecomSettings, seed_company
from connectors.wecom.simulator.callbacks import ANSWER_S, ECHO_S, MOST_TRIES, write_xml
from hub.sdk import Draft
from hub.sdk.simulator import Request, Response, serve
from hub.sdk.webhooks import Call
from tests.connectors.wecom.conftest import Company
from tests.connectors.wecom.office import Office
from tests.connectors.wecom.oracles import NodeCrypto
from tests.journeys.desk import MovedClock

CUSTOMER = "change_external_contact"
TIMES = {"starts_at": "2026-12-01T01:00:00Z", "ends_at": "2026-12-01T02:00:00Z"}


def live(company: Company, person: Person) -> list[str]:
    """One thing of each kind happens; the streams and records that it is about."""
    customer = company.meet("zhang.san").external_userid
    person.rename("wang.wu", "wang.xiaowu")
    (made,) = company.sink("activity").create([Draft("IH-1", {"summary": "拜访", "owner": "li.si", **TIMES})])
    person.answer("li.si", made.external_id, 2)
    person.part("zhang.san", customer)
    return [
        f"external_contact {customer}", "member wang.wu", "member wang.xiaowu", f"schedule {made.external_id}",
        f"external_contact {customer}",
    ]  # fmt: skip


def test_what_the_company_sends_is_read_alike_by_the_vendors_library_and_by_us(
    company: Company, node_crypto: NodeCrypto
):
    settings, callbacks = company.corp.settings, company.api.callbacks
    receiver = company.connector.receiver()
    assert receiver is not None
    with node_crypto.door(settings.callback_token, settings.aes_key) as door:
        callbacks.echo_s = callbacks.answer_s = 60.0
        assert callbacks.enter(door.url), "the library echoes what the company encrypted"
        wanted = live(company, company.person)
        callbacks.push_all()
        taken = [door.take() for _ in callbacks.ledger.accepted]
    assert (dict(callbacks.ledger.statuses), callbacks.ledger.lost) == ({200: 4}, [])
    assert [one["message"] for one in taken] == callbacks.ledger.accepted
    assert {one["id"] for one in taken} == {settings.corp_id}
    found = []
    for one in taken:
        call = Call("POST", one["target"], {}, one["body"].encode(), datetime.now(UTC))
        assert receiver.receive(call).keep
        notices = receiver.read(call)
        inside = {node.text for node in fromstring(one["message"])}  # noqa: S314 - what our own simulator wrote
        assert {notice.external_id for notice in notices} <= inside
        found += [f"{notice.stream} {notice.external_id}" for notice in notices]
    assert found == wanted


def test_the_vendors_library_refuses_what_another_token_signed(company: Company, node_crypto: NodeCrypto):
    callbacks = company.api.callbacks
    callbacks.echo_s = 60.0
    with node_crypto.door("other", company.corp.settings.aes_key) as door:
        assert not callbacks.enter(door.url)


# ---------------------------------------------------------------- against a hub's own door


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    corp = Corp(WecomSettings(), MovedClock())
    seed_company(corp, customers=0)
    made = Office(tmp_path_factory.mktemp("office"), corp, kinds=("user", "account", "contact"))
    made.desk.accept()
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(office: Office) -> Iterator[str]:
    with office.door() as url:
        yield url


def write_event(office: Office, **event: str) -> str:
    told = {"ToUserName": office.corp.settings.corp_id, "CreateTime": str(office.corp.now_s()), "MsgType": "event"}
    return write_xml({**told, **event})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_the_vendors_library_sends_is_accepted_by_our_door(office: Office, address: str, node_crypto: NodeCrypto):
    settings = office.corp.settings
    told: Mapping[str, str] = {
        "token": settings.callback_token, "aes_key": settings.aes_key, "timestamp": str(office.corp.now_s()),
    }  # fmt: skip
    echoed = node_crypto.push(address, "1616140317555161061", settings.corp_id, method="GET", **told)
    assert echoed == {"status": 200, "body": "1616140317555161061"}
    kept = len(office.events())
    id = office.person.meet("zhang.san", "大伟").external_userid
    message = write_event(office, Event=CUSTOMER, ChangeType="add_external_contact", ExternalUserID=id)
    for more in ({"token": "other"}, {"timestamp": "1700000000"}):
        assert node_crypto.push(address, message, settings.corp_id, method="POST", **{**told, **more})["status"] == 401
    assert node_crypto.push(address, message, "ww0000000000000000", method="POST", **told)["status"] == 401
    assert len(office.events()) == kept
    assert node_crypto.push(address, message, settings.corp_id, method="POST", **told)["status"] == 200
    assert len(office.events()) == kept + 1
    office.take_events()
    assert office.contact_of(id).name == "大伟"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_within_the_vendors_limits_a_call_is_kept_and_told_so_before_any_work(office: Office, address: str):
    """While the company answers nothing: whoever asked it anything first would be too late three times over."""
    callbacks = office.api.callbacks
    callbacks.echo_s, callbacks.answer_s = ECHO_S, ANSWER_S
    assert (callbacks.echo_s, callbacks.answer_s) == (1.0, 5.0)
    assert any(callbacks.enter(address) for _ in range(30)), "an administrator presses 保存 until it is saved"
    kept, seen = len(office.events()), len(office.api.requests)
    ids = []
    for number in range(5):  # five, so that one hiccup of this machine decides nothing
        before = callbacks.ledger.statuses.total()
        ids.append(office.person.meet("li.si", f"客户 {number}").external_userid)
        with silence(office.corp):
            callbacks.push_all()
        if callbacks.ledger.statuses.total() == before + 1:
            break
    assert callbacks.ledger.statuses.total() == before + 1, "no try but the first"
    assert ids[-1] in callbacks.ledger.accepted[-1]
    assert [event.state for event in office.events()[kept:]] == ["new"] * len(ids)
    assert len(office.api.requests) == seen
    office.take_events()
    assert office.contact_of(ids[-1]).name.startswith("客户")


@contextmanager
def silence(corp: Corp) -> Iterator[None]:
    """Nobody gets an answer of the company's meanwhile."""
    begun, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with corp.lock:
            begun.set()
            ended.wait(300)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        ended.set()
        holder.join()


# ---------------------------------------------------------------- nobody there


def test_an_address_that_answers_too_late_or_not_at_all_is_called_three_times_and_then_given_up(company: Company):
    callbacks, late = company.api.callbacks, threading.Event()

    def dawdle(request: Request) -> Response:
        late.wait(60)
        return Response(200, b"")

    server = serve(dawdle)
    try:
        callbacks.url, callbacks.answer_s = f"{server.url}/hooks/wecom", 0.3
        id = company.meet().external_userid
        callbacks.push_all()
    finally:
        late.set()
        server.stop()
    assert (dict(callbacks.ledger.statuses), MOST_TRIES) == ({0: 3}, 3)
    assert len(callbacks.ledger.lost) == 1
    assert id in callbacks.ledger.lost[0]
    callbacks.answer_s = ANSWER_S
    company.person.note("zhang.san", id, description="要样品")  # the server is gone now
    callbacks.push_all()
    assert (dict(callbacks.ledger.statuses), len(callbacks.ledger.lost)) == ({0: 6}, 2)
    assert company.customers.fetch(id).payload["note"] == "要样品", "the nightly reading finds it all the same"
