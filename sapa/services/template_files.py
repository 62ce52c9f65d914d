"""Reads content/id/templates: one YAML file a template, checked for what is missing or misspelt.

What Meta would refuse is another question (sapa/messaging/templates.py: faults); a file may be readable and still not
fit to be pushed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from sapa.messaging.templates import Button, Template, faults, faults_between

FOLDER = "templates"
_KEYS = ("name", "language", "category", "body", "samples", "buttons", "why", "used_by")


class TemplateFileError(ValueError):
    """Template files cannot be read; the message has one line for each fault, with the file's name."""


def load_templates(folder: Path) -> dict[str, Template]:
    """Every template of a folder by its name, sorted; empty where there is no such folder. Raises TemplateFileError."""
    found: dict[str, Template] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            found[path.stem] = _read(path)
        except TemplateFileError as error:
            problems.append(f"{FOLDER}/{path.name}: {error}")
    if problems:
        raise TemplateFileError("\n".join(problems))
    return found


def all_faults(templates: Mapping[str, Template]) -> list[str]:
    """What Meta would refuse about any of them, one line each, the file named."""
    found = [f"{FOLDER}/{name}.yml: {fault}" for name, one in templates.items() for fault in faults(one)]
    return found + [f"{FOLDER}/{fault}" for fault in faults_between(templates.values())]


def use_faults(templates: Mapping[str, Template], named: Mapping[str, str]) -> list[str]:
    """Where texts and templates disagree about who uses whom. named: content id -> the template in its head."""
    found = [
        f"{content_id}.md: template: there is no {FOLDER}/{name}.yml"
        for content_id, name in sorted(named.items())
        if name not in templates
    ]
    for name, template in templates.items():
        using = {content_id for content_id, theirs in named.items() if theirs == name}
        told = {content_id for content_id in named if any(_covers(entry, content_id) for entry in template.used_by)}
        empty = [entry for entry in template.used_by if not any(_covers(entry, content_id) for content_id in told)]
        found += [f"{FOLDER}/{name}.yml: used_by: {missed} is not among them" for missed in sorted(using - told)]
        found += [f"{FOLDER}/{name}.yml: used_by: {other} goes out in another" for other in sorted(told - using)]
        found += [f"{FOLDER}/{name}.yml: used_by: no text {entry} goes out in it" for entry in empty]
    return found


def _covers(entry: str, content_id: str) -> bool:
    if entry.endswith("/*"):
        return content_id.startswith(entry[:-1])
    return entry == content_id


def _read(path: Path) -> Template:
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise TemplateFileError(f"is not readable YAML: {' '.join(str(error).split())}") from error
    if not isinstance(read, dict):
        raise TemplateFileError("is not a list of keys")
    problems = [f"{key} is missing" for key in _KEYS if key not in read]
    problems += [f"unknown key {key}" for key in read if key not in _KEYS]
    problems += _wrong(read)
    if not problems and read["name"] != path.stem:
        problems.append(f"name: is {read['name']}, but the file is called {path.stem}")
    if problems:
        raise TemplateFileError("; ".join(problems))
    return Template(
        name=read["name"],
        language=read["language"],
        category=read["category"],
        body=read["body"].strip(),
        samples=tuple(str(sample) for sample in read["samples"]),
        buttons=tuple(Button(one["title"], one["payload"]) for one in read["buttons"]),
        why=read["why"].strip(),
        used_by=tuple(read["used_by"]),
    )


def _wrong(read: Mapping[str, Any]) -> Iterable[str]:
    for key in ("name", "language", "category", "body", "why"):
        if not isinstance(read.get(key, ""), str):
            yield f"{key}: is not text"
    for key in ("samples", "used_by"):
        value = read.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, (str, int)) for one in value):
            yield f"{key}: is not a list of texts"
    buttons = read.get("buttons", [])
    if not isinstance(buttons, list) or not all(map(_is_button, buttons)):
        yield "buttons: is not a list of {title, payload}"


def _is_button(value: Any) -> bool:
    named = isinstance(value, dict) and value.keys() == {"title", "payload"}
    return named and all(isinstance(text, str) for text in value.values())
