"""A simulated open.tianyancha.com: tokens, error codes, accounting of paid calls, faults. It knows nothing of the
connector beside it."""

from connectors.tianyancha.simulator.api import FAULTS, TycApi, TycSettings
from connectors.tianyancha.simulator.companies import make_companies, make_uscc
from connectors.tianyancha.simulator.running import serve_tianyancha, simulator, write_credentials

__all__ = [
    "FAULTS",
    "TycApi",
    "TycSettings",
    "make_companies",
    "make_uscc",
    "serve_tianyancha",
    "simulator",
    "write_credentials",
]
