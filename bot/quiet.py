"""Makes Rasa and TensorFlow quiet: import this before anything of theirs.

A newcomer's terminal should show what matters. Their deprecation notices concern nobody who runs this project; real
trouble still comes as an exception.
"""

from __future__ import annotations

import logging
import os
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("PYTHONWARNINGS", "ignore")


def _nothing(*_: object, **__: object) -> None:
    """Some of their modules switch warnings on again, so the filter alone is not enough."""


warnings.simplefilter("ignore")
warnings.showwarning = _nothing
if not logging.getLogger().handlers:
    logging.getLogger().addHandler(logging.NullHandler())
