"""A generic ERP in memory: any tier, states that refuse edits, people, faults. A library for tests and storms, and a
server for ``isthmus simulate sandbox``. It knows nothing of the connector beside it."""

from connectors.sandbox.simulator.api import SandboxApi
from connectors.sandbox.simulator.company import make_uscc, seed_company
from connectors.sandbox.simulator.erp import SandboxErp
from connectors.sandbox.simulator.faults import FAULTS, Faults
from connectors.sandbox.simulator.people import Person
from connectors.sandbox.simulator.running import serve_sandbox, simulator
from connectors.sandbox.simulator.settings import USER, SandboxSettings
from connectors.sandbox.simulator.shapes import ErpRefused

__all__ = [
    "FAULTS",
    "USER",
    "ErpRefused",
    "Faults",
    "Person",
    "SandboxApi",
    "SandboxErp",
    "SandboxSettings",
    "make_uscc",
    "seed_company",
    "serve_sandbox",
    "simulator",
]
