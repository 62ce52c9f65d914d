"""The walls of the house that "who imports whom" cannot describe; the directions themselves are in .importlinter.

Every check reads the source as a tree, so nothing is loaded and nothing hides behind an import inside a function.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sapa", "bot", "actions", "scheduler", "web", "tools")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _under(*folders: str) -> list[Path]:
    return [path for path in SOURCES if any(_name(path).startswith(f"{folder}/") for folder in folders)]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=_name(path))


@cache
def _imports(path: Path) -> list[tuple[str, int]]:
    """Every import of a file as a dotted name and its line: `from a.b import c` is a.b.c."""
    return list(_found_imports(path))


def _found_imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)}:{node.lineno} imports relatively; write the whole name"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _importers(library: str, among: list[Path]) -> dict[str, list[str]]:
    """The files among some that import a library, each with the dotted names it takes."""
    found: dict[str, list[str]] = {}
    for path in among:
        names = [name for name, _ in _imports(path) if name.split(".")[0] == library]
        if names:
            found[_name(path)] = sorted(names)
    return found


# --- what each room may be built of


@pytest.mark.parametrize("folder", ["sapa/family", "sapa/messaging"])
def test_the_heart_imports_the_standard_library_and_itself_only(folder: str) -> None:
    strangers = [
        f"{_name(path)}:{line} {name}"
        for path in _under(folder)
        for name, line in _imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(("sapa.family", "sapa.messaging"))
    ]
    assert strangers == []


def test_use_cases_need_no_library_but_a_reader_of_yaml() -> None:
    strangers = [
        f"{_name(path)}:{line} {name}"
        for path in _under("sapa/services")
        for name, line in _imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names | {"sapa", "yaml"}
    ]
    assert strangers == []


def test_the_heart_can_be_used_without_rasa() -> None:
    assert _importers("rasa", _under("sapa")) == {}
    assert _importers("rasa_sdk", _under("sapa")) == {}


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("jinja2", ("sapa/content.py", "sapa/sandbox.py", "web/")),  # the console's pages are templates of its own
        ("langdetect", ("sapa/language.py",)),
        ("alembic", ("sapa/store/",)),
        ("psycopg", ("sapa/store/",)),
        ("typer", ("sapa/cli",)),
        ("openpyxl", ("sapa/sheets.py",)),
        ("fhir", ("sapa/fhir.py",)),
        ("holidays", ("sapa/holidays_id.py",)),
        ("prometheus_client", ("sapa/metrics.py",)),
    ],
)
def test_a_library_is_known_in_one_room_only(library: str, rooms: tuple[str, ...]) -> None:
    outside = [name for name in _importers(library, SOURCES) if not name.startswith(rooms)]
    assert outside == []


def test_the_database_is_spoken_to_in_the_store_only() -> None:
    # bootstrap names two types to turn a broken database into one clear line, `sapa backup` one to say what it is
    # handed; Rasa's own tracker store is Rasa's, and its channel says when that is away.
    outside = {
        name: names for name, names in _importers("sqlalchemy", SOURCES).items() if not name.startswith("sapa/store/")
    }
    rasas = outside.pop("bot/tracker_store.py", [])
    assert set(rasas) <= {
        "sqlalchemy.select",
        "sqlalchemy.engine.URL",
        "sqlalchemy.engine.make_url",
        "sqlalchemy.orm.Session",
    }
    assert set(outside.pop("bot/rasa_channel.py", [])) <= {
        "sqlalchemy.exc.InterfaceError",
        "sqlalchemy.exc.OperationalError",
    }
    assert outside == {
        "sapa/bootstrap.py": ["sqlalchemy.Engine", "sqlalchemy.exc.SQLAlchemyError"],
        "sapa/cli_backup.py": ["sqlalchemy.Engine"],
    }


def test_inside_sapa_the_provider_is_known_to_the_gateways_only() -> None:
    assert [name for name in _importers("twilio", _under("sapa")) if not name.startswith("sapa/gateways/")] == []
    # At the edge only signatures are its business.
    assert {name for names in _importers("twilio", _under("bot")).values() for name in names} <= {
        "twilio.request_validator.RequestValidator"
    }


def test_the_wall_clock_of_jobs_is_known_to_the_scheduler_only() -> None:
    for library in ("apscheduler", "celery"):
        assert [name for name in _importers(library, SOURCES) if not name.startswith("scheduler/")] == []


# --- the clock and the environment


_CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "gmtime", "sleep"},
}


def _clock_reads(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", None)
            if node.attr in _CLOCKS.get(str(owner), ()):
                yield f"{node.lineno} {owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"{node.lineno} time.{alias.name}" for alias in node.names if alias.name in _CLOCKS["time"])


def test_the_heart_and_the_use_cases_are_told_the_time_and_never_look() -> None:
    looked = [
        f"{_name(path)}:{read}"
        for path in _under("sapa/family", "sapa/messaging", "sapa/services")
        for read in _clock_reads(_tree(path))
    ]
    assert looked == []


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("import datetime\nx = datetime.datetime.now()", ["2 datetime.now"]),
        ("from datetime import date\nx = date.today()", ["2 date.today"]),
        ("from time import time\nx = time()", ["1 time.time"]),
        ("import time\ntime.sleep(1)", ["2 time.sleep"]),
        # The time of day is a type of this name, and a clock that is handed in is asked by those who were handed it.
        ("from datetime import time\nx = time.fromisoformat('08:00')", []),
        ("def f(clock):\n    return clock.now()", []),
    ],
)
def test_what_counts_as_looking_at_the_clock(source: str, reads: list[str]) -> None:
    assert list(_clock_reads(ast.parse(source))) == reads


def test_inside_sapa_only_the_settings_read_the_environment() -> None:
    readers = {
        f"{_name(path)}:{node.lineno}"
        for path in _under("sapa")
        if _name(path) != "sapa/settings.py"
        for node in ast.walk(_tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"))
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and node.names[0].name in ("environ", "getenv"))
    }
    assert readers == set()


# --- words

# Small words that hold an Indonesian sentence together. Two of them in one string of four or more words is a sentence
# somebody wrote for a family; it belongs in content/id, where a bidan can read it.
_SMALL_WORDS = re.compile(
    r"\b(?:yang|dan|di|ke|dari|untuk|dengan|tidak|ini|itu|atau|akan|sudah|bisa|adalah|pada|juga|kalau|jika|saya|kami|kita"
    r"|anda|ibu|bapak|jangan|agar|supaya|karena|belum|dalam|oleh|sebagai|bila|silakan|tolong|mohon|ya|lagi|bukan|ada"
    r"|apakah|siapa|kapan)\b"
)
# Tables of what people write, for reading it; nothing of them is ever said.
_WORD_TABLES = (
    "sapa/family/reading/",
    "sapa/language.py",
    "sapa/messaging/danger",
    "sapa/messaging/loss",
    "sapa/messaging/not_me_words.py",
    "sapa/messaging/stop_words.py",
    "bot/nlu/",
)


def _strings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every string of a file except docstrings; an f-string counts as one, its holes as nothing."""
    passed_over = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            constants = [part for part in node.values if isinstance(part, ast.Constant)]
            passed_over.update(id(part) for part in constants)
            yield " ".join(str(part.value) for part in constants), node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed_over:
            yield node.value, node.lineno


def _is_indonesian_sentence(text: str) -> bool:
    return len(text.split()) >= 4 and len(_SMALL_WORDS.findall(text.lower())) >= 2


def test_no_sentence_for_families_stands_in_python() -> None:
    sentences = [
        f"{_name(path)}:{line} {text!r}"
        for path in _under("sapa", "bot", "actions", "scheduler", "web")
        if not _name(path).startswith(_WORD_TABLES)
        for text, line in _strings(_tree(path))
        if _is_indonesian_sentence(text)
    ]
    assert not sentences, "sentences belong in content/id:\n" + "\n".join(sentences)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Kalau demam tidak turun, bawa ke puskesmas.", True),
        ("Nama anak Ibu siapa ya?", True),
        ("dialog/catat-imunisasi/yang-ini-sudah-ada", False),
        ("posyandu melati desa contoh", False),
        ("the tables are missing or old; run `sapa db upgrade`", False),
    ],
)
def test_what_counts_as_an_indonesian_sentence(text: str, sentence: bool) -> None:
    assert _is_indonesian_sentence(text) is sentence
