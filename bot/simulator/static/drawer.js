// The inspector: what the service knows about one message.

import { post } from "./api.js";
import { hourMinute, longDate, shortDate, zoneName } from "./format.js";

export const STATUS_WORDS = {
  sending: "sedang dikirim",
  queued: "diterima penyedia",
  sent: "terkirim",
  delivered: "sampai",
  read: "dibaca",
  undelivered: "tidak sampai",
  failed: "gagal",
};

const KIND_WORDS = {
  answer: "jawaban",
  clarify: "bertanya balik",
  danger: "tanda bahaya",
  flow: "percakapan",
  handover: "diteruskan ke petugas",
  fallback: "belum mengerti",
  smalltalk: "sapaan",
  language: "bahasa lain",
  reminder: "pengingat",
  broadcast: "siaran",
  notice: "pemberitahuan",
};

const element = (id) => document.getElementById(id);

export class Drawer {
  #sid = null;
  #opener = null;
  #onError;

  constructor({ onError }) {
    this.#onError = onError;
    element("drawer-close").addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#sid) this.close();
    });
  }

  open(message, zone, opener) {
    this.#sid = message.sid;
    this.#opener = opener;
    this.#fill(message, zone);
    element("drawer").hidden = false;
    document.body.classList.add("drawer-open");
    element("drawer-close").focus();
  }

  /** A state came in: show the new facts if this message is the one on show. */
  refresh(message, zone) {
    if (message.sid === this.#sid) this.#fill(message, zone);
  }

  close() {
    this.#sid = null;
    element("drawer").hidden = true;
    document.body.classList.remove("drawer-open");
    this.#opener?.focus();
  }

  #fill(message, zone) {
    const outbound = message.direction === "out";
    const facts = document.createElement("dl");
    const fact = (name, value, { code = false } = {}) => {
      if (!value) return;
      const term = document.createElement("dt");
      term.textContent = name;
      const definition = document.createElement("dd");
      const holder = code ? document.createElement("code") : document.createElement("span");
      holder.textContent = value;
      definition.append(holder);
      facts.append(term, definition);
    };
    const at = new Date(message.at);
    fact("Arah", outbound ? "dari Sapa Keluarga" : "dari ponsel ini");
    fact("Waktu", `${longDate(at, zone)}, ${hourMinute(at, zone)} ${zoneName(zone)}`);
    fact("Saluran", message.channel === "sms" ? `SMS, ${message.parts} bagian` : "WhatsApp");
    if (message.kind) fact("Jenis", `${KIND_WORDS[message.kind] ?? message.kind} (${message.kind})`);
    fact("Isi", message.content_id, { code: true });
    if (outbound && message.channel === "whatsapp") {
      fact("Templat", message.template ?? "tidak perlu: dalam jendela 24 jam", { code: Boolean(message.template) });
    }
    fact("Nomor kotak keluar", message.outbox_id, { code: true });
    fact("Nomor penyedia", message.sid, { code: true });

    const heading = document.createElement("h3");
    heading.textContent = "Perjalanan";
    const steps = document.createElement("ol");
    steps.className = "steps";
    for (const [status, when] of message.history) {
      const step = document.createElement("li");
      step.dataset.status = status;
      const word = document.createElement("span");
      word.textContent = STATUS_WORDS[status] ?? status;
      const time = document.createElement("time");
      time.dateTime = when;
      time.textContent = `${shortDate(new Date(when), zone)} ${hourMinute(new Date(when), zone)}`;
      step.append(word, time);
      steps.append(step);
    }
    const parts = [facts, heading, steps];
    if (!outbound) parts.push(...this.#again(message));
    element("drawer-body").replaceChildren(...parts);
  }

  #again(message) {
    const note = document.createElement("p");
    note.className = "drawer-note";
    note.textContent = "Penyedia kadang mengantar pesan yang sama dua kali. Coba: tidak akan ada jawaban kedua.";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Antar sekali lagi";
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await post("again", { sid: message.sid });
        button.textContent = "Sudah diantar lagi";
      } catch (error) {
        button.disabled = false;
        this.#onError(error);
      }
    });
    return [note, button];
  }
}
