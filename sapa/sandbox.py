"""The room a text's template works in: it can read what it is given, and can do nothing else.

Texts are edited by people who do not program, and a mistake (or a stranger with their password) must cost no more than
that text. So a template reaches no attribute that begins with an underscore, changes nothing it is given, calls a few
methods and filters by name, and has so many steps and so many characters; beyond them it is a mistake, not a wait.
Known to sapa/content.py alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from jinja2 import Template, Undefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

LONGEST_TEXT = 20_000  # characters any single value may reach; the longest message of ours has a tenth of it
MOST_STEPS = 20_000  # rounds of loops, calls and passages of one rendering
_LARGEST_NUMBER = 10**15

# What neither makes a text longer without a limit nor reaches into the program. Ours come on top.
FILTERS = frozenset(
    {
        *("abs", "capitalize", "count", "default", "d", "dictsort", "first", "float", "int", "items", "last", "length"),
        *("list", "lower", "map", "max", "min", "reject", "rejectattr", "round", "select", "selectattr", "sort", "sum"),
        *("title", "trim", "unique", "upper"),
    }
)
_METHODS = frozenset({"get", "items", "keys", "values", "split", "splitlines", "format"})
_WIDE = re.compile(r"\d{3}")  # "{:>999999999}" would fill the memory

_steps_left: ContextVar[list[int] | None] = ContextVar("steps_left", default=None)


class Room(ImmutableSandboxedEnvironment):
    """A sandbox with a measure. Raises SecurityError (a TemplateError) where a template wants what it may not have."""

    intercepted_binops = frozenset({"+", "*", "**", "%", "//", "/", "-"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.globals.clear()
        self.filters = {name: act for name, act in self.filters.items() if name in FILTERS}
        self.filters.update(replace=_replaced, join=_joined, string=_as_text, _gabung=_concatenated, _putar=_counted)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Measured(self).visit(super()._parse(source, name, filename))
        return tree

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, (Macro, Undefined)):
            return True
        method = getattr(obj, "__wrapped__", obj)  # the sandbox puts its own "format" before that of a text
        owner, name = getattr(method, "__self__", None), getattr(method, "__name__", "")
        if not isinstance(owner, (str, Mapping)) or name not in _METHODS:
            return False
        return not (isinstance(owner, str) and name == "format" and _WIDE.search(owner))

    def call(self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        _step()
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        numbers = all(isinstance(value, (int, float)) for value in (left, right))
        if operator == "**" or not (numbers or operator == "+"):
            raise SecurityError(f"{operator} is not used here, or between numbers only")
        result = super().call_binop(context, operator, left, right)
        if numbers and abs(result) > _LARGEST_NUMBER:
            raise SecurityError("a number grew too large")
        return result if numbers else _measured(result)

    def get_template(self, *args: Any, **kwargs: Any) -> Template:
        _step()
        return super().get_template(*args, **kwargs)

    def measured(self, template: str, context: Mapping[str, Any]) -> str:
        """Render within the steps of one text. Raises TemplateError."""
        token = _steps_left.set([MOST_STEPS])
        try:
            return str(_measured(self.get_template(template).render(context)))
        except RecursionError:
            raise SecurityError("it goes round in a circle") from None
        finally:
            _steps_left.reset(token)


class _Measured(NodeTransformer):
    """Sends what loops and what puts texts together past a counter."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return self._past(nodes.List(node.nodes, lineno=node.lineno), "_gabung")

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.iter = self._past(node.iter, "_putar")
        return node

    def _past(self, value: nodes.Node, name: str) -> nodes.Filter:
        assert isinstance(value, nodes.Expr)
        made = nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)
        made.set_environment(self._room)
        return made


def _step() -> None:
    left = _steps_left.get()
    if left is None:
        return
    left[0] -= 1
    if left[0] < 0:
        raise SecurityError("it takes too many steps")


def _measured(value: Any) -> Any:
    if isinstance(value, (str, list, tuple)) and len(value) > LONGEST_TEXT:
        raise SecurityError("it grows too long")
    return value


def _counted(values: Iterable[Any]) -> Iterable[Any]:
    """The same values, each of which costs a step. A list stays one: `loop.length` asks for its length."""
    if isinstance(values, Undefined):
        return values  # raises by itself, with the name
    if isinstance(values, (list, tuple, Mapping, str)):
        for _ in range(len(values)):
            _step()
        return values
    return _stepping(values)


def _stepping(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        _step()
        yield value


def _as_text(value: Any) -> str:
    """A word or a number as text. A list in a list in a list may print as more than fits into the world."""
    if isinstance(value, (list, tuple, set, Mapping)):
        raise SecurityError("a list is not a text: join its parts")
    return str(value)


def _concatenated(parts: Iterable[Any]) -> str:
    return str(_measured("".join(_as_text(part) for part in parts)))


def _joined(parts: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
    if attribute is not None:
        raise SecurityError("join: name the attribute with map")
    return str(_measured(between.join(_as_text(part) for part in parts)))


def _replaced(text: str, old: str, new: str) -> str:
    if len(text) + text.count(old) * len(new) > LONGEST_TEXT:
        raise SecurityError("it grows too long")
    return text.replace(old, new)
