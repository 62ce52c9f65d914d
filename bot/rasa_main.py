"""Starts Rasa's server on loopback with our settings: `python -m bot.rasa_main`."""

from __future__ import annotations

import os
import sys

from bot import quiet

assert quiet  # imported for what it does


def main() -> int:
    """Run the server until it is stopped; 1 with one clear line if it cannot start."""
    from bot.model_files import NoModel, current_model
    from sapa import settings

    try:
        config = settings.load()
        model = current_model(config.model_dir)
    except (settings.SettingsError, NoModel) as error:
        print(f"rasa: {error}", file=sys.stderr)
        return 1
    os.environ["SAPA_ACTIONS_URL"] = config.actions_url
    os.environ["SANIC_WORKERS"] = "1"
    root = str(settings.ROOT)
    os.chdir(root)
    sys.path.insert(0, root)
    sys.argv = [
        "rasa", "run", "--model", str(model), "--endpoints", "endpoints.yml", "--credentials", "credentials.yml",
        "--interface", "127.0.0.1", "--port", str(config.rasa_port),
    ]  # fmt: skip
    from rasa.__main__ import main as rasa_main

    rasa_main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
