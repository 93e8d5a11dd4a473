"""A company on 企业微信 in memory: tokens and limits, members, customers, tags, calendars, messages, encrypted
callbacks, people, faults. A library for tests, and a server for ``isthmus simulate wecom``. It knows nothing of the
connector beside it."""

from connectors.wecom.simulator.api import WecomApi
from connectors.wecom.simulator.bustle import Bustle
from connectors.wecom.simulator.company import seed_company
from connectors.wecom.simulator.corp import Corp, Customer, Refused
from connectors.wecom.simulator.faults import FAULTS, Faults
from connectors.wecom.simulator.people import Person
from connectors.wecom.simulator.running import make_calendar, simulator, write_credentials
from connectors.wecom.simulator.settings import WecomSettings

__all__ = [
    "FAULTS",
    "Bustle",
    "Corp",
    "Customer",
    "Faults",
    "Person",
    "Refused",
    "WecomApi",
    "WecomSettings",
    "make_calendar",
    "seed_company",
    "simulator",
    "write_credentials",
]
