"""What a log may show: what happened, where and how often, and never to whom or in which words."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sapa import logs


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """A stream that gets the logs of a process set up as ours are; everything is put back afterwards."""
    root = logging.getLogger()
    kept = root.handlers[:], root.level, logging.raiseExceptions, sys.excepthook, threading.excepthook
    stream = io.StringIO()
    logs.setup("bot", "INFO", as_json=True, stream=stream)
    yield stream
    root.handlers[:], root.level, logging.raiseExceptions, sys.excepthook, threading.excepthook = kept
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


# value, as it may be shown
VALUES = [
    ("+6281234567890", "[number]"),
    ("6281234567890", "[number]"),
    ("081234567890", "[number]"),
    ("0812-3456-7890", "[number]"),
    ("0812.3456.7890", "[number]"),
    ("(0812) 3456 7890", "[number]"),
    ("+62 812 3456 789", "[number]"),
    ("%2B6281234567890", "[number]"),
    ("whatsapp:+6281234567890", "[number]"),
    ("whatsapp%3A%2B6281234567890", "[number]"),
    ("WhatsApp:ID.13491208655302741918", "[number]"),
    ("ID.13491208655302741918", "[number]"),
    ("3273012345678901", "[number]"),  # a citizen's number
    ("refused +6281234567890 twice", "refused [number] twice"),
    ("To=%2B6281234567890&Body", "To=[number]&Body"),
    ("HP081234567890", "HP[number]"),
    ("0812 3456 7890, 0813 3456 7890", "[number], [number]"),
    # and what must stay readable
    ("119", "119"),
    ("1500-567", "1500-567"),
    ("SM" + "0123456789abcdef" * 2, "SM" + "0123456789abcdef" * 2),
    ("3f2b8c1e-0812-4345-8789-012345678901", "3f2b8c1e-0812-4345-8789-012345678901"),
    ("0123456789abcdef" * 4, "0123456789abcdef" * 4),
    ("2026-11-22", "2026-11-22"),
    ("2026-11-22T07:00:00.123456+07:00", "2026-11-22T07:00:00.123456+07:00"),
    ("2026-11-22 07:00:00Z", "2026-11-22 07:00:00Z"),
    ("http://127.0.0.1:8000/ready", "http://127.0.0.1:8000/ready"),
    ("192.168.100.200", "192.168.100.200"),
    ("gizi/isi-piringku", "gizi/isi-piringku"),
    ("OperationalError", "OperationalError"),
    ("a" * 400, "a" * 300 + "..."),
]


@pytest.mark.parametrize(("value", "shown"), VALUES, ids=[row[0][:40] for row in VALUES])
def test_a_value_is_shown_without_numbers_of_people(value: str, shown: str) -> None:
    assert logs.mask(value) == shown


HIDDEN_KEYS = [
    "body", "Body", "text", "reply_text", "ReplyText", "to", "To", "from", "from_", "From", "to_address", "address",
    "name", "child_name", "ProfileName", "profile_name", "phone", "mother_phone", "message", "payload",
    "button_payload", "params", "form", "vars", "birth_date", "latitude", "village", "auth_token", "signature",
]  # fmt: skip


@pytest.mark.parametrize("key", HIDDEN_KEYS)
def test_a_private_key_loses_its_value_at_any_depth(key: str) -> None:
    event = {"event": "e", key: "Ani", "deep": [{key: {"x": "Ani"}}]}
    assert "Ani" not in repr(logs.scrub(None, "", event))


SHOWN_KEYS = ["event", "level", "logger", "inbound_id", "outbox_id", "content_id", "message_id", "from_state", "status",
              "error_code", "text_length", "attempts", "process", "path", "reason"]  # fmt: skip


@pytest.mark.parametrize("key", SHOWN_KEYS)
def test_a_harmless_key_keeps_its_value(key: str) -> None:
    assert logs.scrub(None, "", {key: "abc"}) == {key: "abc"}


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Record:
    body: str


OBJECTS = [
    (None, None),
    (True, True),
    (3, 3),
    (0.25, 0.25),
    (6281234567890, "[number]"),
    (Colour.RED, "red"),
    (date(2026, 11, 22), "2026-11-22"),
    (datetime(2026, 11, 22, 7, tzinfo=UTC), "2026-11-22T07:00:00+00:00"),
    (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
    (Record("anak saya demam"), "<Record>"),
    (b"anak saya demam", "<bytes>"),
    (ValueError("anak saya demam"), "<ValueError>"),
    (Decimal("1"), "<Decimal>"),
    (("081234567890", {"id": 1}), ["[number]", {"id": 1}]),
    ({"081234567890": 1}, {"[number]": 1}),
]


@pytest.mark.parametrize(("value", "shown"), OBJECTS, ids=[type(row[0]).__name__ for row in OBJECTS])
def test_an_object_is_shown_as_a_plain_value_or_as_its_type(value: object, shown: object) -> None:
    assert logs.scrub(None, "", {"value": value}) == {"value": shown}


def test_a_line_says_what_when_where_and_how_bad(out: io.StringIO) -> None:
    structlog.get_logger("bot.app").warning("webhook.refused", status=403)
    (line,) = lines(out)
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {
        "event": "webhook.refused", "status": 403, "level": "warning", "logger": "bot.app", "process": "bot",
    }  # fmt: skip


def test_an_exception_is_shown_by_types_and_places_only(out: io.StringIO) -> None:
    try:
        try:
            raise KeyError("anak saya demam")
        except KeyError as cause:
            raise ValueError("INSERT ... ('+6281234567890', 'anak saya demam')") from cause
    except ValueError:
        structlog.get_logger("bot.worker").error("worker.failed", exc_info=True)
    (line,) = lines(out)
    assert line["exception"] == "ValueError <- KeyError"
    assert re.fullmatch(r".*test_logs\.py:\d+ test_an_exception_is_shown_by_types_and_places_only", line["at"][-1])
    assert "demam" not in out.getvalue()


def test_what_libraries_log_goes_through_the_same_filter(out: io.StringIO) -> None:
    logging.getLogger("sqlalchemy.engine").info("INSERT INTO inbound VALUES ('anak saya demam')")
    logging.getLogger("twilio.http_client").info("To=+6281234567890")
    logging.getLogger("httpx").info("GET /conversations/1")
    logging.getLogger("library.of.tomorrow").info("anak saya demam")
    logging.getLogger("uvicorn.access").warning("GET /?to=0812")
    logging.getLogger("sqlalchemy.pool").error(
        "lost: %s [SQL: INSERT]\n[parameters: ('anak saya demam')]", "081234567890"
    )
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task exception=E('demam')>")
    assert [line["event"] for line in lines(out)] == ["lost: [number]", "Task exception was never retrieved"]


def test_a_broken_log_call_does_not_print_its_arguments(out: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("x").error("%d", "anak saya demam")
    assert "demam" not in out.getvalue() + capsys.readouterr().err


def test_a_crash_is_a_line_like_any_other(out: io.StringIO) -> None:
    try:
        raise ValueError("anak saya demam")
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    (line,) = lines(out)
    assert (line["event"], line["level"], line["exception"]) == ("process.crashed", "critical", "ValueError")
    assert "demam" not in out.getvalue()


def test_on_a_terminal_the_lines_are_for_a_person(out: io.StringIO) -> None:
    stream = io.StringIO()
    logs.setup("bot", as_json=False, stream=stream)
    structlog.get_logger("bot.app").info("edge.listening", port=8000, to="+6281234567890")
    assert "edge.listening" in stream.getvalue()
    assert "port=8000" in stream.getvalue()
    assert "812345" not in stream.getvalue()


def test_below_the_chosen_level_nothing_is_written(out: io.StringIO) -> None:
    structlog.get_logger("bot.worker").debug("worker.idle")
    assert lines(out) == []


digits = st.text("0123456789", min_size=8, max_size=13)
separators = st.sampled_from(["", " ", "-", ".", " - "])


@st.composite
def phones(draw: st.DrawFn) -> str:
    """Indonesian numbers as people write them."""
    start = draw(st.sampled_from(["08", "+628", "628", "+62 8", "(08"]))
    rest = draw(digits)
    separator = draw(separators)
    groups = [rest[at : at + 4] for at in range(0, len(rest), 4)]
    return start + separator.join(groups)


# Printable only: `repr` would write the others as escapes, with digits of its own.
words = st.text(st.characters(exclude_categories=["Nd", "C", "Z"], exclude_characters="abcdefABCDEF"), max_size=10)


@given(phones(), words, words, st.sampled_from(["event", "reason", "detail", "items", "deep"]))
def test_no_phone_number_gets_through_however_it_is_written_and_wherever_it_stands(
    phone: str, before: str, after: str, key: str
) -> None:
    value: Any = before + phone + after
    if key == "items":
        value = [value]
    elif key == "deep":
        value = {"a": {value: value}}
    shown = repr(logs.scrub(None, "", {key: value}))
    assert re.sub(r"\D", "", phone)[-7:] not in re.sub(r"[^0-9]", "", shown)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=10), anything, max_size=5))
def test_whatever_is_logged_the_filter_gives_something_that_json_can_hold(event: dict[str, Any]) -> None:
    json.dumps(logs.scrub(None, "", event))
