"""The phone simulator: phones in a browser that write to the real webhooks and show what the real sender sends.

`routes` gives the page and its small API, `network` the pretend mobile network that carries delivery ticks back.
Only mounted when messages go to the simulator instead of a provider.
"""

from bot.simulator.network import network
from bot.simulator.views import routes

__all__ = ["network", "routes"]
