"""A pretend Rasa: answers each message with one text at once, so that a run needs no model and no half minute."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS = {
    "apa itu stunting": "gizi/isi-piringku",
    "menu mpasi 8 bulan": "gizi/protein-hewani",
    "halo": "dialog/salam",
    "efek samping imunisasi": "gizi/sayur-buah",
    "asi saya sedikit": "gizi/susu-anak",
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._say({"status": "ok"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = ANSWERS.get(asked["text"], "dialog/tidak-paham")
        self._say({"label": None, "confidence": 1.0, "replies": [{"reply": key, "vars": {}}]})

    def _say(self, what: object) -> None:
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silence."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A worker that was killed hangs up in the middle: no news."""


class PretendEngine:
    """Serves on a free port of loopback until closed."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
