"""Where the brand of a company ends and its trade begins."""

from __future__ import annotations

from hub.identity.words import TRADES

_TRADE_LENGTHS = {
    last: sorted({len(word) for word in TRADES if word.endswith(last) and len(word) > 1}, reverse=True)
    for last in {word[-1] for word in TRADES}
}
"""The last character of a trade → how long the trades are that end so, the longest first."""


def split_trade(core: str) -> tuple[str, str]:
    """Brand and trade: words of trades are taken from the end as long as two characters stay for the brand."""
    cut = len(core)
    while cut > 2:
        for length in _TRADE_LENGTHS.get(core[cut - 1], ()):
            if length < cut and core[cut - length : cut] in TRADES:
                break
        else:
            break
        if cut - length < 1:
            break
        cut -= length
    if cut < 2 <= len(core) and core != core[:cut]:
        cut = 2 if len(core) > 2 and core[:2] not in TRADES else cut
    return core[:cut], core[cut:]
