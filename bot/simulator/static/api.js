// The calls to the simulator's own small API.

export class CallError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export async function getState(since) {
  const answer = await fetch(`/simulator/api/state?since=${since}`, { cache: "no-store" });
  if (!answer.ok) throw new CallError("state");
  return answer.json();
}

/** Post one call. Throws CallError with the server's code, or "offline". */
export async function post(call, body) {
  let answer;
  try {
    answer = await fetch(`/simulator/api/${call}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new CallError("offline");
  }
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new CallError(value.error ?? "unknown");
  return value;
}

const SENTENCES = {
  offline: "Server tidak menjawab. Periksa apakah programnya masih berjalan, lalu coba lagi.",
  webhook: "Pesan tidak diterima oleh layanan. Lihat catatan di terminal, lalu coba lagi.",
  walking: "Jam masih berjalan. Tunggu sampai selesai atau tekan Berhenti di sini.",
  "only-forward": "Jam hanya bisa maju. Pilih waktu sesudah jam simulasi sekarang.",
  "too-far": "Terlalu jauh. Majukan paling banyak tujuh tahun sekaligus.",
  "nothing-planned": "Belum ada pesan yang direncanakan. Daftarkan anak dulu.",
  when: "Tanggal itu tidak terbaca. Pilih tanggal lain.",
  "too-big": "Pesannya terlalu panjang untuk dikirim.",
  text: "Pesannya masih kosong.",
  media: "Lampiran itu tidak bisa dikirim dari ponsel ini.",
  phone: "Nomornya belum benar. Contoh: 0812 0000 0009.",
  "phone-exists": "Nomor ini sudah punya ponsel jenis itu.",
  "too-many-phones": "Sudah terlalu banyak ponsel.",
  name: "Isi nama, paling panjang 40 huruf.",
};

export const sentence = (error) => SENTENCES[error.code] ?? "Ada yang tidak berjalan. Coba lagi.";
