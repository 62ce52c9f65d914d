"""Twilio's Content API: what is sent, what is read, and what every kind of failure is called."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response

from sapa.bootstrap import App
from sapa.gateways.twilio_content import TwilioContent, content_form
from sapa.gateways.twilio_http import NoAnswer, NotSent
from sapa.messaging.templates import Button, Template
from sapa.services.ports_templates import (
    APPROVED,
    CREATED,
    DISABLED,
    PAUSED,
    PENDING,
    REJECTED,
    ProviderTrouble,
    RemoteTemplate,
)
from sapa.services.template_files import load_templates
from sapa.services.templates import push, refresh_templates
from sapa.settings import TwilioSettings

FILES = load_templates(Path(__file__).resolve().parents[2] / "content" / "id" / "templates")
ACCOUNT = TwilioSettings("AC" + "1" * 32, "secret-token", "+6281100000000", None, None)
SID = "HX" + "a" * 32
PLAIN = Template("kabar", "id", "utility", "Halo, {{1}} ya", ("besok",), (), "why", ("x",))
BUTTONS = Template(
    "tanya", "id", "utility", "Mau {{1}} ya?", ("x",), (Button("Ya", "ya"), Button("Tidak", "t")), "w", ()
)
CODE = Template("kode", "id", "authentication", "", ("123456",), (Button("Salin kode", "copy"),), "why", ("x",))


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


class Twilio(HttpClient):  # type: ignore[misc]
    """Twilio's Content API as far as we use it: keeps what it is given, lists it in pages of two."""

    page_size = 2

    def __init__(self, *answers: Response | Exception) -> None:
        super().__init__(None, False, 1)
        self.requests: list[tuple[str, str, Any, dict[str, str], Any]] = []
        self.contents: list[dict[str, Any]] = []
        self._answers = list(answers)

    def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: Any = None,
        auth: Any = None,
        timeout: Any = None,
        allow_redirects: bool = False,
    ) -> Response:
        self.requests.append((method, url, data, dict(headers or {}), auth))
        if self._answers:
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        parts = urlsplit(url)
        return getattr(self, f"_{method.lower()}")(parts.path, parse_qs(parts.query), data)  # type: ignore[no-any-return]

    def _get(self, path: str, query: dict[str, list[str]], _data: Any) -> Response:
        assert path == "/v1/ContentAndApprovals"
        start = int(query.get("Page", ["0"])[0]) * self.page_size
        more = start + self.page_size < len(self.contents)
        # The host of the next page is not Twilio's: a careless client would hand the account's token to it.
        next_url = f"https://evil.example/v1/ContentAndApprovals?Page={start // self.page_size + 1}" if more else None
        page = self.contents[start : start + self.page_size]
        return Response(200, json.dumps({"contents": page, "meta": {"next_page_url": next_url}}))

    def _post(self, path: str, _query: Any, data: Any) -> Response:
        if path == "/v1/Content":
            kept = {**data, "sid": f"HX{len(self.contents) + 1:032x}", "approval_requests": {"status": "unsubmitted"}}
            self.contents.insert(0, kept)
            return Response(201, json.dumps(kept))
        sid = path.split("/")[3]
        (kept,) = [one for one in self.contents if one["sid"] == sid]
        kept["approval_requests"] = {**data, "status": "received", "rejection_reason": ""}
        return Response(201, json.dumps(kept["approval_requests"]))


def test_a_template_is_sent_as_json_with_its_samples_and_the_accounts_login() -> None:
    http = Twilio()
    sid = TwilioContent(ACCOUNT, http=http).create(PLAIN, "kabar_v2")
    method, url, data, headers, auth = http.requests[0]
    assert sid == http.contents[0]["sid"]
    assert (method, url) == ("POST", "https://content.twilio.com/v1/Content")
    assert data == {
        "friendly_name": "kabar_v2",
        "language": "id",
        "variables": {"1": "besok"},
        "types": {"twilio/text": {"body": "Halo, {{1}} ya"}},
    }
    assert headers["Content-Type"] == "application/json" and auth == (ACCOUNT.account_sid, "secret-token")


def test_buttons_become_quick_replies_and_a_code_a_template_of_metas_own_words() -> None:
    assert content_form(BUTTONS, "tanya")["types"] == {
        "twilio/quick-reply": {
            "body": "Mau {{1}} ya?",
            "actions": [
                {"type": "QUICK_REPLY", "title": "Ya", "id": "ya"},
                {"type": "QUICK_REPLY", "title": "Tidak", "id": "t"},
            ],
        }
    }
    assert content_form(CODE, "kode")["types"] == {
        "whatsapp/authentication": {
            "add_security_recommendation": True,
            "code_expiration_minutes": 10,
            "actions": [{"type": "COPY_CODE", "copy_code_text": "Salin kode"}],
        }
    }


@pytest.mark.parametrize("name", FILES)
def test_what_is_put_on_the_shelf_is_recognised_in_the_list(name: str) -> None:
    http = Twilio()
    content = TwilioContent(ACCOUNT, http=http)
    sid = content.create(FILES[name], name)
    (listed,) = content.listed()
    assert listed == RemoteTemplate(sid, name, "id", FILES[name].shape, CREATED)


def test_every_page_of_the_list_is_read_from_twilio_alone() -> None:
    http = Twilio()
    content = TwilioContent(ACCOUNT, http=http)
    for number in range(5):
        content.create(PLAIN, f"kabar_v{number}")
    http.requests.clear()
    assert [one.name for one in content.listed()] == [f"kabar_v{number}" for number in (4, 3, 2, 1, 0)]
    assert len(http.requests) == 3
    assert {urlsplit(url).hostname for _, url, *_ in http.requests} == {"content.twilio.com"}


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"status": "unsubmitted"}, CREATED),
        (None, CREATED),
        ({"status": "received"}, PENDING),
        ({"status": "pending"}, PENDING),
        ({"status": "approved", "category": "MARKETING"}, APPROVED),
        ({"status": "rejected", "rejection_reason": "INVALID_FORMAT"}, REJECTED),
        ({"status": "paused"}, PAUSED),
        ({"status": "disabled"}, DISABLED),
        ({"status": "in_appeal"}, PENDING),  # unknown: nothing goes out in it
    ],
)
def test_an_approval_is_read(told: dict[str, str] | None, status: str) -> None:
    http = Twilio()
    http.contents = [{"sid": SID, "friendly_name": "kabar", "language": "id", "types": {}, "approval_requests": told}]
    (one,) = TwilioContent(ACCOUNT, http=http).listed()
    assert one.status == status
    assert one.category == ("marketing" if told and "category" in told else None)
    assert one.reason == (told or {}).get("rejection_reason")


def test_a_kind_of_content_we_do_not_make_is_nobodys_template() -> None:
    http = Twilio()
    kinds: list[Any] = [{"twilio/media": {"body": "x"}}, {"twilio/text": {"body": "x"}, "twilio/media": {}}, None, []]
    http.contents = [{"sid": SID, "friendly_name": "x", "language": "id", "types": kind} for kind in kinds]
    assert [one.shape for one in TwilioContent(ACCOUNT, http=http).listed()] == [None] * 4


REFUSED = json.dumps({"code": 60215, "message": "Invalid  variable\nformat", "status": 400})
FAILURES = {
    "no connection": (NotSent("ConnectionRefusedError"), "Twilio cannot be reached (ConnectionRefusedError)", None),
    "no answer": (NoAnswer("timeout"), "Twilio did not answer (timeout); run it again", None),
    "wrong token": (Response(401, "{}"), "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN", None),
    "refused": (Response(400, REFUSED), "Twilio refused it: Invalid variable format (HTTP 400)", 60215),
    "refused without a code": (Response(404, "<html>"), "Twilio refused it: no reason given (HTTP 404)", 404),
    "too fast": (Response(429, "{}"), "Twilio cannot take it now (HTTP 429)", None),
    "broken": (Response(503, "<html>down</html>"), "Twilio cannot take it now (HTTP 503)", None),
    "not JSON": (Response(201, "<html>"), "Twilio cannot take it now (HTTP 201)", None),
    "no id": (Response(201, "{}"), "created a template without an id", None),
}


@pytest.mark.parametrize("what", FAILURES)
def test_every_failure_is_one_clear_line(what: str) -> None:
    answer, line, code = FAILURES[what]
    with pytest.raises(ProviderTrouble) as trouble:
        TwilioContent(ACCOUNT, http=Twilio(answer)).create(PLAIN, "kabar")
    assert line in str(trouble.value) and "\n" not in str(trouble.value)
    assert trouble.value.code == code
    assert "secret-token" not in str(trouble.value)


def test_the_files_go_all_the_way_to_meta_and_back(app: App, now: datetime) -> None:
    http = Twilio()
    content = TwilioContent(ACCOUNT, http=http)
    done = push(app.store, content, FILES.values(), now)
    assert {one.fate for one in done} == {"created"} and len(http.contents) == len(FILES)
    assert {one["approval_requests"]["category"] for one in http.contents} == {"UTILITY", "AUTHENTICATION"}
    for one in http.contents:
        one["approval_requests"]["status"] = "approved"
    changes = refresh_templates(app.store, content, FILES, now, force=True)
    assert {(one.before, one.after) for one in changes} == {(PENDING, APPROVED)} and len(changes) == len(FILES)
    assert {one.fate for one in push(app.store, content, FILES.values(), now)} == {"unchanged"}
    assert len(http.contents) == len(FILES)
