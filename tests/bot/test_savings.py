"""What is worked out once is what Rasa and scikit-learn would have worked out each time."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from jsonschema import ValidationError, validate
from rasa.core.actions.action import RemoteAction
from rasa.utils.endpoints import EndpointConfig
from sklearn.feature_extraction.text import TfidfVectorizer

from bot import savings

TEXTS = ["anak saya demam", "jadwal imunisasi anak", "menu mpasi 8 bulan", "demam tinggi dan kejang"]


@pytest.fixture(autouse=True)
def applied() -> None:
    savings.of_models()
    savings.of_rasa()


def test_the_weights_of_words_are_those_scikit_learn_adds_up() -> None:
    view = TfidfVectorizer().fit(TEXTS)
    diagonal = view._tfidf._idf_diag
    assert np.array_equal(view.idf_, np.ravel(diagonal.sum(axis=0)))
    assert view.idf_ is view.idf_  # not added up again


def test_weights_learnt_anew_are_not_mistaken_for_the_old_ones() -> None:
    view = TfidfVectorizer()
    first = view.fit(TEXTS).idf_
    second = view.fit([*TEXTS, "anak anak anak", "anak sehat"]).idf_
    assert len(first) != len(second) or not np.array_equal(first, second)


def test_where_nothing_was_learnt_scikit_learn_still_finds_that_out() -> None:
    with pytest.raises(Exception, match="not fitted"):
        TfidfVectorizer().transform(TEXTS)


def test_a_kept_model_holds_nothing_of_ours() -> None:
    view = TfidfVectorizer().fit(TEXTS)
    before = pickle.dumps(view)
    assert view.idf_ is not None
    assert pickle.dumps(view) == before


ANSWERS: list[Any] = [
    {"events": [{"event": "slot", "timestamp": None, "name": "journey", "value": None}], "responses": []},
    {"events": [], "responses": [{"custom": {"reply": "dialog/menu", "vars": {}}}]},
    {},
    {"events": "none"},
    {"events": [{"timestamp": 1}]},
    {"responses": ["halo"]},
    [],
]


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_answer_of_an_action_is_judged_as_rasa_judges_it(answer: Any) -> None:
    try:
        validate(answer, RemoteAction.action_response_format_spec())
        fits = True
    except ValidationError:
        fits = False
    action = RemoteAction("action_respond", None)
    if fits:
        assert action._validate_action_result(answer)
    else:
        with pytest.raises(ValidationError):
            action._validate_action_result(answer)


async def test_calls_of_actions_share_a_connection_and_survive_a_restart_of_the_action_server() -> None:
    async def answer(request: web.Request) -> web.Response:
        peers.append(request.transport.get_extra_info("peername") if request.transport else None)
        return web.json_response(await request.json())

    async def serve(port: int) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/webhook", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    peers: list[Any] = []
    first = await serve(0)
    port = first.addresses[0][1]
    endpoint = EndpointConfig(f"http://127.0.0.1:{port}/webhook")
    assert [await endpoint.request(json={"n": n}) for n in range(3)] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert len(set(peers)) == 1
    await first.cleanup()
    second = await serve(port)
    assert await endpoint.request(json={"n": 3}) == {"n": 3}
    await second.cleanup()
