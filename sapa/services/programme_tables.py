"""Figures and registers as tables of plain values, for CSV and XLSX (sapa.sheets writes them)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeAlias

from sapa.family.immunization import schedule
from sapa.family.pregnancy import visits
from sapa.family.skdn import Skdn, marks
from sapa.services.access import NotAllowed, Staffer
from sapa.services.consents import CHILD_CARE, PREGNANCY_CARE
from sapa.services.ports import Tx
from sapa.services.programme import Behind, Figure, Group, MonthRow, ids_of, label, portions, sees_no_names
from sapa.services.programme_marks import LONGEST_PREGNANCY, Period, followed

Value: TypeAlias = str | int | float | bool | date | None


@dataclass(frozen=True)
class SheetData:
    """A table to be written by sapa.sheets: plain values, dates as dates."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def figures_table(found: Sequence[tuple[Group, Sequence[Figure]]], year: int, month: int) -> SheetData:
    """Figures as a table: one line for each group and figure."""
    header = (
        "bulan",
        "wilayah",
        "jenis wilayah",
        "kode",
        "indikator",
        "pembilang",
        "penyebut",
        "persen",
        "catatan",
        "di luar hitungan",
    )
    rows = tuple(
        (
            f"{year:04d}-{month:02d}",
            group.label,
            group.kind,
            one.key,
            label(one.key),
            one.numerator,
            one.denominator,
            None if one.share is None else round(one.share * 100, 1),
            one.note,
            ", ".join(f"{code}: {number}" for code, number in one.apart.items()),
        )
        for group, figures in found
        for one in figures
    )
    return SheetData("Indikator", header, rows)


def skdn_table(rows: Sequence[MonthRow]) -> SheetData:
    """SKDN of a year as a table: one line a month, shares in percent."""
    header = ("bulan", "S", "K", "D", "N", "T", "O", "B", "?", "K/S", "D/S", "N/D", "N/S")
    return SheetData(
        "SKDN",
        header,
        tuple(
            (
                f"{row.year:04d}-{row.month:02d}",
                *(row.numbers.s, row.numbers.k, row.numbers.d, row.numbers.n, row.numbers.t),
                *(row.numbers.o, row.numbers.b, row.numbers.unclear),
                *(None if one is None else round(one * 100, 1) for one in shares_of(row.numbers)),
            )
            for row in rows
        ),
    )


def shares_of(numbers: Skdn) -> tuple[float | None, float | None, float | None, float | None]:
    """K/S, D/S, N/D, N/S."""
    return numbers.k_of_s, numbers.d_of_s, numbers.n_of_d, numbers.n_of_s


def list_table(rows: Sequence[Behind], key: str) -> SheetData:
    """The list behind a figure as a table."""
    header = ("nama", "keluarga", "tanggal lahir", "termasuk", "keterangan", "di luar hitungan")
    return SheetData(
        label(key),
        header,
        tuple((one.name, one.family, one.birth_date, _YES_NO[one.counted], one.detail, one.aside) for one in rows),
    )


def register_tables(
    tx: Tx, who: Staffer, posyandu_ids: Collection[str], on: date, now: datetime
) -> tuple[SheetData, SheetData]:
    """The register by name of some posyandu on a day: children and pregnant women, in the columns an import reads.

    Whoever hands it out writes that down with `note_register`. Raises NotAllowed for whoever does not see these
    families by name.
    """
    if sees_no_names(who, posyandu_ids):
        raise NotAllowed("a register by name is for the kader and bidan of these families")
    doses = [dose.id for dose in schedule()]
    children: list[tuple[Value, ...]] = []
    mothers: list[tuple[Value, ...]] = []
    for places in portions(tx, posyandu_ids):
        where = {place.id: place for place in places}
        period = Period.of(on.year, on.month, places[0].timezone, on)
        homes = {home.household_id: home for home in tx.kept_households(ids_of(places), period.end)}
        weighed = tx.last_measured(ids_of(places), on)
        no_child, no_pregnancy = (tx.refused(ids_of(places), one) for one in (CHILD_CARE, PREGNANCY_CARE))
        for row in tx.kept_children(ids_of(places), on, on, on, doses=True):
            if row.household_id in no_child:
                continue
            child, home, place = row.child, homes.get(row.household_id), where[row.posyandu_id]
            if marks(replace(followed(row, period.zone), since=date.min), on, on) is None:
                continue
            last = weighed.get(child.id)
            children.append(
                (
                    *(place.name, place.village, child.name, child.sex.value if child.sex else None, child.birth_date),
                    *((home.name, home.phone, home.address) if home else ("", "", "")),
                    *(child.birth_weight_g, child.birth_weeks, _YES_NO[row.has_book]),
                    *((last.date, last.weight_kg, last.lenhei_cm) if last else (None, None, None)),
                    *(child.doses.get(dose) for dose in doses),
                )
            )
        for kept in tx.kept_pregnancies(ids_of(places), on - LONGEST_PREGNANCY, on):
            if (kept.ended_on is None or kept.ended_on > on) and kept.household_id not in no_pregnancy:
                home, place = homes.get(kept.household_id), where[kept.posyandu_id]
                mothers.append(
                    (
                        *(place.name, place.village, kept.name or (home.name if home else "")),
                        *((home.phone, home.address) if home else ("", "")),
                        *(kept.pregnancy.lmp, kept.pregnancy.edd),
                        *(kept.pregnancy.anc.get(visit.id) for visit in visits()),
                    )
                )
    return (
        SheetData("Anak", (*_CHILD_COLUMNS, *doses), tuple(children)),
        SheetData("Ibu hamil", (*_MOTHER_COLUMNS, *(visit.id for visit in visits())), tuple(mothers)),
    )


def note_register(
    tx: Tx, who: Staffer, posyandu_ids: Collection[str], tables: Sequence[SheetData], now: datetime
) -> None:
    """Write down that somebody took a register along. Apart from the reading, which takes long and needs no lock."""
    children, mothers = (len(table.rows) for table in tables)
    detail = {"posyandu": len(posyandu_ids), "children": children, "pregnancies": mothers}
    tx.audit("register_exported", None, detail, now, actor_id=who.contact_id)


_YES_NO = {True: "ya", False: "tidak", None: None}
_CHILD_COLUMNS = (
    *("posyandu", "desa", "nama anak", "jenis kelamin", "tanggal lahir", "nama ibu", "nomor hp", "alamat"),
    *("berat lahir (g)", "usia kehamilan lahir", "buku kia", "tanggal timbang", "bb", "tb"),
)
_MOTHER_COLUMNS = ("posyandu", "desa", "nama ibu", "nomor hp", "alamat", "HPHT", "HPL")
