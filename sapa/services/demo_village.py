"""The people of the demonstration village: made up, the same at every start of a day, and marked as such.

Every name ends in "Contoh" (example) and every number lies in a range of the simulator's. Nobody of them exists.
Families, doses, weighings and attendance of the last year are played through month by month, so that lists, charts and
figures have something true to each other to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from sapa.family.calendar import add_months, age_in_months
from sapa.family.growth import Index, sd_line
from sapa.family.immunization import DoseStatus, forecast, schedule
from sapa.family.people import Child, Pregnancy, Sex, VaccineProfile
from sapa.family.pregnancy import visits as anc_visits
from sapa.messaging.states import Channel, OutboxState, ReminderState
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.records import PosyanduRow, SessionRow
from sapa.services.register_reading import child_key, household_key, mother_key, pregnancy_key
from sapa.services.register_records import (
    AddressNew,
    AttendanceNew,
    ChildNew,
    ConsentNew,
    ContactNew,
    DirtyNew,
    DoseNew,
    HomeVisitNew,
    HouseholdNew,
    MeasurementNew,
    MessageNew,
    NewRow,
    PregnancyNew,
    ReminderNew,
    VisitNew,
)

FAMILIES = 40  # of each posyandu
MONTHS_BACK = 12
EXAMPLE = "Contoh"
_MOTHERS = [
    "Rina",
    "Siti",
    "Maria",
    "Yuliana",
    "Dewi",
    "Fatimah",
    "Wati",
    "Lestari",
    "Nur",
    "Agustina",
    "Marselina",
    "Kartini",
    "Ratna",
    "Sri",
    "Yanti",
    "Ningsih",
    "Ester",
    "Veronika",
    "Hasnah",
    "Rosalia",
]
_GIRLS = [
    "Ani",
    "Putri",
    "Bunga",
    "Citra",
    "Melani",
    "Sari",
    "Intan",
    "Nabila",
    "Aisyah",
    "Grace",
    "Kezia",
    "Laras",
    "Wulan",
    "Zahra",
    "Mutiara",
]
_BOYS = [
    "Budi",
    "Andi",
    "Yosef",
    "Rizki",
    "Dimas",
    "Arif",
    "Bagas",
    "Fajar",
    "Gilang",
    "Hasan",
    "Ilham",
    "Joko",
    "Markus",
    "Rafi",
    "Yohanes",
]
_TERM_DAYS = 280
_FOLLOWED_MONTHS = 59
_STANDING_FROM_MONTHS = 24  # lying before, standing after: WHO's tables
_TOLD_SESSIONS = 3  # the last so many have reminders that went out


@dataclass(frozen=True)
class Words:
    """Texts that rows carry: the consents as they were said, and a reminder by channel."""

    child_consent: str
    pregnancy_consent: str
    kader_consent: str
    reminder: dict[str, str]


@dataclass
class _Home:
    """A family as it is being made up. reach: whatsapp, sms or "" (no phone)."""

    id: str
    mother: str
    mother_id: str
    number: str
    reach: str
    since: datetime
    faithful: float  # how likely they come to a session
    children: list[Child] = field(default_factory=list)
    pregnancy: Pregnancy | None = None
    newborn: bool = False

    @property
    def address_id(self) -> str:
        return _id(f"address:{self.number}")


def people_of(
    place: PosyanduRow, sessions: list[SessionRow], first_number: int, kader_id: str, words: Words, now: datetime
) -> list[NewRow]:
    """Every row of the families of a posyandu. sessions: those of the past year, oldest first; now: aware.

    first_number: of the range +6281200000000 upwards, one number a family.
    """
    return _Village(place, sessions, first_number, kader_id, words, now).rows()


class _Village:
    def __init__(
        self,
        place: PosyanduRow,
        sessions: list[SessionRow],
        first_number: int,
        kader_id: str,
        words: Words,
        now: datetime,
    ) -> None:
        self._place, self._sessions, self._words = place, sessions, words
        self._first, self._kader, self._now = first_number, kader_id, now
        self._zone = ZoneInfo(place.timezone)
        self._today = now.astimezone(self._zone).date()
        self._random = Random(f"demonstration {place.id}")

    def rows(self) -> list[NewRow]:
        found: list[NewRow] = []
        for number in range(FAMILIES):
            home = self._home(number)
            found.extend(self._of_home(home))
            for child in home.children:
                found.extend(self._of_child(home, child))
            if home.pregnancy is not None:
                found.extend(self._of_pregnancy(home, home.pregnancy))
            found.extend(self._told(home))
        return found

    # --- who there is

    def _home(self, number: int) -> _Home:
        """Families 0-31 have children, 32-36 expect the first, 37-39 have just had one; a few expect another."""
        draw = self._random
        mother = f"{_MOTHERS[number % len(_MOTHERS)]} {EXAMPLE}"
        if number >= len(_MOTHERS):
            mother = f"{_MOTHERS[number % len(_MOTHERS)]} {_MOTHERS[(number * 7 + 3) % len(_MOTHERS)]} {EXAMPLE}"
        born = [] if 32 <= number < 37 else [self._birthday(number)]
        if born and number < 32 and number % 5 == 0:
            older = born[0] - timedelta(days=draw.randint(700, 1000))
            if age_in_months(older, self._today) <= _FOLLOWED_MONTHS:
                born.append(older)
        expecting = 32 <= number < 37 or (number < 32 and number % 11 == 6)
        lmp = self._today - timedelta(days=draw.randint(40, 260))
        if expecting and born:
            # Who is expecting again has a child that can walk.
            born = [min(one, lmp - timedelta(days=300)) for one in born]
        first_day = born[0] if born else lmp + timedelta(days=_TERM_DAYS)
        children = [self._child(number, place, day) for place, day in enumerate(born)]
        home_id = household_key(self._place.id, children[0].name if children else "", first_day, mother)
        home = _Home(
            id=home_id,
            mother=mother,
            mother_id=mother_key(home_id),
            number=f"+62812{self._first + number:08d}",
            reach="whatsapp" if number % 20 < 14 else "sms" if number % 20 < 17 else "",
            since=self._moment(self._since(lmp, born), 9),
            faithful=draw.choice((0.95, 0.9, 0.85, 0.75, 0.5)),
            newborn=number >= 37,
        )
        home.children = [replace(child, id=child_key(home_id, child.name, child.birth_date)) for child in children]
        if expecting:
            home.pregnancy = self._pregnant(home, lmp)
        return home

    def _since(self, lmp: date, born: list[date]) -> date:
        """The day a family came: in the past year, before or after its first event, never ahead."""
        first = min([lmp + timedelta(days=70), *born])
        return min(self._today - timedelta(days=1), max(self._today - timedelta(days=370), first))

    def _birthday(self, number: int) -> date:
        """Newborns of the last weeks, then more young ones than old ones."""
        if number >= 37:
            return self._today - timedelta(days=self._random.randint(5, 38))
        days = int(45 + 1700 * (number / 32) ** 1.3)
        return self._today - timedelta(days=days + self._random.randint(0, 20))

    def _child(self, number: int, place: int, born: date) -> Child:
        sex = self._random.choice((Sex.FEMALE, Sex.MALE))
        names = _GIRLS if sex is Sex.FEMALE else _BOYS
        name = f"{names[(number * 3 + place * 7) % len(names)]} {EXAMPLE}"
        grams = 2200 if number % 19 == 4 else round(self._random.gauss(3100, 250), -1)
        return Child(name=name, birth_date=born, sex=sex, birth_weight_g=int(max(grams, 2500 if grams > 2200 else 0)))

    def _pregnant(self, home: _Home, lmp: date) -> Pregnancy:
        anc = {
            visit.id: on
            for visit in anc_visits()
            if (on := lmp + timedelta(days=7 * visit.target_week + self._random.randint(-4, 9))) < self._today
            and self._random.random() < 0.85
        }
        due = lmp + timedelta(days=_TERM_DAYS)
        return Pregnancy(lmp=lmp, edd=due, anc=anc, contact_id=home.mother_id, id=pregnancy_key(home.id, lmp))

    # --- what is written of them

    def _of_home(self, home: _Home) -> Iterator[NewRow]:
        own = home.reach == "whatsapp"
        lane = self._random.randint(1, 6)
        yield HouseholdNew(home.id, self._place.id, f"RT 0{lane} / RW 01, {EXAMPLE}", home.since)
        wrote = self._now - timedelta(days=self._random.randint(2, 60)) if own else None
        yield ContactNew(home.mother_id, home.id, home.mother, "ibu", home.since, wrote)
        if home.reach:
            yield AddressNew(home.address_id, home.mother_id, home.reach, home.number, home.number)
        for purpose, wording in self._consents(home):
            heard_by = None if own else self._kader
            said = wording if own else self._words.kader_consent
            consent_id = _id(f"consent:{home.mother_id}:{purpose}")
            yield ConsentNew(consent_id, home.mother_id, purpose, said, True, heard_by, home.since)
        yield DirtyNew(home.id, self._now)

    def _consents(self, home: _Home) -> Iterator[tuple[str, str]]:
        if home.children:
            yield CHILD_CARE, self._words.child_consent
        if home.pregnancy is not None or home.newborn:
            yield PREGNANCY_CARE, self._words.pregnancy_consent

    def _of_child(self, home: _Home, child: Child) -> Iterator[NewRow]:
        registered = max(home.since, self._moment(child.birth_date + timedelta(days=3), 10))
        has_book = self._random.random() < 0.88 or None
        yield ChildNew(
            child.id,
            home.id,
            child.name,
            child.sex.value if child.sex else None,
            child.birth_date,
            child.birth_weight_g,
            None,
            has_book,
            min(registered, self._now),
        )
        for dose, on in self._doses(home, child).items():
            yield DoseNew(child.id, dose, on, self._moment(on, 12))
        yield from self._sessions_of(home, child)
        if home.newborn:
            yield from self._birth(home, child)

    def _doses(self, home: _Home, child: Child) -> dict[str, date]:
        """What was given at the posyandu days since the birth, as far as the family came."""
        given: dict[str, date] = {"HB0": child.birth_date}
        day = self._sessions[0].date.day if self._sessions else 10
        month = child.birth_date.replace(day=1)
        every = len(schedule())
        while len(given) < every and (session := month.replace(day=day)) < self._today:
            month = add_months(month, 1)
            if session < child.birth_date or age_in_months(child.birth_date, session) > 24:
                continue
            if self._random.random() < home.faithful:
                given |= dict.fromkeys(self._due(replace(child, doses=given), session), session)
        return given

    def _due(self, child: Child, on: date) -> list[str]:
        doses = forecast(
            child,
            on,
            profile=VaccineProfile(self._place.vaccine_profile),
            je_region=self._place.je_region,
            province=self._place.province,
        )
        return [one.dose for one in doses if one.status in (DoseStatus.DUE, DoseStatus.OVERDUE)]

    def _sessions_of(self, home: _Home, child: Child) -> Iterator[NewRow]:
        """Who came to the sessions of the past year, and what the scales said."""
        assert child.sex is not None
        weight_z, length_z, falls = self._build()
        last = self._sessions[-1].id if self._sessions else ""
        for session in self._sessions:
            age = (session.date - child.birth_date).days
            if age < 3 or age_in_months(child.birth_date, session.date) > _FOLLOWED_MONTHS:
                continue
            came = self._random.random() < home.faithful
            evening = self._moment(session.date, 13)
            yield AttendanceNew(session.id, child.id, "child", home.id, came, self._kader, evening)
            if came:
                at = len(self._sessions) - self._sessions.index(session)
                fallen = 0.22 * max(0, 5 - at) if falls else 0.0
                yield self._weighing(child, session.date, age, weight_z - fallen, length_z - fallen / 3, evening)
            elif session.id == last:
                visit_id = _id(f"visit:{session.id}:{child.id}")
                yield HomeVisitNew(visit_id, self._place.id, home.id, child.id, "absent", session.id, evening)

    def _build(self) -> tuple[float, float, bool]:
        """How a child is built: z-scores of weight and length, and whether it has stopped gaining of late."""
        draw = self._random
        kind = draw.random()
        if kind < 0.12:
            return draw.uniform(-2.6, -1.9), draw.uniform(-2.9, -2.2), False
        if kind < 0.24:
            return draw.uniform(-1.4, -0.6), draw.uniform(-1.2, -0.4), True
        if kind < 0.29:
            return draw.uniform(1.8, 2.4), draw.uniform(0.0, 1.0), False
        return draw.gauss(-0.4, 0.6), draw.gauss(-0.6, 0.6), False

    def _weighing(
        self, child: Child, day: date, age: int, weight_z: float, length_z: float, at: datetime
    ) -> MeasurementNew:
        assert child.sex is not None
        wobble = self._random.gauss(0, 0.07)
        weight = sd_line(Index.WEIGHT, child.sex, weight_z + wobble, [age])[0]
        length = sd_line(Index.LENGTH, child.sex, length_z + wobble / 4, [age])[0]
        standing = age_in_months(child.birth_date, day) >= _STANDING_FROM_MONTHS
        return MeasurementNew(child.id, day, round(weight, 1), round(length, 1), "H" if standing else "L", "kader", at)

    def _birth(self, home: _Home, child: Child) -> Iterator[NewRow]:
        """The pregnancy that ended in this birth, with the visits after it."""
        lmp = child.birth_date - timedelta(days=_TERM_DAYS - 3)
        pregnancy_id = pregnancy_key(home.id, lmp)
        yield PregnancyNew(
            pregnancy_id,
            home.id,
            home.mother_id,
            lmp,
            lmp + timedelta(days=_TERM_DAYS),
            "hpht",
            home.since,
            outcome="birth",
            ended_on=child.birth_date,
        )
        for visit in ("KF1", "KN1"):
            day = child.birth_date + timedelta(days=1)
            yield VisitNew(pregnancy_id, visit, day, self._moment(day, 15))

    def _of_pregnancy(self, home: _Home, pregnancy: Pregnancy) -> Iterator[NewRow]:
        yield PregnancyNew(
            pregnancy.id,
            home.id,
            home.mother_id,
            pregnancy.lmp,
            pregnancy.edd,
            pregnancy.dated_by,
            home.since,
        )
        for visit, on in pregnancy.anc.items():
            yield VisitNew(pregnancy.id, visit, on, self._moment(on, 15))
        for session in self._sessions:
            if session.date >= pregnancy.lmp + timedelta(days=60):
                came = self._random.random() < home.faithful
                evening = self._moment(session.date, 13)
                yield AttendanceNew(session.id, pregnancy.id, "mother", home.id, came, self._kader, evening)

    def _told(self, home: _Home) -> Iterator[NewRow]:
        """The reminders of the last sessions, and what became of them."""
        if not home.reach or not home.children:
            return
        for session in self._sessions[-_TOLD_SESSIONS:]:
            sent = self._moment(session.date - timedelta(days=3), 16)
            if sent < home.since:
                continue
            yield from self._reminder(home, session, sent)

    def _reminder(self, home: _Home, session: SessionRow, sent: datetime) -> Iterator[NewRow]:
        state = self._fate(home.reach)
        arrived = sent + timedelta(seconds=self._random.randint(4, 90))
        opened = sent + timedelta(minutes=self._random.randint(2, 600))
        message_id = _id(f"message:{session.id}:{home.id}")
        reached = state in (OutboxState.DELIVERED, OutboxState.READ)
        yield MessageNew(
            id=message_id,
            dedupe_key=f"demonstration:{message_id}",
            contact_id=home.mother_id,
            address_id=home.address_id,
            channel=home.reach,
            kind="reminder",
            content_id="pengingat/posyandu",
            text=self._words.reminder[home.reach],
            priority=50,
            consent_purpose=CHILD_CARE,
            topic="posyandu",
            not_before=sent,
            state=state.value,
            attempts=1,
            created_at=sent,
            sent_at=None if state is OutboxState.FAILED else sent,
            delivered_at=arrived if reached else None,
            read_at=opened if state is OutboxState.READ else None,
            error_code="63024" if state is OutboxState.FAILED else None,
        )
        names = [child.name for child in home.children if child.birth_date <= session.date]
        yield ReminderNew(
            id=f"{home.id}:{_id(f'reminder:{session.id}')}",
            household_id=home.id,
            send_at=sent,
            due_on=session.date,
            event="posyandu_session",
            content_id="pengingat/posyandu",
            subjects=names,
            payload=self._payload(session, names),
            state=ReminderState.QUEUED.value,
            outbox_id=message_id,
            contact_id=home.mother_id,
            updated_at=sent,
        )

    def _fate(self, reach: str) -> OutboxState:
        chance = self._random.random()
        if chance < 0.06:
            return OutboxState.FAILED
        if reach == Channel.SMS.value:
            return OutboxState.DELIVERED
        return OutboxState.READ if chance < 0.72 else OutboxState.DELIVERED

    def _payload(self, session: SessionRow, names: list[str]) -> dict[str, object]:
        return {
            "kind": "session",
            "posyandu": self._place.name,
            "date": session.date.isoformat(),
            "time": f"{session.time:%H:%M}",
            "place": session.place,
            "facility": self._place.facility_name,
            "children": [{"name": name, "doses": [], "vitamin_a": None, "deworming": False} for name in names],
            "days": 3,
            "vaccine_profile": self._place.vaccine_profile,
            "also": [],
        }

    def _moment(self, day: date, hour: int) -> datetime:
        return datetime.combine(day, time(hour), self._zone)


def _id(what: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"demonstration:{what}"))
