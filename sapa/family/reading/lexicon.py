"""Words that are not a child's name.

Names are open-ended, everyday words are not: a reply is taken as a name only where no everyday word stands in it.
Words that families do use as names (Kasih, Indah, Bintang, Mawar, Putri, Slamet, Biru, Juli) are left out on purpose.
"""

from __future__ import annotations

import re

from sapa.family.reading.words import FILLERS, FIRM_YES, NO, QUESTION_WORDS, SOFT_YES


def _set(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


#: Words that end a name even after "namanya": grammar, facts of the form, verbs of asking and telling.
STOPS = (FILLERS | QUESTION_WORDS) - _set("ko to mas ak k ni min") | _set(
    "anak anakku anaknya ank anank bayi bayiku bayinya baby dede dedek adek dedeknya adeknya ponakan cucu balita nama",
    "namanya nm nma bernama panggil panggilan panggilannya dipanggil lengkap jenis kelamin jk adalah ialah yaitu",
    "lahir lahirnya lhr lahiran kelahiran brojol melahirkan dilahirkan ttl tgl tanggal tanggalnya bulan bln tahun thn",
    "hari minggu umur umurnya umr usia usianya jam pukul berat beratnya bb tinggi panjang kg gram cm kilo posyandu",
    "posyandunya posy posiandu di d ke dari dr dan dengan dgn untuk utk buat pada oleh karena krn kalau klo kalo yang",
    "yg tapi tp tetapi atau juga jg jika supaya agar sampai sampe smp bukan bkn tidak tdk tak ndak gak gk ga nggak",
    "ngga enggak belum blm belom sudah sdh udah udh dah masih msh sedang lagi lg akan mau mo ingin pengen pingin",
    "minta minat bisa bs dapat boleh blh harus hrs perlu daftar daftarkan daftarin didaftarkan didaftarin didaftar",
    "mendaftar mendaftarkan dftr pendaftaran registrasi catat dicatat catatkan data didata masukin masukkan tambah",
    "tambahkan tmbah ikut lapor laporan tahu tau tanya bertanya nanya lupa ingat ada adanya punya sekarang skrg",
    "kemarin kemaren kmrn tadi besok nanti ntar semalam hari ini itu tersebut sini situ sana benar betul bener salah",
    "slh ganti ubah rubah ralat harusnya seharusnya maksud batal setuju ok oke iya cewek cowok cewe cowo perempuan",
    "laki lelaki wanita pria prematur kurang lebih suami istri ayah ibunya ayahnya orang tua pertama kedua ketiga",
    "keempat kelima kembar satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas januari februari",
    "maret oktober november desember",
)

_EVERYDAY = _set(
    # people and address
    "mereka dia kita orangnya keluarga rumah warga tetangga teman temen mertua nenek kakek cucunya tante om paman",
    "mantu bumil busui catin pasangan tunangan pacar perawat petugas kepala lurah rt rw desa dusun kota kampung",
    "kecamatan puskesmas pustu polindes rs rumahsakit klinik faskes apotek dokternya bidannya kadernya posyandumu",
    "selamat salam pagi siang sore malam malem mlm met ass asslm aslm wr wb wass hallo hello hi hey hai woi test tes",
    "ping puji tuhan allah alhamdulillah insyaallah bismillah astaga waduh aduh wah oi bot robot kamu anda situ",
    # health
    "demam panas badannya batuk pilek batpil flu mencret mncret diare muntah mual pusing sakit sakitnya nyeri perut",
    "kejang step sesak sesek ruam gatal gatel bentol bintik merah kuning biru bengkak luka darah berdarah flek",
    "pendarahan alergi lemas lemes rewel nangis menangis tidur bangun ngompol bab pup bak kencing pipis kolik gumoh",
    "sembelit susah kentut tumbuh gigi kembang stunting pendek kurus gemuk kegemukan obesitas gizi anemia hb cacing",
    "vitamin tablet kapsul sirup obat obatnya minumnya imunisasi vaksin suntik suntikan disuntik campak polio bcg dpt",
    "pcv rotavirus hpv td hepatitis imunisasinya vaksinnya jadwal jadwalnya kartu kms kia bpjs kis ktp akta kk buku",
    "hamil kehamilan janin kandungan melahirkan persalinan bersalin nifas haid mens menstruasi hpht hpl usg anc",
    "kontrol periksa diperiksa pemeriksaan keguguran kontraksi mules ketuban pecah air kb pil implan iud spiral",
    "kondom steril vasektomi pasang lepas nikah menikah asi menyusui nyusu netek susu sufor formula uht botol perah",
    "mpasi bubur nasi tim sayur buah lauk ikan telur telor ayam daging tempe tahu kacang kelor jagung ubi singkong",
    "gula garam madu pisang pepaya mie kopi teh jus minyak makan makanan makannya mkn minum mnm camilan cemilan jajan",
    "snack porsi menu resep piring sendok alat cuci tangan jamban sabun timbang ditimbang penimbangan nimbang",
    "timbangan naik turun ukur diukur lingkar normal sehat sembuh bahaya aman wajar tanda gejala penyebab manfaat",
    "efek samping cara caranya tips syarat biaya bayar gratis murah mahal uang bantuan pkh kandung puting payudara",
    "tetek pusar puser tali jemur mandi bedong popok baju perlengkapan olahraga senam kerja",
    # doing and being
    "adalah bagai sebagai seperti kayak kyk kaya gitu gini begini hanya cuma cm sangat sekali banget bgt terus trs",
    "terlalu banyak dikit sedikit semua tiap setiap sering kadang jarang selalu pernah lama cepat cepet jauh dekat",
    "deket baru lagi langsung sambil sebelum setelah sesudah habis abis sejak waktu saat pas ketika kapan mulai",
    "selesai berhenti stop jadi buka tutup datang dateng pergi pulang balik bawa dibawa ambil kasi kasih dikasih beri",
    "diberi memberi pakai pake dipakai suruh disuruh bilang dibilang katanya kata kirim dikirim pesan chat wa sms",
    "telepon telp tlp nomor nmr hp hubungi bantu dibantu tolongin lihat liat cek tunggu nunggu cari main jalan duduk",
    "lari suka senang seneng takut khawatir bingung cemas marah malas males capek cape stres sedih bosan pengaruh",
    "sebab akibat artinya beda bedanya sama soalnya padahal malah justru memang emang mungkin kayaknya sepertinya",
    "pasti tentu biar biarin jangan jgn usah tanpa antara ajak info informasi penjelasan jelaskan jelasin tolongnya",
    "mohonnya bantuin pengingat ingatkan ingetin diingatkan menu lanjut kembali ulang ulangi hapus dihapus simpan",
    "kosong isi diisi jawab balas kirimkan tampilkan lihatkan mana gimana siapapun apapun apa2 berapa2 maaf thanks",
    "makasih terimakasih trimakasih pls please yes no what how who when is the my are you i'm want register tes1 coba",
    "cobain tolonglah hujan panasnya dingin cuaca presiden paspor motor mobil sekolah ingat sadar sadarkan diri",
    "pingsan racun kebakaran tenggelam jatuh tersedak tertelan keselek darurat ambulans gawat lucu cantik ganteng",
    "gendut mungil imut pinter pintar nakal sayang kesayangan tercinta sulung bungsu tunggal angkat aja ajah cepetan",
    "sabar serius masalah urusan hal tentang mengenai soal topik pertanyaan bercanda becanda tidur tau belajar harga",
    "kios pasar sawah kebun panen padi laut kapal pulau gunung sungai gereja masjid mesjid kantor aplikasi tugas",
    "rekap rekapitulasi agenda unreg broadcast daycare calon ketua good morning night hello test sip paham mengerti",
    "br ap uk tu ny n ksh tdr drh cpt tkt prtm prtama cr kelar kelewat serem amat mulu bau ambulan asma kambuh",
    "kemerahan mimisan peyang wifi wortel kelapa bunga ringan lendir nelan koin tiba sekalian hmil dmam nuwun jdwal",
    "ngapain remaja lansia posbindu second time cegukan wajib cegah biasa susulan hadir absen libur pindah kumaha",
    "atuh abang kakaknya error eror rusak tombol klik link foto gambar video kamera lampiran pulsa kuota sinyal",
    "listrik mati hidup ganti tinggal alamat kabupaten provinsi kelurahan jalanan no rumahnya warna ukuran jumlah",
    "angka huruf kosongin dulunya",
)

#: Everyday words: with one of these in it, a message without "namanya" is no name.
LEXICON = STOPS | _EVERYDAY | FIRM_YES | SOFT_YES | NO

#: Everyday words that people use while they register a child; any other means the message is about something else.
_REGISTERING = _set(
    "dia mereka suami istri",
    "selamat salam pagi siang sore malam malem mlm met ass asslm aslm wr wb wass hallo hello hi hey hai puji tuhan",
    "allah alhamdulillah insyaallah bismillah kita keluarga petugas kia kms kk akta imunisasi imunisasinya jadwal",
    "jadwalnya pengingat ingatkan ingetin diingatkan puskesmas desa dusun kampung rw rt lucu cantik ganteng mungil",
    "sayang tercinta sulung bungsu tunggal angkat isi diisi simpan bantu dibantu thanks makasih terimakasih normal",
    "sehat persalinan hanya cuma saat pas waktu baru beratnya tinggal tadi no informasi info rumah semua jadi gitu",
    "begini gini kasih beri diberi prematur sekali sangat banget bgt memang emang tolonglah mohonnya lagi nikah tim",
    "vaksin timbang penimbangan",
)

_TAILS = re.compile(r"(?:nya|ny|kah|lah|ku|mu|in|kan)$")
_NAMES_IN_NYA = _set("anya tanya sonya vanya kenya lanya danya hanya ranya zanya shanya")
_VERB = re.compile(
    r"^(?:meng|meny|memb|memp|mend|menc|menj|ment|peng|peny|pemb|diper|keter|keber|berke)[a-z]{3,}$"
    r"|^ber(?!n|l|t)[a-z]{3,}$|^di[a-z]{3,}(?:kan|in)$"
)
_VOWEL = re.compile(r"[aeiouy]|[^\x00-\x7f]")
#: Short forms without a vowel that do stand in names (Mhd. Rizky, I Gst Md Arya).
_SHORT_NAMES = _set("md mhd mhmd kt gst ngh st hj h")


def is_everyday(word: str) -> bool:
    """True for a word (lower case) that is no name: in the lexicon, with an ending of it, a verb, a stump ("tdr")."""
    if word in LEXICON or _VERB.match(word):
        return True
    if len(word) > 1 and word.isalpha() and not _VOWEL.search(word) and word not in _SHORT_NAMES:
        return True
    if word.endswith("nya") and len(word) > 5 and word not in _NAMES_IN_NYA:
        return True
    stem = _TAILS.sub("", word)
    return stem != word and len(stem) > 3 and stem in LEXICON


def is_off_topic(word: str) -> bool:
    """True for an everyday word that nobody needs to register a child: demam, menu, kontrasepsi."""
    return is_everyday(word) and word not in STOPS and word not in _REGISTERING and word not in _ANSWERS


_ANSWERS = FIRM_YES | SOFT_YES | NO
