"""The stand-in provider does what it is told: it lists as Twilio lists, and fails as often as its dice say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from sapa.gateways.twilio_http import TwilioHttp
from sapa.settings import ROOT
from tools.standin_faults import PROFILES, Dice, Profile

ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "standin-token"
US, MOTHER = "whatsapp:+628110000000", "whatsapp:+6281200000001"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    command = [sys.executable, "-m", "tools.standin_provider", "--port", "0", "--no-callbacks"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    process.kill()
    process.wait()


@pytest.fixture
def client(provider: str) -> Client:
    return Client(ACCOUNT, TOKEN, http_client=TwilioHttp(base_url=provider))


def test_what_was_taken_is_fetched_and_listed_over_pages_the_newest_first(client: Client) -> None:
    made = [client.messages.create(to=MOTHER, from_=US, body=f"pesan {number}").sid for number in range(7)]
    client.messages.create(to="whatsapp:+6281200000002", from_=US, body="untuk orang lain")
    listed = [one.sid for one in client.messages.list(to=MOTHER, page_size=3)]
    assert listed == made[::-1]
    assert client.messages(made[3]).fetch().body == "pesan 3"


def test_it_refuses_what_lacks_a_text_a_wrong_account_and_an_unknown_id(client: Client, provider: str) -> None:
    stranger = Client(ACCOUNT, "another-token", http_client=TwilioHttp(base_url=provider))
    for wrong, status in (
        (lambda: client.messages.create(to=MOTHER, from_=US), 400),
        (lambda: stranger.messages.create(to=MOTHER, from_=US, body="halo"), 401),
        (lambda: client.messages("SM" + "f" * 32).fetch(), 404),
    ):
        with pytest.raises(TwilioRestException) as refused:
            wrong()
        assert refused.value.status == status


def test_its_ledger_names_our_own_id_and_what_people_wrote(client: Client, provider: str) -> None:
    client.messages.create(to=MOTHER, from_=US, body="halo", status_callback="https://sapa.example/status?ref=our-id")
    httpx.post(f"{provider}/_inbound", data={"From": MOTHER, "To": US, "Body": "apa kabar"})
    ledger = httpx.get(f"{provider}/_ledger").json()["messages"]
    assert [message["body"] for message in ledger if message["ref"] == "our-id"] == ["halo"]
    assert [one.body for one in client.messages.list(to=US)] == ["apa kabar"]


def test_one_seed_throws_the_same_fates_whatever_the_order_of_the_people() -> None:
    people = [f"whatsapp:+62812{number:08}" for number in range(200)]

    def fates(order: list[str]) -> dict[str, list[str]]:
        dice = Dice(7, PROFILES["rough"])
        return {person: [dice.send(person).name for _ in range(5)] for person in order}

    assert fates(people) == fates(people[::-1])


def test_the_dice_fall_as_often_as_the_profile_says() -> None:
    profile = Profile(busy=0.1, error_after=0.05, drop_middle=0.05, slow=0.2)
    dice = Dice(1, profile)
    thrown = Counter(dice.send(f"+62{number}").name for number in range(20_000))
    shares = {name: count / 20_000 for name, count in thrown.items()}
    assert shares == {
        "busy": pytest.approx(0.1, abs=0.01),
        "error_after": pytest.approx(0.05, abs=0.01),
        "drop_middle": pytest.approx(0.05, abs=0.01),
        "slow": pytest.approx(0.2, abs=0.01),
        "taken": pytest.approx(0.6, abs=0.02),
    }


def test_nobody_s_messages_fail_more_than_three_times_in_a_row() -> None:
    dice = Dice(1, Profile(busy=1.0))
    assert [dice.send("+62").name for _ in range(5)] == ["busy", "busy", "busy", "taken", "busy"]


def test_a_person_without_whatsapp_is_without_it_for_every_message() -> None:
    dice = Dice(3, PROFILES["rough"])
    people = [f"whatsapp:+62812{number:08}" for number in range(2000)]
    once = {person: dice.later_error(person, free_text=True) for person in people}
    assert once == {person: dice.later_error(person, free_text=True) for person in people}
    assert {dice.later_error(person, free_text=False) for person in people} == {None, 63024}
    assert dice.later_error("+6281200000001", free_text=True) is None
