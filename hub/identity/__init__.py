"""Which records are the same party: normalise, candidates, score, cluster, survive. Pure."""

from hub.identity.decide import Band, Decision, Evidence, Limits, decide_pair
from hub.identity.keys import Key, make_keys
from hub.identity.names import is_branch_name
from hub.identity.profile import AccountProfile, ContactProfile, normalise_account, normalise_contact
from hub.identity.resolver import Bind, ExactResolver, Hold, PartyFacts, Resolver, Separate, Verdict, find_veto

__all__ = [
    "AccountProfile",
    "Band",
    "Bind",
    "ContactProfile",
    "Decision",
    "Evidence",
    "ExactResolver",
    "Hold",
    "Key",
    "Limits",
    "PartyFacts",
    "Resolver",
    "Separate",
    "Verdict",
    "decide_pair",
    "find_veto",
    "is_branch_name",
    "make_keys",
    "normalise_account",
    "normalise_contact",
]
