"""The records of families as FHIR R4 (4.0.1) resources: plain dictionaries, for sapa.fhir to check and to write.

Codes are either a public standard's (LOINC, UCUM, HL7's own) or ours under `urn:sapa-keluarga:`; a dose is named by the
id it has in the programme's schedule, never by a code that somebody would have to guess. Ids follow from the records,
so that the same export twice is the same file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from sapa.family.growth import Index, assess, body_of
from sapa.family.immunization import DoseForecast, DoseStatus, RecordError, dose_named, forecast
from sapa.family.people import Child, Measurement, Sex, VaccineProfile
from sapa.services.access import NotAllowed, Staffer
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.ports import Tx
from sapa.services.records import PosyanduRow
from sapa.services.register_records import ChildRecord, FamilyRecord, MemberRecord

OURS = "urn:sapa-keluarga:"
_LOINC, _UCUM = "http://loinc.org", "http://unitsofmeasure.org"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_VITAL = {"coding": [{"system": _CATEGORY, "code": "vital-signs", "display": "Vital Signs"}]}
_GENDERS = {Sex.MALE: "male", Sex.FEMALE: "female"}
#: LOINC's dates of a recommendation, as FHIR's example value set has them.
_DATES = {"earliest": ("30981-5", "Earliest date to give"), "due": ("30980-7", "Date vaccine due")}
_LATEST = ("59777-3", "Latest date to give immunization")
_SCORES = {Index.WEIGHT: "weight-for-age", Index.LENGTH: "length-for-age", Index.WEIGHT_FOR_LENGTH: "weight-for-length"}

Resource = dict[str, Any]


@dataclass(frozen=True)
class FhirExport:
    """A bundle, and what stands in it. left_out: families without consent, of which nothing stands in it.

    household_id: of a single household's bundle.
    """

    bundle: Resource
    families: int
    left_out: int
    resources: Mapping[str, int]
    phones: bool = False
    household_id: str | None = None


def export_fhir(
    tx: Tx,
    who: Staffer | None,
    now: datetime,
    *,
    posyandu_ids: Collection[str] = (),
    household_ids: Collection[str] = (),
    phones: bool = False,
) -> FhirExport:
    """The families of some posyandu, or single households, as a collection bundle. now: aware.

    who: whoever asks, None for the command line. phones: with telephone numbers. Only what a family agreed to stands
    in it: children under the consent for children, mothers under the one for pregnancies. Whoever hands it
    out writes that down with `note_export`. Raises NotAllowed.
    """
    families = tx.family_records(posyandu_ids=posyandu_ids, household_ids=household_ids)
    if who is not None and any(family.posyandu_id not in who.by_name for family in families):
        raise NotAllowed("families of another posyandu")
    if who is not None and any(posyandu_id not in who.by_name for posyandu_id in posyandu_ids):
        raise NotAllowed("families of another posyandu")
    places = {place.id: place for place in tx.list_posyandu()}
    resources: list[Resource] = []
    agreed = [family for family in families if family.agrees(CHILD_CARE) or family.agrees(PREGNANCY_CARE)]
    used = {family.posyandu_id for family in agreed}
    resources.extend(_organization(places[place_id]) for place_id in sorted(filter(None, used)) if place_id in places)
    for family in agreed:
        resources.extend(_Family(family, places.get(family.posyandu_id or ""), now, phones).resources())
    counts: dict[str, int] = {}
    for resource in resources:
        counts[resource["resourceType"]] = counts.get(resource["resourceType"], 0) + 1
    household = next(iter(household_ids)) if len(household_ids) == 1 and not posyandu_ids else None
    left_out = len(families) - len(agreed)
    return FhirExport(_bundle(resources, now), len(agreed), left_out, counts, phones, household)


def note_export(tx: Tx, who: Staffer | None, found: FhirExport, now: datetime) -> None:
    """Write down that somebody took records along. Apart from the reading, which takes long and needs no lock."""
    detail = {"families": found.families, "left_out": found.left_out, "phones": found.phones}
    actor = who.contact_id if who is not None else None
    tx.audit("fhir_exported", None, detail, now, actor_id=actor, household_id=found.household_id)


def _bundle(resources: list[Resource], now: datetime) -> Resource:
    name = ",".join(resource["id"] for resource in resources)
    bundle: Resource = {
        "resourceType": "Bundle",
        "id": _id(f"bundle:{now.isoformat()}:{name}"),
        "type": "collection",
        "timestamp": now.isoformat(),
    }
    if resources:  # an empty array is no FHIR
        bundle["entry"] = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources]
    return bundle


def _organization(place: PosyanduRow) -> Resource:
    found: Resource = {
        "resourceType": "Organization",
        "id": _uuid_of(place.id),
        "identifier": [{"system": f"{OURS}posyandu", "value": place.id}],
        "name": f"Posyandu {place.name}",
    }
    address = {"city": place.village, "state": place.province, "country": "ID"}
    found["address"] = [{name: value for name, value in address.items() if value}]
    return found


class _Family:
    """The resources of one family that agreed."""

    def __init__(self, family: FamilyRecord, place: PosyanduRow | None, now: datetime, phones: bool) -> None:
        self._family, self._place, self._phones = family, place, phones
        self._zone = ZoneInfo(place.timezone if place else "Asia/Jakarta")
        self._today = now.astimezone(self._zone).date()

    def resources(self) -> Iterator[Resource]:
        if self._family.agrees(PREGNANCY_CARE) and self._family.pregnancies:
            mother = self._mother()
            if mother is not None:
                yield self._woman(mother)
        if self._family.agrees(CHILD_CARE):
            for record in self._family.children:
                if not record.ended:
                    yield from self._child(record)

    def _mother(self) -> MemberRecord | None:
        """Whoever is pregnant or gave birth, where the record says who; only with her own consent."""
        hers = {record.pregnancy.contact_id for record in self._family.pregnancies}
        return next(
            (
                member
                for member in self._family.members
                if member.contact_id in hers and member.consents.get(PREGNANCY_CARE)
            ),
            None,
        )

    def _woman(self, mother: MemberRecord) -> Resource:
        found = self._person(mother.contact_id, mother.name or "", "person")
        found["gender"] = "female"
        if self._phones and mother.phones:
            found["telecom"] = [{"system": "phone", "value": phone, "use": "mobile"} for phone in mother.phones]
        return found

    def _person(self, own_id: str, name: str, kind: str) -> Resource:
        found: Resource = {
            "resourceType": "Patient",
            "id": _uuid_of(own_id),
            "identifier": [{"system": OURS + kind, "value": own_id}],
            "active": True,
        }
        if name:
            found["name"] = [{"use": "usual", "text": name}]
        if self._place is not None:
            found["managingOrganization"] = {"reference": f"urn:uuid:{_uuid_of(self._place.id)}"}
        return found

    # --- a child

    def _child(self, record: ChildRecord) -> Iterator[Resource]:
        child = record.child
        patient = self._person(child.id, child.name, "child")
        patient["gender"] = _GENDERS.get(child.sex, "unknown") if child.sex else "unknown"
        patient["birthDate"] = child.birth_date.isoformat()
        contacts = [found for member in self._family.members if (found := self._contact(member))]
        if contacts:
            patient["contact"] = contacts
        yield patient
        for dose, on in sorted(child.doses.items()):
            yield self._immunization(child, dose, on)
        for dose in sorted(child.reported):
            yield self._immunization(child, dose, None)
        for weighing in child.measurements:
            yield from self._observations(child, weighing)
        recommendation = self._recommendation(child)
        if recommendation is not None:
            yield recommendation

    def _contact(self, member: MemberRecord) -> Resource | None:
        if not member.consents.get(CHILD_CARE):
            return None
        found: Resource = {}
        if member.relation:
            found["relationship"] = [{"text": member.relation}]
        if member.name:
            found["name"] = {"text": member.name}
        if self._phones and member.phones:
            found["telecom"] = [{"system": "phone", "value": phone, "use": "mobile"} for phone in member.phones]
        return found or None

    def _immunization(self, child: Child, dose: str, on: date | None) -> Resource:
        about = dose_named(dose)
        number: Resource = {"doseNumberPositiveInt": about.number} if about.number > 0 else {"doseNumberString": "0"}
        found: Resource = {
            "resourceType": "Immunization",
            "id": _id(f"immunization:{child.id}:{dose}"),
            "status": "completed",
            "vaccineCode": _vaccine(dose),
            "patient": _reference(child),
            "primarySource": False,
            "protocolApplied": [{"series": about.series, **number}],
        }
        # A dose somebody says was given, on a day nobody knows, is said so.
        found |= {"occurrenceDateTime": on.isoformat()} if on else {"occurrenceString": "date not known"}
        return found

    def _observations(self, child: Child, weighing: Measurement) -> Iterator[Resource]:
        if weighing.weight_kg is not None:
            yield self._vital(child, weighing, ("29463-7", "Body weight"), weighing.weight_kg, "kg")
        if weighing.lenhei_cm is not None:
            yield self._vital(child, weighing, ("8302-2", "Body height"), weighing.lenhei_cm, "cm")
        if child.sex is None or weighing.date < child.birth_date:
            return
        for index, score in assess(body_of(child, weighing)).scores.items():
            if index in _SCORES and not score.flagged:
                yield self._score(child, weighing, _SCORES[index], round(score.z, 2))

    def _vital(self, child: Child, weighing: Measurement, code: tuple[str, str], value: float, unit: str) -> Resource:
        found = self._observation(child, weighing, code[1])
        found["category"] = [_VITAL]
        found["code"] = {"coding": [{"system": _LOINC, "code": code[0], "display": code[1]}], "text": code[1]}
        found["valueQuantity"] = {"value": value, "unit": unit, "system": _UCUM, "code": unit}
        if unit == "cm" and weighing.measure:
            found["method"] = {"text": "lying" if weighing.measure == "L" else "standing"}
        return found

    def _score(self, child: Child, weighing: Measurement, name: str, z: float) -> Resource:
        found = self._observation(child, weighing, name)
        text = f"{name} z-score (WHO Child Growth Standards)"
        found["code"] = {"coding": [{"system": f"{OURS}z-score", "code": name}], "text": text}
        found["valueQuantity"] = {"value": z, "unit": "SD"}
        sources = {"weight-for-age": ("Body weight",), "length-for-age": ("Body height",)}
        found["derivedFrom"] = [
            {"reference": f"urn:uuid:{self._observation_id(child, weighing, source)}"}
            for source in sources.get(name, ("Body weight", "Body height"))
        ]
        return found

    def _observation(self, child: Child, weighing: Measurement, what: str) -> Resource:
        return {
            "resourceType": "Observation",
            "id": self._observation_id(child, weighing, what),
            "status": "final",
            "subject": _reference(child),
            "effectiveDateTime": weighing.date.isoformat(),
        }

    def _observation_id(self, child: Child, weighing: Measurement, what: str) -> str:
        return _id(f"observation:{child.id}:{weighing.date.isoformat()}:{what}")

    def _recommendation(self, child: Child) -> Resource | None:
        """What the forecast says of every dose that is not given; `ask` without a date."""
        open_doses = [one for one in self._forecast(child) if one.status is not DoseStatus.DONE]
        if not open_doses:
            return None
        return {
            "resourceType": "ImmunizationRecommendation",
            "id": _id(f"recommendation:{child.id}"),
            "patient": _reference(child),
            "date": self._today.isoformat(),
            "recommendation": [_recommended(one) for one in open_doses],
        }

    def _forecast(self, child: Child) -> tuple[DoseForecast, ...]:
        place = self._place
        try:
            return forecast(
                replace(child, measurements=()),
                self._today,
                profile=VaccineProfile(place.vaccine_profile if place else VaccineProfile.PENTAVALEN),
                je_region=place.je_region if place else False,
                province=place.province if place else None,
            )
        except RecordError:  # a record that cannot be is a human's matter, not a recommendation
            return ()


def _recommended(one: DoseForecast) -> Resource:
    status = {"system": f"{OURS}forecast", "code": one.status.value}
    found: Resource = {
        "vaccineCode": [_vaccine(one.dose)],
        "forecastStatus": {"coding": [status], "text": one.status.value},
    }
    if one.reason is not None:
        found["forecastReason"] = [{"coding": [{"system": f"{OURS}forecast-reason", "code": one.reason.value}]}]
    told = [(_DATES["earliest"], one.earliest), (_DATES["due"], one.due), (_LATEST, one.latest)]
    dates = [
        {"code": {"coding": [{"system": _LOINC, "code": code, "display": text}]}, "value": day.isoformat()}
        for (code, text), day in told
        if day is not None
    ]
    if dates:
        found["dateCriterion"] = dates
    return found


def _vaccine(dose: str) -> Resource:
    return {"coding": [{"system": f"{OURS}dose", "code": dose}], "text": dose_named(dose).label}


def _reference(child: Child) -> Resource:
    return {"reference": f"urn:uuid:{_uuid_of(child.id)}"}


def _uuid_of(own_id: str) -> str:
    """The id itself where it is a uuid, else one made of it: FHIR's urn:uuid allows nothing else."""
    parts = own_id.split("-")
    plain = [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(c in "0123456789abcdef-" for c in own_id)
    return own_id if plain else _id(f"id:{own_id}")


def _id(what: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"fhir:{what}"))
