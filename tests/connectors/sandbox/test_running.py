"""``isthmus simulate sandbox`` as a library: a server with a company in it, people and faults over HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator

import httpx
import pytest

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import SandboxApi, SandboxErp, SandboxSettings, simulator
from hub.errors import ConfigInvalid, OutcomeUnknown
from hub.sdk import Draft, Tools
from hub.sdk.simulator import HandlerTransport, RunningSimulator, WallClock


@pytest.fixture
def running() -> Iterator[RunningSimulator]:
    started = simulator().start(0, 1, {}, {"tier": "plain", "customers": "3", "items": "2", "sales": "4"})
    yield started
    started.stop()


@pytest.fixture
def connector(running: RunningSimulator) -> Iterator[SandboxConnector]:
    config = SandboxConnector.Config.model_validate(running.credentials)
    made = SandboxConnector(config, Tools(clock=WallClock(), random=random.Random(1)))
    yield made
    made.close()


@pytest.fixture
def people(running: RunningSimulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, trust_env=False) as client:
        yield client


def test_it_starts_with_a_company_and_credentials_that_work(connector):
    assert all(item.ok for item in connector.check())
    streams = connector.streams()
    assert [len(streams[name].list_ids()) for name in ("partner", "item", "sale")] == [3, 2, 4]


def test_people_work_over_http(people, connector):
    made = people.post("/people/sale", json={"by": "赵六", "customer": "P1", "note": "加急"}).json()
    assert made["created_by"] == "赵六"
    assert people.patch(f"/people/sale/{made['id']}", json={"note": "不急"}).status_code == 200
    assert people.post(f"/people/sale/{made['id']}/ship", json={}).json()["shipping"] == "complete"
    assert connector.streams()["sale"].fetch(made["id"]).payload["note"] == "不急"
    assert people.delete(f"/people/sale/{made['id']}").status_code == 423
    assert people.delete("/people/item/I9").status_code == 404
    assert len(people.get("/people/sale").json()["items"]) == 5


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/people/ship", None, 404),
        ("POST", "/people/sale/S1/explode", {}, 404),
        ("POST", "/people/sale", {"customer": "P9"}, 422),
        ("POST", "/simulator/faults", {"next": "earthquake"}, 422),
        ("GET", "/api/sale", None, 401),
    ],
)
def test_what_makes_no_sense_is_answered_and_not_dropped(people, method, path, body, status):
    answer = people.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_faults_are_ordered_over_http(people, connector):
    people.post("/simulator/faults", json={"next": "lost_after"})
    with pytest.raises(OutcomeUnknown):
        connector.sinks()["order"].create([Draft("R1", {"customer": "P1"})])
    assert [record.reference for record in connector.sinks()["order"].find("R1")] == ["R1"]
    seen = people.get("/simulator/requests").json()
    assert seen["writes"] == 1
    assert next(trace["fault"] for trace in seen["items"]) == "lost_after"


@pytest.mark.parametrize(
    ("faults", "options"),
    [
        ({}, {"tier": "best"}),
        ({}, {"lag_s": "long"}),
        ({}, {"colour": "red"}),
        ({}, {"versioned": "maybe"}),
        ({}, {"sales": "many"}),
        ({"earthquake": 0.5}, {}),
    ],
)
def test_options_that_make_no_sense_are_named(faults, options):
    (name,) = {**faults, **options}
    with pytest.raises(ConfigInvalid, match=name):
        simulator().start(0, 1, faults, options)


def test_every_option_can_be_given_as_its_own_default():
    offered = simulator().options
    started = simulator().start(0, 1, {}, {name: option.default for name, option in offered.items()})
    started.stop()
    assert SandboxConnector.Config.model_validate(started.credentials).tier == "draft"
    assert {"tier", "amend", "lag_s", "customers"} <= offered.keys()
    assert "draft" in offered["tier"].choices


@pytest.mark.parametrize("path", ["/api/sale?limit=x", "/api/sale?since=yesterday", "/api/ship", "/api/sale/S9/ids/3"])
def test_the_api_answers_nonsense_with_a_refusal(clock, path):
    api = SandboxApi(SandboxErp(SandboxSettings(), clock))
    with httpx.Client(transport=HandlerTransport(api.handle), base_url="http://sandbox.test") as client:
        answer = client.get(path, headers={"authorization": "Bearer sandbox"})
    assert answer.status_code in (404, 422)


def test_an_unknown_option_is_answered_with_all_that_there_are():
    with pytest.raises(ConfigInvalid) as caught:
        simulator().start(0, 1, {}, {"custommers": "3"})
    assert all(name in caught.value.text() for name in simulator().options)
