"""Which language a message is in: langdetect's opinion, corrected by a vote of everyday words.

langdetect alone calls "anak saya demam" Tagalog and "halo bu" Somali, so it only decides where the words say nothing:
longer texts in languages we have no words for. Names, numbers, emoji, slang and a few foreign words in an Indonesian
sentence are Indonesian; Javanese, Sundanese and other languages of the country count as another language only when
nearly the whole message is in it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from langdetect import DetectorFactory, LangDetectException, detect_langs

from sapa.messaging.text import MAX_TEXT, fold, words

DetectorFactory.seed = 0  # otherwise the same short text may get two answers

# Languages langdetect mistakes short or slangy Indonesian for: its word on these counts for nothing.
_LOOKALIKES = words("id ms tl so sw af et fi sq hr sl lt lv cy tr no da sv hu ro vi sk pl ca it")
_MIN_WORDS_FOR_LANGDETECT = 5
_SURE = 0.95


@dataclass(frozen=True)
class Detection:
    """`language` is an ISO 639 code ("id", "en", "jv", "su", ...), `confidence` 0..1."""

    language: str
    confidence: float
    indonesian: bool


_INDONESIAN = words(
    """
    yang dan di ke dari untuk dengan ini itu saya aku kami kita kamu anda dia mereka ibu bapak bu pak bidan kader
    anak bayi istri suami ada adalah tidak bukan belum sudah akan bisa boleh harus mau ingin apa siapa kapan
    dimana mana berapa bagaimana kenapa mengapa apakah kalau jika bila karena supaya agar tetapi tapi atau juga
    lagi saja masih pernah sangat sekali lebih paling semua setiap hari minggu bulan tahun jam tanggal besok
    kemarin sekarang tadi nanti pagi siang sore malam umur usia lahir hamil kehamilan melahirkan menyusui
    imunisasi posyandu jadwal daftar makan makanan minum susu sayur buah telur ikan nasi bubur berat badan tinggi
    sakit demam panas batuk pilek diare muntah obat vitamin suntik periksa tolong mohon terima kasih selamat halo
    assalamualaikum tanya bertanya minta kirim pesan data hapus berhenti mulai nomor rumah puskesmas dokter darah
    perut kepala kaki tangan mata mulut gigi tidur bangun jalan duduk main nangis rewel kurang banyak sedikit
    besar kecil baik bagus benar salah baru lama cepat lambat pertama kedua sebelum sesudah setelah selama sampai
    sejak seperti sama oleh pada dalam luar atas bawah cara contoh tanda gejala bahaya aman normal wajar biar buat
    gimana gmn gak ga nggak ngga enggak gk tdk blm sdh udah udh yg dgn utk krn sy aja aj dong deh sih kok nih tuh
    ya iya yah kak kakak mbak mas bun bunda bang om tante nenek kakek adik adek dede cucu mertua kpn brp bln thn
    bgt banget kalo klo trus terus abis habis pake pakai gitu gini kayak punya dapat dapet ketemu bilang kata
    katanya nanya pengen pingin cuma cuman makasih mksh trims boleh bantu bantuan kasih asi mpasi kb haid telat
    mual pusing lemas bengkak keluar kejang sesak nikah menikah calon pengantin datang pergi pulang kerja uang
    bayar gratis belanja masak resep menu porsi tekstur kuning merah biru putih hitam air tempat laporan siarkan
    umumkan ibunya anaknya bayinya namanya umurnya badannya lapor catat ingatkan pindah ganti ubah lupa hilang
    bawa buku kartu ktp tetangga teman keluarga ayah cowok cewek laki perempuan nyusu netek nenen mimik mencret
    kencing pipis pup popok hidung telinga kulit gatal merah ruam dot botol kulkas hangat dingin jgn jangan jg jd
    dr sm tp krna karna knp dmn hrs bs tlg mkn mnum ank skt pns dmm hml tgl jdwl bsk kmrn td lg tdr bayar harga
    beli jual siap oke sip batal lanjut setuju benar betul
    """
)
_ENGLISH = words(
    """
    the is are was were am be been being do does did done have has had will would can could should shall may might
    must i you he she we they me him her us them my your his our their its this that these those what when where
    which who whom why how and or but if because while of to in on at by for with from about into after before
    during without between a an not no yes don't dont doesn't doesnt isn't isnt can't cant won't wont i'm im it's
    its there here please thanks thank hello hi good morning afternoon evening night baby child children kid kids
    son daughter mother father husband wife pregnant pregnancy breastfeeding breastfeed breast milk feed feeding
    food eat eating drink drinking fever cough sick pain bleeding vaccine vaccines vaccination immunization
    schedule appointment clinic hospital doctor midwife nurse old months month weeks week days day years year
    today tomorrow yesterday now next last want need help know tell give get got go going come take make much many
    more very some any all first second time new born birth weight height normal safe allowed start stop message
    messages speak talk english understand does anyone someone everything something medicine dose sleep crying cry
    rash vomiting diarrhea stomach water price bring should i register free it so just also
    """
)
# Indonesians say these to each other: "thank you bu", "good morning kak".
_POLITE_ENGLISH = words("thank thanks you hello hi please good morning afternoon evening night help sorry welcome")
_JAVANESE = words(
    """
    kulo kula aku iki iku kae kuwi ora mboten dereng durung sampun wis uwis arep ajeng badhe bade nopo napa opo
    sopo sinten pundi endi piye pripun kepriye kapan pinten piro ing saking soko teko karo kalih lan utawa nanging
    ning amargi mergo yen menawi sampeyan panjenengan kowe awake dheweke bocah lare larene anakku bojo bojoku kulo
    nggih inggih mangga monggo matur nuwun sugeng enjing siang sonten dalu mangan nedha dhahar ngombe turu sare
    lara loro gerah panas watuk mumet weteng sirah awak cilik gedhe apik ala akeh sithik kudu iso saged oleh
    angsal entuk dino dinten wulan sasi taun umur meteng mbobot bayen babaran nyusoni ibune bapake anake bayine
    bayi banget sanget dadi dados nggo kanggo kangge menyang mlebu metu tekan nganti wingi sesuk saiki sakniki mau
    mengko nyuwun pirsa tangglet takon badhe tumbas meniko punika
    """
)
_SUNDANESE = words(
    """
    abdi urang kuring anjeun aranjeunna ieu eta teu henteu can acan teuacan tos atos parantos geus rek bade hoyong
    naon saha kunaon kumaha iraha sabaraha dimana mana kamana ti ka sareng jeung atanapi tapi kusabab margi upami
    lamun mun nuju keur budak murangkalih orok pun biang pamajikan salaki caroge bojo muhun sumuhun mangga punten
    hatur nuhun wilujeng enjing siang sonten wengi tuang emam dahar leueut nginum sare kulem gering udur teu
    damang panas batuk rieut beuteung sirah awak alit leutik ageung gede sae alus seueur loba saeutik kedah kudu
    tiasa bisa kenging dinten sasih taun yuswa umur kakandungan ngandung ngalahirkeun nyusuan cai susu pisan oge
    deui wae bae teh mah atuh euy kamari isukan ayeuna engke nyungkeun naros bapa ema cenah kitu kieu nu anu dupi
    hoyongeun
    """
)
_OTHER = {
    "min": """
        ambo awak uda uni indak ndak alun alah baa apo siapo dima bilo barapo jo dari ka nan iko itu urang
        paja anak lai sadang kanai sakik angek samba lamak tarimo kasih mande amak apak pai pulang lalok
        makan taragak elok gadang ketek
    """,
    "mad": """
        engko bula sengko kaule tak enten ta' napa ponapa sapa bila brempa dhimma anapa aponapa so'on
        sakalangkong bhabhai ana' ana bine lake kana' tedhung ngakan ngenom sake' pele panas abit mangken
        lagghu' bari' ghi' la pon bisa ollea
    """,
    "ban": """
        tiang titiang ragane sira punapi napi dija ring sane puniki punika nenten ten durung sampun jagi
        lakar pianak rare kurenan somah gelem sungkan suksma rahajeng semeng panak luh muani ngajeng medaar
        nginem sirep mekejang akeh bedik
    """,
    "bug": """
        iyya idi ko iyaro iyae de'to degaga magai aga niga siaga kega pole lao sibawa nasaba narekko ana'ku
        lakkai makkunrai malasa peddi manre minung matinro elo' wedding esso uleng taung tarima kasi tabe
    """,
    "bjn": """
        ulun pian ikam sidin kada kadada sudah handak napa siapa pabila barapa di mana wan lawan matan karna
        amun kekanak anakku laki bini garing panas makan guring banyak sadikit bisa nyaman kaina hari ini
        tarima kasih lah ading abah mama
    """,
    "bbc": """
        ahu hamu nasida aha ise andigan boha beasa sian tu dohot alani molo anakku inang amang boru marsahit
        mohop mangan minum modom godang otik boi ari bulan taon mauliate horas dang ndang nunga naeng
    """,
}
# Malay of the east shares most words with Indonesian; these few give it away.
_EASTERN = words(
    "beta sonde katong pung batong basong bosong dorang torang kitorang ngana nyanda seng trada "
    "tara pu ale bole ko su deng "
    "ame pi nae dolo lai kase kasi pa so bilang sa kam dong nona de bae sapa mo jang"
)
_REGIONAL: dict[str, frozenset[str]] = {
    "jv": _JAVANESE,
    "su": _SUNDANESE,
    **{code: words(vocabulary) for code, vocabulary in _OTHER.items()},
}


def detect(text: str) -> Detection:
    """The language of a text; Indonesian wherever there is nothing that clearly says otherwise. Never raises."""
    text = text[:MAX_TEXT]
    script = _foreign_script(text)
    if script is not None:
        return Detection(script, 0.9, False)
    typed = [word for word in fold(text) if word.isalpha()]
    if not typed:
        return Detection("id", 0.5, True)
    indonesian = sum(_is_indonesian(word) for word in typed)
    english = sum(word in _ENGLISH and word not in _INDONESIAN for word in typed)
    spoken = any(word in _ENGLISH and word not in _POLITE_ENGLISH and word not in _INDONESIAN for word in typed)
    if spoken and english >= 2 and english > 1.2 * indonesian and english / len(typed) >= 0.4:
        return Detection("en", _share(english, indonesian), False)
    regional = _regional(typed, indonesian)
    if regional is not None:
        return regional
    eastern = {word for word in typed if word in _EASTERN}
    if len(eastern) >= 3 and len(eastern) / len(typed) >= 0.25:
        return Detection("mly", _share(len(eastern), indonesian), False)
    if indonesian == 0 and len(typed) >= _MIN_WORDS_FOR_LANGDETECT:
        guess = _langdetect(text)
        if guess is not None:
            return guess
    return Detection("id", round(0.5 + 0.5 * indonesian / len(typed), 2), True)


def _is_indonesian(word: str) -> bool:
    if word in _INDONESIAN:
        return True
    return len(word) > 5 and word.endswith("nya") and word[:-3] in _INDONESIAN


def _regional(typed: list[str], indonesian: int) -> Detection | None:
    """A language of the country if it owns most words and Indonesian clearly fewer."""
    best, hits = "", 0
    for code, vocabulary in _REGIONAL.items():
        own = sum(word in vocabulary and not _is_indonesian(word) for word in typed)
        if own > hits:
            best, hits = code, own
    if hits >= 3 and hits / len(typed) >= 0.4 and hits > 1.3 * indonesian:
        return Detection(best, _share(hits, indonesian), False)
    return None


def _share(hits: int, against: int) -> float:
    return round(hits / (hits + against + 0.5), 2)


def _langdetect(text: str) -> Detection | None:
    """langdetect's word, where it is sure and the language is none that slang is mistaken for."""
    try:
        first = detect_langs(text)[0]
    except LangDetectException:
        return None
    if first.prob < _SURE or first.lang in _LOOKALIKES or first.lang == "en":  # English is known by its words
        return None
    return Detection(first.lang, round(first.prob, 2), False)


_SCRIPTS = {
    "ARABIC": "ar",
    "CJK": "zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "THAI": "th",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "TAMIL": "ta",
    "GREEK": "el",
    "HEBREW": "he",
    "BENGALI": "bn",
    "MYANMAR": "my",
    "KHMER": "km",
}


def _foreign_script(text: str) -> str | None:
    """The language of the script most letters are in, or None for Latin letters (of any typeface)."""
    counts: dict[str, int] = {}
    for character in unicodedata.normalize("NFKC", text):
        if character.isalpha():
            script = unicodedata.name(character, "LATIN").split()[0]
            counts[script] = counts.get(script, 0) + 1
    if not counts or max(counts, key=lambda name: counts[name]) == "LATIN":
        return None
    total = sum(counts.values())
    code = next((_SCRIPTS[name] for name in ("HIRAGANA", "KATAKANA") if counts.get(name)), None)
    top = max(counts, key=lambda name: counts[name])
    if counts[top] < 3 or counts[top] / total < 0.5:
        return None
    return code or _SCRIPTS.get(top, "und")
