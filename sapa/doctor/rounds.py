"""The whole examination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sapa import settings
from sapa.doctor import data, machine, neighbours, provider, running
from sapa.doctor.report import PATIENCE_S, Look, Patient, Report, Result, examine, fail, ok

LOOKS: tuple[tuple[str, Look], ...] = (
    ("python", machine.python),
    ("zones", machine.zones),
    ("disk", machine.disk),
    ("files", machine.files),
    ("texts", machine.texts),
    ("model", machine.model),
    ("database", data.database),
    ("dialogues", data.dialogues),
    ("redis", data.redis),
    ("start", data.start),
    ("edge", neighbours.edge),
    ("rasa", neighbours.rasa),
    ("actions", neighbours.actions),
    ("health", running.health),
    ("templates", running.templates),
    ("prices", running.prices),
    ("twilio", provider.twilio),
    ("public", provider.public_address),
)


def examine_installation(
    environ: Mapping[str, str] | None = None,
    *,
    online: bool = False,
    only: str | None = None,
    patience_s: float = PATIENCE_S,
) -> Report:
    """Every look at the installation that `environ` (default: this process's) describes; `only`: the one of a name."""
    try:
        config = settings.load(environ)
    except settings.SettingsError as error:
        told = fail(str(error), "mend it in the environment or in .env (.env.example explains every setting)")
        return Report((_named(told),))
    except OSError as error:
        told = fail(f"the file .env cannot be read: {error.strerror}", "see who may read it")
        return Report((_named(told),))
    looks = [(name, look) for name, look in LOOKS if only in (None, name)]
    patient = Patient(config, environ, online, patience_s)
    well = ok(f"settings are complete; messages go through {config.gateway}")
    return Report((_named(well), *examine(patient, looks)))


def _named(result: Result) -> Result:
    return replace(result, look="settings")
