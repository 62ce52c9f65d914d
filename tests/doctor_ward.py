"""A small installation that is well, and the means to break each of its pieces for real."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import text

from sapa.services.health import PROCESSES
from sapa.store.engine import open_engine
from tests.stacks import free_port

SID, TOKEN = "AC" + "0" * 32, "0123456789abcdef0123456789abcdef"
WHATSAPP, SMS, SERVICE = "+628110000001", "+628110000002", "MG" + "1" * 32
Answer = tuple[int, Any]


class Stub(http.server.ThreadingHTTPServer):
    """A server with canned answers by path: (status, JSON), and the headers a test adds."""

    daemon_threads = True

    def __init__(self, answers: dict[str, Answer], headers: dict[str, str] | None = None, date: datetime | None = None):
        self.answers, self.more, self.date = answers, headers or {}, date
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Stub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        status, told = self.server.answers.get(f"{self.command} {path}", self.server.answers.get(path, (404, {})))
        body = json.dumps(told).encode()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        for name, value in self.server.more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (the library's name)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.server.date or datetime.now(UTC), usegmt=True)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class Ward:
    """One installation in a folder; `env` is its environment. Everything is well until a test breaks it."""

    folder: Path
    env: dict[str, str]
    online: bool = False
    new_postgres: Callable[[], str] | None = None
    after: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def database(self) -> Path:
        return self.folder / "sapa.db"

    def stub(self, answers: dict[str, Answer], **more: Any) -> Stub:
        made = Stub(answers, **more)
        self.after.callback(made.server_close)
        self.after.callback(made.shutdown)
        return made

    def mute(self) -> int:
        """The port of a program that takes connections and speaks no HTTP."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.after.callback(listening.close)

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    listening.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        return int(listening.getsockname()[1])

    def deaf(self) -> int:
        """The port of a program that takes connections and never says a word."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.after.callback(listening.close)
        return int(listening.getsockname()[1])

    def secure(self) -> str:
        """The address of a server whose certificate nobody vouches for."""
        certificate, key = self.folder / "own.pem", self.folder / "own.key"
        _sign_yourself(certificate, key)
        made = self.stub({"/ready": (200, {})})
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        made.socket = context.wrap_socket(made.socket, server_side=True)
        return f"https://127.0.0.1:{made.port}"

    def sql(self, *statements: str, **values: Any) -> None:
        engine = open_engine(self.env["DATABASE_URL"])
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)
        engine.dispose()

    def alive(self, *but: str) -> None:
        """Every process was heard of just now, but for these."""
        for name in PROCESSES:
            self.heard(name, timedelta(minutes=10) if name in but else timedelta())

    def heard(self, name: str, ago: timedelta) -> None:
        self.sql(
            "INSERT INTO heartbeat (name, owner, at, detail) VALUES (:name, 'm:1', :at, '{}')",
            name=name,
            at=(datetime.now(UTC) - ago).strftime("%Y-%m-%d %H:%M:%S.%f"),
        )

    def backed_up(self) -> None:
        told = json.dumps({"at": datetime.now(UTC).isoformat()})
        self.sql(
            "INSERT INTO setting (key, value, updated_at) VALUES ('last-backup', :told, '2026-01-01 00:00:00')",
            told=told,
        )

    def account(self, **changed: Any) -> None:
        """A Twilio that is asked, with answers a test changes: account, balance, service, numbers, senders, date."""
        answers: dict[str, Answer] = {
            f"/2010-04-01/Accounts/{SID}.json": changed.get("account", (200, {"status": "active", "type": "Full"})),
            f"/2010-04-01/Accounts/{SID}/Balance.json": changed.get(
                "balance", (200, {"balance": "50.0", "currency": "USD"})
            ),
            f"/2010-04-01/Accounts/{SID}/IncomingPhoneNumbers.json": changed.get(
                "numbers", (200, {"incoming_phone_numbers": [{"phone_number": SMS}]})
            ),
            f"/v1/Services/{SERVICE}": changed.get("service", (200, {})),
            "/v2/Channels/Senders": changed.get("senders", (200, {"senders": [self.sender()]})),
        }
        made = self.stub(answers, date=changed.get("date"))
        self.twilio(made.url)

    def sender(self, status: str = "ONLINE", callback: str | None = None) -> dict[str, Any]:
        own = f"{self.env.get('SAPA_PUBLIC_URL', 'http://127.0.0.1')}/webhooks/twilio#rc=3"
        return {"sender_id": f"whatsapp:{WHATSAPP}", "status": status, "webhook": {"callback_url": callback or own}}

    def twilio(self, api_url: str = "") -> None:
        self.online = True
        self.env.update(
            SAPA_GATEWAY="twilio",
            SAPA_PUBLIC_URL=self.env.get("SAPA_PUBLIC_URL", "http://127.0.0.1"),
            TWILIO_ACCOUNT_SID=SID,
            TWILIO_AUTH_TOKEN=TOKEN,
            TWILIO_WHATSAPP_FROM=WHATSAPP,
            TWILIO_SMS_FROM=SMS,
            TWILIO_MESSAGING_SERVICE_SID=SERVICE,
            TWILIO_API_URL=api_url or "http://127.0.0.1:1",
            SAPA_PRICE_WHATSAPP="400",
            SAPA_PRICE_SMS="500",
        )

    def public(self, answers: dict[str, Answer] | None = None, **more: Any) -> None:
        """A public address; without answers it does what it should."""
        well: dict[str, Answer] = {"/ready": (200, {}), "POST /webhooks/twilio": (403, {}), "/metrics": (404, {})}
        self.env["SAPA_PUBLIC_URL"] = self.stub({**well, **(answers or {})}, **more).url
        self.twilio()

    def redis(self, password: str = "") -> int:
        """A Redis of one's own."""
        port = free_port()
        server = subprocess.Popen(
            ["redis-server", "--port", str(port), "--save", "", "--requirepass", password, "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )
        self.after.callback(server.wait)
        self.after.callback(server.kill)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return port
            time.sleep(0.05)
        raise RuntimeError("redis-server does not start")

    def texts(self) -> Path:
        """A copy of the texts, to be broken."""
        from sapa.settings import ROOT

        shutil.copytree(ROOT / "content", self.folder / "content")
        self.env["SAPA_CONTENT_DIR"] = str(self.folder / "content" / "id")
        return self.folder / "content" / "id"

    def as_told(self, line: str) -> str:
        """A line without what differs from run to run, as the page has it."""
        from sapa.settings import ROOT

        line = line.replace(str(self.folder), "<data>").replace(str(ROOT), "<project>")
        line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:<port>", line)
        line = re.sub(r"\bport \d+", "port <port>", line)
        line = re.sub(r"(\+|held for )\d+ s\b", r"\1<some> s", line)
        line = re.sub(r"sapa-[0-9a-f]{12}", "sapa-<fingerprint>", line)
        return re.sub(r"host=\S+|\"\S*/sapa-pg-\S+\"|\S*/sapa-pg-\S+", "<socket>", line)


@contextlib.contextmanager
def ward(folder: Path, database_url: str, new_postgres: Callable[[], str] | None) -> Iterator[Ward]:
    """A sound installation: today's tables, the project's texts and model, ports on which nothing listens."""
    folder.chmod(0o700)
    env = {
        "DATABASE_URL": database_url,
        "SAPA_VAR_DIR": str(folder),
        "SAPA_GATEWAY": "simulator",
        "SAPA_DATA_KEYS": Fernet.generate_key().decode(),
        "SAPA_PORT": str(free_port()),
        "SAPA_RASA_PORT": str(free_port()),
        "SAPA_ACTIONS_PORT": str(free_port()),
        "PATH": os.environ["PATH"],
    }
    made = Ward(folder, env, new_postgres=new_postgres)
    with made.after:
        yield made


def _sign_yourself(certificate: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
