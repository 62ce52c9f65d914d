"""Words that stop, restart or ask for help, understood before anything else and on every channel (design section 6).

Only a message that is nothing but such a word counts: "stop" stops, "kapan stop ASI" is a question. CANCEL and
BATAL are left out on purpose: inside an open form they cancel the form, and where a provider has treated CANCEL
as an opt-out itself, it says so in `opt_out_type`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from sapa.messaging.text import strip_invisible, words

StopWord = Literal["stop", "start", "help"]

_PROVIDER: dict[str, StopWord] = {"stop": "stop", "start": "start", "help": "help"}

# Politeness around the word changes nothing: "tolong stop ya bu".
_POLITE = words(
    "tolong mohon minta pls please ya yah iya dong donk deh aja saja sj bu bun bunda ibu pak bapak "
    "bapa min admin mimin kak kakak mbak mas"
)
# Said with a stop they change nothing either; with "info" or "mulai" they would ("info bidan").
_AROUND_STOP = words(
    "bidan kader sapa sudah udah sdh udh uda saya sy aku gue sekarang skrg makasih trims terimakasih terima kasih"
)
_WISHES = words("mau mo ingin pengen pingin usah perlu")
_STOP_VERBS = words(
    "stop setop stopin stopkan berhenti brhenti brhnti brenti berenti berhentikan hentikan henti "
    "unsubscribe unsub optout"
)
_STOP_ALONE = _STOP_VERBS | frozenset({"stopall", "end", "quit", "revoke"})
# What may be stopped without naming a topic: messages and sending them.
_MESSAGES = words(
    "pesan pesannya pesanmu psn langganan langganannya berlangganan kirim kirimi kirimin dikirim "
    "dikirimi dikirimin ngirim mengirim mengirimi pengiriman wa whatsapp sms chat ngechat notif "
    "notifikasi pengingat pengingatnya info infonya siaran broadcast hubungi menghubungi dihubungi "
    "all semua lagi menerima dapat dapet apa apa2 dari ke nomor no hp ini kami"
)
_SENDING = words(
    "kirim kirimi kirimin dikirim dikirimi dikirimin ngirim mengirim mengirimi wa sms chat hubungi "
    "menghubungi dihubungi pesan langganan berlangganan"
)
_DONT = frozenset(["jangan", "jgn", "jangn", "ogah"])
_NOT = words("tidak tdk tak gak ga g gk nggak ngga enggak ndak nda")
_CANCELLERS = frozenset(["batal", "batalkan", "cancel", "akhiri", "keluar"])
_START = frozenset(
    {
        "start",
        "unstop",
        "mulai",
        "mulai lagi",
        "mulai kembali",
        "mulai kirim lagi",
        "mulai langganan",
        "mulai langganan lagi",
        "aktifkan",
        "aktifkan lagi",
        "aktifkan kembali",
        "aktif lagi",
        "langganan lagi",
        "berlangganan lagi",
        "kirim lagi",
        "kirim pesan lagi",
        "kirimi lagi",
        "lanjut kirim lagi",
        "lanjutkan langganan",
        "resume",
        "subscribe",
        "resubscribe",
    }
)
_HELP = frozenset({"help", "info", "bantuan", "bantu", "perlu bantuan", "butuh bantuan"})


def stop_word(text: str, opt_out_type: str | None = None) -> StopWord | None:
    """What the whole message asks for: "stop", "start", "help", or None if it is anything else.

    `opt_out_type` is the provider's own verdict (Twilio's OptOutType); where given it decides.
    """
    if opt_out_type and opt_out_type.strip().lower() in _PROVIDER:
        return _PROVIDER[opt_out_type.strip().lower()]
    typed = _words(text)
    phrase = " ".join(word for word in typed if word not in _POLITE)
    if phrase in _START:
        return "start"
    if phrase in _HELP:
        return "help"
    around = _POLITE | _AROUND_STOP
    return "stop" if _is_stop([word for word in typed if word not in around]) else None


def _is_stop(tokens: list[str]) -> bool:
    """Whether the words, politeness taken away, say stop and nothing but stop."""
    if tokens and tokens[0] in _WISHES:
        tokens = tokens[1:]
    if not tokens or len(tokens) > 10:
        return False
    first, rest = tokens[0], tokens[1:]
    if not rest:
        return first in _STOP_ALONE
    if tokens == ["opt", "out"]:
        return True
    if not set(rest) <= _MESSAGES | _STOP_VERBS | _DONT | _WISHES:
        return False
    if first in _STOP_VERBS:
        return True
    if first in _CANCELLERS:
        return any(word in ("langganan", "berlangganan", "langganannya") for word in rest)
    if set(rest) & _STOP_VERBS:  # "jangan berhenti kirim pesan" asks for the opposite
        return False
    # "tidak mau dikirimi pesan" stops; "tidak dapat pesan" complains that none came.
    refuses = first in _DONT or (first in _NOT and rest[0] in _WISHES)
    return refuses and bool(set(rest) & _SENDING)


def _words(text: str) -> list[str]:
    """Lower-case words without punctuation, emoji and drawn-out letters."""
    plain = unicodedata.normalize("NFKC", strip_invisible(text)).casefold()
    return [_squeeze(word) for word in re.findall(r"[^\W_]+", plain)]


def _squeeze(word: str) -> str:
    """Drawn-out letters made short: "stoppp" -> "stop", "berhentiii" -> "berhenti"; "stopall" stays."""
    short = re.sub(r"(.)\1{2,}", r"\1", word)
    trimmed = re.sub(r"(.)\1$", r"\1", short)
    return trimmed if trimmed in _STOP_ALONE else short
