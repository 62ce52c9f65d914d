"""The danger signs as patterns over plain words, and whom a message is about.

Sources of the signs: content/facts/kehamilan.yml and anak.yml, `danger_signs` (Buku KIA 2024); suicide, violence,
poisoning, choking and accidents are added for safety. To teach a new sign, add a rule here and a line to
tests/data/danger_own.tsv.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

DangerKind = Literal["hamil", "bayi-anak", "kejiwaan", "kekerasan", "umum"]


def compile_words(pattern: str) -> re.Pattern[str]:
    """A pattern over canonical words: a blank is a word border, "~n" is up to n words of the same clause."""
    gaps = re.sub(r" ~(\d) ", r" (?:\\w+ ){0,\1}", pattern)
    return re.compile(rf"(?<= )(?:{gaps})(?= )")


_CONTEXT = {
    "hamil": compile_words(
        r"uk \d+|isi \d+ bulan|berbadan (?:dua|2)|(?:si )?(?:anak|bayi) di dalam|hamil\w*|"
        r"kehamilan|kandungan|janin|trimester|"
        r"ketuban|kontraksi|pembukaan|hpl|dalam perut|di perut|pregnan\w+"
    ),
    "nifas": compile_words(
        r"nifas|melahirkan|caesar|sehabis lahir|habis lahir|abis lahir|setelah lahir|"
        r"sesudah lahir|jahitan|plasenta|ari ari\w*"
        r"|pasca salin|operasi lahir|gave birth"
    ),
    "bayi": compile_words(r"bayi|neonatus|newborn|infant|baru lahir|menyusu"),
    "anak": compile_words(r"anak|si kecil|putra|putri|kakak|child|kid|son|daughter|toddler|adiknya"),
    "kb": compile_words(r"kb|iud|spiral|implan|susuk|suntik|pil|haid|mens|menstruasi"),
    "istri": compile_words(r"istri|ibu hamil|kakak saya|adik saya"),
}


def contexts(words: str) -> frozenset[str]:
    found = {name for name, pattern in _CONTEXT.items() if pattern.search(words)}
    if re.search(r" (baru lahir|bayi baru|newborn|neonatus) ", words) and "bayi" in found:
        found.add("baru-lahir")
    if not found & {"bayi", "anak"} and re.search(r" (?:[89]|[123]\d|4[0-2]) minggu (?!lalu|lagi|yang)", words):
        found.add("hamil")  # "34w" alone tells how far a pregnancy is
    if found & {"bayi", "anak"}:
        for match in re.finditer(r" (\d+) (hari|minggu|bulan) ", words):
            number, unit = int(match[1]), match[2]
            before = words[: match.start()].split()[-2:]
            if "hamil" in before or "uk" in before or "kandungan" in before or "sudah" in before or "sejak" in before:
                continue
            if number <= {"hari": 59, "minggu": 8, "bulan": 2}[unit] and not words[match.end() :].startswith("lagi"):
                found.add("muda")  # under about two months
    return frozenset(found)


@dataclass(frozen=True)
class Rule:
    sign: str
    kind: DangerKind | None  # None: by whom the message is about
    pattern: re.Pattern[str]
    needs: frozenset[str] = frozenset()
    unless: re.Pattern[str] | None = None
    english: bool = False


def _rule(
    sign: str,
    kind: DangerKind | None,
    patterns: Iterable[str],
    needs: str = "",
    unless: str = "",
    english: bool = False,
) -> Rule:
    return Rule(
        sign,
        kind,
        compile_words("|".join(patterns)),
        frozenset(needs.split()),
        compile_words(unless) if unless else None,
        english,
    )


_HARD = (
    r"(?:hebat|sekali|berat|tidak tahan|tidak tertahan\w*|melilit|sampai nangis|"
    r"luar biasa|terus menerus|tidak hilang)"
)
_FEVER = r"(?:demam|panas|suhu\w*)"
_MOTHER = "hamil nifas istri"
_KB_ONLY = r"(?:kb|iud|spiral|implan|susuk|pil|haid|mens|menstruasi|datang bulan)"

RULES: tuple[Rule, ...] = (
    # --- life and violence first: the answer differs most
    _rule(
        "bunuh-diri",
        "kejiwaan",
        [
            "bunuh diri",
            (
                r"(?:ingin|mau|kepikiran) ~1 (?:bawa|ajak|ngajak) ~1 (?:anak|bayi) ~2 (?:loncat|"
                r"lompat|terjun|mati)"
            ),
            r"menghilang sejak (?:dunia|bumi)",
            (
                r"(?:ingin|pengen|pingin|kepengen) ~1 tidur (?:terus|selamanya) ~2 tidak ~1 bangun|"
                r"(?:ingin|pengen|pingin|rasanya) ~1 tidak (?:usah |mau |perlu )?bangun(?: lagi| bangun)"
            ),
            (
                r"(?:ingin|mau|pilih|lebih baik|mending|mendingan|rasanya) ~2 (?:mati|akhiri hidup|"
                r"mengakhiri hidup|lenyap|menghilang selamanya)(?! lampu| listrik| gaya| penasaran)"
            ),
            r"(?:mengakhiri|akhiri|ngakhiri|ngakhirin) ~1 (?:hidup\w*|semua\w*|nyawa\w*)",
            (
                r"(?:tidak (?:ingin|mau|kuat|sanggup|pantas)|capek|cape|lelah|bosan) ~1 hidup(?: lagi|"
                r" saya| ini)?(?! sehat| boros)"
            ),
            (
                r"(?:menyakiti|melukai|nyilet|silet|sayat|menyayat|iris|gores) ~1 (?:diri\w*|"
                r"tangan saya|tangan|pergelangan)"
            ),
            r"(?:loncat|lompat|terjun|nyebur) ~2 (?:jembatan|gedung|atap|sumur|sungai|kali|laut|jurang|danau)",
            (
                r"(?:tidak ada|tidak) (?:guna|gunanya|artinya|arti) ~1 hidup|hidup ~2 (?:tidak ada|"
                r"tidak) (?:guna|gunanya|artinya|berguna|berarti)"
            ),
            (
                r"(?:lebih baik|mending|mendingan) ~2 (?:saya )?(?:tidak ada|pergi selamanya|"
                r"tidur selamanya|tidak bangun)(?: lagi)?|tidur selamanya|pergi selamanya"
            ),
            r"(?:anak|bayi|keluarga|semua\w*|mereka) ~2 lebih (?:baik|bahagia|enak) (?:tanpa|tidak ada) saya",
            (
                r"gantung diri|(?:ingin|mau|kepikiran|pikiran) ~2 minum (?:racun|baygon)|"
                r"mau menyusul ~2 (?:almarhum\w*|ibu|bapak)"
            ),
        ],
        unless=(
            r"(?:mati lampu|lampu mati|listrik mati|mati listrik|ketawa|ngakak|lapar|malu|film|sinetron|"
            r"drakor|berita|novel|(?:kaya|kayak|seperti) (?:mau|ingin) mati)"
        ),
    ),
    _rule(
        "menyakiti-bayi",
        "kejiwaan",
        [
            (
                r"(?:ingin|mau|rasanya|kepikiran|pikiran|menyuruh|nyuruh|suruh|takut saya|terpikir|"
                r"hampir) ~3 (?:menyakiti|mencekik|membunuh|bunuh|buang|membuang|banting|membanting|"
                r"lempar|melempar|tenggelam\w*|memukul) ~1 (?:bayi|anak)"
            ),
            r"(?:suara|bisikan) ~3 (?:menyuruh|nyuruh|suruh|bunuh)",
        ],
    ),
    _rule(
        "kekerasan",
        "kekerasan",
        [
            r"(?:saya|anak|bayi|ibu|istri|badan saya|perut saya|adik|kakak) ~2 dipukul",
            r"dipukul ~2 (?:suami|bapak\w*|ayah\w*|mertua|pacar|papa\w*|ipar|paman|om)",
            (
                r"(?:suami|bapak\w*|ayah\w*|mertua|pacar|papa\w*|mantan|ipar|paman) ~3 (?:memukul|"
                r"mencekik|membacok|menendang|nendang|menyiksa|nyiksa) ~2 (?:saya|anak|bayi|istri|"
                r"perut|kepala|wajah|sampai|hebat)"
            ),
            (
                r"(?:suami|bapak\w*|ayah\w*|pacar|mantan) ~3 (?:memukul|mencekik|menyiksa)(?: lagi|"
                r" saya| sekarang| tadi)"
            ),
            r"(?:saya|anak|adik|bayi|istri) ~2 (?:mencekik|diperkosa)|diperkosa ~3",
            r"(?:diancam|ancam\w*) ~2 (?:bunuh|dibunuh|pisau|parang|golok|mati|celurit|senjata)",
            r"(?:mau|akan|ingin) (?:dibunuh|bunuh saya|membunuh saya|bunuh anak)",
            (
                r"(?:suami|bapak\w*|ayah\w*|pacar|mantan) ~2 (?:bawa|pegang|ngacungin|"
                r"mengacungkan) ~1 (?:pisau|parang|golok|celurit|senjata)"
            ),
            (
                r"(?:pegang|megang|meraba|raba|sentuh|menyentuh|grepe)\w* ~3 (?:kemaluan\w*|kelamin|"
                r"payudara anak|vagina|penis)"
            ),
            r"takut pulang ~3 (?:dipukul|suami)",
        ],
        unless=r"(?:suka|sering|selalu|tiap hari|kadang) ~3 (?:lapor|melapor|ngadu|mengadu)|tetangga ~6 lapor",
    ),
    # --- both: convulsion, unconscious, not breathing, poisoning, choking, accidents
    _rule(
        "kejang",
        None,
        [
            r"kejang",
            r"(?:mata\w*|matanya) ~1 (?:mendelik|melotot|ke atas|terbalik|putih semua)",
            (
                r"(?:tangan\w*|kaki\w*|mulut\w*|badan\w*|wajah) ~2 (?:berkedut|kedutan|kaku|"
                r"menyentak)(?! pagi)|mulut\w* ~2 busa|badan\w* kaku"
            ),
        ],
        unless=r"kejang otot|betis\w*|kram|kaku ~2 (?:pegal|leher)|pegal",
    ),
    _rule(
        "step",
        "bayi-anak",
        [r"step"],
        "bayi anak",
        unless=r"step by|step ~1 step|biar tidak step|step nya|per step|gimana step|step apa",
    ),
    _rule(
        "tidak-bernapas",
        None,
        [
            r"(?:tidak|susah|sulit|berhenti|henti|stop) ~1 napas",
            (
                r"napas ~1 (?:berhenti|tidak ada|hilang|satu satu|megap\w*|tersengal\w*|ngos ?\w*|"
                r"cepat hebat|cepat|cuping|bunyi|cekung|berat|pendek|sesak)"
            ),
            (
                r"megap megap|merintih|(?:hidung\w*|cuping|perut|dada) ~2 kembang ~1 kempis|"
                r"kembang kempis|(?:dada|dadanya|rusuk\w*) ~2 (?:cekung|tertarik|ketarik|narik|"
                r"kedalam|ke dalam)"
            ),
        ],
        unless=(
            r"napas bau|ngakak|ketawa|tertawa|bau ~1 napas|napas ~1 (?:dikit|sedikit)|(?:flu|pilek|"
            r"hidung) ~3 napas(?! cepat| sesak)"
        ),
    ),
    _rule("sesak", None, [r"sesak(?: napas)?"], unless=r"sesak kencing|baju ~1 sesak|celana|popok ~2 sesak"),
    _rule(
        "tidak-sadar",
        None,
        [
            r"(?:tidak|hilang|kehilangan|menurun|kurang) ~1 (?:sadar\w*|kesadaran)",
            r"pingsan",
            (
                r"(?:susah|sulit|tidak bisa|tidak|dibangunkan tidak|tidak mau) ~1 (?:dibangunkan|"
                r"bangun bangun|bangun)(?! tidur| pagi| siang| malam| subuh| rumah)"
            ),
            r"dibangunkan ~2 (?:tidak|susah|sulit)",
            (
                r"(?:tidak|kurang) ~1 (?:respon|merespon|ada respon|responsif|nyahut|menyahut|"
                r"merespons|menjawab|ngerespon|bereaksi)|dipanggil\w* ~2 tidak (?:bangun|gerak)|"
                r"tatapan\w* kosong|mata\w* sayu|setengah sadar|linglung"
            ),
        ],
        unless=(
            r"(?:susah|sulit|tidak bisa) bangun ~2 (?:malam|pagi|siang|subuh|kesiangan)|nengok|"
            r"menengok|noleh|menoleh|asyik|asik|autis|bicara|ngomong|(?:lihat|liat|melihat|diambil|ambil) darah|"
            r"tidak sadar (?:kalau|bahwa|"
            r"hamil|sudah)"
        ),
    ),
    _rule(
        "biru",
        None,
        [
            (
                r"(?:bibir\w*|mulut\w*|wajah|badan\w*|kulit\w*|tangan\w*|kaki\w*|kuku\w*|lidah\w*|"
                r"bayi|anak|tubuh\w*|jari\w*) ~2 biru(?! laut| muda)"
            )
        ],
        unless=r"kapsul|vitamin|baju|lebam|mongol|tanda lahir|buku biru|warna biru",
    ),
    _rule(
        "tersedak",
        None,
        [
            r"tersedak",
            (
                r"(?:menelan|masuk|kemasukan) ~2 (?:baterai|batre|koin|kelereng|peniti|jarum|magnet|"
                r"kancing|biji|uang logam|paku|mainan|manik\w*|duri|kacang)"
            ),
        ],
        unless=(
            r"(?:biar|supaya|agar|cegah|mencegah|rawan|mudah|bikin|membuat|resiko|risiko|"
            r"bahaya) ~3 tersedak|(?:takut|deg degan|khawatir|was was) ~3 (?:tersedak|menelan)"
        ),
    ),
    _rule(
        "keracunan",
        None,
        [
            r"keracunan(?! kehamilan)",
            (
                r"(?:minum|menelan|makan|keminum|terminum|teguk) ~2 (?:minyak tanah|racun|racun tikus|"
                r"pemutih|bayclin|deterjen|sabun|baygon|obat nyamuk|bensin|tiner|thinner|pestisida|"
                r"kapur barus|karbol|porstek|obat satu botol|obat banyak|minyak kayu putih|"
                r"minyak telon|rinso|soda api|autan)"
            ),
            r"overdosis",
            r"(?:menelan|keminum|terminum|kemakan|termakan) ~2 (?:obat|pil|racun|kapsul)(?! cacing)",
            (
                r"(?:bau|mulut\w*|tubuh\w*|badan\w*) ~2 (?:racun|pestisida|minyak tanah|baygon|"
                r"insektisida)|racun (?:rumput|tikus|serangga|hama) ~4 (?:minum|masuk|mulut|termakan|"
                r"kemakan)|(?:kemakan|termakan|minum|menelan|jilat|kejilat) ~2 racun"
            ),
        ],
    ),
    _rule(
        "kecelakaan",
        None,
        [
            r"tenggelam",
            r"kesetrum",
            r"digigit ~1 (?:ular|anjing|monyet|kera|kalajengking|lipan|kucing gila)",
            (
                r"(?:kena|tersiram|kesiram|ketumpahan|siram|tersiram) ~1 (?:air panas|air mendidih|"
                r"minyak panas|kuah panas|api|knalpot)"
            ),
            r"melepuh|luka bakar|terbakar",
            r"(?:tertabrak|ketabrak|ditabrak|kecelakaan|tabrakan)",
            (
                r"jatuh ~6 (?:muntah|pingsan|tidak sadar|kejang|berdarah|darah|tidur terus|lemas|"
                r"sakit|nyeri|perdarahan)"
            ),
            (
                r"(?:kepala|kepalanya) ~2 (?:kebentur|terbentur|kejedot|bocor) ~4 (?:muntah|pingsan|"
                r"lemas|darah|berdarah|tidur terus)|kepala ~1 bocor"
            ),
        ],
        unless=r"luka bakar kecil|bekas luka bakar|benjol ~4 (?:main|aktif)|tenggelam dalam",
    ),
    _rule(
        "jatuh-hamil",
        "hamil",
        [r"jatuh|terbentur|kebentur"],
        "hamil",
        unless=r"jatuh ~1 (?:tempo|tanggal|cinta|hati|pada)|tanggal jatuh|jatuhnya tanggal|jatuh hari",
    ),
    _rule(
        "darurat",
        None,
        [
            r"(?:darurat|gawat) ~2 (?:tolong|cepat|bu|pak|sekarang|bidan)",
            r"tolong ~3 (?:darurat|gawat|ambulans)",
            (
                r"(?:butuh|perlu|kirim\w*|panggil\w*|minta|mana) ~2 ambulans ~2 (?:sekarang|segera|"
                r"cepat|tolong|ke sini|kesini|ke rumah)"
            ),
            r"kirim\w* ~1 ambulans|nyawa|sekarat|(?:kondisi|anak|bayi|istri) ~2 kritis|tak bernyawa",
        ],
        unless=r"nomor|nomer|no telp|(?:meninggal|duka|lahir mati|bernyawa)",
    ),
    _rule(
        "stroke-jantung",
        "umum",
        [
            (
                r"stroke(?! \w+ terapi)|mulut\w* ~1 (?:mencong|perot|pelo)|serangan jantung|(?:sakit|"
                r"nyeri) dada ~4 (?:kiri|menjalar|keringat|sesak|hebat)"
            )
        ],
    ),
    # --- bleeding
    _rule(
        "perdarahan",
        None,
        [
            r"perdarahan",
            (
                r"(?:keluar|mengalir|ada|rembes|campur) ~2 darah ~2 (?:banyak|segar|merah|terus|hebat|"
                r"gumpal\w*|menggumpal|tidak berhenti|kental|deras|sejak)"
            ),
            r"banyak darah",
            (
                r"darah ~2 (?:keluar|mengalir|banyak|segar|tidak berhenti|terus|menggumpal|gumpal\w*|"
                r"rembes|deras)"
            ),
            r"(?:banjir|bersimbah|gumpalan) darah",
            r"berdarah ~2 (?:terus|banyak|hebat|tidak berhenti|tidak mau berhenti)",
            (
                r"pembalut ~4 (?:penuh|tembus|basah)|(?:kasur|kain|sarung|sprei|celana|pampers|"
                r"popok) ~3 (?:penuh|basah|merah) ~1 darah|darah ~3 (?:sampai|ke) kaki|"
                r"ganti pembalut ~3 (?:kali|jam)"
            ),
            r"perdarahan",
        ],
        unless=r"(?:tekanan|golongan|kurang|tambah|penambah|donor|cek|tes|periksa|ambil|gula|sel|"
        r"darah tinggi|darah rendah) ~1 darah(?! segar| banyak)"
        r"|darah (?:haid|mens|tinggi|rendah|manis|kotor)|tidak (?:mens|haid)|(?:haid|mens|menstruasi|"
        r"datang bulan) ~4 (?:banyak|terus|hebat|lama)|gusi|hidung|mimisan|"
        r"darah nifas ~3 (?:berapa|normal|sampai kapan)",
    ),
    _rule(
        "darah-hamil",
        "hamil",
        [
            r"(?:keluar|mengalir|ada|rembes|campur|netes) ~2 (?:darah|flek)",
            r"darah|flek",
        ],
        "hamil",
        unless=r"(?:tekanan|golongan|kurang|tambah|penambah|donor|pendonor|cek|tes|periksa|ambil|"
        r"gula|sel|tablet|obat|pil|vitamin|kekurangan|menambah|nambah|transfusi|hb) ~1 darah"
        r"|darah (?:tinggi|rendah|manis|putih|merah \w* hb)|lendir ~3 darah|tambah darah|gusi|"
        r"donor|flek ~1 lendir|tinggi darah|sedarah|(?:cek|tes|periksa) ~2 darah",
    ),
    _rule(
        "darah-nifas",
        "hamil",
        [r"(?:darah|cairan\w*|jahitan|luka\w*|nifas) ~3 (?:bau|nanah|basah|terbuka|lepas)"],
        "nifas",
    ),
    _rule(
        "darah-anak",
        "bayi-anak",
        [
            r"(?:bab|diare|muntah|pipis) ~4 (?:darah|berdarah)",
            r"(?:darah|berdarah) ~4 (?:bab|diare|muntah|dubur|anus)",
            (
                r"(?:darah|berdarah) ~2 (?:hidung|gusi) ~4 (?:demam|panas)|(?:demam|"
                r"panas) ~4 (?:hidung|gusi) ~2 (?:darah|berdarah)|"
                r"mimisan ~4 (?:terus|tidak berhenti|banyak|demam|panas)|(?:demam|panas) ~6 mimisan|"
                r"gusi ~1 berdarah"
            ),
            r"(?:pusar|tali pusat) ~2 (?:darah|berdarah)",
        ],
        "bayi anak muda",
    ),
    _rule("muntah-darah", None, [r"muntah ~1 darah|batuk ~1 darah|muntah ~2 kopi"]),
    _rule("bab-darah", "umum", [r"(?:bab|diare) ~1 (?:darah|berdarah)"], unless=r"ambeien|wasir"),
    # --- pregnancy and birth
    _rule(
        "ketuban",
        "hamil",
        [
            (
                r"ketuban ~3 (?:pecah|rembes|hijau|bau|keluar|bocor|keruh|habis|kering)|(?:pecah|"
                r"rembes|keluar|bocor) ~2 ketuban"
            ),
            r"keluar (?:air|cairan) ~4 (?:banyak|terus|bau|rembes|bening|hijau|bukan pipis)",
            (
                r"air ~1 keluar ~3 (?:bawah|banyak|terus|basah)|"
                r"(?:air|cairan|celana|kasur|basah) ~4 bukan ~1 pipis|(?:celana|kasur|"
                r"sprei) ~3 basah ~2 (?:kuyup|terus|bau|semua|sendiri)|"
                r"seperti pipis ~3 (?:tidak berhenti|tidak bisa (?:ditahan|tahan))"
            ),
            r"rembes ~2 (?:terus|air|cairan)|(?:air|cairan) ~2 rembes",
        ],
        "hamil",
    ),
    _rule(
        "gerak-janin",
        "hamil",
        [
            r"(?:tidak|belum|jarang|berkurang|kurang|berhenti|melemah|hilang) ~3 gerak",
            r"gerak ~3 (?:tidak|berkurang|kurang|berhenti|melemah|hilang|jarang|lemas|diam)",
            (
                r"(?:bayi|janin|anak) ~6 (?:diam saja|diam terus|anteng terus|anteng saja|tidak aktif|"
                r"sepi|diam|adem ayem|tidak ada balasan|tidak membalas)"
            ),
            r"(?:tidak ada|tidak) ~1 (?:balasan|membalas|respon) ~3",
        ],
        "hamil",
        unless=(
            r"(?:hamil|usia|umur) ~1 (?:[1-9]|1[0-9]|20) (?:minggu|w)|(?:hamil|usia|"
            r"umur) ~1 [1-4] bulan|belum ~1 (?:terasa|kerasa|merasakan|ngerasain) ~2 gerak|"
            r"normal\w* ~4 gerak|gerak ~4 (?:normal|mulai)|kapan|cara|menghitung|hitung"
        ),
    ),
    _rule(
        "sakit-kepala-hamil",
        "hamil",
        [
            (
                rf"(?:sakit|pusing) ~1 kepala ~3 {_HARD}|kepala ~3 (?:sakit|pusing|nyut\w*) ~2 {_HARD}|"
                rf"(?:pusing|sakit kepala|kepala) ~2 {_HARD}"
            ),
            (
                r"(?:mata|pandangan|penglihatan\w*) ~3 (?:kabur|gelap|kunang\w*|berbayang)|"
                r"kabur ~2 (?:mata|pandangan)|(?:lihat|liat|melihat) ~2 (?:cahaya|kabur|kilat|bintik|"
                r"kilatan)"
            ),
            (
                r"kepala ~3 (?:mau|seperti mau|kayak mau) pecah|(?:sakit|nyeri|"
                r"perih) ~1 ulu hati ~1 (?:hebat|sekali)|ulu hati ~1 sakit ~1 (?:hebat|sekali)"
            ),
        ],
        _MOTHER,
    ),
    _rule(
        "bengkak-hamil",
        "hamil",
        [r"(?:wajah|tangan|badan) ~4 bengkak|bengkak ~3 (?:wajah|tangan|seluruh)"],
        "hamil nifas",
        unless="tangan ~1 suntik",
    ),
    _rule(
        "nyeri-perut-hamil",
        "hamil",
        [
            (
                rf"(?:sakit|nyeri|mules|kram|melilit) ~2 perut ~3 {_HARD}|perut ~4 (?:sakit|mules|kram|"
                rf"nyeri|kencang|melilit) ~3 {_HARD}|perut ~3 (?:keras|kaku) ~3 (?:papan|batu|terus|"
                rf"sakit)|(?:sakit|nyeri) {_HARD} ~3 perut"
            )
        ],
        "hamil nifas",
    ),
    _rule(
        "demam-hamil",
        "hamil",
        [r"(?:demam|panas) ~2 (?:tinggi|menggigil|3[89]|4\d)|menggigil"],
        "hamil nifas",
        unless=r"(?:anak|bayi) ~3 (?:demam|panas)",
    ),
    _rule("demam-nifas", "hamil", [r"demam"], "nifas", unless=r"(?:anak|bayi) ~5 demam|imunisasi|suntik"),
    _rule(
        "muntah-hamil",
        "hamil",
        [
            (
                r"muntah ~5 (?:terus|tidak bisa|tiap|setiap|hebat|tidak masuk|lemas|semua|"
                r"darah) ~3 (?:makan|minum|masuk|lemas)|muntah ~1 (?:hebat|terus menerus|"
                r"tidak berhenti)|(?:tidak bisa|tidak ada) ~2 (?:makan|minum|masuk) ~4 (?:muntah|hari)"
            )
        ],
        "hamil",
        unless=r"muntah ~2 (?:pagi|sedikit|dikit)|masih bisa ~1 (?:makan|minum)|muntah ~5 (?:dikit|sedikit)",
    ),
    _rule(
        "jantung-hamil",
        "hamil",
        [r"(?:jantung|dada) ~2 (?:berdebar|deg degan|nyeri|sakit)|(?:nyeri|sakit) ~1 dada"],
        "hamil nifas",
    ),
    _rule(
        "lahir-sekarang",
        "hamil",
        [
            (
                r"(?:kepala|kaki|tangan|tali pusat|bokong|pantat) ~3 (?:sudah )?(?:keluar|kelihatan|"
                r"nongol|menonjol|terlihat)"
            ),
            r"(?:plasenta|ari ari\w*) ~3 (?:belum|tidak) ~1 (?:keluar|lahir|lepas)",
            (
                r"(?:mau melahirkan|mau lahir|melahirkan sendiri|sudah keluar|mau ~1 lahir|"
                r"melahirkan) ~5 (?:di jalan|di mobil|"
                r"tidak ada bidan|belum ada bidan|bidan ~2 tidak ada|tidak ada orang|sendirian)"
            ),
            r"(?:tidak kuat|tidak bisa) ~1 (?:mengejan|ngeden)",
        ],
        "hamil nifas bayi",
        unless=r"kepala ~2 (?:keluar|ada) ~1 (?:keringat|bintik|benjol)|keringat",
    ),
    _rule(
        "payudara-nifas",
        "hamil",
        [
            (
                r"(?:payudara|pd|tetek) ~5 (?:demam|menggigil|nanah)|(?:demam|"
                r"menggigil) ~5 (?:payudara|pd)"
            )
        ],
    ),
    # --- newborn and child
    _rule(
        "tidak-menyusu",
        "bayi-anak",
        [
            r"(?:tidak|belum) (?:mau|bisa|kuat) ~1 (?:menyusu|asi|minum asi|isap|hisap|ngisap|menghisap|susu)",
            r"(?:susah|sulit|malas|lemas) ~1 (?:menyusu|isap|hisap|menghisap)",
            r"(?:isap|hisap)\w* ~1 lemas",
            r"(?:menolak|nolak) ~1 (?:menyusu|susu|asi)|tidak menyusu",
        ],
        "bayi muda baru-lahir",
        unless=r"hidung ~2 (?:mampet|buntu|tersumbat)|bingung ~1 (?:puting|dot)|sapih|menyapih|"
        r"\d+ tahun|(?:pakai|dengan|sejak|"
        r"lewat) ~1 (?:dot|botol|sendok)|kerja|susu (?:formula|uht|kaleng)|sufor|sebelah|"
        r"tidak ~2 asi eksklusif|tidak keluar|belum keluar|puting ~1 (?:datar|lecet)|"
        r"asi ~3 (?:tidak|belum|sedikit)|tidak lancar|boleh|saya tidak (?:(?:bisa|mau|lagi) )?menyusu|"
        r"ibu tidak ~2 menyusu|tidak (?:usah|perlu) menyusu",
    ),
    _rule(
        "tidak-minum",
        "bayi-anak",
        [
            (
                r"(?:tidak (?:mau|bisa)|menolak|susah|sulit) ~2 minum(?! obat| susu| vitamin| sufor|"
                r" pil| ttd| uht| jamu)"
            ),
            r"(?:tidak ada|tidak) yang masuk",
        ],
        "bayi anak muda",
        unless=r"minum (?:obat|susu|vitamin|sufor|air putih)|masih mau minum|gelas",
    ),
    _rule(
        "lemas-anak",
        "bayi-anak",
        [
            (
                r"lemas ~2 (?:hebat|tidak|tidur terus|terkulai|lunglai|susah)|(?:terkulai|lunglai)|"
                r"tidur terus ~4 (?:tidak|lemas|susah)|(?:tidak|susah) ~3 (?:menyusu|minum|"
                r"nangis) ~3 lemas|lemas ~3 (?:tidak|susah) ~2 (?:menyusu|minum|nangis|bangun)"
            )
        ],
        "bayi anak muda",
        unless=r"anemia|kurang darah|hb",
    ),
    _rule(
        "lemas-bayi",
        "bayi-anak",
        [
            (
                r"lemas|tidur terus|tidak nangis|(?:badan\w*|kaki\w*|tangan\w*|tubuh\w*|"
                r"kulit\w*) ~2 dingin|dingin ~1 (?:badan|tubuh)"
            )
        ],
        "muda baru-lahir",
        unless=r"asi dingin|air dingin|cuaca|mandi|alergi dingin|hawa",
    ),
    _rule(
        "demam-bayi-muda",
        "bayi-anak",
        [
            (
                r"demam|panas ~1 (?:tinggi|3[789]\w*|4\d)|(?:badan\w*|bayi|anak) ~3 panas|(?:hangat|"
                r"panas|suhu\w*|ukur|termometer\w*) ~6 (?:37_[5-9]\d*|38|38_\d+|39|39_\d+|4[01]|"
                r"4[01]_\d)|(?:badan\w*|terasa) ~1 hangat"
            )
        ],
        "muda baru-lahir",
        unless=r"imunisasi|suntik|bcg|dpt|vaksin|air panas|air hangat|cuaca|hamil",
    ),
    _rule(
        "panas-tinggi",
        None,
        [
            (
                rf"{_FEVER} ~4 (?:39|4[0-2])(?:_\d+)?(?! minggu| hari| bulan| tahun)|(?:39|40|"
                r"41)(?:_\d+)? derajat|demam ~6 mimisan"
            )
        ],
        unless="air panas|hamil",
    ),
    _rule("tali-pusat-keluar", "hamil", ["tali pusat ~2 keluar ~2 (?:duluan|dulu|lebih)"]),
    _rule(
        "demam-tinggi",
        "bayi-anak",
        [
            rf"{_FEVER} ~4 (?:39|4[0-2])(?:_\d+)?|{_FEVER} ~4 38_[6-9]\d*|(?:39|40|41|42)(?:_\d+)? derajat",
            rf"{_FEVER} ~1 tinggi ~3 (?:tidak turun|terus|sejak|\d+ hari|hebat)|{_FEVER} tinggi",
            (
                rf"{_FEVER} ~4 (?:[3-9]|1\d|tiga|empat|lima|enam|tujuh|seminggu) hari|"
                rf"{_FEVER} ~3 (?:seminggu|berhari hari)|(?:sudah|masuk) ~1 (?:[3-9]|tiga|empat|"
                rf"lima) hari ~3 {_FEVER}"
            ),
            rf"{_FEVER} ~6 (?:bintik|ruam|bercak|memar) ~2 (?:merah|biru)?",
        ],
        "bayi anak muda",
        unless=(
            r"normal\w* ~3 (?:suhu|derajat)|sudah turun|berapa derajat|tidak ~1 tinggi|"
            r"bintik ~2 (?:imunisasi|campak|suntik)"
        ),
    ),
    _rule(
        "kuning",
        "bayi-anak",
        [
            (
                r"kuning ~4 (?:sampai|ke) ~1 (?:kaki|telapak|perut|paha|betis|seluruh|badan)|"
                r"(?:telapak|kaki|seluruh) ~3 kuning"
            ),
            (
                r"kuning ~5 (?:2 minggu|3 minggu|[1-9] bulan|makin|tambah|hari pertama|lemas|"
                r"tidak (?:mau|bisa|hilang|turun)|sejak lahir|demam)|makin kuning|tambah kuning|"
                r"kuning ~1 (?:hebat|sekali)"
            ),
            r"(?:2 minggu|3 minggu|4 minggu|1 bulan|sebulan|hari pertama|24 jam) ~4 (?:masih )?kuning",
        ],
        "bayi muda baru-lahir anak",
        unless=(
            r"asi ~2 kuning|bab ~2 kuning|kolostrum|susu ~3 kuning|ingus|gigi|warna kuning|telur|"
            r"tidak bahaya|kuning telur|garis kuning|pup|kuah"
        ),
    ),
    _rule(
        "pusar",
        "bayi-anak",
        [
            (
                r"(?:pusar|tali pusat) ~4 (?:nanah|bau|merah|bengkak|basah ~2 bau)|(?:nanah|"
                r"bau) ~3 (?:pusar|tali pusat)"
            )
        ],
        "",
        unless=r"bodong|hamil",
    ),
    _rule(
        "muntah-anak",
        "bayi-anak",
        [
            (
                r"muntah ~3 (?:terus|hijau|setiap|tiap|semua|tidak berhenti|hebat|[5-9] kali|"
                r"1\d kali)|(?:semua|tiap) ~4 (?:makan|minum) ~3 (?:muntah|keluar)|"
                r"muntah ~4 (?:tidak bisa|tidak mau|tidak ada) ~2 (?:minum|masuk|menyusu)"
            )
        ],
        "bayi anak muda",
        unless=(
            r"hamil|gumoh|sedikit|dikit|muntah sekali|setiap kali naik|perjalanan|mabuk|"
            r"batuk ~3 muntah|makan ~1 muntah sekali"
        ),
    ),
    _rule(
        "kurang-cairan",
        "bayi-anak",
        [
            r"(?:mata\w*|ubun ubun\w*|ubun\w*) ~3 (?:cekung|celong|cowong)|cekung ~1 (?:mata|ubun)",
            (
                r"(?:tidak|belum|jarang) ~2 pipis ~4 (?:hari|seharian|pagi|jam|malam|siang|"
                r"sama hebat)|(?:seharian|sejak pagi|sejak semalam|sejak kemarin|sejak tadi|"
                r"jam) ~4 (?:tidak|belum) ~1 pipis|(?:tidak|belum) ~1 pipis$|pipis ~1 (?:tidak ada|"
                r"tidak keluar|sedikit sekali|kering)"
            ),
            (
                r"(?:cucian|air) beras|(?:diare|bab) ~6 lemas ~4 pipis|diare ~6 (?:lemas|"
                r"tidak mau minum|1[0-9] kali|[6-9] kali|2\d kali|tidak berhenti|terus ~2 lemas)|"
                r"sangat haus|haus hebat ~2 (?:lemas|diare)|kehausan|(?:1[0-9]|2\d|belasan|"
                r"puluhan) kali ~2 (?:diare|bab|mencret)|bab ~3 (?:cair|air) ~3 (?:1[0-9]|2\d|"
                r"belasan) kali"
            ),
        ],
        "",
        unless=(
            r"tanda\w* ~3 (?:kurang|dehidrasi)|apakah ~2 cekung|air ~1 beras ~2 (?:boleh|buat)|"
            r"air cucian beras ~3 (?:siram|tanaman)|air tajin"
        ),
    ),
    _rule(
        "bab-bahaya",
        "bayi-anak",
        [r"bab ~3 (?:hitam|dempul|pucat|putih)"],
        "bayi anak muda",
        unless=r"ttd|tablet|zat besi|mekonium|tambah darah|hamil|vitamin",
    ),
    _rule("telinga", "bayi-anak", [r"belakang telinga ~3 bengkak|bengkak ~3 belakang telinga"]),
    # --- English
    _rule(
        "en-suicide",
        "kejiwaan",
        [
            (
                r"(?:kill|killing|hurt|hurting|cut|cutting|harm|harming|end|ending) (?:myself|my life|"
                r"my baby|my child|it all)|want to die|wanna die|dont want to live|suicid\w+"
            )
        ],
        english=True,
    ),
    _rule(
        "en-violence",
        "kekerasan",
        [
            (
                r"(?:husband|boyfriend|he|father|partner) ~2 (?:hits?|hitting|beats?|beating|beat|"
                r"punch\w*|choked|chokes|kick\w*|rap\w+|threaten\w*) ~2 (?:me|my|us|her)|raped|"
                r"domestic violence"
            )
        ],
        english=True,
        unless=r"report|hotline",
    ),
    _rule(
        "en-baby",
        "bayi-anak",
        [
            r"(?:not|isnt|stopped|cant|cannot|trouble|difficulty|struggling to) ~1 breath\w*",
            r"seizures?|convulsi\w+|having (?:a )?fits?|chok(?:ed|ing)|turn\w* blue|blue lips|lips ~3 blue",
            (
                r"(?:not|wont|refus\w+|isnt|doesnt|stopped) ~1 (?:feed\w*|breastfeed\w*|nurs\w+|"
                r"drink\w*|wake|wak\w+|respond\w*)|unresponsive|unconscious|(?:baby|child|son|"
                r"daughter) ~2 fainted|limp|swallowed ~3 (?:battery|coin|poison|pill\w*|bleach)"
            ),
            r"high fever ~4|blood ~3 (?:stool|poop|vomit)|vomit\w* blood",
        ],
        "bayi anak",
        english=True,
    ),
    _rule(
        "en-pregnant",
        "hamil",
        [
            (
                r"perdarahan|bleeding|blood|water ~1 broke\w*|waters broke|(?:baby|fetus) ~3 (?:not|"
                r"isnt|stopped|hasnt) ~1 mov\w+|cant feel ~3 mov\w+|severe ~2 (?:headache|pain)|"
                r"blurr\w+ vision|seizures?|fainted|in labou?r now|giving birth now"
            )
        ],
        "hamil nifas",
        english=True,
    ),
    _rule(
        "en-any",
        "umum",
        [
            (
                r"bleeding|blood everywhere|(?:not|cant|cannot|isnt) ~1 breath\w*|unconscious|"
                r"passed out|fainted|seizures?|convulsi\w+|chok(?:ing|ed)|overdos\w+|poison\w*|"
                r"drown\w+|heart attack|need ~2 ambulans|call ~2 ambulans|medical darurat|"
                r"this is ~2 darurat"
            )
        ],
        english=True,
    ),
)
