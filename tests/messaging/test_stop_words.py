"""Stop words: the whole message or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.stop_words import stop_word


@pytest.mark.parametrize(
    "text",
    [
        *[
            "STOP",
            "stop",
            "Stop!",
            "STOPALL",
            "UNSUBSCRIBE",
            "END",
            "QUIT",
            "REVOKE",
            "OPTOUT",
            "UNSUB",
            "BERHENTI",
            "berhenti.",
            "brhnti",
            "hentikan",
        ],
        "opt-out",
        "stop all",
        "Stoppp!!!",
        "berhentiiii",
        "stop ya bu",
        "tolong stop pesannya",
        "stop pesan",
        "batal langganan",
        "berhenti langganan",
        "berhenti berlangganan ya kak",
        "jangan kirim lagi",
        "Jangan kirim pesan lagi!",
        "jgn wa saya lagi",
        "tidak mau dikirimi pesan lagi",
        "gak usah kirim sms lagi",
        "saya mau berhenti",
        "ｓｔｏｐ",
        "s\u200btop",
        "STOP 🙏",
    ],
)
def test_these_stop(text: str) -> None:
    assert stop_word(text) == "stop"


@pytest.mark.parametrize(
    "text",
    ["START", "unstop", "Mulai", "mulai lagi", "aktifkan lagi ya", "Aktifkan kembali.", "langganan lagi", "kirim lagi"],
)
def test_these_start_again(text: str) -> None:
    assert stop_word(text) == "start"


@pytest.mark.parametrize("text", ["HELP", "info", "Bantuan", "bantuan dong", "butuh bantuan"])
def test_these_ask_for_help(text: str) -> None:
    assert stop_word(text) == "help"


@pytest.mark.parametrize(
    "text",
    [
        "stop ASI",
        "kapan stop asi",
        "berhenti KB",
        "mau berhenti suntik kb",
        "batal",  # cancels an open form
        "cancel",  # so does the English word; where the provider opts out on it, it says so
        "mulai mpasi kapan",
        "mulai mpasi",
        "info imunisasi",
        "info bidan",
        "jangan berhenti kirim pesan",
        "tidak mau berhenti",
        "tidak dapat pesan",
        "pesan tidak dikirim",
        "perdarahan tidak berhenti",
        "darah stop",
        "end game",
        "",
        "   ",
        "👍",
        "tolong",
        "ya",
    ],
)
def test_these_are_no_stop_words(text: str) -> None:
    assert stop_word(text) is None


@pytest.mark.parametrize(
    ("text", "opt_out_type", "meant"),
    [
        ("CANCEL", "STOP", "stop"),
        ("ya", "START", "start"),
        ("INFO", "HELP", "help"),
        ("stop", "", "stop"),
        ("halo", "?", None),
    ],
)
def test_where_the_provider_has_decided_its_word_counts(text: str, opt_out_type: str, meant: str | None) -> None:
    assert stop_word(text, opt_out_type) == meant


@given(st.text(max_size=100))
def test_no_text_makes_it_fail(text: str) -> None:
    assert stop_word(text) in (None, "stop", "start", "help")


@given(st.sampled_from(["stop", "berhenti", "jangan kirim lagi"]), st.text(alphabet=" .,!?\n🙏\u200b", max_size=8))
def test_what_stands_around_a_stop_word_and_says_nothing_changes_nothing(word: str, around: str) -> None:
    assert stop_word(around + word.upper() + around) == "stop"
