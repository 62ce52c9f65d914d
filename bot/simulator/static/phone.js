// One phone on the page: its chat, its keyboard, what it sends.

import { post } from "./api.js";
import { STATUS_WORDS } from "./drawer.js";
import { daySeparator, hourMinute, isoDay, phoneNumber, richText, shortDate, smsCost, zoneName } from "./format.js";

const ICONS = "/simulator/static/icons.svg#";
const TYPING_FOR_MS = 25_000; // after that long without an answer the phone stops saying "mengetik"
const NEAR_BOTTOM_PX = 60;
const MAX_FIELD_PX = 96;

// The number alone will not do: after somebody's erasure the provider counts from an earlier one again.
const byTime = (one, other) => new Date(one.at) - new Date(other.at) || one.seq - other.seq;

export const keyOf = ({ phone, channel }) => `${channel}:${phone}`;

function icon(name, className) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  if (className) svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", ICONS + name);
  svg.append(use);
  return svg;
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

export class Phone {
  #info;
  #hooks;
  #messages = new Map(); // by provider id
  #nodes = new Map();
  #last = null; // the newest message shown
  #lastDay = "";
  #waitingSince = 0;
  #part;

  /** hooks: now(), onError(error), onSent(), onInspect(message, zone, opener), onEnlarge(image), onActive(phone) */
  constructor(info, hooks) {
    this.#hooks = hooks;
    const template = document.getElementById(info.channel === "sms" ? "sms-phone" : "whatsapp-phone");
    this.element = template.content.firstElementChild.cloneNode(true);
    this.#part = (name) => this.element.querySelector(`[data-${name}]`);
    this.key = keyOf(info);
    this.element.id = `phone-${info.channel}-${info.phone.slice(1)}`;
    this.update(info);
    this.#wire();
    this.#showEmpty();
  }

  get zone() {
    return this.#info.timezone;
  }

  get name() {
    return this.#info.name;
  }

  get channel() {
    return this.#info.channel;
  }

  get unread() {
    return [...this.#messages.values()].filter((one) => one.direction === "out" && !this.#wasSeen(one)).length;
  }

  update(info) {
    const moved = this.#info && this.#info.timezone !== info.timezone;
    this.#info = info;
    this.#part("name").textContent = info.name;
    this.#part("number").textContent = `${phoneNumber(info.phone)} · ${zoneName(info.timezone)}`;
    const label = `Ponsel ${info.name}, ${info.channel === "sms" ? "SMS" : "WhatsApp"}`;
    this.element.setAttribute("aria-label", label);
    this.#part("chat").setAttribute("aria-label", `Percakapan ${info.name}`);
    if (moved) this.#redraw();
  }

  /** Messages of this phone that are new or changed. `first` is true for what was there when the page opened. */
  receive(messages, first) {
    const chat = this.#part("chat");
    const wasNear = chat.scrollHeight - chat.scrollTop - chat.clientHeight < NEAR_BOTTOM_PX;
    let news = 0;
    for (const message of messages.sort(byTime)) {
      const known = this.#messages.has(message.sid);
      this.#messages.set(message.sid, message);
      if (known) this.#redrawOne(message);
      else {
        news += 1;
        this.#append(message);
        this.#waitingSince = message.direction === "in" && !first ? Date.now() : 0;
      }
    }
    if (news) {
      this.#markAnswered();
      const mine = this.#last.direction === "in";
      if (wasNear || first || mine) this.#toBottom(!first);
      else this.#part("jump").hidden = false;
    }
    this.element.dataset.messages = String(this.#messages.size);
  }

  clear() {
    this.#messages.clear();
    this.#last = null;
    this.#showEmpty();
  }

  /** What moves with time: the phone's clock, "mengetik", the badge. */
  show() {
    const now = this.#hooks.now();
    this.#part("time").textContent = hourMinute(now, this.zone);
    const typing = this.#waitingSince > 0 && Date.now() - this.#waitingSince < TYPING_FOR_MS;
    if (this.channel === "whatsapp") {
      this.#part("presence").textContent = typing ? "mengetik…" : "sahabat keluarga";
      this.element.classList.toggle("typing", typing);
    }
    const badge = this.#part("badge");
    badge.textContent = String(this.unread);
    badge.hidden = this.unread === 0 || this.element.classList.contains("active");
    badge.setAttribute("aria-label", `${this.unread} pesan belum dibaca`);
    this.#showChips(now);
    this.#showDays(now);
  }

  /** The person is looking at this phone. */
  async look() {
    const arrived = [...this.#messages.values()].some(
      (one) => one.direction === "out" && one.status === "delivered" && !this.#wasSeen(one),
    );
    for (const message of this.#messages.values()) message.seen = true;
    if (!arrived || this.channel !== "whatsapp") return;
    try {
      await post("seen", { phone: this.#info.phone, channel: this.channel });
    } catch {
      // The ticks stay grey; nothing is lost.
    }
  }

  #wasSeen(message) {
    return message.seen || message.status === "read" || message.status === "failed";
  }

  // --- writing

  #wire() {
    const field = this.#part("text");
    this.element.addEventListener("focusin", () => this.#hooks.onActive(this));
    this.element.addEventListener("pointerdown", () => this.#hooks.onActive(this));
    field.addEventListener("input", () => this.#showField());
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#part("composer").requestSubmit();
      }
    });
    this.#part("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendTyped();
    });
    this.#part("jump").addEventListener("click", () => this.#toBottom(true));
    this.#part("chat").addEventListener("scroll", (event) => {
      const chat = event.currentTarget;
      if (chat.scrollHeight - chat.scrollTop - chat.clientHeight < NEAR_BOTTOM_PX) this.#part("jump").hidden = true;
    });
    if (this.channel === "whatsapp") this.#wireMenu();
    this.#showField();
  }

  #wireMenu() {
    const menu = this.#part("menu");
    const opener = this.#part("attach");
    const items = [...menu.querySelectorAll("[role=menuitem]")];
    const toggle = (open) => {
      menu.hidden = !open;
      opener.setAttribute("aria-expanded", String(open));
      if (open) items[0].focus();
    };
    opener.addEventListener("click", () => toggle(menu.hidden));
    menu.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        toggle(false);
        opener.focus();
      }
    });
    document.addEventListener("pointerdown", (event) => {
      if (!menu.hidden && !menu.contains(event.target) && !opener.contains(event.target)) toggle(false);
    });
    for (const item of items) {
      item.addEventListener("click", () => {
        toggle(false);
        const field = this.#part("text");
        const caption = field.value.trim();
        field.value = "";
        this.#showField();
        this.#send({ text: caption, media: item.dataset.media });
      });
    }
  }

  async #sendTyped() {
    const field = this.#part("text");
    const text = field.value;
    if (!text.trim()) return;
    field.value = "";
    this.#showField();
    if (!(await this.#send({ text })) && !field.value) {
      field.value = text; // it did not leave: the person must not have to type it again
      this.#showField();
    }
  }

  async #send(what) {
    try {
      await post("send", { phone: this.#info.phone, channel: this.channel, ...what });
      return true;
    } catch (error) {
      this.#hooks.onError(error);
      return error.code === "webhook"; // the message is on the phone, marked as failed
    } finally {
      this.#hooks.onSent();
    }
  }

  #showField() {
    const field = this.#part("text");
    field.style.height = "auto";
    if (field.value) field.style.height = `${Math.min(field.scrollHeight, MAX_FIELD_PX)}px`;
    const count = this.#part("count");
    if (count) {
      const cost = smsCost(field.value);
      count.textContent = `${cost.room - cost.length}/${cost.parts}`;
      count.title = cost.plain ? "Sisa huruf / jumlah SMS" : "Ada huruf di luar GSM-7: satu SMS hanya 70 huruf";
      count.classList.toggle("costly", !cost.plain || cost.parts > 2);
    }
  }

  // --- showing

  #showEmpty() {
    const chat = this.#part("chat");
    this.#nodes.clear();
    this.#lastDay = "";
    chat.replaceChildren(this.channel === "sms" ? this.#emptySms() : this.#emptyWhatsapp());
  }

  #emptyWhatsapp() {
    return make(
      "div",
      "empty",
      make("strong", "", "Selamat datang"),
      make("p", "", "Sapa Keluarga menemani keluarga dari calon pengantin sampai anak berumur dua tahun."),
      make("p", "", "Coba tulis ", make("em", "", "Halo"), ", atau pilih salah satu saran di bawah."),
    );
  }

  #emptySms() {
    return make(
      "div",
      "empty",
      make("strong", "", "Belum ada SMS"),
      make("p", "", "Ponsel biasa tanpa WhatsApp. Coba kirim: Halo"),
      make("p", "", "Di Indonesia SMS layanan umumnya satu arah; di sini keduanya bisa dicoba."),
    );
  }

  #append(message) {
    const chat = this.#part("chat");
    if (!this.#last) chat.replaceChildren();
    if (this.#last && byTime(message, this.#last) < 0) {
      this.#redraw();
      return;
    }
    const at = new Date(message.at);
    const day = isoDay(at, this.zone);
    if (day !== this.#lastDay) {
      const separator = make("div", "day", make("span", "", daySeparator(at, this.#hooks.now(), this.zone)));
      separator.dataset.at = message.at;
      chat.append(separator);
      this.#lastDay = day;
    }
    const follows = this.#last?.direction === message.direction && chat.lastElementChild?.classList.contains("message");
    const node = this.#draw(message);
    node.classList.toggle("follows", follows);
    chat.append(node);
    this.#nodes.set(message.sid, node);
    this.#last = message;
  }

  #redraw() {
    const ordered = [...this.#messages.values()].sort(byTime);
    if (!ordered.length) return;
    this.#nodes.clear();
    this.#last = null;
    this.#lastDay = "";
    for (const message of ordered) this.#append(message);
    this.#markAnswered();
  }

  #redrawOne(message) {
    const old = this.#nodes.get(message.sid);
    if (!old) return;
    const focused = old.contains(document.activeElement);
    old.dataset.status = message.status;
    const info = old.querySelector(".info");
    info.replaceWith(this.#foot(message));
    if (focused) old.querySelector(".info").focus();
    this.#markAnswered();
  }

  /** A message of the phone's owner counts as read once something came after it from the service. */
  #markAnswered() {
    let answered = false;
    let past = false;
    for (const message of [...this.#messages.values()].sort(byTime).reverse()) {
      const node = this.#nodes.get(message.sid);
      const outbound = message.direction === "out";
      node?.classList.toggle("answered", !outbound && answered);
      node?.classList.toggle("past", outbound && past);
      answered ||= outbound;
      past = true;
    }
  }

  #draw(message) {
    const outbound = message.direction === "out";
    const node = make("article", `message ${outbound ? "theirs" : "mine"}`);
    Object.assign(node.dataset, { sid: message.sid, status: message.status, kind: message.kind ?? "" });
    if (message.outbox_id) node.dataset.outbox = message.outbox_id;
    const bubble = make("div", "bubble");
    if (this.channel === "sms") {
      bubble.append(make("p", "from", outbound ? "SAPA" : "Saya"));
    } else {
      bubble.append(make("span", "sr", outbound ? "Sapa Keluarga: " : `${this.name}: `));
    }
    for (const item of message.media) bubble.append(this.#drawMedia(item, outbound));
    if (message.media.some((item) => item.kind === "sticker")) node.classList.add("has-sticker");
    if (message.text) {
      bubble.append(make("div", "text", this.channel === "sms" ? message.text : richText(message.text)));
    }
    bubble.append(this.#foot(message));
    bubble.addEventListener("click", (event) => {
      // Marking words to copy them is not a tap.
      if (window.getSelection().isCollapsed && !event.target.closest("button, a")) this.#inspect(message.sid);
    });
    node.append(bubble);
    if (message.buttons.length) node.append(this.#drawButtons(message));
    return node;
  }

  #drawMedia(item, outbound) {
    if (item.kind === "location") {
      return make("div", "media location", icon("pin"), make("span", "", "Lokasi terkini"));
    }
    if (item.kind === "voice") {
      const bars = make("span", "wave");
      for (let bar = 0; bar < 26; bar += 1) bars.append(make("i"));
      return make("div", "media voice", icon("play"), bars, make("span", "", "0:04"));
    }
    if (item.kind || (item.content_type ?? "").startsWith("image/")) {
      const sticker = item.kind === "sticker";
      if (item.gone) return this.#gone();
      const image = make("img", `media ${sticker ? "sticker" : "picture"}`);
      image.src = item.url;
      image.alt = sticker ? "Stiker" : outbound ? "Gambar dari Sapa Keluarga" : "Foto";
      image.addEventListener("load", () => this.#settle(), { once: true });
      if (sticker) return image;
      const button = make("button", "enlarge", image);
      image.addEventListener("error", () => button.replaceWith(this.#gone()), { once: true });
      button.type = "button";
      button.setAttribute("aria-label", `Perbesar: ${image.alt}`);
      button.addEventListener("click", () => this.#hooks.onEnlarge(image));
      return button;
    }
    return make("div", "media file", icon("clip"), make("span", "", item.url.split("/").pop()));
  }

  #gone() {
    return make("div", "media file", icon("photo"), make("span", "", "Gambar sudah tidak disimpan"));
  }

  #drawButtons(message) {
    const row = make("div", "replies");
    for (const button of message.buttons) {
      const element = make("button", "", button.title);
      element.type = "button";
      element.addEventListener("click", () => this.#send({ text: button.title, payload: button.payload ?? button.title }));
      row.append(element);
    }
    return row;
  }

  /** The foot of a bubble: time, ticks, and the way into the inspector. */
  #foot(message) {
    const at = new Date(message.at);
    const time = this.channel === "sms" ? `${shortDate(at, this.zone)} ${hourMinute(at, this.zone)}` : hourMinute(at, this.zone);
    const foot = make("button", "info", make("time", "", time));
    foot.type = "button";
    if (message.parts) foot.append(make("span", "parts", `${message.parts} SMS`));
    const name = { sending: "clock", failed: "alert", undelivered: "alert", queued: "clock", sent: "tick" }[message.status] ?? "ticks";
    foot.append(icon(name, "ticks"));
    foot.setAttribute("aria-label", `${time}, ${STATUS_WORDS[message.status] ?? message.status}. Rincian pesan`);
    foot.addEventListener("click", () => this.#inspect(message.sid));
    return foot;
  }

  #inspect(sid) {
    this.#hooks.onInspect(this.#messages.get(sid), this.zone, this.#nodes.get(sid).querySelector(".info"));
  }

  #showDays(now) {
    for (const separator of this.#part("chat").querySelectorAll(".day")) {
      const words = daySeparator(new Date(separator.dataset.at), now, this.zone);
      if (separator.textContent !== words) separator.firstElementChild.textContent = words;
    }
  }

  #showChips(now) {
    const row = this.#part("chips");
    if (!row) return;
    const born = new Date(now.getTime() - 3 * 7 * 86_400_000);
    const day = isoDay(born, this.zone);
    const key = `${day} ${this.#info.staff ? "staff" : ""}`;
    if (row.dataset.day === key) return;
    row.dataset.day = key;
    const [year, month, date] = day.split("-");
    const families = [
      ["Halo"],
      ["Daftar anak"],
      ["Jadwal imunisasi anak saya"],
      ["Apa itu stunting?"],
      ["Daftar hamil"],
      ["Daftar catin"],
      ["Daftar dalam satu kalimat", `Daftarkan anak saya Budi, laki-laki, lahir ${date}-${month}-${year}`],
      ["Jadwal posyandu"],
    ];
    const [, nextMonth, nextDay] = isoDay(new Date(now.getTime() + 14 * 86_400_000), this.zone).split("-");
    const staff = [
      ["Bantuan kader"],
      ["Jadwalkan posyandu", `JADWAL posyandu tanggal ${nextDay}-${nextMonth} jam 8 di balai desa`],
      ["KASUS"],
      ["KUNJUNGAN"],
      ["LAPORAN"],
      ["Daftarkan keluarga"],
      ["PELAJARAN"],
    ];
    const starters = this.#info.staff ? staff : families;
    row.replaceChildren(
      ...starters.map(([title, text]) => {
        const chip = make("button", "", title);
        chip.type = "button";
        chip.title = text ?? title;
        chip.addEventListener("click", () => this.#send({ text: text ?? title }));
        return chip;
      }),
    );
  }

  #toBottom(smooth) {
    const chat = this.#part("chat");
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    chat.scrollTo({ top: chat.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
    this.#part("jump").hidden = true;
  }

  /** A picture has got its height: stay at the bottom if we were there. */
  #settle() {
    if (this.#part("jump").hidden) this.#toBottom(false);
  }
}
