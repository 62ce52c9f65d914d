// The page: asks the server what is new, hands it to the phones, the clock and the inspector.

import { getState, post, sentence } from "./api.js";
import { Clock } from "./clock.js";
import { Drawer } from "./drawer.js";
import { Phone, keyOf } from "./phone.js";

const POLL_MS = 700;
const POLL_WALKING_MS = 300;
const POLL_HIDDEN_MS = 4000;
const NOTICE_MS = 7000;

const element = (id) => document.getElementById(id);

const phones = new Map();
let active = null;
let revision = 0;
let heardOnce = false;
let timer = 0;
let noticeTimer = 0;

const clock = new Clock({ onError: complain, onCall: soon });
const drawer = new Drawer({ onError: complain });

function complain(error) {
  notice(sentence(error));
  if (!error.code) console.error(error);
}

function notice(text, stays = false) {
  const line = element("notice");
  line.textContent = text;
  line.hidden = !text;
  clearTimeout(noticeTimer);
  if (text && !stays) noticeTimer = setTimeout(() => notice(""), NOTICE_MS);
}

// --- what is new

async function poll() {
  clearTimeout(timer);
  let wait = document.hidden ? POLL_HIDDEN_MS : POLL_MS;
  try {
    hear(await getState(revision));
    if (clock.walking) wait = POLL_WALKING_MS;
  } catch (error) {
    offline(error);
    wait = 2000;
  }
  clearTimeout(timer);
  timer = setTimeout(poll, wait);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(poll, 30);
}

function offline(error) {
  document.body.classList.add("offline");
  notice("Sambungan ke server terputus. Mencoba lagi…", true);
  if (!(error instanceof TypeError) && !error.code) console.error(error);
}

function hear(state) {
  if (document.body.classList.contains("offline")) {
    document.body.classList.remove("offline");
    notice("");
  }
  if (state.revision < revision) {
    // The database was made anew under the open page: start over.
    for (const phone of phones.values()) phone.clear();
    revision = 0;
    heardOnce = false;
    soon();
    return;
  }
  clock.hear(state);
  arrange(state.phones);
  const perPhone = new Map();
  for (const message of state.messages) {
    const key = keyOf(message);
    perPhone.set(key, [...(perPhone.get(key) ?? []), message]);
  }
  for (const [key, messages] of perPhone) {
    const phone = phones.get(key);
    phone?.receive(messages, !heardOnce);
    for (const message of messages) if (phone) drawer.refresh(message, phone.zone);
  }
  revision = state.revision;
  heardOnce = true;
  document.body.dataset.ready = "yes";
  show();
}

function show() {
  clock.show();
  for (const phone of phones.values()) phone.show();
  for (const tab of element("tabs").children) {
    const phone = phones.get(tab.dataset.key);
    tab.querySelector(".badge").hidden = phone === active || phone.unread === 0;
    tab.querySelector(".badge").textContent = String(phone.unread);
  }
  // While the clock runs nobody reads: the reading is done at the moment the visitor stops at.
  if (active && !document.hidden && !clock.walking) active.look();
}

// --- phones

function arrange(infos) {
  const hooks = {
    now: () => clock.now(),
    onError: complain,
    onSent: soon,
    onInspect: (message, zone, opener) => drawer.open(message, zone, opener),
    onEnlarge: enlarge,
    onActive: activate,
  };
  for (const info of infos) {
    const known = phones.get(keyOf(info));
    if (known) {
      known.update(info);
      continue;
    }
    const phone = new Phone(info, hooks);
    phones.set(phone.key, phone);
    element("ponsel").append(phone.element);
    element("tabs").append(tab(phone));
    if (heardOnce) phone.element.scrollIntoView({ inline: "end", block: "nearest" });
  }
  if (!active && phones.size) activate(phones.values().next().value);
}

function tab(phone) {
  const button = document.createElement("button");
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.hidden = true;
  button.type = "button";
  button.role = "tab";
  button.dataset.key = phone.key;
  button.setAttribute("aria-controls", phone.element.id);
  button.append(phone.channel === "sms" ? `${phone.name} (SMS)` : phone.name, badge);
  button.addEventListener("click", () => activate(phone));
  button.addEventListener("keydown", (event) => {
    const other = { ArrowRight: button.nextElementSibling, ArrowLeft: button.previousElementSibling }[event.key];
    if (other) {
      other.focus();
      other.click();
    }
  });
  return button;
}

function activate(phone) {
  if (active === phone) return;
  active = phone;
  for (const one of phones.values()) one.element.classList.toggle("active", one === phone);
  for (const one of element("tabs").children) {
    const chosen = one.dataset.key === phone.key;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
  }
  show();
}

// --- a picture as large as the screen allows

const viewer = element("viewer");

function enlarge(image) {
  const large = element("viewer-picture");
  large.src = image.src;
  large.alt = image.alt;
  viewer.showModal();
}

viewer.addEventListener("click", () => viewer.close());

// --- adding a phone

const dialog = element("phone-dialog");
const form = element("phone-form");

element("add-phone").addEventListener("click", () => {
  form.reset();
  element("phone-error").textContent = "";
  const numbers = [...phones.keys()].map((key) => Number(key.split(":+")[1])).filter((one) => one < 6281200001000);
  form.elements.phone.value = `+${Math.max(6281200000000, ...numbers) + 1}`;
  dialog.showModal();
});
element("phone-cancel").addEventListener("click", () => dialog.close());
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, phone, channel } = Object.fromEntries(new FormData(form));
  try {
    await post("phones", { name, phone, channel });
    dialog.close();
    soon();
  } catch (error) {
    element("phone-error").textContent = sentence(error);
  }
});

setInterval(show, 1000);
document.addEventListener("visibilitychange", () => !document.hidden && soon());
poll();
