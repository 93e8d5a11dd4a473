"""A simulated openapi.qcc.com: signatures, status texts, accounting of paid calls, faults. It knows nothing of the
connector beside it."""

from connectors.qichacha.simulator.api import FAULTS, QccApi, QccSettings
from connectors.qichacha.simulator.companies import make_companies, make_uscc
from connectors.qichacha.simulator.running import serve_qichacha, simulator, write_credentials

__all__ = [
    "FAULTS",
    "QccApi",
    "QccSettings",
    "make_companies",
    "make_uscc",
    "serve_qichacha",
    "simulator",
    "write_credentials",
]
