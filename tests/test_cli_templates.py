"""`sapa templates`: checked, pushed and watched from the command line, against a provider on this machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sapa import bootstrap
from sapa.cli import app as commands
from sapa.settings import ROOT
from tests.gateways.test_twilio_content import FILES, Twilio

TOKEN = "a-very-secret-token"


class Provider:
    """Twilio's Content API on a port of this machine; `broken`: the status it answers instead."""

    def __init__(self) -> None:
        self.twilio, self.broken = Twilio(), 0
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._answer("GET")

            def do_POST(self) -> None:
                self._answer("POST")

            def _answer(self, method: str) -> None:
                read = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if shelf.broken:
                    status, text = shelf.broken, "{}"
                else:
                    answer = shelf.twilio.request(method, self.path, data=json.loads(read) if read else None)
                    status, text = answer.status_code, answer.text
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def decide(self, status: str, reason: str = "") -> None:
        for one in self.twilio.contents:
            one["approval_requests"] |= {"status": status, "rejection_reason": reason}


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


Run = Callable[..., Result]


@pytest.fixture
def sapa(provider: Provider, tmp_path: Path, new_file: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `sapa templates ...` on its own database and this provider, in this process: texts are read once."""
    configured = {
        "SAPA_GATEWAY": "twilio",
        "SAPA_PUBLIC_URL": "https://sapa.example",
        "SAPA_VAR_DIR": str(tmp_path),
        "DATABASE_URL": new_file(tmp_path / "sapa.db"),
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_WHATSAPP_FROM": "+6281100000000",
        "TWILIO_API_URL": provider.url,
    }

    def run(*arguments: str, **more: str) -> Result:
        with monkeypatch.context() as around:
            for name, value in {**configured, **more}.items():
                around.setenv(name, value)
            # As a new process would: nothing is started yet.
            around.setattr(bootstrap, "_current", None)
            return CliRunner().invoke(commands, ["templates", *arguments])

    return run


def test_on_the_simulator_nothing_needs_pushing(sapa: Run) -> None:
    for command in ("push", "status"):
        done = sapa(command, SAPA_GATEWAY="simulator")
        assert done.exit_code == 0 and "nothing needs pushing" in done.stdout, done.stderr


def test_from_files_to_approved(sapa: Run, provider: Provider) -> None:
    dry = sapa("push", "kabar_layanan", "--dry-run")
    assert (dry.stdout, dry.exit_code) == ("[1/1] kabar_layanan: would create\n", 0), dry.stderr
    assert provider.twilio.contents == []

    pushed = sapa("push")
    lines = pushed.stdout.splitlines()
    assert pushed.exit_code == 0 and len(lines) == len(provider.twilio.contents) == len(FILES), pushed.stderr
    assert lines[0] == f"[1/{len(FILES)}] kabar_layanan: created (pending)"

    provider.decide("approved")
    status = json.loads(sapa("status", "--json").stdout)
    assert {row["name"]: row["status"] for row in status} == dict.fromkeys(FILES, "approved")
    again = sapa("push", "--json")
    assert {one["fate"] for one in json.loads(again.stdout)} == {"unchanged"}
    assert len(provider.twilio.contents) == len(FILES)


def test_a_rejection_is_shown_with_its_reason_and_ends_in_1(sapa: Run, provider: Provider) -> None:
    assert sapa("push", "siar_batal").exit_code == 0
    provider.decide("rejected", "INVALID_FORMAT")
    shown = sapa("status").stdout
    assert [line.split() for line in shown.splitlines() if line.startswith("siar_batal ")] == [
        ["siar_batal", "rejected", "utility", "INVALID_FORMAT"]
    ]
    done = sapa("push", "siar_batal")
    assert (done.stdout, done.exit_code) == ("[1/1] siar_batal: rejected (INVALID_FORMAT)\n", 1)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (401, "sapa: Twilio refuses the login: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"),
        (503, "sapa: Twilio cannot take it now (HTTP 503); run it again in a while"),
    ],
)
def test_a_provider_that_refuses_is_one_line_and_exit_code_1(
    sapa: Run, provider: Provider, status: int, line: str
) -> None:
    provider.broken = status
    done = sapa("push")
    assert (done.stderr, done.exit_code) == (f"{line}\n", 1)
    shown = sapa("status")
    assert shown.stderr.startswith(line) and shown.exit_code == 1
    assert len(shown.stdout.splitlines()) == len(FILES)  # what was noted before is shown all the same


def test_no_provider_at_all_is_one_line_and_exit_code_1(sapa: Run, provider: Provider) -> None:
    provider.close()
    done = sapa("push")
    assert done.stderr == "sapa: Twilio cannot be reached (ConnectionRefusedError); nothing was changed\n"
    assert done.exit_code == 1 and TOKEN not in done.stdout + done.stderr


def test_what_meta_would_refuse_is_named_and_nothing_is_pushed(sapa: Run, provider: Provider, tmp_path: Path) -> None:
    assert sapa("check").stdout == f"{len(FILES)} templates, nothing to mend\n"
    folder = Path(shutil.copytree(ROOT / "content", tmp_path / "content"))
    file = folder / "id" / "templates" / "kasus_jawaban.yml"
    file.write_text(file.read_text("utf-8").replace("Jawaban dari *{{1}}*", "{{1}}"), "utf-8")
    own = {"SAPA_CONTENT_DIR": str(folder / "id")}
    checked = sapa("check", **own)
    assert (checked.stdout, checked.exit_code) == ("templates/kasus_jawaban.yml: body: begins with a gap\n", 1)
    pushed = sapa("push", "siar_batal", **own)
    assert pushed.exit_code == 1 and "templates/kasus_jawaban.yml: body: begins with a gap" in pushed.stderr
    assert provider.twilio.requests == []

    file.write_text("name: [", "utf-8")
    unreadable = sapa("check", "--json", **own)
    assert unreadable.exit_code == 1
    (fault,) = json.loads(unreadable.stdout)["faults"]
    assert fault.startswith("templates/kasus_jawaban.yml: is not readable YAML")


def test_an_unknown_name_is_named(sapa: Run) -> None:
    done = sapa("push", "siar_batall")
    assert done.exit_code == 1 and done.stderr.startswith("sapa: siar_batall: there is no such template; there are ")
