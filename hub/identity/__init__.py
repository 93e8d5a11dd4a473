"""Which records are the same party: normalise, candidates, score, cluster, survive. Pure."""

from hub.identity.names import is_branch_name
from hub.identity.resolver import Bind, ExactResolver, Hold, PartyFacts, Resolver, Separate, Verdict, find_veto

__all__ = [
    "Bind",
    "ExactResolver",
    "Hold",
    "PartyFacts",
    "Resolver",
    "Separate",
    "Verdict",
    "find_veto",
    "is_branch_name",
]
