"""Our requests for templates against Twilio's own description of its Content API, served by the mock.

Green here means that the requests have the right shape. The mock has no state and knows no rule of Meta's; what
happens around a request is in tests/gateways/test_twilio_content.py.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sapa.gateways.twilio_content import TwilioContent, content_form
from sapa.services.ports_templates import CREATED, ProviderTrouble
from sapa.services.template_files import load_templates
from sapa.settings import TwilioSettings
from tests.contract.conftest import API_DIR, SCRIPT, _wait_until_it_answers

pytestmark = pytest.mark.contract

FILES = load_templates(Path(__file__).resolve().parents[2] / "content" / "id" / "templates")
EXAMPLE_SID = "HX" + "a" * 32  # the mock's one answer
SPEC = API_DIR / "twilio_content_v1.json"


@pytest.fixture(scope="module")
def content_mock(mock: str) -> Iterator[str]:
    """A mock of the whole Content API. `mock`, of messages alone, says by its skips whether one can run here."""
    if not SPEC.is_file() or shutil.which("npm") is None:
        pytest.skip("Twilio's description of its Content API is not here (set TWILIO_API_DIR to its folder)")
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


def content(base: str) -> TwilioContent:
    return TwilioContent(TwilioSettings("AC" + "1" * 32, "token", "+6281100000000", None, None, api_url=base))


@pytest.mark.parametrize("name", FILES)
def test_every_template_of_ours_is_accepted(mock: str, content_mock: str, name: str) -> None:
    assert content(mock).create(FILES[name], name) == EXAMPLE_SID  # the stricter subset
    assert content(content_mock).create(FILES[name], name) == EXAMPLE_SID


def test_a_template_is_handed_to_meta(mock: str) -> None:
    answer = content(mock).submit(EXAMPLE_SID, "pengingat_umum_v2", "utility")
    assert answer is not None and answer.sid == EXAMPLE_SID and answer.status == CREATED


def test_a_template_with_an_impossible_id_is_refused(mock: str) -> None:
    with pytest.raises(ProviderTrouble) as trouble:
        content(mock).submit("HX123", "pengingat_umum", "utility")
    assert "refused" in str(trouble.value)


def test_the_list_with_approvals_is_read(content_mock: str) -> None:
    # The first example of Twilio's own description is the empty list.
    assert content(content_mock).listed() == []


BROKEN = {
    "no language": lambda form: form.pop("language"),
    "no types": lambda form: form.pop("types"),
    "a body that is no text": lambda form: form.update(types={"twilio/text": {"body": 7}}),
    "a text without a body": lambda form: form.update(types={"twilio/text": {}}),
    "a button without a title": lambda form: form.update(
        types={"twilio/quick-reply": {"body": "x", "actions": [{"type": "QUICK_REPLY", "id": "ya"}]}}
    ),
    "a code without its button": lambda form: form.update(types={"whatsapp/authentication": {}}),
    "samples that are no texts": lambda form: form.update(variables={"1": 7}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_mock_would_refuse_a_template_of_another_shape(mock: str, what: str) -> None:
    """So that a green test above means something."""
    form = content_form(FILES["pengingat_umum"], "pengingat_umum")
    BROKEN[what](form)
    answer = requests.post(f"{mock}/v1/Content", json=form, auth=("AC" + "1" * 32, "token"), timeout=10)
    assert answer.status_code in (400, 422), answer.text
