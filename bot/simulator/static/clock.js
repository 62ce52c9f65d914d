// The simulated clock in the bar: shows it, asks it to walk forward, shows it walking.

import { post } from "./api.js";
import { hourMinute, isoDay, longDate, dayMonth, shortDate, zoneName } from "./format.js";

/** The day of a posyandu session. It is a calendar date of that place, so it is read and written in one zone. */
const sessionDay = ({ date, time }) => `${shortDate(new Date(`${date}T12:00Z`), "UTC")} ${time.replace(":", ".")}`;

const element = (id) => document.getElementById(id);

export class Clock {
  #server = null; // the last state: {now, target, walkingSince, zone, nextEvent}
  #heardAt = 0;
  #onError;
  #onCall;

  constructor({ onError, onCall }) {
    this.#onError = onError;
    this.#onCall = onCall;
    for (const button of element("clock-buttons").querySelectorAll("[data-hours], [data-days], [data-months]")) {
      const { hours = 0, days = 0, months = 0 } = button.dataset;
      button.addEventListener("click", () => this.#walk({ hours: +hours, days: +days, months: +months }));
    }
    element("clock-next").addEventListener("click", () => this.#walk({ to: "next" }));
    element("clock-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#walk({ to: `${element("clock-to").value}T08:00` });
    });
    element("walk-stop").addEventListener("click", () => this.#walk({ stop: true }));
    element("clock-toggle").addEventListener("click", () => this.#toggle());
  }

  /** Simulated time now. It runs on between two states of the server. */
  now() {
    if (!this.#server) return new Date();
    return new Date(this.#server.now.getTime() + (performance.now() - this.#heardAt));
  }

  get walking() {
    return Boolean(this.#server?.target);
  }

  hear(state) {
    this.#heardAt = performance.now();
    this.#server = {
      now: new Date(state.now),
      target: state.target && new Date(state.target),
      since: state.walking_since && new Date(state.walking_since),
      zone: state.timezone,
      nextEvent: state.next_event && new Date(state.next_event),
      session: state.sessions[0],
    };
    this.show();
  }

  show() {
    if (!this.#server) return;
    const { zone, target, nextEvent } = this.#server;
    const now = this.now();
    element("clock-time").textContent = hourMinute(now, zone);
    element("clock-time").dateTime = now.toISOString();
    element("clock-zone").textContent = zoneName(zone);
    element("clock-date").textContent = longDate(now, zone);
    element("clock-buttons").disabled = this.walking;
    const field = element("clock-to");
    field.min = isoDay(new Date(now.getTime() + 86_400_000), zone);
    const next = element("clock-next");
    next.hidden = !nextEvent;
    if (nextEvent) {
      next.textContent = `Pesan berikut · ${dayMonth(nextEvent, zone)}`;
      next.title = `Majukan jam sampai pesan terencana berikutnya: ${longDate(nextEvent, zone)}, ${hourMinute(nextEvent, zone)}`;
    }
    const session = this.#server.session;
    element("clock-session").textContent = session ? `${session.posyandu} ${sessionDay(session)}` : "";
    document.body.classList.toggle("walking", Boolean(target));
    element("walk").hidden = element("walk-bar").hidden = !target;
    if (target) this.#showWalk(now);
  }

  #showWalk(now) {
    const { target, since, zone } = this.#server;
    const share = since ? (now - since) / Math.max(1, target - since) : 0;
    element("walk-done").style.width = `${Math.min(100, Math.max(2, share * 100))}%`;
    element("walk-text").textContent = `Jam berjalan ke ${longDate(target, zone)}, ${hourMinute(target, zone)}`;
  }

  async #walk(call) {
    this.#toggle(false);
    try {
      await post("clock", call);
      this.#onCall();
    } catch (error) {
      this.#onError(error);
    }
  }

  #toggle(open = !document.body.classList.contains("clock-open")) {
    document.body.classList.toggle("clock-open", open);
    element("clock-toggle").setAttribute("aria-expanded", String(open));
  }
}
