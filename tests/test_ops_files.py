"""The files an installation is run with: they name what exists, agree with the code, and close what must be closed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from twilio.request_validator import RequestValidator

from sapa import metrics
from sapa.services import health
from sapa.services.health import PROCESSES, WAITS
from sapa.services.records import Hold
from sapa.settings import ROOT
from tests.services.test_health import NOW, WALL, Heartbeat, well
from tests.stacks import Stack, free_port, wait_until
from tests.test_repository import _settings_read as settings_read
from tools.build_alerts import PAGE, page, rules

OPS = ROOT / "ops"
UNITS = OPS / "systemd"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _modules() -> dict[str, str]:
    """Process and module, as the Procfile has them."""
    return dict(re.findall(r"^(\w+): python -m ([\w.]+)$", _read(ROOT / "Procfile"), re.MULTILINE))


# --- alerts


def _told() -> set[str]:
    """Every name a scrape can bring, from a system in which everything there is shows itself."""
    until = {"certificate_until": WALL.isoformat()}
    seen = well(
        heartbeats=(*well().heartbeats, Heartbeat("certificate", "host", WALL, 0.0, until)),
        holds=(Hold("all", "20003", NOW, NOW),),
    )
    page_ = metrics.page(Path("nowhere"), seen, health.Disk(1, 2)).decode()
    shown = {sample.name for family in text_string_to_metric_families(page_) for sample in family.samples}
    return shown | {f"{name}_total" for name in metrics.COUNTERS} | set(metrics.LATEST) | {"up"}


def test_every_alert_watches_something_that_is_there() -> None:
    for rule in rules():
        named = set(re.findall(r"\b(?:sapa_\w+|up)\b(?!\")", re.sub(r'"[^"]*"', '""', rule["expr"])))
        assert named and named <= _told(), rule["alert"]


def test_every_alert_says_how_urgent_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in ("urgent", "soon", "today"), rule["alert"]
        assert rule["annotations"]["summary"] and rule["annotations"]["todo"], rule["alert"]


def _limits() -> dict[str, tuple[float, str]]:
    """Line -> limit and severity, as the rules have them."""
    found = {}
    for rule in rules():
        told = re.fullmatch(r'sapa_queue_oldest_seconds\{queue=~?"([\w|]+)"\} > (\d+)', rule["expr"])
        for name in told[1].split("|") if told else ():
            found[name] = (float(told[2]), rule["labels"]["severity"])  # type: ignore[index]
    return found


def test_every_line_has_an_alert_with_the_limit_of_the_code_and_dangers_are_urgent() -> None:
    limits = _limits()
    assert {name: limit for name, (limit, _) in limits.items()} == {name: limit for name, (limit, _) in WAITS.items()}
    assert {name for name, (_, severity) in limits.items() if severity == "urgent"} == {
        name for name, (_, urgent) in WAITS.items() if urgent
    }


@pytest.mark.parametrize(
    ("alert", "limit"),
    [
        ("ProcessSilent", health.SILENT.total_seconds()),
        ("RasaSilent", health.SILENT.total_seconds()),
        ("ManyFail", health.FAILED_SHARE),
        ("DiskFull", health.DISK_FREE),
        ("ClocksDiffer", health.SKEW_S),
        ("BackupOld", health.BACKUP.total_seconds()),
        ("CertificateEnds", health.CERTIFICATE.total_seconds()),
    ],
)
def test_the_limits_of_alerts_are_those_of_the_health_command(alert: str, limit: float) -> None:
    (rule,) = (rule for rule in rules() if rule["alert"] == alert)
    assert float(re.split(r"[<>]", rule["expr"])[1]) == pytest.approx(limit)


def test_every_process_has_an_alert_when_it_falls_silent() -> None:
    watched = re.findall(r'sapa_heartbeat_age_seconds\{process=~"([\w|]+)"', "\n".join(one["expr"] for one in rules()))
    assert {name for names in watched for name in names.split("|")} == set(PROCESSES)


def test_the_table_of_alerts_in_the_page_is_that_of_the_rules() -> None:
    assert page(_read(PAGE)) == _read(PAGE), "run tools/build_alerts.py"
    assert all(f"| {rule['alert']} |" in _read(PAGE) for rule in rules())


def test_the_page_explains_every_metric_and_every_line() -> None:
    text = _read(PAGE)
    names = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in _told()} - {"up"}
    assert [name for name in sorted(names | set(metrics.HISTOGRAMS)) if name not in text] == []
    assert [name for name in WAITS if f"`{name}`" not in text] == []


def test_prometheus_understands_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    for command in (("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml")):
        done = subprocess.run([promtool, *command], cwd=OPS, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


# --- systemd


def _units() -> list[Path]:
    return sorted(path for path in UNITS.iterdir() if path.is_file())


def test_every_process_has_a_unit_that_starts_its_module_and_comes_back() -> None:
    for name, module in _modules().items():
        unit = _read(UNITS / f"sapa-{name}.service")
        assert re.search(rf"^ExecStart=/opt/sapa/\.venv/bin/python -m {re.escape(module)}$", unit, re.MULTILINE)
        assert "Restart=always" in unit and "StartLimitIntervalSec=0" in unit and "PartOf=sapa.target" in unit
        assert f"sapa-{name}.service" in _read(UNITS / "sapa.target")


@pytest.fixture
def unit_root(tmp_path: Path) -> Path:
    """A root with our units, systemd's own, and empty programs at the paths the units name."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed: its units cannot be verified")
    own = next((path for path in (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system")) if path.is_dir()), None)
    if own is None:
        pytest.skip("systemd's own units are not here")
    shutil.copytree(own, tmp_path / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(UNITS, tmp_path / "etc/systemd/system")
    for program in ("opt/sapa/.venv/bin/python", "bin/sh", "usr/bin/find"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    return tmp_path


def _complaints(root: Path) -> list[str]:
    names = [path.name for path in _units()]
    done = subprocess.run(
        ["systemd-analyze", "verify", f"--root={root}", *names], capture_output=True, text=True, timeout=120
    )
    return [line for line in (done.stdout + done.stderr).splitlines() if "sapa" in line]


def test_systemd_finds_nothing_wrong_with_the_units(unit_root: Path) -> None:
    assert _complaints(unit_root) == []


@pytest.mark.parametrize(
    ("unit", "line"),
    [
        ("sapa-edge.service", "ProtectSystem=strictly"),
        ("sapa-edge.service", "ExecStart=/opt/sapa/.venv/bin/no-such-program"),
        ("sapa-backup.timer", "OnCalendar=every night"),
    ],
)
def test_systemd_would_notice_a_mistake(unit_root: Path, unit: str, line: str) -> None:
    file = unit_root / "etc/systemd/system" / unit
    section = "[Timer]" if unit.endswith("timer") else "[Service]"
    file.write_text(_read(file).replace(section, f"{section}\n{line}"))
    assert _complaints(unit_root) != []


@pytest.mark.parametrize("name", ["edge", "actions", "rasa", "worker", "sender", "clock", "backup", "prepare"])
def test_systemd_calls_every_unit_well_closed(unit_root: Path, name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--root={unit_root}", f"sapa-{name}.service"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    level = re.search(r"exposure level for \S+: (\d+\.\d)", done.stdout)
    assert level is not None, done.stdout + done.stderr
    # 0 is closed, 10 is open; an ordinary service without any protection gets 9.6.
    assert float(level[1]) < 2.0


def test_secrets_come_as_credentials_that_the_settings_look_for() -> None:
    common = _read(UNITS / "sapa-.service.d" / "common.conf")
    credentials = re.findall(r"^LoadCredential=(\w+):/etc/sapa/credentials/(\w+)$", common, re.MULTILINE)
    assert credentials and all(name == file for name, file in credentials)
    assert {name for name, _ in credentials} <= settings_read()
    for path in [*_units(), UNITS / "sapa-.service.d" / "common.conf"]:
        assert not re.search(r"^Environment=.*(TOKEN|SECRET|KEYS|PASSWORD)", _read(path), re.MULTILINE), path.name


# --- containers: there is no engine here, so they are read


def _containerfile() -> list[list[str]]:
    text = re.sub(r"\\\n", " ", _read(OPS / "Containerfile"))
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_everything_that_is_copied_into_the_image_exists() -> None:
    copied = [step[1:-1] for step in _containerfile() if step[0] == "COPY" and not step[1].startswith("--from")]
    sources = [source for step in copied for source in step]
    assert sources and [source for source in sources if not (ROOT / source).exists()] == []
    # Every package of ours, and what the processes read at run time.
    packages = {"sapa", "bot", "actions", "scheduler", "web"}
    assert packages | {"content", "config.yml", "domain.yml", "endpoints.yml", "credentials.yml"} <= set(sources)
    # Never the whole folder: .env, var/ and keys would go with it.
    assert not {".", "./", "var", ".env", ".git"} & set(sources)


def test_the_image_runs_as_nobody_in_particular_and_holds_no_secret() -> None:
    steps = _containerfile()
    last_stage = steps[max(place for place, step in enumerate(steps) if step[0] == "FROM") :]
    assert [step[1] for step in last_stage if step[0] == "USER"][-1] == "10001"
    assert [step for step in last_stage if step[0] == "RUN" and "pip" in step] == []
    assert not re.search(r"(TOKEN|SECRET|KEYS|PASSWORD)=", _read(OPS / "Containerfile"))


def test_the_image_has_the_python_and_the_uv_of_the_makefile() -> None:
    text = _read(OPS / "Containerfile")
    version = re.search(r"^UV_VERSION := (\S+)$", _read(ROOT / "Makefile"), re.MULTILINE)
    assert version is not None and f'"uv=={version[1]}"' in text
    assert set(re.findall(r"^FROM \S+/python:(\d\.\d+)", text, re.MULTILINE)) == {"3.11"}


def _compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(_read(OPS / "compose.yml"))
    return read


def test_compose_starts_every_process_of_the_procfile() -> None:
    services = _compose()["services"]
    assert {name: services[name]["command"] for name in _modules()} == {
        name: ["python", "-m", module] for name, module in _modules().items()
    }


def test_only_the_proxy_has_ports_and_rasa_has_no_address() -> None:
    services = _compose()["services"]
    assert {name for name, service in services.items() if service.get("ports")} == {"caddy"}
    for name in ("rasa", "actions", "worker", "sender", "clock"):
        assert services[name]["network_mode"] == "service:edge" and "networks" not in services[name]
    networks = _compose()["networks"]
    for name in ("postgres", "redis"):
        assert all(networks[one]["internal"] for one in services[name]["networks"])


def test_the_processes_in_containers_may_do_little_and_get_their_secrets_as_files() -> None:
    composed = _compose()
    for name in _modules():
        service = composed["services"][name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        for setting, value in service["environment"].items():
            if setting.endswith("_FILE"):
                assert value == f"/run/secrets/{setting.removesuffix('_FILE')}"
                assert setting.removesuffix("_FILE") in settings_read()
                assert setting.removesuffix("_FILE") in service["secrets"]
            else:
                assert setting in settings_read() and setting == "REDIS_URL"
    assert all(secret["file"] == f"secrets/{name}" for name, secret in composed["secrets"].items())


# --- the proxy: a real one before the real edge

_PUBLIC = "https://sapa.example.org"
_TOKEN = "1234567890" * 3 + "12"


class Behind:
    """A real edge with a real Caddy in front of it."""

    def __init__(self, url: str, stack: Stack) -> None:
        self.url, self.stack = url, stack

    def post(self, path: str, form: dict[str, str], signed: str | None = None) -> httpx.Response:
        headers = {"X-Twilio-Signature": signed} if signed else {}
        return httpx.post(self.url + path, data=form, headers=headers, timeout=20.0)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Behind]:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("caddy is not installed")
    folder = tmp_path_factory.mktemp("behind")
    shutil.copyfile(migrated_file, folder / "sapa.db")
    stack = Stack(
        folder,
        f"sqlite:///{folder / 'sapa.db'}",
        SAPA_GATEWAY="twilio",
        SAPA_PUBLIC_URL=_PUBLIC,
        TWILIO_ACCOUNT_SID="AC" + "0" * 32,
        TWILIO_AUTH_TOKEN=_TOKEN,
        TWILIO_WHATSAPP_FROM="+628110000000",
    )
    port = free_port()
    # The same file; only the address is one of this machine, without TLS.
    config = folder / "Caddyfile"
    config.write_text(_read(OPS / "Caddyfile").replace("\n{\n", "\n{\n\tadmin off\n", 1))
    proxy = subprocess.Popen(
        [caddy, "run", "--config", str(config), "--adapter", "caddyfile"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SITE_ADDRESS": f"http://127.0.0.1:{port}",
            "SITE_UPSTREAM": f"127.0.0.1:{stack.port}",
        },
        stdout=subprocess.DEVNULL,
        stderr=(folder / "caddy.log").open("wb"),
        start_new_session=True,
    )
    try:
        stack.start("edge")
        stack.wait_ready(rasa=False)
        yield Behind(f"http://127.0.0.1:{port}", stack)
    finally:
        os.killpg(proxy.pid, signal.SIGKILL)
        proxy.wait()
        stack.stop()


def _message() -> dict[str, str]:
    return {
        "MessageSid": "SM" + uuid.uuid4().hex,
        "AccountSid": "AC" + "0" * 32,
        "From": "whatsapp:+6281200000001",
        "To": "whatsapp:+628110000000",
        "Body": "",
        "NumMedia": "0",
        "WaId": "6281200000001",
    }


def test_caddy_understands_its_file() -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("caddy is not installed")
    command = [caddy, "validate", "--config", str(OPS / "Caddyfile"), "--adapter", "caddyfile"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("query", ["", "?a=b%20c&d=%2F", "?x=1+2"])
def test_a_signed_message_comes_through_the_proxy_as_it_was_signed(behind: Behind, query: str) -> None:
    path, form = f"/webhooks/twilio{query}", _message()
    signature = RequestValidator(_TOKEN).compute_signature(_PUBLIC + path, form)
    assert behind.post(path, form, signature).status_code == 200
    stored = behind.stack.scalar(
        "SELECT count(*) FROM inbound_message WHERE provider_sid = :sid", sid=form["MessageSid"]
    )
    assert stored == 1


def test_an_unsigned_message_is_refused_through_the_proxy_too(behind: Behind) -> None:
    assert behind.post("/webhooks/twilio", _message()).status_code == 403
    assert behind.post("/webhooks/twilio", _message(), "wrong").status_code == 403


@pytest.mark.parametrize("path", ["/ready", "/konsol/masuk"])
def test_what_somebody_outside_needs_is_there(behind: Behind, path: str) -> None:
    assert httpx.get(behind.url + path, follow_redirects=True).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/metrics", "/metrics/", "//metrics", "/%6detrics", "/konsol/../metrics", "/konsol/%2e%2e/metrics"),
        *("/health", "/health/detail", "/webhooks/sapa/", "/webhooks/sapa/turn", "/model/parse", "/conversations"),
    ],
)
def test_what_nobody_outside_needs_is_not(behind: Behind, path: str) -> None:
    # Past the tidying of paths that a client does.
    request = httpx.Request("GET", behind.url, extensions={"target": path.encode()})
    with httpx.Client() as client:
        answer = client.send(request)
    assert answer.status_code in (400, 403, 404) and "sapa_" not in answer.text


def test_the_figures_are_there_for_this_machine_and_pretending_to_be_it_does_not_help(behind: Behind) -> None:
    assert "sapa_database_up 1.0" in httpx.get(f"{behind.stack.url}/metrics").text
    forwarded = {"X-Forwarded-For": "127.0.0.1"}
    assert httpx.get(f"{behind.stack.url}/metrics", headers=forwarded).status_code == 404


def test_a_body_that_is_too_long_is_refused_before_it_is_all_there(behind: Behind) -> None:
    form = {**_message(), "Body": "x" * 70_000}
    signature = RequestValidator(_TOKEN).compute_signature(_PUBLIC + "/webhooks/twilio", form)
    # The edge hangs up in the middle of the body; a proxy that still writes sees that, or the answer, first.
    assert behind.post("/webhooks/twilio", form, signature).status_code in (413, 502)
    sid = form["MessageSid"]
    assert behind.stack.scalar("SELECT count(*) FROM inbound_message WHERE provider_sid = :sid", sid=sid) == 0


def test_webhooks_wait_for_an_edge_that_is_starting_again(behind: Behind) -> None:
    form = _message()
    signature = RequestValidator(_TOKEN).compute_signature(_PUBLIC + "/webhooks/twilio", form)
    behind.stack.kill("edge")
    behind.stack.start("edge")
    # Nobody listens yet: the proxy holds the request instead of failing it. Three tries, as Twilio makes with rc=3; on
    # a machine with time to spare the first one is answered.
    began = time.monotonic()
    answers = []
    while len(answers) < 3 and 200 not in answers:
        answers.append(behind.post("/webhooks/twilio", form, signature).status_code)
    assert answers[-1] == 200, answers
    assert time.monotonic() - began > 0.5
    wait_until(lambda: behind.stack._answers(f"{behind.stack.url}/ready"), "the edge")


def test_the_log_of_the_proxy_holds_no_signature_and_no_address_of_a_person(behind: Behind) -> None:
    httpx.get(f"{behind.url}/konsol/keluarga?q=Aisyah", headers={"Cookie": "sapa=secret-cookie"})
    behind.post("/webhooks/twilio", _message(), "secret-signature")
    wait_until(lambda: "/konsol/keluarga" in _read(behind.stack.folder / "caddy.log"), "the line in the log", 10.0)
    log = _read(behind.stack.folder / "caddy.log")
    assert not re.search(r"secret-|Aisyah|remote_ip", log)


def test_a_process_shows_itself_to_the_edge_while_it_lives(behind: Behind) -> None:
    """The real edge beats, and a clock beside it too; the edge's page adds both up."""
    behind.stack.start("clock")

    def heard() -> bool:
        page_ = httpx.get(f"{behind.stack.url}/metrics").text
        return bool(re.search(r'sapa_processes\{process="clock"\} 1\.0', page_)) and "sapa_ticks_total" in page_

    try:
        wait_until(heard, "the clock's sign of life and its ticks", 40.0)
    finally:
        behind.stack.kill("clock")
    assert re.search(r'sapa_processes\{process="edge"\} [12]\.0', httpx.get(f"{behind.stack.url}/metrics").text)
