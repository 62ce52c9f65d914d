"""Trains the Rasa model if the training files changed: `python -m bot.train`."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

from rich.console import Console

from bot import quiet
from bot.model_files import wanted_model
from sapa import settings

assert quiet  # imported for what it does

console = Console(stderr=True)


def train_if_needed(model_dir: Path, var_dir: Path) -> tuple[Path, float | None]:
    """The model and the seconds its training took; None if it was there already. Raises RuntimeError."""
    model = wanted_model(model_dir)
    if model.is_file():
        return model, None
    model_dir.mkdir(parents=True, exist_ok=True)
    var_dir.mkdir(parents=True, exist_ok=True)
    log = var_dir / "train.log"
    started = time.monotonic()
    with _progress(), log.open("w", encoding="utf-8") as out, _all_output_to(out.fileno()):
        trained = _train(model)
    if not trained:
        raise RuntimeError(f"training failed; the reason is at the end of {log}")
    return model, time.monotonic() - started


def _train(model: Path) -> bool:
    from rasa.model_training import train

    root = settings.ROOT
    sys.path.insert(0, str(root))
    try:
        result = train(
            domain=str(root / "domain.yml"),
            config=str(root / "config.yml"),
            training_files=[str(root / "data")],
            output=str(model.parent),
            fixed_model_name=model.name.removesuffix(".tar.gz"),
            force_training=True,
        )
    except (SystemExit, Exception):  # Rasa refuses bad training files by leaving the program
        traceback.print_exc()
        return False
    return result.model is not None and model.is_file()


@contextlib.contextmanager
def _progress():  # type: ignore[no-untyped-def]
    """Something moves while it trains; without a terminal, one line says that it has begun."""
    if not console.is_terminal:
        console.print("training the model (some minutes) ...")
        yield
        return
    with os.fdopen(os.dup(2), "w") as terminal, Console(file=terminal).status("training the model (some minutes)"):
        yield


@contextlib.contextmanager
def _all_output_to(target: int):  # type: ignore[no-untyped-def]
    """Send everything that Rasa and TensorFlow print to a file: libraries in C do not ask Python's sys.stdout."""
    saved = [os.dup(number) for number in (1, 2)]
    try:
        for number in (1, 2):
            os.dup2(target, number)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)


def main() -> int:
    """Train if needed; 1 with one clear line if it fails."""
    try:
        config = settings.load()
        model, seconds = train_if_needed(config.model_dir, config.var_dir)
    except (settings.SettingsError, RuntimeError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    print(f"model {model.name} " + ("is up to date" if seconds is None else f"trained in {seconds:.0f} s"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
