"""What a template may do: read what it is given. Reaching for more is a mistake that names the file, no accident."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, StrictUndefined, TemplateError
from starlette.requests import Request

from sapa.content import ContentError, ContentLibrary
from sapa.sandbox import LONGEST_TEXT, MOST_STEPS, Room
from web.views import Views

CONTENT = Path(__file__).resolve().parents[2] / "content" / "id"
CHILD = {"name": "Adi", "birth_date": date(2026, 1, 1), "doses": ["BCG"]}


class Person:
    """An object with something to hide and something to break."""

    name = "Ani"
    _secret = "rahasia"

    def erase(self) -> str:
        raise AssertionError("a template called a method of the program")


def room(**templates: str) -> Room:
    return Room(loader=DictLoader(templates), undefined=StrictUndefined, trim_blocks=True)


def render(source: str, **given: Any) -> str:
    return room(text=source).measured("text", {"child": CHILD, "person": Person(), "many": list(range(100)), **given})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ child.name ~ ' ' ~ 3 }}", "Adi 3"),
        ("{% for n in many[:3] %}{{ loop.index }}/{{ loop.length }} {% endfor %}", "1/3 2/3 3/3 "),
        ("{{ child.doses | join(', ') | replace('B', 'b') }}", "bCG"),
        ("{{ '{:,}'.format(12500) | replace(',', '.') }}", "12.500"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(1) }}", "<1>"),
        ("{{ {'a': 1}.get('a') + 2 * 3 - 7 % 4 }}", "4"),
    ],
)
def test_what_texts_need_still_works(source: str, text: str) -> None:
    assert render(source) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__'] }}",
        "{{ child['__class__']['__init__'] }}",
        "{{ person.__init__.__globals__ }}",
        "{{ person._secret }}",
        "{{ person | attr('_secret') }}",
        "{{ [person] | map(attribute='_secret') | list | first }}",
        "{{ [person] | map('attr', '__class__') | list | first }}",
        "{{ '{0.__class__}'.format(person) }}",
        "{{ '{0._secret}'.format(person) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ loop.__class__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ lipsum() }}",
        "{{ namespace() }}",
        "{{ range(3) }}",
        "{{ dict(a=1) }}",
        "{% macro m() %}{% endmacro %}{{ m.__call__.__func__ }}",
        "{% include '../../../etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_nothing_of_the_program_can_be_reached(source: str) -> None:
    with pytest.raises((TemplateError, TypeError)):
        render(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ person.erase() }}",
        "{% set _ = many.append(1) %}",
        "{% set _ = many.clear() %}",
        "{% set _ = child.update({'name': 'Budi'}) %}",
        "{% set _ = child.pop('name') %}",
        "{% set _ = child.setdefault('x', 1) %}",
        "{{ child.birth_date.strftime('%999999999d') }}",
    ],
)
def test_a_template_changes_nothing_and_calls_nothing_of_ours(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source)
    assert CHILD["name"] == "Adi"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 999999999 }}",
        "{{ many * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ 'a' | center(999999999) }}",
        "{{ 'a'.ljust(999999999) }}",
        "{{ 'a' | indent(999999999) }}",
        "{{ [1] | batch(999999999, 0) | list }}",
        "{{ [1] | slice(999999999) | list }}",
        "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
        "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
        "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a | replace('a', 'aa') %}" * 60 + "{{ a }}",
        "{% set a = 'aaaaaaaaaa' %}" + "{% set a = [a, a] | join %}" * 60 + "{{ a }}",
        "{% set a = [1, 2] %}" + "{% set a = [a, a] %}" * 60 + "{{ a | string }}",
        "{% set a = [1, 2] %}" + "{% set a = [a, a] %}" * 60 + "{{ a | join }}",
        "{% set a = 99999 %}" + "{% set a = a * a %}" * 60 + "{{ a }}",
        "{% for a in many %}{% for b in many %}{% for c in many %}{% for d in many %}{% endfor %}"
        "{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in many %}{% for b in many %}{% for c in many | select %}{% endfor %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'text' %}",
        "{% for a in many %}{% for b in many %}{{ 'many words, again and again' }}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_that_would_not_end_or_would_fill_the_memory_is_stopped(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source)


def test_a_text_may_use_its_steps_up_but_not_go_beyond() -> None:
    assert render("{% for n in steps %}{% endfor %}", steps=[0] * (MOST_STEPS - 1)) == ""
    with pytest.raises(TemplateError, match="too many steps"):
        render("{% for n in steps %}{% endfor %}", steps=[0] * MOST_STEPS)
    assert len(render("{{ long }}", long="a" * LONGEST_TEXT)) == LONGEST_TEXT
    with pytest.raises(TemplateError, match="too long"):
        render("{{ long }}", long="a" * (LONGEST_TEXT + 1))


def test_the_steps_of_one_text_are_not_taken_from_the_next() -> None:
    shared = room(text="{% for n in steps %}{% endfor %}ok")
    assert [shared.measured("text", {"steps": [0] * 15_000}) for _ in range(3)] == ["ok"] * 3


def test_texts_of_the_library_are_rendered_in_the_room_and_the_fault_names_the_file() -> None:
    library = ContentLibrary.load(CONTENT)
    environment = next(iter(library._environments.values()))
    assert isinstance(environment, Room)
    environment.loader.mapping["gizi/isi-piringku"] = "{{ 'a' * 9999999 }}"  # type: ignore[union-attr]
    environment.cache.clear()  # type: ignore[union-attr]
    with pytest.raises(ContentError, match="gizi/isi-piringku"):
        library.render("gizi/isi-piringku", "whatsapp", date(2026, 11, 23))


def test_pages_beside_the_texts_are_sandboxed_too_and_escape_what_is_put_in(tmp_path: Path) -> None:
    pages = ContentLibrary.load(CONTENT)._pages
    assert pages.sandboxed and pages.autoescape is True  # type: ignore[attr-defined]
    assert pages.from_string("{{ name }}").render(name="<script>") == "&lt;script&gt;"
    with pytest.raises(TemplateError):
        pages.from_string("{{ name.__class__.__mro__ }}").render(name="Ani")


def test_pages_of_the_console_escape_what_people_wrote() -> None:
    views = Views(CONTENT)
    assert views.environment.autoescape is True
    shown = views.environment.from_string("<b>{{ name }}</b>{{ name | tebal }}").render(name="*<img src=x onerror=1>*")
    assert "<img" not in shown
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""})
    page = views.page(request, "error.html", title="<script>alert(1)</script>", text="<script>", status=404, line="<i>")
    assert b"<script>alert(1)" not in page.body
