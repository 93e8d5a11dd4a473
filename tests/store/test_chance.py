"""Random bits for ids: never the same twice, as many as were asked for."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

from hub.store.chance import Chance, draw_bits


def test_no_draw_comes_twice_over_threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: draw_bits(74), range(4000)))
    assert len(set(drawn)) == 4000
    assert max(drawn) < 1 << 74


def test_every_bit_is_drawn() -> None:
    seen_one = seen_nought = 0
    for _ in range(600):
        drawn = draw_bits(74)
        seen_one |= drawn
        seen_nought |= ~drawn
    assert seen_one == (1 << 74) - 1
    assert seen_nought & (1 << 74) - 1 == (1 << 74) - 1


def test_a_child_does_not_draw_what_its_parent_will() -> None:
    processes = [1]
    chance = Chance(lambda: processes[-1])
    chance.draw_bits(74)
    child = copy.copy(chance)
    child._ready = list(chance._ready)
    processes.append(2)
    ahead = [child.draw_bits(80) for _ in range(300)]
    processes.append(1)
    assert not set(ahead) & {chance.draw_bits(80) for _ in range(255)}
