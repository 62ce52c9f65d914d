"""Starts the action server on loopback: `python -m bot.actions_main`."""

from __future__ import annotations

import sys

from bot import quiet

assert quiet  # imported for what it does


def main() -> int:
    """Run the server until it is stopped; 1 with one clear line if it cannot start."""
    from sapa.bootstrap import StartError, start

    try:
        app = start()
    except StartError as error:
        print(f"actions: {error}", file=sys.stderr)
        return 1
    from rasa_sdk.endpoint import create_app

    server = create_app("actions")
    server.config.KEEP_ALIVE_TIMEOUT = 75
    server.run("127.0.0.1", app.settings.actions_port, workers=1, access_log=False, motd=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
