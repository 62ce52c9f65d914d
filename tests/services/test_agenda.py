"""Everything that lies ahead, in one answer, and to nobody what is somebody else's."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sapa.family.people import Child, Contraception, Family, Postpartum, Posyandu, PosyanduSession, Pregnancy, Wedding
from sapa.services.agenda import AGENDA, VACCINES, agenda

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Asia/Makassar"))
ANI = Child("Ani", date(2026, 10, 1))
MELATI = Posyandu("Melati", (PosyanduSession(date(2026, 12, 10), time(8, 0), "Balai Desa"),))


def _family(**more: object) -> Family:
    return Family(NOW, "Asia/Makassar", posyandu=MELATI, **more)  # type: ignore[arg-type]


def test_a_family_with_nothing_but_children_gets_their_vaccines_in_full() -> None:
    assert agenda(_family(children=(ANI,)), "c1").key == VACCINES


def test_a_pregnancy_shows_its_week_the_birth_and_the_next_check() -> None:
    # 23 November - 1 June = 175 days = 25 weeks; due 1 June + 280 days = 8 March.
    told = agenda(_family(pregnancy=Pregnancy(date(2026, 6, 1), date(2027, 3, 8))), "c1")
    assert told.key == AGENDA
    assert told.vars["pregnancy"]["week"] == 25 and told.vars["pregnancy"]["edd"] == "2027-03-08"
    assert told.vars["pregnancy"]["next_on"] >= "2026-11-23" and told.vars["pregnancy"]["from_bidan"] is False


def test_the_bidans_date_is_the_next_check() -> None:
    pregnancy = Pregnancy(date(2026, 6, 1), date(2027, 3, 8), next_visit_on=date(2026, 12, 5))
    shown = agenda(_family(pregnancy=pregnancy), "c1").vars["pregnancy"]
    assert (shown["next_on"], shown["from_bidan"]) == ("2026-12-05", True)


def test_after_a_birth_the_next_visit_is_shown_until_it_is_recorded() -> None:
    # Born 20 November = day 0; today is day 3: KF2 and KN2, days 3 to 7 = 23 to 27 November; then KF3, from day 8.
    born = date(2026, 11, 20)
    assert agenda(_family(postpartum=Postpartum(born)), "c1").vars["visit"] == {
        "first_day": "2026-11-23",
        "last_day": "2026-11-27",
    }
    visited = Postpartum(born, {"KF2": date(2026, 11, 23)})
    assert agenda(_family(postpartum=visited), "c1").vars["visit"]["first_day"] == "2026-11-28"


def test_a_return_date_is_shown_to_nobody_but_whose_it_is() -> None:
    hers = Contraception("suntik_3_bulan", date(2026, 11, 1), date(2027, 1, 24), contact_id="her")
    family = _family(children=(ANI,), contraceptions=(hers,))
    assert agenda(family, "her").vars["returns"] == ["2027-01-24"]
    assert agenda(family, "him").key == VACCINES


def test_a_couple_about_to_marry_sees_the_day() -> None:
    assert agenda(_family(wedding=Wedding(date=date(2027, 3, 14))), "c1").vars["wedding_on"] == "2027-03-14"
