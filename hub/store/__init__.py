"""The only room that knows SQLAlchemy: tables, unit of work, migrations."""

from hub.store.batch import Batch, BatchRefused
from hub.store.bookkeeping import UnitOfWork
from hub.store.failures import Deadlocked
from hub.store.records import Clock
from hub.store.store import Store

__all__ = ["Batch", "BatchRefused", "Clock", "Deadlocked", "Store", "UnitOfWork"]
