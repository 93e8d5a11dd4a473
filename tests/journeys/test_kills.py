"""``isthmus sync run`` as a process of its own, killed in the middle and run again."""

from __future__ import annotations

import threading
import time

import pytest

from hub.runtime.recovery import recover_runs
from hub.sdk.simulator import Request
from hub.store.rows import Cursor
from hub.sync.rounds import ROUND_S
from hub.sync.run import list_runs
from hub.testkit.fault_proxy import Match
from tests.journeys.checks import check_agreement
from tests.journeys.company import Company
from tests.journeys.desk import Desk
from tests.journeys.erp import Erp, NewCustomer
from tests.journeys.stage import Stage

ARRIVAL_LIMIT_S = 120.0


@pytest.fixture(autouse=True)
def begin_anew(stage: Stage) -> None:
    """A process of its own has the real time, which the hub in this process must not have left behind yet."""
    stage.close()


def kill_at(desk: Desk, erp: Erp, match: Match, *words: str) -> None:
    """Run the command, kill it -9 while this request of its is on its way, and let the request arrive after that."""
    held = erp.proxy.hold_next(match)
    process = desk.start(*words)
    try:
        while not held.arrived.wait(0.1):
            assert process.poll() is None, f"ended with {process.poll()} before it got there"
        process.kill()
        process.wait()
    finally:
        process.kill()
        held.release()
    assert held.done.wait(ARRIVAL_LIMIT_S)


def test_a_run_is_killed_while_it_writes(company: Company, desk: Desk, erp: Erp):
    answered = kill_at_third_order(company, desk, erp, skip_first(erp.creates("order"), 2))
    assert answered <= {"sending", "waiting"}, "an answer is kept when its round is over"


@pytest.mark.parametrize("stage", ["sandbox"], indirect=True, scope="module")
def test_a_run_is_killed_in_a_later_round(company: Company, desk: Desk, erp: Erp):
    """The first answer took so long that what waited behind it was given back. With the sandbox only: the run is a
    process of its own on every set-up, and how its rounds are cut depends on nothing but the time."""
    first = erp.proxy.hold_next(erp.creates("order"))

    def answer_late() -> None:
        first.arrived.wait(ARRIVAL_LIMIT_S)
        time.sleep(ROUND_S + 0.1)  # the other process lives by real time
        first.release()

    late = threading.Thread(target=answer_late)
    late.start()
    answered = kill_at_third_order(company, desk, erp, skip_first(erp.creates("order"), 1))
    late.join()
    assert answered == {"waiting"}, "those rounds were over, their answers are kept"


def kill_at_third_order(company: Company, desk: Desk, erp: Erp, third: Match) -> set[str]:
    """Of four, the third is on its way when the run dies. Each is there once in the end; returned: as what the hub knew
    the two that had been answered."""
    orders = {f"第 {place} 单": company.order_here(note=f"第 {place} 单") for place in range(4)}
    label = desk.plan().plan.label
    kill_at(desk, erp, third, "sync", "run", "erp", "--accept", label)
    made = [order.note for order in company.orders()]
    assert len(made) == 3, "two were answered, the third arrived when nobody was there any more"
    states = {note: desk.binding(order).state.value for note, order in orders.items()}
    answered = {states.pop(note) for note in made[:2]}
    assert list(states.values()) == ["sending"] * 2, "all of a round are marked before the first one leaves"
    desk.wait_quiet()
    report = desk.run()
    assert desk.writes(report) == {("order", "create", "ok"): 1}
    assert desk.count_unbound("order") == 0, "those that had arrived were found, not made again"
    assert [erp.order(desk.remote_id(order)).note for order in orders.values()] == list(orders)
    check_run_was_stopped(desk)
    check_agreement(desk, erp)
    return answered


def test_a_run_is_killed_while_it_changes_a_customer(company: Company, desk: Desk, erp: Erp):
    account = desk.record_of("account", company.customer)
    desk.edit(account, phone="021-60000007")
    kill_at(desk, erp, erp.changes("account"), "sync", "run", "erp")
    assert erp.customer(company.customer).phone == "021-60000007"
    desk.wait_quiet()
    assert desk.writes(desk.run()) == {}, "what arrived is seen and not written again"
    check_run_was_stopped(desk)
    check_agreement(desk, erp)


def test_a_run_is_killed_while_it_reads_and_goes_on_at_its_page(desk: Desk, erp: Erp):
    desk.accept()
    before = len(erp.customers())
    erp.make_customers([NewCustomer(f"客户 {place:03}") for place in range(erp.page_size + 20)])
    kill_at(desk, erp, skip_first(erp.lists("account"), 1), "sync", "run", "erp", "--kind", "account")
    taken_in = len(desk.records("account")) - before
    assert erp.page_size - before <= taken_in <= erp.page_size
    cursor = read_cursor(desk)
    assert cursor.under_way
    assert cursor.position is not None
    asked = len(erp.proxy.log)
    desk.wait_quiet()
    report = desk.run()
    pages = [seen for seen in erp.proxy.log[asked:] if erp.lists("account")(seen.request)]
    assert len(pages) == 1, "the page that was taken in is not read again"
    assert report.run.counts["in.account.created"] == erp.page_size + 20 - taken_in
    check_run_was_stopped(desk)
    assert not read_cursor(desk).under_way
    check_agreement(desk, erp)


def check_run_was_stopped(desk: Desk) -> None:
    """Nothing is called running longer than its lease."""
    recover_runs(desk.hub)
    assert [run.state for run in list_runs(desk.hub, 2)] == ["done", "stopped"]


def read_cursor(desk: Desk) -> Cursor:
    with desk.hub.store.read() as tx:
        stream = desk.hub.open("erp").stream_of("account").name
        found = tx.get(Cursor, connection="erp", stream=stream)
    assert found is not None
    return found


def skip_first(match: Match, count: int) -> Match:
    """The same, from the request after ``count`` on."""
    met = 0

    def matches(request: Request) -> bool:
        nonlocal met
        if match(request):
            met += 1
            return met > count
        return False

    return matches
