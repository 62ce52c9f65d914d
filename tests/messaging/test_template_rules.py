"""What Meta would refuse about a template, and how its gaps are filled without becoming too long."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.templates import (
    MAX_TEXT,
    Button,
    Template,
    base_name,
    faults,
    faults_between,
    fitted,
    length,
    next_version,
    one_line,
    same_gaps,
    shortened,
    version,
    whole_text,
)

GOOD = Template(
    name="pengingat",
    language="id",
    category="utility",
    body="Halo, {{1}} ada posyandu di {{2}}. Jangan lupa bawa Buku KIA, ya.",
    samples=("besok", "Balai Warga"),
    buttons=(),
    why="Reminder of an appointment.",
    used_by=("pengingat/posyandu",),
)
CODE = replace(GOOD, category="authentication", body="", samples=("123456",), buttons=(Button("Salin", "copy"),))


def test_a_good_template_has_no_fault() -> None:
    assert faults(GOOD) == []
    assert faults(CODE) == []


WORDS = "satu dua tiga empat lima enam tujuh delapan sembilan"
BODIES = {
    "begins with a gap": f"{{{{1}}}} {WORDS}",
    "ends with a gap": f"{WORDS} {{{{1}}}}",
    "ends with a gap and a full stop": f"{WORDS} {{{{1}}}}.",
    "two gaps side by side": f"{WORDS} {{{{1}}}} {{{{2}}}} ya",
    "nothing but a comma between two gaps": f"{WORDS} {{{{1}}}}, {{{{2}}}} ya",
    "a gap alone on its line": f"{WORDS}\n*{{{{1}}}}*\n{WORDS}",
    "a number left out": f"{WORDS} {{{{1}}}} dan {{{{3}}}} ya, {WORDS}",
    "numbers out of order": f"{WORDS} {{{{2}}}} dan {{{{1}}}} ya, {WORDS}",
    "a number twice": f"{WORDS} {{{{1}}}} dan {{{{1}}}} ya, {WORDS}",
    "a gap with spaces": f"{WORDS} {{{{ 1 }}}} ya",
    "a gap with a name": f"{WORDS} {{{{nama}}}} ya",
    "too few words for one gap": "Pesan: {{1}} ya",
    "too few words for its gaps": "Ini {{1}} itu {{2}} dan {{3}} lalu {{4}} atau {{5}} ya",
    "five spaces": f"{WORDS}     {{{{1}}}} ya",
    "two empty lines": f"{WORDS}\n\n\n{WORDS} {{{{1}}}} ya",
    "more than 1024 characters": f"{WORDS} {{{{1}}}} {'a' * 1024}",
    "nothing": "",
}


@pytest.mark.parametrize("what", BODIES)
def test_a_body_meta_would_refuse_is_a_fault_of_the_body(what: str) -> None:
    found = [fault for fault in faults(replace(GOOD, body=BODIES[what])) if fault.startswith("body:")]
    assert found, what


HEADS = {
    "a capital letter in its name": ({"name": "Pengingat"}, "name:"),
    "a hyphen in its name": ({"name": "pengingat-umum"}, "name:"),
    "a name that is too long": ({"name": "a" * 61}, "name:"),
    "a name like a version": ({"name": "pengingat_v2"}, "name: may not end like a version"),
    "a language that is none": ({"language": "Indonesia"}, "language:"),
    "a category that is none": ({"category": "transactional"}, "category:"),
    "no reason for the reviewer": ({"why": " "}, "why:"),
    "a sample too few": ({"samples": ("besok",)}, "samples: 1 for 2 gaps"),
    "an empty sample": ({"samples": ("besok", " ")}, "samples: 2 is empty"),
    "a sample of two lines": ({"samples": ("besok\npagi", "x")}, "samples: 1 holds"),
    "a sample with five spaces": ({"samples": ("besok     pagi", "x")}, "samples: 1 holds"),
    "samples that make it too long": ({"samples": ("a" * 1000, "b")}, "samples: with them"),
    "eleven buttons": ({"buttons": tuple(Button(f"Ya {n}", "ya") for n in range(11))}, "buttons: 11"),
    "a title of 21 characters": ({"buttons": (Button("a" * 21, "ya"),)}, "buttons:"),
    "an empty title": ({"buttons": (Button(" ", "ya"),)}, "buttons:"),
    "two equal titles": ({"buttons": (Button("Ya", "ya"), Button("Ya", "mau"))}, "buttons: two"),
    "a title with a star": ({"buttons": (Button("*Ya*", "ya"),)}, "buttons:"),
    "a button without a payload": ({"buttons": (Button("Ya", ""),)}, "buttons:"),
}


@pytest.mark.parametrize("what", HEADS)
def test_what_is_wrong_beside_the_body_is_named(what: str) -> None:
    changes, said = HEADS[what]
    found = faults(replace(GOOD, **changes))  # type: ignore[arg-type]
    assert len(found) == 1 and found[0].startswith(said), found


def test_an_authentication_template_has_no_words_of_its_own_and_one_button_that_copies() -> None:
    assert faults(replace(CODE, body="Kode: {{1}}")) == [
        "body: Meta words authentication templates itself; leave it empty"
    ]
    assert faults(replace(CODE, buttons=())) == ["buttons: one is needed, the one that copies the code"]
    assert faults(replace(CODE, buttons=(Button("Salin", "x"),)))
    assert CODE.filled({"1": "123456"}) is None


def test_two_templates_may_not_say_the_same() -> None:
    assert faults_between([GOOD, replace(GOOD, name="lain")]) == ["lain: body: says the same as pengingat"]
    assert faults_between([GOOD, replace(GOOD, name="lain", language="en")]) == []


def test_nine_words_carry_three_gaps_but_not_four() -> None:
    # 3 gaps need 3 x 3 + 1 = 10 words and gaps, 4 need 13. There are 8 words: 8 + 3 = 11, 8 + 4 = 12.
    three = "a {{1}} b {{2}} c d {{3}} e f g h"
    four = "a {{1}} b {{2}} c {{3}} d {{4}} e f g h"
    assert faults(replace(GOOD, body=three, samples=("x",) * 3)) == []
    assert faults(replace(GOOD, body=four, samples=("x",) * 4)) == ["body: 8 fixed words for 4 gaps are too few"]


# ------------------------------------------------------------------------------------------------------------ versions


def test_a_name_that_was_ever_used_is_not_used_again() -> None:
    assert next_version("kabar", []) == "kabar"
    assert next_version("kabar", ["kabar"]) == "kabar_v2"
    assert next_version("kabar", ["kabar", "kabar_v7", "kabar_umum_v9"]) == "kabar_v8"
    assert (base_name("kabar_v12"), version("kabar_v12")) == ("kabar", 12)
    assert (base_name("kabar_vip"), version("kabar_vip")) == ("kabar_vip", 1)


def test_the_hash_tells_new_words_from_gaps_that_mean_something_else() -> None:
    reworded = replace(GOOD, body=GOOD.body.replace("Halo", "Selamat sore"))
    other_gaps = replace(reworded, samples=("Balai Warga", "besok"))
    assert len(GOOD.body_hash) == 64
    assert reworded.body_hash != GOOD.body_hash and same_gaps(reworded.body_hash, GOOD.body_hash)
    assert not same_gaps(other_gaps.body_hash, GOOD.body_hash)
    assert replace(GOOD, body=GOOD.body.replace(" ada", "\n ada")).shape == GOOD.shape  # a provider may trim


# ------------------------------------------------------------------------------------------------------------- filling


def test_values_fill_gaps_once_and_are_never_read_as_gaps_themselves() -> None:
    assert GOOD.filled({"1": "{{2}}", "2": "B"}) == "Halo, {{2}} ada posyandu di B. Jangan lupa bawa Buku KIA, ya."


def test_only_as_many_values_as_gaps_and_none_empty() -> None:
    assert GOOD.takes({"1": "a", "2": "b"}) and GOOD.takes({"2": "b", "1": "a"})
    assert not any(GOOD.takes(v) for v in ({"1": "a"}, {"1": "a", "2": " "}, {"1": "a", "2": "b", "3": "c"}))


SENTENCES = st.lists(st.text("abc é\U0001f600", min_size=1, max_size=60).map(lambda s: s.strip() + "."), max_size=60)


@given(st.lists(SENTENCES.map(" ".join), min_size=2, max_size=2))
def test_a_message_with_its_values_is_never_longer_than_whatsapp_takes(values: list[str]) -> None:
    filled = GOOD.filled(fitted(GOOD, values))
    assert filled is not None and length(filled) <= MAX_TEXT
    whole = {"1": one_line(values[0]), "2": one_line(values[1])}
    if length(GOOD.filled(whole) or "") <= MAX_TEXT:
        assert fitted(GOOD, values) == whole


@given(SENTENCES.map(" ".join), st.integers(20, 1024))
def test_what_is_shortened_fits_and_is_the_beginning_of_the_text(text: str, room: int) -> None:
    cut = shortened(text, room)
    assert length(cut) <= room
    assert cut == text or (cut.endswith("...") and text.startswith(cut.removesuffix("...").rstrip()))


def test_a_text_is_shortened_at_the_end_of_a_sentence() -> None:
    text = "Bawa Buku KIA. Datang jam delapan pagi. Jangan lupa topi."
    assert shortened(text, 50) == "Bawa Buku KIA. Datang jam delapan pagi. ..."
    assert shortened("kata " * 30, 22) == "kata kata kata..."


@given(st.lists(SENTENCES.map(" ".join).filter(str.strip), min_size=2, max_size=6), st.integers(200, 900))
def test_a_whole_text_keeps_its_last_paragraph_whatever_its_length(paragraphs: list[str], room: int) -> None:
    line = whole_text("\n\n".join(paragraphs), room)
    assert "\n" not in line and length(line) <= room
    last = one_line(paragraphs[-1])
    if length(last) < room - 10:
        assert line.endswith(last)


def test_a_cut_text_says_what_to_do_next() -> None:
    text = "Halo Ibu. " + "Banyak kata. " * 30 + "\n\nBalas *SUDAH*."
    assert whole_text(text, 60) == "Halo Ibu. Banyak kata. Banyak kata. ... Balas *SUDAH*."
