"""What leaves as FHIR is valid R4, holds what families agreed to and nothing else, and is the same every time."""

from __future__ import annotations

import copy
import json
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sapa import fhir
from sapa.bootstrap import App
from sapa.family.people import Child, Measurement, Sex
from sapa.messaging.states import Channel
from sapa.services.access import NotAllowed, Staffer, staffer
from sapa.services.consents import CHILD_CARE
from sapa.services.demo import ADMIN, BIDAN, KADER_MELATI, seed_demo, seed_village
from sapa.services.fhir_records import FhirExport, export_fhir

Resource = dict[str, Any]


@pytest.fixture
def village(app: App, now: datetime) -> App:
    with app.store.transaction() as tx:
        seed_demo(tx, now.date())
        seed_village(app.deps, tx, now)
    return app


def who(app: App, phone: str) -> Staffer:
    with app.store.transaction(write=False) as tx:
        contact_id = tx.contact_id_for(Channel.WHATSAPP, phone)
        assert contact_id is not None
        found = staffer(tx, contact_id)
    assert found is not None
    return found


def melati(app: App) -> str:
    with app.store.transaction(write=False) as tx:
        place = tx.posyandu_by_name("Melati")
    assert place is not None
    return place.id


def exported(app: App, now: datetime, **more: Any) -> FhirExport:
    with app.store.transaction() as tx:
        return export_fhir(tx, None, now, posyandu_ids=more.pop("posyandu_ids", [melati(app)]), **more)


def resources(found: FhirExport, kind: str) -> list[Resource]:
    every = [entry["resource"] for entry in found.bundle["entry"]]
    return [one for one in every if one["resourceType"] == kind]


def one_child(app: App, now: datetime, *, agreed: bool = True) -> tuple[str, FhirExport]:
    """Ani, 3 May 2026, two doses and a weighing, in a household of her own."""
    with app.store.transaction() as tx:
        contact, _ = tx.contact_for_address(Channel.WHATSAPP, "+6281234567890", "+6281234567890", now)
        home = tx.household_of(contact.id, now)
        tx.set_member(contact.id, home, "ibu", False)
        tx.set_contact_name(contact.id, "Rina")
        doses = {"HB0": date(2026, 5, 3), "BCG": date(2026, 6, 3)}
        ani = Child("Ani", date(2026, 5, 3), Sex.FEMALE, doses, id="11111111-1111-1111-1111-111111111111")
        tx.save_child(home, ani, now)
        tx.report_dose(ani.id, "OPV1", now)
        tx.save_measurement(ani.id, Measurement(date(2026, 11, 10), 7.2, 65.5, "L"), "kader", now)
        tx.record_consent(contact.id, CHILD_CARE, "kata", agreed, None, now)
        return home, export_fhir(tx, None, now, household_ids=[home])


def test_the_bundle_of_a_posyandu_is_valid_r4(village: App, now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    found = exported(village, now)
    assert fhir.checked(found.bundle).type == "collection"
    again = json.loads(fhir.as_json(found.bundle))
    assert Counter(entry["resource"]["resourceType"] for entry in again["entry"]) == found.resources
    assert set(found.resources) == {
        "Organization", "Patient", "Immunization", "Observation", "ImmunizationRecommendation",
    }  # fmt: skip
    with capsys.disabled():
        print(f"\na posyandu of {found.families} families: {dict(found.resources)}")


def test_every_reference_leads_to_a_resource_of_the_bundle_and_no_id_stands_twice(village: App, now: datetime) -> None:
    bundle = exported(village, now).bundle
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(urls) == len(set(urls))
    said = set(_references(bundle))
    assert said and said <= set(urls)


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [one for part in value.values() for one in _references(part)]
    return [one for part in value for one in _references(part)] if isinstance(value, list) else []


def test_a_child_as_fhir_with_its_doses_weighing_and_forecast(app: App, now: datetime) -> None:
    _, found = one_child(app, now)
    fhir.checked(found.bundle)
    (ani,) = resources(found, "Patient")
    assert (ani["name"][0]["text"], ani["gender"], ani["birthDate"]) == ("Ani", "female", "2026-05-03")
    assert ani["contact"] == [{"relationship": [{"text": "ibu"}], "name": {"text": "Rina"}}]
    given = {one["vaccineCode"]["coding"][0]["code"]: one for one in resources(found, "Immunization")}
    assert {dose: one.get("occurrenceDateTime") for dose, one in given.items()} == {
        "HB0": "2026-05-03", "BCG": "2026-06-03", "OPV1": None,
    }  # fmt: skip
    assert given["OPV1"]["occurrenceString"] == "date not known"
    assert given["HB0"]["protocolApplied"] == [{"series": "HB", "doseNumberString": "0"}]
    values = {
        one["code"]["coding"][0]["code"]: one["valueQuantity"]["value"] for one in resources(found, "Observation")
    }
    assert values["29463-7"] == 7.2 and values["8302-2"] == 65.5
    assert set(values) == {"29463-7", "8302-2", "weight-for-age", "length-for-age", "weight-for-length"}
    (plan,) = resources(found, "ImmunizationRecommendation")
    by_dose = {one["vaccineCode"][0]["coding"][0]["code"]: one for one in plan["recommendation"]}
    assert by_dose["OPV1"]["forecastStatus"]["text"] == "ask" and "dateCriterion" not in by_dose["OPV1"]
    overdue = by_dose["DPTHBHIB1"]  # due at 2 months: 3 July
    assert overdue["forecastStatus"]["text"] == "overdue"
    assert {one["code"]["coding"][0]["display"]: one["value"] for one in overdue["dateCriterion"]}[
        "Date vaccine due"
    ] == "2026-07-03"
    assert "HB0" not in by_dose


def test_telephone_numbers_leave_only_if_asked_for(village: App, now: datetime) -> None:
    assert "+6281" not in json.dumps(exported(village, now).bundle)
    assert "+6281200001" in json.dumps(exported(village, now, phones=True).bundle)


def test_a_family_without_consent_is_left_out_and_counted(app: App, now: datetime) -> None:
    _, found = one_child(app, now, agreed=False)
    assert (found.families, found.left_out, dict(found.resources)) == (0, 1, {})
    assert fhir.checked(found.bundle).entry is None


def test_the_same_families_give_the_same_bundle(village: App, now: datetime) -> None:
    assert exported(village, now).bundle == exported(village, now).bundle
    later = exported(village, now + timedelta(hours=1)).bundle
    assert later["entry"] == exported(village, now).bundle["entry"]


def test_only_who_sees_the_families_by_name_may_take_them_out(village: App, now: datetime) -> None:
    with village.store.transaction() as tx:
        mawar = tx.posyandu_by_name("Mawar")
        assert mawar is not None
        for phone in (KADER_MELATI, BIDAN):
            assert export_fhir(tx, who(village, phone), now, posyandu_ids=[melati(village)]).families == 40
            with pytest.raises(NotAllowed):
                export_fhir(tx, who(village, phone), now, posyandu_ids=[mawar.id])
        with pytest.raises(NotAllowed):
            export_fhir(tx, who(village, ADMIN), now, posyandu_ids=[melati(village)])


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("Immunization", {"status": "perhaps"}),
        ("Immunization", {"occurrenceDateTime": "3 Mei 2026"}),
        ("Immunization", {"vaccineCode": None}),
        ("Observation", {"status": None}),
        ("Observation", {"code": "29463-7"}),
        ("Patient", {"birthDate": "03-05-2026"}),
        ("Patient", {"gender": "P"}),
        ("ImmunizationRecommendation", {"recommendation": []}),
        ("Patient", {"unheard_of": 1}),
    ],
)
def test_the_validator_refuses_a_broken_bundle(app: App, now: datetime, kind: str, broken: Resource) -> None:
    _, found = one_child(app, now)
    bundle = copy.deepcopy(found.bundle)
    resource = next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)
    for name, value in broken.items():
        if value is None:
            del resource[name]
        else:
            resource[name] = value
    with pytest.raises(fhir.FhirError):
        fhir.as_json(bundle)
