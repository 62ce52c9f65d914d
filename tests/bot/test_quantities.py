"""What a number in a message is about: an age, a week of pregnancy, a weight, a birth date, or none of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.quantities import QuantityExtractor, read_quantities

TODAY = date(2026, 11, 22)  # a Sunday


def _read(text: str) -> dict[str, Any]:
    return {entity["entity"]: entity["value"] for entity in read_quantities(text, TODAY)}


@pytest.mark.parametrize(
    ("text", "quantities"),
    [
        # ages in months and years: completed months
        ("5bln blm bs tengkurap normal gak", {"age_months": 5}),
        ("anak saya umur 14 bulan susah makan", {"age_months": 14}),
        ("umur 1 tahun 3 bulan sudah boleh susu uht?", {"age_months": 12 + 3}),
        ("anak 1,5 tahun belum bisa jalan", {"age_months": 18}),
        ("bayi enam bulan boleh makan telur?", {"age_months": 6}),
        ("anak setahun setengah gtm", {"age_months": 12 + 6}),
        ("usia 6 bulan kurang 2 hari sudah boleh mpasi?", {"age_months": 6 - 1}),
        ("anak sudah 8 bulan", {"age_months": 8}),
        ("saya 25 tahun, anak saya 8 bulan", {"age_months": 8}),
        ("hamil 8 bulan, kakaknya 2 tahun", {"age_months": 24}),
        # ages in weeks and days
        ("bayi saya umur 10 hari kuning", {"age_days": 10}),
        ("bayi 3 minggu sering gumoh", {"age_days": 21}),
        ("baby baru lahir 2 hari", {"age_days": 2}),
        ("umur 40 hari", {"age_days": 40}),
        # how long and how often are no ages
        ("demam 3 hari", {}),
        ("anak saya sudah 2 minggu batuk", {}),
        ("bayi saya 3 hari tidak bab", {}),
        ("suntik kb 3 bulan", {}),
        ("sudah 5 bulan tidak haid", {}),
        ("posyandu tiap 1 bulan sekali", {}),
        ("asi eksklusif 6 bulan itu apa", {}),
        ("imunisasi 3 bulan lalu", {}),
        ("anak usia 6-12 bulan makan berapa kali", {}),
        ("menikah umur 19 tahun boleh?", {}),
        # weeks of pregnancy
        ("hamil 34 minggu kaki bengkak", {"gestational_week": 34}),
        ("34w normal gak bb naik", {"gestational_week": 34}),
        ("hml 12 mgg mual", {"gestational_week": 12}),
        ("usia kehamilan 28 minggu", {"gestational_week": 28}),
        ("uk 34", {"gestational_week": 34}),
        ("20 minggu hamil boleh naik motor?", {"gestational_week": 20}),
        ("hamil anak kedua sekarang sudah masuk 30 minggu", {"gestational_week": 30}),
        ("lagi hamil, mual sudah 2 minggu", {}),
        ("hamil 5 bulan", {}),
        ("hamil 20 minggu, anak pertama 2 tahun", {"gestational_week": 20, "age_months": 24}),
        # weights
        ("bb 8,2 kg", {"weight_kg": 8.2}),
        ("anak 9 bulan berat 7.5 kg kurang gak", {"age_months": 9, "weight_kg": 7.5}),
        ("lahir 2900 gram", {"weight_kg": 2.9}),
        ("bbnya 2kg8ons", {"weight_kg": 2.8}),
        ("beras 5 kg dari bansos kapan cair", {}),
        ("naik 2 kg", {}),
        # birth dates
        ("daftarkan anak saya Aisyah lahir 1-11-2026", {"birth_date": "2026-11-01"}),
        ("lahir 3 mei 2026 bb 3,1 kg", {"birth_date": "2026-05-03", "weight_kg": 3.1}),
        ("lahirnya kemarin", {"birth_date": "2026-11-21"}),
        ("lahir bulan mei", {}),
        ("hpht 1 september 2026", {}),
        ("posyandu 10-12-2026 jam 8", {}),
        # a bare number belongs to the form that asked for it
        ("34", {}),
        ("8,2", {}),
        ("halo bu bidan", {}),
        ("", {}),
    ],
)
def test_what_the_numbers_of_a_message_are(text: str, quantities: dict[str, Any]) -> None:
    assert _read(text) == quantities


def test_an_entity_says_where_it_stands() -> None:
    text = "anak saya umur 14 bulan susah makan"
    (entity,) = read_quantities(text, TODAY)
    assert text[entity["start"] : entity["end"]] == "14 bulan"


def test_the_component_adds_to_what_others_found_and_signs_its_own() -> None:
    other = {"entity": "name", "value": "Aisyah", "start": 0, "end": 6}
    message = Message(
        {"text": "aisyah lahir kemarin", "entities": [other], "metadata": {"now": "2026-11-22T02:00:00Z"}}
    )
    QuantityExtractor().process([message])
    kept, found = message.get("entities")
    assert kept == other
    assert (found["entity"], found["value"], found["extractor"]) == ("birth_date", "2026-11-21", "QuantityExtractor")


def test_the_day_of_a_message_is_the_familys_not_greenwichs() -> None:
    # 23:00 UTC on the 21st is 06:00 on the 22nd in Jakarta, so yesterday is the 21st.
    message = Message({"text": "lahir kemarin", "metadata": {"now": "2026-11-21T23:00:00+00:00"}})
    QuantityExtractor().process([message])
    assert message.get("entities")[0]["value"] == "2026-11-21"


def test_without_the_moment_of_the_message_no_birth_date_is_guessed() -> None:
    message = Message({"text": "lahir 1-11-2026 bb 3 kg"})
    QuantityExtractor().process([message])
    assert [entity["entity"] for entity in message.get("entities")] == ["weight_kg"]


_PIECES = st.sampled_from(["hamil", "umur", "bayi", "5", "12", ",", "-", "minggu", "bulan", "kg", "lahir"])


@given(st.text(max_size=80) | st.lists(_PIECES).map(" ".join))
def test_no_text_breaks_it_and_values_stay_in_their_ranges(text: str) -> None:
    for entity in read_quantities(text, TODAY):
        low, high = {
            "age_months": (0, 59),
            "age_days": (1, 365),
            "gestational_week": (1, 45),
            "weight_kg": (0.3, 80),
            "birth_date": ("2021-11-22", "2026-11-22"),
        }[entity["entity"]]
        assert low <= entity["value"] <= high
