"""The organisation: which posyandu there are, in which desa, kecamatan, kabupaten and province."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sapa.family.people import VaccineProfile
from sapa.family.regions import label_for, province_named, timezone_for, zone_named
from sapa.services.places import labels, place_key
from sapa.services.ports import Tx
from sapa.services.records import AreaRow, PosyanduRow
from sapa.services.register_reading import name_key

#: Kinds of areas, from the widest to the narrowest.
KINDS = ("province", "kabupaten", "kecamatan", "desa")


def area_key(path: Sequence[str]) -> str:
    """The id of an area: of the names from the province down to it."""
    return str(uuid5(NAMESPACE_URL, "area:" + "/".join(name_key(name) for name in path)))


def chain(names: Sequence[str], timezone: str | None = None) -> list[AreaRow]:
    """The areas of a path from the province down, each in the one before. timezone: IANA, kept with the province."""
    return [
        AreaRow(
            id=area_key(names[: depth + 1]),
            kind=kind,
            name=name,
            parent_id=area_key(names[:depth]) if depth else None,
            timezone=None if depth else timezone,
        )
        for depth, (kind, name) in enumerate(zip(KINDS, names, strict=False))
    ]


def posyandu_key(path: Sequence[str], name: str) -> str:
    """The id of a posyandu that comes with a desa: of the names from the province down to it."""
    return str(uuid5(NAMESPACE_URL, "posyandu:" + "/".join([*map(name_key, path), place_key(name)])))


# ------------------------------------------------------------------------------------------------ out and in again

#: The columns of the file, one row a posyandu. A row without a posyandu is an area that has none yet.
COLUMNS = (
    "provinsi", "kabupaten", "kecamatan", "desa", "kode", "posyandu", "zona waktu", "puskesmas", "telepon puskesmas",
    "vaksin", "je",
)  # fmt: skip
_AREA_COLUMNS = COLUMNS[:4]
_LABELS = {"WIB", "WITA", "WIT"}
_YES, _NO = "ya", "tidak"
_MAX_NAME = 120


class OrganisationError(ValueError):
    """A file that is no organisation: columns are missing; the message names them."""


@dataclass(frozen=True)
class PlaceFate:
    """What becomes of one row: new, changed (which columns), same or fault (a code, and the column at fault)."""

    number: int
    fate: str
    code: str = ""
    column: str = ""
    changes: tuple[str, ...] = ()
    areas: tuple[AreaRow, ...] = ()
    place: PosyanduRow | None = None


@dataclass(frozen=True)
class OrganisationPlan:
    """What would become of a file. left: labels of posyandu that stand in no row; they stay as they are."""

    fates: tuple[PlaceFate, ...]
    left: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Rows by fate."""
        counted = Counter(fate.fate for fate in self.fates)
        return {name: counted[name] for name in ("new", "changed", "same", "fault")}


def export_organisation(tx: Tx) -> list[dict[str, str]]:
    """Every posyandu with its areas under COLUMNS, by path and name; areas without any posyandu follow."""
    areas = {area.id: area for area in tx.areas()}
    rows = [_row_of(place, _path(areas, place.area_id)) for place in tx.list_posyandu()]
    used = {area.id for place in tx.list_posyandu() for area in _path(areas, place.area_id)}
    used |= {area.parent_id for area in areas.values() if area.parent_id}
    rows += [_row_of(None, _path(areas, area_id)) for area_id in areas if area_id not in used]
    return sorted(rows, key=lambda row: tuple(row[column] for column in COLUMNS))


def plan_organisation(tx: Tx, rows: Sequence[Mapping[str, str]]) -> OrganisationPlan:
    """What would become of each row of an organisation file; nothing is written.

    Headers in any case and order. Raises OrganisationError where a column is missing that every row needs.
    """
    header = {" ".join(name.replace("_", " ").casefold().split()): name for row in rows for name in row}
    missing = [name for name in ("provinsi", "posyandu") if name not in header]
    if missing:
        raise OrganisationError(f"columns are missing: {', '.join(missing)}")
    planner = _Planner(tx)
    fates = []
    for number, row in enumerate(rows, start=2):
        told = {column: " ".join(row.get(header.get(column, ""), "").split()) for column in COLUMNS}
        if any(told.values()):
            fates.append(planner.fate(number, told))
    named = {fate.place.id for fate in fates if fate.place is not None}
    left = [label for label, place in labels(tx.list_posyandu()).items() if place.id not in named]
    return OrganisationPlan(tuple(fates), tuple(left))


def apply_organisation(tx: Tx, plan: OrganisationPlan, now: datetime) -> None:
    """Write a plan. Nothing is deleted; families of a posyandu that changed are planned anew."""
    for fate in plan.fates:
        for area in fate.areas:
            tx.save_area(area)
        if fate.place is None or fate.fate == "same":
            continue
        tx.save_posyandu(fate.place)
        if fate.fate == "changed":
            for household_id in tx.households_of_posyandu(fate.place.id):
                tx.mark_dirty(household_id, now)
    tx.audit("organisation_imported", None, plan.counts, now)


def _path(areas: Mapping[str, AreaRow], area_id: str | None) -> list[AreaRow]:
    """The areas from the province down to one."""
    found: list[AreaRow] = []
    while area_id is not None and area_id in areas and len(found) < len(KINDS):
        found.append(areas[area_id])
        area_id = areas[area_id].parent_id
    return found[::-1]


def _row_of(place: PosyanduRow | None, path: Sequence[AreaRow]) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "")
    column_of = dict(zip(KINDS, _AREA_COLUMNS, strict=True))
    row |= {column_of[area.kind]: area.name for area in path if area.kind in column_of}
    if path:
        row["kode"] = path[-1].code or ""
    if place is None:
        zone = next((area.timezone for area in path if area.timezone), None)
        return row | {"zona waktu": label_for(zone) if zone else ""}
    if not path:
        row |= {"provinsi": place.province or "", "desa": place.village or ""}
    return row | {
        "posyandu": place.name,
        "zona waktu": label_for(place.timezone),
        "puskesmas": place.facility_name or "",
        "telepon puskesmas": place.facility_phone or "",
        "vaksin": place.vaccine_profile,
        "je": _YES if place.je_region else _NO,
    }


class _Fault(Exception):
    def __init__(self, code: str, column: str) -> None:
        super().__init__(code)
        self.code, self.column = code, column


class _Planner:
    """Works out the fate of each row beside what is there and the rows before it."""

    def __init__(self, tx: Tx) -> None:
        self._areas = {area.id: area for area in tx.areas()}
        self._places = list(tx.list_posyandu())
        self._seen: set[tuple[str, str]] = set()

    def fate(self, number: int, row: Mapping[str, str]) -> PlaceFate:
        try:
            return self._planned(number, row)
        except _Fault as fault:
            return PlaceFate(number, "fault", fault.code, fault.column)

    def _planned(self, number: int, row: Mapping[str, str]) -> PlaceFate:
        long = next((column for column in COLUMNS if len(row[column]) > _MAX_NAME), None)
        if long is not None:
            raise _Fault("too_long", long)
        province = province_named(row["provinsi"])
        if province is None:
            raise _Fault("province_unknown", "provinsi")
        zone = self._zone(province, row["zona waktu"])
        names = self._names(province, row)
        areas = self._areas_of(names, zone, row)
        key = (areas[-1].id if areas else "", place_key(row["posyandu"]) if row["posyandu"] else "")
        if key in self._seen:
            raise _Fault("duplicate_row", "posyandu")
        self._seen.add(key)
        fresh = tuple(area for area in areas if self._areas.get(area.id) != area)
        place = self._place(row, names, areas, province, zone) if row["posyandu"] else None
        fate, changes = self._compared(place, fresh)
        self._areas |= {area.id: area for area in areas}
        return PlaceFate(number, fate, changes=changes, areas=fresh, place=place)

    def _names(self, province: str, row: Mapping[str, str]) -> list[str]:
        """The names from the province down to the narrowest told; a gap between them is a fault."""
        told = [province, *(row[column] for column in _AREA_COLUMNS[1:])]
        filled = [name for name in told if name]
        if told[: len(filled)] != filled:
            raise _Fault("area_missing", _AREA_COLUMNS[told.index("")])
        if row["posyandu"] and len(filled) != len(KINDS):
            raise _Fault("area_missing", _AREA_COLUMNS[len(filled)])
        return filled

    def _zone(self, province: str, told: str) -> str:
        """The province's time zone; another one told beside it is a slip in one of the two."""
        zone = timezone_for(province)
        if not told:
            return zone
        if told.upper() not in _LABELS and told not in (zone_named(label) for label in _LABELS):
            raise _Fault("timezone_unknown", "zona waktu")
        if zone_named(told) != zone:
            raise _Fault("timezone_mismatch", "zona waktu")
        return zone

    def _areas_of(self, names: Sequence[str], zone: str, row: Mapping[str, str]) -> list[AreaRow]:
        areas = chain(names, zone)
        found = []
        for area in areas:
            known = self._areas.get(area.id)
            # A name that differs in its spelling only is kept as it was first written.
            found.append(area if known is None else replace(known, timezone=known.timezone or area.timezone))
        if row["kode"]:
            found[-1] = replace(found[-1], code=row["kode"][:20])
        return found

    def _place(
        self, row: Mapping[str, str], names: Sequence[str], areas: Sequence[AreaRow], province: str, zone: str
    ) -> PosyanduRow:
        profile = row["vaksin"].casefold() or VaccineProfile.PENTAVALEN.value
        if profile not in set(VaccineProfile):
            raise _Fault("vaccine_unknown", "vaksin")
        je = row["je"].casefold() or _NO
        if je not in (_YES, _NO):
            raise _Fault("je_unknown", "je")
        known = self._known(row["posyandu"], areas[-1])
        return PosyanduRow(
            id=known.id if known else posyandu_key(names, row["posyandu"]),
            name=row["posyandu"],
            timezone=zone,
            province=province,
            village=areas[-1].name,
            facility_name=row["puskesmas"] or None,
            facility_phone=row["telepon puskesmas"][:40] or None,
            vaccine_profile=profile,
            je_region=je == _YES,
            area_id=areas[-1].id,
        )

    def _known(self, name: str, desa: AreaRow) -> PosyanduRow | None:
        """The posyandu of that desa and name, or one without an area that says the same desa: it gets its place."""
        alike = [place for place in self._places if place_key(place.name) == place_key(name)]
        inside = [place for place in alike if place.area_id == desa.id]
        homeless = [
            place
            for place in alike
            if place.area_id is None and place_key(place.village or desa.name) == place_key(desa.name)
        ]
        return inside[0] if inside else homeless[0] if len(homeless) == 1 else None

    def _compared(self, place: PosyanduRow | None, fresh: Sequence[AreaRow]) -> tuple[str, tuple[str, ...]]:
        if place is None:
            new = any(area.id not in self._areas for area in fresh)
            return ("new" if new else "changed" if fresh else "same"), ()
        known = next((one for one in self._places if one.id == place.id), None)
        if known is None:
            return "new", ()
        changes = tuple(
            name for name in PosyanduRow.__dataclass_fields__ if getattr(known, name) != getattr(place, name)
        )
        return ("changed" if changes or fresh else "same"), changes
