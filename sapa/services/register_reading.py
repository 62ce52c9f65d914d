"""Reading the rows of a posyandu register: who is meant, and what each cell says.

Ids follow from who somebody is, so that the same family written down twice (typed by a kader, read in from a file) is
one family.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from sapa.family.calendar import add_months, age_in_months
from sapa.family.immunization import Reason, forecast, needs_special_care
from sapa.family.people import Child, Measurement, Pregnancy, Sex, VaccineProfile
from sapa.family.pregnancy import DateProblem, from_edd, from_lmp
from sapa.family.reading.register import (
    DOSE,
    UNKNOWN_DOSE,
    column_named,
    is_broken,
    is_empty,
    is_formula,
    is_tick,
    read_birth_weight,
    read_consent,
    read_day,
    read_number,
    read_number_of,
    read_sex,
    read_weight,
    read_yes,
)
from sapa.messaging.text import fold, words

# What stands before a woman's name in a register and is no part of it.
_TITLES = words("ibu bu ny nyonya nona nn sdri mama mbak")


def name_key(name: str) -> str:
    """A name as it is compared: small letters, single blanks, no dots, no titles ("Ny. SITI  A." -> "siti a").

    A name that is nothing but a title stays as it is.
    """
    parts = fold(name)
    while len(parts) > 1 and parts[0] in _TITLES:
        parts = parts[1:]
    return " ".join(parts)


def household_key(posyandu_id: str, child_name: str, born: date | None, mother_name: str) -> str:
    """The id of a household that staff write down: of its first child, posyandu and mother.

    A pregnant woman without a child: child_name "" and born her due date (HPL).
    """
    day = born.isoformat() if born else ""
    who = f"{posyandu_id}:{name_key(child_name)}:{day}:{name_key(mother_name)}"
    return str(uuid5(NAMESPACE_URL, f"household:{who}"))


def mother_key(household_id: str) -> str:
    """The id of the contact that stands for the mother of a household that staff write down."""
    return str(uuid5(NAMESPACE_URL, f"mother:{household_id}"))


def child_key(household_id: str, name: str, born: date) -> str:
    """The id of a child: the same as where its family registers it (sapa.services.registration)."""
    return str(uuid5(NAMESPACE_URL, f"child:{household_id}:{name.casefold()}:{born.isoformat()}"))


def pregnancy_key(household_id: str, lmp: date) -> str:
    """The id of a pregnancy: the same as where the woman tells of it (sapa.services.journeys.pregnancy)."""
    return str(uuid5(NAMESPACE_URL, f"pregnancy:{household_id}:{lmp.isoformat()}"))


# --------------------------------------------------------------------------------------------------------- one row

#: The longest a cell may be: a name, where to walk to, anything else.
MAX_NAME, MAX_ADDRESS, MAX_CELL = 60, 160, 200
# Guards against slips of the pen, no judgement of health: beyond these nothing that is born alive is written down.
_BIRTH_GRAMS, _BIRTH_WEEKS = range(400, 7001), range(22, 45)
_FOLLOWED_YEARS = 5
_STANDING_FROM_MONTHS = 24  # lying before, standing after: WHO's tables


@dataclass(frozen=True)
class Finding:
    """Something about one cell: a code, the header it stands under ("" for the row), and what stands there."""

    code: str
    column: str = ""
    value: str = ""
    other: str = ""  # what it does not agree with: another row's number, what is on record


@dataclass(frozen=True)
class Columns:
    """Which header of a file holds what. doses: by dose id; unknown_doses: vaccines we do not know."""

    by_name: Mapping[str, str]
    doses: Mapping[str, str]
    unknown_doses: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """The header of what is called `name`; the name itself where the file has no such column."""
        return self.by_name.get(name, name)


@dataclass(frozen=True)
class RegisterRow:
    """One row as it was understood. consent: yes or no; None: nothing is said of it."""

    posyandu: str = ""
    village: str = ""
    mother: str = ""
    phone: str | None = None
    address: str | None = None
    consent: bool | None = None
    consent_on: date | None = None
    child: str = ""
    born: date | None = None
    sex: Sex | None = None
    birth_weight_g: int | None = None
    birth_weeks: int | None = None
    has_book: bool | None = None
    doses: Mapping[str, date] = field(default_factory=dict)
    reported: frozenset[str] = frozenset()
    weighing: Measurement | None = None
    pregnancy: Pregnancy | None = None


def columns_of(headers: Iterable[str]) -> Columns:
    """What the columns of a file hold. Of two columns for the same thing the first counts."""
    by_name: dict[str, str] = {}
    doses: dict[str, str] = {}
    unknown: list[str] = []
    ignored: list[str] = []
    for header in headers:
        name = column_named(header)
        if name is None or (name in by_name and name != "skip"):
            ignored.append(header)
        elif name == UNKNOWN_DOSE:
            unknown.append(header)
        elif name.startswith(DOSE):
            doses.setdefault(name.removeprefix(DOSE), header)
        else:
            by_name[name] = header
    by_name.pop("skip", None)
    return Columns(by_name, doses, tuple(unknown), tuple(ignored))


def is_blank(row: Mapping[str, str]) -> bool:
    """Whether nothing stands in a row."""
    return not any(cell.strip() for cell in row.values())


def read_register_row(
    row: Mapping[str, str], columns: Columns, today: date
) -> tuple[RegisterRow, list[Finding], list[Finding]]:
    """One row, what is wrong with it, and what is worth a look. With a fault nothing of the row may be written."""
    return _RowReader(row, columns, today).read()


class _RowReader:
    def __init__(self, row: Mapping[str, str], columns: Columns, today: date) -> None:
        self._row, self._columns, self._today = row, columns, today
        self.faults: list[Finding] = []
        self.warnings: list[Finding] = []

    def read(self) -> tuple[RegisterRow, list[Finding], list[Finding]]:
        self._look_for_broken_cells()
        child, mother = self._name("child"), self._name("mother")
        pregnancy = self._pregnancy()
        if not mother:
            self._fault("mother_missing", "mother")
        if not child and is_empty(self._cell("lmp")) and is_empty(self._cell("edd")):
            self._fault("name_missing", "child")
        consent, consent_on = self._consent()
        found = RegisterRow(
            posyandu=self._cell("posyandu"),
            village=self._cell("village"),
            mother=mother,
            phone=self._phone(),
            address=None if is_empty(self._cell("address")) else " ".join(self._cell("address").split()),
            consent=consent,
            consent_on=consent_on,
            pregnancy=pregnancy,
        )
        if child:
            found = self._child(found, child)
        return found, self.faults, self.warnings

    # --- cells

    def _cell(self, name: str) -> str:
        return self._row.get(self._columns.header(name), "").strip()

    def _fault(self, code: str, name: str, other: str = "") -> None:
        self._note(self.faults, code, self._columns.header(name), other)

    def _note(self, into: list[Finding], code: str, header: str, other: str = "") -> None:
        value = " ".join(self._row.get(header, "").split())[:MAX_NAME]
        if not any(one.column == header for one in into if header):
            into.append(Finding(code, header, value, other))

    def _look_for_broken_cells(self) -> None:
        longest = {self._columns.header("address"): MAX_ADDRESS}
        longest |= {self._columns.header(name): MAX_NAME for name in ("child", "mother")}
        for header, cell in self._row.items():
            if is_formula(cell):
                self._note(self.faults, "formula", header)
            elif is_broken(cell):
                self._note(self.faults, "encoding", header)
            elif len(" ".join(cell.split())) > longest.get(header, MAX_CELL):
                self._note(self.faults, "too_long", header)

    def _name(self, name: str) -> str:
        cell = " ".join(self._cell(name).split()).strip(" .,;-")
        return cell if any(character.isalpha() for character in cell) else ""

    def _phone(self) -> str | None:
        cell = self._cell("phone")
        if is_empty(cell):
            return None
        found = read_number_of(cell)
        if found is None:
            self._fault("phone_unreadable", "phone")
        return found

    def _day(self, name: str, *, ahead: bool = False) -> date | None:
        """The day in a cell; a fault "born_future", "measured_on_unreadable" ... for one that cannot be."""
        cell = read_day(self._cell(name), self._today, ahead=ahead)
        if cell.problem in (None, "empty"):
            return cell.value
        self._fault(f"{name}_{cell.problem}", name)
        return None

    def _consent(self) -> tuple[bool | None, date | None]:
        said, day = read_consent(self._cell("consent"), self._today)
        on = day.value if day.problem is None else self._day("consent_on")
        if not said:
            self._fault("no_consent", "consent")
        elif day.problem == "future":
            self._fault("consent_on_future", "consent")
        elif day.problem in ("unreadable", "impossible"):
            self._fault("consent_on_unreadable", "consent")
        return said, on

    # --- the child

    def _child(self, found: RegisterRow, name: str) -> RegisterRow:
        born = self._born()
        sex = read_sex(self._cell("sex"))
        if sex is None:
            if is_empty(self._cell("sex")):
                self._note(self.warnings, "sex_missing", self._columns.header("sex"))
            else:
                self._fault("sex_unknown", "sex")
        weight, weeks = self._birth_weight(), self._birth_weeks()
        doses, reported = self._doses(born)
        child = Child(name, born or self._today, sex, birth_weight_g=weight, birth_weeks=weeks)
        if needs_special_care(child):
            self._note(self.warnings, "small_baby", "")
        return replace(
            found,
            child=name,
            born=born,
            sex=sex,
            birth_weight_g=weight,
            birth_weeks=weeks,
            has_book=read_yes(self._cell("book")),
            doses=doses,
            reported=reported,
            weighing=self._weighing(born),
        )

    def _born(self) -> date | None:
        born = self._day("born")
        if born is None:
            if is_empty(self._cell("born")):
                self._fault("born_missing", "born")
        elif born < add_months(self._today, -12 * _FOLLOWED_YEARS):
            self._fault("born_too_old", "born")
            return None
        return born

    def _birth_weight(self) -> int | None:
        cell = self._cell("birth_weight")
        if is_empty(cell):
            return None
        grams = read_birth_weight(cell)
        if grams is None:
            self._fault("birth_weight_unreadable", "birth_weight")
        elif grams not in _BIRTH_GRAMS:
            self._fault("birth_weight_implausible", "birth_weight")
        return grams

    def _birth_weeks(self) -> int | None:
        cell = self._cell("birth_weeks")
        if is_empty(cell):
            return None
        weeks = read_number(cell)
        if weeks is None or int(weeks) not in _BIRTH_WEEKS:
            self._fault("birth_weeks_implausible", "birth_weeks")
            return None
        return int(weeks)

    def _doses(self, born: date | None) -> tuple[dict[str, date], frozenset[str]]:
        for header in self._columns.unknown_doses:
            if not is_empty(self._row.get(header, "")):
                self._note(self.faults, "dose_unknown", header)
        given: dict[str, date] = {}
        reported: set[str] = set()
        for dose, header in self._columns.doses.items():
            cell = self._row.get(header, "")
            day = read_day(cell, self._today)
            if day.problem == "empty":
                continue
            if day.value is None and is_tick(cell):
                reported.add(dose)
                self._note(self.warnings, "dose_without_day", header)
            elif day.problem is not None:
                self._note(self.faults, f"dose_{day.problem}", header)
            elif day.value is not None and born is not None and day.value < born:
                self._note(self.faults, "dose_before_birth", header, born.isoformat())
            elif day.value is not None:
                given[dose] = day.value
        if born is not None:
            self._judge_doses(born, given)
        return given, frozenset(reported)

    def _judge_doses(self, born: date, given: Mapping[str, date]) -> None:
        """A dose not after the one before it is a slip; one given early is a matter for a health worker."""
        if not given:
            return
        child = Child("", born, doses=given)
        for one in forecast(child, self._today, profile=VaccineProfile.PENTAVALEN, je_region=True, province=None):
            if one.dose not in given or one.reason is None:
                continue
            header = self._columns.doses[one.dose]
            if one.reason is Reason.GIVEN_OUT_OF_ORDER:
                self._note(self.faults, "dose_out_of_order", header)
            else:
                self._note(self.warnings, "dose_early", header)

    def _weighing(self, born: date | None) -> Measurement | None:
        weight = self._amount("weight", read_weight)
        length = self._amount("length", read_number)
        day = self._day("measured_on")
        if weight is None and length is None:
            return None
        if day is None:
            if is_empty(self._cell("measured_on")):
                self._fault("measured_on_missing", "measured_on")
            return None
        if born is not None and day < born:
            self._fault("measured_on_before_birth", "measured_on", born.isoformat())
        standing = born is not None and age_in_months(min(born, day), day) >= _STANDING_FROM_MONTHS
        return Measurement(day, weight, length, "" if length is None else "H" if standing else "L")

    def _amount(self, name: str, read: Callable[[str], float | None]) -> float | None:
        cell = self._cell(name)
        if is_empty(cell):
            return None
        amount = read(cell)
        if amount is None:
            self._fault(f"{name}_unreadable", name)
        return amount

    # --- the pregnancy

    def _pregnancy(self) -> Pregnancy | None:
        lmp, edd = self._day("lmp"), self._day("edd", ahead=True)
        found: Pregnancy | DateProblem | None = None
        if edd is not None:
            found = from_edd(edd, self._today)
        if lmp is not None:
            # The first day of the last period is what the due date was made of.
            found = from_lmp(lmp, self._today)
        if isinstance(found, DateProblem):
            self._fault(f"pregnancy_{found.value}", "lmp" if lmp is not None else "edd")
            return None
        return found
