"""The bare loop: threads that post ready-made forms and keep no books. `python -m bench.bare PORT THREADS MESSAGES`

The same library, connections and form as our gateway's, so that what lies between the two is our own work.
"""

from __future__ import annotations

import sys
import threading

from bench.crowd import TEXT, phone
from bench.machinery import ACCOUNT, SENDER_OF_BOT, TOKEN
from sapa.gateways.twilio_http import TwilioHttp


def main() -> None:
    """Post the messages and end."""
    port, threads, messages = (int(value) for value in sys.argv[1:4])
    http = TwilioHttp(base_url=f"http://127.0.0.1:{port}")
    url = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    forms = iter([_form(number) for number in range(messages)])
    taking = threading.Lock()

    def work() -> None:
        while True:
            with taking:
                form = next(forms, None)
            if form is None:
                return
            answer = http.request("POST", url, data=form, auth=(ACCOUNT, TOKEN))
            if answer.status_code != 201:
                raise RuntimeError(f"the stub answered {answer.status_code}")

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    # The benchmark looks after its processes: one that ends early is a fault, so this one waits to be stopped.
    threading.Event().wait()


def _form(number: int) -> dict[str, str]:
    return {
        "To": f"whatsapp:{phone(number)}",
        "From": f"whatsapp:{SENDER_OF_BOT}",
        "Body": TEXT,
        "StatusCallback": f"http://127.0.0.1:8000/webhooks/twilio/status?ref={number:036}",
    }


if __name__ == "__main__":
    main()
