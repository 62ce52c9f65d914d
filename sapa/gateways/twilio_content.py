"""Twilio's Content API: templates put on the shelf, handed to Meta, and looked at.

Creating has no idempotency key here either: what gets no answer is looked for in the list before it is tried again
(sapa/services/templates.py). Errors are lines for whoever ran the command; nothing of a family is ever in a request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from twilio.http import HttpClient  # type: ignore[import-untyped]

from sapa.gateways.twilio_http import NoAnswer, NotSent, TwilioHttp
from sapa.messaging.templates import AUTHENTICATION, CODE_MINUTES, Template, shape
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
from sapa.settings import TwilioSettings

HOST = "https://content.twilio.com"
TEXT, QUICK_REPLY, CODE = "twilio/text", "twilio/quick-reply", "whatsapp/authentication"
_COPY = "copy"  # the payload of that button in our files; Twilio keeps none
_PAGE_SIZE, _MOST_PAGES = 500, 40
_STATUSES = {
    "unsubmitted": CREATED,
    "received": PENDING,
    "pending": PENDING,
    "approved": APPROVED,
    "rejected": REJECTED,
    "paused": PAUSED,
    "disabled": DISABLED,
}


class TwilioContent:
    """Implements sapa.services.ports_templates.TemplateProvider. `http`: another way to send requests (tests)."""

    def __init__(self, settings: TwilioSettings, *, http: HttpClient | None = None) -> None:
        self._auth = (settings.account_sid, settings.auth_token)
        self._http = http or TwilioHttp(
            base_url=settings.api_url, proxy=settings.proxy, read_timeout_s=settings.timeout_s
        )

    def listed(self) -> Sequence[RemoteTemplate]:
        """Everything on the shelf with its approval, as Twilio sorts it. Raises ProviderTrouble."""
        found: list[RemoteTemplate] = []
        path: str | None = f"/v1/ContentAndApprovals?PageSize={_PAGE_SIZE}"
        for _ in range(_MOST_PAGES):
            if path is None:
                return found
            page = self._ask("GET", path)
            found += [_remote(item) for item in page.get("contents") or []]
            path = _next_path(page)
        raise ProviderTrouble(f"Twilio: more than {_MOST_PAGES * _PAGE_SIZE} templates are on the shelf")

    def create(self, template: Template, name: str) -> str:
        """Put a template on the shelf; its sid (HX...). Raises ProviderTrouble."""
        answer = self._ask("POST", "/v1/Content", content_form(template, name))
        sid = answer.get("sid")
        if not isinstance(sid, str):
            raise ProviderTrouble("Twilio: created a template without an id; run it again")
        return sid

    def submit(self, sid: str, name: str, category: str) -> RemoteTemplate | None:
        """Hand a template to Meta. Raises ProviderTrouble."""
        form = {"name": name, "category": category.upper()}
        answer = self._ask("POST", f"/v1/Content/{sid}/ApprovalRequests/whatsapp", form)
        status, category_now, reason = _approval(answer)
        return RemoteTemplate(sid, name, "", None, status, category_now, reason) if answer.get("status") else None

    def _ask(self, method: str, path: str, form: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if form is not None else {})
        try:
            answer = self._http.request(method, HOST + path, data=form, headers=headers, auth=self._auth)
        except NotSent as error:
            raise ProviderTrouble(f"Twilio cannot be reached ({error}); nothing was changed") from error
        except NoAnswer as error:
            again = "" if method == "GET" else "; run it again, what arrived is found then"
            raise ProviderTrouble(f"Twilio did not answer ({error.reason}){again}") from error
        return _read(answer.status_code, answer.text)


def content_form(template: Template, name: str) -> dict[str, Any]:
    """What Twilio is given to keep: the words as one type, an example for every gap."""
    return {
        "friendly_name": name,
        "language": template.language,
        "variables": {str(number): sample for number, sample in enumerate(template.samples, start=1)},
        "types": _types(template),
    }


def _types(template: Template) -> dict[str, Any]:
    if template.category == AUTHENTICATION:
        copy = {"type": "COPY_CODE", "copy_code_text": template.buttons[0].title}
        return {CODE: {"add_security_recommendation": True, "code_expiration_minutes": CODE_MINUTES, "actions": [copy]}}
    if template.buttons:
        actions = [{"type": "QUICK_REPLY", "title": one.title, "id": one.payload} for one in template.buttons]
        return {QUICK_REPLY: {"body": template.body, "actions": actions}}
    return {TEXT: {"body": template.body}}


def _shape_of(types: Any) -> str | None:
    """The words of a template on the shelf as sapa.messaging.templates.shape; None for a kind we do not make."""
    if not isinstance(types, dict) or len(types) != 1:
        return None
    ((kind, content),) = types.items()
    if kind not in (TEXT, QUICK_REPLY, CODE) or not isinstance(content, dict):
        return None
    actions = [one for one in content.get("actions") or [] if isinstance(one, dict)]
    if kind == CODE:
        return shape(True, "", [(str(one.get("copy_code_text")), _COPY) for one in actions])
    buttons = [(str(one.get("title")), str(one.get("id"))) for one in actions]
    return shape(False, str(content.get("body") or ""), buttons)


def _remote(item: Mapping[str, Any]) -> RemoteTemplate:
    status, category, reason = _approval(item.get("approval_requests"))
    return RemoteTemplate(
        sid=str(item.get("sid")),
        name=str(item.get("friendly_name") or ""),
        language=str(item.get("language") or ""),
        shape=_shape_of(item.get("types")),
        status=status,
        category=category,
        reason=reason,
    )


def _approval(given: Any) -> tuple[str, str | None, str | None]:
    """Status, category and reason of an approval; a status nobody knows waits as pending, so nothing goes out in it."""
    if not isinstance(given, dict):
        return CREATED, None, None
    status = str(given.get("status") or "unsubmitted").lower()
    category = str(given.get("category") or "").lower() or None
    reason = str(given.get("rejection_reason") or "").strip() or None
    return _STATUSES.get(status, PENDING), category, reason


def _next_path(page: Mapping[str, Any]) -> str | None:
    """Path and query of the next page. Its host is not asked: credentials go to Twilio's own only."""
    url = (page.get("meta") or {}).get("next_page_url")
    if not url:
        return None
    parts = urlsplit(str(url))
    return f"{parts.path}?{parts.query}"


def _read(status: int, text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if 200 <= status < 300 and isinstance(answer, dict):
        return answer
    if status in (401, 403):
        raise ProviderTrouble("Twilio refuses the login: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    told = answer if isinstance(answer, dict) else {}
    code, message = told.get("code"), " ".join(str(told.get("message") or "no reason given").split())
    if status == 429 or status >= 500 or 200 <= status < 300:
        raise ProviderTrouble(f"Twilio cannot take it now (HTTP {status}); run it again in a while")
    raise ProviderTrouble(f"Twilio refused it: {message} (HTTP {status})", code if isinstance(code, int) else status)
