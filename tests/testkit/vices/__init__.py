"""Every vice, by name: what a connector author gets wrong, and the sentence that tells it."""

from tests.testkit.hostile import Vice
from tests.testkit.vices.outline import OUTLINE
from tests.testkit.vices.reading import READING
from tests.testkit.vices.troubles import TROUBLES
from tests.testkit.vices.writing import WRITING

VICES: dict[str, Vice] = {**OUTLINE, **READING, **WRITING, **TROUBLES}

__all__ = ["VICES"]
