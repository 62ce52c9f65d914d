"""Settings: the only place that reads the environment. Every setting is explained in .env.example."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
_SECRET_LENGTH = 32
# May also stand in a file that NAME_FILE names, or in systemd's folder of credentials under the same name: an
# environment is seen by every child of a process, and by whoever lists processes.
_SECRETS = (
    "DATABASE_URL",
    "SAPA_TRACKER_URL",
    "REDIS_URL",
    "SAPA_SECRET",
    "SAPA_DATA_KEYS",
    "SAPA_METRICS_TOKEN",
    "SAPA_SIMULATOR_TOKEN",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
)
# Its file is read again whenever it changes, by whoever uses it.
_READ_AGAIN = "SAPA_DATA_KEYS"
_LONGEST_SECRET = 16 * 1024  # characters; more is another file than was meant


class SettingsError(ValueError):
    """A setting is missing, half-given or unreadable; the message says which and what to do."""


@dataclass(frozen=True)
class TwilioSettings:
    """Credentials and senders. `content_sids` maps a template name to its approved ContentSid (HX...)."""

    account_sid: str
    auth_token: str
    whatsapp_from: str | None
    sms_from: str | None
    messaging_service_sid: str | None
    content_sids: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 10.0  # to wait for an answer to one request
    api_url: str | None = None  # of a stand-in for the provider on this machine; None: the provider itself
    proxy: str | None = None  # http://[user:password@]host:port, where the way out leads through one


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between machines. Durations in seconds."""

    database_url: str
    gateway: str  # "simulator" or "twilio"
    public_url: str  # as the provider calls it, without a trailing slash
    host: str
    port: int
    webhook_token: str  # signs webhooks: Twilio's auth token, or the simulator's own
    bot_whatsapp: str  # the number families write to, shown in SMS
    rasa_url: str  # of every Rasa process, with commas between
    rasa_port: int  # of the first
    rasa_processes: int  # that run on this machine
    actions_url: str
    actions_port: int
    tracker_url: str
    redis_url: str | None
    var_dir: Path
    content_dir: Path
    model_dir: Path
    log_level: str
    worker_concurrency: int
    lease_s: float
    rasa_timeout_s: float
    sender_rate: float
    sender_threads: int
    person_pace_s: float  # between two messages nobody asked for, to one person
    inbound_per_minute: int  # messages of one contact that are answered
    inbound_per_hour: int
    settle_s: float  # how long a request without an answer may still arrive at the provider
    catch_up_s: float  # how often the provider is asked for messages the webhook missed
    follow_up_s: float  # after what time a message nothing was heard of is asked about
    default_timezone: str
    given_secret: str | None
    prices: Mapping[str, int]  # rupiah a message by channel; empty: not known
    twilio: TwilioSettings | None = None
    given_data_keys: str | None = None
    given_keys_file: Path | None = None
    metrics_token: str | None = None  # who may read /metrics and /health/detail from elsewhere; None: this machine only

    @property
    def secret(self) -> str:
        """Signs the console's cookies. Raises SettingsError where none is given and none can be kept."""
        # Made when it is first asked for: whoever only asks a question on the command line writes no file.
        return self.given_secret or _kept_secret(self.var_dir / "secret")

    @property
    def data_keys_file(self) -> Path:
        """Where the data keys are kept if they are not given themselves; made on the first start."""
        return self.given_keys_file or self.var_dir / "data-keys"

    @property
    def rasa_urls(self) -> list[str]:
        """The address of each Rasa process, without a slash at the end."""
        return self.rasa_url.split(",")

    @property
    def simulator(self) -> bool:
        """Whether messages go to the phone simulator instead of a provider."""
        return self.gateway == "simulator"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (default: the process environment and the file .env).

    Raises SettingsError with one clear line when something is missing, half-given or unreadable.
    """
    env = dict(environ) if environ is not None else {**_env_file(ROOT / ".env"), **os.environ}
    env |= _secrets_from_files(env)
    get = _Reader(env)
    var_dir = Path(get.text("SAPA_VAR_DIR", str(ROOT / "var")))
    port = get.integer("SAPA_PORT", 8000)
    host = get.text("SAPA_HOST", "127.0.0.1")
    gateway = get.choice("SAPA_GATEWAY", "simulator", ("simulator", "twilio"))
    twilio = _twilio(env, gateway)
    database_url = _database_url(get.text("DATABASE_URL", f"sqlite:///{var_dir / 'sapa.db'}"))
    rasa_port, rasa_processes = get.integer("SAPA_RASA_PORT", 5005), get.integer("SAPA_RASA_PROCESSES", 1)
    keys_file = get.text("SAPA_DATA_KEYS_FILE", "")
    actions_port = get.integer("SAPA_ACTIONS_PORT", 5055)
    return Settings(
        database_url=database_url,
        gateway=gateway,
        public_url=_public_url(get, gateway, port),
        host=host,
        port=port,
        webhook_token=twilio.auth_token if twilio else get.text("SAPA_SIMULATOR_TOKEN", "simulator-token"),
        bot_whatsapp=get.text("SAPA_BOT_WHATSAPP", "" if twilio else "0811-0000-000"),
        rasa_url=_addresses(get.text("SAPA_RASA_URL", _rasa_default(rasa_port, rasa_processes))),
        rasa_port=rasa_port,
        rasa_processes=rasa_processes,
        actions_url=get.text("SAPA_ACTIONS_URL", f"http://127.0.0.1:{actions_port}/webhook"),
        actions_port=actions_port,
        tracker_url=_database_url(get.text("SAPA_TRACKER_URL", _tracker_default(database_url, var_dir))),
        redis_url=env.get("REDIS_URL") or None,
        var_dir=var_dir,
        content_dir=Path(get.text("SAPA_CONTENT_DIR", str(ROOT / "content" / "id"))),
        model_dir=Path(get.text("SAPA_MODEL_DIR", str(ROOT / "models"))),
        log_level=get.choice("SAPA_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        worker_concurrency=get.integer("SAPA_WORKER_CONCURRENCY", 8),
        lease_s=get.number("SAPA_LEASE_SECONDS", 60.0),
        rasa_timeout_s=get.number("SAPA_RASA_TIMEOUT_SECONDS", 20.0),
        sender_rate=get.number("SAPA_SENDER_RATE", 80.0),
        sender_threads=get.integer("SAPA_SENDER_THREADS", 64),
        person_pace_s=get.number("SAPA_PERSON_PACE_SECONDS", 6.0),
        inbound_per_minute=get.integer("SAPA_INBOUND_PER_MINUTE", 30),
        inbound_per_hour=get.integer("SAPA_INBOUND_PER_HOUR", 300),
        settle_s=get.number("SAPA_SETTLE_SECONDS", 90.0),
        catch_up_s=get.number("SAPA_CATCH_UP_SECONDS", 300.0),
        follow_up_s=get.number("SAPA_FOLLOW_UP_SECONDS", 3600.0),
        default_timezone=get.text("SAPA_TIMEZONE", "Asia/Jakarta"),
        given_secret=_secret(get),
        prices=_prices(get),
        twilio=twilio,
        given_data_keys=get.text("SAPA_DATA_KEYS", "") or None,
        given_keys_file=Path(keys_file) if keys_file else None,
        metrics_token=get.text("SAPA_METRICS_TOKEN", "") or None,
    )


def _secrets_from_files(env: Mapping[str, str]) -> dict[str, str]:
    """The secrets that stand in files. Raises SettingsError for one given twice, unreadable or empty."""
    folder = env.get("CREDENTIALS_DIRECTORY", "").strip()  # systemd's LoadCredential=NAME:/path
    found = {}
    for name in _SECRETS:
        given, file = env.get(name, "").strip(), env.get(f"{name}_FILE", "").strip()
        if given and file:
            raise SettingsError(f"{name} and {name}_FILE are both set: leave one out")
        if file and name != _READ_AGAIN:
            found[name] = _secret_in(Path(file), f"{name}_FILE={file}")
        elif not (given or file) and folder and (credential := Path(folder) / name).is_file():
            found[name] = _secret_in(credential, f"the credential {name}")
    return found


def _secret_in(file: Path, told: str) -> str:
    """What a file holds, without white space around it. The message names the file and never what stands in it."""
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(_LONGEST_SECRET + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{told} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None
    if len(text) > _LONGEST_SECRET:
        raise SettingsError(f"{told} is longer than {_LONGEST_SECRET} characters: is it the right file?")
    if not text.strip():
        raise SettingsError(f"{told} is empty")
    return text.strip()


def _secret(get: _Reader) -> str | None:
    given = get.text("SAPA_SECRET", "")
    if given and len(given) < _SECRET_LENGTH:
        raise SettingsError(f"SAPA_SECRET is shorter than {_SECRET_LENGTH} characters; leave it out or make it longer")
    return given or None


def _kept_secret(file: Path) -> str:
    """A secret made on this machine's first start and kept in a file only its owner can read."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            # Written whole under a name of its own first: another process starting now must not read half of it.
            draft = file.with_name(f"{file.name}.{os.getpid()}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as made:
                made.write(secrets.token_hex(32))
            with suppress(FileExistsError):
                os.link(draft, file)
            draft.unlink()
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError(f"SAPA_SECRET is not set and {file} cannot be kept: {error.strerror or error}") from None


def _prices(get: _Reader) -> Mapping[str, int]:
    """Rupiah for one message by channel, as far as they are set."""
    names = {"whatsapp": "SAPA_PRICE_WHATSAPP", "sms": "SAPA_PRICE_SMS"}
    return {channel: get.integer(name, 1) for channel, name in names.items() if get.text(name, "")}


class _Reader:
    """Typed look-ups that name the setting when its value cannot be read."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def text(self, name: str, default: str) -> str:
        return self._env.get(name, "").strip() or default

    def integer(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        try:
            number = int(value)
        except ValueError:
            raise SettingsError(f"{name}={value!r} is not a whole number") from None
        if number <= 0:
            raise SettingsError(f"{name}={value!r} must be greater than 0")
        return number

    def number(self, name: str, default: float) -> float:
        value = self.text(name, str(default))
        try:
            number = float(value)
        except ValueError:
            raise SettingsError(f"{name}={value!r} is not a number") from None
        if not number > 0:
            raise SettingsError(f"{name}={value!r} must be greater than 0")
        return number

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise SettingsError(f"{name}={value!r} is not one of {', '.join(allowed)}")
        return value


def _database_url(url: str) -> str:
    """The SQLAlchemy address, with the driver we ship for PostgreSQL."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    scheme = url.split(":", 1)[0]
    raise SettingsError(f"a database address must start with sqlite:/// or postgresql://, not {scheme!r}")


def _tracker_default(database_url: str, var_dir: Path) -> str:
    """Rasa's dialogues: beside the rest on PostgreSQL; on SQLite, which has one writer, in a file of their own."""
    return database_url if database_url.startswith("postgresql") else f"sqlite:///{var_dir / 'rasa.db'}"


def _rasa_default(port: int, processes: int) -> str:
    """Rasa's processes on this machine, on ports one after the other."""
    return ",".join(f"http://127.0.0.1:{port + number}" for number in range(processes))


def _addresses(text: str) -> str:
    """Addresses with commas between, without spaces and slashes at their ends."""
    return ",".join(address for part in text.split(",") if (address := part.strip().rstrip("/")))


def _public_url(get: _Reader, gateway: str, port: int) -> str:
    """Where the provider reaches us: part of every signature, so it must be given, never guessed from headers."""
    if gateway == "simulator":
        return get.text("SAPA_PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/")
    url = get.text("SAPA_PUBLIC_URL", "")
    # With a stand-in provider on this machine everything stays on loopback: there is nobody to hide it from.
    standin = bool(get.text("TWILIO_API_URL", "")) and _on_loopback(url)
    if not url.startswith("https://") and not standin:
        raise SettingsError("SAPA_GATEWAY=twilio needs SAPA_PUBLIC_URL=https://... (the address Twilio calls)")
    return url.rstrip("/")


def _on_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname in ("127.0.0.1", "localhost", "::1")


def _twilio(env: Mapping[str, str], gateway: str) -> TwilioSettings | None:
    """Twilio's settings, complete or refused."""
    if gateway != "twilio":
        return None
    value = {
        name: env.get(name, "").strip()
        for name in (
            "TWILIO_ACCOUNT_SID",
            "TWILIO_AUTH_TOKEN",
            "TWILIO_WHATSAPP_FROM",
            "TWILIO_SMS_FROM",
            "TWILIO_MESSAGING_SERVICE_SID",
            "TWILIO_CONTENT_SIDS",
            "TWILIO_API_URL",
        )
    }
    missing = [name for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN") if not value[name]]
    if missing:
        raise SettingsError(
            f"SAPA_GATEWAY=twilio needs {' and '.join(missing)}; set them or use SAPA_GATEWAY=simulator"
        )
    if not (value["TWILIO_WHATSAPP_FROM"] or value["TWILIO_MESSAGING_SERVICE_SID"]):
        raise SettingsError(
            "SAPA_GATEWAY=twilio needs TWILIO_WHATSAPP_FROM or TWILIO_MESSAGING_SERVICE_SID to send from"
        )
    if not (value["TWILIO_ACCOUNT_SID"].startswith("AC") and len(value["TWILIO_ACCOUNT_SID"]) == 34):
        raise SettingsError("TWILIO_ACCOUNT_SID must be AC and 32 hexadecimal digits")
    if value["TWILIO_API_URL"] and not _on_loopback(value["TWILIO_API_URL"]):
        # The account's token goes to this address with every request.
        raise SettingsError("TWILIO_API_URL is for a stand-in provider on this machine; leave it out to reach Twilio")
    return TwilioSettings(
        account_sid=value["TWILIO_ACCOUNT_SID"],
        auth_token=value["TWILIO_AUTH_TOKEN"],
        whatsapp_from=value["TWILIO_WHATSAPP_FROM"] or None,
        sms_from=value["TWILIO_SMS_FROM"] or None,
        messaging_service_sid=value["TWILIO_MESSAGING_SERVICE_SID"] or None,
        content_sids=_pairs(value["TWILIO_CONTENT_SIDS"]),
        timeout_s=_Reader(env).number("SAPA_PROVIDER_TIMEOUT_SECONDS", 10.0),
        api_url=value["TWILIO_API_URL"].rstrip("/") or None,
        proxy=(env.get("HTTPS_PROXY") or env.get("https_proxy") or "").strip() or None,
    )


def _pairs(text: str) -> dict[str, str]:
    """`name=HX..,name=HX..` as a mapping."""
    pairs: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, separator, sid = part.partition("=")
        if not separator or not sid.strip().startswith("HX"):
            raise SettingsError(f"TWILIO_CONTENT_SIDS: {part!r} is not of the form template=HX...")
        pairs[name.strip()] = sid.strip()
    return pairs


def _env_file(path: Path) -> dict[str, str]:
    """Lines NAME=value of a .env file; comments and blank lines are passed over."""
    if not path.is_file():
        return {}
    pairs = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.strip().partition("=")
        if separator and not name.startswith("#"):
            pairs[name.strip()] = value.strip().strip("\"'")
    return pairs
