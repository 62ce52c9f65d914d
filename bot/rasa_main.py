"""Starts Rasa's server on loopback with our settings: `python -m bot.rasa_main`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from bot import quiet
from sapa.settings import ROOT, Settings

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
    endpoints = _endpoints(config)
    os.environ["SANIC_WORKERS"] = "1"
    root = str(ROOT)
    os.chdir(root)
    sys.path.insert(0, root)
    sys.argv = [
        "rasa", "run", "--model", str(model), "--endpoints", str(endpoints), "--credentials", "credentials.yml",
        "--interface", "127.0.0.1", "--port", str(config.rasa_port),
    ]  # fmt: skip
    from bot import savings

    savings.of_models()
    savings.of_rasa()
    from rasa.__main__ import main as rasa_main

    rasa_main()
    return 0


def _endpoints(config: Settings) -> Path:
    """endpoints.yml, with Redis as the lock store where the settings name one (several Rasa servers)."""
    common = ROOT / "endpoints.yml"
    if config.redis_url is None:
        return common
    redis = urlsplit(config.redis_url)
    database = redis.path.strip("/") or "0"
    lock_store = {"type": "redis", "url": redis.hostname, "port": redis.port or 6379, "db": int(database)}
    if redis.password:
        lock_store["password"] = redis.password
    config.var_dir.mkdir(parents=True, exist_ok=True)
    path = config.var_dir / "endpoints.yml"
    path.write_text(common.read_text("utf-8") + yaml.safe_dump({"lock_store": lock_store}), encoding="utf-8")
    path.chmod(0o600)  # it may hold a password
    return path


if __name__ == "__main__":
    sys.exit(main())
