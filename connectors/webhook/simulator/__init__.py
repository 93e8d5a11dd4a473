"""A shop that pushes: signed events, tried again until they are taken, with what goes wrong on the way. It knows
nothing of the connector beside it and signs by its own code."""

from connectors.webhook.simulator.pushing import FAULTS, Pusher
from connectors.webhook.simulator.running import RunningShop, simulator
from connectors.webhook.simulator.shop import Shop, ShopEvent
from connectors.webhook.simulator.signing import PLAIN, SECRETS, sign

__all__ = ["FAULTS", "PLAIN", "SECRETS", "Pusher", "RunningShop", "Shop", "ShopEvent", "sign", "simulator"]
