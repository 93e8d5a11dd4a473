"""From which weight on two are merged or asked about hangs on where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigInvalid
from hub.identity.decide import LIMITS
from hub.runtime.settings import parse_config
from hub.sync.bands import choose_limits
from hub.sync.config import BandSettings, IdentitySettings
from hub.sync.records import create_record
from hub.sync.review import explain_pair, list_questions, scan_identity
from tests.sync.parties import make_partner, open_scene
from tests.sync.scenes import Scene

NAME = "上海海岳精密机械有限公司"
REACH = {"phone": "13812345678"}
NEVER = {"merge": 1000}


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, "sqlite://") as made:
        yield made


def settle(scene: Scene, **account: Any) -> None:
    """Another configuration of the bands of customers."""
    scene.config = scene.config.model_copy(update={"identity": IdentitySettings(bands={"account": account})})
    scene.hub.close()
    scene.hub = scene.make_hub()


def make(scene: Scene, name: str = NAME, **values: Any) -> Any:
    return create_record(scene.hub, "account", {"name": name, **values}, "li", anyway=True)


def test_two_sources_that_are_never_merged_without_a_person(scene: Scene) -> None:
    settle(scene, hub={"erp": NEVER})
    partner = make_partner(scene, NAME, **REACH)
    make(scene, **REACH)
    done = scan_identity(scene.hub, "scan")
    assert (done.merged, done.asked) == (0, 1)
    make(scene, **REACH)  # of one source with the one before: as everywhere
    assert scan_identity(scene.hub, "scan").merged == 1
    living = {record.id for record in scene.records("account")}
    assert len(living) == 2
    assert partner.id in living


def test_the_explanation_and_the_question_name_the_limits(scene: Scene) -> None:
    settle(scene, erp={"*": {"merge": 1000, "review": 5}})
    partner, typed = make_partner(scene, NAME, **REACH), make(scene, **REACH)
    told = explain_pair(scene.hub, "account", typed.id, partner.id)
    assert (told.judged.band, told.judged.evidence[-1]) == (
        "review", {"field": "sources", "level": "erp + hub: 1000/5", "weight": 0},
    )  # fmt: skip
    assert told.judged.weight == sum(fact["weight"] for fact in told.judged.evidence) > LIMITS["account"].merge
    scan_identity(scene.hub, "scan")
    (question,) = list_questions(scene.hub)
    assert question.judged.evidence[-1]["level"] == "erp + hub: 1000/5"


def test_two_sources_about_which_nobody_is_asked(scene: Scene) -> None:
    settle(scene, hub={"hub": {"review": 60}})
    make(scene)
    make(scene, "海岳精密机械")
    assert scan_identity(scene.hub, "scan").asked == 0
    settle(scene)
    make(scene, "海岳精密机械（新）")
    assert scan_identity(scene.hub, "scan").asked > 0


def test_at_the_door_too(scene: Scene) -> None:
    settle(scene, hub={"hub": {"review": 900, "merge": 900}})
    make(scene, **REACH)
    create_record(scene.hub, "account", {"name": NAME, **REACH}, "li")


names = st.sampled_from(["hub", "erp", "crm", "shop"])
bands = st.builds(
    BandSettings, merge=st.one_of(st.none(), st.integers(50, 200)), review=st.one_of(st.none(), st.integers(-20, 50))
)
tables = st.dictionaries(st.one_of(names, st.just("*")), st.dictionaries(st.one_of(names, st.just("*")), bands))


@given(tables, st.sets(names, min_size=1), st.sets(names, min_size=1))
def test_the_most_careful_of_all_pairs_holds_whoever_comes_first(
    table: dict[str, dict[str, BandSettings]], ours: set[str], theirs: set[str]
) -> None:
    table = {one: {other: band for other, band in row.items() if one <= other} for one, row in table.items()}
    found = choose_limits(table, "account", ours, theirs)
    assert choose_limits(table, "account", theirs, ours) == found
    alone = [choose_limits(table, "account", [one], [other]) or LIMITS["account"] for one in ours for other in theirs]
    found = found or LIMITS["account"]
    assert found.merge == max(limits.merge for limits in alone)
    assert found.review == min(limits.review for limits in alone)


CONNECTIONS = '[connections.erp]\nconnector = "sandbox"\n[connections.shop]\nconnector = "sandbox"\n'


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[identity.bands.account.erp.shop]\nmerge = 5\nreview = 9", ("isthmus.toml, line 5", "merge (5)")),
        ("[identity.bands.account.erp.shpo]\nmerge = 80", ("shpo", "*, erp, hub, shop")),
        ("[identity.bands.account.erp]\nshop.merge = 80\n[identity.bands.account.shop]\nerp.merge = 90", ("twice",)),
        ("[identity.bands.order.erp.shop]\nmerge = 80", ("identity.bands.order",)),
        ("[identity.bands.contact.erp.shop]\nmegre = 80", ("isthmus.toml, line 6", "megre")),
    ],
)
def test_what_is_said_wrongly_is_named(said: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        parse_config(CONNECTIONS + said, Path("isthmus.toml"))
    assert all(word in str(refused.value) for word in words), str(refused.value)


def test_they_are_read_from_the_file() -> None:
    text = CONNECTIONS + "[identity.bands.contact.erp.shop]\nmerge = 80\nreview = 30"
    read = parse_config(text, Path("isthmus.toml")).identity.bands
    assert read == {"contact": {"erp": {"shop": BandSettings(merge=80, review=30)}}}
