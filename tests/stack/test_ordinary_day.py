"""The promises of the running system on an ordinary day: each message answered once, in order, and kept secret."""

from __future__ import annotations

import pytest

from tests.stacks import QUESTIONS, Stack, answers_by_message, phone_of, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.model]


def test_the_logs_of_every_process_hold_no_number_and_no_words(running: Stack) -> None:
    number, words = phone_of(77), "daftarkan anak saya Kornelia perempuan lahir 3 mei 2026 posyandu melati"
    for text in (words, "setuju", "benar", "rahimku nyeri sekali semalam", "STOP"):
        running.post(text, number)
        wait_until(running.settled, "the answer")
    logs = {path.name: path.read_text("utf-8", "replace") for path in running.folder.glob("*.log")}
    assert set(logs) >= {f"{name}.log" for name in running.running}
    for name, log in logs.items():
        for secret in (number, number[1:], "Kornelia", "rahimku", "daftarkan anak"):
            assert secret not in log, name


def test_answers_come_in_the_order_of_the_questions(running: Stack) -> None:
    before = running.scalar("SELECT max(seq) FROM inbound_message")
    for question in QUESTIONS:
        running.post(question, phone_of(1))
    wait_until(running.settled, "every message answered")
    order = running.rows(
        "SELECT i.seq FROM sim_message s JOIN outbox o ON o.id = s.outbox_id"
        " JOIN inbound_message i ON i.id = o.in_reply_to WHERE i.seq > :before ORDER BY s.seq",
        before=before,
    )
    assert order == sorted(order) and len(order) == len(QUESTIONS)


def test_the_same_post_twice_is_answered_once_and_a_forged_one_is_refused(running: Stack) -> None:
    before = running.scalar("SELECT count(*) FROM inbound_message")
    sid = "SM" + "a" * 32
    both = [running.post("apa itu stunting", phone_of(2), sid) for _ in range(2)]
    forged = running.post("apa itu stunting", phone_of(2), "SM" + "b" * 32, token="not-the-token")
    assert [answer.status_code for answer in both] == [200, 200] and forged.status_code == 403
    wait_until(running.settled, "the answer")
    assert answers_by_message(running)[sid] == 1
    assert running.scalar("SELECT count(*) FROM inbound_message") == before + 1
