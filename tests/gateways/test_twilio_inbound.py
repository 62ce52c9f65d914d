"""What people wrote to us, read from Twilio's list: what a webhook missed is found there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response

from sapa.gateways import twilio_lists
from sapa.gateways.twilio import TwilioGateway
from sapa.messaging.states import Channel
from sapa.services.records import CannotTell, InboundForm, MediaItem
from sapa.settings import TwilioSettings

ACCOUNT = "AC" + "1" * 32
OURS, OUR_NUMBER = "+6281100000000", "+6281100000001"
MOTHER = "+6281234567890"
SINCE = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
SETTINGS = TwilioSettings(ACCOUNT, "token", OURS, None, None)
SERVICE = TwilioSettings(ACCOUNT, "token", None, None, "MG" + "2" * 32)


def listed(sid: str, minutes: float = 1, **changes: Any) -> dict[str, Any]:
    """A message as Twilio lists it, made `minutes` after SINCE."""
    made = (SINCE + timedelta(minutes=minutes)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    message = {
        "sid": sid,
        "from": f"whatsapp:{MOTHER}",
        "to": f"whatsapp:{OURS}",
        "body": "halo",
        "direction": "inbound",
        "num_media": "0",
        "date_created": made,
    }
    return message | changes


class Account(HttpClient):
    """Twilio's lists: messages by recipient in pages, the newest first, and the media of each."""

    def __init__(self, messages: list[dict[str, Any]], media: dict[str, list[dict[str, Any]]] | None = None) -> None:
        super().__init__(None, False)  # type: ignore[arg-type]
        self._messages = sorted(messages, key=lambda one: str(one["date_created"]), reverse=True)
        self._media = media or {}
        self.page = 1000
        self.asked: list[dict[str, str]] = []
        self.broken_from = 10**9

    def request(self, method: str, uri: str, params: dict[str, Any] | None = None, **_more: Any) -> Response:
        assert method == "GET"
        parts = urlsplit(uri)
        query = {name: str(value) for name, value in (params or {}).items()}
        query |= {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append(query)
        if len(self.asked) > self.broken_from:
            return Response(503, "")
        if "/Media" in parts.path:
            sid = parts.path.split("/")[-2]
            return Response(200, json.dumps({"media_list": self._media[sid], "next_page_uri": None}))
        chosen = [one for one in self._messages if query.get("To") in (None, one["to"])]
        size, page = min(self.page, int(query["PageSize"])), int(query.get("Page", 0))
        more = len(chosen) > (page + 1) * size
        to = f"&To={query['To'].replace('+', '%2B')}" if "To" in query else ""
        following = f"{parts.path}?PageSize={size}&Page={page + 1}{to}" if more else None
        shown = chosen[page * size : (page + 1) * size]
        return Response(200, json.dumps({"messages": shown, "next_page_uri": following}))


def inbound(account: Account, settings: TwilioSettings = SETTINGS) -> Any:
    gateway = TwilioGateway(settings, "https://sapa.example/status", http_client=account)
    return gateway.inbound_since(SINCE)


def sids(found: Any) -> list[str]:
    assert not isinstance(found, CannotTell)
    return [form.provider_sid for form in found]


def test_a_message_is_read_as_its_webhook_would_have_given_it() -> None:
    (form,) = inbound(Account([listed("SM1", body="kapan posyandu?")]))
    assert form == InboundForm(
        provider_sid="SM1",
        channel=Channel.WHATSAPP,
        from_address=MOTHER,
        to_address=OURS,
        body="kapan posyandu?",
        phone=MOTHER,
    )


# From as listed, channel, address, phone
SENDERS = [
    (f"whatsapp:{MOTHER}", Channel.WHATSAPP, MOTHER, MOTHER),
    ("whatsapp:6281234567890", Channel.WHATSAPP, MOTHER, MOTHER),
    ("whatsapp:ID.13491208655302741918", Channel.WHATSAPP, "ID.13491208655302741918", None),
    (MOTHER, Channel.SMS, MOTHER, MOTHER),
    ("TELKOMSEL", Channel.SMS, "TELKOMSEL", None),
]


@pytest.mark.parametrize(("said", "channel", "address", "phone"), SENDERS)
def test_a_sender_is_read_by_the_rule_of_the_webhook(
    said: str, channel: Channel, address: str, phone: str | None
) -> None:
    (form,) = inbound(Account([listed("SM1", **{"from": said})]))
    assert (form.channel, form.from_address, form.phone) == (channel, address, phone)


NOT_FOR_US = [
    ("what we sent", {"direction": "outbound-api"}),
    ("a reply of a service", {"direction": "outbound-reply"}),
    ("a channel that is not spoken here", {"from": "messenger:123"}),
    ("nobody", {"from": None}),
]


@pytest.mark.parametrize(("what", "changes"), NOT_FOR_US, ids=[row[0] for row in NOT_FOR_US])
def test_what_nobody_sent_to_us_is_passed_over(what: str, changes: dict[str, Any]) -> None:
    assert sids(inbound(Account([listed("SM1", **changes), listed("SM2")]))) == ["SM2"]


def test_the_oldest_comes_first_so_that_a_talk_keeps_its_order() -> None:
    account = Account([listed("SM3", 9), listed("SM1", 2), listed("SM2", 5)])
    assert sids(inbound(account)) == ["SM1", "SM2", "SM3"]


def test_pages_are_read_until_they_are_older_than_asked_for_and_no_further() -> None:
    account = Account([listed(f"SM{n:03}", n - 100) for n in range(200)])
    account.page = 10
    # Minutes 0 to 99 are ours; 5 more are older but within the margin of the clocks and only end the reading.
    assert sids(inbound(account)) == [f"SM{n:03}" for n in range(100, 200)]
    assert len(account.asked) == 11  # 100 + 5 + the first that is older still, ten a page


def test_a_message_without_a_date_is_taken_rather_than_lost() -> None:
    assert sids(inbound(Account([listed("SM1", date_created="")]))) == ["SM1"]


def test_a_page_that_moved_while_messages_came_in_gives_nothing_twice() -> None:
    account = Account([listed("SM1", 1), listed("SM1", 1), listed("SM2", 2)])
    assert sids(inbound(account)) == ["SM1", "SM2"]


def test_only_our_own_inboxes_are_asked() -> None:
    account = Account([listed("SM1"), listed("SM2", to="whatsapp:+6281199999999")])
    assert sids(inbound(account)) == ["SM1"]
    assert [query["To"] for query in account.asked] == [f"whatsapp:{OURS}"]


def test_an_sms_number_is_an_inbox_and_a_name_is_none() -> None:
    messages = [listed("SM1"), listed("SM2", 2, to=OUR_NUMBER, **{"from": MOTHER})]
    assert sids(inbound(Account(messages), replace(SETTINGS, sms_from=OUR_NUMBER))) == ["SM1", "SM2"]
    assert sids(inbound(Account(messages), replace(SETTINGS, sms_from="SAPA"))) == ["SM1"]


def test_with_a_service_the_whole_account_is_read() -> None:
    account = Account([listed("SM1"), listed("SM2", 2, to="whatsapp:+6281199999999"), listed("SM3", direction="x")])
    assert sids(inbound(account, SERVICE)) == ["SM1", "SM2"]
    assert "To" not in account.asked[0]


def test_pictures_are_asked_for_only_where_there_are_some() -> None:
    uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1.json"
    account = Account(
        [listed("MM1", num_media="1", body=""), listed("SM2", 2)],
        {"MM1": [{"sid": "ME1", "content_type": "image/JPEG", "uri": uri}]},
    )
    photo, text = inbound(account)
    assert photo.media == (MediaItem(f"https://api.twilio.com{uri.removesuffix('.json')}", "image/jpeg"),)
    assert (photo.message_type, text.message_type) == ("image", "text")
    assert len(account.asked) == 2


def test_text_that_a_database_cannot_hold_is_cleaned() -> None:
    (form,) = inbound(Account([listed("SM1", body="a\x00b\ud83d")]))
    assert form.body == "ab?"


@pytest.mark.parametrize("broken_from", [0, 1, 2])
def test_half_of_a_list_is_no_list(broken_from: int) -> None:
    account = Account([listed(f"SM{n}", n) for n in range(6)])
    account.page, account.broken_from = 2, broken_from
    assert inbound(account) == CannotTell()


def test_more_than_can_be_read_at_once_is_not_taken_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio_lists, "MOST", 5)
    assert inbound(Account([listed(f"SM{n}", n) for n in range(6)])) == CannotTell()
    assert len(inbound(Account([listed(f"SM{n}", n) for n in range(5)]))) == 5


def test_who_cannot_be_asked_says_so() -> None:
    class Silent(HttpClient):
        def __init__(self) -> None:
            super().__init__(None, False)  # type: ignore[arg-type]

        def request(self, *_given: Any, **_more: Any) -> Response:
            raise OSError

    gateway = TwilioGateway(SETTINGS, "https://sapa.example/status", http_client=Silent())
    assert gateway.inbound_since(SINCE) == CannotTell()
