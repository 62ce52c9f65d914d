"""Provinces and their statutory time zones."""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sapa.family.regions import PROVINCES, label_for, province_named, timezone_for, zone_named


def test_all_38_provinces_are_known_with_16_and_2_in_wib_12_in_wita_and_8_in_wit() -> None:
    # WIB: 10 on Sumatra, 6 on Java, West and Central Kalimantan = 18.
    # WITA: 3 on Kalimantan, Bali, 2 of Nusa Tenggara, 6 on Sulawesi = 12. WIT: 2 of Maluku, 6 of Papua = 8.
    assert len(PROVINCES) == 38
    zones = Counter(label_for(timezone_for(name)) for name in PROVINCES)
    assert zones == {"WIB": 18, "WITA": 12, "WIT": 8}


@pytest.mark.parametrize(("label", "hours"), [("WIB", 7), ("WITA", 8), ("WIT", 9)])
def test_each_zone_keeps_its_distance_from_utc_all_year(label: str, hours: int) -> None:
    zone = ZoneInfo(zone_named(label))
    for month in range(1, 13):
        assert datetime(2026, month, 1, tzinfo=zone).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("written", "province", "label"),
    [
        ("Jawa Barat", "Jawa Barat", "WIB"),
        ("JAWA  barat", "Jawa Barat", "WIB"),
        ("Jabar", "Jawa Barat", "WIB"),
        ("Provinsi Jawa Barat", "Jawa Barat", "WIB"),
        ("Prov. Jabar", "Jawa Barat", "WIB"),
        ("jakarta", "DKI Jakarta", "WIB"),
        ("DKI", "DKI Jakarta", "WIB"),
        ("Daerah Khusus Jakarta", "DKI Jakarta", "WIB"),
        ("DIY", "DI Yogyakarta", "WIB"),
        ("D.I. Yogyakarta", "DI Yogyakarta", "WIB"),
        ("di yogyakarta", "DI Yogyakarta", "WIB"),
        ("Jogja", "DI Yogyakarta", "WIB"),
        ("Daerah Istimewa Yogyakarta", "DI Yogyakarta", "WIB"),
        ("DI Yogjakarta", "DI Yogyakarta", "WIB"),  # a slip of the pen
        ("Sumatra Utara", "Sumatera Utara", "WIB"),
        ("Kep. Riau", "Kepulauan Riau", "WIB"),
        ("Kalteng", "Kalimantan Tengah", "WIB"),
        ("Kalbar", "Kalimantan Barat", "WIB"),
        ("Kaltim", "Kalimantan Timur", "WITA"),
        ("Kalimantan Tmur", "Kalimantan Timur", "WITA"),
        ("Kaltara", "Kalimantan Utara", "WITA"),
        ("NTT", "Nusa Tenggara Timur", "WITA"),
        ("ntb", "Nusa Tenggara Barat", "WITA"),
        ("Bali", "Bali", "WITA"),
        ("Sultra", "Sulawesi Tenggara", "WITA"),
        ("Maluku", "Maluku", "WIT"),
        ("Papua", "Papua", "WIT"),
        ("papua barat daya", "Papua Barat Daya", "WIT"),
        ("Papua Pegunungan", "Papua Pegunungan", "WIT"),
    ],
)
def test_a_province_is_found_however_it_is_written(written: str, province: str, label: str) -> None:
    assert province_named(written) == province
    assert label_for(timezone_for(written)) == label


@pytest.mark.parametrize("written", [None, "", "  ", "Atlantis", "Papu", "x" * 500])
def test_an_unknown_province_has_no_name_and_lives_by_jakarta_time(written: str | None) -> None:
    assert province_named(written) is None
    assert timezone_for(written) == "Asia/Jakarta"


def test_every_name_stands_for_itself() -> None:
    assert [province_named(name) for name in PROVINCES] == list(PROVINCES)


def test_a_zone_may_be_named_by_its_indonesian_label_or_by_iana() -> None:
    assert zone_named(" wita ") == "Asia/Makassar"
    assert zone_named("Asia/Jayapura") == "Asia/Jayapura"
    assert label_for("Asia/Tokyo") == "Asia/Tokyo"
