"""Our requests against Twilio's own description of its API, served by a mock (tools/mock_twilio.sh).

Green here means: the requests have the right shape and error answers are read rightly. The mock has no state, calls
no webhook and knows no rule of WhatsApp; tests/gateways covers what happens around a request.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

from sapa.gateways.twilio import TwilioGateway
from sapa.messaging.states import Channel, Kind, OutboxState
from sapa.services.records import CannotTell, Found, OutboxMessage, Refused, SendRequest, Sent, SurelyAbsent, Unclear
from sapa.settings import TwilioSettings

pytestmark = pytest.mark.contract

ROOT = Path(__file__).resolve().parents[2]
# Twilio's API description, kept beside the project.
API_DIR = Path(os.environ.get("TWILIO_API_DIR") or ROOT.parent / "shared" / "twilio")
SPEC = API_DIR / "messaging_subset.json"
SCRIPT = ROOT / "tools" / "mock_twilio.sh"
START_S = 20

CALLBACK = "https://sapa.example/webhooks/twilio/status"
MOTHER = "+6281234567890"
TEMPLATE = "HX" + "3" * 32
EXAMPLE_SID = "SM" + "a" * 32  # the mock's one answer
OWN_SENDERS = TwilioSettings("AC" + "1" * 32, "token", "+6281100000000", "+6281100000001", None)
SERVICE = TwilioSettings("AC" + "1" * 32, "token", None, None, "MG" + "2" * 32)


class ToMock(TwilioHttpClient):
    """Twilio's own client with the host swapped; `prefer` makes the mock give a certain answer."""

    def __init__(self, base: str, prefer: str | None = None) -> None:
        super().__init__(timeout=10)
        self.session.trust_env = False
        self._base = base
        self._prefer = prefer
        self.count = 0

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        self.count += 1
        parts = urlsplit(url)
        if self._prefer:
            kwargs["headers"] = {**(kwargs.get("headers") or {}), "Prefer": self._prefer}
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, f"{self._base}{parts.path}{query}", *args, **kwargs)


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """The base address of a running mock. It is always killed, also when it does not come up."""
    if not SPEC.is_file():
        pytest.skip("Twilio's API description is not here (set TWILIO_API_DIR to its folder)")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, so the mock of Twilio's API cannot be")
    installed = subprocess.run([SCRIPT, "install"], capture_output=True, text=True, timeout=120)
    if installed.returncode != 0:
        pytest.skip(f"the mock of Twilio's API cannot be installed: {installed.stderr.strip()[-200:]}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([SCRIPT, "start", SPEC, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(base, process)
        yield base
    finally:
        process.kill()
        process.wait(timeout=10)


def _wait_until_it_answers(base: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the mock ended at once"
        try:
            requests.get(base, timeout=1)
            return
        except requests.exceptions.RequestException:
            time.sleep(0.1)  # a process starts; there is nothing else to wait on
    pytest.fail(f"the mock did not answer within {START_S} s")


def request(**changes: Any) -> SendRequest:
    values: dict[str, Any] = {"outbox_id": "o-1", "to": MOTHER, "channel": Channel.WHATSAPP, "text": "Halo Ibu"}
    return SendRequest(**{**values, **changes})


GOOD = {
    "WhatsApp text": request(),
    "WhatsApp text of 1600 characters": request(text="a" * 1600),
    "WhatsApp text with emoji and newlines": request(text="Halo \U0001f600\n\n*Posyandu*"),
    "WhatsApp to a hidden number": request(to="ID.13491208655302741918"),
    "WhatsApp to a number in local form": request(to="0812-3456-7890"),
    "WhatsApp template": request(text=None, content_sid=TEMPLATE, content_variables={"1": "Ani", "2": "besok\npagi"}),
    "WhatsApp template without variables": request(text=None, content_sid=TEMPLATE),
    "WhatsApp picture with text": request(media_urls=("https://sapa.example/a.png",)),
    "WhatsApp two pictures without text": request(text=None, media_urls=("https://x.example/1", "https://x.example/2")),
    "SMS text": request(channel=Channel.SMS),
}


@pytest.mark.parametrize("settings", [OWN_SENDERS, SERVICE], ids=["own senders", "messaging service"])
@pytest.mark.parametrize("name", GOOD)
def test_what_we_post_keeps_to_twilios_description(mock: str, settings: TwilioSettings, name: str) -> None:
    http = ToMock(mock)
    assert TwilioGateway(settings, CALLBACK, http_client=http).send(GOOD[name]) == Sent(EXAMPLE_SID)
    assert http.count == 1


MALFORMED = {
    "nobody": request(to=""),
    "a number without a country": request(to="81234567890"),
    "nothing to say": request(text=None),
    "1601 characters": request(text="a" * 1601),
    "a malformed ContentSid": request(text=None, content_sid="HX12"),
    "a picture that is no address": request(media_urls=("foto.png",)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_twilio_would_refuse_is_refused_before_it_leaves(mock: str, name: str) -> None:
    http = ToMock(mock)
    outcome = TwilioGateway(OWN_SENDERS, CALLBACK, http_client=http).send(MALFORMED[name])
    assert isinstance(outcome, Refused)
    assert http.count == 0


BROKEN_FORMS = {
    "nobody": {"Body": "Halo", "From": "+6281100000000"},
    "a number without a country": {"To": "81234567890", "Body": "Halo", "From": "+6281100000000"},
    "nothing to say": {"To": MOTHER, "From": "+6281100000000"},
    "1601 characters": {"To": MOTHER, "Body": "a" * 1601, "From": "+6281100000000"},
    "a malformed ContentSid": {"To": MOTHER, "ContentSid": "HX12", "From": "+6281100000000"},
    "nobody to send from": {"To": MOTHER, "Body": "Halo"},
}


@pytest.mark.parametrize("name", BROKEN_FORMS)
def test_the_mock_itself_refuses_such_forms_so_the_tests_above_prove_something(mock: str, name: str) -> None:
    answer = requests.post(
        f"{mock}/2010-04-01/Accounts/{OWN_SENDERS.account_sid}/Messages.json",
        data=BROKEN_FORMS[name],
        auth=("AC", "token"),
        timeout=10,
    )
    assert answer.status_code == 400


# what the mock is asked to answer, what we make of it
FORCED = [
    ("code=429", Refused("20429", 10.0)),
    ("code=500", Unclear("20500")),
    ("code=503", Unclear("20503")),
    ("code=401", Refused("20003", 3600.0, alert=True)),
    ("code=404", Refused("20404", None, alert=True)),
    ("code=400, example=unsubscribed", Refused("21610", None, opted_out=True)),
    ("code=400, example=invalid_to", Refused("21211", None)),
    ("code=400, example=not_mobile", Refused("21614", None)),
    ("code=400, example=region", Refused("21408", None, alert=True)),
    ("code=400, example=too_long", Refused("21617", None, alert=True)),
    ("code=400, example=content_sid", Refused("21655", None, alert=True)),
    ("code=400, example=content_vars", Refused("21656", None, alert=True)),
    ("code=400, example=no_channel", Refused("63007", 3600.0, alert=True)),
    ("code=400, example=contract", Refused("400", None, alert=True)),
]


@pytest.mark.parametrize(("prefer", "outcome"), FORCED, ids=[row[0] for row in FORCED])
def test_an_error_answer_becomes_the_right_outcome_and_is_never_posted_again(
    mock: str, prefer: str, outcome: Refused | Unclear
) -> None:
    http = ToMock(mock, prefer)
    assert TwilioGateway(OWN_SENDERS, CALLBACK, http_client=http).send(request()) == outcome
    assert http.count == 1


# ---------------------------------------------------------------- asking afterwards


def message(created_at: datetime, text: str = "Halo", provider_sid: str | None = None) -> OutboxMessage:
    return OutboxMessage(
        id="o-1", contact_id="c", address_id="a", to=MOTHER, channel=Channel.WHATSAPP, kind=Kind.ANSWER,
        content_id="x", text=text, buttons=(), media=(), template=None, template_variables={}, in_reply_to=None,
        state=OutboxState.UNKNOWN, attempts=1, created_at=created_at, not_before=created_at, provider_sid=provider_sid,
    )  # fmt: skip


def example_list() -> list[dict[str, Any]]:
    """What the mock lists: the first example of Twilio's description."""
    paths = json.loads(SPEC.read_text(encoding="utf-8"))["paths"]
    get = paths["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["get"]
    examples = get["responses"]["200"]["content"]["application/json"]["examples"]
    listed: list[dict[str, Any]] = next(iter(examples.values()))["value"]["messages"]
    return listed


def test_a_message_that_twilio_does_not_list_was_never_sent(mock: str) -> None:
    gateway = TwilioGateway(OWN_SENDERS, CALLBACK, http_client=ToMock(mock))
    assert gateway.lookup(message(datetime(2026, 11, 22, tzinfo=UTC))) == SurelyAbsent()


def test_a_message_that_twilio_lists_is_found(mock: str) -> None:
    ours = next(item for item in example_list() if item["direction"].startswith("outbound"))
    gateway = TwilioGateway(OWN_SENDERS, CALLBACK, http_client=ToMock(mock))
    found = gateway.lookup(message(datetime(2000, 1, 1, tzinfo=UTC), ours["body"]))
    assert found == Found(ours["sid"], ours["status"])


def test_a_message_whose_id_we_have_is_fetched(mock: str) -> None:
    gateway = TwilioGateway(OWN_SENDERS, CALLBACK, http_client=ToMock(mock))
    found = gateway.lookup(message(datetime(2026, 11, 22, tzinfo=UTC), provider_sid=EXAMPLE_SID))
    assert isinstance(found, Found)
    assert found.provider_sid == EXAMPLE_SID


def test_when_twilio_cannot_be_asked_nothing_is_decided(mock: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gateway = TwilioGateway(OWN_SENDERS, CALLBACK, http_client=ToMock(f"http://127.0.0.1:{port}"))
    assert gateway.lookup(message(datetime(2026, 11, 22, tzinfo=UTC))) == CannotTell()
