"""Logs that may be shown to anybody: no phone number, name, address or message text in clear.

Every process calls `setup` once, at its start. One filter stands before the only way out, so what libraries log passes
through it too. It works on three levels: keys that hold what people say or who they are lose their value; anything
that looks like a phone number is masked wherever it stands; and of an exception only its type and the places it passed
are kept, because database errors quote the row they failed on.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import date, datetime, time
from enum import Enum
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"
MASKED = "[number]"
LONGEST = 300  # characters of one value

# Judged by the last word of a key: `text`, `reply_text` and `ReplyText` alike; `text_length` is harmless.
_PRIVATE_KEYS = frozenset(
    {
        *("to", "from", "sender", "recipient", "address", "addresses", "phone", "number", "msisdn", "nik"),
        *("name", "names", "profile", "birth_date", "location", "latitude", "longitude", "village"),
        *("body", "text", "texts", "caption", "content", "message", "messages", "msg", "reply", "replies"),
        *("rendered", "words", "wording", "question", "answer", "summary"),
        *("payload", "params", "parameters", "form", "vars", "variables", "args", "data", "json"),
        *("token", "secret", "password", "auth", "authorization", "signature", "credentials", "cookie"),
    }
)

_OUR_LOGGERS = ("bot", "actions", "scheduler", "web", "sapa", "__main__")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_SENSITIVE = re.compile(
    rf"""
    (?P<keep>
        \b[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}\b      # our ids
      | \b[A-Z]{{2}}[0-9a-f]{{32}}\b                                                    # Twilio's ids
      | \b(?:[0-9a-f]{{64}}|[0-9a-f]{{40}}|[0-9a-f]{{32}})\b                            # hashes
      | (?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\d.])                                  # machines
      | (?<!\d)(?:19|20)\d\d-[01]\d-[0-3]\d
        (?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d(?:[.,]\d{{1,6}})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\d-])
    )
    | (?i:whatsapp(?::|%3a))\S+
    | \b[A-Z]{{2}}\.(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{{8,128}}                              # a hidden number's id
    | (?:\+|%2[Bb])?\(?(?<!\d)\d(?:[\s().\-/\u2010-\u2015]{{0,3}}\d){{8,}}              # nine digits or more
    """,
    re.VERBOSE,
)


def setup(process: str, level: str = "INFO", *, as_json: bool | None = None, stream: TextIO | None = None) -> None:
    """Send all logging of this process through the filter to `stream` (default: standard error).

    JSON lines, or words for a person where the stream is a terminal; `as_json` decides otherwise.
    """
    out = stream or sys.stderr
    if as_json is None:
        as_json = not out.isatty()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.add_log_level, _shorten_foreign],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _places_of_exception,
                scrub,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _named(process),
                _renderer(as_json, colors=out.isatty()),
            ],
        )
    )
    logging.getLogger().handlers[:] = [handler]
    _set_levels(level)
    # When a log call itself is broken, Python prints the arguments it was given, unfiltered.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def scrub(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """The filter: private keys lose their value, phone numbers are masked, objects are reduced to their type."""
    clean: EventDict = {}
    for key, value in event.items():
        name = mask(str(key))
        # `event` is the name of what happened, `exception` was made harmless by us; both are masked all the same.
        clean[name] = HIDDEN if _is_private(str(key)) and value is not None else _clean(value)
    return clean


def mask(text: str) -> str:
    """The text with every phone number and channel address in it masked, cut to a reasonable length."""
    masked = _SENSITIVE.sub(lambda found: found.group() if found.group("keep") else MASKED, text)
    return masked if len(masked) <= LONGEST else masked[:LONGEST] + "..."


def _is_private(key: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", key)
    return bool(words) and (words[-1].lower() in _PRIVATE_KEYS or key.strip("_").lower() in _PRIVATE_KEYS)


def _clean(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _clean(value.value)
    if isinstance(value, (int, float)):
        return MASKED if abs(value) >= 10**8 else value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return scrub(None, "", dict(value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(item) for item in value]
    # Bytes, records, exceptions: their repr may hold anything.
    return f"<{type(value).__name__}>"


def _places_of_exception(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """`exc_info` becomes the types and the places, innermost last. What the exception says is left out."""
    exc_info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(error, BaseException):
        types = [type(link).__name__ for link in _chain(error)]
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        event["exception"] = " <- ".join(types)
        if isinstance(error, ImportError):
            # Names a module, never a person; without it a broken installation is a riddle.
            event["detail"] = str(error)
        event["at"] = [f"{_short_path(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _chain(error: BaseException) -> list[BaseException]:
    """The error and what caused it, outermost first."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def _short_path(path: str) -> str:
    return "/".join(path.rsplit("/", 3)[-3:])


def _shorten_foreign(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Of a library's message only the first line, and none of the values it may quote."""
    first_line = str(event.get("event", "")).partition("\n")[0]
    event["event"] = re.split(r"\[SQL|\[parameters|exception=|DETAIL:", first_line)[0].rstrip()
    return event


def _named(process: str) -> Processor:
    def add_process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return add_process


def _renderer(as_json: bool, *, colors: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=colors)


def _set_levels(level: str) -> None:
    """Ours speak from `level` up, libraries from WARNING: below it they print statements, addresses, access lines."""
    root = logging.getLogger()
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in _OUR_LOGGERS:
        logging.getLogger(name).setLevel(level)
    # Rasa's own servers set theirs to INFO when they are imported, and it names what was asked.
    logging.getLogger("sanic.access").setLevel(logging.CRITICAL)
    # These bring handlers of their own, which would write past the filter.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"


def _log_uncaught(kind: type[BaseException], error: BaseException | None, places: TracebackType | None) -> None:
    if error is None or issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    structlog.get_logger("uncaught").critical("process.crashed", exc_info=(kind, error, places))
