// What the pages cannot do by themselves: say that a line was lost, keep what was typed, find a name in a long list,
// print. Every page works without it; its words stand in the pages.
"use strict";
(() => {
  const lost = document.getElementById("putus");
  const tell = (event) => {
    const asked = event.detail.requestConfig;
    lost.textContent = asked && asked.verb !== "get" ? lost.dataset.saving : lost.dataset.looking;
    lost.hidden = false;
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.body.addEventListener(name, tell);
  document.body.addEventListener("htmx:afterSwap", () => { lost.hidden = true; });

  // Numbers that were typed into a row and not saved yet: leaving the page asks first.
  const kept = document.querySelector("form[data-keep]");
  if (kept) {
    const unsaved = new Set();
    const row = (inside) => { const found = inside.closest("[id^=baris-]"); return found ? found.id : ""; };
    kept.addEventListener("input", (event) => unsaved.add(row(event.target)));
    kept.addEventListener("submit", () => unsaved.clear());
    document.body.addEventListener("htmx:afterSwap", (event) => unsaved.delete(event.detail.target.id));
    window.addEventListener("beforeunload", (event) => { if (unsaved.size) event.preventDefault(); });
  }

  const find = document.getElementById("f-cari-nama");
  if (find) {
    const none = document.getElementById("tidak-ada");
    find.closest("[hidden]").hidden = false;
    find.addEventListener("input", () => {
      const wanted = find.value.trim().toLowerCase();
      let shown = 0;
      for (const person of document.querySelectorAll(".person")) {
        person.hidden = !person.dataset.words.toLowerCase().includes(wanted);
        if (!person.hidden) shown += 1;
      }
      none.textContent = shown ? "" : none.dataset.words;
    });
  }

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
