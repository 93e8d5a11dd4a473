"""The ``Link`` header of RFC 8288, as far as paging needs it."""

from __future__ import annotations

import re

_LINK = re.compile(r"\s*<([^>]*)>\s*((?:;\s*[^\s=;,]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]*))?\s*)*)(?:,|$)")
_PARAM = re.compile(r";\s*([^\s=;,]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]*)))?")


def find_link(header: str, rel: str) -> str | None:
    """The address of the first link whose ``rel`` names ``rel`` (it may name several), as it stands there."""
    at = 0
    while found := _LINK.match(header, at):
        if rel.lower() in _read_rels(found[2]):
            return found[1].strip()
        at = found.end()
        if at >= len(header):
            break
    return None


def _read_rels(params: str) -> list[str]:
    """The values of the first ``rel``; RFC 8288 says that later ones do not count."""
    for name, quoted, bare in _PARAM.findall(params):
        if name.lower() == "rel":
            return re.sub(r"\\(.)", r"\1", quoted or bare).lower().split()
    return []
