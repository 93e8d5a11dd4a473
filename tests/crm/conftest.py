"""What every test here does beside its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sentences import heard


@pytest.fixture(autouse=True)
def _whole_sentences() -> Iterator[None]:
    with heard():
        yield
