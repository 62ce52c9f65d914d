"""`sapa doctor` finds every kind of broken installation, says so in one line and what to do in another.

Each case breaks a sound installation for real and is a row of docs/doctor.md; with DOCTOR_PAGE=write in the environment
the page is written from what the doctor says, else each row is compared.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.model_files import wanted_model
from sapa.doctor.report import Patient, Report, Result, examine, ok
from sapa.doctor.rounds import LOOKS, examine_installation
from sapa.services.health import Level
from sapa.settings import ROOT, load
from sapa.store.engine import open_engine
from tests.doctor_ward import SID, Ward, ward

PAGE = ROOT / "docs" / "doctor.md"
BEGIN, END = "<!-- cases: written by tests/test_doctor.py -->", "<!-- end of cases -->"
WRITING = os.environ.get("DOCTOR_PAGE") == "write"

Break = Callable[[Ward], None]


@dataclass(frozen=True)
class Case:
    """A way to break an installation. look: which part must notice; level: how bad it is."""

    title: str
    look: str
    level: Level
    break_it: Break
    postgres: bool = False
    needs: str = ""  # a program without which the case cannot be made
    says: str = ""  # where several faults of that level are there, the one that was made


CASES: list[Case] = []


def case(
    title: str, look: str, level: Level = Level.FAIL, *, postgres: bool = False, needs: str = "", says: str = ""
) -> Callable[[Break], Break]:
    def add(break_it: Break) -> Break:
        CASES.append(Case(title, look, level, break_it, postgres, needs, says))
        return break_it

    return add


# --- settings


def _setting(title: str, **changed: str) -> None:
    def break_it(one: Ward) -> None:
        one.twilio()
        one.env |= changed

    CASES.append(Case(title, "settings", Level.FAIL, break_it))


_setting("Twilio's token is missing", TWILIO_AUTH_TOKEN="")
_setting("nobody to send from", TWILIO_WHATSAPP_FROM="", TWILIO_MESSAGING_SERVICE_SID="")
_setting("the account's SID is none", TWILIO_ACCOUNT_SID="SK" + "0" * 32)
_setting("the public address is not https", SAPA_PUBLIC_URL="http://sapa.example.org")
_setting("the stand-in provider is somewhere else", TWILIO_API_URL="https://api.example.org")
_setting("a template's id is none", TWILIO_CONTENT_SIDS="kode_masuk=SM123")
_setting("an unknown provider", SAPA_GATEWAY="pigeon")
_setting("a number that is none", SAPA_LEASE_SECONDS="a minute")
_setting("a count of nothing", SAPA_SENDER_THREADS="0")
_setting("a database nobody here speaks", DATABASE_URL="mysql://localhost/sapa")
_setting("a secret that is too short", SAPA_SECRET="short")
_setting("a secret's file is not there", REDIS_URL_FILE="/nowhere/redis")
_setting("a secret is given twice", DATABASE_URL_FILE="/nowhere/database")

# --- the machine


@case("a time zone nobody knows", "zones")
def _(one: Ward) -> None:
    one.env["SAPA_TIMEZONE"] = "Asia/Melati"


@case("the data folder is a file", "files")
def _(one: Ward) -> None:
    (one.folder / "file").write_text("x")
    one.env["SAPA_VAR_DIR"] = str(one.folder / "file")


@case("the data folder is not there yet", "files", Level.WARN)
def _(one: Ward) -> None:
    one.env["SAPA_VAR_DIR"] = str(one.folder / "var")


@case("the data folder cannot be written", "files")
def _(one: Ward) -> None:
    one.env["SAPA_VAR_DIR"] = "/proc"  # where not even root may make a file


@case("others may read the secret", "files", Level.WARN)
def _(one: Ward) -> None:
    one.folder.chmod(0o755)
    (one.folder / "secret").write_text("0" * 64)
    (one.folder / "secret").chmod(0o644)
    one.database.chmod(0o600)


@case("the folder of the texts is not there", "texts")
def _(one: Ward) -> None:
    one.env["SAPA_CONTENT_DIR"] = str(one.folder / "content")


@case("a text is broken", "texts")
def _(one: Ward) -> None:
    (one.texts() / "dialog" / "bantuan.md").write_text("no head at all", encoding="utf-8")


@case("a text is not UTF-8", "texts")
def _(one: Ward) -> None:
    (one.texts() / "dialog" / "bantuan.md").write_bytes(b"\xff\xfe\x00")


@case("there is no model", "model")
def _(one: Ward) -> None:
    one.env["SAPA_MODEL_DIR"] = str(one.folder)


@case("the model is of other training files", "model")
def _(one: Ward) -> None:
    (one.folder / "sapa-000000000000.tar.gz").write_bytes(b"x")
    one.env["SAPA_MODEL_DIR"] = str(one.folder)


@case("the model is cut off", "model")
def _(one: Ward) -> None:
    wanted_model(one.folder).write_bytes(b"\x1f\x8b")
    one.env["SAPA_MODEL_DIR"] = str(one.folder)


# --- the database


@case("there is no database", "database")
def _(one: Ward) -> None:
    one.database.unlink()


@case("the database is another file", "database")
def _(one: Ward) -> None:
    one.database.write_bytes(b"this is no database " * 1000)


@case("the database is damaged", "database")
def _(one: Ward) -> None:
    # One page in the middle overwritten, as a dying disk does.
    with one.database.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xa5" * 4096)


@case("the tables were never made", "database")
def _(one: Ward) -> None:
    one.database.unlink()
    open_engine(one.env["DATABASE_URL"]).connect().close()


@case("the tables are of an older version", "database")
def _(one: Ward) -> None:
    one.sql("UPDATE alembic_version SET version_num = '0004'")


@case("the database may only be read", "database")
def _(one: Ward) -> None:
    one.env["DATABASE_URL"] = f"sqlite:///file:{one.database}?mode=ro&uri=true"


@case("PostgreSQL is not running", "database")
def _(one: Ward) -> None:
    one.env["DATABASE_URL"] = "postgresql://sapa@127.0.0.1:1/sapa"


@case("PostgreSQL's machine is not known", "database")
def _(one: Ward) -> None:
    one.env["DATABASE_URL"] = "postgresql://sapa@no-such-host.invalid/sapa"


@case("PostgreSQL does not answer", "database")
def _(one: Ward) -> None:
    one.env["DATABASE_URL"] = f"postgresql://sapa@127.0.0.1:{one.deaf()}/sapa?connect_timeout=2"


@case("PostgreSQL has no such database", "database", postgres=True)
def _(one: Ward) -> None:
    one.env["DATABASE_URL"] = re.sub(r"@/\w+", "@/no_such_database", one.env["DATABASE_URL"])


@case("PostgreSQL knows no such user", "database", postgres=True)
def _(one: Ward) -> None:
    one.env["DATABASE_URL"] = one.env["DATABASE_URL"].replace("sapa@", "nobody@")


@case("PostgreSQL is a standby, or may only be read", "database", postgres=True)
def _(one: Ward) -> None:
    one.env["DATABASE_URL"] += "&options=-c%20default_transaction_read_only%3Don"


@case("PostgreSQL may lose what it confirmed", "database", Level.WARN, postgres=True, says="synchronous_commit")
def _(one: Ward) -> None:
    one.env["DATABASE_URL"] += "&options=-c%20synchronous_commit%3Doff"


@case("Rasa's dialogues are damaged", "dialogues")
def _(one: Ward) -> None:
    (one.folder / "rasa.db").write_bytes(b"this is no database " * 1000)


@case("Redis is not running", "redis")
def _(one: Ward) -> None:
    one.env["REDIS_URL"] = "redis://127.0.0.1:1/0"


@case("Redis wants another password", "redis", needs="redis-server")
def _(one: Ward) -> None:
    one.env["REDIS_URL"] = f"redis://:wrong@127.0.0.1:{one.redis('right')}/0"


@case("the address of Redis is none", "redis")
def _(one: Ward) -> None:
    one.env["REDIS_URL"] = "127.0.0.1:6379"


@case("what listens there is no Redis", "redis")
def _(one: Ward) -> None:
    one.env["REDIS_URL"] = f"redis://127.0.0.1:{one.mute()}/0"


@case("the processes cannot start", "start")
def _(one: Ward) -> None:
    one.sql("UPDATE alembic_version SET version_num = '0004'")


@case("the keys of the data are gone", "start")
def _(one: Ward) -> None:
    one.sql("INSERT INTO data_key (id, since) VALUES ('0123abcd', '2026-01-01 00:00:00')")
    del one.env["SAPA_DATA_KEYS"]


@case("the keys of the data are other ones", "start")
def _(one: Ward) -> None:
    one.sql("INSERT INTO data_key (id, since) VALUES ('0123abcd', '2026-01-01 00:00:00')")


@case("the keys of the data are none", "start")
def _(one: Ward) -> None:
    one.env["SAPA_DATA_KEYS"] = "not-a-key"


@case("nothing was ever set up", "start", Level.WARN)
def _(one: Ward) -> None:
    one.database.unlink()


# --- the processes

_WELL = {
    "/health": (200, {"status": "ok"}),
    "/ready": (200, {"status": "ready"}),
    "/webhooks/sapa/": (200, {"status": "ok"}),
}


@case("the edge is not running", "edge", Level.WARN)
def _(one: Ward) -> None: ...


@case("another program has the edge's port", "edge")
def _(one: Ward) -> None:
    one.env["SAPA_PORT"] = str(one.mute())


@case("another web server has the edge's port", "edge")
def _(one: Ward) -> None:
    one.env["SAPA_PORT"] = str(one.stub({"/health": (200, {"status": "UP"})}).port)


@case("the edge cannot store messages", "edge")
def _(one: Ward) -> None:
    one.env["SAPA_PORT"] = str(one.stub(_WELL | {"/ready": (503, {})}).port)


@case("the simulator is open to the network", "edge")
def _(one: Ward) -> None:
    one.env |= {"SAPA_PORT": str(one.stub(_WELL).port), "SAPA_HOST": "0.0.0.0"}


@case("Rasa is not running", "rasa", Level.WARN)
def _(one: Ward) -> None: ...


@case("a Rasa without our channel", "rasa")
def _(one: Ward) -> None:
    one.env["SAPA_RASA_URL"] = one.stub({"/": (200, {})}).url


@case("another program has Rasa's port", "rasa")
def _(one: Ward) -> None:
    one.env["SAPA_RASA_PORT"] = str(one.mute())


@case("the action server is not running", "actions", Level.WARN)
def _(one: Ward) -> None: ...


@case("another server has the action server's port", "actions")
def _(one: Ward) -> None:
    one.env["SAPA_ACTIONS_URL"] = one.stub({"/": (200, {})}).url + "/webhook"


# --- how it runs


@case("nothing was ever started", "health", Level.WARN)
def _(one: Ward) -> None:
    one.backed_up()


@case("a process fell silent", "health")
def _(one: Ward) -> None:
    one.alive("worker")
    one.backed_up()


@case("sending is held", "health")
def _(one: Ward) -> None:
    one.alive()
    one.backed_up()
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    one.sql("INSERT INTO sending_hold (scope, code, since, probe_at) VALUES ('all', '20003', :now, :now)", now=now)


@case("plans wait for the clock", "health", Level.WARN)
def _(one: Ward) -> None:
    one.alive()
    one.backed_up()
    since = (datetime.now(UTC) - timedelta(minutes=10)).strftime("%Y-%m-%d %H:%M:%S.%f")
    one.sql("INSERT INTO household (id, created_at) VALUES ('h', :since)", since=since)
    one.sql("INSERT INTO dirty_household (household_id, since) VALUES ('h', :since)", since=since)


@case("no backup was ever made", "health", Level.WARN)
def _(one: Ward) -> None:
    one.alive()


@case("templates are not approved", "templates", Level.WARN)
def _(one: Ward) -> None:
    one.twilio()


@case("no prices", "prices", Level.WARN)
def _(one: Ward) -> None:
    one.twilio()
    del one.env["SAPA_PRICE_SMS"]


# --- Twilio


@case("Twilio was not asked", "twilio", Level.WARN)
def _(one: Ward) -> None:
    one.twilio()
    one.online = False


@case("Twilio cannot be reached", "twilio")
def _(one: Ward) -> None:
    one.twilio("http://127.0.0.1:1")


@case("a wrong token", "twilio")
def _(one: Ward) -> None:
    one.account(account=(401, {"code": 20003, "status": 401}))


@case("a wrong account", "twilio")
def _(one: Ward) -> None:
    one.account(account=(404, {"code": 20404, "status": 404}))


@case("Twilio has trouble of its own", "twilio")
def _(one: Ward) -> None:
    one.account(account=(503, {}))


@case("a suspended account", "twilio")
def _(one: Ward) -> None:
    one.account(account=(200, {"status": "suspended"}))


@case("a trial account", "twilio", Level.WARN)
def _(one: Ward) -> None:
    one.account(account=(200, {"status": "active", "type": "Trial"}))


@case("no money left", "twilio")
def _(one: Ward) -> None:
    one.account(balance=(200, {"balance": "-0.15", "currency": "USD"}))


@case("little money left", "twilio", Level.WARN)
def _(one: Ward) -> None:
    one.account(balance=(200, {"balance": "3.20", "currency": "USD"}))


@case("an unknown messaging service", "twilio")
def _(one: Ward) -> None:
    one.account(service=(404, {"code": 20404}))


@case("the SMS number is somebody else's", "twilio")
def _(one: Ward) -> None:
    one.account(numbers=(200, {"incoming_phone_numbers": []}))


@case("the WhatsApp number is somebody else's", "twilio")
def _(one: Ward) -> None:
    one.account(senders=(200, {"senders": []}))


@case("the WhatsApp sender is not online", "twilio")
def _(one: Ward) -> None:
    one.account(senders=(200, {"senders": [one.sender(status="OFFLINE")]}))


@case("what families write goes elsewhere", "twilio")
def _(one: Ward) -> None:
    one.account(senders=(200, {"senders": [one.sender(callback="https://old.example.org/bot")]}))


@case("WhatsApp's sandbox", "twilio", Level.WARN)
def _(one: Ward) -> None:
    one.account()
    one.env["TWILIO_WHATSAPP_FROM"] = "+14155238886"


@case("this machine's clock is wrong", "twilio")
def _(one: Ward) -> None:
    one.account(date=datetime.now(UTC) - timedelta(seconds=500))


# --- the public address


@case("nothing answers at the public address", "public")
def _(one: Ward) -> None:
    one.env["SAPA_PUBLIC_URL"] = "http://127.0.0.1:1"
    one.twilio()


@case("the public address has no valid certificate", "public")
def _(one: Ward) -> None:
    one.env["SAPA_PUBLIC_URL"] = one.secure()
    one.twilio()


@case("the public address leads elsewhere", "public")
def _(one: Ward) -> None:
    one.public({"/ready": (301, {})}, headers={"Location": "https://www.example.org/"})


@case("the public address is another site", "public")
def _(one: Ward) -> None:
    one.public({"/ready": (404, {})})


@case("the edge behind the public address cannot store", "public")
def _(one: Ward) -> None:
    one.public({"/ready": (503, {})})


@case("webhooks are not checked for their signature", "public")
def _(one: Ward) -> None:
    one.public({"POST /webhooks/twilio": (200, {})})


@case("the figures are open to everybody", "public")
def _(one: Ward) -> None:
    one.public({"/metrics": (200, {})})


# --- the cases, run


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


@pytest.fixture
def one(request: pytest.FixtureRequest, tmp_path: Path, new_file: Callable[[Path], str]) -> Iterator[Ward]:
    with ward(tmp_path, new_file(tmp_path / "sapa.db"), None) as made:
        yield made


def _of(report: Report, look: str) -> list[Result]:
    return [result for result in report.results if result.look == look]


_rows: list[str] = []


@pytest.mark.parametrize("broken", CASES, ids=lambda one: one.title)
def test_a_broken_installation_is_told_what_is_wrong_and_what_to_do(
    one: Ward, broken: Case, request: pytest.FixtureRequest
) -> None:
    if broken.needs and shutil.which(broken.needs) is None:
        pytest.skip(f"{broken.needs} is not installed")
    if broken.postgres:
        cluster = request.getfixturevalue("postgres")
        one.env["DATABASE_URL"] = cluster.new_database(cluster.migrated)
    broken.break_it(one)
    report = examine_installation(one.env, online=one.online, only=broken.look)
    found = [
        result for result in _of(report, broken.look) if result.level is broken.level and broken.says in result.what
    ]
    assert found, "\n".join(report.lines())
    assert max(result.level for result in _of(report, broken.look)) is broken.level
    told = found[0]
    assert told.todo and "\n" not in told.what + told.todo and len(told.what) < 250
    row = _row(broken, one.as_told(told.what), one.as_told(told.todo))
    _rows.append(row)
    assert WRITING or row in PAGE.read_text(encoding="utf-8"), f"{row}\nDOCTOR_PAGE=write writes the page anew"


def _row(broken: Case, what: str, todo: str) -> str:
    cells = (broken.title, f"`{broken.look}` {broken.level.name.lower()}", what, todo)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def test_the_page_lists_every_case_and_no_other() -> None:
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    listed, _, tail = rest.partition(END)
    if WRITING:
        table = "\n".join(["| What is broken | Check | It says | It advises |", "|---|---|---|---|", *_rows])
        PAGE.write_text(f"{head}{BEGIN}\n\n{table}\n\n{END}{tail}", encoding="utf-8")
        return
    titles = re.findall(r"^\| ((?!What is broken|---)[^|]+?) \|", listed, re.MULTILINE)
    assert titles == [broken.title for broken in CASES]


def test_at_least_one_case_breaks_each_look_that_can_be_broken_here() -> None:
    # Another Python and a full disk cannot be had in a test.
    assert {name for name, _ in LOOKS} - {broken.look for broken in CASES} == {"python", "disk"}


# --- what is well


def test_a_sound_installation_has_no_fault(one: Ward) -> None:
    running = one.stub(_WELL)
    one.env |= {"SAPA_PORT": str(running.port), "SAPA_RASA_URL": running.url}
    one.env["SAPA_ACTIONS_URL"] = f"{running.url}/webhook"
    one.alive()
    one.backed_up()
    report = examine_installation(one.env)
    assert [result for result in report.results if result.level is not Level.OK] == []
    assert {result.look for result in report.results} >= {"database", "edge", "rasa", "actions", "health", "model"}


def test_a_sound_provider_and_public_address_have_no_fault(one: Ward) -> None:
    one.public()
    one.account()
    report = examine_installation(one.env, online=True)
    assert [one_ for one_ in [*_of(report, "twilio"), *_of(report, "public")] if one_.level is not Level.OK] == []
    assert len(_of(report, "twilio")) >= 5


def test_looking_makes_neither_a_database_nor_keys(one: Ward) -> None:
    one.database.unlink()
    del one.env["SAPA_DATA_KEYS"]
    examine_installation(one.env)
    assert list(one.folder.iterdir()) == []


def test_looking_at_a_fresh_database_makes_no_keys_for_it(one: Ward) -> None:
    del one.env["SAPA_DATA_KEYS"]
    examine_installation(one.env)
    assert {file.name for file in one.folder.iterdir()} <= {"sapa.db", "sapa.db-wal", "sapa.db-shm"}


# --- no look stops another one


def _hang(_: Patient) -> Iterator[Result]:
    threading.Event().wait(30)
    yield ok("too late")


def _break(_: Patient) -> Iterator[Result]:
    yield ok("so far so good")
    raise RuntimeError("secret-token in the message")


def test_a_look_that_breaks_or_hangs_is_a_line_and_the_others_go_on(one: Ward) -> None:
    patient = Patient(load(one.env), one.env, patience_s=0.3)
    results = examine(patient, [("breaks", _break), ("hangs", _hang), ("well", lambda _: [ok("well")])])
    assert [(result.look, result.level) for result in results] == [
        ("breaks", Level.OK),
        ("breaks", Level.FAIL),
        ("hangs", Level.FAIL),
        ("well", Level.OK),
    ]
    assert "RuntimeError" in results[1].what and "secret-token" not in results[1].what


def test_no_line_shows_a_secret(one: Ward) -> None:
    one.account(account=(401, {"code": 20003}))
    one.env |= {
        "DATABASE_URL": "postgresql://sapa:hunter2-password@127.0.0.1:1/sapa",
        "REDIS_URL": "redis://:hunter2-password@127.0.0.1:1/0",
        "SAPA_SECRET": "hunter2-secret-" * 4,
    }
    told = json.dumps(examine_installation(one.env, online=True).as_json())
    assert "hunter2" not in told and one.env["TWILIO_AUTH_TOKEN"] not in told and SID not in told


# --- the command


def _doctor(one: Ward, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sapa.cli", "doctor", *arguments]
    return subprocess.run(command, cwd=ROOT, env=one.env, capture_output=True, text=True, timeout=120)


def test_the_command_ends_with_one_when_something_does_not_work_and_never_with_a_traceback(one: Ward) -> None:
    one.database.write_bytes(b"rubbish" * 1000)
    done = _doctor(one)
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert re.search(r"^fail database +the database does not answer", done.stdout, re.MULTILINE)
    assert re.search(r"^ +-> .+", done.stdout, re.MULTILINE)


def test_the_command_ends_with_nought_where_there_are_warnings_only(one: Ward) -> None:
    done = _doctor(one, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["level"]) == (0, "warn"), [one for one in told["checks"] if one["level"] == "fail"]
    assert {"check", "level", "what", "todo"} == set(told["checks"][0])
