"""Enrichment: what is paid for, what is kept, what is filled, and what is never touched."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.qichacha import simulator as qichacha
from connectors.qichacha.connector import QichachaConnector
from connectors.qichacha.simulator import QccSettings
from connectors.tianyancha import simulator as tianyancha
from connectors.tianyancha.connector import TianyanchaConnector
from connectors.tianyancha.simulator import TycSettings
from hub.errors import NeedsConsent, OutcomeUnknown, RuleBroken, Transient
from hub.locale import add_catalogue
from hub.model.identifiers import is_valid_uscc
from hub.model.kinds import list_fields
from hub.sdk import Tools
from hub.sdk.simulator import HandlerTransport
from hub.store.registry_rows import LookupWait
from hub.store.rows import ConnectionState, Image, JournalEntry
from hub.sync.config import ConnectionSettings
from hub.sync.context import OpenConnection
from hub.sync.enrich import FIELDS, Enriched, EnrichPlan, enrich_accounts, list_due_accounts, plan_enrichment
from hub.sync.lookups import Desk as Counter
from hub.sync.lookups import open_desk
from hub.sync.pause import resume_connection
from hub.sync.todo import list_todo
from tests.house.source import ROOT
from tests.sync.scenes import Scene
from tests.sync.selling import Desk

for name in ("qichacha", "tianyancha"):
    add_catalogue(ROOT / "connectors" / name / "locale")
VENDORS: dict[str, tuple[Any, Any]] = {
    "qichacha": (qichacha, QichachaConnector),
    "tianyancha": (tianyancha, TianyanchaConnector),
}
DAY_S = 86_400
DETAIL, SEARCH = "ECIV4/GetBasicDetailsByName", "FuzzySearch/GetList"
BRANCH = 5
"""Place of the first branch in the register; the one before it is its head."""


class Register:
    """A desk whose hub has a registry called ``qcc`` with a few companies."""

    def __init__(self, scene: Scene, account: Any = None, *, vendor: str = "qichacha", **config: Any) -> None:
        self.desk = Desk(scene)
        self.hub = scene.hub
        self.scene = scene
        simulator, model = VENDORS[vendor]
        make_api = simulator.QccApi if vendor == "qichacha" else simulator.TycApi
        self.api = make_api(simulator.make_companies(12, 1), account, scene.clock)
        told = {**simulator.write_credentials(self.api.settings, "http://qcc.test"), **config}
        connections = {**self.hub.config.connections, "qcc": ConnectionSettings(connector=vendor, config=told)}
        self.hub.config = self.hub.config.model_copy(update={"connections": connections})
        erp = self.hub.opener

        def open_(name: str) -> OpenConnection:
            if name != "qcc":
                return erp(name)
            tools = Tools(clock=scene.clock, random=random.Random(2), transport=HandlerTransport(self.api.handle))
            connector = model(model.Config.model_validate(told), tools)
            return OpenConnection("qcc", connections["qcc"], connector, {}, {}, {}, {}, {})

        self.hub.opener = open_

    @property
    def counter(self) -> Counter:
        return open_desk(self.hub, None)

    def company(self, place: int = 0) -> Any:
        return self.api.companies[place]

    def customer(self, company: Any = None, *, code: bool = True, **values: Any) -> Any:
        company = company or self.company()
        company = {name[0].upper() + name[1:]: value for name, value in company.items()}
        told = [{"kind": "uscc", "value": company["CreditCode"]}] if code else []
        return self.desk.account(values.pop("name", company["Name"]), identifiers=told, **values)

    def plan(self, *accounts: Any, **more: Any) -> EnrichPlan:
        return plan_enrichment(self.counter, accounts, **more)

    def enrich(self, *accounts: Any, **more: Any) -> list[Enriched]:
        return list(enrich_accounts(self.counter, accounts, "li", **more))

    @property
    def counted(self) -> int:
        with self.hub.store.read() as tx:
            return self.counter.tell_spent(tx).calls_month

    @property
    def paid(self) -> int:
        return sum(self.api.billed.values())


@pytest.fixture
def make_register(scene: Scene) -> Callable[..., Register]:
    return lambda *words, **more: Register(scene, *words, **more)


@pytest.fixture
def register(make_register: Callable[..., Register]) -> Register:
    return make_register()


def test_a_plan_says_what_it_would_cost_and_calls_nothing(register: Register) -> None:
    known, named = register.customer(), register.customer(register.company(1), code=False)
    plan = register.plan(known, named)
    assert [(step.ask, step.calls) for step in plan.steps] == [("detail", 1), ("search", 2)]
    assert (plan.calls, str(plan.cost), plan.spent.left_today) == (3, "1.05", 100)
    assert sum(register.api.calls.values()) == 0


def test_a_code_finds_the_company_and_fills_what_is_empty(register: Register) -> None:
    customer = register.customer()
    (done,) = register.enrich(customer)
    assert (done.outcome, register.paid) == ("filled", 1)
    after, company = register.desk.reload(customer), register.company()
    assert after.attributes["legal_representative"] == company["OperName"]
    assert after.attributes["registry_status"] == "active"
    assert after.attributes["registered_capital"].endswith("0000 CNY")
    assert after.attributes["registry_read_on"] == str(register.scene.clock.at.date())
    assert after.addresses[0].street == company["Address"]
    assert after.attributes["registry_source"] == "qcc"


def test_what_is_filled_is_what_the_reference_lists(register: Register) -> None:
    head, branch = register.customer(register.company(BRANCH - 1)), register.customer(register.company(BRANCH))
    register.enrich(head, branch)
    with register.hub.store.read() as tx:
        images = tx.find(Image, connection="qcc")
    filled = {name for image in images for name in image.values}
    ours = {"attributes.registry_source", "attributes.registry_read_on"}
    assert {"identifiers", "addresses", "branch_of_id", "attributes.founded_on"} | ours <= filled <= {*FIELDS, *ours}
    assert set(FIELDS) <= set(list_fields("account")) | {name for name in FIELDS if name.startswith("attributes.")}


def test_an_answer_is_paid_for_once_while_it_is_good(register: Register) -> None:
    customer = register.customer()
    register.enrich(customer)
    assert register.plan(customer).calls == 0
    assert register.enrich(customer)[0].outcome == "unchanged"
    assert register.paid == 1
    register.desk.pass_days(31)
    assert register.plan(customer).calls == 1
    register.enrich(customer)
    assert register.paid == 2
    register.enrich(customer, again=True)
    assert register.paid == 3


def test_what_somebody_gave_is_never_replaced(register: Register) -> None:
    customer = register.customer(addresses=[{"city": "上海", "street": "南京路1号"}], attributes={"industry": "轴承"})
    (done,) = register.enrich(customer)
    after = register.desk.reload(customer)
    assert (after.addresses[0].street, after.attributes["industry"]) == ("南京路1号", "轴承")
    verdicts = {row.field: row.verdict for row in done.proposals}
    assert (verdicts["addresses"], verdicts["attributes.industry"]) == ("differs", "differs")
    assert verdicts["attributes.legal_representative"] == "fills"


def test_an_edit_afterwards_holds_and_so_does_a_field_that_was_emptied(register: Register) -> None:
    customer = register.customer()
    register.enrich(customer)
    register.desk.edit(customer, addresses=[])
    register.desk.edit(customer, **{"attributes.industry": "外贸"})
    register.desk.pass_days(31)
    register.company()["Address"] = "新地址1号"
    register.enrich(customer)
    after = register.desk.reload(customer)
    assert (after.addresses, after.attributes["industry"]) == ((), "外贸")
    assert after.attributes["registered_address"] == "新地址1号"


def test_a_wrong_check_digit_costs_nothing(register: Register) -> None:
    code = register.company()["CreditCode"]
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert not is_valid_uscc(wrong)
    customer = register.desk.account("某公司", identifiers=[{"kind": "uscc", "value": wrong}])
    assert register.plan(customer).steps[0].ask == "bad_code"
    assert register.enrich(customer)[0].outcome == "bad_code"
    with pytest.raises(RuleBroken, match=wrong):
        register.enrich(customer, take=wrong)
    assert sum(register.api.calls.values()) == 0


def test_an_exact_name_is_enough_whatever_its_brackets(register: Register) -> None:
    register.company()["Name"] = "上海岱海（集团）有限公司"
    customer = register.desk.account("上海岱海(集团)有限公司")
    (done,) = register.enrich(customer)
    assert (done.outcome, register.paid) == ("filled", 2)
    assert register.desk.reload(customer).identifiers[0].value == register.company()["CreditCode"]


def test_of_several_a_person_chooses(register: Register) -> None:
    customer = register.desk.account("上海")
    (done,) = register.enrich(customer)
    assert (done.outcome, register.paid) == ("choose", 1)
    assert len(done.candidates) > 1
    assert [(step.ask, step.calls) for step in register.plan(customer, take=done.candidates[0].name).steps] == [
        ("detail", 1)
    ]
    (taken,) = register.enrich(customer, take=done.candidates[0].credit_code)
    assert taken.outcome == "filled"
    assert ("name", "differs") in [(row.field, row.verdict) for row in taken.proposals]
    assert register.desk.reload(customer).name == "上海"


def test_there_is_none_is_remembered_too(register: Register) -> None:
    customer = register.desk.account("没有这家公司")
    assert register.enrich(customer)[0].outcome == "none"
    assert register.enrich(customer)[0].outcome == "none"
    assert register.paid == 1
    register.desk.pass_days(8)
    register.enrich(customer)
    assert register.paid == 2


def test_what_finds_nothing_is_free_where_the_contract_says_so(make_register: Callable[..., Register]) -> None:
    register = make_register(QccSettings(bills_misses=False), bills_misses=False)
    register.enrich(register.desk.account("没有这家公司"))
    with register.hub.store.read() as tx:
        assert register.counter.tell_spent(tx).calls_today == register.paid == 0


def test_the_budget_of_a_day_and_of_a_month_end_it(make_register: Callable[..., Register]) -> None:
    register = make_register(paid_calls_per_day=2, paid_calls_per_month=3)
    customers = [register.customer(register.company(place)) for place in range(5)]
    done = []
    with pytest.raises(RuleBroken, match="today"):
        for one in enrich_accounts(register.counter, customers, "li"):
            done.append(one.outcome)  # noqa: PERF401 - what was done before the end is what is looked at
    assert (done, register.paid) == (["filled", "filled"], 2)
    register.desk.pass_days(1)
    with pytest.raises(RuleBroken, match="month"):
        register.enrich(*customers)
    assert register.paid == 3


@pytest.mark.parametrize(
    ("fault", "error", "counted"),
    [("lost", OutcomeUnknown, 1), ("garbage", OutcomeUnknown, 1), ("server_error", OutcomeUnknown, 1),
     ("failed", Transient, 0)],
)  # fmt: skip
def test_an_answer_that_was_lost_is_counted_and_never_asked_again_by_itself(
    register: Register, fault: str, error: type[Exception], counted: int
) -> None:
    customer = register.customer()
    register.api.next_fault = fault
    with pytest.raises(error):
        register.enrich(customer)
    assert sum(register.api.calls.values()) == 1
    with register.hub.store.read() as tx:
        spent = register.counter.tell_spent(tx)
    assert spent.calls_today == counted >= register.paid
    assert register.enrich(customer)[0].outcome == "filled"


def test_a_missing_right_costs_nothing_and_ends_it(make_register: Callable[..., Register]) -> None:
    register = make_register(QccSettings(denied=DETAIL))
    with pytest.raises(NeedsConsent, match="111"):
        register.enrich(register.customer(), register.customer(register.company(1)))
    with register.hub.store.read() as tx:
        assert register.counter.tell_spent(tx).calls_today == 0


@pytest.mark.parametrize(("fault", "wait_s"), [("busy", 10), ("repeated", 7200)])
def test_a_question_that_the_registry_puts_off_is_not_paid_for_before_its_time(
    register: Register, fault: str, wait_s: int
) -> None:
    """205 and 110: it is about this question; others go on."""
    customer, other = register.customer(), register.customer(register.company(1))
    register.api.next_fault = fault
    assert [one.outcome for one in register.enrich(customer, other)] == ["waits", "filled"]
    register.scene.clock.pass_time(wait_s - 1)
    step = register.plan(customer).steps[0]
    assert (step.ask, step.calls) == ("waits", 0)
    for again in (False, True):
        (done,) = register.enrich(customer, again=again)
        assert done.outcome == "waits"
        assert done.as_of is not None
        assert timedelta(0) < done.as_of - register.hub.now() <= timedelta(seconds=1)
    assert (sum(register.api.calls.values()), register.paid, register.counted) == (2, 2, 2)
    register.scene.clock.pass_time(2)
    assert register.enrich(customer)[0].outcome == "filled"
    assert (register.paid, register.counted) == (3, 3)
    with register.hub.store.read() as tx:
        assert tx.count(LookupWait) == 0


@pytest.mark.parametrize(("fault", "error", "wait_s", "counted"), [
    ("daily", Transient, 86_400, 0), ("offline", OutcomeUnknown, 3600, 1),
])  # fmt: skip
def test_an_account_that_may_not_call_is_left_alone_until_the_time_that_was_named(
    register: Register, fault: str, error: type[Exception], wait_s: int, counted: int
) -> None:
    """109 lasts until midnight there, 105 for an hour, whoever is asked about."""
    customer, other = register.customer(), register.customer(register.company(1))
    register.api.next_fault = fault
    with pytest.raises(error):
        register.enrich(customer, other)
    for account in (customer, other):
        with pytest.raises(Transient) as caught:
            register.enrich(account)
        assert caught.value.code == "sync.connection_rests"
    assert sum(register.api.calls.values()) == 1
    assert (register.paid, register.counted) == (counted, counted)
    assert [item.kind_of_wait for item in list_todo(register.hub, connection="qcc")] == ["resting"]
    register.scene.clock.pass_time(wait_s)
    assert register.enrich(customer)[0].outcome == "filled"
    with register.hub.store.read() as tx:
        assert tx.get(ConnectionState, connection="qcc").not_before is None  # type: ignore[union-attr]


@pytest.mark.parametrize("status", ["101", "102", "103", "104", "107", "112", "115"])
def test_an_account_out_of_order_is_paused_until_a_person_resumes_it(
    make_register: Callable[..., Register], status: str
) -> None:
    register = make_register(QccSettings(status=status))
    customer = register.customer()
    with pytest.raises(NeedsConsent):
        register.enrich(customer)
    with pytest.raises(RuleBroken) as caught:
        register.enrich(customer)
    assert caught.value.code == "sync.connection_paused"
    register.desk.pass_days(3)
    with pytest.raises(RuleBroken):
        register.enrich(customer)
    assert (sum(register.api.calls.values()), register.counted) == (1, 0)
    (item,) = list_todo(register.hub, connection="qcc")
    assert (item.kind_of_wait, item.command) == ("paused", "isthmus connection resume qcc")
    register.api.settings = QccSettings()
    resume_connection(register.hub, "qcc", "li")
    assert register.enrich(customer)[0].outcome == "filled"


def test_tianyancha_is_left_alone_for_a_minute_when_it_asks_for_fewer_calls(
    make_register: Callable[..., Register],
) -> None:
    register = make_register(vendor="tianyancha")
    customer = register.customer()
    register.api.next_fault = "too_fast"
    with pytest.raises(Transient) as first:
        register.enrich(customer)
    assert first.value.code == "tianyancha.too_fast"
    with pytest.raises(Transient) as second:
        register.enrich(customer)
    assert second.value.code == "sync.connection_rests"
    assert (sum(register.api.calls.values()), register.paid, register.counted) == (1, 0, 0)
    register.scene.clock.pass_time(61)
    assert register.enrich(customer)[0].outcome == "filled"
    assert (register.paid, register.counted) == (1, 1)


@pytest.mark.parametrize("code", [300002, 300003, 300005, 300006, 300007, 300009])
def test_a_tianyancha_account_out_of_order_is_paused(make_register: Callable[..., Register], code: int) -> None:
    register = make_register(TycSettings(code=code), vendor="tianyancha")
    customer = register.customer()
    with pytest.raises(NeedsConsent):
        register.enrich(customer)
    with pytest.raises(RuleBroken) as caught:
        register.enrich(customer)
    assert caught.value.code == "sync.connection_paused"
    assert (sum(register.api.calls.values()), register.paid, register.counted) == (1, 0, 0)
    register.api.settings = TycSettings()
    resume_connection(register.hub, "qcc", "li")
    assert register.enrich(customer)[0].outcome == "filled"


def test_the_same_question_is_not_asked_twice_at_once(register: Register) -> None:
    customer = register.customer()
    answer = register.api.handle

    def interrupt(request: Any) -> Any:
        register.api.handle = answer
        with pytest.raises(Transient, match="just now"):
            register.enrich(customer)
        return answer(request)

    register.hub.open("qcc").connector._client._http._client._transport._handle = interrupt  # type: ignore[attr-defined]
    assert register.enrich(customer)[0].outcome == "filled"
    assert register.paid == 1


def test_a_branch_names_its_head(register: Register) -> None:
    head, branch = register.customer(register.company(BRANCH - 1)), register.customer(register.company(BRANCH))
    assert "分公司" in branch.name
    register.enrich(head, branch)
    assert register.desk.reload(branch).branch_of_id == head.id
    assert register.desk.reload(head).branch_of_id is None


def test_those_that_are_due_are_found(register: Register) -> None:
    first, second = register.customer(), register.customer(register.company(1))
    wrong = register.desk.account("某公司", identifiers=[{"kind": "uscc", "value": "91310000000000000X"}])
    assert [row.id for row in list_due_accounts(register.counter, 10)] == [first.id, second.id]
    register.enrich(first)
    assert [row.id for row in list_due_accounts(register.counter, 10)] == [second.id]
    register.desk.pass_days(31)
    assert {row.id for row in list_due_accounts(register.counter, 10)} == {first.id, second.id}
    assert wrong.id not in {row.id for row in list_due_accounts(register.counter, 10)}


def test_another_company_takes_the_place_of_the_first(register: Register) -> None:
    customer = register.desk.account("上海")
    register.enrich(customer, take=register.company(0)["CreditCode"])
    register.enrich(customer, take=register.company(1)["CreditCode"])
    with register.hub.store.read() as tx:
        sources = [row.source for row in tx.find(Image, record_id=customer.id, connection="qcc")]
        actions = {row.action for row in tx.find(JournalEntry, record_id=customer.id)}
    assert sources == [f"qcc/registry/{register.company(1)['KeyNo']}"]
    assert "record.changed" in actions
    assert register.desk.reload(customer).identifiers[0].value == register.company(1)["CreditCode"]
