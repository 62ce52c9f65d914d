"""Danger words: does a message say that something dangerous is happening now?

Decided before and besides Rasa, from words alone. The signs are the danger signs of content/facts (kehamilan.yml,
anak.yml: Buku KIA 2024) and, beyond health, suicide, violence, poisoning, choking and accidents. A sign counts when
somebody HAS it; "tidak ada perdarahan", "dulu pernah kejang" and "apa saja tanda bahaya" do not.

How it works: the text is brought to plain words (`_canonical`), every sign is a pattern over those words, and a sign
that is found counts unless it is denied, long past, asked about or imagined. When in doubt it counts: an alarm too
many costs an answer, one too few may cost a life.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sapa.messaging.text import strip_invisible

DangerKind = Literal["hamil", "bayi-anak", "kejiwaan", "kekerasan", "umum"]


@dataclass(frozen=True)
class DangerFinding:
    """A danger found in a message.

    `sign` names the rule that found it (for cases and audit; holds no words of the message), `english` says that the
    message was written in English, so the answer is given in both languages.
    """

    kind: DangerKind
    english: bool = False
    sign: str = ""


def check(text: str) -> DangerFinding | None:
    """The danger a message reports, or None. Never raises; reads at most the first 5,000 characters."""
    words = _canonical(text[:5000])
    if not words.strip():
        return None
    around = _contexts(words)
    for rule in _RULES:
        if rule.needs and not around & rule.needs:
            continue
        if rule.unless and rule.unless.search(words):
            continue
        if any(_happening(words, match, rule) for match in rule.pattern.finditer(words)):
            return DangerFinding(_kind(rule, around), rule.english, rule.sign)
    return None


# ---------------------------------------------------------------------------------------------- plain words

# canonical word: how people type it (slang, vowels left out, Javanese, Sundanese, eastern and Minang forms)
_SPELLINGS = """
tidak: tdk tak gak ga g gk nggak ngga enggak engga enda ndak nda ndk kagak kaga ora ra mboten teu henteu indak inda kada
tidak: sonde son tra trada seng tara nggk gag tida tidk dak
tidak mau: gmau gamau gmw gamw gakmau nggamau emoh moh emong ogah
tidak bisa: gabisa gbs gbisa gakbisa gkbisa
tidak ada: gada gaada gakada
tidak sadar: pasang-mata
belum: blm blom belom durung acan dereng teuacan
mau: mo mw mao gelem daek hoyong purun amuah arep kersa
ingin: pengen pingin pgn pengin pngn kepengen kepingin kepengin ingn
bisa: bs bsa iso isa tiasa saged
saya: sy aku ak gue gua gw kulo kula abdi beta kuring awak sya ane inyong
istri: istriku bini bojo bojoku pamajikan
suami: suamiku laki2ku misua salaki paksu paksuami
anak: anakku ank anakq anaku nak bocah budak anaknya anakx ana
bayi: bayiku by baby babyku bayinya bayine orok debay debayku jabang baybi bay
anak: adek adik ade dede dedek dd dek balita batita cucu cucuku keponakan ponakan sikecil kecilku murangkalih larek
baru: br bru baru2 brusan anyar
baru saja: barusan barusn brusn
tadi: td tdi wau
sekarang: skrg skrng skr sekrng skg saiki ayeuna kini now
hari: hr hri dinten
minggu: mgg mggu mng minggu2 week weeks w mnggu
bulan: bln bl sasi wulan sasih bulann
tahun: thn th taun
kali: x kl2
jam: jm
uk: uk-kehamilan
hamil: hml hmil meteng kakandungan ngandeg bunting bumil mengandung ngandung
kandungan: kndungan
melahirkan: lahiran lairan mlahirkan babaran nglahirin ngelahirin lahirin nglahirkan melahirin ngalahirkeun bersalin partus lahirin
caesar: sesar cesar sc secar operasi-sesar
darah: drh dara darahnya darahx getih getihe getihna darh
perdarahan: pendarahan prdarahan perdarahn pndarahan pendarahn prdrhn pndrhn prdarahn perdrahan pedarahan pendrahan pendrahn prdrahan
berdarah: berdarahan bdarah brdarah bedarah getihan
flek: ngeflek plek fleks ngeplek flek2 ngefleks spotting bercak
keluar: kluar klr kluwar metu medal kaluar klwr kuar keluarin keluarnya kluarx
mengalir: ngalir ngucur mengucur mancur muncrat ngocor netes menetes deres mengucur
banyak: bnyk byk bnyak akeh loba seer banyk
ketuban: ktuban ketubn ktbn ketubannya tuban kawah
pecah: pcah pecahnya
rembes: merembes ngerembes rembesan netes2
gerak: bergerak gerakan geraknya gerakannya grak grk brgerak gerakx obah usik nendang tendangan tendang
bengkak: bengkaknya bngkak abuh bareuh beureum-bareuh bengak
wajah: muka mukanya wajahnya raray rai
kabur: buram burem ngeblur blur kaburnya burek berkunang kunang2 kunang
kejang: kelojotan klojotan kejet kejet2 kelonjotan setep kejang2 kjang kjg kjng kejangnya kejangg kejg stip setip stuip kejeng kejang-kejang kejan
step: steps
pingsan: pingsn semaput kapiuhan klenger pinsan pingsang
sesak: sesek sesekk sesaknya ssk sesk eungap ampeg engap engep
napas: nafas bernapas bernafas nafasnya napasnya ambegan ambekan bernpas npas napase
biru: membiru kebiruan kebiru2an biru2 membiru-biru bulao
lemas: lemes lms lemah loyo lemess lemesss leuleus lemasnya lungkrah letoy
dingin: adem tiis atis
menyusu: nyusu netek nenen mimik mimi menyusui ngASI nyusuin menetek ngenyot nyenyeh nyusuh nesu disusui disusuin nyucu
minum: mnum ngombe nginum mimi-air minom
makan: mkan mkn mangan emam dahar maem mam
bangun: kebangun gugah hudang tangi bgn
dibangunkan: dibangunin dibanguni digugah dihudangkeun
tidur: tdur turu sare bobo bobok tdr
demam: dmm demem demm sumeng meriang demamnya
panas: pns pans panasnya panase badannya-panas
tinggi: tnggi tinggi2
hangat: anget angat haneut
muntah: muntah2 mntah muntahnya mutah muntaber utah ngutahkeun muntah-muntah
diare: mencret mencret2 murus diarenya mncret mencretnya mecret
bab: berak pup eek pupnya babnya ee feses tinja tinjanya ngising beol
pipis: kencing pipisnya kiih nguyuh kencingnya pipiss
hijau: ijo hejo hijo
hitam: item ireng hideung
kuning: kuningnya konneng
bau: berbau busuk mambu bauk
nanah: bernanah nanahan
pusar: puser udel pusarnya tali-pusat pusernya
tersedak: keselek kesedak kesedek kselek keselak kesedakan sedakan keselak kesereten tersedat
busa: berbusa
menelan: ketelan tertelan nelen ketelen nelan telan tetelan kelolodan
minum-racun: racun
keracunan: kracunan teracuni
tenggelam: kelelep klelep tengelam kecemplung titeuleum tenggelem
kesetrum: tersetrum kesentrum kestrum
digigit: dicokot dipatuk dicatok gigitan kegigit
jatuh: jtuh ragrag tiba labuh terjatuh jato kepleset terpeleset
kepala: kpla sirah hulu kepalanya kpala pala endas
perut: prut weteng beuteung perutnya perutku
sakit: skit skt nyeri lara loro nyeuri sakitnya nyut2an sakik ngilu
hebat: parah banget bgt bngt pisan bangat dahsyat amat bgtt
sekali: skali skli skl
pembalut: pmbalut pmblut pembalud softex pembalutnya softek
penuh: pnuh
bunuh diri: bundir
mati: mti modar paeh matek mampus pejah
menyakiti: nyakitin nyakiti melukai ngelukain lukai
memukul: mukul mukulin memukuli mukuli mukulnya nampar menampar ditampar nendang-saya pukul pukuli menggebuk gebukin
dipukul: dipukuli dipukulin dpukul ditampar ditampari ditendang ditonjok digebuk digebukin digebugin disiksa dianiaya ditempeleng
dipukul: dihajar diseret dijambak dibanting ditonjokin dpukuli dipukulkan ditendangi diantemi digampar
mencekik: nyekik cekik dicekik bekap membekap dibekap
diancam: ngancam mengancam ngancem diancem diancamnya
diperkosa: diprkosa perkosa memperkosa dicabuli dilecehkan dirudapaksa diperkosanya digerayangi
tolong: tlg tlong tolongg tulung tulungin toloong tulong
ambulans: ambulan ambulannya
gawat: gwat
darurat: drurat
terus: trus trs terusan
tali pusat: talipusat tali-pusar
pertama: prtama
kemarin: kmrn kmrin kmren kemaren wingi kamari
pagi: pgi isuk esuk
sejak: sjk dari dr dri soko kawit
sampai: sampe smp ampe nyampe
sudah: sdh udah udh ud dah wis geus parantos sampun uda
kalau: kalo kl klo klu nek lamun upami misal misalnya misalkan jika bila apabila seandainya andai
apa: ap opo naon
gimana: gmn bagaimana piye kumaha gmana gimn
apakah: apkh
dengan: dgn dg sama
yang: yg sing
karena: krn soalnya
"""

# Never taken for a misspelt sign word, though they lie one letter away.
_INNOCENT = frozenset(
    ["mentah", "kelas", "keras", "daerah", "pisang", "kerjang", "kenang", "tenang", "senang", "renang", "kencang", "menyusun", "kunyah", "kuning", "kancing", "berdaerah", "bersarah", "searah", "perdagangan", "perdamaian", "kesedaran", "kesadaran", "kejam", "kejar", "keju", "kerang", "kedang", "tegang"]
)
_FUZZY = (
    ["perdarahan", "berdarah", "kejang", "pingsan", "ketuban", "tersedak", "keracunan", "tenggelam", "menyusu", "dipukul", "kesetrum", "muntah", "memukul", "diperkosa", "pecah", "diancam", "ambulans"]
)
_NYA = ("nya", "ny", "x", "ne", "na", "ku", "q", "kah", "lah")


def _table() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in _SPELLINGS.strip().splitlines():
        canonical, _, variants = line.partition(":")
        for variant in variants.split():
            table.setdefault(variant, canonical.strip())
        for word in canonical.split():
            table.setdefault(word, word)
    return table


_CANON = _table()


_DIGITS = {
    word: number
    for number, word in enumerate(["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"])
}
_ONE = {
    "seminggu": "1 minggu",
    "sminggu": "1 minggu",
    "sebulan": "1 bulan",
    "sehari": "1 hari",
    "setahun": "1 tahun",
    "sejam": "1 jam",
}


def _numbers(tokens: list[str]) -> list[str]:
    """Numbers in words made digits: "dua puluh delapan" -> "28", "satu setengah" -> "1", "seminggu" -> "1 minggu"."""
    out: list[str] = []
    for token in tokens:
        last = int(out[-1]) if out and out[-1].isdigit() and len(out[-1]) <= 2 else None
        if token in _DIGITS:
            digit = _DIGITS[token]
            if last is not None and last >= 20 and last % 10 == 0 and digit < 10:
                out[-1] = str(last + digit)
            else:
                out.append(str(digit))
        elif token == "belas" and last is not None and last < 10:
            out[-1] = str(10 + last)
        elif token == "puluh" and last is not None and last < 10:
            out[-1] = str(10 * last)
        elif token == "setengah" and last is not None:
            continue
        else:
            out.append(_ONE.get(token, token))
    return out


def _canonical(text: str) -> str:
    """Plain canonical words, one space apart and around; "|" stands where a clause ends."""
    plain = unicodedata.normalize("NFKC", strip_invisible(text)).casefold()
    plain = re.sub(r"(?<=\d)[.,](?=\d)", "_", plain)  # 38,5 stays one number
    plain = re.sub(r"[’'`]", "", plain)
    plain = re.sub(r"([a-z])\1{2,}", r"\1", plain)
    plain = re.sub(r"(?<=\d)(?=[a-z])", " ", plain)  # 5bln
    plain = re.sub(r"(?<=[a-z]{3})2(?=\s|$|nya|in)", "", plain)  # kejang2
    tokens = _numbers(re.findall(r"[a-z]+|\d+(?:_\d+)?|[.,;!?\n]", plain))
    return " " + " ".join(part for part in (_word(token) for token in tokens) if part) + " "


@lru_cache(maxsize=20_000)
def _word(token: str) -> str:
    if token in ".,;!?\n":
        return "|"
    found = _CANON.get(token)
    if found is not None:
        return found
    if len(token) > 3 and token[-1] == token[-2] and token[:-1] in _CANON:
        return _CANON[token[:-1]]
    for ending in _NYA:
        if token.endswith(ending) and (base := token[: -len(ending)]) in _CANON and len(base) > 2:
            return _CANON[base]
    if len(token) >= 5 and token not in _INNOCENT:
        for word in _FUZZY:
            if token[0] == word[0] and abs(len(token) - len(word)) <= 1 and _one_slip(token, word):
                return word
    return token


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter was left out, added, changed or swapped with its neighbour."""
    if len(typed) == len(meant):
        wrong = [i for i, (a, b) in enumerate(zip(typed, meant, strict=True)) if a != b]
        if len(wrong) == 1:
            return True
        return (
            len(wrong) == 2
            and wrong[1] == wrong[0] + 1
            and typed[wrong[0]] == meant[wrong[1]]
            and typed[wrong[1]] == meant[wrong[0]]
        )
    longer, shorter = (typed, meant) if len(typed) > len(meant) else (meant, typed)
    return len(longer) == len(shorter) + 1 and any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))


# ---------------------------------------------------------------------------------------------- who it is about


def _compile(pattern: str) -> re.Pattern[str]:
    """A pattern over canonical words: a blank is a word border, "~n" is up to n words of the same clause."""
    gaps = re.sub(r" ~(\d) ", r" (?:\\w+ ){0,\1}", pattern)
    return re.compile(rf"(?<= )(?:{gaps})(?= )")


_CONTEXT = {
    "hamil": _compile(
        r"uk \d+|(?:si )?(?:anak|bayi) di dalam|hamil\w*|kehamilan|kandungan|janin|trimester|ketuban|kontraksi|pembukaan|hpl|dalam perut|di perut|pregnan\w+"
    ),
    "nifas": _compile(
        r"nifas|melahirkan|caesar|sehabis lahir|habis lahir|abis lahir|setelah lahir|sesudah lahir|jahitan|plasenta|ari ari\w*"
        r"|pasca salin|operasi lahir|gave birth"
    ),
    "bayi": _compile(r"bayi|neonatus|newborn|infant|baru lahir|menyusu"),
    "anak": _compile(r"anak|si kecil|putra|putri|kakak|child|kid|son|daughter|toddler|adiknya"),
    "kb": _compile(r"kb|iud|spiral|implan|susuk|suntik|pil|haid|mens|menstruasi"),
    "istri": _compile(r"istri|ibu hamil|kakak saya|adik saya"),
}


def _contexts(words: str) -> frozenset[str]:
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


# ---------------------------------------------------------------------------------------------- the signs


@dataclass(frozen=True)
class _Rule:
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
) -> _Rule:
    return _Rule(
        sign,
        kind,
        _compile("|".join(patterns)),
        frozenset(needs.split()),
        _compile(unless) if unless else None,
        english,
    )


_HARD = r"(?:hebat|sekali|berat|tidak tahan|tidak tertahan\w*|melilit|sampai nangis|luar biasa|terus menerus|tidak hilang)"
_FEVER = r"(?:demam|panas|suhu\w*)"
_MOTHER = "hamil nifas istri"
_CHILD = "bayi anak muda baru-lahir"
_KB_ONLY = r"(?:kb|iud|spiral|implan|susuk|pil|haid|mens|menstruasi|datang bulan)"

_RULES: tuple[_Rule, ...] = (
    # --- life and violence first: the answer differs most
    _rule(
        "bunuh-diri",
        "kejiwaan",
        [
            "bunuh diri",
            r"(?:ingin|mau|pilih|lebih baik|mending|mendingan|rasanya) ~2 (?:mati|akhiri hidup|mengakhiri hidup|lenyap|menghilang selamanya)(?! lampu| listrik| gaya| penasaran)",
            r"(?:mengakhiri|akhiri|ngakhiri|ngakhirin) ~1 (?:hidup\w*|semua\w*|nyawa\w*)",
            r"(?:tidak (?:ingin|mau|kuat|sanggup|pantas)|capek|cape|lelah|bosan) ~1 hidup(?: lagi| saya| ini)?(?! sehat| boros)",
            r"(?:menyakiti|melukai|nyilet|silet|sayat|menyayat|iris|gores) ~1 (?:diri\w*|tangan saya|tangan|pergelangan)",
            r"(?:loncat|lompat|terjun|nyebur) ~2 (?:jembatan|gedung|atap|sumur|sungai|kali|laut|jurang|danau)",
            r"(?:tidak ada|tidak) (?:guna|gunanya|artinya|arti) ~1 hidup|hidup ~2 (?:tidak ada|tidak) (?:guna|gunanya|artinya|berguna|berarti)",
            r"(?:lebih baik|mending|mendingan) ~2 (?:saya )?(?:tidak ada|pergi selamanya|tidur selamanya|tidak bangun)(?: lagi)?|tidur selamanya|pergi selamanya",
            r"(?:anak|bayi|keluarga|semua\w*|mereka) ~2 lebih (?:baik|bahagia|enak) (?:tanpa|tidak ada) saya",
            r"gantung diri|(?:ingin|mau|kepikiran|pikiran) ~2 minum (?:racun|minum-racun|baygon)|mau menyusul ~2 (?:almarhum\w*|ibu|bapak)",
        ],
        unless=r"(?:mati lampu|lampu mati|listrik mati|mati listrik|ketawa|lapar|malu|film|sinetron|drakor|berita|novel)",
    ),
    _rule(
        "menyakiti-bayi",
        "kejiwaan",
        [
            r"(?:ingin|mau|rasanya|kepikiran|pikiran|menyuruh|nyuruh|suruh|takut saya|terpikir|hampir) ~3 (?:menyakiti|mencekik|membunuh|bunuh|buang|membuang|banting|membanting|lempar|melempar|tenggelam\w*|memukul) ~1 (?:bayi|anak)",
            r"(?:suara|bisikan) ~3 (?:menyuruh|nyuruh|suruh|bunuh)",
        ],
    ),
    _rule(
        "kekerasan",
        "kekerasan",
        [
            r"(?:saya|anak|bayi|ibu|istri|badan saya|perut saya|adik|kakak) ~2 dipukul",
            r"dipukul ~2 (?:suami|bapak\w*|ayah\w*|mertua|pacar|papa\w*|ipar|paman|om)",
            r"(?:suami|bapak\w*|ayah\w*|mertua|pacar|papa\w*|mantan|ipar|paman) ~3 (?:memukul|mencekik|membacok|menendang|nendang|menyiksa|nyiksa) ~2 (?:saya|anak|bayi|istri|perut|kepala|wajah|sampai|hebat)",
            r"(?:suami|bapak\w*|ayah\w*|pacar|mantan) ~3 (?:memukul|mencekik|menyiksa)(?: lagi| saya| sekarang| tadi)",
            r"(?:saya|anak|adik|bayi|istri) ~2 (?:mencekik|diperkosa)|diperkosa ~3",
            r"(?:diancam|ancam\w*) ~2 (?:bunuh|dibunuh|pisau|parang|golok|mati|celurit|senjata)",
            r"(?:mau|akan|ingin) (?:dibunuh|bunuh saya|membunuh saya|bunuh anak)",
            r"takut pulang ~3 (?:dipukul|suami)",
        ],
        unless=r"(?:suka|sering|selalu|tiap hari|kadang) ~3 (?:lapor|melapor|ngadu|mengadu)|tetangga ~6 lapor",
    ),
    # --- both: convulsion, unconscious, not breathing, poisoning, choking, accidents
    _rule("kejang", None, [r"kejang", r"(?:mata\w*|matanya) ~1 (?:mendelik|melotot|ke atas|terbalik|putih semua)", r"(?:tangan\w*|kaki\w*|mulut\w*|badan\w*|wajah) ~2 (?:berkedut|kedutan|kaku|menyentak)(?! pagi)|mulut\w* ~2 busa|badan\w* kaku"], unless=r"kejang otot|kram|kaku ~2 (?:pegal|leher)|pegal"),
    _rule("step", "bayi-anak", [r"step"], "bayi anak", unless=r"step by|step ~1 step|biar tidak step|step nya|per step|gimana step|step apa"),
    _rule(
        "tidak-bernapas",
        None,
        [
            r"(?:tidak|susah|sulit|berhenti|henti|stop) ~1 napas",
            r"napas ~1 (?:berhenti|tidak ada|hilang|satu satu|megap\w*|tersengal\w*|ngos ?\w*|cepat hebat|cepat|cuping|bunyi|cekung|berat|pendek|sesak)",
            r"megap megap|merintih|(?:hidung\w*|cuping|perut|dada) ~2 kembang ~1 kempis|kembang kempis|(?:dada|dadanya|rusuk\w*) ~2 (?:cekung|tertarik|ketarik|narik|kedalam|ke dalam)",
        ],
        unless=r"napas bau|bau ~1 napas|(?:flu|pilek|hidung) ~3 napas(?! cepat| sesak)",
    ),
    _rule("sesak", None, [r"sesak(?: napas)?"], unless=r"sesak kencing|baju ~1 sesak|celana|popok ~2 sesak"),
    _rule(
        "tidak-sadar",
        None,
        [
            r"(?:tidak|hilang|kehilangan|menurun|kurang) ~1 (?:sadar\w*|kesadaran)",
            r"pingsan",
            r"(?:susah|sulit|tidak bisa|tidak|dibangunkan tidak|tidak mau) ~1 (?:dibangunkan|bangun bangun|bangun)(?! tidur| pagi| siang| malam| subuh| rumah)",
            r"dibangunkan ~2 (?:tidak|susah|sulit)",
            r"(?:tidak|kurang) ~1 (?:respon|merespon|ada respon|responsif|nyahut|menyahut|merespons|menjawab|ngerespon|bereaksi)|dipanggil\w* ~2 tidak (?:bangun|gerak)|tatapan\w* kosong|mata\w* sayu|setengah sadar|linglung",
        ],
        unless=r"(?:susah|sulit|tidak bisa) bangun ~2 (?:malam|pagi|siang|subuh|kesiangan)|nengok|menengok|noleh|menoleh|asyik|asik|autis|bicara|ngomong|tidak sadar (?:kalau|bahwa|hamil|sudah)",
    ),
    _rule(
        "biru",
        None,
        [r"(?:bibir\w*|mulut\w*|wajah|badan\w*|kulit\w*|tangan\w*|kaki\w*|kuku\w*|lidah\w*|bayi|anak|tubuh\w*|jari\w*) ~2 biru(?! laut| muda)"],
        unless=r"kapsul|vitamin|baju|lebam|mongol|tanda lahir|buku biru|warna biru",
    ),
    _rule(
        "tersedak",
        None,
        [r"tersedak", r"(?:menelan|masuk|kemasukan) ~2 (?:baterai|batre|koin|kelereng|peniti|jarum|magnet|kancing|biji|uang logam|paku|mainan|manik\w*|duri|kacang)"],
        unless=r"(?:biar|supaya|agar|cegah|mencegah|rawan|mudah|bikin|membuat|resiko|risiko|bahaya) ~3 tersedak|takut ~2 (?:tersedak|menelan)",
    ),
    _rule(
        "keracunan",
        None,
        [
            r"keracunan(?! kehamilan)",
            r"(?:minum|menelan|makan|keminum|terminum|teguk) ~2 (?:minyak tanah|racun|racun tikus|pemutih|bayclin|deterjen|sabun|baygon|obat nyamuk|bensin|tiner|thinner|pestisida|kapur barus|karbol|porstek|obat satu botol|obat banyak|minyak kayu putih|minyak telon|rinso|soda api|autan)",
            r"overdosis",
            r"(?:bau|mulut\w*|tubuh\w*|badan\w*) ~2 (?:racun|pestisida|minyak tanah|baygon|insektisida)|racun (?:rumput|tikus|serangga|hama) ~4 (?:minum|masuk|mulut|termakan|kemakan)|(?:kemakan|termakan|minum|menelan|jilat|kejilat) ~2 racun",
        ],
    ),
    _rule(
        "kecelakaan",
        None,
        [
            r"tenggelam",
            r"kesetrum",
            r"digigit ~1 (?:ular|anjing|monyet|kera|kalajengking|lipan|kucing gila)",
            r"(?:kena|tersiram|kesiram|ketumpahan|siram|tersiram) ~1 (?:air panas|air mendidih|minyak panas|kuah panas|api|knalpot)",
            r"melepuh|luka bakar|terbakar",
            r"(?:tertabrak|ketabrak|ditabrak|kecelakaan|tabrakan)",
            r"jatuh ~6 (?:muntah|pingsan|tidak sadar|kejang|berdarah|darah|tidur terus|lemas|sakit|nyeri|perdarahan)",
            r"(?:kepala|kepalanya) ~2 (?:kebentur|terbentur|kejedot|bocor) ~4 (?:muntah|pingsan|lemas|darah|berdarah|tidur terus)|kepala ~1 bocor",
        ],
        unless=r"luka bakar kecil|bekas luka bakar|benjol ~4 (?:main|aktif)|tenggelam dalam",
    ),
    _rule("jatuh-hamil", "hamil", [r"jatuh|terbentur|kebentur"], "hamil", unless=r"jatuh ~1 (?:tempo|tanggal|cinta|hati|pada)|tanggal jatuh|jatuhnya tanggal|jatuh hari"),
    _rule(
        "darurat",
        None,
        [
            r"(?:darurat|gawat) ~2 (?:tolong|cepat|bu|pak|sekarang|bidan)",
            r"tolong ~3 (?:darurat|gawat|ambulans)",
            r"(?:butuh|perlu|kirim\w*|panggil\w*|minta|mana) ~2 ambulans ~2 (?:sekarang|segera|cepat|tolong|ke sini|kesini|ke rumah)",
            r"kirim\w* ~1 ambulans|nyawa|sekarat|kritis|tak bernyawa",
        ],
        unless=r"nomor|nomer|no telp|(?:meninggal|duka|lahir mati|bernyawa)",
    ),
    _rule("stroke-jantung", "umum", [r"stroke|mulut\w* ~1 (?:mencong|perot|pelo)|serangan jantung|(?:sakit|nyeri) dada ~4 (?:kiri|menjalar|keringat|sesak|hebat)"]),
    # --- bleeding
    _rule(
        "perdarahan",
        None,
        [
            r"perdarahan",
            r"(?:keluar|mengalir|ada|rembes|campur) ~2 darah ~2 (?:banyak|segar|merah|terus|hebat|gumpal\w*|menggumpal|tidak berhenti|kental|deras|sejak)",
            r"darah ~2 (?:keluar|mengalir|banyak|segar|tidak berhenti|terus|menggumpal|gumpal\w*|rembes|deras)",
            r"(?:banjir|bersimbah|gumpalan) darah",
            r"berdarah ~2 (?:terus|banyak|hebat|tidak berhenti|tidak mau berhenti)",
            r"pembalut ~4 (?:penuh|tembus|basah)|(?:kasur|kain|sarung|sprei|celana|pampers|popok) ~3 (?:penuh|basah|merah) ~1 darah|darah ~3 (?:sampai|ke) kaki|ganti pembalut ~3 (?:kali|jam)",
            r"perdarahan",
        ],
        unless=r"(?:tekanan|golongan|kurang|tambah|penambah|donor|cek|tes|periksa|ambil|gula|sel|darah tinggi|darah rendah) ~1 darah(?! segar| banyak)"
        r"|darah (?:haid|mens|tinggi|rendah|manis|kotor)|(?:haid|mens|menstruasi|datang bulan) ~4 (?:banyak|terus|hebat|lama)|gusi|hidung|mimisan|"
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
        unless=r"(?:tekanan|golongan|kurang|tambah|penambah|donor|pendonor|cek|tes|periksa|ambil|gula|sel|tablet|obat|pil|vitamin|kekurangan|menambah|nambah|transfusi|hb) ~1 darah"
        r"|darah (?:tinggi|rendah|manis|putih|merah \w* hb)|lendir ~3 darah|tambah darah|gusi|donor|tinggi darah|sedarah|(?:cek|tes|periksa) ~2 darah",
    ),
    _rule("darah-nifas", "hamil", [r"(?:darah|cairan\w*|jahitan|luka\w*|nifas) ~3 (?:bau|nanah|basah|terbuka|lepas)"], "nifas"),
    _rule(
        "darah-anak",
        "bayi-anak",
        [
            r"(?:bab|diare|muntah|pipis) ~4 (?:darah|berdarah)",
            r"(?:darah|berdarah) ~4 (?:bab|diare|muntah|dubur|anus)",
            r"mimisan ~4 (?:terus|tidak berhenti|banyak|demam|panas)|(?:demam|panas) ~6 mimisan|gusi ~1 berdarah",
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
        [r"ketuban ~3 (?:pecah|rembes|hijau|bau|keluar|bocor|keruh|habis|kering)|(?:pecah|rembes|keluar|bocor) ~2 ketuban", r"keluar (?:air|cairan) ~4 (?:banyak|terus|bau|rembes|bening|hijau|bukan pipis)", r"(?:air|cairan|celana|kasur|basah) ~4 bukan ~1 pipis|(?:celana|kasur|sprei) ~3 basah ~2 (?:kuyup|terus|bau|semua|sendiri)|seperti pipis ~3 (?:tidak berhenti|tidak bisa (?:ditahan|tahan))", r"rembes ~2 (?:terus|air|cairan)|(?:air|cairan) ~2 rembes"],
        "hamil",
    ),
    _rule(
        "gerak-janin",
        "hamil",
        [
            r"(?:tidak|belum|jarang|berkurang|kurang|berhenti|melemah|hilang) ~3 gerak",
            r"gerak ~3 (?:tidak|berkurang|kurang|berhenti|melemah|hilang|jarang|lemas|diam)",
            r"(?:bayi|janin|anak) ~6 (?:diam saja|diam terus|anteng terus|anteng saja|tidak aktif|sepi|diam|adem ayem|tidak ada balasan|tidak membalas)",
            r"(?:tidak ada|tidak) ~1 (?:balasan|membalas|respon) ~3",
        ],
        "hamil",
        unless=r"(?:hamil|usia|umur) ~1 (?:[1-9]|1[0-9]|20) (?:minggu|w)|(?:hamil|usia|umur) ~1 [1-4] bulan|belum ~1 (?:terasa|kerasa|merasakan|ngerasain) ~2 gerak|normal\w* ~4 gerak|gerak ~4 (?:normal|mulai)|kapan|cara|menghitung|hitung",
    ),
    _rule("sakit-kepala-hamil", "hamil", [
        rf"(?:sakit|pusing) ~1 kepala ~3 {_HARD}|kepala ~3 (?:sakit|pusing|nyut\w*) ~2 {_HARD}|(?:pusing|sakit kepala|kepala) ~2 {_HARD}",
        r"(?:mata|pandangan|penglihatan\w*) ~3 (?:kabur|gelap|kunang\w*|berbayang)|kabur ~2 (?:mata|pandangan)|(?:lihat|liat|melihat) ~2 (?:cahaya|kabur|kilat|bintik|kilatan)",
        r"kepala ~3 (?:mau|seperti mau|kayak mau) pecah|(?:sakit|nyeri|perih) ~1 ulu hati ~1 (?:hebat|sekali)|ulu hati ~1 sakit ~1 (?:hebat|sekali)",
    ], _MOTHER),
    _rule("bengkak-hamil", "hamil", [r"(?:wajah|tangan|badan) ~4 bengkak|bengkak ~3 (?:wajah|tangan|seluruh)"], "hamil nifas", unless="tangan ~1 suntik"),
    _rule(
        "nyeri-perut-hamil",
        "hamil",
        [rf"(?:sakit|nyeri|mules|kram|melilit) ~2 perut ~3 {_HARD}|perut ~4 (?:sakit|mules|kram|nyeri|kencang|melilit) ~3 {_HARD}|perut ~3 (?:keras|kaku) ~3 (?:papan|batu|terus|sakit)|(?:sakit|nyeri) {_HARD} ~3 perut"],
        "hamil nifas",
    ),
    _rule("demam-hamil", "hamil", [r"(?:demam|panas) ~2 (?:tinggi|menggigil|3[89]|4\d)|menggigil"], "hamil nifas", unless=r"(?:anak|bayi) ~3 (?:demam|panas)"),
    _rule("demam-nifas", "hamil", [r"demam"], "nifas", unless=r"(?:anak|bayi) ~5 demam|imunisasi|suntik"),
    _rule(
        "muntah-hamil",
        "hamil",
        [r"muntah ~5 (?:terus|tidak bisa|tiap|setiap|hebat|tidak masuk|lemas|semua|darah) ~3 (?:makan|minum|masuk|lemas)|muntah ~1 (?:hebat|terus menerus|tidak berhenti)|(?:tidak bisa|tidak ada) ~2 (?:makan|minum|masuk) ~4 (?:muntah|hari)"],
        "hamil",
        unless=r"muntah ~2 (?:pagi|sedikit|dikit)|masih bisa ~1 (?:makan|minum)|muntah ~5 (?:dikit|sedikit)",
    ),
    _rule("jantung-hamil", "hamil", [r"(?:jantung|dada) ~2 (?:berdebar|deg degan|nyeri|sakit)|(?:nyeri|sakit) ~1 dada"], "hamil nifas"),
    _rule(
        "lahir-sekarang",
        "hamil",
        [
            r"(?:kepala|kaki|tangan|tali pusat|bokong|pantat) ~3 (?:sudah )?(?:keluar|kelihatan|nongol|menonjol|terlihat)",
            r"(?:plasenta|ari ari\w*) ~3 (?:belum|tidak) ~1 (?:keluar|lahir|lepas)",
            r"(?:mau melahirkan|mau lahir|sudah keluar|melahirkan) ~5 (?:di jalan|di mobil|tidak ada bidan|belum ada bidan|bidan ~2 tidak ada|sendirian)",
            r"(?:tidak kuat|tidak bisa) ~1 (?:mengejan|ngeden)",
        ],
        "hamil nifas bayi",
        unless=r"kepala ~2 (?:keluar|ada) ~1 (?:keringat|bintik|benjol)|keringat",
    ),
    _rule("payudara-nifas", "hamil", [r"(?:payudara|pd|tetek) ~5 (?:demam|menggigil|nanah)|(?:demam|menggigil) ~5 (?:payudara|pd)"]),
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
        unless=r"bingung ~1 (?:puting|dot)|sapih|menyapih|\d+ tahun|(?:pakai|dengan|sejak|lewat) ~1 (?:dot|botol|sendok)|kerja|susu (?:formula|uht|kaleng)|sufor|sebelah|tidak ~2 asi eksklusif|tidak keluar|belum keluar|puting ~1 (?:datar|lecet)|"
        r"asi ~3 (?:tidak|belum|sedikit)|tidak lancar|boleh|saya tidak (?:bisa|mau) menyusu|ibu tidak ~2 menyusu|tidak (?:usah|perlu) menyusu",
    ),
    _rule(
        "tidak-minum",
        "bayi-anak",
        [r"(?:tidak (?:mau|bisa)|menolak|susah|sulit) ~2 minum(?! obat| susu| vitamin| sufor| pil| ttd| uht| jamu)", r"(?:tidak ada|tidak) yang masuk"],
        "bayi anak muda",
        unless=r"minum (?:obat|susu|vitamin|sufor|air putih)|masih mau minum|gelas",
    ),
    _rule(
        "lemas-anak",
        "bayi-anak",
        [r"lemas ~2 (?:hebat|tidak|tidur terus|terkulai|lunglai|susah)|(?:terkulai|lunglai)|tidur terus ~4 (?:tidak|lemas|susah)|(?:tidak|susah) ~3 (?:menyusu|minum|nangis) ~3 lemas|lemas ~3 (?:tidak|susah) ~2 (?:menyusu|minum|nangis|bangun)"],
        "bayi anak muda",
        unless=r"anemia|kurang darah|hb",
    ),
    _rule("lemas-bayi", "bayi-anak", [r"lemas|tidur terus|tidak nangis|(?:badan\w*|kaki\w*|tangan\w*|tubuh\w*|kulit\w*) ~2 dingin|dingin ~1 (?:badan|tubuh)"], "muda baru-lahir", unless=r"asi dingin|air dingin|cuaca|mandi|alergi dingin|hawa"),
    _rule("demam-bayi-muda", "bayi-anak", [r"demam|panas ~1 (?:tinggi|3[789]\w*|4\d)|(?:badan\w*|bayi|anak) ~3 panas|(?:hangat|panas|suhu\w*|ukur|termometer\w*) ~6 (?:37_[5-9]\d*|38|38_\d+|39|39_\d+|4[01]|4[01]_\d)|(?:badan\w*|terasa) ~1 hangat"], "muda baru-lahir", unless=r"imunisasi|suntik|bcg|dpt|vaksin|air panas|air hangat|cuaca|hamil"),
    _rule("panas-tinggi", None, [rf"{_FEVER} ~4 (?:39|4[0-2])(?:_\d+)?(?! minggu| hari| bulan| tahun)|(?:39|40|41)(?:_\d+)? derajat|demam ~6 mimisan"], unless="air panas|hamil"),
    _rule("tali-pusat-keluar", "hamil", ["tali pusat ~2 keluar ~2 (?:duluan|dulu|lebih)"]),
    _rule(
        "demam-tinggi",
        "bayi-anak",
        [
            rf"{_FEVER} ~4 (?:39|4[0-2])(?:_\d+)?|{_FEVER} ~4 38_[6-9]\d*|(?:39|40|41|42)(?:_\d+)? derajat",
            rf"{_FEVER} ~1 tinggi ~3 (?:tidak turun|terus|sejak|\d+ hari|hebat)|{_FEVER} tinggi",
            rf"{_FEVER} ~4 (?:[3-9]|1\d|tiga|empat|lima|enam|tujuh|seminggu) hari|{_FEVER} ~3 (?:seminggu|berhari hari)|(?:sudah|masuk) ~1 (?:[3-9]|tiga|empat|lima) hari ~3 {_FEVER}",
            rf"{_FEVER} ~6 (?:bintik|ruam|bercak|memar) ~2 (?:merah|biru)?",
        ],
        "bayi anak muda",
        unless=r"normal\w* ~3 (?:suhu|derajat)|sudah turun|berapa derajat|tidak ~1 tinggi|bintik ~2 (?:imunisasi|campak|suntik)",
    ),
    _rule(
        "kuning",
        "bayi-anak",
        [
            r"kuning ~4 (?:sampai|ke) ~1 (?:kaki|telapak|perut|paha|betis|seluruh|badan)|(?:telapak|kaki|seluruh) ~3 kuning",
            r"kuning ~5 (?:2 minggu|3 minggu|[1-9] bulan|makin|tambah|hari pertama|lemas|tidak (?:mau|bisa|hilang|turun)|sejak lahir|demam)|makin kuning|tambah kuning|kuning ~1 (?:hebat|sekali)",
            r"(?:2 minggu|3 minggu|4 minggu|1 bulan|sebulan|hari pertama|24 jam) ~4 (?:masih )?kuning",
        ],
        "bayi muda baru-lahir anak",
        unless=r"asi ~2 kuning|bab ~2 kuning|kolostrum|susu ~3 kuning|ingus|gigi|warna kuning|telur|tidak bahaya|kuning telur|garis kuning|pup|kuah",
    ),
    _rule(
        "pusar",
        "bayi-anak",
        [r"(?:pusar|tali pusat) ~4 (?:nanah|bau|merah|bengkak|basah ~2 bau)|(?:nanah|bau) ~3 (?:pusar|tali pusat)"],
        "",
        unless=r"bodong|hamil",
    ),
    _rule(
        "muntah-anak",
        "bayi-anak",
        [r"muntah ~3 (?:terus|hijau|setiap|tiap|semua|tidak berhenti|hebat|[5-9] kali|1\d kali)|(?:semua|tiap) ~4 (?:makan|minum) ~3 (?:muntah|keluar)|muntah ~4 (?:tidak bisa|tidak mau|tidak ada) ~2 (?:minum|masuk|menyusu)"],
        "bayi anak muda",
        unless=r"hamil|gumoh|sedikit|dikit|muntah sekali|setiap kali naik|perjalanan|mabuk|batuk ~3 muntah|makan ~1 muntah sekali",
    ),
    _rule(
        "kurang-cairan",
        "bayi-anak",
        [
            r"(?:mata\w*|ubun ubun\w*|ubun\w*) ~3 (?:cekung|celong|cowong)|cekung ~1 (?:mata|ubun)",
            r"(?:tidak|belum|jarang) ~2 pipis ~4 (?:hari|seharian|pagi|jam|malam|siang|sama hebat)|(?:seharian|sejak pagi|sejak semalam|sejak kemarin|sejak tadi|jam) ~4 (?:tidak|belum) ~1 pipis|(?:tidak|belum) ~1 pipis$|pipis ~1 (?:tidak ada|tidak keluar|sedikit sekali|kering)",
            r"(?:cucian|air) beras|(?:diare|bab) ~6 lemas ~4 pipis|diare ~6 (?:lemas|tidak mau minum|1[0-9] kali|[6-9] kali|2\d kali|tidak berhenti|terus ~2 lemas)|sangat haus|haus hebat ~2 (?:lemas|diare)|kehausan|(?:1[0-9]|2\d|belasan|puluhan) kali ~2 (?:diare|bab|mencret)|bab ~3 (?:cair|air) ~3 (?:1[0-9]|2\d|belasan) kali",
        ],
        "",
        unless=r"tanda\w* ~3 (?:kurang|dehidrasi)|apakah ~2 cekung|air ~1 beras ~2 (?:boleh|buat)|air cucian beras ~3 (?:siram|tanaman)|air tajin",
    ),
    _rule("bab-bahaya", "bayi-anak", [r"bab ~3 (?:hitam|dempul|pucat|putih)"], "bayi anak muda", unless=r"ttd|tablet|zat besi|mekonium|tambah darah|hamil|vitamin"),
    _rule("telinga", "bayi-anak", [r"belakang telinga ~3 bengkak|bengkak ~3 belakang telinga"]),
    # --- English
    _rule("en-suicide", "kejiwaan", [r"(?:kill|killing|hurt|hurting|cut|cutting|harm|harming|end|ending) (?:myself|my life|my baby|my child|it all)|want to die|wanna die|dont want to live|suicid\w+"], english=True),
    _rule("en-violence", "kekerasan", [r"(?:husband|boyfriend|he|father|partner) ~2 (?:hits?|hitting|beats?|beating|beat|punch\w*|choked|chokes|kick\w*|rap\w+|threaten\w*) ~2 (?:me|my|us|her)|raped|domestic violence"], english=True, unless=r"report|hotline"),
    _rule(
        "en-baby",
        "bayi-anak",
        [
            r"(?:not|isnt|stopped|cant|cannot|trouble|difficulty|struggling to) ~1 breath\w*",
            r"seizures?|convulsi\w+|having (?:a )?fits?|chok(?:ed|ing)|turn\w* blue|blue lips|lips ~3 blue",
            r"(?:not|wont|refus\w+|isnt|doesnt|stopped) ~1 (?:feed\w*|breastfeed\w*|nurs\w+|drink\w*|wake|wak\w+|respond\w*)|unresponsive|unconscious|(?:baby|child|son|daughter) ~2 fainted|limp|swallowed ~3 (?:battery|coin|poison|pill\w*|bleach)",
            r"high fever ~4|blood ~3 (?:stool|poop|vomit)|vomit\w* blood",
        ],
        "bayi anak",
        english=True,
    ),
    _rule(
        "en-pregnant",
        "hamil",
        [
            r"perdarahan|bleeding|blood|water ~1 broke\w*|waters broke|(?:baby|fetus) ~3 (?:not|isnt|stopped|hasnt) ~1 mov\w+|cant feel ~3 mov\w+|severe ~2 (?:headache|pain)|blurr\w+ vision|seizures?|fainted|in labou?r now|giving birth now"
        ],
        "hamil nifas",
        english=True,
    ),
    _rule(
        "en-any",
        "umum",
        [
            r"bleeding|blood everywhere|(?:not|cant|cannot|isnt) ~1 breath\w*|unconscious|passed out|fainted|seizures?|convulsi\w+|chok(?:ing|ed)|overdos\w+|poison\w*|drown\w+|heart attack|need ~2 ambulans|call ~2 ambulans|medical darurat|this is ~2 darurat"
        ],
        english=True,
    ),
)

# ---------------------------------------------------------------------------------------------- is it happening

_NOW = _compile(
    r"sekarang|baru saja|tadi|hari ini|malam ini|pagi ini|siang ini|sore ini|sejak (?:tadi|kemarin|pagi|semalam|malam|siang|subuh|sore|\d+)|semalam|masih|tolong"
    r"|sudah \d+ (?:hari|jam|menit)|sudah (?:sejam|seharian|dua hari|tiga hari)|mendadak|tiba tiba|terus menerus|tidak berhenti|cepat|gawat|darurat|just|right now|lagi (?:kejang|sesak|hamil ~4 (?:perdarahan|keluar))"
)
_WHO = r"(?:saya|anak|bayi|istri|suami|kakak|adik|dia|ibu|mama|cucu|teman|tetangga|my|i|im|she|he)"
_EXPERIENCER = _compile(
    r"(?:anak|bayi|istri|suami|kakak|ibu|mama|teman|tetangga|kandungan|perut|badan|mertua|menantu) (?:saya|kami|kita|ku|ini|nya)|saya|istri|(?:anak|bayi) ~3 \d+ (?:hari|minggu|bulan|tahun)|my|im|i"
)
_ASKING = _compile(
    r"apa saja|apa aja|apa itu|apa sih|apa wae|apa yang dimaksud|itu apa|(?:kenapa|mengapa|apa) ~1 (?:orang|ibu|bayi|anak|hamil\w*) ~2 (?:bisa|sering|suka|mudah|gampang)|tanda tanda|tanda bahaya|tanda2|tandanya|tanda|ciri ciri|ciri|cirinya|gejala\w*|penyebab\w*|sebab|cara (?:mencegah|cegah|menghindari)|mencegah|cegah|pencegahan"
    r"|pertolongan pertama|beda|bedanya|perbedaan\w*|bedain|membedakan|materi|penyuluhan|belajar|pengertian|maksud\w*|artinya|arti|jelaskan|sebutkan|info|informasi|what are ~1 signs|signs of|how to (?:prevent|know)|what is"
)
_ASKING_AFTER = _compile(
    r"(?:apakah|apa) ~2 (?:bahaya|berbahaya|normal|wajar|boleh|bisa)|itu bahaya|bahaya (?:tidak|ya|kah)|tandanya ~2 (?:gimana|apa)|itu ~1 (?:apa|gimana)|cirinya|ciri ~1 (?:gimana|apa)|gejala\w* (?:apa|gimana)|penyebab\w*|karena apa|kapan|seperti apa|maksud\w*"
)
_IF = _compile(r"kalau|what if|if")
_FEARED = _compile(
    r"takut|ketakutan|khawatir|kuatir|cemas|semoga|jangan sampai|biar tidak|supaya tidak|agar tidak|amit amit|mencegah|cegah"
    r"|hindari|menghindari|afraid|worried"
)
_PAST = _compile(
    r"dulu|dulunya|pernah|riwayat|punya riwayat|sebelumnya|tahun lalu|tahun kemarin|tahun yang lalu|waktu kecil|(?:kehamilan|anak|hamil|melahirkan) (?:pertama|kedua|sebelumnya|lalu|yang lalu|kemarin|dulu|pertama dulu)|years? ago|last year"
    r"|bulan lalu|bulan yang lalu|bulan kemarin|minggu lalu|minggu yang lalu|sudah sembuh|sudah membaik|sudah pulih|sudah sehat|sudah tidak (?:demam|panas|kejang|muntah|sesak|diare|mimisan)|in the past|used to"
)
_BIRTH = _compile(r"melahirkan|lahir|caesar|kuret|keguguran")
_STORY = _compile(r"mimpi|film|sinetron|drakor|berita|hoaks|hoax|dongeng|movie|dream\w*")
_DENIES = frozenset({"tidak", "tanpa", "bukan", "belum", "nihil", "no", "without", "not", "isnt", "never"})
# What may stand between a denial and the sign it denies: "tidak ada demam atau kejang".
_BETWEEN = frozenset(
    ["ada", "keluhan", "pernah", "sampai", "mengalami", "disertai", "merasa", "merasakan", "terjadi", "keluar", "gejala", "tanda", "seperti", "lagi", "atau", "dan", "maupun", "juga", "yang", "saya", "any", "sudah", "kena", "sama", "sekali", "hebat", "demam", "panas", "muntah", "kejang", "perdarahan", "flek", "darah", "sesak", "bengkak", "sakit", "nyeri", "diare", "mules", "pusing", "perut", "kepala", "lendir", "ketuban", "banyak", "dengan", "or", "and", "signs", "of"]
)


def _happening(words: str, match: re.Match[str], rule: _Rule) -> bool:
    """Whether the sign found is really there now, not denied, past, asked about or imagined."""
    start, end = match.start(), match.end()
    if _denied(words, start, end):
        return False
    before, clause = words[:start], _clause(words, start, end)
    now = bool(_NOW.search(words))
    if _STORY.search(words) and not now:
        return False
    if _past(clause, words) and not _now_again(clause, match[0]):
        return False
    who = _EXPERIENCER.search(before)
    imagined = _last(_IF, before)
    if imagined is not None and not now and (who is None or who.start() > imagined) and "|" not in before[imagined:]:
        return False
    feared = _last(_FEARED, before)
    if feared is not None and "|" not in before[feared:] and before[feared:].count(" ") <= 8 and not now:
        return False
    asked = _last(_ASKING, before)
    if asked is not None and not now:
        return False
    return not (_ASKING_AFTER.search(words[end - 1 :]) and who is None and not now)


def _now_again(clause: str, sign: str) -> bool:
    """Whether a clause that speaks of the past comes back to now: "dulu pernah, tadi kejang lagi"."""
    if re.search(r" (baru saja|tadi|hari ini|semalam|masih|malam ini|pagi ini|kambuh|just) ", clause):
        return True
    again = re.search(rf" sekarang .*{re.escape(sign)} |{re.escape(sign)} (?:lagi|sekarang) ", clause)
    return again is not None and " lalu " not in clause


def _denied(words: str, start: int, end: int) -> bool:
    between = 0
    for word in reversed(words[:start].split()):
        if word in _DENIES:
            return True
        if word not in _BETWEEN or between > 7:
            break
        between += 1
    after = words[end:].split()[:4]
    return after[:2] in (["tidak", "ada"], ["belum", "ada"]) or after[:3] == ["sudah", "tidak", "ada"]


def _past(clause: str, words: str) -> bool:
    found = _PAST.search(clause)
    if found is None:
        return False
    return not ("lalu" in found[0] and _BIRTH.search(words) and not re.search(r"dulu|pernah", clause))


def _clause(words: str, start: int, end: int) -> str:
    left = words.rfind("|", 0, start)
    right = words.find("|", end)
    return " " + words[left + 1 : right if right >= 0 else len(words)].strip() + " "


def _last(pattern: re.Pattern[str], words: str) -> int | None:
    found = None
    for match in pattern.finditer(words):
        found = match.start()
    return found


def _kind(rule: _Rule, around: frozenset[str]) -> DangerKind:
    if rule.kind is not None:
        return rule.kind
    if around & {"bayi", "anak", "muda", "baru-lahir"} and not around & {"hamil", "nifas"}:
        return "bayi-anak"
    if around & {"hamil", "nifas"}:
        return "hamil"
    return "umum"
