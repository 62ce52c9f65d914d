""" "Bukan saya" silences a number at once, so what only looks like it must never do so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sapa.messaging.not_me_words import is_bare, says_not_me

WRONG_PERSON = """
bukan saya
Bukan saya bu
bkn sy
maaf bukan saya
itu bukan saya
ini bukan saya kak, salah orang
bukan saya, salah orang
bukan aku
bukan untuk saya
bukan saya yang daftar
bukan saya yang dimaksud
dudu aku
sanes abdi
salah nomor
maaf salah nomor bu
salah no
salah sambung
SALAH SAMBUNG!!
kayaknya salah sambung ya?
salah orang kak
salah sambung, jangan kirim lagi
salah sambung bu, saya bujangan. jangan dikirim info bayi
ini salah nomor, saya bukan bu ani
ini bukan ibu Rina
ini bukan bu sumarni
saya bukan pak Joko
saya bukan Ibu Wati, salah orang
maaf ini bukan mama Yuli
bukan nomor yang dituju
ini bukan nomor ibu Rina
itu bukan nomornya bu Tuti
nomor ini bukan punya bu Rita
nomor ini udah bukan punya bu Rita, jangan kirim
nomor ini sudah ganti orang
nomor ini sudah ganti pemilik
nomor ini udah ganti yang punya
hp ini sudah dipakai orang lain
saya ga punya anak, salah kirim
saya laki laki bujang kok dikirimi soal bayi, salah orang ini
gue cowok 17 tahun kenapa dikirimin soal asi, salah nomor bos
ini nomor toko bangunan, bukan ibu hamil, hentikan
salah alamat, saya bukan ibu yang dimaksud
Nomor ini bukan milik ibu hamil yang dimaksud, mohon tidak mengirim pesan lagi.
Permisi, ini nomor baru saya beli. Sepertinya pemilik lama ibu hamil. Tolong hentikan pesannya karena bukan untuk saya.
assalamualaikum, hp ini milik masjid dan sering bunyi waktu pengajian. mungkin salah nomor. mohon tidak dikirimi lagi
saya bapak umur 60, tidak punya bayi. Dua bulan dikirimi jadwal. Mungkin salah nomor. Mohon jangan dikirimi lagi
"""

SOMETHING_ELSE = """
bukan saya yang sakit, anak saya
bukan saya yg demam tapi adiknya
bukan saya yang ke posyandu, neneknya
bukan saya, suami saya yang merokok
bukan saya tapi istri yang hamil
saya bukan ibu kandungnya, saya tantenya
saya bukan ibunya, saya neneknya
saya bukan ibu Ani, saya neneknya
saya bukan bu Ani, saya nenek Ani
saya bukan ibu tiri
aku bukan ibu yg baik
saya bukan ibu rumah tangga
saya bukan ibu hamil
Bu, saya bukan hamil ya, saya calon pengantin
saya bukan bidan
saya bukan kader
ini bukan bu bidan?
ini bukan nomor bidan ya?
ini bukan nomor puskesmas?
ini bukan nomor saya, ini hp suami
nomor ini bukan punya saya, punya anak saya
ini bukan anak saya
bayiku bukan bayiku, udah dituker di rs
katanya bayinya bukan anak dia
ini bukan demam kan?
itu refleks kan bukan kejang?
bukan darah kan?
salah kirim foto tadi maaf
maaf salah kirim bu
nama saya salah tercatat
nm sy slh, bkn rina tp rini
nama suami di data salah orang haha
tgl lahir anak salah ketik, harusnya 2 bukan 12
salah input kemarin, yang udah itu rota bukan polio
anak saya cowok bukan cewek
posyandu kami bukan yang itu lagi, sekarang nimbangnya di teratai
saya sudah bukan di desa itu
ini nomor baru saya, dulu 081234567890
ganti nomor, dulu 0812 3456 7890
nomor saya ganti
hp lama hilang, ini nomor baruku
pakai nomor suami dulu ya bu
Halo min, hp ini sekarang dipegang saya, bukan mantan suami. Tolong nama kontaknya diganti jadi Dewi.
nomor ini akan dipakai adik saya
tadi ngetik stop itu anakku, bukan aku, tolong aktif lagi
saya tidak kenal bidannya
saya belum punya anak, mau program hamil
saya belum punya anak, boleh tanya soal gizi?
jangan kirim pesan malam hari
stop
bukan
tidak
salah
benar
saya bukan orang sini, anak saya imunisasi dimana
udah bukan ibu hamil lagi bu, kemarin dia pergi
sudah bukan dua nyawa lagi bu, tinggal saya sendiri
istri bilang ini bukan anaknya
bukan saya?
"""


def _rows(table: str) -> list[str]:
    return [row for row in table.splitlines() if row]


@pytest.mark.parametrize("text", _rows(WRONG_PERSON))
def test_it_says_that_we_write_to_the_wrong_person(text: str) -> None:
    assert says_not_me(text)


@pytest.mark.parametrize("text", _rows(SOMETHING_ELSE))
def test_it_only_looks_like_it(text: str) -> None:
    assert not says_not_me(text)


def test_the_tables_are_long_enough_to_mean_something() -> None:
    assert len(_rows(WRONG_PERSON)) >= 40 and len(_rows(SOMETHING_ELSE)) >= 50


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("bukan saya", True),
        ("bkn sy bu", True),
        ("bukan saya, salah orang", False),
        ("salah nomor", False),
        ("nomor ini sudah ganti orang", False),
    ],
)
def test_a_bare_bukan_saya_is_told_from_one_that_says_why(text: str, bare: bool) -> None:
    assert says_not_me(text) and is_bare(text) is bare


@given(st.text(max_size=300))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    assert says_not_me(text) in (True, False)


@given(st.sampled_from(_rows(WRONG_PERSON)), st.sampled_from(["!!!", "  ", "🙏", " ya", " bu", "..."]))
def test_courtesy_and_emphasis_change_nothing(text: str, ending: str) -> None:
    assert says_not_me(text.rstrip("?.!") + ending)
    assert says_not_me(text.upper())
