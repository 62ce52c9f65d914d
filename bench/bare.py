"""The bare loop: threads that post ready-made forms and keep no books.

`python -m bench.bare CLIENT PORT THREADS MESSAGES`. The client `ours` is our gateway's, so that what lies between the
loop and the sender is our own book-keeping; `requests` is the library the provider's SDK brings, one session a thread.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import requests

from bench.crowd import TEXT, phone
from bench.machinery import ACCOUNT, SENDER_OF_BOT, TOKEN
from sapa.gateways.twilio_http import TwilioHttp


def main() -> None:
    """Post the messages and end."""
    client = sys.argv[1]
    port, threads, messages = (int(value) for value in sys.argv[2:5])
    connect = CLIENTS[client](f"http://127.0.0.1:{port}")
    forms = iter([_form(number) for number in range(messages)])
    taking = threading.Lock()

    def work() -> None:
        post = connect()
        while True:
            with taking:
                form = next(forms, None)
            if form is None:
                return
            status = post(form)
            if status != 201:
                raise RuntimeError(f"the stub answered {status}")

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # The benchmark looks after its processes: one that ends early is a fault, so this one waits to be stopped.
    threading.Event().wait()


Post = Callable[[dict[str, str]], int]
_PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


def _ours(base_url: str) -> Callable[[], Post]:
    http = TwilioHttp(base_url=base_url)

    def post(form: dict[str, str]) -> int:
        url = f"https://api.twilio.com{_PATH}"
        return int(http.request("POST", url, data=form, auth=(ACCOUNT, TOKEN)).status_code)

    return lambda: post


def _requests(base_url: str) -> Callable[[], Post]:
    def connect() -> Post:
        session = requests.Session()
        session.trust_env = False
        return lambda form: int(
            session.post(base_url + _PATH, data=form, auth=(ACCOUNT, TOKEN), timeout=30).status_code
        )

    return connect


CLIENTS: dict[str, Callable[[str], Callable[[], Post]]] = {"ours": _ours, "requests": _requests}


def _form(number: int) -> dict[str, str]:
    return {
        "To": f"whatsapp:{phone(number)}",
        "From": f"whatsapp:{SENDER_OF_BOT}",
        "Body": TEXT,
        "StatusCallback": f"http://127.0.0.1:8000/webhooks/twilio/status?ref={number:036}",
    }


if __name__ == "__main__":
    main()
