"""What an attack is made of: how many inputs are tried, an application spoken to byte by byte, and nasty values."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp
from twilio.request_validator import RequestValidator

from bot.twilio_forms import form_pairs
from sapa.messaging.text import words as running

INBOUND, STATUS = "/webhooks/twilio", "/webhooks/twilio/status"
FORM_TYPE = b"application/x-www-form-urlencoded"

# Inputs of all fuzzing tests together; `make fuzz` asks for more.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "600"))
tried: Counter[str] = Counter()


def fuzz(share: float) -> Callable[[Any], Any]:
    """Settings of a fuzzing test that gets this share of all inputs."""
    return settings(
        max_examples=max(20, round(EXAMPLES * share)),
        deadline=None,
        database=None,
        verbosity=Verbosity.quiet,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def count(what: str, number: int = 1) -> None:
    """Note that so many inputs of a kind were tried."""
    tried[what] += number


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Caller:
    """Speaks ASGI to an application, as raw as a server would after a stranger's bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()

    def ask(
        self,
        path: str,
        headers: list[tuple[bytes, bytes]],
        chunks: list[bytes],
        *,
        query: bytes = b"",
        method: str = "POST",
        raw_path: bytes | None = None,
        hangs_up: bool = False,
    ) -> Answer:
        """One request whose body comes in `chunks`; `hangs_up`: and breaks off before it is whole."""
        return self._runner.run(self._ask(path, headers, chunks, query, method, raw_path, hangs_up))

    async def _ask(
        self,
        path: str,
        headers: list[tuple[bytes, bytes]],
        chunks: list[bytes],
        query: bytes,
        method: str,
        raw_path: bytes | None,
        hangs_up: bool,
    ) -> Answer:
        answer = Answer()
        coming = iter(chunks or [b""])
        left = len(chunks or [b""])

        async def receive() -> dict[str, Any]:
            nonlocal left
            if left == 0:
                return {"type": "http.disconnect"}
            left -= 1
            return {"type": "http.request", "body": next(coming), "more_body": left > 0 or hangs_up}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {key.decode(): value.decode() for key, value in message["headers"]}
            else:
                answer.body += message.get("body", b"")

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
            "path": path, "raw_path": path.encode() if raw_path is None else raw_path, "query_string": query,
            "root_path": "", "headers": headers, "client": ("203.0.113.9", 4444), "server": ("sapa.example", 443),
        }  # fmt: skip
        await self._app(scope, receive, send)
        return answer


@contextmanager
def calling(app: ASGIApp) -> Iterator[Caller]:
    """A caller, closed afterwards."""
    caller = Caller(app)
    try:
        yield caller
    finally:
        caller.close()


class _Parameters(dict[str, list[str]]):
    def getlist(self, name: str) -> list[str]:
        return self[name]


def signature_of(token: str, url: str, body: bytes) -> bytes:
    """What the provider would sign this form with, whatever stands in it."""
    parameters = _Parameters()
    for name, value in form_pairs(body):
        parameters.setdefault(name, []).append(value)
    return str(RequestValidator(token).compute_signature(url, parameters)).encode()


# ------------------------------------------------------------------------------------------- what a stranger may write

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u115f\u3164\u202e\u2066\u180e"
_ODD = "\x00\x01\x08\x0b\x1b\x7f\x85\xa0\u2028\u2029\ufffd\uffff\U000e0041\U0010ffff\u0301\u0674٣७"
_WORDS = sorted(
    running(
        "stop BERHENTI ya tidak 1 2 halo kejang anak saya demam bayi sesak ketuban pecah meninggal keguguran bukan "
        "daftar hapus data posyandu jadwal lahir tgl 12/1/2026 31-02-2026 8 bulan bb 7,8 kg tb 68 bcg polio hb0 hpht "
        "suntik kb pil 08123456789 +62812 whatsapp: /restart {{7*7}} ${x} %s %n ' \" -- <script> ../.. null None nan "
        "1e999 0x10 ID.1349 kode KIRIM KASUS"
    )
)

words = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=12).map(" ".join)
nasty = st.text(st.sampled_from(_INVISIBLE + _ODD + "aA1 /\n😀é"), max_size=30)
repeated = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=8), st.integers(1, 400))
anything = st.text(max_size=60)  # surrogates are no text: they come as bytes, below
texts = st.one_of(words, nasty, repeated, anything, st.builds("{}{}{}".format, nasty, words, nasty))


def _plain(text: str) -> bytes:
    return quote_plus(text.encode("utf-8", "surrogatepass")).encode()


def _every_byte(text: str) -> bytes:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass")).encode()


def _lazy(text: str) -> bytes:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe=" /:+'\"<>{}").replace(" ", "+").encode()


encoded = st.builds(lambda how, text: how(text), st.sampled_from([_plain, _every_byte, _lazy]), texts)
broken = st.sampled_from(
    [b"%", b"%%", b"%zz", b"%0", b"%u0041", b"%ff%fe", b"%c0%80", b"%ed%a0%80", b"%f4%90%80%80", b"\xff", b"\x00", b"=",
     b"==", b";", b"&&", b"+", b"%00", b"%26", b"%3d", b"\r\n", b"%0d%0a"]
)  # fmt: skip
value_bytes = st.one_of(encoded, broken, st.builds(lambda a, b: a + b, encoded, broken), st.binary(max_size=20))
KNOWN = sorted(
    running(
        "MessageSid SmsSid SmsMessageSid AccountSid From To Body NumMedia MediaUrl0 MediaUrl1 MediaUrl9 MediaUrl10 "
        "MediaContentType0 MessageType ProfileName WaId ButtonPayload ButtonText ListId OptOutType Latitude Longitude "
        "MessageStatus SmsStatus ErrorCode ChannelMetadata NumSegments bodySHA256"
    )
)
names = st.one_of(st.sampled_from([name.encode() for name in KNOWN]), encoded, st.just(b""))
