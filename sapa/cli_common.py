"""What the longer commands share: a trouble is one line, a moment is read, staff is found by its number."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sapa.bootstrap import App
    from sapa.services.access import Staffer
    from sapa.services.ports import Tx


def fail(message: str) -> NoReturn:
    """Say what is wrong in one line and stop with exit code 1."""
    print(f"sapa: {message}", file=sys.stderr)
    raise SystemExit(1)


def running_app() -> App:
    """The configured application, or the one line that says why there is none."""
    # Imported here: `sapa --help` need not wait for a database library.
    from sapa.bootstrap import StartError, current_app

    try:
        return current_app()
    except StartError as error:
        fail(str(error))


def moment(given: str | None, clock: datetime) -> datetime:
    """What `--now` says, UTC where it has no offset; the clock without it."""
    if given is None:
        return clock
    try:
        read = datetime.fromisoformat(given)
    except ValueError:
        fail(f"--now {given!r} is not an ISO time")
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def staffer_behind(tx: Tx, phone: str) -> Staffer:
    """Who of the staff writes from this number."""
    from sapa.family.reading.seats import read_phone
    from sapa.messaging.states import Channel
    from sapa.services.access import staffer

    contact_id = tx.contact_id_for(Channel.WHATSAPP, read_phone(phone) or phone)
    who = staffer(tx, contact_id) if contact_id is not None else None
    if who is None:
        fail(f"{phone} is nobody of the staff; sapa staff enrol adds them")
    return who
