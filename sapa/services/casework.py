"""Cases in the hands of humans, as the console, the kader's messages, triage and the clock use them.

The parts: case_actions (look, take, answer, hand over, remark, close), case_orders (the same by WhatsApp), case_replies
(the family writes while a human has the case), case_notices (who is told and reminded), case_rules (how soon and how
often).
"""

from sapa.services.access import NotAllowed
from sapa.services.case_actions import (
    answer,
    case_page,
    close,
    count_open_cases,
    hand_over,
    list_cases,
    remark,
    take,
)
from sapa.services.case_notices import next_moment, notify_due, remind_due
from sapa.services.case_orders import handle_message
from sapa.services.case_records import (
    AlreadyTaken,
    CaseClosed,
    CaseNote,
    CasePage,
    CaseSeen,
    NoBidan,
    NoSuchCase,
    NoteKind,
    Unfit,
)
from sapa.services.case_replies import act_on_human, tell_human

__all__ = [
    "AlreadyTaken",
    "CaseClosed",
    "CaseNote",
    "CasePage",
    "CaseSeen",
    "NoBidan",
    "NoSuchCase",
    "NotAllowed",
    "NoteKind",
    "Unfit",
    "act_on_human",
    "answer",
    "case_page",
    "close",
    "count_open_cases",
    "hand_over",
    "handle_message",
    "list_cases",
    "next_moment",
    "notify_due",
    "remark",
    "remind_due",
    "take",
    "tell_human",
]
