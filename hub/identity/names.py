"""What a company name says about being a branch."""

from __future__ import annotations

import re
import unicodedata

_ZH_MARKER = re.compile(r"(?:分公司|办事处|营业部|分支机构|代表处)")
_EN_MARKER = re.compile(r"\b(?:branch(?: office)?|representative office|rep\.? office)\b", re.IGNORECASE)


def is_branch_name(name: str) -> bool:
    """Whether the name marks a branch (分公司, 办事处, 营业部, Branch…): never the same entity as a name without it."""
    plain = unicodedata.normalize("NFKC", name)
    return bool(_ZH_MARKER.search(plain) or _EN_MARKER.search(plain))


def fold_name(name: str) -> str:
    """The name for an exact comparison: half-width, one case, without spaces."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
