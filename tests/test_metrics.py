"""What is counted: in files that outlive a kill, added up over processes, cheap, bounded and without a person in it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot import health_pages
from sapa import metrics, pulse
from sapa.bootstrap import App
from sapa.messaging.states import Kind
from sapa.services.health import PROCESSES, WAITS, Disk, Picture
from sapa.settings import ROOT
from tests.doctor_ward import Stub
from tests.services.test_health import well
from tests.support import settings_for

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Counting is a matter of the whole process: each test begins and ends without it."""
    metrics.stop()
    yield
    metrics.stop()


@pytest.fixture
def database_url(one_database: str) -> str:
    return one_database


def told(folder: Path, seen: Picture | None = None, disk: Disk | None = None) -> Figures:
    page = metrics.page(folder, seen, disk).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def figure(figures: Figures, name: str, **labels: str) -> float:
    return figures[(name, tuple(sorted(labels.items())))]


def test_counting_before_the_start_does_nothing_and_harms_nothing(tmp_path: Path) -> None:
    metrics.sent("sent", "reminder", 0.1)
    assert set(told(tmp_path)) == {("sapa_database_up", ())}


def test_every_stage_is_counted_and_timed(tmp_path: Path) -> None:
    assert metrics.setup("worker", tmp_path)
    metrics.webhook("inbound", 200, 0.002)
    metrics.webhook("inbound", 403, 0.001)
    metrics.triaged()
    metrics.turn("answered", 0.3)
    metrics.sent("sent", Kind.REMINDER.value, 0.1)
    metrics.sent("refused", Kind.REMINDER.value, 0.2)
    metrics.reminders({"queued": 3, "dropped": 1})
    metrics.tick("due", 0.02, True, 1_700_000_000.0)
    metrics.tick("due", 0.02, False, 1_700_000_009.0)
    metrics.trouble("worker", "_triage")
    metrics.statement("begin", 0.004)
    figures = told(tmp_path)
    assert figure(figures, "sapa_webhooks_total", webhook="inbound", status="200") == 1
    assert figure(figures, "sapa_webhooks_total", webhook="inbound", status="403") == 1
    assert figure(figures, "sapa_triaged_total") == 1
    assert figure(figures, "sapa_turns_total", result="answered") == 1
    assert figure(figures, "sapa_sends_total", outcome="refused", kind="reminder") == 1
    assert figure(figures, "sapa_reminders_total", fate="queued") == 3
    assert figure(figures, "sapa_ticks_total", job="due", result="failed") == 1
    # A tick that failed does not count as the last one.
    assert figure(figures, "sapa_tick_timestamp_seconds", job="due") == 1_700_000_000.0
    assert figure(figures, "sapa_troubles_total", process="worker", step="_triage") == 1
    assert figure(figures, "sapa_webhook_seconds_count", webhook="inbound") == 2
    assert figure(figures, "sapa_webhook_seconds_sum", webhook="inbound") == pytest.approx(0.003)
    # 0.002 s lies between 1 and 2.5 ms; buckets hold everything up to their bound.
    assert figure(figures, "sapa_webhook_seconds_bucket", webhook="inbound", le="0.001") == 1
    assert figure(figures, "sapa_webhook_seconds_bucket", webhook="inbound", le="0.0025") == 2
    assert figure(figures, "sapa_webhook_seconds_bucket", webhook="inbound", le="+Inf") == 2
    assert figure(figures, "sapa_turn_seconds_bucket", le="0.25") == 0
    assert figure(figures, "sapa_database_seconds_count", statement="begin") == 1


_CHILD = """
import sys, time
from pathlib import Path
from sapa import metrics
assert metrics.setup("worker", Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    metrics.triaged()
print("counted", flush=True)
time.sleep(60)
"""


def _child(folder: Path, number: int) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder), str(number)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None and started.stdout.readline() == "counted\n"
    return started


def test_two_processes_add_up_a_kill_loses_nothing_and_the_next_one_takes_over(tmp_path: Path) -> None:
    # 30 + 12 while both live; one is killed with -9 and its successor counts 5 more: 47, in the same two sets of files.
    one, two = _child(tmp_path, 30), _child(tmp_path, 12)
    try:
        assert figure(told(tmp_path), "sapa_triaged_total") == 42
        one.send_signal(signal.SIGKILL)
        one.wait()
        assert figure(told(tmp_path), "sapa_triaged_total") == 42
        three = _child(tmp_path, 5)
        three.kill()
        three.wait()
        assert figure(told(tmp_path), "sapa_triaged_total") == 47
        assert len(list(tmp_path.glob("counter_*.db"))) == 2
    finally:
        for process in (one, two):
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    "broken",
    [b"", b"\x07", b"\xff" * 256 * 1024, b"\x10\x00\x00\x00" + b"\xff" * 100],
    ids=["empty", "one byte", "rubbish", "cut off"],
)
def test_a_broken_file_is_passed_over_and_replaced_by_the_next_process(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "counter_worker-0.db").write_bytes(broken)
    assert ("sapa_triaged_total", ()) not in told(tmp_path)
    assert metrics.setup("worker", tmp_path)
    metrics.triaged()
    assert figure(told(tmp_path), "sapa_triaged_total") == 1


def test_where_no_file_can_be_made_the_work_goes_on_uncounted(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("a file where a folder should be")
    assert not metrics.setup("worker", tmp_path / "metrics")
    metrics.triaged()


def test_a_figure_that_cannot_be_kept_stops_nobody(tmp_path: Path) -> None:
    assert metrics.setup("worker", tmp_path)
    assert metrics._meters is not None
    metrics._meters.close()  # as if the files had gone
    metrics.sent("sent", "reminder", 0.1)
    metrics.tick("due", 0.1, True, 1.0)


def test_files_do_not_grow_whatever_is_counted(tmp_path: Path) -> None:
    assert metrics.setup("worker", tmp_path)
    for number in range(5000):
        metrics.trouble("worker", f"step-{number}")
    metrics.triaged()  # a full file takes no new labels, and says nothing of it
    assert {path.stat().st_size for path in tmp_path.glob("*.db")} == {256 * 1024}


def test_one_call_costs_less_than_twenty_microseconds(tmp_path: Path) -> None:
    assert metrics.setup("worker", tmp_path)
    costs = []
    for _ in range(30):
        began = time.perf_counter()
        for _ in range(200):
            metrics.sent("sent", "reminder", 0.02)
        costs.append((time.perf_counter() - began) / 200)
    # The quickest of many rounds: what the call costs, not what else this machine does.
    assert min(costs) < 20e-6, f"{min(costs) * 1e6:.1f} microseconds"


# --- what the database knows


def test_the_picture_is_told_as_figures(tmp_path: Path) -> None:
    figures = told(tmp_path, well(lately={"sent": 75, "failed": 25}), Disk(free=25, total=100))
    assert figure(figures, "sapa_database_up") == 1
    assert figure(figures, "sapa_disk_free_ratio") == 0.25
    assert figure(figures, "sapa_failed_ratio") == 0.25
    assert figure(figures, "sapa_templates", state="approved") == 5
    assert {name for name in WAITS if figure(figures, "sapa_queue_oldest_seconds", queue=name) == 0} == set(WAITS)
    assert {name for name in PROCESSES if figure(figures, "sapa_heartbeat_age_seconds", process=name) == 0} == set(
        PROCESSES
    )


def test_a_process_never_heard_of_is_endlessly_silent(tmp_path: Path) -> None:
    figures = told(tmp_path, well(heartbeats=()))
    assert figure(figures, "sapa_heartbeat_age_seconds", process="worker") == float("inf")
    assert figure(figures, "sapa_processes", process="worker") == 0


def test_a_backup_never_made_is_older_than_any_limit(tmp_path: Path) -> None:
    assert figure(told(tmp_path, well(backup_at=None)), "sapa_backup_timestamp_seconds") == 0


# --- the pages


def _client(app: App, base: str = "http://127.0.0.1:8000", address: str = "127.0.0.1") -> TestClient:
    return TestClient(Starlette(routes=health_pages.routes(app)), base_url=base, client=(address, 50000))


def test_a_program_on_this_machine_reads_metrics_that_prometheus_understands(app: App) -> None:
    answer = _client(app).get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"] == metrics.CONTENT_TYPE
    families = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"sapa_queue_oldest_seconds", "sapa_heartbeat_age_seconds", "sapa_database_up"} <= families


@pytest.mark.parametrize("path", ["/metrics", "/health/detail"])
@pytest.mark.parametrize(
    ("base", "address", "headers"),
    [
        ("http://127.0.0.1:8000", "10.0.0.7", {}),
        ("http://127.0.0.1:8000", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("http://127.0.0.1:8000", "127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("http://127.0.0.1:8000", "127.0.0.1", {"Via": "1.1 proxy"}),
        # A page of another site that had its name resolve to this machine.
        ("http://evil.example:8000", "127.0.0.1", {}),
    ],
)
def test_to_anybody_else_the_pages_do_not_exist(
    app: App, path: str, base: str, address: str, headers: dict[str, str]
) -> None:
    answer = _client(app, base, address).get(path, headers=headers)
    assert (answer.status_code, answer.text) == (404, "not found\n")


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer right-token", 200),
        ("bearer right-token", 200),
        ("Bearer wrong-token", 404),
        ("right-token", 404),
        ("Basic right-token", 404),
        ("", 404),
    ],
)
def test_with_a_token_only_the_token_counts(
    app: App, database_url: str, tmp_path: Path, authorization: str, status: int
) -> None:
    guarded = replace(app, settings=settings_for(database_url, tmp_path, SAPA_METRICS_TOKEN="right-token"))
    # From afar and through a proxy, and also from this very machine.
    for address in ("10.0.0.7", "127.0.0.1"):
        answer = _client(guarded, address=address).get("/metrics", headers={"Authorization": authorization})
        assert answer.status_code == status


def test_without_a_database_the_page_still_tells_what_is_left(app: App) -> None:
    metrics.setup("worker", app.settings.var_dir / "metrics")
    metrics.triaged()
    with app.store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE heartbeat")
    answer = _client(app).get("/metrics")
    assert answer.status_code == 200
    assert "sapa_database_up 0.0" in answer.text and "sapa_triaged_total 1.0" in answer.text
    assert _client(app).get("/health/detail").status_code == 503


def test_health_in_detail_is_json_with_what_to_do(app: App) -> None:
    answer = _client(app).get("/health/detail")
    assert answer.status_code == 503  # nothing runs in a test
    missing = next(one for one in answer.json()["findings"] if one["code"] == "process-missing")
    assert missing["level"] == "fail" and missing["todo"].startswith("start it")


def test_a_crowd_of_askers_is_one_look_at_the_database(app: App) -> None:
    pages = health_pages._Pages(app)
    first = pages._picture()
    assert first is not None and all(pages._picture() is first for _ in range(50))


def test_webhooks_are_counted_by_the_status_they_got_and_nothing_else_is(tmp_path: Path) -> None:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def answer(request: Request) -> Response:
        return Response(status_code=int(request.query_params["status"]))

    paths = ("/webhooks/twilio", "/webhooks/twilio/status", "/konsol/keluarga/anything")
    inner = Starlette(routes=[Route(path, answer, methods=["POST"]) for path in paths])
    assert metrics.setup("edge", tmp_path)
    client = TestClient(health_pages.Counted(inner), raise_server_exceptions=False)
    for path, status in ((paths[0], 200), (paths[0], 403), (paths[1], 200), (paths[2], 200)):
        client.post(f"{path}?status={status}")
    client.post(f"{paths[0]}?status=broken")
    counted = {dict(labels)["webhook"] + dict(labels)["status"]: value for (name, labels), value in told(tmp_path).items() if name == "sapa_webhooks_total"}  # fmt: skip  # noqa: E501
    assert counted == {"inbound200": 1, "inbound403": 1, "status200": 1, "inbound500": 1}


# --- what a person must never find there


def test_no_label_can_hold_a_person(app: App, receive: object) -> None:
    receive("tolong anak saya Aisyah kejang", "+6281234567890")  # type: ignore[operator]
    page = _client(app).get("/metrics").text
    assert not re.search(r"6281234567890|Aisyah|kejang|\+62", page)
    labels = {
        name for family in text_string_to_metric_families(page) for sample in family.samples for name in sample.labels
    }
    assert labels <= {"queue", "state", "kind", "process", "scope", "le", "webhook", "status", "result", "outcome", "job"} | {"fate", "step", "statement"}  # fmt: skip  # noqa: E501


# --- signs of life


def _names(app: App) -> set[str]:
    with app.store.transaction(write=False) as tx:
        return {one.name for one in tx.heartbeats()}


def test_a_process_is_seen_while_it_works_and_not_missed_after_it_ended(app: App) -> None:
    others = {("rasa", "127.0.0.1:5005"): {}}
    with pulse.observed(app, "worker", others=lambda: others, every_s=0.01):
        _eventually(lambda: _names(app) == {"worker", "rasa"})
    assert _names(app) == {"rasa"}  # whoever cannot speak for itself falls silent by itself


def test_a_loop_that_hangs_falls_silent(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    heart = pulse.Heart(app, "worker")
    pulse.moved("triage")
    assert heart.beat_once() and pulse.stuck() == []
    monkeypatch.setitem(pulse._moved, "triage", time.monotonic() - pulse.STUCK_S - 1)
    assert pulse.stuck() == ["triage"] and not heart.beat_once()


def test_a_process_that_does_not_answer_itself_falls_silent(app: App) -> None:
    assert not pulse.Heart(app, "edge", alive=lambda: False).beat_once()
    assert pulse.Heart(app, "edge", alive=lambda: True).beat_once()


def test_rasa_and_the_action_server_are_heard_of_through_whoever_talks_to_them(
    app: App, database_url: str, tmp_path: Path
) -> None:
    rasa, actions = Stub({"/webhooks/sapa/": (200, {})}), Stub({"/health": (200, {})})
    more = {"SAPA_RASA_URL": rasa.url, "SAPA_ACTIONS_URL": f"{actions.url}/webhook"}
    hear = pulse.rasa_and_actions(replace(app, settings=settings_for(database_url, tmp_path, **more)))
    assert [name for name, _ in hear()] == ["rasa", "actions"]
    rasa.shutdown()
    rasa.server_close()
    assert [name for name, _ in hear()] == ["actions"]
    actions.answers["/health"] = (500, {})
    assert hear() == {}
    actions.shutdown()
    actions.server_close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1", "https://no-such-host.invalid", "x"])
def test_without_a_certificate_there_is_no_end_of_it(url: str) -> None:
    assert pulse.certificate_until(url, 1.0) is None


def test_a_database_that_is_away_stops_no_heart(app: App) -> None:
    with app.store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE heartbeat")
    assert not pulse.Heart(app, "worker").beat_once()


def test_statements_are_timed_by_kind(app: App) -> None:
    with pulse.observed(app, "worker", every_s=60):
        with app.store.transaction() as tx:
            tx.set_setting("x", "y", app.clock.now())
            assert tx.setting("x") == "y"
        figures = told(app.settings.var_dir / "metrics")
    for kind in ("begin", "read", "write"):
        assert figure(figures, "sapa_database_seconds_count", statement=kind) >= 1


def _eventually(condition: object, patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.01)
    pytest.fail("waited in vain")
