"""A 金蝶云·星空 account in memory: signatures, sessions, forms with their life cycle, people, faults. A library for
tests and storms, and a server for ``isthmus simulate kingdee``. It knows nothing of the connector beside it."""

from connectors.kingdee.simulator.api import KingdeeApi
from connectors.kingdee.simulator.books import Books
from connectors.kingdee.simulator.company import make_uscc, seed_company, seed_tables
from connectors.kingdee.simulator.faults import FAULTS, Faults
from connectors.kingdee.simulator.forms import FORMS
from connectors.kingdee.simulator.people import Person, number
from connectors.kingdee.simulator.refusals import BillRefused
from connectors.kingdee.simulator.running import serve_kingdee, simulator, write_credentials
from connectors.kingdee.simulator.settings import USER, KingdeeSettings

__all__ = [
    "FAULTS",
    "FORMS",
    "USER",
    "BillRefused",
    "Books",
    "Faults",
    "KingdeeApi",
    "KingdeeSettings",
    "Person",
    "make_uscc",
    "number",
    "seed_company",
    "seed_tables",
    "serve_kingdee",
    "simulator",
    "write_credentials",
]
