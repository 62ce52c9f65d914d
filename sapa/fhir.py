"""FHIR R4 (4.0.1): resources are checked against the standard and written as JSON.

The only room with fhir.resources. The library knows structure, types, and which elements must be there; it carries the
closed lists of codes without applying them and lets empty arrays pass, so both are looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir.resources.bundle import Bundle  # type: ignore[import-untyped]
from pydantic import BaseModel, ValidationError

VERSION = "4.0.1"
MEDIA_TYPE = "application/fhir+json"


class FhirError(ValueError):
    """A resource is no valid FHIR R4; the message names the place and what is wrong there."""


def checked(bundle: Mapping[str, Any]) -> Bundle:
    """The bundle as the library understands it. Raises FhirError with the first thing that is wrong."""
    empty = next(_empty_parts(bundle, ""), None)
    if empty is not None:
        raise FhirError(f"{empty}: an element is never empty")
    try:
        found = Bundle.parse_obj(dict(bundle))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise FhirError(f"{where}: {first['msg']}") from error
    wrong = next(_wrong_codes(found, "Bundle"), None)
    if wrong is not None:
        raise FhirError(wrong)
    return found


def as_json(bundle: Mapping[str, Any], *, indent: int | None = None) -> str:
    """A checked bundle as JSON. Raises FhirError: what is not valid is never handed out."""
    return str(checked(bundle).json(indent=indent))


def _empty_parts(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _empty_parts(part, f"{where}.{name}" if where else name)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _empty_parts(part, f"{where}.{number}")
    if value in ("", [], {}):
        yield where


def _wrong_codes(model: BaseModel, where: str) -> Iterator[str]:
    """Elements whose code is none of the standard's closed list."""
    for name, field in model.__fields__.items():
        value = getattr(model, name, None)
        allowed = field.field_info.extra.get("enum_values")
        if value is not None and allowed and value not in allowed:
            yield f"{where}.{name}: {value!r} is none of {', '.join(allowed)}"
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, BaseModel):
                yield from _wrong_codes(part, f"{where}.{name}")
