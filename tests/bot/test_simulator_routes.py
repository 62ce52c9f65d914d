"""The simulator's API and its network, against a webhook that checks signatures as the real edge does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from bot.simulator import routes, views
from bot.simulator.forms import Typed, inbound_form
from bot.simulator.network import step
from bot.simulator.world import add_months
from sapa import settings as settings_module
from sapa.messaging.states import Channel
from sapa.services.records import SendRequest
from sapa.store.engine import open_engine
from sapa.store.models import Base
from sapa.store.simulator import SimulatorMailbox

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # 08.00 in Jakarta
MARIA = {"phone": "+6281200000001", "channel": "whatsapp"}
TOKEN = "a token of the tests"


@dataclass
class Webhook:
    """Stands where the edge's webhooks are; keeps what was well signed, answers `status`."""

    public_url: str
    status: int = 200
    inbound: list[dict[str, str]] = field(default_factory=list)
    callbacks: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        signature = request.headers.get("x-twilio-signature", "")
        if not RequestValidator(TOKEN).validate(self.public_url + path, form, signature):
            return Response(status_code=403)
        if self.status >= 400:
            return Response(status_code=self.status)
        if request.url.path.endswith("/status"):
            self.callbacks.append((request.query_params.get("ref", ""), form))
        else:
            self.inbound.append(form)
        return Response("<Response/>")


@dataclass
class World:
    app: Any
    webhook: Webhook
    client: httpx.AsyncClient

    @property
    def mailbox(self) -> SimulatorMailbox:
        return self.app.mailbox

    async def post(self, call: str, body: Any) -> httpx.Response:
        return await self.client.post(f"/simulator/api/{call}", json=body)

    async def state(self, since: int = 0) -> dict[str, Any]:
        return (await self.client.get("/simulator/api/state", params={"since": since})).json()

    def deliver(self, outbox_id: str = "o1", channel: Channel = Channel.WHATSAPP) -> str:
        request = SendRequest(outbox_id, MARIA["phone"], channel, "Halo")
        return self.mailbox.deliver(request, START)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    settings = settings_module.load(
        {
            "SAPA_VAR_DIR": str(tmp_path),
            "SAPA_SIMULATOR_TOKEN": TOKEN,
            "SAPA_PUBLIC_URL": "https://sapa.example.org",
        }
    )
    engine = open_engine(settings.database_url)
    Base.metadata.create_all(engine)
    app = SimpleNamespace(
        settings=settings,
        mailbox=SimulatorMailbox(engine),
        clock=SimpleNamespace(now=lambda: START),
        deps=SimpleNamespace(),
    )
    webhook = Webhook(settings.public_url)
    edge = Starlette(
        routes=[
            Route("/webhooks/twilio", webhook.take, methods=["POST"]),
            Route("/webhooks/twilio/status", webhook.take, methods=["POST"]),
        ]
    )

    def connect() -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://edge")

    edge.router.routes.extend(routes(app, connect))  # type: ignore[arg-type]
    async with connect() as client:
        yield World(app, webhook, client)
    engine.dispose()


class TestWriting:
    async def test_a_typed_message_reaches_the_webhook_as_twilio_would_send_it(self, world: World) -> None:
        answer = await world.post("send", {**MARIA, "text": "Halo, apa kabar?"})

        assert answer.status_code == 200
        [form] = world.webhook.inbound
        assert form["MessageSid"] == form["SmsSid"] == answer.json()["sid"]
        assert form["From"] == "whatsapp:+6281200000001" and form["WaId"] == "6281200000001"
        assert form["To"] == "whatsapp:+628110000000", "0811-0000-000, as the settings have it, in E.164"
        assert (form["Body"], form["NumMedia"], form["MessageType"]) == ("Halo, apa kabar?", "0", "text")
        assert form["ProfileName"] == "Ibu Maria"
        assert form["AccountSid"].startswith("AC") and len(form["AccountSid"]) == 34

    async def test_it_is_then_on_the_phone_as_delivered(self, world: World) -> None:
        await world.post("send", {**MARIA, "text": "Halo"})
        [message] = (await world.state())["messages"]
        assert (message["direction"], message["text"], message["status"]) == ("in", "Halo", "delivered")
        assert [status for status, _ in message["history"]] == ["sending", "delivered"]

    async def test_a_tapped_button_carries_its_payload(self, world: World) -> None:
        await world.post("send", {**MARIA, "text": "Setuju", "payload": "setuju"})
        [form] = world.webhook.inbound
        assert (form["MessageType"], form["Body"], form["ButtonText"], form["ButtonPayload"]) == (
            "button", "Setuju", "Setuju", "setuju",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("media", "message_type", "content_type"),
        [("image", "image", "image/png"), ("voice", "audio", "audio/ogg"), ("sticker", "sticker", "image/webp")],
    )
    async def test_attachments_have_an_empty_body_a_type_and_a_file_that_exists(
        self, world: World, media: str, message_type: str, content_type: str
    ) -> None:
        await world.post("send", {**MARIA, "text": "", "media": media})
        [form] = world.webhook.inbound
        assert (form["Body"], form["NumMedia"], form["MessageType"]) == ("", "1", message_type)
        assert form["MediaContentType0"] == content_type
        path = form["MediaUrl0"].removeprefix("https://sapa.example.org")
        file = await world.client.get(path)
        assert file.status_code == 200 and len(file.content) > 100

    async def test_a_location_has_coordinates_and_no_file(self, world: World) -> None:
        await world.post("send", {**MARIA, "text": "", "media": "location"})
        [form] = world.webhook.inbound
        assert (form["MessageType"], form["NumMedia"]) == ("location", "0")
        assert float(form["Latitude"]) < 0 < float(form["Longitude"])

    async def test_an_sms_has_neither_prefix_nor_whatsapp_fields(self, world: World) -> None:
        await world.post("send", {"phone": "+6281200000003", "channel": "sms", "text": "Halo"})
        [form] = world.webhook.inbound
        assert (form["From"], form["To"]) == ("+6281200000003", "+628110000000")
        assert not {"WaId", "ProfileName", "MessageType"} & set(form)

    @pytest.mark.parametrize("text", ["/restart", "é ñ 👋🏽", "a&b=c+d %41", "\u200b", "x" * 5000, "<b>tebal</b>\r\n"])
    async def test_odd_text_survives_the_way_and_its_signature(self, world: World, text: str) -> None:
        assert (await world.post("send", {**MARIA, "text": text})).status_code == 200
        assert world.webhook.inbound[0]["Body"] == text

    async def test_a_webhook_that_refuses_shows_as_failed_on_the_phone(self, world: World) -> None:
        world.webhook.status = 503
        answer = await world.post("send", {**MARIA, "text": "Halo"})
        assert (answer.status_code, answer.json()) == (502, {"error": "webhook"})
        assert (await world.state())["messages"][0]["status"] == "failed"

    async def test_the_same_message_can_be_delivered_again_under_its_own_id(self, world: World) -> None:
        sid = (await world.post("send", {**MARIA, "text": "Halo"})).json()["sid"]
        assert (await world.post("again", {"sid": sid})).status_code == 200
        assert world.webhook.inbound[0] == world.webhook.inbound[1]
        assert len((await world.state())["messages"]) == 1

    @pytest.mark.parametrize(
        ("call", "body", "status", "error"),
        [
            ("send", {**MARIA, "text": ""}, 400, "text"),
            ("send", {**MARIA, "text": 7}, 400, "text"),
            ("send", {**MARIA, "text": "a" * 20_001}, 413, "too-big"),
            ("send", {**MARIA, "text": "a", "media": "video"}, 400, "media"),
            ("send", {"phone": "+6281200000003", "channel": "sms", "media": "image"}, 400, "media"),
            ("send", {"phone": "123", "text": "a"}, 400, "phone"),
            ("send", {"phone": MARIA["phone"], "channel": "fax", "text": "a"}, 400, "channel"),
            ("send", ["not an object"], 400, "not-json"),
            ("again", {"sid": "SM" + "0" * 32}, 404, "unknown-message"),
            ("phones", {**MARIA, "name": "Kembar"}, 409, "phone-exists"),
            ("phones", {"phone": "081200000009", "name": "  "}, 400, "name"),
            ("clock", {}, 400, "only-forward"),
            ("clock", {"to": "2026-11-22T07:59"}, 400, "only-forward"),
            ("clock", {"to": "kemarin"}, 400, "when"),
            ("clock", {"to": "next"}, 400, "nothing-planned"),
            ("clock", {"to": "2999-01-01"}, 400, "too-far"),
            ("clock", {"days": -1}, 400, "when"),
            ("clock", {"days": "7"}, 400, "when"),
        ],
    )
    async def test_what_cannot_be_done_is_refused_with_a_code_and_changes_nothing(
        self, world: World, call: str, body: Any, status: int, error: str
    ) -> None:
        answer = await world.post(call, body)
        assert (answer.status_code, answer.json()) == (status, {"error": error})
        assert world.webhook.inbound == [] and world.mailbox.messages_since(0) == []
        assert world.mailbox.clock().target is None

    async def test_a_form_from_another_site_is_not_obeyed(self, world: World) -> None:
        answer = await world.client.post("/simulator/api/clock", data={"days": "1"})
        assert (answer.status_code, world.mailbox.clock().target) == (415, None)


class TestTheNetwork:
    async def test_a_message_is_sent_then_delivered_and_each_is_called_back_with_our_own_id(self, world: World) -> None:
        sid = world.deliver("o1")
        for _ in range(3):
            await step(world.app, world.client)
        assert [(ref, form["MessageStatus"]) for ref, form in world.webhook.callbacks] == [
            ("o1", "sent"),
            ("o1", "delivered"),
        ]
        assert {form["MessageSid"] for _, form in world.webhook.callbacks} == {sid}
        assert world.mailbox.in_transit() == []

    async def test_looking_at_the_phone_reads_what_has_arrived(self, world: World) -> None:
        world.deliver("o1")
        assert (await world.post("seen", MARIA)).json() == {"read": 0}, "it is still on its way"
        await step(world.app, world.client)
        await step(world.app, world.client)
        assert (await world.post("seen", MARIA)).json() == {"read": 1}
        await step(world.app, world.client)
        assert world.webhook.callbacks[-1][1]["MessageStatus"] == "read"

    async def test_sms_is_never_read(self, world: World) -> None:
        world.deliver("o1", Channel.SMS)
        await step(world.app, world.client)
        await step(world.app, world.client)
        assert (await world.post("seen", {**MARIA, "channel": "sms"})).json() == {"read": 0}

    async def test_a_refused_callback_is_not_repeated_as_with_the_provider(self, world: World) -> None:
        world.deliver("o1")
        world.webhook.status = 403
        assert [await step(world.app, world.client) for _ in range(3)] == [1, 1, 0]

    async def test_a_callback_that_found_nobody_listening_is_made_when_the_edge_is_back(self, world: World) -> None:
        world.deliver("o1")

        def refuse(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("nobody listens")

        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://x") as cut:
            await step(world.app, cut)
            await step(world.app, cut)
        assert world.webhook.callbacks == []
        await step(world.app, world.client)
        assert [form["MessageStatus"] for _, form in world.webhook.callbacks] == ["delivered"]


class TestTheClock:
    @pytest.mark.parametrize(
        ("call", "target", "arithmetic"),
        [
            ({"hours": 1}, START + timedelta(hours=1), "08.00 + 1 hour"),
            ({"days": 7}, START + timedelta(days=7), "a week"),
            ({"months": 1}, datetime(2026, 12, 22, 1, tzinfo=UTC), "22 Nov 08.00 WIB -> 22 Dec 08.00 WIB"),
            ({"to": "2026-12-10T08:00"}, datetime(2026, 12, 10, 1, tzinfo=UTC), "without an offset: WIB, so -7"),
            ({"to": "2026-12-10T08:00+09:00"}, datetime(2026, 12, 9, 23, tzinfo=UTC), "with an offset: as said"),
        ],
    )
    async def test_it_is_asked_to_walk_there(
        self, world: World, call: dict[str, Any], target: datetime, arithmetic: str
    ) -> None:
        assert (await world.post("clock", call)).status_code == 200
        assert world.mailbox.clock().target == target, arithmetic
        state = await world.state()
        assert datetime.fromisoformat(state["target"]) == target
        assert (await world.post("clock", {"days": 1})).json() == {"error": "walking"}
        assert (await world.post("clock", {"stop": True})).status_code == 200
        assert world.mailbox.clock().target is None

    @pytest.mark.parametrize(
        ("start", "months", "end"),
        [((2027, 1, 31), 1, (2027, 2, 28)), ((2026, 11, 22), 2, (2027, 1, 22)), ((2026, 12, 1), 12, (2027, 12, 1))],
    )
    def test_a_month_is_a_calendar_month_and_a_missing_day_its_last(
        self, start: tuple[int, int, int], months: int, end: tuple[int, int, int]
    ) -> None:
        assert add_months(datetime(*start, tzinfo=UTC), months) == datetime(*end, tzinfo=UTC)


class TestTheState:
    async def test_the_page_starts_with_a_family_a_phone_without_whatsapp_and_a_kader(self, world: World) -> None:
        state = await world.state()
        assert [(phone["phone"][-2:], phone["channel"]) for phone in state["phones"]] == [
            ("01", "whatsapp"),
            ("02", "whatsapp"),
            ("03", "sms"),
            ("11", "whatsapp"),
        ]
        assert {phone["timezone"] for phone in state["phones"]} == {"Asia/Jakarta"}
        assert (state["messages"], state["target"], state["next_event"]) == ([], None, None)
        assert state["now"] == START.isoformat()

    async def test_an_added_phone_stays(self, world: World) -> None:
        answer = await world.post("phones", {"phone": "0812 0000-0009", "channel": "sms", "name": " Kakak  Rina "})
        assert answer.json() == {"phone": "+6281200000009", "channel": "sms", "name": "Kakak Rina"}
        assert (await world.state())["phones"][-1]["name"] == "Kakak Rina"

    async def test_a_number_that_got_a_message_gets_a_phone(self, world: World) -> None:
        request = SendRequest("o1", "+6281277777777", Channel.SMS, "Halo")
        world.mailbox.deliver(request, START)
        state = await world.state()
        assert state["phones"][-1]["phone"] == "+6281277777777"
        assert state["messages"][0]["parts"] == 1

    async def test_only_news_comes_after_the_first_time(self, world: World) -> None:
        world.deliver("o1")
        first = await world.state()
        assert (await world.state(first["revision"]))["messages"] == []
        world.deliver("o2")
        assert [message["outbox_id"] for message in (await world.state(first["revision"]))["messages"]] == ["o2"]


class TestThePage:
    @pytest.mark.parametrize(
        "path",
        ["/", *(f"/simulator/static/{name}" for name in ("main.js", "phone.js", "simulator.css", "icons.svg"))],
    )
    async def test_it_is_served_with_all_its_parts(self, world: World, path: str) -> None:
        answer = await world.client.get(path)
        assert answer.status_code == 200

    async def test_it_fetches_nothing_from_elsewhere(self, world: World) -> None:
        static = Path(views.HERE) / "static"
        for file in static.iterdir():
            text = file.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
            assert "http://" not in text and "https://" not in text, file.name


def test_the_form_of_a_number_without_a_name_uses_the_number(tmp_path: Path) -> None:
    settings = settings_module.load({"SAPA_VAR_DIR": str(tmp_path)})
    form = inbound_form(settings, Typed("+6281299", "whatsapp", "+6281299", "x"), "SM" + "0" * 32)
    assert form["ProfileName"] == "+6281299"
