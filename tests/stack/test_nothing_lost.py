"""The promises of the running system: everything is answered once, whatever is killed and whatever is away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stacks import Stack, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.model]

PEOPLE = 40
EACH = 5
QUESTIONS = ("apa itu stunting", "menu mpasi 8 bulan", "halo", "efek samping imunisasi", "asi saya sedikit")


def _person(number: int) -> str:
    return f"+62812000{number:05}"


def _answers_by_message(stack: Stack) -> dict[str, int]:
    """How many messages the phones really got for each message they sent (counted at the provider, not by us)."""
    rows = stack.rows(
        "SELECT i.provider_sid, count(s.seq) FROM inbound_message i"
        " JOIN outbox o ON o.in_reply_to = i.id JOIN sim_message s ON s.outbox_id = o.id"
        " WHERE s.direction = 'out' GROUP BY i.provider_sid"
    )
    return {str(sid): int(str(count)) for sid, count in rows}


def test_200_messages_are_each_answered_once_though_worker_sender_and_rasa_are_killed(stack: Stack) -> None:
    stack.start()
    stack.wait_ready()
    sent: list[str] = []

    def write(person: int) -> None:
        for number, question in enumerate(QUESTIONS):
            sid = f"SM{person:016x}{number:016x}"
            assert stack.post(question, _person(person), sid).status_code == 200
            sent.append(sid)

    writing = ThreadPoolExecutor(4)
    jobs = [writing.submit(write, person) for person in range(PEOPLE)]
    answered = "SELECT count(*) FROM inbound_message WHERE state = 'answered'"
    victims = ("worker", "sender", "rasa", "worker", "actions", "sender")
    for share, victim in zip((0.1, 0.2, 0.35, 0.5, 0.6, 0.75), victims, strict=True):
        wait_until(lambda share=share: stack.scalar(answered) >= share * PEOPLE * EACH, f"{share:.0%} answered")
        stack.kill(victim)
        stack.start(victim)
    for job in jobs:
        job.result()
    wait_until(stack.settled, "every message answered", 240)

    assert len(sent) == PEOPLE * EACH == 200
    answers = _answers_by_message(stack)
    assert {sid: answers.get(sid, 0) for sid in sent} == dict.fromkeys(sent, 1)


def test_the_logs_of_every_process_hold_no_number_and_no_words(stack: Stack) -> None:
    stack.start()
    stack.wait_ready()
    person, words = _person(77), "daftarkan anak saya Kornelia perempuan lahir 3 mei 2026 posyandu melati"
    for text in (words, "setuju", "benar", "rahimku nyeri sekali semalam", "STOP"):
        stack.post(text, person)
        wait_until(stack.settled, "the answer")
    logs = {path.name: path.read_text("utf-8", "replace") for path in stack.folder.glob("*.log")}
    assert set(logs) >= {f"{name}.log" for name in stack.running}
    for name, log in logs.items():
        for secret in (person, person[1:], "Kornelia", "rahimku", "daftarkan anak"):
            assert secret not in log, name


def test_answers_come_in_the_order_of_the_questions(stack: Stack) -> None:
    stack.start()
    stack.wait_ready()
    for question in QUESTIONS:
        stack.post(question, _person(1))
    wait_until(stack.settled, "every message answered")
    order = stack.rows(
        "SELECT i.seq FROM sim_message s JOIN outbox o ON o.id = s.outbox_id"
        " JOIN inbound_message i ON i.id = o.in_reply_to ORDER BY s.seq"
    )
    assert order == sorted(order) and len(order) == len(QUESTIONS)


def test_with_rasa_away_messages_wait_and_stop_and_danger_do_not(stack: Stack) -> None:
    stack.start("edge", "actions", "worker", "sender", "clock")
    stack.wait_ready(rasa=False)
    for number in range(20):
        assert stack.post(QUESTIONS[number % EACH], _person(number % 4)).status_code == 200
    stack.post("bayi saya kejang", _person(2))
    stack.post("STOP", _person(3))
    urgent = "SELECT count(*) FROM sim_message WHERE content_id LIKE 'bahaya/%' OR content_id = 'dialog/berhenti'"
    wait_until(lambda: stack.scalar(urgent) == 2, "the emergency and the stop, answered without Rasa")
    assert stack.scalar("SELECT count(*) FROM inbound_message WHERE state = 'answered'") == 2

    stack.start("rasa")
    stack.wait_rasa()
    wait_until(stack.settled, "the twenty that waited")
    for person in range(4):
        order = [
            seq
            for (seq,) in stack.rows(
                "SELECT i.seq FROM sim_message s JOIN outbox o ON o.id = s.outbox_id"
                " JOIN inbound_message i ON i.id = o.in_reply_to"
                " JOIN address a ON a.id = i.address_id WHERE a.value_mark = :mark AND s.content_id NOT LIKE 'bahaya/%'"
                " AND s.content_id <> 'dialog/berhenti' ORDER BY s.seq",
                mark=stack.ring.mark(_person(person)),
            )
        ]
        assert len(order) == 5 and order == sorted(order)


def test_the_same_post_twice_is_answered_once_and_a_forged_one_is_refused(stack: Stack) -> None:
    stack.start()
    stack.wait_ready()
    sid = "SM" + "a" * 32
    both = [stack.post("apa itu stunting", _person(1), sid) for _ in range(2)]
    forged = stack.post("apa itu stunting", _person(1), "SM" + "b" * 32, token="not-the-token")
    assert [answer.status_code for answer in both] == [200, 200] and forged.status_code == 403
    wait_until(stack.settled, "the answer")
    assert _answers_by_message(stack) == {sid: 1}
    assert stack.scalar("SELECT count(*) FROM inbound_message") == 1
