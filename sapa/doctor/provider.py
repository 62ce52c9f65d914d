"""Twilio and the public address, asked over the network (--online), by questions that cost and change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from sapa.doctor.report import ASK_S, Patient, Result, fail, ok, warn
from sapa.pulse import certificate_until
from sapa.services.health import CERTIFICATE, SKEW_S
from sapa.settings import TwilioSettings

_API, _MESSAGING = "https://api.twilio.com", "https://messaging.twilio.com"
_SANDBOX = "+14155238886"
_LITTLE_MONEY = 5.0  # in the account's currency
_INBOUND, _STATUS = "/webhooks/twilio", "/webhooks/twilio/status"
_NOT_ASKED = "not asked: sapa doctor --online does"


def twilio(patient: Patient) -> Iterator[Result]:
    """The account: token, state, money, clock, senders."""
    settings = patient.settings.twilio
    if settings is None:
        yield ok("Twilio is not used: messages go to the phone simulator")
        return
    if not patient.online:
        yield warn(f"Twilio: {_NOT_ASKED}", "sapa doctor --online")
        return
    asker = _Asker(settings)
    with asker:
        try:
            account = asker.get(_API, f"/2010-04-01/Accounts/{settings.account_sid}.json")
            usable, results = _account(account)
            yield from results
            yield from _clock(account)
            if usable:
                yield from _money(asker)
                yield from _service(asker)
                yield from _sms_sender(asker)
                yield from _whatsapp_sender(asker, patient.settings.public_url)
        except httpx.HTTPError as error:
            told = "does not answer in time" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
            yield fail(f"Twilio {told}", "look at this machine's way to the internet, and at status.twilio.com")


class _Asker:
    """GETs with the account's credentials; a stand-in provider is asked instead of Twilio where one is set."""

    def __init__(self, settings: TwilioSettings) -> None:
        self.settings = settings
        self._client = httpx.Client(timeout=ASK_S, auth=(settings.account_sid, settings.auth_token))

    def __enter__(self) -> _Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, host: str, path: str, **query: str) -> httpx.Response:
        return self._client.get((self.settings.api_url or host) + path, params=query)


def _account(answer: httpx.Response) -> tuple[bool, list[Result]]:
    status = answer.status_code
    told = _json(answer)
    code = f"HTTP {status}" + (f", {told['code']}" if "code" in told else "")
    if status == 401:
        todo = "copy TWILIO_AUTH_TOKEN anew from Twilio's console; see that the SID is of the same account"
        return False, [fail(f"Twilio refuses the token ({code})", todo)]
    if status == 404:
        return False, [fail(f"Twilio knows no account of this SID ({code})", "copy TWILIO_ACCOUNT_SID anew")]
    if status != 200:
        return False, [fail(f"Twilio answers strangely ({code})", "look at status.twilio.com, and at TWILIO_API_URL")]
    state = str(told.get("status", "active"))
    if state != "active":
        return False, [fail(f"the Twilio account is {state}", "Twilio's console says why (billing, compliance)")]
    found = [ok("Twilio takes the token; the account is active")]
    if told.get("type") == "Trial":
        found.append(warn("the Twilio account is a trial", "it sends to verified numbers only: upgrade it"))
    return True, found


def _clock(answer: httpx.Response) -> Iterator[Result]:
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return
    skew_s = (datetime.now(UTC) - theirs).total_seconds()
    if abs(skew_s) > SKEW_S:
        todo = "set up time synchronisation (timedatectl set-ntp true)"
        yield fail(f"this clock is {skew_s:+.0f} s from Twilio's", todo)


def _money(asker: _Asker) -> Iterator[Result]:
    answer = asker.get(_API, f"/2010-04-01/Accounts/{asker.settings.account_sid}/Balance.json")
    told = _json(answer)
    try:
        balance = float(told["balance"])
    except (KeyError, TypeError, ValueError):
        return  # not every account tells
    money = f"{balance:.2f} {told.get('currency', '')}".strip()
    if balance <= 0:
        yield fail(f"the Twilio account is empty ({money})", "pay in; switch on automatic top-up")
    elif balance < _LITTLE_MONEY:
        yield warn(f"little money in the Twilio account ({money})", "pay in; switch on automatic top-up")
    else:
        yield ok(f"{money} in the Twilio account")


def _service(asker: _Asker) -> Iterator[Result]:
    sid = asker.settings.messaging_service_sid
    if sid is None:
        return
    answer = asker.get(_MESSAGING, f"/v1/Services/{sid}")
    if answer.status_code == 404:
        yield fail("Twilio knows no such messaging service", "copy TWILIO_MESSAGING_SERVICE_SID (MG...) anew")
    elif answer.status_code == 200:
        yield ok("the messaging service is there")


def _sms_sender(asker: _Asker) -> Iterator[Result]:
    number = asker.settings.sms_from
    if number is None or not number.startswith("+"):
        return  # a name as sender is no number Twilio could list
    path = f"/2010-04-01/Accounts/{asker.settings.account_sid}/IncomingPhoneNumbers.json"
    answer = asker.get(_API, path, PhoneNumber=number)
    if answer.status_code != 200:
        return
    if _json(answer).get("incoming_phone_numbers"):
        yield ok("the SMS number belongs to the account")
    else:
        yield fail("the SMS number is not of this account", "mend TWILIO_SMS_FROM")


def _whatsapp_sender(asker: _Asker, public_url: str) -> Iterator[Result]:
    number = asker.settings.whatsapp_from
    if number is None:
        return
    if number == _SANDBOX:
        yield warn("WhatsApp goes through Twilio's sandbox", "for families: a WhatsApp sender of your own")
        return
    answer = asker.get(_MESSAGING, "/v2/Channels/Senders", Channel="whatsapp", PageSize="100")
    if answer.status_code != 200:
        return
    senders = [one for one in _json(answer).get("senders") or [] if one.get("sender_id") == f"whatsapp:{number}"]
    if not senders:
        yield fail("the WhatsApp number is no sender of this account", "mend TWILIO_WHATSAPP_FROM, or register it")
        return
    state = str(senders[0].get("status", ""))
    if not state.startswith("ONLINE"):
        yield fail(f"the WhatsApp sender is {state or 'in no known state'}", "Twilio's console says what it waits for")
        return
    yield ok("the WhatsApp sender is online")
    yield from _webhook_of(senders[0].get("webhook") or {}, public_url)


def _webhook_of(webhook: Mapping[str, Any], public_url: str) -> Iterator[Result]:
    set_to = str(webhook.get("callback_url") or "").partition("#")[0]
    if set_to != public_url + _INBOUND:
        where = "nowhere" if not set_to else f"to {urlsplit(set_to).netloc}{urlsplit(set_to).path}"
        yield fail(f"Twilio sends what families write {where}", f"set the sender's webhook to {public_url}{_INBOUND}")


def public_address(patient: Patient) -> Iterator[Result]:
    """Whether the provider would reach the webhooks, by the very address it has."""
    settings = patient.settings
    if settings.simulator:
        return
    if not patient.online:
        yield warn(f"the public address: {_NOT_ASKED}", "sapa doctor --online")
        return
    base = settings.public_url
    with httpx.Client(timeout=ASK_S) as client:
        try:
            ready = client.get(f"{base}/ready")
        except httpx.HTTPError as error:
            told = "has no valid certificate" if "certificate" in str(error).lower() else "does not answer"
            todo = "look at the proxy, its certificate, the DNS name and the firewall (443)"
            yield fail(f"SAPA_PUBLIC_URL {told}", todo)
            return
        if ready.is_redirect:
            todo = "set the address it leads to: a redirect turns Twilio's POST into a GET and loses the message"
            yield fail("SAPA_PUBLIC_URL leads to another address", todo)
        elif ready.status_code == 503:
            yield fail("the edge is reached but cannot store messages", "look at the database")
        elif ready.status_code != 200:
            told = f"SAPA_PUBLIC_URL does not lead to the edge (/ready: {ready.status_code})"
            yield fail(told, "mend the proxy's upstream, or SAPA_PUBLIC_URL")
        else:
            yield ok("the public address leads to the edge")
            yield from _walls(client, base)
    yield from _certificate(base)


def _walls(client: httpx.Client, base: str) -> Iterator[Result]:
    unsigned = client.post(base + _INBOUND, data={"Body": ""})
    if unsigned.status_code != 403:
        told = f"an unsigned webhook is answered with {unsigned.status_code} instead of 403"
        yield fail(told, "the proxy must hand POST /webhooks/twilio on to the edge as it is")
    if client.get(f"{base}/metrics").status_code != 404:
        yield fail("/metrics can be read from outside", "use the proxy's file in ops/, or set SAPA_METRICS_TOKEN")


def _certificate(base: str) -> Iterator[Result]:
    until = certificate_until(base, ASK_S)
    if until is None:
        return
    days = (until - datetime.now(UTC)).days
    if days < CERTIFICATE.days:
        yield warn(f"the certificate ends in {days} days", "look at the proxy's log: it should renew by itself")
    else:
        yield ok(f"the certificate holds {days} more days")


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
