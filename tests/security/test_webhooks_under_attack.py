"""The webhooks against whatever a stranger, or a provider gone mad, may send: never a 5xx, never a trace without a
signature, one row a message, and what was written comes back as it was or is refused."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, select

from bot.app import MAX_BODY, create_app, page_routes
from bot.twilio_forms import MAX_FIELDS
from sapa.bootstrap import App
from sapa.clock import SetClock
from sapa.messaging.states import Channel
from sapa.services.inbound import triage_next
from sapa.store.engine import open_engine
from sapa.store.models import InboundTable, MessageStatusTable
from tests.security.attack import (
    FORM_TYPE,
    INBOUND,
    KNOWN,
    STATUS,
    Answer,
    Caller,
    calling,
    count,
    encoded,
    fuzz,
    names,
    signature_of,
    texts,
    value_bytes,
)
from tests.support import NOW, settings_for, wired

TOKEN = "12345678901234567890123456789012"
PUBLIC = "https://sapa.example"
_sids = itertools.count(1)


@dataclass
class Edge:
    """The real edge of a whole application, on a database of its own."""

    app: App
    caller: Caller

    def rows(self) -> tuple[int, int]:
        with self.app.store.engine.connect() as connection:
            counted = [connection.scalar(select(func.count()).select_from(table)) for table in _TABLES]
        return counted[0] or 0, counted[1] or 0

    def empty(self) -> None:
        with self.app.store.engine.begin() as connection:
            for table in _TABLES:
                connection.execute(delete(table))

    def signed(self, body: bytes, path: str = INBOUND, query: bytes = b"", chunks: int = 1) -> Answer:
        url = PUBLIC + path + (f"?{query.decode('latin-1')}" if query else "")
        headers = [(b"content-type", FORM_TYPE), (b"x-twilio-signature", signature_of(TOKEN, url, body))]
        size = max(1, -(-len(body) // chunks))
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        return self.caller.ask(path, headers, pieces, query=query)


_TABLES: tuple[Any, ...] = (InboundTable, MessageStatusTable)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, new_file: Callable[..., str]) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    url = new_file(folder / "sapa.db")
    engine = open_engine(url)
    # Thousands of rows: what a power cut would do to them is not the question here.
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    more = {"SAPA_PUBLIC_URL": PUBLIC, "SAPA_SIMULATOR_TOKEN": TOKEN}
    app = wired(settings_for(url, folder, **more), engine, SetClock(NOW))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with calling(create_app(app, extra_routes=page_routes(app))) as caller:
        yield Edge(app, caller)
    structlog.reset_defaults()
    engine.dispose()


def sid() -> str:
    return f"SM{next(_sids):032x}"


# ------------------------------------------------------------------------------------------------- without a signature

header_names = st.sampled_from(
    [b"content-type", b"content-length", b"transfer-encoding", b"x-twilio-signature", b"host", b"x-forwarded-host",
     b"x-forwarded-proto", b"content-encoding", b"expect", b"cookie", b"x-http-method-override", b"", b"x" * 50]
)  # fmt: skip
header_values = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [FORM_TYPE, b"application/json", b"APPLICATION/X-WWW-FORM-URLENCODED;;;", b"application/json; charset=utf-99",
         b"multipart/form-data; boundary=", b"-1", b"0", b"99999999999999999999999999", b"\xd9\xa3", b"1e3", b"chunked",
         b"gzip", b"=" * 28, b"AAAAAAAAAAAAAAAAAAAAAAAAAAA=", b"evil.example"]
    ),
)  # fmt: skip
headers = st.lists(st.tuples(header_names, header_values), max_size=8)


@fuzz(0.2)
@given(
    given_headers=headers,
    kind=st.sampled_from([FORM_TYPE, b"application/json", b"text/plain", b""]),
    chunks=st.lists(st.one_of(st.binary(max_size=200), value_bytes), max_size=6),
    query=st.one_of(st.binary(max_size=40), st.just(b"bodySHA256=" + b"0" * 64), value_bytes),
    path=st.sampled_from([INBOUND, STATUS]),
    hangs_up=st.booleans(),
    raw_path=st.one_of(st.none(), st.binary(max_size=20)),
)
def test_without_a_signature_nothing_is_stored_and_nothing_breaks(
    edge: Edge, given_headers: Any, kind: bytes, chunks: Any, query: bytes, path: str, hangs_up: bool, raw_path: Any
) -> None:
    count("requests without a signature")
    before = edge.rows()
    told = [(b"content-type", kind), *given_headers]
    answer = edge.caller.ask(path, told, chunks, query=query, hangs_up=hangs_up, raw_path=raw_path)
    assert answer.status in (400, 403, 413, 415, 431), answer
    assert answer.body.count(b"\n") == 1
    assert edge.rows() == before


forms = st.lists(st.tuples(names, value_bytes), max_size=15)
# As an address stands on the wire: what no address may hold is written with percent signs.
refs = st.one_of(
    st.just(b""), st.builds(lambda raw: b"ref=" + quote_from_bytes(raw, safe="/%=?").encode()[:4000], value_bytes)
)


def _judged(body: bytes, *statuses: int) -> tuple[int, ...]:
    """What an edge may answer: only that it is too long to a body that is."""
    return statuses if len(body) <= MAX_BODY else (413,)


def body_of(pairs: list[tuple[bytes, bytes]]) -> bytes:
    return b"&".join(name + b"=" + value for name, value in pairs)


@fuzz(0.1)
@given(pairs=forms, at=st.integers(0, 10_000), change=st.integers(1, 255), path=st.sampled_from([INBOUND, STATUS]))
def test_a_signed_form_with_one_byte_changed_is_a_form_without_a_signature(
    edge: Edge, pairs: Any, at: int, change: int, path: str
) -> None:
    count("signed forms with one byte changed")
    body = body_of([(b"MessageSid", sid().encode()), (b"From", b"whatsapp%3A%2B6281200000001"), *pairs])
    at %= len(body)
    other = body[:at] + bytes([body[at] ^ change]) + body[at + 1 :]
    headers = [(b"content-type", FORM_TYPE), (b"x-twilio-signature", signature_of(TOKEN, PUBLIC + path, body))]
    before = edge.rows()
    answer = edge.caller.ask(path, headers, [other])
    # The change may mean nothing (%2b for %2B, an invalid byte for another): then it is the same form.
    same = signature_of(TOKEN, PUBLIC + path, other) == headers[1][1]
    assert answer.status in ((200, 400) if same else (400, 403))
    assert same or edge.rows() == before


# --------------------------------------------------------------------------------------------------- with a signature


@fuzz(0.2)
@given(pairs=forms, path=st.sampled_from([INBOUND, STATUS]), query=refs, chunks=st.integers(1, 5))
def test_any_signed_form_is_stored_once_or_refused_with_a_reason(
    edge: Edge, pairs: Any, path: str, query: bytes, chunks: int
) -> None:
    count("signed forms of anything")
    edge.empty()
    body = body_of(pairs)
    first, second = (edge.signed(body, path, query, chunks) for _ in range(2))
    assert first.status in _judged(body, 200, 400) and second.status == first.status, (first, second)
    assert sum(edge.rows()) <= 1
    if first.status == 400:
        assert sum(edge.rows()) == 0


@fuzz(0.15)
@given(text=texts, media=st.integers(-5, 10**12), name=texts, payload=texts, lat=texts)
def test_what_was_written_comes_back_unharmed(
    edge: Edge, text: str, media: int, name: str, payload: str, lat: str
) -> None:
    count("signed messages read back")
    edge.empty()
    given_sid = sid()
    form = {
        "MessageSid": given_sid, "From": "whatsapp:+6281200000001", "Body": text, "NumMedia": str(media),
        "ProfileName": name, "ButtonPayload": payload, "Latitude": lat, "Longitude": lat,
    }  # fmt: skip
    body = "&".join(f"{key}={quote_plus(value.encode('utf-8', 'surrogatepass'))}" for key, value in form.items())
    answer = edge.signed(body.encode())
    if len(body) > MAX_BODY:
        assert answer.status == 413
        return
    assert answer.status == 200
    with edge.app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, "+6281200000001")
        (message,) = tx.inbound_of(contact_id or "")
    # PostgreSQL holds no NUL, and no text holds half a surrogate pair: these two go, all else stays.
    assert message.body == text.replace("\x00", "").encode("utf-8", "replace").decode()
    assert message.provider_sid == given_sid


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**40), 10**40), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@fuzz(0.1)
@given(
    value=st.one_of(json_values, st.dictionaries(st.sampled_from(KNOWN), json_values, max_size=8)),
    form=st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "latin-1"]),
    tail=st.one_of(st.just(b""), st.binary(max_size=3)),
    path=st.sampled_from([INBOUND, STATUS]),
)
def test_any_signed_json_is_stored_once_or_refused(edge: Edge, value: Any, form: str, tail: bytes, path: str) -> None:
    count("signed JSON")
    edge.empty()
    body = json.dumps(value).encode(form) + tail
    query = f"bodySHA256={sha256(body).hexdigest()}".encode()
    signature = signature_of(TOKEN, f"{PUBLIC}{path}?{query.decode()}", b"")
    headers = [(b"content-type", b"application/json"), (b"x-twilio-signature", signature)]
    answers = [edge.caller.ask(path, headers, [body], query=query) for _ in range(2)]
    assert answers[0].status == answers[1].status and answers[0].status in _judged(body, 200, 400, 403)
    assert sum(edge.rows()) == (1 if answers[0].status == 200 else 0)


@pytest.mark.parametrize(
    "body",
    [b"1" * 5000, b'{"Body": ' + b"1" * 5000 + b"}", b'{"a":' * 5000, b"[" * 30_000, b'{"Body": NaN}', b'"\\ud800"',
     b'{"MessageSid": "\\ud800", "From": "+6281200000001"}', b"\xef\xbb\xbf{}", b'{"From": 1e999}', b"{}" * 100, b""],
)  # fmt: skip
def test_json_made_to_break_readers_is_refused_or_stored(edge: Edge, body: bytes) -> None:
    query = f"bodySHA256={sha256(body).hexdigest()}".encode()
    signature = signature_of(TOKEN, f"{PUBLIC}{INBOUND}?{query.decode()}", b"")
    headers = [(b"content-type", b"application/json"), (b"x-twilio-signature", signature)]
    assert edge.caller.ask(INBOUND, headers, [body], query=query).status in _judged(body, 200, 400, 403)


# --------------------------------------------------------------------------------------------------- one row a message

posts = st.lists(st.tuples(st.integers(0, 3), texts), min_size=1, max_size=8)


@fuzz(0.05)
@given(told=posts)
def test_there_is_one_row_for_each_id_and_the_first_words_stay(edge: Edge, told: list[tuple[int, str]]) -> None:
    count("posts under few ids", len(told))
    edge.empty()
    first: dict[str, str] = {}
    for number, text in told:
        given_sid = f"SM{number:032x}"
        body = f"MessageSid={given_sid}&From=%2B6281200000001&Body={quote_plus(text.encode('utf-8', 'replace'))}"
        assert edge.signed(body.encode()).status == 200
        first.setdefault(given_sid, text.replace("\x00", "").encode("utf-8", "replace").decode())
    with edge.app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.SMS, "+6281200000001")
        kept = {message.provider_sid: message.body for message in tx.inbound_of(contact_id or "")}
    assert kept == first


# ----------------------------------------------------------------------------------------------- and the look at it all


@fuzz(0.15)
@given(body=texts, payload=st.one_of(st.none(), texts), opt_out=st.one_of(st.none(), texts), media=encoded)
def test_whatever_was_stored_can_be_looked_at(
    edge: Edge, body: str, payload: str | None, opt_out: str | None, media: bytes
) -> None:
    """A message that breaks the look at it would come up again and again."""
    count("messages looked at")
    edge.empty()
    form = [("MessageSid", sid()), ("From", "whatsapp:+6281200000009"), ("Body", body)]
    form += [("ButtonPayload", payload)] if payload is not None else []
    form += [("OptOutType", opt_out)] if opt_out is not None else []
    raw = "&".join(f"{key}={quote_plus(value.encode('utf-8', 'surrogatepass'))}" for key, value in form).encode()
    assert edge.signed(raw + b"&MediaUrl0=" + media).status in (200, 413)
    while triage_next(edge.app.deps, NOW) is not None:
        pass


# ------------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("what", "headers", "query", "status"),
    [
        ("a head of 17 kB", [(b"x", b"a" * 17_000)], b"", 431),
        ("17 kB of address", [], b"a" * 17_000, 431),
        ("101 headers", [(b"x", b"1")] * 100, b"", 431),
        ("an ordinary head", [(b"x", b"1")] * 20, b"a=1", 403),
    ],
)
def test_a_head_is_bounded(edge: Edge, what: str, headers: Any, query: bytes, status: int) -> None:
    answer = edge.caller.ask(INBOUND, [(b"content-type", FORM_TYPE), *headers], [b"Body=x"], query=query)
    assert answer.status == status, what
    assert answer.body.count(b"\n") == 1 and answer.headers["x-content-type-options"] == "nosniff"


def test_a_form_of_very_many_fields_is_refused_before_it_is_signed_over(edge: Edge) -> None:
    pairs = [(b"MessageSid", sid().encode()), (b"From", b"%2B6281200000001")]
    filled = pairs + [(b"a%d" % number, b"") for number in range(MAX_FIELDS - len(pairs))]
    assert edge.signed(body_of(filled)).status == 200
    answer = edge.signed(body_of([*filled, (b"one", b"more")]))
    assert (answer.status, answer.body) == (400, b"the form has more than 500 fields\n")


# Hosts, cookies and addresses made up for every page that answers without a login.
pages = st.sampled_from(
    ["/", "/health", "/ready", "/metrics", "/health/detail", "/media/x.png", "/media/..", "/konsol", "/konsol/",
     "/konsol/masuk", "/konsol/masuk/kode", "/konsol/kasus/1", "/konsol/static/konsol.css", "/konsol/static/..", "/x",
     INBOUND]
)  # fmt: skip
page_headers = st.lists(
    st.tuples(
        st.sampled_from(
            [b"host", b"cookie", b"accept", b"accept-encoding", b"x-forwarded-for", b"authorization", b"range",
             b"if-none-match", b"if-modified-since", b"sec-fetch-site", b"referer", b"hx-request", b"origin"]
        ),
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(
                [b"[::1", b"]", b"a:b:c", b"sapa-csrf=\xff; sapa-said=x.y.z", b"konsol=%00", b"bytes=0-99999999999999",
                 b"bytes=-1", b"bytes=a-b,,,", b"Bearer \xff", b"gzip;q=9", b"Basic ====", b"sapa-said=e30=.aaaa.bbbb"]
            ),
        ),
    ),
    max_size=6,
)  # fmt: skip


@fuzz(0.1)
@given(
    page=pages, tail=st.text(st.sampled_from("/.%\\ \x00é;?#a"), max_size=6), headers=page_headers, query=value_bytes
)
def test_no_page_breaks_for_somebody_without_a_login(
    edge: Edge, page: str, tail: str, headers: Any, query: bytes
) -> None:
    count("pages without a login")
    answer = edge.caller.ask(page + tail, headers, [b""], query=query, method="GET", raw_path=b"/")
    assert answer.status < 500 or (page, answer.status) == ("/health/detail", 503), answer


@fuzz(0.05)
@given(body=st.one_of(value_bytes, st.binary(max_size=300)), headers=page_headers, kind=header_values)
def test_no_form_of_the_console_breaks_for_somebody_without_a_login(
    edge: Edge, body: bytes, headers: Any, kind: bytes
) -> None:
    count("forms of the console without a login", 4)
    for path in ("/konsol/masuk", "/konsol/masuk/kode", "/konsol/keluar", "/konsol/kasus/1/jawab"):
        answer = edge.caller.ask(path, [(b"content-type", kind), *headers], [body])
        assert answer.status < 500, answer


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW", "", "post"])
def test_other_methods_are_not_heard(edge: Edge, method: str) -> None:
    assert edge.caller.ask(INBOUND, [(b"content-type", FORM_TYPE)], [b"a=1"], method=method).status == 405
