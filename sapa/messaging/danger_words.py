"""Plain words for the danger signs: spelling, slang and regional words brought to one form, numbers made digits."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from sapa.messaging.text import strip_invisible
from sapa.messaging.text import words as word_list

# canonical word: how people type it (slang, vowels left out, Javanese, Sundanese, eastern and Minang forms)
_SPELLINGS = """
tidak: tdk tak gak ga g gk nggak ngga enggak engga enda ndak nda ndk kagak kaga ora ra mboten teu henteu indak inda
tidak: kada
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
melahirkan: lahiran lairan mlahirkan babaran nglahirin ngelahirin lahirin nglahirkan melahirin ngalahirkeun bersalin
melahirkan: partus lahirin
caesar: sesar cesar sc secar operasi-sesar
darah: drh dara darahnya darahx getih getihe getihna darh
perdarahan: pendarahan prdarahan perdarahn pndarahan pendarahn prdrhn pndrhn prdarahn perdrahan pedarahan pendrahan
perdarahan: pendrahn prdrahan
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
kejang: kelojotan klojotan kejet kejet2 kelonjotan setep kejang2 kjang kjg kjng kejangnya kejangg kejg stip setip
kejang: stuip kejeng kejang-kejang kejan
step: steps
pingsan: pingsn semaput kapiuhan klenger pinsan pingsang
sesak: sesek sesekk sesaknya ssk sesk eungap ampeg engap engep
napas: nafas bernapas bernafas nafasnya napasnya ambegan ambekan bernpas npas napase
biru: membiru kebiruan kebiru2an biru2 membiru-biru bulao
lemas: lemes lms lemah loyo lemess lemesss leuleus lemasnya lungkrah letoy
dingin: adem tiis atis
menyusu: nyusu netek nenen mimik mimi menyusui ngASI nyusuin menetek ngenyot nyenyeh nyusuh nesu disusui disusuin
menyusu: nyucu
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
dipukul: dipukuli dipukulin dpukul ditampar ditampari ditendang ditonjok digebuk digebukin digebugin disiksa
dipukul: dianiaya ditempeleng
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
_INNOCENT = word_list(
    "mentah kelas keras daerah pisang kerjang kenang tenang senang renang kencang menyusun "
    "kunyah kuning kancing berdaerah bersarah searah perdagangan perdamaian kesedaran kesadaran "
    "kejam kejar keju kerang kedang tegang"
)
_FUZZY = tuple(
    sorted(
        word_list(
            "perdarahan berdarah kejang pingsan ketuban tersedak keracunan tenggelam menyusu dipukul "
            "kesetrum muntah memukul diperkosa pecah diancam ambulans"
        )
    )
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
    for number, word in enumerate(
        ["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"]
    )
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
    """Numbers in words made digits: "dua puluh delapan" -> "28", "satu setengah" -> "1", "
    ""seminggu" -> "1 minggu"."""
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


def canonical(text: str) -> str:
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
