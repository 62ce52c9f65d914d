"""The only wiring: settings in, a running application out. Nothing else names store, gateways and content together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from sapa import settings as settings_module
from sapa.clock import ShiftedClock, SystemClock
from sapa.content import ContentError, ContentLibrary
from sapa.family.campaigns import Campaigns
from sapa.gateways.simulator import SimulatorGateway
from sapa.holidays_id import holiday
from sapa.language import detect
from sapa.messaging.cost import price_list
from sapa.services.campaigns import CampaignError, load_campaigns
from sapa.services.case_media import FetchedMedia, MediaRefused
from sapa.services.costs import PriceError, load_prices
from sapa.services.deps import Deps
from sapa.services.ports import Gateway
from sapa.services.ports_templates import TemplateProvider
from sapa.services.records import (
    CannotTell,
    InboundForm,
    InboundLimits,
    LookupOutcome,
    OutboxMessage,
    SendOutcome,
    SendRequest,
)
from sapa.settings import Settings, SettingsError
from sapa.store.crypt import KeyTrouble, attached
from sapa.store.data_keys import note_use, unlock
from sapa.store.database import Database
from sapa.store.dialogue_memory import forget_dialogue
from sapa.store.engine import open_engine
from sapa.store.erasure_ledger import NAME as ERASED
from sapa.store.erasure_ledger import note_erased
from sapa.store.migrate import is_current, upgrade
from sapa.store.simulator import SimulatorMailbox

STATUS_PATH = "/webhooks/twilio/status"
# The folder of the campaign files, beside the texts they name.
CAMPAIGNS = "campaigns"
# The table of prices, beside the folder of the texts.
PRICES = "prices.yml"


# The pretend provider keeps messages in our own database: nothing of its is long on the way.
_PRETEND_SETTLE = timedelta(seconds=5)


class StartError(RuntimeError):
    """The application cannot start; the message says in one line why and what to do."""


class Clock(Protocol):
    def now(self) -> Any: ...


@dataclass(frozen=True)
class App:
    """A wired application."""

    settings: Settings
    store: Database
    content: ContentLibrary
    gateway: Gateway
    clock: Clock
    mailbox: SimulatorMailbox | None = None
    campaigns: Campaigns = Campaigns()
    danger_chance: Callable[[str], float] | None = None

    @cached_property
    def deps(self) -> Deps:
        """What the use cases are handed."""
        twilio = self.settings.twilio
        return Deps(
            store=self.store,
            content=self.content,
            gateway=self.gateway,
            detect_language=detect,
            bot_whatsapp=self.settings.bot_whatsapp,
            default_timezone=self.settings.default_timezone,
            content_sids=dict(twilio.content_sids) if twilio else {},
            templates_always=self.settings.simulator,
            danger_chance=self.danger_chance,
            draw=draw,
            public_url=self.settings.public_url,
            campaigns=self.campaigns,
            holiday=holiday,
            prices=self.prices,
            # The pretend provider keeps no pace: what falls due on the way of its clock shows at once.
            person_pace=timedelta(0) if self.settings.simulator else timedelta(seconds=self.settings.person_pace_s),
            settle=_PRETEND_SETTLE if self.settings.simulator else timedelta(seconds=self.settings.settle_s),
            catch_up=timedelta(seconds=self.settings.catch_up_s),
            follow_up=timedelta(seconds=self.settings.follow_up_s),
            inbound_limits=self._inbound_limits(),
        )

    def fetch_media(self, url: str) -> FetchedMedia:
        """What somebody sent, from the provider. Raises MediaRefused, with the simulator always: it keeps nothing."""
        twilio = self.settings.twilio
        if twilio is None:
            raise MediaRefused("unreachable")
        from sapa.gateways.media import MediaFetcher

        return MediaFetcher(twilio.account_sid, twilio.auth_token).fetch(url)

    def _inbound_limits(self) -> InboundLimits | None:
        """None with the simulator: its clock may stand still while somebody talks."""
        config = self.settings
        return None if config.simulator else InboundLimits(config.inbound_per_minute, config.inbound_per_hour)

    @cached_property
    def prices(self) -> dict[str, int]:
        """What a message costs in rupiah, as far as it is known. Raises StartError for a table that cannot be read."""
        try:
            table = load_prices(self.settings.content_dir.parent / PRICES)
        except PriceError as error:
            raise StartError(f"prices: {error}") from error
        return price_list(table, self.settings.prices)

    def forget_dialogue(self, contact_id: str) -> int:
        """Delete a conversation from Rasa's memory, the last part of an erasure; how many events it had."""
        # Backups know the person still: who restores one must learn of the erasure from outside of it.
        note_erased(self.settings.var_dir / ERASED, contact_id, self.clock.now())
        return forget_dialogue(self.settings.tracker_url, contact_id)

    @cached_property
    def template_provider(self) -> TemplateProvider | None:
        """Where WhatsApp templates are approved; None with the simulator, which takes every one."""
        if self.settings.twilio is None:
            return None
        # Imported where it is used: the SDK takes most of a second to load and the simulator needs none of it.
        from sapa.gateways.twilio_content import TwilioContent

        return TwilioContent(self.settings.twilio)

    @cached_property
    def content_ids(self) -> frozenset[str]:
        """Ids of every text there is."""
        return frozenset(self.content.ids())

    @cached_property
    def titles(self) -> dict[str, str]:
        """The title of each text, for numbered choices."""
        return {content_id: self.content.get(content_id).title for content_id in self.content.ids()}


_current: App | None = None


def current_app() -> App:
    """The application of this process; started from the environment on first use. Raises StartError."""
    global _current
    if _current is None:
        _current = start()
    return _current


def use(app: App) -> None:
    """Make `app` the application of this process (scripted runs and tests bring their own store)."""
    global _current
    _current = app


def start(environ: Mapping[str, str] | None = None) -> App:
    """Wire the application from the settings. Raises StartError with one clear line."""
    try:
        config = settings_module.load(environ)
        engine = open_engine(config.database_url)
        check_schema(engine)
        return wire(config, engine)
    except SettingsError as error:
        raise StartError(f"settings: {error}") from error
    except KeyTrouble as error:
        raise StartError(f"keys: {error}") from error
    except (ContentError, CampaignError) as error:
        raise StartError(f"content: {error}") from error
    except (SQLAlchemyError, OSError) as error:
        raise StartError(_database_line(error)) from error


def answering(environ: Mapping[str, str] | None = None) -> Deps:
    """What answers and texts need, without a database or a provider. Raises StartError."""
    try:
        config = settings_module.load(environ)
        content, campaigns = texts(config.content_dir)
    except SettingsError as error:
        raise StartError(f"settings: {error}") from error
    except (ContentError, CampaignError) as error:
        raise StartError(f"content: {error}") from error
    nowhere = _Nowhere()
    return Deps(
        store=nowhere,
        content=content,
        gateway=nowhere,
        detect_language=detect,
        bot_whatsapp=config.bot_whatsapp,
        default_timezone=config.default_timezone,
        campaigns=campaigns,
    )


def texts(content_dir: Path) -> tuple[ContentLibrary, Campaigns]:
    """The texts and campaigns of a folder, read again only if a file changed. Raises ContentError, CampaignError."""
    files = [path for path in content_dir.rglob("*") if path.is_file()]
    return _texts(content_dir, len(files), max((path.stat().st_mtime_ns for path in files), default=0))


@lru_cache(maxsize=4)
def _texts(content_dir: Path, _files: int, _newest: int) -> tuple[ContentLibrary, Campaigns]:
    # Checking every text takes a second: once a process is enough, also where it wires many applications.
    return ContentLibrary.load(content_dir), load_campaigns(content_dir / CAMPAIGNS)


def draw(kind: str, facts: Mapping[str, Any]) -> bytes:
    """A picture for a phone as PNG. Raises ValueError for an unknown kind."""
    # Imported where it is used: the drawing library takes a second to load and most processes never draw.
    if kind == "growth-chart":
        from sapa.charts import draw_growth_chart

        return draw_growth_chart(facts)
    if kind == "catin-card":
        from sapa.cards import draw_catin_card

        return draw_catin_card(facts)
    raise ValueError(f"no picture of kind {kind!r}")


class _Nowhere:
    """A store and a provider that are not there: asking either is a mistake in the program."""

    name = "nowhere"

    def transaction(self, *, write: bool = True) -> Any:
        raise RuntimeError("there is no database here")

    def compact(self) -> bool:
        raise RuntimeError("there is no database here")

    def ping(self) -> None:
        raise RuntimeError("there is no database here")

    def send(self, request: SendRequest) -> SendOutcome:
        raise RuntimeError("there is no provider here")

    def lookup(self, message: OutboxMessage) -> LookupOutcome:
        raise RuntimeError("there is no provider here")

    def verdict(self, error_code: str, template: str | None) -> SendOutcome | None:
        raise RuntimeError("there is no provider here")

    def inbound_since(self, since: datetime) -> Sequence[InboundForm] | CannotTell:
        raise RuntimeError("there is no provider here")


def check_schema(engine: Engine) -> None:
    """Refuse to start on a database that was not brought to this version. Raises StartError."""
    if not is_current(engine):
        raise StartError("database: the tables are missing or old; run `sapa db upgrade`")


def prepare_database(environ: Mapping[str, str] | None = None) -> tuple[str | None, str | None]:
    """Bring the configured database to the newest schema; the revisions before and after. Raises StartError."""
    try:
        config = settings_module.load(environ)
        engine = open_engine(config.database_url)
        ring = unlock(engine, config.given_data_keys, config.data_keys_file)
        revisions = upgrade(engine)
        note_use(engine, ring, SystemClock().now())
        return revisions
    except SettingsError as error:
        raise StartError(f"settings: {error}") from error
    except KeyTrouble as error:
        raise StartError(f"keys: {error}") from error
    except (SQLAlchemyError, OSError) as error:
        raise StartError(_database_line(error)) from error


def open_database(environ: Mapping[str, str] | None = None, needed: Iterable[str] = ()) -> tuple[Settings, Engine]:
    """The configured database with its keys, whatever schema it has: for backups. Raises StartError.

    needed: ids of keys without which nothing is to be done.
    """
    try:
        config = settings_module.load(environ)
        engine = open_engine(config.database_url)
        unlock(engine, config.given_data_keys, config.data_keys_file, needed)
        return config, engine
    except SettingsError as error:
        raise StartError(f"settings: {error}") from error
    except KeyTrouble as error:
        raise StartError(f"keys: {error}") from error
    except (SQLAlchemyError, OSError) as error:
        raise StartError(_database_line(error)) from error


def wire(
    config: Settings,
    engine: Engine | None = None,
    clock: Clock | None = None,
    ready: tuple[ContentLibrary, Campaigns] | None = None,
) -> App:
    """An application. No `engine`: the database of the settings. No `clock`: the machine's, moved by the simulator.

    ready: what `texts` gave, where a process wires many applications: looking for changed files takes its time.
    """
    engine = engine or open_engine(config.database_url)
    ring = attached(engine.dialect) or unlock(engine, config.given_data_keys, config.data_keys_file)
    content, campaigns = ready or texts(config.content_dir)
    mailbox = SimulatorMailbox(engine) if config.simulator else None
    if clock is None:
        clock = _simulated_clock(mailbox) if mailbox else SystemClock()
    note_use(engine, ring, clock.now())
    store = Database(engine)
    return App(
        settings=config,
        store=store,
        content=content,
        gateway=_gateway(config, mailbox, clock, store),
        clock=clock,
        mailbox=mailbox,
        campaigns=campaigns,
    )


def _simulated_clock(mailbox: SimulatorMailbox) -> ShiftedClock:
    return ShiftedClock(lambda: timedelta(seconds=mailbox.clock().offset_seconds))


def _known(store: Database, sid: str) -> bool:
    """Whether a message of the provider is one we have accounted for."""
    with store.transaction(write=False) as tx:
        return tx.outbox_by_sid(sid) is not None


def _gateway(config: Settings, mailbox: SimulatorMailbox | None, clock: Clock, store: Database) -> Gateway:
    if mailbox is not None:
        return SimulatorGateway(mailbox, clock.now)
    # Imported where it is used: the SDK takes most of a second to load and the simulator needs none of it.
    from sapa.gateways.twilio import TwilioGateway

    assert config.twilio is not None
    return TwilioGateway(
        config.twilio, config.public_url + STATUS_PATH, taken=lambda sid: _known(store, sid), clock=clock.now
    )


def _database_line(error: Exception) -> str:
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return f"database: {reason}; check DATABASE_URL and that the server runs or the file is readable"
