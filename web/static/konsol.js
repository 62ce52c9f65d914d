// Says whether the service can take messages.

const line = document.getElementById("health");

async function check() {
  let ready = false;
  try {
    ready = (await fetch("/ready", { cache: "no-store" })).ok;
  } catch {
    // No answer is an answer too.
  }
  line.className = `health ${ready ? "ok" : "bad"}`;
  line.lastElementChild.textContent = ready ? "Layanan siap menerima pesan" : "Layanan belum siap";
}

check();
setInterval(check, 10_000);
