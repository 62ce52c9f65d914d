"""Word tables for sapa.messaging.loss: what is lost, whose it is, and what only looks like a loss.

All patterns are over words as `sapa.messaging.text.fold` makes them: lower case, no punctuation, one blank between.
"""

from __future__ import annotations

import re

NOT = r"(?:tidak|tida|gak|ga|gk|g|nggak|ngga|nggk|enggak|engga|tdk|tak|tra|trada|sonde|ndak|nda|dak|ora|mboten|teu)"
ALREADY = r"(?:telah|tlah|sudah|udah|udh|uda|sdh|suda|dah|dh|so|su|wis|wes|sampun|tos|geus)"
# What may stand behind "sudah tidak ada" when somebody is meant: "sudah tidak ada dahaknya" is something else.
_GONE_TAIL = (
    r"(?=\ (?:lagi|lg|bu|ibu|bun|pak|dok|min|kak|semalam|smlm|tadi|td|kemarin|kmrn|kmarin|hari|sejak|dari|dan|jadi"
    r"|jangan|jgn|tolong|tlg|umur|umurnya|nyawanya|waktu|pas|saat|minggu|mgg|bulan|bln|tgl|tanggal|mohon)\b|\ \||$)"
)
GONE = rf"{ALREADY}\ {NOT}\ (?:ada|ad|ono|aya|wonten){_GONE_TAIL}"

# Deaths, said of a person. "Mati" is kept apart: lamps, telephones and chickens do it too.
DEATH = re.compile(
    rf"""
    \b(?: m[ei]*n+[iy]?n?g+a?l(?:\ dunia)?(?:nya)? | m[ei]*n+[iy]ng+l
        | maning+al? | maningga | wafat | tewas | tiada(?!\ (?:henti|hari|kata|guna|tara|dua|masalah|lain|ampun))
        | pejah | s[eé]d[ao] | ngantun(?:keun)? | pupus | kapundhu?t
        | br?e?rpulang | brpl?n?g | mangkat | bepulang | mendahului\ (?:kami|kita|saya) | (?:di)?pundhut | kapundut
        | (?:di?)?(?:ma|m)kam(?:ka|k)n | dimakamkeun | di?kubur(?:kan|in)? | dikurebkeun | dikebumikan | disemayamkan
        | kondur\ wonten | tiada\ umur )\b
    | \b{GONE}
    | \b{NOT}\ (?:te?rto?long|tertulung|ketolong|katulungan|ketulungan|terselamatkan
        |s[ae]?l[ae]?m[ae]?t|bernyawa|hidup\ lagi
        |ada\ umur(?:nya)?)\b
    | \b{NOT}\ (?:bisa|dapat|bs|dpt)\ (?:di)?(?:selamatkan|tolong)\b
    | \bdi?panggil\ (?:tuhan|allah|yang|yg|bapa|sang|gusti)\b
    | \bpergi\ (?:untuk\ )?selama\w* | \b(?:sudah|udah|telah|duluan)\ menghadap\ (?:allah|tuhan|ilahi|yang|sang)\b
    | \bmeng?(?:h)?embuskan\ napas\ terakhir\b
    | \b(?:kembali|pulang)\ ke(?:pada)?\ (?:pangkuan|sisi|rahmat(?:ullah)?|rumah\ bapa|sang)\b
    | \b{ALREADY}\ (?:di\ |ke\ )?surga\b | \b{ALREADY}\ (?:jadi\ )?malaikat\b | \bjadi\ malaikat\b
    | \b{ALREADY}\ tenang\ di\ sana\b
    | \btutup\ usia\b | \bmenutup\ mata\ (?:untuk\ )?selama\w* | \bpassed\ away\b | \bdied\b
    | \b(?:almarhum(?:ah)?|almrh?m|alm|almh|mendiang|jenazah|jasad)\b
    """,
    re.VERBOSE,
)
# "Mati" counts with a child or a birth beside it, and without what else dies.
DEAD = re.compile(r"\b(?:mati|maot|modar|paeh)\b(?!\ (?:rasa|lampu|listrik|kutu|haid|mens|gaya|air|sinyal|total|suri))")
# Stillbirth: the birth itself is the loss.
STILLBORN = re.compile(
    rf"""
    \b(?:lahir|lhr|lair|dilahirkan|keluar)\ (?:\w+\ ){{0,2}}(?:mati|{ALREADY}\ {NOT}\ bernyawa|tanpa\ (?:nyawa|tangis)
        |{NOT}\ bernyawa|sudah\ meninggal|udah\ meninggal|meninggal|mninggal)\b
    | \b(?:stillbirth|stillborn|still\ birth)\b
    """,
    re.VERBOSE,
)
# Pregnancies that end without a child. Only words that mean nothing else.
PREGNANCY = re.compile(
    rf"""
    \b(?: (?:ke|k)?gugur(?:an|n)? | keg+uran | ke?gugurn | kg+uran | kg?guran | kaluron | kluron | kaguguran | keluron
        | iufd | miscarriage | blighted\ ovum | missed\ abortion | di?kuret(?:ase|in)? | kuretase )\b
    | \b(?:habis|abis|hbs|sudah|udah|udh|sdh|selesai|baru|baru\ saja|barusan|kemarin|kmrn|tadi|td|semalam)
        \ (?:\w+\ )?kuret\b
    | \bkuret\ (?:kemarin|kmrn|tadi|td|semalam|hari\ ini|minggu\ lalu|barusan)\b
    | \bhamil(?:ku|nya)?\ kosong\b | \bhamil\ (?:anggur|ektopik)\ (?:\w+\ ){{0,2}}(?:di?kuret|dioperasi|diangkat)\b
    | \bjanin(?:ku|nya)?\ (?:saya\ |kami\ |sy\ )?{NOT}\ (?:berkembang|tumbuh|bertahan)\b
    | \b(?:kandungan|kehamilan|janin|rahim)(?:ku|nya)?\ (?:\w+\ ){{0,2}}
        (?:luruh|gugur|{NOT}\ (?:bisa|dapat|bs|dpt)\ (?:di)?pertahankan|{NOT}\ selamat|{NOT}\ tertolong|berakhir)\b
    | \bhamil(?:ku|nya)?\ (?:saya\ |sy\ )?(?:{NOT}\ (?:lanjut|jadi|berlanjut)|berhenti(?=\ di\b|\ kata\b|\ \||$))
    | \b(?:detak|denyut)\ jantung(?:nya)?\ (?:\w+\ ){{0,3}}(?:berhenti|hilang|{NOT}\ ada)\b
    | \bjantung\ (?:janin|bayi)(?:nya|ku)?\ (?:\w+\ ){{0,2}}(?:berhenti|hilang)\b
    | \b{NOT}\ ada\ (?:detak|denyut)(?:\ jantung)?(?:nya)?\b
    | \b(?:bayi|janin|anak)\w*\ (?:\w+\ ){{0,2}}(?:m[ei]*n+ing+al|mati|{ALREADY}\ {NOT}\ ada)\ (?:di\ )?
        (?:dalam|dlm|di)\ (?:kandungan|rahim|perut|prt)\b
    """,
    re.VERBOSE,
)
LOST = re.compile(
    r"\bkehilangan (?:\w+ )?(?:calon )?"
    r"(?P<what>bayi|anak|janin|kandungan|kehamilan|buah hati|baby|putr[ai]|si (?:kecil|bungsu|sulung|adek))\b"
)
CONDOLENCE = re.compile(r"\bin+alil+ahi\w*\b|\binna\ lil+ahi\b")

# --- whose loss it is: the nearest of these to the words of loss decides

OURS = {
    "mother": r"""istri(?:ku|nya)? | bini(?:ku)? | bojo(?:ku|ne) | pamajikan | paitua\ pu\ istri | ibunya | ibune
    | mamanya
        | bundanya | mamaknya | emaknya | ibu\ (?:bayi|dari\ (?:anak|bayi)|si\ (?:bayi|kecil))\w* | maitua
        | kakak\ saya\ yang\ hamil | mama\ (?:bayi|si\ kecil)\w* | wife""",
    "baby": r"""bayi(?:ku|nya|ne|x)? | by | baby(?:ku|nya)? | debay(?:ku)? | orok | jabang\ bayi | newborn
        | dedek\ bayi | adek\ bayi | calon\ (?:bayi|anak)""",
    "fetus": r"janin(?:ku|nya)? | kandungan(?:ku|nya)? | dalam\ (?:perut|kandungan|rahim)",
    "child": r"""anak(?:ku|nya|e|q)? | ank | anaknya | nak | putr[ai](?:ku|nya)? | dede | dedek | dek | adek
        | si\ (?:kecil|bungsu|sulung|adek|dedek|dede|kakak|kecilku) | kembar(?:anku|ku|nya)? | balita(?:ku|nya)?
        | cucu(?:ku|nya)? | ponakan | keponakan | kemenakan | ananda | putu(?:ku|ne)? | budak | buah\ hati(?:ku)?
        | murangkalih | pun\ anak | lare | bungsu(?:ku)?
        | sulung(?:ku)? | my\ (?:baby|child|son|daughter) | toddler""",
    "someone": r"""(?:pemilik|yang\ punya|yg\ punya)\ (?:nomor|nomer|no|hp)(?:nya)?(?:\ ini)? | menantu(?:ku|nya)?""",
}
# "adik saya meninggal" may be the sender's own brother; the little one at home is "adik" alone.
OTHERS = r"""nenek(?:ku|nya)? | kakek(?:ku|nya)? | mbah | eyang | opung | oma | opa | uyut | buyut | simbah
    | nini | aki
    | tetangga(?:ku|nya)? | teman(?:ku|nya)? | temen(?:ku)? | kawan(?:ku)? | sahabat | sepupu | saudara | sodara
    | kerabat
    | paman | bibi | om | tante | bude | pakde | bulik | paklik | mertua(?:ku)? | ipar | besan | uwak
    | bapak(?:ku|nya)? | ayah(?:ku|nya)? | papa(?:nya)? | suami(?:ku|nya)? | paksu | orang\ tua(?:ku)? | ortu
    | ibu\ (?:saya|sy|kandung|aku|kami) | ibuku | mamaku | mama\ (?:saya|sy|aku) | emak\ (?:saya|sy)
    | adik\ (?:saya|sy|kandung|aku|ipar) | adikku | abang(?:ku)? | kakak\ (?:saya|sy|kandung|laki)(?!\ yang\ hamil)
    | kakakku | artis | tokoh | presiden | ustad\w* | pak\ (?:rt|rw|lurah|kades) | guru | rekan | orang | seorang
    | warga | pasien | korban | pemain | mantan | film | sinetron | drama | drakor | cerita | novel | mimpi
    | berita | kabar
    | ayam\w* | kucing\w* | anjing\w* | ikan\w* | sapi\w* | kambing\w* | burung\w* | bebek\w* | kelinci | ternak\w*
    | hewan\w* | kuda | kerbau | semut | nyamuk | kecoa | tikus | cicak
    | bpjs | kartu\w* | sinyal | kuota | internet | jaringan | hp | handphone | ponsel | lampu | listrik | motor
    | mobil | mesin | baterai | batre | laptop | tv | kulkas
    | pohon | tanaman | bunga | daun\w* | rambut\w* | bulu\w* | pahlawan | pusar\w* | puser\w*
    | tali\ pus[ae][rt] | ari\ ari\w* | plasenta\w*
    | saraf | syaraf | sel | kuman | virus | bakteri | jamur | sperma | telur | kutu"""
_OURS_NAMED = {kind: re.compile(rf"\b(?:{words})\b", re.VERBOSE) for kind, words in OURS.items()}
OURS_PATTERNS = tuple(_OURS_NAMED.items())
OTHERS_PATTERN = re.compile(rf"\b(?:{OTHERS})\b", re.VERBOSE)
# Said of one's own: "bayi saya", "anakku", "si kecil".
POSSESSED = re.compile(
    r"\b(?:\w+(?:ku|nya|ne)|(?:\w+\ ){1,3}?(?:saya|sy|aku|ak|kami|kita|kulo|abdi|gue|gw|q)|si\ \w+)\b", re.VERBOSE
)

# --- what takes the word back

# Directly before the loss (a few words): feared, imagined, denied, wished away.
BEFORE = re.compile(
    rf"""
    \b(?: takut(?:nya|i)? | tkt | khawatir\w* | kawatir | kuatir | cemas | was\ was | trauma | parno | deg\ deg\ an
        | semoga | moga | jangan\ sampai | jgn\ sampe | jgn\ sampai | amit\ amit | hampir | nyaris | terancam
        | ancaman
        | hampir\ saja | kayak | seperti | seakan | serasa | mau | mo | pengen | ingin | kalau | kalo | klo | klu | kl
        | jika | jikalau | bila | misal\w* | seandainya | andai\w* | umpama | biar | supaya | agar | mencegah | cegah
        | pencegah\w* | menghindari | hindari | r[ie]siko | risikonya | bahaya | bahayanya | bisa | bs | dapat
        | dpt | akan
        | bakal | rawan | rentan | penyebab | sebab | gejala | tanda | tandanya | ciri | cirinya | apa\ itu | tentang
        | soal | obat | bukan | bkn | belum | blm | {NOT} | tanpa | anti | penguat | cara | ketakutan | dikira
        | kirain
        | sempat\ dikira | hoax | hoaks | mitos | katanya\ ada | dengar | denger | baca | nonton | viral | kasus
        | angka | banyak | penuh | nasib | menyebabkan | mengakibatkan | bikin | memicu | picu | abortus\ provocatus
        | menggugurkan | diduga | seolah | mungkin | mgkn | mngkn | kepikiran | kebayang | bayangin | lebih\ baik
        | mending | ikut )\b
    """,
    re.VERBOSE,
)
# Anywhere in the sentence: long ago, somebody's story, a lesson.
LONG_AGO = re.compile(
    r"""\b(?: dulu | dl | dlu | dahulu | pernah | prnh | riwayat | tahun\ (?:lalu|kemarin|kmrn)
        | thn\ (?:lalu|kemarin)
        | bertahun | sebelumnya | sblmnya | waktu\ (?:itu|dulu) | (?:19|20)\d\d | kehamilan\ (?:pertama|sebelum\w*)
        | anak\ pertama\ (?:dulu|dlu) | (?:dua|2|3|tiga|4)\ (?:kali|x) | berkali | berulang | sering
        | \d+\ (?:tahun|thn|th)\ (?:lalu|yang|yg)
        )\b""",
    re.VERBOSE,
)
ASKED = re.compile(
    r"""\b(?: apa | apakah | apkh | kenapa | knp | knapa | mengapa | kapan | kpn | gimana | gmn | gmna
        | bagaimana | bgmn
        | berapa | brp | bolehkah | boleh | blh | bisakah | adakah | penyebab\w* | gejala\w* | ciri | tanda
        | cara | wajarkah
        | normalkah | amankah | apa\ saja | risiko | resiko | aman | kb | ber\ kb | promil | program | hamil\ lagi
        | kontrasepsi | jarak | nunggu | haid\ lagi | mens\ lagi )\b
        | \? | \b(?:ga|gak|nggak|ngga|tdk|tidak|gk|g|ndak)$""",
    re.VERBOSE,
)
# A story that goes round; of one's own child nobody speaks so.
HEARSAY = re.compile(
    r"""\b(?: katanya | viral | berita | beritanya | medsos | tiktok | facebook | fb | youtube | ig | instagram
        | tv | grup
        | (?:desa|kampung|dusun|rumah|rt)\ sebelah | hoax | hoaks )\b""",
    re.VERBOSE,
)
RECENT = re.compile(
    r"""\b(?: kemarin | kmrn | kmarin | kemaren | kemrin | tadi | td | semalam | smlm | semalem | barusan | baru\ saja
        | baru\ aja | hari\ ini | pagi\ ini | siang\ ini | minggu\ (?:lalu|kemarin) | mgg\ (?:lalu|llu|kmrn)
        | wingi | kamari
        | bulan\ (?:lalu|kemarin) | bln\ (?:lalu|llu|kmrn) | habis | abis | hbs | baru | dua\ hari
        | lusa\ kemarin )\b""",
    re.VERBOSE,
)
# Whoever asks for silence with it speaks of somebody we write about, however long ago it was.
SILENCE = re.compile(
    r"""\b(?: jangan | jgn | stop | stopin | setop | hentikan | berhenti | masih\ (?:di)?kirim\w* | tidak\ usah
        | ga\ usah
        | gausah | gak\ usah | tdk\ usah | ga\ perlu | gak\ perlu | tidak\ perlu )\b""",
    re.VERBOSE,
)
ALIVE = re.compile(
    rf"\b(?:masih\ hidup|{NOT}\ (?:jadi\ )?meninggal|sehat\ (?:semua|saja|aja|walafiat)|selamat\ semua|selamat\ dua)\b",
    re.VERBOSE,
)
# Words that may surround a loss told without saying whose it is ("sudah berpulang", "meninggal kemarin bu").
AROUND = re.compile(
    r"""\b(?: bu | ibu | bun | bunda | bidan | pak | bapak | dok | dokter | min | admin | kak | kakak | mbak
        | mas | maaf
        | mhn | mohon | halo | assalamualaikum | innalillahi | wa | inna | ilaihi | ilaihir | rojiun | rajiun | sudah
        | udah | udh | sdh | telah | tlah | dah | su | so | wis | tadi | td | kemarin | kmrn | kmarin | kemaren
        | semalam
        | smlm | barusan | baru | saja | aja | hari | ini | pagi | siang | sore | malam | subuh | jam | tgl | tanggal
        | minggu | mgg | bulan | bln | lalu | llu | yang | yg | dunia | di | rs | rumah | sakit | puskesmas | igd
        | ya | \d+
        | waktu | saat | pas | lahir | lahiran | melahirkan | persalinan | karena | krn | demam | diare | sakit
        | januari
        | februari | maret | april | mei | juni | juli | agustus | september | oktober | november | desember
        | dari | kata
        | saya | sy | aku | kami | nya | bu\ bidan | dan | senin | selasa | rabu | kamis | jumat | sabtu | ahad
        | usia | umur )\b""",
    re.VERBOSE,
)
# --- which one of several

# More than one child may be meant: nothing is closed on a guess.
SEVERAL = re.compile(
    r"\b(?:pertama|prtama|kedua|ketiga|sulung\w*|bungsu\w*|kembar\w*|salah\ satu|satunya|kakaknya|adiknya|yang\ besar"
    r"|yang\ kecil)\b",
    re.VERBOSE,
)
ALL_CHILDREN = re.compile(r"\b(?:dua\ duanya|keduanya|semuanya|ketiganya)\b", re.VERBOSE)
GRANDPARENT_SAYS_CHILD = re.compile(r"\b(?:anak(?:ku)?|ank)\ (?:saya|sy|kami|perempuan|aku)\b|\banakku\b", re.VERBOSE)
MOTHER_AND_CHILD = re.compile(r"\bmenyusul\b|\b(?:ibu|istri)\w* dan (?:bayi|anak)\w*\b")

# --- "we were wrong"

MISTAKEN = re.compile(
    rf"""
    \b(?: salah | slh | keliru | salah\ (?:ketik|kirim|paham|tulis|pencet|sambung) | kepencet | typo | maksudnya?
        | ternyata | bercanda | becanda | bukan | bkn | ralat | masih\ hidup | sehat | selamat | baik\ baik
        | {NOT}\ (?:jadi\ )?meninggal | {NOT}\ (?:jadi\ )?keguguran )\b
    """,
    re.VERBOSE,
)
ALIVE_AFTER_ALL = re.compile(
    rf"""\b(?: masih\ hidup | (?:anak|bayi|ibu|istri|kandungan|janin|kehamilan|hamil|dede\w*|adek|cucu)\w*
        \ (?:\w+\ ){{0,3}}(?:sehat|selamat|baik\ baik|hidup|lanjut|aman) | {NOT}\ (?:jadi\ )?(?:meninggal|keguguran)
        | bukan\ (?:anak|bayi|istri|saya|kandungan|janin|kami|punya)\w* | salah\ (?:ketik|kirim|paham|tulis|pencet)
        | sehat\ semua | sehat\ alhamdulillah | alhamdulillah\ sehat | sehat\ (?:kok|ko|saja|aja)
        | masih\ hamil )\b""",
    re.VERBOSE,
)
# "We wrote it wrong", not "the other one is well".
CORRECTED = re.compile(
    rf"""\b(?: salah(?!\ satu) | slh | keliru | kepencet | typo | maksudnya? | bercanda | becanda | ralat | ternyata
        | bukan\ (?:anak|bayi|istri|saya|kandungan|janin|kami|punya)\w* | masih\ hamil
        | {NOT}\ (?:jadi\ )?(?:keguguran|meninggal)(?!\ (?:juga|jg)) )\b""",
    re.VERBOSE,
)
# One of several is spoken of: the one that lives.
THE_OTHER = re.compile(r"\b(?:satunya|yang satu(?: lagi)?|yg satu(?: lg)?|kembar\w*|kakaknya|adiknya|adeknya)\b")
# A pregnancy that is over or never was, without a word of how. Wishes and family planning say it too.
NO_LONGER_EXPECTING = re.compile(
    rf"""
    \b{ALREADY}\ {NOT}\ (?:lagi\ )?(?:hamil|mengandung)\b
    | \b(?:ternyata|tnyata|trnyata|rupanya)\ (?:(?:saya|sy|aku|istri|istriku|bini)\ ){{0,2}}{NOT}\ (?:jadi\ )?hamil\b
    | \b(?:ternyata|tnyata|trnyata|rupanya)\ (?:bukan|bkn)\ hamil\b
    | ^(?:(?:maaf|bu|bidan|min|kak|saya|sy|aku|istri|istriku)\ ){{0,4}}{NOT}\ (?:hamil\ lagi|jadi\ hamil)\b
    | \bhamil(?:nya|ku)?\ {NOT}\ jadi\b
    """,
    re.VERBOSE,
)
NOT_AN_END = re.compile(
    r"""\b(?: kb | biar | supaya | agar | mau | ingin | pengen | pingin | kalau | kalo | klo | takut | jangan | jgn
        | semoga | sejak | selama | suntik | pil | spiral | implan | steril\w* | lahir\w* | melahirkan | bersalin | dulu
        | apa | apakah | kapan | kenapa | gimana | bagaimana | berapa | boleh )\b""",
    re.VERBOSE,
)

DENIED = re.compile(rf"\b(?:masih\ hidup|{NOT}\ (?:jadi\ )?(?:meninggal|mninggal|mati|wafat|keguguran))\b", re.VERBOSE)
