"""Many pieces of work of which none may keep the others waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

_T = TypeVar("_T")


def one_by_one(todo: Iterable[_T], do: Callable[[_T], int]) -> int:
    """Do all of it, each in its own transaction; the sum of what was done.

    Where one fails the others are done all the same, and only then the first error is raised: a case that cannot be
    worded must not hide the danger behind it.
    """
    done, first = 0, None
    for one in todo:
        try:
            done += int(do(one))
        except Exception as error:  # whatever it is, it is the next one's turn
            first = first or error
    if first is not None:
        raise first
    return done
