"""The simulator as a visitor uses it, in headless Chromium."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

HANDSET = {"width": 390, "height": 844}
Open = Callable[..., Page]
Picture = Callable[[Page, str], None]

_numbers = itertools.count(6281200000500)


def phone_of(page: Page, number: str, channel: str = "whatsapp") -> Locator:
    return page.locator(f"#phone-{channel}-{number.removeprefix('+')}")


def add_phone(page: Page, name: str, channel: str = "whatsapp") -> tuple[Locator, str]:
    """A phone that no other test has used, added as a visitor adds one."""
    number = f"+{next(_numbers)}"
    page.get_by_role("button", name="Ponsel", exact=True).click()
    page.get_by_label("Nama").fill(name)
    page.get_by_label("Nomor").fill(number)
    page.get_by_label("SMS" if channel == "sms" else "WhatsApp", exact=True).check()
    page.get_by_role("button", name="Tambah").click()
    phone = phone_of(page, number, channel)
    expect(phone.get_by_role("heading", name=name)).to_be_visible()
    return phone, number


def say(phone: Locator, text: str) -> None:
    field = phone.locator("[data-text]")
    field.fill(text)
    field.press("Enter")


def answers(phone: Locator) -> Locator:
    return phone.locator(".message.theirs")


def talk(phone: Locator, *texts: str) -> None:
    """Say one thing after the other, each when the one before is answered."""
    for text in texts:
        before = answers(phone).count()
        say(phone, text)
        expect(answers(phone).nth(before)).to_be_visible()


def register_child(phone: Locator) -> None:
    """A girl of about eight months, at a posyandu in another time zone than the page's."""
    born = datetime.now(UTC).date() - timedelta(days=245)
    talk(phone, f"daftarkan anak saya Ani perempuan lahir {born:%d-%m-%Y} posyandu Melati", "setuju", "benar")


def test_a_visitor_finds_phones_side_by_side_a_clock_and_something_to_try(open_page: Open, picture: Picture) -> None:
    page = open_page()
    for number, channel in (("6281200000001", "whatsapp"), ("6281200000002", "whatsapp"), ("6281200000003", "sms")):
        expect(phone_of(page, number, channel)).to_be_in_viewport(ratio=0.95)
    expect(page.locator("#clock-date")).to_have_text(re.compile(r"^\w+, \d{1,2} \w+ \d{4}$"))
    phone, _ = add_phone(page, "Kakak Rina")
    expect(phone.get_by_text("Selamat datang")).to_be_visible()
    for suggestion in ("Daftar anak", "Jadwal imunisasi anak saya", "Apa itu stunting?"):
        expect(phone.get_by_role("button", name=suggestion, exact=True)).to_be_attached()
    picture(page, "kosong")


def test_a_question_is_answered_and_the_ticks_turn_blue_for_who_looks(open_page: Open) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Sari")
    say(phone, "Apa itu stunting?")
    expect(phone.locator(".message.mine .text")).to_have_text("Apa itu stunting?")
    expect(answers(phone).first).to_contain_text("tunting")
    expect(answers(phone).first).to_have_attribute("data-status", "read")
    expect(phone.locator(".message.mine")).to_have_class(re.compile("answered"))


def test_a_message_to_a_phone_nobody_looks_at_is_delivered_but_not_read(open_page: Open) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Lina")
    say(phone, "Halo")
    phone_of(page, "+6281200000002").locator("[data-text]").click()
    expect(answers(phone).first).to_have_attribute("data-status", "delivered")
    expect(phone.locator(".badge")).to_be_visible()
    phone.locator("[data-text]").click()
    expect(answers(phone).first).to_have_attribute("data-status", "read")
    expect(phone.locator(".badge")).to_be_hidden()


def test_a_quick_reply_button_answers_with_its_own_words(open_page: Open) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Tuti")
    say(phone, "Daftar anak")
    button = phone.locator(".replies button").first
    words = button.inner_text()
    before = answers(phone).count()
    button.click()
    expect(phone.locator(".message.mine .text").last).to_have_text(words)
    expect(answers(phone)).not_to_have_count(before)


@pytest.mark.parametrize(
    ("item", "shown"),
    [("Foto", "img.picture"), ("Lokasi", ".location"), ("Pesan suara", ".voice"), ("Stiker", "img.sticker")],
)
def test_attachments_show_on_the_phone_and_get_an_answer(open_page: Open, item: str, shown: str) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Wati")
    phone.get_by_role("button", name="Lampirkan").click()
    phone.get_by_role("menuitem", name=item).click()
    expect(phone.locator(f".message.mine {shown}")).to_be_visible()
    expect(answers(phone).first).to_be_visible()


def test_words_are_shown_as_words_never_as_a_page(open_page: Open) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Nur")
    nasty = "<img src=x onerror=\"document.title='x'\"> *tebal* dan _miring_ 3*4*5"
    say(phone, nasty)
    text = phone.locator(".message.mine .text")
    expect(text).to_have_text("<img src=x onerror=\"document.title='x'\"> tebal dan miring 3*4*5")
    expect(text.locator("strong")).to_have_text("tebal")
    expect(text.locator("em")).to_have_text("miring")
    expect(text.locator("img")).to_have_count(0)


def test_an_sms_phone_counts_the_parts_before_and_after_sending(open_page: Open) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Nenek Sum", "sms")
    field, count = phone.locator("[data-text]"), phone.locator("[data-count]")
    field.fill("a" * 160)
    expect(count).to_have_text("0/1")
    field.fill("a" * 161)
    expect(count).to_have_text("145/2")  # 2 x 153 - 161
    field.fill("\u2019" * 71)
    expect(count).to_have_text("63/2")  # outside GSM-7: 2 x 67 - 71
    field.fill("Halo")
    field.press("Enter")
    expect(phone.locator(".message.mine .parts")).to_have_text("1 SMS")
    expect(answers(phone).first).to_have_attribute("data-status", "delivered")


def test_a_tapped_message_tells_where_it_comes_from_and_when_it_arrived(open_page: Open, picture: Picture) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Yuli")
    say(phone, "Apa itu stunting?")
    expect(answers(phone).first).to_have_attribute("data-status", "read")
    answers(phone).first.locator(".bubble").click()
    drawer = page.get_by_role("dialog", name="Rincian pesan")
    expect(drawer.locator("code").first).to_have_text(re.compile(r"^[a-z0-9/-]+$"))
    for step in ("diterima penyedia", "terkirim", "sampai", "dibaca"):
        expect(drawer.locator(".steps").get_by_text(step, exact=True)).to_be_visible()
    picture(page, "rincian")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_a_message_delivered_twice_by_the_provider_is_answered_once(open_page: Open) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Rini")
    say(phone, "Apa itu stunting?")
    expect(answers(phone).first).to_have_attribute("data-status", "read")
    answered = answers(phone).count()
    phone.locator(".message.mine .info").click()
    page.get_by_role("button", name="Antar sekali lagi").click()
    expect(page.get_by_role("button", name="Sudah diantar lagi")).to_be_visible()
    page.keyboard.press("Escape")
    # An answer to the repeat would come before the answer to what is said after it.
    say(phone, "Halo")
    expect(answers(phone).nth(answered)).to_be_visible()
    expect(phone.locator(".message.mine")).to_have_count(2)
    expect(answers(phone).get_by_text("tunting", exact=False)).to_have_count(answered)


def test_a_weighing_is_answered_with_a_growth_chart_that_can_be_looked_at_closely(
    open_page: Open, picture: Picture
) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Ina")
    register_child(phone)
    talk(phone, "berat Ani 7,6 kg tinggi 68,5 cm")
    page.set_viewport_size(HANDSET)  # type: ignore[arg-type]
    page.get_by_role("tab", name="Ibu Ina").click()
    chart = answers(phone).last.locator("img.picture")
    expect(chart).to_be_visible()
    expect(chart).to_have_js_property("naturalWidth", 1080)  # it has really come, and is no broken picture
    chart.scroll_into_view_if_needed()
    picture(page, "grafik")

    answers(phone).last.get_by_role("button", name="Perbesar: Gambar dari Sapa Keluarga").press("Enter")
    large = page.get_by_role("dialog", name="Gambar").get_by_role("img")
    expect(large).to_be_in_viewport(ratio=1)
    picture(page, "grafik-besar")
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(page.get_by_role("button", name="Perbesar: Gambar dari Sapa Keluarga")).to_be_focused()


def test_an_address_in_a_message_is_a_link_and_nothing_of_the_page_breaks_it(open_page: Open) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Ibu Tari")
    say(phone, "lihat http://127.0.0.1:1/a_b_c?d=*e*, ya *nanti*")
    text = phone.locator(".message.mine .text")
    expect(text).to_have_text("lihat http://127.0.0.1:1/a_b_c?d=*e*, ya nanti")
    expect(text.get_by_role("link")).to_have_attribute("href", "http://127.0.0.1:1/a_b_c?d=*e*")


def test_the_link_of_the_data_file_opens_a_page_that_fits_a_handset(open_page: Open, picture: Picture) -> None:
    page = open_page()
    phone, number = add_phone(page, "Ibu Lela")
    register_child(phone)
    talk(phone, "UNDUH DATA")
    with page.context.expect_page() as opened:
        answers(phone).last.get_by_role("link").click()
    file = opened.value
    file.set_viewport_size(HANDSET)  # type: ignore[arg-type]
    expect(file.get_by_role("heading", level=1)).to_be_visible()
    expect(file.get_by_text(number).first).to_be_visible()
    expect(file.locator("table").first).to_have_css("border-collapse", "collapse")  # our policy lets its looks through
    assert file.evaluate("document.documentElement.scrollWidth") <= HANDSET["width"]
    picture(file, "data-saya")


def test_after_an_erasure_the_receipt_stands_last_and_nothing_else_is_kept(open_page: Open, picture: Picture) -> None:
    page = open_page()
    phone, number = add_phone(page, "Ibu Mira")
    register_child(phone)
    talk(phone, "HAPUS DATA")
    say(phone, "HAPUS")
    receipt = phone.locator(".message").filter(has_text=re.compile(r"HD-\d{6}-"))
    expect(receipt).to_be_visible()
    expect(phone.locator(".message").last).to_have_text(re.compile(r"HD-\d{6}-"))
    picture(page, "tanda-terima")

    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(phone_of(page, number).locator(".message")).to_have_count(1)
    expect(receipt).to_be_visible()


def test_everything_works_from_the_keyboard(open_page: Open) -> None:
    page = open_page()
    phone, _ = add_phone(page, "Kakak Dewi")
    phone.locator("[data-text]").focus()
    page.keyboard.type("Halo")
    page.keyboard.press("Enter")
    expect(answers(phone).first).to_be_visible()
    page.keyboard.press("Tab")  # the paper clip
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(phone.get_by_role("menuitem", name="Lokasi")).to_be_focused()
    page.keyboard.press("Escape")
    expect(phone.get_by_role("menu")).to_be_hidden()
    answers(phone).first.locator(".info").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Tutup rincian")).to_be_focused()
    page.keyboard.press("Escape")
    expect(answers(phone).first.locator(".info")).to_be_focused()


def test_on_a_handset_one_phone_fills_the_screen_and_tabs_change_it(open_page: Open, picture: Picture) -> None:
    page = open_page(HANDSET)
    maria, sms = phone_of(page, "6281200000001"), phone_of(page, "6281200000003", "sms")
    expect(maria).to_be_visible()
    expect(sms).to_be_hidden()
    picture(page, "ponsel")
    page.get_by_role("tab", name="Nenek Ina").click()
    expect(sms).to_be_visible()
    expect(maria).to_be_hidden()
    page.get_by_role("button", name="Majukan jam").click()
    expect(page.get_by_role("button", name="+1 hari")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= HANDSET["width"], "nothing sticks out to the side"


def test_the_way_from_the_phones_to_the_console_and_its_login(open_page: Open, picture: Picture) -> None:
    page = open_page()
    page.get_by_role("link", name="Konsol").click()
    page.wait_for_url("**/konsol/masuk")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("textbox")).to_be_visible()
    picture(page, "konsol")


def test_a_month_forward_the_reminder_arrives_at_a_decent_hour_of_its_own_day(
    open_page: Open, register_family: Callable[[Page, str], None], picture: Picture
) -> None:
    page = open_page()
    phone, number = add_phone(page, "Ibu Ratna")
    say(phone, "Halo")
    expect(answers(phone).first).to_be_visible()
    register_family(page, number)
    before = page.locator("#clock-date").inner_text()

    page.get_by_role("button", name="+1 bulan").click()
    expect(page.get_by_text("Jam berjalan ke")).to_be_visible()
    expect(page.get_by_role("button", name="+1 bulan")).to_be_hidden()
    expect(page.get_by_text("Jam berjalan ke")).to_be_hidden(timeout=120_000)

    expect(page.locator("#clock-date")).not_to_have_text(before)
    reminder = phone.locator('.message[data-kind="reminder"]').first
    expect(reminder).to_have_attribute("data-status", "read")
    hour = int(reminder.locator("time").inner_text()[:2])
    assert 7 <= hour < 20, "nothing between 20.00 and 07.00 local time"
    picture(page, "pengingat")


def test_the_clock_can_be_stopped_on_its_way(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="+1 bulan").click()
    page.get_by_role("button", name="Berhenti di sini").click()
    expect(page.get_by_role("button", name="+1 bulan")).to_be_enabled()


@pytest.mark.skipif("SAPA_SHOTS" not in os.environ, reason="only draws a picture: SAPA_SHOTS=folder -k readme")
def test_the_picture_for_the_readme(open_page: Open, picture: Picture) -> None:
    page = open_page()
    maria, yosef = phone_of(page, "6281200000001"), phone_of(page, "6281200000002")
    nenek = phone_of(page, "6281200000003", "sms")
    talk(nenek, "Halo")
    born = datetime.now(UTC).date() - timedelta(days=20)
    talk(maria, f"daftarkan anak saya Aisyah perempuan lahir {born:%d-%m-%Y} posyandu Melati", "setuju", "benar")
    page.get_by_role("button", name="+1 bulan").click()
    expect(page.get_by_text("Jam berjalan ke")).to_be_visible()
    expect(page.get_by_text("Jam berjalan ke")).to_be_hidden(timeout=120_000)
    register_child(yosef)
    talk(yosef, "berat Ani 7,9 kg tinggi 69 cm tgl kemarin")
    expect(answers(yosef).last.locator("img.picture")).to_have_js_property("naturalWidth", 1080)
    maria.locator("[data-text]").click()
    expect(maria.locator('.message[data-kind="reminder"]').first).to_have_attribute("data-status", "read")
    # In the middle the picture itself, not the end of what stands below it.
    answers(yosef).last.evaluate("message => message.scrollIntoView({block: 'start'})")
    page.mouse.move(5, 400)
    picture(page, "simulator")
