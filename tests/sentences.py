"""Every refusal that a test provokes can be told to a person: nothing is missing in its sentence."""

from __future__ import annotations

import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import hub.locale
from hub.errors import IsthmusError
from hub.locale import LANGUAGES, load_texts

ROOMS = {path.stem for path in Path(hub.locale.__file__).parent.glob("en/*.toml")}
FOUND = "value"
"""What stood somewhere; that may be nothing."""


@contextmanager
def heard() -> Iterator[None]:
    """Listens to every error that is made meanwhile, whoever catches it."""
    told: list[tuple[str, dict[str, Any]]] = []
    make = IsthmusError.__init__

    def listen(error: IsthmusError, code: str, /, **params: Any) -> None:
        make(error, code, **params)
        told.append((error.code, error.params))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IsthmusError, "__init__", listen)
        yield
    missing = sorted({words for code, params in told for words in _find_gaps(code, params)})
    assert not missing, "\n".join(missing)


def _find_gaps(code: str, params: dict[str, Any]) -> Iterator[str]:
    """Those of the hub's own rooms: what else is known depends on which connectors were loaded before."""
    for lang in LANGUAGES if code.partition(".")[0] in ROOMS else ():
        for _, name, _, _ in string.Formatter().parse(load_texts(lang).get(code, "")):
            if name and (name not in params or (params[name] is None and name != FOUND)):
                yield f"{code} does not say its {name}"
