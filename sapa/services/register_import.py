"""Reading a posyandu's register: first what would become of every row, then the writing.

Nothing is lost and nothing is guessed. A row with a fault is left out as a whole and can be handed back with its
reason. What a family told us itself is never overwritten: where the register says something else, that is shown to a
human. Ids follow from who somebody is, so that the same file read again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sapa.messaging.states import Channel
from sapa.services.access import NotAllowed, Staffer
from sapa.services.deps import Deps
from sapa.services.ports import Tx
from sapa.services.register_fates import (
    Change,
    Fate,
    FillChild,
    Join,
    RowFate,
    SetAddress,
    SetDose,
    SetPregnancy,
    SetWeighing,
)
from sapa.services.register_planning import MOTHER, SOURCE, Planner
from sapa.services.register_reading import Finding, columns_of

__all__ = ["Fate", "ImportPlan", "ImportResult", "RowFate", "apply_import", "plan_import", "reasons", "rows_to_mend"]

CONSENT_TEXT = "dialog/persetujuan/lewat-kader"
REASON_TEXT = "kader/register/alasan"
REASON_COLUMN = "alasan"
ROWS_AT_ONCE = 200
_NEEDED = ("mother", "consent")


@dataclass(frozen=True)
class ImportPlan:
    """What would become of a file. ignored: headers nobody reads; missing: names of columns that are needed."""

    fates: tuple[RowFate, ...]
    header: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each fate, besides rows with warnings and with something that differs."""
        counted = Counter(fate.fate.value for fate in self.fates)
        found = {fate.value: counted[fate.value] for fate in Fate}
        found["warning"] = sum(bool(fate.warnings) for fate in self.fates)
        found["differs"] = sum(bool(fate.differs) for fate in self.fates)
        return found


@dataclass(frozen=True)
class ImportResult:
    """What was written: rows by fate, and how many single records were new."""

    counts: Mapping[str, int]
    written: int


# -------------------------------------------------------------------------------------------------------- the two steps


def plan_import(
    deps: Deps, tx: Tx, who: Staffer, rows: Sequence[Mapping[str, str]], now: datetime, *, first_row: int = 2
) -> ImportPlan:
    """What would become of each row of a register; nothing is written. now: aware.

    rows: cells as text under the file's own headers. first_row: the line at which rows[0] stands. Raises NotAllowed for
    somebody who sees no families by name.
    """
    if not who.by_name:
        raise NotAllowed("registers hold names: a kader or a bidan reads them in")
    header = tuple(dict.fromkeys(name for row in rows for name in row))
    columns = columns_of(header)
    wording = deps.content.render(CONSENT_TEXT, Channel.WHATSAPP.value, now.date()).text
    planner = Planner(tx, who, columns, wording, now)
    fates = planner.all(rows, first_row)
    missing = [name for name in _NEEDED if name not in columns.by_name]
    if "child" not in columns.by_name and not {"lmp", "edd"} & set(columns.by_name):
        missing.append("child")
    return ImportPlan(tuple(fates), header, tuple(rows), columns.ignored, tuple(missing))


def apply_import(
    deps: Deps,
    who: Staffer,
    plan: ImportPlan,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Write what a plan says, 200 rows a transaction; progress(done, total) after each.

    Stopped anywhere it can be begun again from the file: what is written is found to be the same.
    """
    todo = [fate for fate in plan.fates if fate.new or fate.edits]
    written = 0
    for start in range(0, len(todo), ROWS_AT_ONCE):
        some = todo[start : start + ROWS_AT_ONCE]
        with deps.store.transaction() as tx:
            written += tx.add_rows(row for fate in some for row in fate.new)
            for fate in some:
                for change in fate.edits:
                    _edit(tx, change, now)
            tx.audit("register_rows_written", None, {"rows": len(some)}, now, actor_id=who.contact_id)
        if progress is not None:
            progress(min(start + ROWS_AT_ONCE, len(todo)), len(todo))
    with deps.store.transaction() as tx:
        tx.audit("register_imported", None, plan.counts, now, actor_id=who.contact_id)
    return ImportResult(plan.counts, written)


def rows_to_mend(deps: Deps, plan: ImportPlan, today: date) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """Header and rows of the faulty rows, with the reasons in a last column: to be mended and read in again."""
    header = (*(name for name in plan.header if name.casefold() != REASON_COLUMN), REASON_COLUMN)
    first = plan.fates[0].number if plan.fates else 0
    faulty = [fate for fate in plan.fates if fate.fate is Fate.FAULT]
    return header, [
        {**plan.rows[fate.number - first], REASON_COLUMN: " ".join(reasons(deps, fate.faults, today))}
        for fate in faulty
    ]


def reasons(deps: Deps, findings: Iterable[Finding], today: date) -> list[str]:
    """Findings in the words of the person who reads the file: what is wrong and what to do."""
    return [
        " ".join(
            deps.content.render(
                REASON_TEXT,
                Channel.WHATSAPP.value,
                today,
                code=found.code,
                column=found.column,
                value=found.value,
                other=found.other,
            ).text.split()
        )
        for found in findings
    ]


def _edit(tx: Tx, change: Change, now: datetime) -> None:
    match change:
        case FillChild(child_id, values):
            tx.fill_child(child_id, values)
        case SetDose(child_id, dose, given_on):
            tx.record_dose(child_id, dose, given_on, now)
        case SetWeighing(child_id, weighing):
            tx.save_measurement(child_id, weighing, SOURCE, now)
        case SetAddress(household_id, address):
            tx.set_household_address(household_id, address)
        case SetPregnancy(household_id, record):
            tx.save_pregnancy(household_id, record.pregnancy, now)
        case Join(contact_id, household_id, name):
            tx.set_contact_household(contact_id, household_id, MOTHER, name)
