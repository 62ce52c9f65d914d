"""Works out what would become of each row of a register, beside who is known already and the rows before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from sapa.family.growth import Doubt, doubts_about
from sapa.family.people import Child, Measurement
from sapa.messaging.states import Channel
from sapa.services import places
from sapa.services.access import Staffer
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow
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
from sapa.services.register_reading import (
    Columns,
    Finding,
    RegisterRow,
    child_key,
    household_key,
    is_blank,
    mother_key,
    name_key,
    pregnancy_key,
    read_register_row,
)
from sapa.services.register_records import (
    AddressNew,
    ChildNew,
    ChildRecord,
    ConsentNew,
    ContactNew,
    DirtyNew,
    DoseNew,
    DoseReportedNew,
    FamilyRecord,
    HouseholdNew,
    MeasurementNew,
    NewRow,
    PregnancyNew,
    PregnancyRecord,
)

# Who wrote a weighing down: what stands in a register is the kader's, what a family typed is "chat".
SOURCE = "kader"
MOTHER = "ibu"
_CHAT = "chat"
_SAME_PREGNANCY_DAYS = 60  # our own: two datings this close are the same pregnancy


# --------------------------------------------------------------------------------------------------------- who is known


@dataclass
class _Home:
    """A household as it stands after the rows read so far. mothers: names (keys) of those who follow it."""

    id: str
    posyandu_id: str
    contact_id: str
    mothers: set[str]
    phones: set[str]
    address: str | None = None
    own: bool = False  # somebody of it wrote to us: what it told wins
    agreed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    children: list[ChildRecord] = field(default_factory=list)
    pregnancies: list[PregnancyRecord] = field(default_factory=list)

    def child(self, key: str, born: date | None = None) -> ChildRecord | None:
        """The child of a name, and of a birthday where one is asked for."""
        return next(
            (one for one in self.children if name_key(one.child.name) == key and born in (None, one.child.birth_date)),
            None,
        )


def _home_of(record: FamilyRecord) -> _Home:
    mother = next((one for one in record.members if one.relation == MOTHER), None) or next(iter(record.members), None)
    said = [(purpose, yes) for member in record.members for purpose, yes in member.consents.items()]
    return _Home(
        id=record.household_id,
        posyandu_id=record.posyandu_id or "",
        contact_id=mother.contact_id if mother else mother_key(record.household_id),
        mothers={name_key(member.name) for member in record.members if member.name},
        phones={phone for member in record.members for phone in member.phones},
        address=record.address,
        own=record.speaks_for_itself,
        agreed={purpose for purpose, yes in said if yes},
        refused={purpose for purpose, yes in said if not yes},
        children=list(record.children),
        pregnancies=list(record.pregnancies),
    )


class _Village:
    """Who is known in the posyandu of whoever reads the file in, rows already read included."""

    def __init__(self, tx: Tx, posyandu_ids: Iterable[str]) -> None:
        self._by_id: dict[str, _Home] = {}
        self._by_mother: dict[tuple[str, str], list[_Home]] = defaultdict(list)
        self._by_child: dict[tuple[str, str, date], list[_Home]] = defaultdict(list)
        for record in tx.family_records(posyandu_ids=sorted(posyandu_ids)):
            self.add(_home_of(record))

    def add(self, home: _Home) -> None:
        self._by_id[home.id] = home
        for mother in home.mothers:
            self._by_mother[home.posyandu_id, mother].append(home)
        for record in home.children:
            self._by_child[home.posyandu_id, name_key(record.child.name), record.child.birth_date].append(home)

    def home(self, household_id: str | None) -> _Home | None:
        return self._by_id.get(household_id or "")

    def of_mother(self, posyandu_id: str, mother: str) -> list[_Home]:
        return self._by_mother.get((posyandu_id, mother), [])

    def without_names(self, posyandu_id: str, child: str, born: date) -> bool:
        """Whether a family nobody knows the names of has such a child: it may be this one."""
        return any(not home.mothers for home in self._by_child.get((posyandu_id, child, born), []))


class _Fault(Exception):
    """The row cannot be imported."""

    def __init__(self, code: str, name: str, other: str = "") -> None:
        super().__init__(code)
        self.code, self.name, self.other = code, name, other


# ------------------------------------------------------------------------------------------------------------ planning


class Planner:
    """Works out the fate of each row in turn; later rows know the earlier ones. wording: what was agreed to."""

    def __init__(self, tx: Tx, who: Staffer, columns: Columns, wording: str, now: datetime) -> None:
        self._columns, self._who, self._now = columns, who, now
        self._places = tx.list_posyandu()
        self._mine = [row for row in self._places if row.id in who.by_name]
        self._village = _Village(tx, who.by_name)
        self._staff = {row.contact_id for row in tx.all_staff()}
        self._tx = tx
        self._owners: dict[str, tuple[str, str | None]] = {}
        self._elsewhere: set[str] = set()
        self._seen: dict[tuple[Any, ...], tuple[int, RegisterRow]] = {}
        self._wording = wording
        self._zones: dict[str, ZoneInfo] = {}

    def all(self, rows: Sequence[Mapping[str, str]], first_row: int) -> list[RowFate]:
        read = [self._read(row) for row in rows]
        phones = {found.phone for found, _, _ in read if found is not None and found.phone}
        self._owners = self._tx.phone_owners(phones)
        self._elsewhere = self._known_elsewhere(row for row, faults, _ in read if row is not None and not faults)
        return [self._fate(first_row + number, *row) for number, row in enumerate(read)]

    def _known_elsewhere(self, rows: Iterable[RegisterRow]) -> set[str]:
        """Households this register made once that are not of the reader's posyandu any more: they moved, or left.

        What they said since is theirs and their new posyandu's; an old file must not speak for them.
        """
        made = {key for row in rows if (key := self._key(row)) is not None and self._village.home(key) is None}
        return {row.household_id for row in self._tx.family_records(household_ids=sorted(made))} if made else set()

    def _key(self, row: RegisterRow) -> str | None:
        try:
            place = self._place(row)
        except _Fault:
            return None
        return household_key(place.id, row.child, _day_of(row), row.mother)

    def _read(self, row: Mapping[str, str]) -> tuple[RegisterRow | None, list[Finding], list[Finding]]:
        if is_blank(row):
            return None, [], []
        place = self._place_or_none(row)
        return read_register_row(row, self._columns, self._today(place))

    def _today(self, place: PosyanduRow | None) -> date:
        place = place or self._mine[0]
        if place.timezone not in self._zones:
            self._zones[place.timezone] = ZoneInfo(place.timezone)
        return self._now.astimezone(self._zones[place.timezone]).date()

    def _fate(self, number: int, row: RegisterRow | None, faults: list[Finding], warnings: list[Finding]) -> RowFate:
        if row is None:
            return RowFate(number, Fate.EMPTY)
        if not faults:
            try:
                return self._settled(number, row, warnings)
            except _Fault as fault:
                faults = [Finding(fault.code, self._columns.header(fault.name), _shown(row, fault.name), fault.other)]
        return RowFate(number, Fate.FAULT, tuple(faults), tuple(warnings))

    def _settled(self, number: int, row: RegisterRow, warnings: list[Finding]) -> RowFate:
        place = self._place(row)
        self._refuse_repeated(number, place, row)
        home, fresh = self._home(place, row)
        work = _Work(self._columns, home, fresh, row, self._who, self._wording, self._now, self._today(place))
        work.family(self._owners)
        if row.child:
            work.child()
        if row.pregnancy is not None:
            work.pregnancy()
        # Only now: a row that fails half way must leave no trace in what later rows are compared with.
        self._remember(number, place, row, home, fresh, work)
        return work.fate(number, tuple(warnings))

    def _remember(
        self, number: int, place: PosyanduRow, row: RegisterRow, home: _Home, fresh: bool, work: _Work
    ) -> None:
        self._seen[_identity(place, row)] = (number, row)
        home.children.extend(work.children)
        home.pregnancies.extend(work.pregnancies)
        home.agreed |= work.agreed
        home.address = row.address or home.address
        if row.phone:
            home.phones.add(row.phone)
            self._owners.setdefault(row.phone, (home.contact_id, home.id))
            if self._owners[row.phone][1] is None:
                self._owners[row.phone] = (self._owners[row.phone][0], home.id)
        if fresh:
            self._village.add(home)

    # --- the posyandu

    def _place_or_none(self, row: Mapping[str, str]) -> PosyanduRow | None:
        name = row.get(self._columns.header("posyandu"), "").strip()
        found = places.find(self._places, name, row.get(self._columns.header("village"), "").strip()) if name else []
        return found[0] if len(found) == 1 else None

    def _place(self, row: RegisterRow) -> PosyanduRow:
        """The posyandu of a row, which must be one of the reader's own. A file without the column: their only one."""
        if not row.posyandu:
            if len(self._mine) == 1:
                return self._mine[0]
            raise _Fault("posyandu_missing", "posyandu")
        found = places.find(self._places, row.posyandu, row.village)
        if not found:
            raise _Fault("posyandu_unknown", "posyandu")
        own = [place for place in found if place.id in self._who.by_name]
        if not own:
            raise _Fault("posyandu_not_mine", "posyandu")
        if len(own) > 1:
            raise _Fault("posyandu_ambiguous", "posyandu")
        return own[0]

    def _refuse_repeated(self, number: int, place: PosyanduRow, row: RegisterRow) -> None:
        before = self._seen.get(_identity(place, row))
        if before is not None:
            line, known = before
            raise _Fault("duplicate_row" if known == row else "same_child_twice", "child", str(line))

    # --- the family

    def _home(self, place: PosyanduRow, row: RegisterRow) -> tuple[_Home, bool]:
        """The household of a row, and whether it is a new one. Raises _Fault where it may be somebody else's."""
        by_phone = self._home_of_phone(place, row)
        if by_phone is not None:
            return by_phone, False
        mother = name_key(row.mother)
        theirs = self._village.of_mother(place.id, mother)
        known = self._home_with(row, theirs)
        if known is not None:
            return known, False
        if row.child and row.born and self._village.without_names(place.id, name_key(row.child), row.born):
            raise _Fault("maybe_known", "child")
        sibling = next((home for home in theirs if _is_same_family(home, row)), None)
        if sibling is not None:
            return sibling, False
        household_id = household_key(place.id, row.child, _day_of(row), row.mother)
        if household_id in self._elsewhere or self._village.home(household_id) is not None:
            raise _Fault("maybe_known", "child")
        owner = self._owners.get(row.phone or "")
        contact_id = owner[0] if owner is not None else mother_key(household_id)
        return _Home(household_id, place.id, contact_id, {mother}, set()), True

    def _home_of_phone(self, place: PosyanduRow, row: RegisterRow) -> _Home | None:
        owner = self._owners.get(row.phone or "")
        if owner is None:
            return None
        contact_id, household_id = owner
        if contact_id in self._staff and household_id is None:
            raise _Fault("phone_of_staff", "phone")
        if household_id is None:
            return None
        home = self._village.home(household_id)
        if home is None or home.posyandu_id != place.id or not _is_theirs(home, row):
            raise _Fault("phone_taken", "phone")
        return home

    def _home_with(self, row: RegisterRow, theirs: Sequence[_Home]) -> _Home | None:
        """The mother's household that has this child or pregnancy already: on the same day, or with another date."""
        if not row.child:
            return next((home for home in theirs if _same_pregnancy(home, row) and _may_share(home, row)), None)
        key = name_key(row.child)
        exact = next((home for home in theirs if home.child(key, row.born)), None)
        return exact or next((home for home in theirs if home.child(key) and _may_share(home, row)), None)


def _day_of(row: RegisterRow) -> date | None:
    """The day a new household of this row is known by: the child's birth, or the due date."""
    return row.born if row.child else row.pregnancy.edd if row.pregnancy else None


def _identity(place: PosyanduRow, row: RegisterRow) -> tuple[Any, ...]:
    if row.child:
        return (place.id, name_key(row.child), row.born, name_key(row.mother))
    edd = row.pregnancy.edd if row.pregnancy else None
    return (place.id, "", edd, name_key(row.mother), row.phone)


def _shown(row: RegisterRow, name: str) -> str:
    """What stands in the cell of a fault."""
    values = {"posyandu": row.posyandu, "phone": row.phone, "child": row.child or row.mother}
    return str(values.get(name) or "")


def _is_theirs(home: _Home, row: RegisterRow) -> bool:
    """Whether a number's household is the one of the row: by the mother's name, or by the child if no name is known."""
    if name_key(row.mother) in home.mothers:
        return True
    key = name_key(row.child) if row.child else ""
    if key and home.child(key, row.born):
        return True
    return not home.mothers and (bool(key and home.child(key)) or not row.child)


def _may_share(home: _Home, row: RegisterRow) -> bool:
    """Nothing speaks against it that this is the same woman: not two different numbers."""
    return not (row.phone and home.phones and row.phone not in home.phones)


def _is_same_family(home: _Home, row: RegisterRow) -> bool:
    """Whether a mother of the same name is the same woman: twins, the same address, or the same number."""
    if not _may_share(home, row):
        return False
    twins = bool(row.child) and any(one.child.birth_date == row.born for one in home.children)
    address = bool(row.address) and _plain(row.address) == _plain(home.address)
    return twins or address or bool(row.phone and row.phone in home.phones)


def _same_pregnancy(home: _Home, row: RegisterRow) -> bool:
    wanted = row.pregnancy
    return wanted is not None and any(
        abs((one.pregnancy.edd - wanted.edd).days) <= _SAME_PREGNANCY_DAYS for one in home.pregnancies
    )


def _plain(address: str | None) -> str:
    return " ".join((address or "").casefold().split())


# ------------------------------------------------------------------------------------------------- what a row comes to


class _Work:
    """What one row adds to and changes in its household."""

    def __init__(
        self,
        columns: Columns,
        home: _Home,
        fresh: bool,
        row: RegisterRow,
        who: Staffer,
        wording: str,
        now: datetime,
        today: date,
    ) -> None:
        self._columns, self._home, self._fresh, self._row = columns, home, fresh, row
        self._who, self._wording, self._now, self._today = who, wording, now, today
        self._new: list[NewRow] = []
        self._edits: list[Change] = []
        self._changes: list[str] = []
        self._differs: list[Finding] = []
        self._added = False
        # What later rows of the file must know of this one, once it is settled.
        self.children: list[ChildRecord] = []
        self.pregnancies: list[PregnancyRecord] = []
        self.agreed: set[str] = set()

    def fate(self, number: int, warnings: tuple[Finding, ...]) -> RowFate:
        """The row's fate, with what is to be written."""
        changed = bool(self._new or self._edits)
        fate = Fate.NEW if self._added else Fate.CHANGED if changed else Fate.SAME
        if changed:
            self._new.append(DirtyNew(self._home.id, self._now))
        return RowFate(
            number,
            fate,
            warnings=warnings,
            differs=tuple(self._differs),
            changes=tuple(self._changes),
            new=tuple(self._new),
            edits=tuple(self._edits),
        )

    # --- the household

    def family(self, owners: Mapping[str, tuple[str, str | None]]) -> None:
        """The household, its mother, number and consent."""
        home, row = self._home, self._row
        if self._fresh:
            self._new.append(HouseholdNew(home.id, home.posyandu_id, row.address, self._now))
            if row.phone in owners:
                self._edits.append(Join(home.contact_id, home.id, row.mother))
            else:
                self._new.append(ContactNew(home.contact_id, home.id, row.mother, MOTHER, self._now))
        elif row.address and _plain(row.address) != _plain(home.address):
            # Where to walk to is the kader's own knowledge: the register is right.
            self._edits.append(SetAddress(home.id, row.address))
            self._changes.append(self._columns.header("address"))
        self._phone(owners)
        for purpose in self._purposes():
            self._consent(purpose)

    def _phone(self, owners: Mapping[str, tuple[str, str | None]]) -> None:
        home, phone = self._home, self._row.phone
        if phone is None or phone in home.phones:
            return
        if home.own and home.phones:
            self._tell("phone", ", ".join(sorted(home.phones)))
            return
        if phone in owners and not self._fresh:
            self._edits.append(Join(owners[phone][0], home.id, self._row.mother))
        elif phone not in owners:
            address_id = str(uuid5(NAMESPACE_URL, f"address:sms:{phone}"))
            self._new.append(AddressNew(address_id, home.contact_id, Channel.SMS.value, phone, phone))
        if not self._fresh:
            self._changes.append(self._columns.header("phone"))

    def _purposes(self) -> Iterator[str]:
        if self._row.child:
            yield CHILD_CARE
        if self._row.pregnancy is not None:
            yield PREGNANCY_CARE

    def _consent(self, purpose: str) -> None:
        home = self._home
        if purpose in home.agreed:
            return
        if purpose in home.refused:
            raise _Fault("consent_refused", "consent")
        on = self._row.consent_on
        at = self._now if on is None else datetime.combine(on, time(12), self._now.tzinfo)
        consent_id = str(uuid5(NAMESPACE_URL, f"consent:{home.contact_id}:{purpose}"))
        heard_by = self._who.contact_id
        said_at = min(at, self._now)
        self._new.append(ConsentNew(consent_id, home.contact_id, purpose, self._wording, True, heard_by, said_at))
        self.agreed.add(purpose)

    # --- the child

    def child(self) -> None:
        """The child with its doses and its last weighing."""
        row = self._row
        assert row.born is not None
        key = name_key(row.child)
        known = self._home.child(key, row.born) or self._home.child(key)
        if known is None:
            self._new_child(row.born)
            return
        if known.ended:
            raise _Fault("ended", "child")
        self._weigh(known)
        self._compare(known)
        self._doses(known)

    def _new_child(self, born: date) -> None:
        row, home = self._row, self._home
        child_id = child_key(home.id, row.child, born)
        self._added = True
        self._new.append(
            ChildNew(
                child_id,
                home.id,
                row.child,
                row.sex.value if row.sex else None,
                born,
                row.birth_weight_g,
                row.birth_weeks,
                row.has_book,
                self._now,
            )
        )
        child = Child(
            row.child, born, row.sex, birth_weight_g=row.birth_weight_g, birth_weeks=row.birth_weeks, id=child_id
        )
        record = ChildRecord(child, row.has_book)
        self._weigh(record)
        self._doses(record)
        weighings = (row.weighing,) if row.weighing else ()
        self.children.append(replace(record, child=replace(child, doses=dict(row.doses), measurements=weighings)))

    def _compare(self, known: ChildRecord) -> None:
        """Fill in what is not known; correct what staff wrote; leave what the family told."""
        row, child = self._row, known.child
        told: tuple[tuple[str, str, Any, Any], ...] = (
            ("born", "birth_date", child.birth_date, row.born),
            ("sex", "sex", child.sex.value if child.sex else None, row.sex.value if row.sex else None),
            ("birth_weight", "birth_weight_g", child.birth_weight_g, row.birth_weight_g),
            ("birth_weeks", "birth_weeks", child.birth_weeks, row.birth_weeks),
        )
        values: dict[str, Any] = {}
        for name, column, old, said in told:
            if said is None or said == old:
                continue
            if old is not None and self._home.own:
                self._tell(name, str(old))
            else:
                values[column] = said
                self._changes.append(self._columns.header(name))
        if row.has_book is not None and row.has_book != known.has_book:
            values["has_book"] = row.has_book
            self._changes.append(self._columns.header("book"))
        if values:
            self._edits.append(FillChild(child.id, values))

    def _doses(self, known: ChildRecord) -> None:
        child = known.child
        for dose, on in self._row.doses.items():
            old = child.doses.get(dose)
            header = self._columns.doses[dose]
            if old is None:
                self._new.append(DoseNew(child.id, dose, on, self._now))
            elif old == on:
                continue
            elif self._home.own:
                self._differs.append(Finding("differs", header, on.isoformat(), old.isoformat()))
                continue
            else:
                self._edits.append(SetDose(child.id, dose, on))
            self._note_change(header)
        for dose in sorted(self._row.reported - set(child.doses) - child.reported):
            self._new.append(DoseReportedNew(child.id, dose, self._now))
            self._note_change(self._columns.doses[dose])

    def _weigh(self, known: ChildRecord) -> None:
        weighing, child = self._row.weighing, known.child
        if weighing is None:
            return
        others = tuple(one for one in child.measurements if one.date != weighing.date)
        born = self._row.born if not self._home.own else child.birth_date
        doubts = doubts_about(replace(child, measurements=others, birth_date=born or child.birth_date), weighing)
        if doubts:
            name = "length" if doubts[0] in (Doubt.LENGTH, Doubt.LENGTH_CHANGE) else "weight"
            raise _Fault(f"{name}_implausible", name, doubts[0].value)
        old = next((one for one in child.measurements if one.date == weighing.date), None)
        header = self._columns.header("weight")
        if old is None:
            self._new.append(
                MeasurementNew(
                    child.id,
                    weighing.date,
                    weighing.weight_kg,
                    weighing.lenhei_cm,
                    weighing.measure,
                    SOURCE,
                    self._now,
                )
            )
        elif (old.weight_kg, old.lenhei_cm) == (weighing.weight_kg, weighing.lenhei_cm):
            return
        elif known.sources.get(weighing.date) == _CHAT:
            self._differs.append(Finding("differs", header, _numbers(weighing), _numbers(old)))
            return
        else:
            self._edits.append(SetWeighing(child.id, weighing))
        self._note_change(header)

    def _note_change(self, header: str) -> None:
        if not self._added:
            self._changes.append(header)

    # --- the pregnancy

    def pregnancy(self) -> None:
        """The pregnancy that goes on; one that is over is never begun again by a register."""
        told, home = self._row.pregnancy, self._home
        assert told is not None
        if any(
            one.outcome is not None and abs((one.pregnancy.edd - told.edd).days) <= _SAME_PREGNANCY_DAYS
            for one in home.pregnancies
        ):
            raise _Fault("pregnancy_ended", "lmp" if "lmp" in self._columns.by_name else "edd")
        known = next((one for one in home.pregnancies if one.outcome is None), None)
        if known is None:
            self._new_pregnancy()
        elif known.pregnancy.edd != told.edd:
            if home.own:
                self._tell("edd" if "edd" in self._columns.by_name else "lmp", known.pregnancy.edd.isoformat())
                return
            changed = replace(known.pregnancy, lmp=told.lmp, edd=told.edd, dated_by=told.dated_by)
            self._edits.append(SetPregnancy(home.id, PregnancyRecord(changed)))
            self._changes.append(self._columns.header("lmp"))

    def _new_pregnancy(self) -> None:
        told, home = self._row.pregnancy, self._home
        assert told is not None
        self._added = True
        pregnancy = replace(told, id=pregnancy_key(home.id, told.lmp), contact_id=home.contact_id)
        self._new.append(
            PregnancyNew(pregnancy.id, home.id, home.contact_id, told.lmp, told.edd, told.dated_by, self._now)
        )
        self.pregnancies.append(PregnancyRecord(pregnancy))

    def _tell(self, name: str, old: str) -> None:
        """The family told otherwise and stays right; a human may look."""
        told = {
            "phone": self._row.phone,
            "born": self._row.born,
            "sex": self._row.sex,
            "birth_weight": self._row.birth_weight_g,
            "birth_weeks": self._row.birth_weeks,
        }
        said = told.get(name) or (self._row.pregnancy.edd if self._row.pregnancy else "")
        self._differs.append(Finding("differs", self._columns.header(name), str(said), old))


def _numbers(weighing: Measurement) -> str:
    return " ".join(str(value) for value in (weighing.weight_kg, weighing.lenhei_cm) if value is not None)
