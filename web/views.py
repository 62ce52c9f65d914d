"""Pages from templates: one environment, the filters they use, and the words of dates from where they are kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
import yaml
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sapa.family.calendar import age_in_months

HERE = Path(__file__).parent
STATIC = HERE / "static"
HOME = "/konsol"


class Views:
    """The console's templates. `content_dir`: where the words of dates and vaccines are kept (kata/*.yml)."""

    def __init__(self, content_dir: Path) -> None:
        words = _words(content_dir / "kata" / "tanggal.yml")
        doses = _words(content_dir / "kata" / "imunisasi.yml")
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters.update(
            tanggal=partial(_long_date, words),
            tanggal_pendek=partial(_short_date, words),
            bulan=partial(_month, words),
            bulan_pendek=lambda day: words["bulan_pendek"][_as_date(day).month - 1],
            waktu=partial(_moment, words),
            jam=_clock,
            umur=partial(_age, words["umur"]),
            koma=_comma,
            ribuan=_thousands,
            rupiah=lambda amount: f"Rp{_thousands(amount)}",
            dosis=partial(_dose, doses),
            peran=_with_roles,
            tebal=_bold,
        )
        self.environment.globals.update(static=static, has_static=_has_static, tautan=link, home=HOME)

    def page(self, request: Request, template: str, status_code: int = 200, **context: Any) -> Response:
        """A whole page: the layout's own variables stand in the request's state, see web/session.py."""
        shared: Mapping[str, Any] = getattr(request.state, "shared", {})
        told = {
            "request": request,
            "csrf": request.scope.get("csrf_token", ""),
            "who": None,
            "zona": None,
            "said": None,
            "today": None,
            "marks": {},
            **shared,
            **context,
        }
        text = self.environment.get_template(template).render(told)
        return HTMLResponse(text, status_code=status_code)

    # A fragment is a template without the layout; nothing else sets it apart.
    fragment = page


def static(name: str) -> str:
    """The address of a file of the console; it changes when the file does, so that it may be kept for a year."""
    return f"{HOME}/static/{name}?v={_fingerprint(name)}"


def _has_static(name: str) -> bool:
    return (STATIC / name).is_file()


def link(path: str, **query: Any) -> str:
    """An address with a query; parts that are None or empty are left out."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@lru_cache
def _fingerprint(name: str) -> str:
    file = htmx_file() if name == "htmx.js" else STATIC / name
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]


def htmx_file() -> Path:
    """htmx as its package ships it; the package's Python is never imported."""
    from importlib.util import find_spec

    spec = find_spec("django_htmx")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package django-htmx, which brings htmx, is not installed; run `make setup`")
    return Path(spec.submodule_search_locations[0]) / "static" / "django_htmx" / "htmx-2.min.js"


def _words(path: Path) -> Mapping[str, Any]:
    read: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


# --- filters


def _as_date(value: date | datetime | str) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value[:10])


def _long_date(words: Mapping[str, Any], value: date | datetime | str) -> str:
    """2026-12-03 -> Kamis, 3 Desember 2026."""
    day = _as_date(value)
    return f"{words['hari'][day.weekday()]}, {day.day} {words['bulan'][day.month - 1]} {day.year}"


def _short_date(words: Mapping[str, Any], value: date | datetime | str) -> str:
    """2026-12-03 -> 3 Des 2026."""
    day = _as_date(value)
    return f"{day.day} {words['bulan_pendek'][day.month - 1]} {day.year}"


def _month(words: Mapping[str, Any], value: date | str) -> str:
    """2026-12-03 or 2026-12 -> Desember 2026."""
    day = _as_date(f"{value}-01" if isinstance(value, str) and len(value) == 7 else value)
    return f"{words['bulan'][day.month - 1]} {day.year}"


def _moment(words: Mapping[str, Any], value: datetime, zone: str | None = None) -> str:
    """An aware moment in the reader's zone: 3 Des 2026 08.00."""
    local = value.astimezone(ZoneInfo(zone)) if zone else value
    return f"{_short_date(words, local)} {local:%H.%M}"


def _clock(value: time | datetime | str) -> str:
    """08:00 -> 08.00, the way Indonesians write it."""
    return f"{value if isinstance(value, (time, datetime)) else time.fromisoformat(value):%H.%M}"


def _age(words: Mapping[str, str], born: date, today: date) -> str:
    """How old somebody born on a day is: 3 minggu, 8 bulan, 1 tahun 2 bulan."""
    months = age_in_months(born, today)
    if months < 1:
        days = (today - born).days
        weeks = f"{days // 7} {words['week']}"
        return weeks if days >= 7 else f"{days} {words['day']}" if days else words["newborn"]
    years, rest = divmod(months, 12)
    said = [f"{years} {words['year']}"] if years else []
    return " ".join([*said, f"{rest} {words['month']}"] if rest or not years else said)


def _comma(value: float | None, digits: int = 1) -> str:
    """8.25 -> 8,2; nothing for None."""
    return "" if value is None else f"{value:.{digits}f}".replace(".", ",")


def _thousands(value: float) -> str:
    """12500 -> 12.500."""
    return f"{value:,.0f}".replace(",", ".")


def _dose(words: Mapping[str, Any], dose: str, profile: str | None = None) -> str:
    """A dose by the name it has for mothers; one nobody has named by its id."""
    own: Mapping[str, str] = words["profil"].get(profile or "", {})
    return str(own.get(dose, words["dosis"].get(dose, dose)))


_ROLES = {"thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell", "th": "columnheader"}
_ROW_HEAD = 'scope="row"'


def _with_roles(table: str) -> Markup:
    """A table's inside with its roles spelled out: to a browser, a row laid out as a card (on a phone) is none."""

    def role(tag: re.Match[str]) -> str:
        name = "rowheader" if _ROW_HEAD in tag[2] else _ROLES[tag[1]]
        return f'<{tag[1]}{tag[2]} role="{name}">'

    return Markup(re.sub(r"<(thead|tbody|tr|td|th)\b([^>]*)>", role, table))


def _bold(text: str) -> Markup:
    """*words* as a phone shows them: bold."""
    return Markup(re.sub(r"\*(\S(?:[^*\n]*\S)?)\*", r"<b>\1</b>", str(escape(text))))
