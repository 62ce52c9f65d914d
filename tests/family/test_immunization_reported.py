"""A dose said to have been given on a day nobody knows: asked of a health worker, never dated, never reminded of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from sapa.family.immunization import DoseForecast, DoseStatus, Reason, RecordError, forecast
from sapa.family.people import Child, Family, VaccineProfile
from sapa.family.plan import plan

BORN, TODAY = date(2026, 8, 1), date(2026, 11, 22)
CHILD = Child("Ani", BORN, reported=frozenset({"BCG", "DPTHBHIB1"}))


def _forecast(child: Child) -> dict[str, DoseForecast]:
    rows = forecast(child, TODAY, profile=VaccineProfile.PENTAVALEN, je_region=False, province=None)
    return {row.dose: row for row in rows}


def test_it_is_asked_about_without_a_date_and_so_is_what_follows_it() -> None:
    rows = _forecast(CHILD)
    for dose in ("BCG", "DPTHBHIB1"):
        assert rows[dose] == DoseForecast(dose, DoseStatus.ASK, reason=Reason.REPORTED_WITHOUT_DATE)
    assert rows["DPTHBHIB2"].reason is Reason.PREVIOUS_IS_ASK
    assert rows["OPV1"].status is not DoseStatus.ASK


def test_a_day_found_later_counts() -> None:
    rows = _forecast(replace(CHILD, doses={"BCG": date(2026, 9, 5)}))
    assert rows["BCG"].status is DoseStatus.DONE


def test_nothing_reminds_of_it() -> None:
    now = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    family = Family(now, "Asia/Jakarta", children=(CHILD,))
    planned = plan(family, until=date(2028, 1, 1), enrolled_at=now, sent=[])
    named = {dose for one in planned for row in one.payload.get("children", ()) for dose in row.get("doses", ())}
    assert named and not named & {"BCG", "DPTHBHIB1", "DPTHBHIB2", "DPTHBHIB3"}


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(RecordError, match="reported"):
        _forecast(replace(CHILD, reported=frozenset({"XYZ"})))
