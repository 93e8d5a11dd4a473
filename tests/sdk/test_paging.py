"""Long lists that change while they are read: every way of paging shows every row, against a simulator over HTTP."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import CursorExpired, IsthmusError, Rejected, Transient
from hub.sdk import HttpClient, SourceRecord, Tools
from hub.sdk.links import find_link
from hub.sdk.paging import (
    Part,
    by_cursor,
    by_keyset,
    by_link,
    by_number,
    by_offset,
    find_next_link,
    keep_to_host,
    make_page,
    read_all,
)
from hub.sdk.simulator import HandlerTransport, Request, Response, answer_json, serve
from tests.runtime.stage import TurnedClock

LIMIT = 4


class Ledger:
    """A system with one list, sorted by (change time, id), that can be asked in five ways; pages hold at most
    ``most`` rows whatever was asked for."""

    def __init__(self, count: int = 0, most: int = 100) -> None:
        self.rows: dict[str, int] = {}
        self.most = most
        self.time = 0
        self.calls = 0
        self.after_call: Callable[[], None] = lambda: None
        self.cursors: dict[str, int] = {}
        for _ in range(count):
            self.insert()

    def insert(self) -> str:
        id_ = f"r{len(self.rows) + 1000 * (self.time + 1)}"
        self.touch(id_)
        return id_

    def touch(self, id_: str) -> None:
        self.time += 1
        self.rows[id_] = self.time

    def delete(self, id_: str) -> None:
        del self.rows[id_]

    def list(self) -> list[dict[str, Any]]:
        return [{"id": id_, "at": at} for id_, at in sorted(self.rows.items(), key=lambda row: (row[1], row[0]))]

    def handle(self, request: Request) -> Response:
        self.calls += 1
        query = request.query
        size = min(int(query.get("size", self.most)), self.most)
        answer = getattr(self, f"_{request.path.strip('/').split('/')[-1]}")(query, size)
        self.after_call()
        return answer if isinstance(answer, Response) else answer_json(200, answer)

    def _keyset(self, query: Any, size: int) -> Any:
        after = json.loads(query["after"])
        return [row for row in self.list() if after is None or [row["at"], row["id"]] > after][:size]

    def _offset(self, query: Any, size: int) -> Any:
        start = int(query["offset"])
        return self.list()[start : start + size]

    def _number(self, query: Any, size: int) -> Any:
        start = (int(query["number"]) - 1) * size
        return self.list()[start : start + size]

    def _cursor(self, query: Any, size: int) -> Any:
        cursor = query.get("cursor", "")
        if cursor and cursor not in self.cursors:
            return answer_json(410, {"error": "cursor expired"})
        rows = [row for row in self.list() if row["at"] > self.cursors.get(cursor, 0)]
        following = None
        if len(rows) > size:
            following = f"c{rows[size - 1]['at']}"
            self.cursors[following] = rows[size - 1]["at"]
        return {"rows": rows[:size], "next": following}

    def _link(self, query: Any, size: int) -> Any:
        after = int(query.get("after", 0))
        rows = [row for row in self.list() if row["at"] > after]
        headers = []
        if len(rows) > size:
            here = f"/api/link?after={rows[size - 1]['at']}&size={size}"
            headers = [("link", f'<https://first.example/>; rel="first", <{here}>; title="a, b"; rel="next last"')]
        return answer_json(200, rows[:size], *headers)


def read_key(row: Any) -> Any:
    return (row["at"], row["id"])


def make_client(ledger: Ledger, url: str = "http://ledger/api", **tools: Any) -> HttpClient:
    lent = {"clock": TurnedClock(), "random": random.Random(1), "transport": HandlerTransport(ledger.handle), **tools}
    return HttpClient(url, Tools(**lent))


Reader = Callable[[HttpClient, Any], Part]


def get(client: HttpClient, path: str, **params: Any) -> Any:
    return client.read("GET", path, params=params).json()


def read_keyset(client: HttpClient, position: Any) -> Part:
    def ask(after: Any, size: int) -> Any:
        return get(client, "/keyset", after=json.dumps(after), size=size)

    return by_keyset(ask, position, LIMIT, key=read_key)


def read_offset(client: HttpClient, position: Any) -> Part:
    return by_offset(
        lambda offset, size: get(client, "/offset", offset=offset, size=size), position, LIMIT, key=read_key
    )


def read_number(client: HttpClient, position: Any) -> Part:
    return by_number(
        lambda number, size: get(client, "/number", number=number, size=size), position, LIMIT, key=read_key
    )


def read_cursor(client: HttpClient, position: Any) -> Part:
    def ask(cursor: Any, size: int) -> Any:
        answer = get(client, "/cursor", cursor=cursor or "", size=size)
        return answer["rows"], answer["next"]

    return by_cursor(ask, position, LIMIT, is_expired=lambda refused: "cursor expired" in (refused.vendor or ""))


def read_link(client: HttpClient, position: Any) -> Part:
    def ask(path: str) -> Any:
        response = client.read("GET", path)
        return response.json(), find_next_link(response.headers)

    return by_link(ask, position, f"/link?size={LIMIT}", base_url="http://ledger/api")


READERS: dict[str, Reader] = {
    "keyset": read_keyset, "offset": read_offset, "number": read_number, "cursor": read_cursor, "link": read_link
}  # fmt: skip


@pytest.fixture(params=READERS, ids=str)
def reader(request: pytest.FixtureRequest) -> Reader:
    return READERS[request.param]


def collect(reader: Reader, client: HttpClient) -> list[str]:
    """Read to the end; positions go through JSON, as the hub keeps them."""

    def read(position: Any) -> Part:
        part = reader(client, position)
        return Part(part.rows, json.loads(json.dumps(part.position)))

    return [row["id"] for row in read_all(read)]


@pytest.mark.parametrize("count", [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT, 23])
def test_a_quiet_list_is_shown_once_and_in_order(reader: Reader, count: int):
    ledger = Ledger(count)
    assert collect(reader, make_client(ledger)) == [row["id"] for row in ledger.list()]


@pytest.mark.parametrize("most", [2, 3])
def test_a_page_that_was_cut_short_is_no_end(reader: Reader, most: int):
    ledger = Ledger(11, most=most)
    assert collect(reader, make_client(ledger)) == [row["id"] for row in ledger.list()]


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(READERS)),
    st.integers(0, 18),
    st.lists(st.lists(st.tuples(st.sampled_from("itd"), st.integers(0, 30)), max_size=3), max_size=9),
)
def test_whatever_happens_meanwhile_no_row_is_missed(name: str, count: int, events: list[list[tuple[str, int]]]):
    """i: a row is inserted, t: one is changed (and moves to the end), d: one is deleted, after each call."""
    ledger = Ledger(count)
    waiting = list(events)

    def change() -> None:
        for what, which in waiting.pop(0) if waiting else ():
            rows = ledger.list()
            if what == "i":
                ledger.insert()
            elif rows and what == "t":
                ledger.touch(rows[which % len(rows)]["id"])
            elif rows:
                ledger.delete(rows[which % len(rows)]["id"])

    before = set(ledger.rows)
    ledger.after_call = change
    seen = set(collect(READERS[name], make_client(ledger)))
    stayed = before & set(ledger.rows)
    assert stayed <= seen


@pytest.mark.parametrize("name", sorted(READERS.keys() - {"link"}))
def test_it_works_on_a_real_port_and_goes_on_after_a_restart(name: str):
    ledger, reader = Ledger(9), READERS[name]
    with serve(ledger.handle) as server:
        client = make_client(ledger, f"{server.url}/api", transport=None)
        first = reader(client, None)
        client.close()
        again = make_client(ledger, f"{server.url}/api", transport=None)
        rest = read_all(lambda position: reader(again, position or first.position))
        again.close()
    assert [row["id"] for row in (*first.rows, *rest)] == [row["id"] for row in ledger.list()]


@pytest.mark.parametrize("name", ["keyset", "offset", "number"])
def test_a_promised_page_size_saves_the_last_call(name: str):
    ledger = Ledger(LIMIT + 1)
    client = make_client(ledger)
    ways: dict[str, Callable[[Any], Part]] = {
        "keyset": lambda position: by_keyset(
            lambda after, size: get(client, "/keyset", after=json.dumps(after), size=size),
            position, LIMIT, key=read_key, max_size=50,
        ),
        "offset": lambda position: by_offset(
            lambda offset, size: get(client, "/offset", offset=offset, size=size),
            position, LIMIT, key=read_key, max_size=50,
        ),
        "number": lambda position: by_number(
            lambda number, size: get(client, "/number", number=number, size=size),
            position, LIMIT, key=read_key, max_size=50,
        ),
    }  # fmt: skip
    assert len(read_all(ways[name])) == LIMIT + 1
    assert ledger.calls == (3 if name == "number" else 2)


def test_a_forgotten_cursor_asks_for_everything_again():
    ledger = Ledger(9)
    client = make_client(ledger)
    part = read_cursor(client, None)
    ledger.cursors.clear()
    with pytest.raises(CursorExpired):
        read_cursor(client, part.position)
    assert len(collect(read_cursor, client)) == 9


def test_another_refusal_is_no_expired_cursor():
    def ask(cursor: Any, size: int) -> Any:
        raise Rejected("sdk.rejected", status=400, where="GET /", vendor="bad size")

    with pytest.raises(Rejected, match="bad size"):
        by_cursor(ask, "c1", LIMIT, is_expired=lambda refused: "expired" in (refused.vendor or ""))


STUCK: dict[str, Callable[[], Part]] = {
    "keyset": lambda: by_keyset(lambda after, size: [{"at": 1, "id": "a"}] * size, [1, "a"], LIMIT, key=read_key),
    "cursor": lambda: by_cursor(lambda cursor, size: ([], "same"), "same", LIMIT),
    "link": lambda: by_link(lambda path: ([], "/list?page=2"), "/list?page=2", "/list", base_url="http://ledger"),
}


@pytest.mark.parametrize("name", STUCK)
def test_a_list_that_never_ends_is_noticed(name: str):
    with pytest.raises(Transient) as caught:
        STUCK[name]()
    assert caught.value.code == "sdk.paging_stuck"


def test_a_system_that_repeats_its_last_page_has_ended():
    rows = [{"at": at, "id": str(at)} for at in range(6)]

    def ask(number: int, size: int) -> Any:
        number = min(number, 2)
        return rows[(number - 1) * size : number * size]

    assert [row["at"] for row in read_all(lambda position: by_number(ask, position, 3, key=read_key))] == list(range(6))


# ---------------------------------------------------------------- links


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ('<https://a.example/?p=2>; rel="next"', "https://a.example/?p=2"),
        ("</x?p=2>; rel=next", "/x?p=2"),
        ('</x?a=1,2;3>; rel="prev", </y>; rel="next"', "/y"),
        ('</y>; title="rel=\\"prev\\", next"; REL="last NEXT"', "/y"),
        ('</a>;rel="prev";rel="next"', None),
        ('</a>; rel="nextly"', None),
        ("<>; rel=next", ""),
        ("", None),
        ("nonsense", None),
        ("<unclosed; rel=next", None),
    ],
)
def test_the_link_header_of_rfc_8288(header: str, address: str | None):
    assert find_next_link({"link": header}) == address


@given(st.text(alphabet='<>;,="\\ relnxt/', max_size=60))
def test_no_link_header_breaks_it(header: str):
    find_link(header, "next")


@pytest.mark.parametrize(
    ("path", "address", "there"),
    [
        ("/list?p=1", "/api/list?p=2", "/list?p=2"),
        ("/list?p=1", "http://ledger/api/list?p=2", "/list?p=2"),
        ("/list?p=1", "?p=2", "/list?p=2"),
        ("/a/list", "more", "/a/more"),
    ],
)
def test_an_address_is_taken_from_the_page_that_named_it(path: str, address: str, there: str):
    assert keep_to_host("http://ledger/api", path, address) == there


@pytest.mark.parametrize("address", ["https://evil.example/api/list", "//evil.example/x", "https://ledger/api/list"])
def test_our_credentials_go_nowhere_else(address: str):
    with pytest.raises(IsthmusError) as caught:
        keep_to_host("http://ledger/api", "/list", address)
    assert caught.value.code == "sdk.next_page_elsewhere"


def test_a_page_knows_its_newest_change():
    at = datetime(2026, 11, 2, tzinfo=UTC)
    records = [
        SourceRecord("s", str(number), {}, at, modified_at=at.replace(hour=number) if number else None)
        for number in range(3)
    ]
    assert make_page(records, "next").high_water == at.replace(hour=2)
    assert make_page([], None).high_water is None
