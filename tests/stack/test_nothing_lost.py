"""The promises of the running system: everything is answered once, whatever is killed and whatever is away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stacks import QUESTIONS, Stack, answers_by_message, phone_of, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.model]

PEOPLE = 40
EACH = 5


def test_200_messages_are_each_answered_once_though_worker_sender_and_rasa_are_killed(stack: Stack) -> None:
    stack.start()
    stack.wait_ready()
    sent: list[str] = []

    def write(person: int) -> None:
        for number, question in enumerate(QUESTIONS):
            sid = f"SM{person:016x}{number:016x}"
            assert stack.post(question, phone_of(person), sid).status_code == 200
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
    answers = answers_by_message(stack)
    assert {sid: answers.get(sid, 0) for sid in sent} == dict.fromkeys(sent, 1)


def test_with_rasa_away_messages_wait_and_stop_and_danger_do_not(stack: Stack) -> None:
    stack.start("edge", "actions", "worker", "sender", "clock")
    stack.wait_ready(rasa=False)
    for number in range(20):
        assert stack.post(QUESTIONS[number % EACH], phone_of(number % 4)).status_code == 200
    stack.post("bayi saya kejang", phone_of(2))
    stack.post("STOP", phone_of(3))
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
                mark=stack.ring.mark(phone_of(person)),
            )
        ]
        assert len(order) == 5 and order == sorted(order)
