"""The processes of this installation, asked at their addresses: what answers, and whether it is ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from sapa.doctor.report import ASK_S, Patient, Result, fail, ok, warn

_START = "start it: systemctl start sapa-{} (one machine: make run)"


def edge(patient: Patient) -> Iterator[Result]:
    """The public edge, from this machine."""
    settings = patient.settings
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host
    base = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    answer = _ask(f"{base}/health")
    if answer is None:
        yield from _nobody("edge", host, settings.port, "SAPA_PORT")
        return
    if not _says_ok(answer):
        yield fail(f"port {settings.port} is used by another program", "stop it, or set SAPA_PORT")
        return
    ready = _ask(f"{base}/ready")
    if ready is None or ready.status_code != 200:
        yield fail("the edge lives but cannot store messages", "look at the database (above) and at the edge's log")
        return
    yield ok(f"the edge answers on port {settings.port}")
    if settings.host not in ("127.0.0.1", "::1", "localhost") and settings.simulator:
        yield fail(
            f"the phone simulator is open to the network (SAPA_HOST={settings.host})", "SAPA_HOST=127.0.0.1, or Twilio"
        )


def rasa(patient: Patient) -> Iterator[Result]:
    """Rasa with our channel."""
    for url in filter(None, (part.strip() for part in patient.settings.rasa_url.split(","))):
        place = urlsplit(url)
        answer = _ask(f"{url}/webhooks/sapa/")
        if answer is None:
            yield from _nobody("rasa", place.hostname or "", place.port or 80, "SAPA_RASA_PORT")
        elif not _says_ok(answer):
            told = f"what answers at {place.netloc} is not Rasa with our channel ({answer.status_code})"
            yield fail(told, "start it with python -m bot.rasa_main; SAPA_RASA_URL names it")
        else:
            yield ok(f"Rasa answers at {place.netloc}")


def actions(patient: Patient) -> Iterator[Result]:
    """The action server."""
    place = urlsplit(patient.settings.actions_url)
    answer = _ask(f"{place.scheme}://{place.netloc}/health")
    if answer is None:
        yield from _nobody("actions", place.hostname or "", place.port or 80, "SAPA_ACTIONS_PORT")
    elif not _says_ok(answer):
        told = f"what answers at {place.netloc} is not our action server ({answer.status_code})"
        yield fail(told, "start it with python -m bot.actions_main; SAPA_ACTIONS_URL names it")
    else:
        yield ok(f"the action server answers at {place.netloc}")


def _nobody(name: str, host: str, port: int, setting: str) -> Iterator[Result]:
    """Nothing that speaks HTTP: either nothing at all, or another program on our port."""
    try:
        with socket.create_connection((host, port), ASK_S):
            pass
    except OSError:
        yield warn(f"nothing listens at {host}:{port}: {name} is not running", _START.format(name))
        return
    yield fail(f"port {port} is used by another program", f"stop it, or set {setting}")


def _ask(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url, timeout=ASK_S)
    except (httpx.HTTPError, httpx.InvalidURL):
        return None


def _says_ok(answer: httpx.Response) -> bool:
    try:
        return answer.status_code == 200 and answer.json().get("status") == "ok"
    except (ValueError, AttributeError):
        return False
